"""What one variable may see of an observation: `receptive_field` of every model."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from armod.settings import shown, whole_numbers


def field_at(reach: Tensor, place: Sequence[int], event_shape: Sequence[int]) -> Tensor:
    """Find the variables in the field of the variable at one place.

    Args:
        reach: boolean ``(D, D)``, as `AutoregressiveModel.reach` returns it.
        place: the position in a sequence, row and column of a plane or image, or frame, row and column; for images and
            longer shapes the channel may follow, which is the last one otherwise, because that one sees most.
        event_shape: shape of one observation.

    Returns:
        A boolean tensor of the event shape.

    Raises:
        IndexError: if there is no such place.

    >>> earlier = torch.ones(6, 6).tril(-1).bool()
    >>> field_at(earlier, (1,), (6,)).int().tolist(), field_at(earlier, (1, 0), (2, 3)).int().tolist()
    ([1, 0, 0, 0, 0, 0], [[1, 1, 1], [0, 0, 0]])
    """
    variable = torch.arange(reach.shape[0]).view(tuple(event_shape))[index_of(place, event_shape)]
    return reach[variable].view(tuple(event_shape))


def index_of(place: Sequence[int], event_shape: Sequence[int]) -> tuple[int, ...]:
    """Turn a place into the index of a variable in an observation.

    Args:
        place: as `field_at` takes it.
        event_shape: shape of one observation.

    Returns:
        The index, in which the channel comes first.

    Raises:
        IndexError: if there is no such place.

    >>> index_of((4, 5), (3, 8, 8)), index_of((4, 5, 0), (3, 8, 8))
    ((-1, 4, 5), (0, 4, 5))
    """
    index = tuple(whole_numbers(place) or ())
    if len(event_shape) >= 3 and index:
        *position, channel = index if len(index) == len(event_shape) else (*index, -1)
        index = (channel, *position)
    is_inside = len(index) == len(event_shape) and all(
        -size <= i < size for i, size in zip(index, event_shape, strict=True)
    )
    if not is_inside:
        raise IndexError(
            f"There is no place {shown(tuple(place))} in an observation of shape {tuple(event_shape)}."
        )
    return index


class FieldSize(int):
    """A number of variables that can be called like the `receptive_field` of any other model.

    Args:
        size: the number.
        field: finds the variables in the field of the one at a place.

    >>> size = FieldSize(2, lambda position: torch.arange(5) < position)
    >>> size, 1 + size, size(2).int().tolist()
    (2, 3, [1, 1, 0, 0, 0])
    """

    _field: Callable[..., Tensor]

    def __new__(cls, size: int, field: Callable[..., Tensor]) -> FieldSize:
        """Make the number, which cannot change any more."""
        number = super().__new__(cls, size)
        number._field = field
        return number

    def __call__(self, *place: int) -> Tensor:
        """Find the variables in the field of the one at this place, as `AutoregressiveModel.receptive_field`."""
        return self._field(*place)

    def __reduce__(self) -> Any:
        return int, (int(self),)  # a copy is a plain number
