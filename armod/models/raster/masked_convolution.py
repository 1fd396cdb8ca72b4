"""A convolution that looks up and to the left only, over features that lie last: ``(N, H, W, features)``."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class MaskedConvolution(nn.Module):
    """``weight * mask`` over the rows above and the columns around each pixel, zeros outside of the image.

    mask: boolean ``(features above, features below, rows, columns)`` of an odd kernel, as `armod.models.raster.pixel_masks`
        make it. Rows below and columns to the right that it masks everywhere are not even stored.
    context_channels: C' > 0 adds a linear map of a context ``(N, H or 1, W or 1, C')``, without a bias of its own.

    The mask multiplies the weights in each pass and never changes them, so a masked tap's gradient is zero.

    >>> from armod.models.raster.pixel_masks import pixel_mask
    >>> layer = MaskedConvolution(pixel_mask(3, "A"), torch.Generator().manual_seed(0))
    >>> layer(torch.zeros(2, 4, 5, 1)).shape, layer.weight.shape
    (torch.Size([2, 4, 5, 1]), torch.Size([1, 1, 2, 3]))
    """

    mask: Tensor

    def __init__(self, mask: Tensor, generator: torch.Generator, context_channels: int = 0) -> None:
        super().__init__()
        mask = without_unseen(mask)
        self.register_buffer("mask", mask.to(torch.get_default_dtype()), persistent=False)
        # torch's usual initialisation of a layer, but counting only the inputs that survive the mask
        bound = 1 / math.sqrt(max(1, int(mask.flatten(1).sum(1).max()) + context_channels))
        self.weight = _uniform(mask.shape, bound, generator)
        self.bias = _uniform(mask.shape[:1], bound, generator)
        self.context = _uniform((len(mask), context_channels), bound, generator) if context_channels else None

    def forward(self, x: Tensor, context: Tensor | None = None, plus: Tensor | None = None) -> Tensor:
        """Features ``(N, H, W, below)`` -> ``(N, H, W, above)``; `plus`, of the result's shape, is added to it."""
        result = convolve(x, self.masked_weight(), self.bias, plus)
        return result if self.context is None or context is None else result + F.linear(context, self.context)

    def masked_weight(self) -> Tensor:
        """The weights that count: ``(above, below, rows, columns)``."""
        return self.weight * self.mask


def count_paths(paths: Tensor, mask: Tensor) -> Tensor:
    """What a layer of ones behind this mask makes of numbers of paths ``(N, H, W, features below)``.

    >>> from armod.models.raster.pixel_masks import pixel_mask
    >>> count_paths(torch.ones(1, 2, 2, 1), pixel_mask(3, "A")).squeeze().tolist()
    [[0.0, 1.0], [2.0, 3.0]]
    """
    return convolve(paths, without_unseen(mask).to(paths))


def without_unseen(mask: Tensor) -> Tensor:
    """The rows up to the kernel's centre, and of a single row only the columns up to it."""
    rows, columns = mask.shape[2:]
    return mask[:, :, : rows // 2 + 1, : columns if rows > 1 else columns // 2 + 1]


def convolve(x: Tensor, weight: Tensor, bias: Tensor | None = None, plus: Tensor | None = None) -> Tensor:
    """``(N, H, W, below)`` -> ``(N, H, W, above)`` by a kernel without its unseen rows and columns; `plus` is added."""
    rows, columns = weight.shape[2:]
    if rows == columns == 1:
        result = F.linear(x.flatten(0, -2), weight[:, :, 0, 0], bias)
        if plus is not None:
            # in place, for fresh memory costs more than the sum; on a matrix, for a view would be copied on the way back
            result += plus.flatten(0, -2)
        return result.unflatten(0, x.shape[:-1])
    # zeros above, and of a single row on the left; what comes out has the right size, for cutting it would cost more
    padded = F.pad(x, (0, 0, columns - 1, 0) if rows == 1 else (0, 0, 0, 0, rows - 1, 0))
    sides = 0 if rows == 1 else columns // 2
    result = F.conv2d(padded.permute(0, 3, 1, 2), weight, bias, padding=(0, sides))
    result = result.permute(0, 2, 3, 1)
    return result if plus is None else result + plus


def _uniform(shape: tuple[int, ...] | torch.Size, bound: float, generator: torch.Generator) -> nn.Parameter:
    return nn.Parameter(torch.empty(shape).uniform_(-bound, bound, generator=generator))
