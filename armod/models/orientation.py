"""Turn images so that their ordering becomes the raster; one raster model can then use its flips and transposes too.

A convolution with a causal mask works in one order: row by row, left to right. Every mirror image of that order is the
same order on a turned image. So a model turns the image, works in raster order, and turns its result back.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor


@dataclass(frozen=True)
class Orientation:
    """How to turn images ``(N, C, H, W, ...)``.

    Args:
        is_transposed: True if rows and columns change places first.
        flips: the dimensions that are then flipped.

    >>> Orientation.of(torch.tensor([1, 3, 0, 2]), (1, 2, 2))
    Orientation(is_transposed=True, flips=(2,))
    """

    is_transposed: bool = False
    flips: tuple[int, ...] = ()

    @classmethod
    def of(cls, ordering: Tensor, event_shape: Sequence[int]) -> Orientation:
        """Find the orientation in which an ordering is the raster.

        Args:
            ordering: permutation ``(D,)``.
            event_shape: ``(C, H, W)``.

        Returns:
            The orientation.

        Raises:
            ValueError: if the ordering is not a flip or transpose of the raster.
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
        """Turn ``(N, C, H, W, ...)`` to the raster model's view, in which rows and columns may have changed places."""
        return _flip(image.transpose(2, 3) if self.is_transposed else image, self.flips)

    def turn_back(self, image: Tensor) -> Tensor:
        """Invert `turn`."""
        flipped = _flip(image, self.flips)
        return flipped.transpose(2, 3) if self.is_transposed else flipped

    def turn_context(self, context: Tensor) -> Tensor:
        """Turn a local context, whose channels are not variables and are therefore not flipped.

        Args:
            context: tensor ``(N, C', H, W)``.

        Returns:
            The context as the raster model sees it.

        >>> Orientation(flips=(1, 3)).turn_context(torch.tensor([[[[1, 2]], [[3, 4]]]])).tolist()
        [[[[2, 1]], [[4, 3]]]]
        """
        turned = context.transpose(2, 3) if self.is_transposed else context
        return _flip(turned, tuple(dimension for dimension in self.flips if dimension != 1))


def keep_orientation(model: Any) -> None:
    """Set ``model.orientation`` from the model's ordering, now and after every state dict, which may bring another one."""
    _orient(model)
    model.register_load_state_dict_post_hook(_orient)


def _orient(model: Any, _: object = None) -> None:
    model.orientation = Orientation.of(model.ordering, model.event_shape)


def _flip(image: Tensor, dimensions: tuple[int, ...]) -> Tensor:
    """Flip, but without the copy that `Tensor.flip` makes even if there is nothing to flip."""
    return image.flip(dimensions) if dimensions else image
