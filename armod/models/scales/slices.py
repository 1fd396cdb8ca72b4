"""Interleaved slices of an image, and what the pixels of a slice know of the slices before it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

NUM_CONTEXT_LAYERS = 3


@dataclass(frozen=True)
class Slice:
    """Every `scale`-th row and column of an image, from one offset on.

    Args:
        scale: S.
        top: the first row.
        left: the first column.
        height: H of the whole image, more than `top`.
        width: W of the whole image, more than `left`.

    >>> Slice(2, 1, 0, 5, 7).of(torch.arange(35).view(5, 7))
    tensor([[ 7,  9, 11, 13],
            [21, 23, 25, 27]])
    """

    scale: int
    top: int
    left: int
    height: int
    width: int

    @property
    def size(self) -> tuple[int, int]:
        """``(h, w)`` of the slice; if S does not divide the image's, the first slices are larger than the last."""
        return (
            math.ceil((self.height - self.top) / self.scale),
            math.ceil((self.width - self.left) / self.scale),
        )

    def of(self, image: Tensor) -> Tensor:
        """Take the slice out of images ``(..., H, W)``."""
        return image[..., self.top :: self.scale, self.left :: self.scale]

    def earlier(self, device: torch.device) -> Tensor:
        """Tell which pixels belong to earlier slices, a boolean ``(H, W)``."""
        top = torch.arange(self.height, device=device) % self.scale
        left = torch.arange(self.width, device=device) % self.scale
        return top[:, None] * self.scale + left < self.top * self.scale + self.left

    def surrounded(self, planes: Tensor) -> Tensor:
        """Pad planes ``(..., H, W)`` so that windows of 2 S + 1, S apart, have the slice's pixels as their centres."""
        rows, columns = self.size
        above, before = self.scale - self.top, self.scale - self.left
        below = self.scale * (rows + 1) + 1 - self.height - above
        after = self.scale * (columns + 1) + 1 - self.width - before
        return F.pad(planes, (before, after, above, below))


def slices(scale: int, height: int, width: int) -> list[Slice]:
    """List the slices in their order; where an image is smaller than the scale, some offsets have none.

    Args:
        scale: S.
        height: H.
        width: W.

    Returns:
        Up to S * S slices.

    >>> [one.size for one in slices(2, 3, 3)]
    [(2, 2), (2, 1), (1, 2), (1, 1)]
    """
    return [
        Slice(scale, top, left, height, width)
        for top in range(min(scale, height))
        for left in range(min(scale, width))
    ]


class Surroundings(nn.Module):
    """What a pixel knows of the earlier slices: features from convolutions without a mask, at the slice's resolution.

    The first layer reads the whole image around a pixel, with zeros for everything that is not known yet. A plane says what
    is known, which also tells the slices apart. The other layers go from pixel to pixel of the slice.

    Args:
        num_planes: planes of the image that are read, the one of what is known included.
        channels: features.
        scale: S.
        generator: draws the initial weights.

    >>> one = Slice(2, 0, 1, 5, 7)
    >>> around = Surroundings(2, 4, 2, torch.Generator())
    >>> around(one.surrounded(torch.zeros(3, 2, 5, 7))).shape, one.size
    (torch.Size([3, 4, 3, 3]), (3, 3))
    """

    def __init__(self, num_planes: int, channels: int, scale: int, generator: torch.Generator) -> None:
        super().__init__()
        self.first = nn.utils.skip_init(nn.Conv2d, num_planes, channels, 2 * scale + 1, stride=scale)
        self.later = nn.ModuleList(
            nn.utils.skip_init(nn.Conv2d, channels, channels, 3, padding=1)
            for _ in range(NUM_CONTEXT_LAYERS - 1)
        )
        with torch.no_grad():
            for layer in (self.first, *self.later):
                bound = 1 / math.sqrt(layer.weight[0].numel())  # torch's usual initial weights
                for parameter in layer.parameters():
                    parameter.uniform_(-bound, bound, generator=generator)

    def forward(self, surrounded: Tensor) -> Tensor:
        """Map padded planes of images (`Slice.surrounded`) to features ``(N, channels, h, w)`` of a slice."""
        features = self.first(surrounded)
        for layer in self.later:
            features = features + layer(F.relu(features))
        return features


def planes_of(quantities: Tensor, one: Slice, constant: Tensor | None) -> Tensor:
    """Collect what the surroundings of one slice are computed from.

    Args:
        quantities: images ``(N, C, H, W)``; only the pixels of earlier slices matter.
        one: the slice.
        constant: planes ``(N or 1, C', H, W)`` of context and coordinates that are known from the beginning, or None.

    Returns:
        Padded planes ``(N, C + 1 + C', ...)``.
    """
    num, _, height, width = quantities.shape
    earlier = one.earlier(quantities.device)
    known = earlier.to(quantities.dtype).expand(num, 1, height, width)
    planes = [torch.where(earlier, quantities, 0), known]
    if constant is not None:
        planes.append(constant.expand(num, -1, -1, -1))
    return one.surrounded(torch.cat(planes, 1))


def grouped(all_slices: Sequence[Slice]) -> list[list[int]]:
    """Group the numbers of the slices by their sizes, of which there are at most four."""
    sizes = dict.fromkeys(one.size for one in all_slices)
    return [[number for number, one in enumerate(all_slices) if one.size == size] for size in sizes]
