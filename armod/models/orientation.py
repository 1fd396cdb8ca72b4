"""Images turned so that their ordering is the raster: what lets one raster model serve its flips and transposes.

A convolution with a causal mask knows one order: row by row, left to right. Any of its mirror images is that order
on a turned picture, so a model turns the picture, works in raster order, and turns its answer back.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Orientation:
    """Which dimensions of ``(N, C, H, W, ...)`` are flipped, after rows and columns have changed places if transposed.

    >>> Orientation.of(torch.tensor([1, 3, 0, 2]), (1, 2, 2))
    Orientation(is_transposed=True, flips=(2,))
    """

    is_transposed: bool = False
    flips: tuple[int, ...] = ()

    @classmethod
    def of(cls, ordering: Tensor, event_shape: Sequence[int]) -> Orientation:
        """The orientation in which `ordering` is the raster.

        Raises:
            ValueError: for an ordering that is no flip or transpose of the raster.
        """
        shape = tuple(event_shape)
        if len(shape) != 3:
            raise ValueError(f"Images have an event shape (C, H, W), not {shape}.")
        indices = torch.arange(len(ordering)).view(1, *shape)
        for is_transposed, count in itertools.product((False, True), range(4)):
            for flips in itertools.combinations((2, 3, 1), count):
                orientation = cls(is_transposed, tuple(sorted(flips)))
                if torch.equal(orientation.turn(indices).flatten(2).mT.flatten(), ordering.cpu()):
                    return orientation
        raise ValueError(
            "Convolutions go through an image in raster order, its flips and its transposes "
            "(armod.orderings.raster, column, reversed); this ordering is none of them."
        )

    def turn(self, image: Tensor) -> Tensor:
        """``(N, C, H, W, ...)`` as the raster model sees it; rows and columns may have changed places."""
        return _flip(image.transpose(2, 3) if self.is_transposed else image, self.flips)

    def turn_back(self, image: Tensor) -> Tensor:
        """The inverse of `turn`."""
        flipped = _flip(image, self.flips)
        return flipped.transpose(2, 3) if self.is_transposed else flipped

    def turn_context(self, context: Tensor) -> Tensor:
        """A local context ``(N, C', H, W)`` as the raster model sees it: its channels are no variables and stay.

        >>> Orientation(flips=(1, 3)).turn_context(torch.tensor([[[[1, 2]], [[3, 4]]]])).tolist()
        [[[[2, 1]], [[4, 3]]]]
        """
        turned = context.transpose(2, 3) if self.is_transposed else context
        return _flip(turned, tuple(dimension for dimension in self.flips if dimension != 1))


def _flip(image: Tensor, dimensions: tuple[int, ...]) -> Tensor:
    """`flip`, which would copy even where there is nothing to flip."""
    return image.flip(dimensions) if dimensions else image
