"""The shape of observations: what a user gave, and what a length asks for."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from armod.inputs import tensor_of
from armod.settings import shown, whole_numbers


def observations_of(
    x: object, name: str, event_shape: Sequence[int], any_length: bool, max_length: int | None
) -> Tensor:
    """Take observations of a model, whose values are checked elsewhere.

    Args:
        x: what a user gave.
        name: name of the argument.
        event_shape: the model's event shape.
        any_length: whether it takes sequences of any length.
        max_length: the longest of them, or None.

    Returns:
        The tensor ``(N, *event_shape)``, or ``(N, T)``.

    Raises:
        ValueError: if `x` has another shape.

    >>> observations_of(torch.zeros(2, 4), "x", (3,), False, None)
    Traceback (most recent call last):
    ValueError: Observations of this model have shape (N, 3), but x has shape (2, 4).
    """
    sizes = ", ".join(map(str, event_shape))
    if any_length:
        sizes = "T" if max_length is None else f"1 to {max_length}" if max_length > 1 else "1"
    levels = tensor_of(x, name, f"levels (N, {sizes})")
    if any_length:
        is_right = levels.dim() == 2 and 1 <= levels.shape[1] <= (max_length or levels.shape[1])
    else:
        is_right = levels.dim() > 0 and levels.shape[1:] == torch.Size(event_shape)
    if not is_right:
        raise ValueError(
            f"Observations of this model have shape (N, {sizes}), but {name} has shape {tuple(levels.shape)}."
        )
    return levels


def shape_of_length(
    length: object, event_shape: Sequence[int], any_length: bool, max_length: int | None
) -> torch.Size:
    """Decide the event shape of samples of some length.

    Args:
        length: what a user gave; None is the model's own.
        event_shape: the model's own.
        any_length: whether the model takes other lengths.
        max_length: the longest one, if there is one.

    Returns:
        The event shape.

    Raises:
        ValueError: if the length is no whole number from 1 on, or the model does not take it.

    >>> shape_of_length(7, (5,), any_length=True, max_length=None)
    torch.Size([7])
    """
    if length is None:
        return torch.Size(event_shape)
    number = whole_numbers([length])
    if number is None or number[0] < 1:
        raise ValueError(f"A length is 1 or more, not {shown(length)}.")
    if not any_length and list(event_shape) != number:
        raise ValueError(
            f"This model makes observations of shape {tuple(event_shape)} only, not of length {length}."
        )
    if max_length is not None and number[0] > max_length:
        raise ValueError(f"This model makes sequences of length {max_length} at most, not {length}.")
    return torch.Size(number)
