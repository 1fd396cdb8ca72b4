"""A convolution that looks only up and to the left, over images ``(N, H, W, features)`` with the features last."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class MaskedConvolution(nn.Module):
    """A convolution whose kernel is ``weight * mask``, with zeros outside of the image.

    The mask multiplies the weights in each pass and never changes them, so the gradient of a masked weight is zero.

    Args:
        mask: boolean ``(features above, features below, rows, columns)`` of an odd kernel, from
            `armod.models.raster.pixel_masks`. Rows and columns that no feature may see are not even stored.
        generator: draws the initial weights.
        context_channels: C' > 0 adds a linear map, without bias, of a context ``(N, H or 1, W or 1, C')``.

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
        # this is torch's usual initialisation of a layer, except that only unmasked inputs count
        bound = 1 / math.sqrt(max(1, int(mask.flatten(1).sum(1).max()) + context_channels))
        self.weight = _uniform(mask.shape, bound, generator)
        self.bias = _uniform(mask.shape[:1], bound, generator)
        self.context = _uniform((len(mask), context_channels), bound, generator) if context_channels else None

    def forward(self, x: Tensor, context: Tensor | None = None, plus: Tensor | None = None) -> Tensor:
        """Convolve features.

        Args:
            x: features ``(N, H, W, below)``.
            context: a context ``(N, H or 1, W or 1, C')``.
            plus: a tensor of the result's shape that is added to it.

        Returns:
            Features ``(N, H, W, above)``.
        """
        result = convolve(x, self.masked_weight(), self.bias, plus)
        return result if self.context is None or context is None else result + F.linear(context, self.context)

    def masked_weight(self) -> Tensor:
        """Return the weights after masking, ``(above, below, rows, columns)``."""
        return self.weight * self.mask


def count_paths(paths: Tensor, mask: Tensor) -> Tensor:
    """Count paths through a layer, as if all its unmasked weights were 1.

    Args:
        paths: numbers of paths to the features below, ``(N, H, W, features below)``.
        mask: the layer's mask.

    Returns:
        Numbers of paths to the features above, ``(N, H, W, features above)``.

    >>> from armod.models.raster.pixel_masks import pixel_mask
    >>> count_paths(torch.ones(1, 2, 2, 1), pixel_mask(3, "A")).squeeze().tolist()
    [[0.0, 1.0], [2.0, 3.0]]
    """
    return convolve(paths, without_unseen(mask).to(paths))


def without_unseen(mask: Tensor) -> Tensor:
    """Keep the rows of a mask up to the kernel's centre, and the columns up to the centre if there is a single row."""
    rows, columns = mask.shape[2:]
    return mask[:, :, : rows // 2 + 1, : columns if rows > 1 else columns // 2 + 1]


def convolve(x: Tensor, weight: Tensor, bias: Tensor | None = None, plus: Tensor | None = None) -> Tensor:
    """Convolve features with a kernel whose unseen rows and columns were cut off.

    Args:
        x: features ``(N, H, W, below)``.
        weight: ``(above, below, rows, columns)``, cut as by `without_unseen`.
        bias: ``(above,)``.
        plus: a tensor of the result's shape that is added to it.

    Returns:
        Features ``(N, H, W, above)``.
    """
    rows, columns = weight.shape[2:]
    if rows == columns == 1:
        result = F.linear(x.flatten(0, -2), weight[:, :, 0, 0], bias)
        if plus is not None:
            # the sum is made in place because new memory costs more time than the sum itself, and on a matrix because
            # backward would copy a view
            result += plus.flatten(0, -2)
        return result.unflatten(0, x.shape[:-1])
    # zeros are padded above, or on the left of a single row; then the result has the right size and needs no cutting
    padded = F.pad(x, (0, 0, columns - 1, 0) if rows == 1 else (0, 0, 0, 0, rows - 1, 0))
    sides = 0 if rows == 1 else columns // 2
    result = F.conv2d(padded.permute(0, 3, 1, 2), weight, bias, padding=(0, sides))
    result = result.permute(0, 2, 3, 1)
    return result if plus is None else result + plus


def _uniform(shape: tuple[int, ...] | torch.Size, bound: float, generator: torch.Generator) -> nn.Parameter:
    return nn.Parameter(torch.empty(shape).uniform_(-bound, bound, generator=generator))
