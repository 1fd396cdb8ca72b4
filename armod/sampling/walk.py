"""From variable to variable: generate observations step by step or all at once.

`Incremental` is the public view: ask for the next conditional, then append a level. The models of armod make it from a
`Walk`, which is a generator that yields the parameters of the next variable and receives its levels. Stepping, drawing a
whole sample (`armod.sampling.drawing`), copying and selecting rows all follow from the generator.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Generator, Sequence
from typing import Any, Self, TypeAlias, TypeVar

import torch
from torch import Tensor, distributions

from armod.inputs import next_levels
from armod.likelihoods import Likelihood, in_single
from armod.settings import shown

T = TypeVar("T")
Steps: TypeAlias = Generator[Tensor, Any, None]  # yields parameters, is sent levels
Kept: TypeAlias = tuple[Tensor, Tensor] | None  # known levels, and where they are kept


class Incremental:
    """Observations that are being generated: alternate `conditional` and `append`, in the order of the model's `ordering`.

    A view that implements `select` can also be copied.

    >>> from armod.models.made import MADE
    >>> from armod.likelihoods import Bernoulli
    >>> view = MADE((3,), [4], likelihood=Bernoulli()).incremental(2)
    >>> view.append(torch.tensor([0, 1]))
    >>> view.select([1, 1, 0]).conditional().batch_shape  # two continuations of the second row, one of the first
    torch.Size([3])
    """

    num_samples: int

    def conditional(self) -> distributions.Distribution:
        """Return the distribution of the next variable, of batch shape ``(N,)``, given all values so far."""
        raise NotImplementedError(f"{type(self).__name__} must say how to compute its next conditional.")

    def append(self, value: Tensor) -> None:
        """Fix the next variable to the levels `value`, ``(N,)``."""
        raise NotImplementedError(f"{type(self).__name__} must say how to take in a value.")

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


class Walk(Incremental, ABC):
    """The incremental view of a network that keeps what it has computed, with a copy of the network's weights.

    A subclass copies its weights, which do not change any more, and then calls this constructor. It defines

    - `allocate`, which makes the buffers for `num_samples` observations, and all views into them;
    - `state`, which names the buffers that remember the values so far;
    - `steps`, the walk itself, a generator.

    Args:
        likelihood: likelihood of every conditional.
        like: a tensor of the network's dtype and device.
        num_samples: N, the number of observations.
        num_variables: D, or None for a walk without end.
        context: what the walk reads beside the levels, ``(N, ...)``, or ``(1, ...)`` if it is the same for all.

    A walk whose logit is the sum of the bits so far:

    >>> from armod.likelihoods import Bernoulli
    >>> class Sums(Walk):
    ...     def allocate(self):
    ...         self.sums = torch.zeros(self.num_samples, 1)
    ...     def state(self):
    ...         return {"sums": (self.sums, 0)}
    ...     def steps(self):
    ...         while self.step < self.num_variables:
    ...             self.parameters = self.sums
    ...             levels = yield self.parameters
    ...             self.parameters = None
    ...             self.sums += levels[:, None]
    ...             self.step += 1
    >>> walk = Sums(Bernoulli(), torch.zeros(0), num_samples=2, num_variables=3)
    >>> walk.append(torch.tensor([0, 1]))
    >>> walk.conditional().logits, walk.select([1]).conditional().logits
    (tensor([0., 1.]), tensor([1.]))
    """

    def __init__(
        self,
        likelihood: Likelihood,
        like: Tensor,
        num_samples: int,
        num_variables: int | None,
        context: Tensor | None = None,
    ) -> None:
        self.likelihood, self.dtype, self.device = likelihood, like.dtype, like.device
        self.num_samples, self.num_variables, self.context = num_samples, num_variables, context
        self.step = 0  # how many variables the walk has read
        self.parameters: Tensor | None = None  # those of the variables at `step`, once they are computed
        self._appended: list[Tensor] = []  # levels that the walk has not read yet
        self._steps: Steps | None = None
        with torch.no_grad():
            self.allocate()

    @abstractmethod
    def allocate(self) -> None:
        """Make the buffers for `num_samples` observations at their beginning; the weights stay as they are."""

    @abstractmethod
    def state(self) -> dict[str, tuple[Tensor, int]]:
        """Name every buffer that remembers the values so far, with its dimension of size N."""

    @abstractmethod
    def steps(self) -> Steps:
        """Go from variable to variable, and receive the levels ``(N,)`` of each.

        Variables that are independent given the past may come as one block of b, with levels ``(b, N)``. Python can't copy
        generators. So the generator keeps `step` and `parameters` up to date and starts from these two, and a copy of the
        walk continues with a new generator.

        Yields:
            The parameters ``(N, num_parameters)`` of the next variable, or ``(b, N, num_parameters)`` of a block.
        """

    def pieces(self, rows: Tensor) -> Sequence[Tensor]:
        """Divide ``(D, ...)``, which has a row for each variable, among the steps."""
        return rows.unbind()

    def draw(self, parameters: Tensor, noise: Tensor, kept: Kept = None) -> Tensor:
        """Draw the levels of one step.

        Args:
            parameters: what `steps` yields.
            noise: the likelihood's noise for these variables.
            kept: known levels of these variables and a mask that is True where they are kept, or None.

        Returns:
            The levels, in any form that `steps` and `joined` understand.
        """
        levels = self.likelihood.draw(parameters, noise)
        return levels if kept is None else torch.where(kept[1], kept[0], levels)

    def joined(self, drawn: Sequence[Tensor]) -> Tensor:
        """Join everything that `draw` returned to levels ``(N, D)``."""
        return torch.stack(tuple(drawn), dim=1)

    def conditional(self) -> distributions.Distribution:
        """Return the next variable's distribution; it is computed only once."""
        parameters = self._reach()
        of_next = parameters if parameters.dim() == 2 else parameters[len(self._appended)]
        return self.likelihood.distribution(in_single(of_next).clone())

    def append(self, value: Tensor) -> None:
        """Fix the next variable; the network reads the value when the next conditional is needed.

        Raises:
            ValueError: if `value` is not one whole level ``0..K-1`` for each observation, or nothing is left to fix.
        """
        self._reach()
        levels = next_levels(value, self.num_samples, self.likelihood.num_levels)
        self._appended.append(levels.to(self.device, torch.int64, copy=True))

    def select(self, rows: Tensor | Sequence[int]) -> Self:
        """Select rows, as `Incremental.select`; the new view shares the weights and copies the state."""
        chosen = row_indices(rows, self.num_samples).to(self.device)
        other = object.__new__(type(self))
        vars(other).update(vars(self))
        other.num_samples, other._steps = len(chosen), None
        if self.context is not None and len(self.context) > 1:
            other.context = self.context[chosen]
        with torch.no_grad():
            other.allocate()
            theirs = other.state()
            for name, (buffer, dimension) in self.state().items():
                theirs[name][0].copy_(buffer.index_select(dimension, chosen))
            if self.parameters is not None:
                other.parameters = self.parameters.index_select(-2, chosen)
        other._appended = [value[chosen] for value in self._appended]
        return other

    def __copy__(self) -> Self:
        """``copy.copy`` and ``copy.deepcopy`` must not share buffers, and can't copy the generator."""
        return self.copy()

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        return self.copy()

    def _reach(self) -> Tensor:
        """Continue until the parameters of the next variable's block are computed, and return them."""
        done = self.step + len(self._appended)
        if done == self.num_variables:
            raise ValueError(f"All {done} variables of these observations are known already.")
        if self.parameters is not None and len(self._appended) < _size_of(self.parameters):
            return self.parameters
        if self._steps is None:
            self._steps = self.steps()
            if self.parameters is not None:  # brings the new generator of a copy to where the old one was
                next(self._steps)
        levels = None
        if self.parameters is not None:
            levels = self._appended[0] if self.parameters.dim() == 2 else torch.stack(self._appended)
            self._appended = []
        with torch.autocast(self.device.type, enabled=False):  # a view computes in the dtype of the weights
            return self._steps.send(levels)


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


def _size_of(parameters: Tensor) -> int:
    """The number of variables that these parameters belong to."""
    return 1 if parameters.dim() == 2 else len(parameters)
