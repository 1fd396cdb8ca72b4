"""The public view of observations that are being generated: ask for the next conditional, append a level, look ahead."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any, Self

import torch
from torch import Tensor, distributions

from armod.inputs import next_levels
from armod.likelihoods import table
from armod.likelihoods.ready_made import by_logits
from armod.settings import shown


class Incremental:
    """Observations that are being generated: alternate `conditional` and `append`, in the order of the model's `ordering`.

    A view that implements `select` can also be copied, and look ahead (`peek`). A view of your own implements `append` for one
    level of each observation; blocks of levels are then appended one by one.

    >>> from armod.models.made import MADE
    >>> from armod.likelihoods import Bernoulli
    >>> view = MADE((3,), [4], likelihood=Bernoulli()).incremental(2)
    >>> view.append(torch.tensor([0, 1]))
    >>> view.select([1, 1, 0]).conditional().batch_shape  # two continuations of the second row, one of the first
    torch.Size([3])
    """

    num_samples: int
    value_dtype: torch.dtype = torch.int64  # of what is drawn

    def __init_subclass__(cls, *, takes_blocks: bool = False, **rest: Any) -> None:
        """Let every `append` take blocks, unless the class says that its own takes them."""
        super().__init_subclass__(**rest)
        if "append" in vars(cls) and not takes_blocks:
            cls.append = _one_by_one(cls.append)  # type: ignore[method-assign, assignment]

    def conditional(self) -> distributions.Distribution:
        """Return the distribution of the next variable, of batch shape ``(N,)``, given all values so far."""
        raise NotImplementedError(f"{type(self).__name__} must say how to compute its next conditional.")

    def append(self, value: Tensor) -> None:
        """Fix the next variable to the levels `value`, ``(N,)``, or the next a variables to a block of levels ``(N, a)``."""
        raise NotImplementedError(f"{type(self).__name__} must say how to take in a value.")

    def peek(self, values: Tensor) -> distributions.Distribution:
        """Compute the conditionals of the next b + 1 variables, if the next b were these levels; nothing is fixed by it.

        A view that has no quicker way steps through the levels with a copy of itself. It never takes a step back.

        Args:
            values: levels of the next b variables, ``(N, b)``; b may be 0.

        Returns:
            A distribution of batch shape ``(N, b + 1)``, or ``(N, b)`` if these are all variables that are left.

        Raises:
            ValueError: if `values` has another shape, more levels than variables are left, or values other than whole levels.
            NotImplementedError: if the view can't be copied.

        >>> from armod.models.made import MADE
        >>> from armod.likelihoods import Bernoulli
        >>> view = MADE((3,), [4], likelihood=Bernoulli()).incremental(2)
        >>> view.peek(torch.tensor([[0, 1], [1, 1]])).batch_shape, view.conditional().batch_shape
        (torch.Size([2, 3]), torch.Size([2]))
        """
        levels = next_levels(values, self.num_samples, None, "values")
        if type(self).select is Incremental.select and type(self).copy is Incremental.copy:
            raise NotImplementedError(
                f"{type(self).__name__} can't be copied, so it can't look ahead: it must say how to select rows of it, or "
                "how to peek."
            )
        view, conditionals = self.copy(), []
        for level in levels.unbind(1):
            conditionals.append(view.conditional())
            view.append(level)
        try:
            conditionals.append(view.conditional())
        except (ValueError, IndexError):  # how a view says that no variable is left
            if not conditionals:
                raise
        return by_logits(torch.stack([table(conditional) for conditional in conditionals], 1))

    def select(self, rows: Tensor | Sequence[int]) -> Self:
        """Make a new view of some of the observations; this view does not change.

        Args:
            rows: indices ``(M,)`` of observations, which may repeat, or a boolean ``(N,)`` that is True for those to keep.

        Returns:
            A view of M observations at the same step.
        """
        raise NotImplementedError(f"{type(self).__name__} must say how to select rows of it.")

    def copy(self) -> Self:
        """Make a view of the same observations that continues independently."""
        return self.select(torch.arange(self.num_samples))


def row_indices(rows: Tensor | Sequence[int], num_rows: int) -> Tensor:
    """Turn what `Incremental.select` takes into indices.

    Args:
        rows: indices ``(M,)``, or a boolean mask ``(N,)``.
        num_rows: N.

    Returns:
        Indices, int64 ``(M,)``.

    Raises:
        IndexError: if a row does not exist, or the mask has another length.

    >>> row_indices(torch.tensor([True, False, True]), 3).tolist(), row_indices([2, 2], 3).tolist()
    ([0, 2], [2, 2])
    """
    try:
        chosen = torch.as_tensor(rows)
    except (TypeError, ValueError, RuntimeError):
        chosen = torch.tensor(torch.nan)
    if chosen.dtype == torch.bool and chosen.shape == (num_rows,):
        return chosen.nonzero().squeeze(1)
    is_whole = not (chosen.is_floating_point() or chosen.is_complex() or chosen.dtype == torch.bool)
    if chosen.dim() == 1 and (is_whole or chosen.numel() == 0):
        indices = chosen.long()
        if not bool(((indices < 0) | (indices >= num_rows)).any()):
            return indices
    raise IndexError(
        f"rows are indices from 0 to {num_rows - 1}, or a boolean mask of {num_rows} rows, not {shown(rows)}."
    )


def check_room(count: int, left: int, name: str) -> None:
    """Check that there are variables for all the levels that are given.

    Args:
        count: how many levels each observation is given.
        left: how many variables have none yet.
        name: name of the argument.

    Raises:
        ValueError: if there are too few.

    >>> check_room(3, 1, "values")
    Traceback (most recent call last):
    ValueError: values has levels of 3 variables, but only 1 is left.
    """
    if count > left:
        raise ValueError(
            f"{name} has levels of {count} variables, but only {left} {'is' if left == 1 else 'are'} left."
        )


def _one_by_one(append: Callable[[Any, Tensor], None]) -> Callable[[Any, Tensor], None]:
    """An `append` of single levels as one that also takes blocks."""

    @wraps(append)
    def append_each(view: Any, value: Tensor) -> None:
        if getattr(value, "ndim", 1) != 2:
            return append(view, value)
        for level in next_levels(value, view.num_samples, None).unbind(1):
            append(view, level)
        return None

    return append_each
