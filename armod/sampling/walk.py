"""From variable to variable: generate observations step by step or all at once.

`Incremental` is the public view: ask for the next conditional, then append a level. The models of armod make it from a
`Walk`, which is a generator that yields the parameters of the next variable and receives its levels. Stepping, drawing a
whole sample (`armod.sampling.drawing`), copying and selecting rows all follow from the generator.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Generator, Sequence
from typing import Any, Self, TypeAlias

import torch
from torch import Tensor, distributions

from armod.inputs import next_levels
from armod.likelihoods import Likelihood, in_single
from armod.sampling.incremental import Incremental, check_room, row_indices

__all__ = ["Incremental", "Kept", "Steps", "Walk", "check_room", "row_indices"]

Steps: TypeAlias = Generator[Tensor, Any, None]  # yields parameters, is sent levels
Kept: TypeAlias = tuple[Tensor, Tensor] | None  # known levels, and where they are kept


class Walk(Incremental, ABC, takes_blocks=True):
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

    A walk that can compute several variables at once, given guesses of their levels, says so (`looks_ahead`) and defines `ahead`
    and `accept`; otherwise a copy steps through the guesses.

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

    looks_ahead = False  # whether `ahead` and `accept` are its own

    def __init__(
        self,
        likelihood: Likelihood,
        like: Tensor,
        num_samples: int,
        num_variables: int | None,
        context: Tensor | None = None,
    ) -> None:
        self.likelihood, self.dtype, self.device = likelihood, like.dtype, like.device
        self.value_dtype = likelihood.value_dtype(like.dtype)
        self.num_samples, self.num_variables, self.context = num_samples, num_variables, context
        self.step = 0  # how many variables the walk has read
        self.parameters: Tensor | None = None  # those of the variables at `step`, once they are computed
        self._appended: list[Tensor] = []  # levels that the walk has not read yet
        self._steps: Steps | None = None
        self._peeked: Tensor | None = None  # what the last `ahead` was given, if nothing has happened since
        self._scout: Walk | None = None  # a copy that looks ahead
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

    @property
    def is_native(self) -> bool:
        """Whether NumPy and machine code can work on the numbers where they are: on the CPU, in single or double precision."""
        return self.device.type == "cpu" and self.dtype in (torch.float32, torch.float64)

    def own_loop(
        self, likelihood: Likelihood, noise: Tensor, known: Tensor | None, mask: Tensor | None
    ) -> Tensor | None:
        """Draw all variables, from the first, by a loop that makes many steps at once, such as one in machine code.

        Args:
            likelihood: what draws.
            noise: its noise for all variables, ``(D, N, ...)``.
            known: levels ``(N, D)`` in the order of generation, or None.
            mask: boolean ``(N, D)``, True where the level of `known` is kept; or None.

        Returns:
            Levels, int64 ``(N, D)``, or None if there is no such loop for this, and the steps have to be made one by one.
        """
        return None

    def joined(self, drawn: Sequence[Tensor]) -> Tensor:
        """Join everything that `draw` returned to levels ``(N, D)``."""
        return torch.stack(tuple(drawn), dim=1)

    def accept(self, levels: Tensor) -> None:
        """Fix the next variables after `ahead`, which was given the same levels, but for the last one, which may differ.

        Args:
            levels: int64 ``(a, N)``, at least one.
        """
        for level in levels:
            self._reach()
            self._appended.append(level)

    @property
    def at_hand(self) -> int | None:
        """How many variables, from the next one on, `ahead` computes at the cost of one; None is all."""
        return None

    def conditional(self) -> distributions.Distribution:
        """Return the next variable's distribution; it is computed only once."""
        return self.likelihood.distribution(in_single(self._of_next()).clone())

    def append(self, value: Tensor) -> None:
        """Fix the next variable or variables; the network reads a value when the next conditional is needed.

        Raises:
            ValueError: if `value` is not one whole level ``0..K-1`` for each observation and variable, or fewer variables
                are left to fix. Then none is fixed.
        """
        self._check_room()
        levels = next_levels(value, self.num_samples, self.likelihood.num_levels)
        levels = levels.to(self.device, self.value_dtype, copy=True)
        self._check_room(levels.shape[1], "value")
        for level in levels.unbind(1):
            if not self.looks_ahead:
                self._reach()
            self._appended.append(level)

    def peek(self, values: Tensor) -> distributions.Distribution:
        """Look ahead as `Incremental.peek`, by `ahead`."""
        self._check_room()
        levels = next_levels(values, self.num_samples, self.likelihood.num_levels, "values")
        self._check_room(levels.shape[1], "values")
        levels = levels.T.to(self.device, self.value_dtype, copy=True)
        if self.looks_ahead and self._appended:
            self._settle()  # usually all that is needed: the step after the last level is part of the look ahead
            if self._appended:
                self._reach()
            if self._appended:  # the last levels are only a part of their block
                self._settle(whole_block=False)
        with torch.no_grad(), torch.autocast(self.device.type, enabled=False):
            parameters = self.ahead(levels)
        self._peeked = levels
        return self.likelihood.distribution(in_single(parameters.transpose(0, 1)).clone())

    def ahead(self, levels: Tensor) -> Tensor:
        """Compute the parameters of the next variables, if the first of them had these levels; nothing is fixed by it.

        A copy steps through the levels. The model itself may have other weights by now, so its full pass would not do.

        Args:
            levels: int64 ``(b, N)``, no more than variables are left.

        Returns:
            Parameters ``(b + 1, N, num_parameters)``, or ``(b, N, num_parameters)`` if these are all variables that are left.
            The next call may overwrite them.
        """
        if self._scout is None:
            self._scout = self.copy()
        scout = self._scout
        scout.take_over(self, torch.arange(self.num_samples, device=self.device))
        parameters = []
        for level in levels:
            parameters.append(scout._of_next().clone())  # the network may overwrite them
            scout._appended.append(level)
        if scout._num_fixed != scout.num_variables:
            parameters.append(scout._of_next())
        return torch.stack(parameters)

    def select(self, rows: Tensor | Sequence[int]) -> Self:
        """Select rows, as `Incremental.select`; the new view shares the weights and copies the state."""
        chosen = row_indices(rows, self.num_samples).to(self.device)
        other = object.__new__(type(self))
        vars(other).update(vars(self))
        other.num_samples, other._scout = len(chosen), None
        if self.context is not None and len(self.context) > 1:
            other.context = self.context[chosen]
        with torch.no_grad():
            other.allocate()
            other.take_over(self, chosen)
        return other

    def take_over(self, view: Self, chosen: Tensor) -> None:
        """Remember what another view of the same weights remembers of the rows `chosen`, int64 ``(N,)``."""
        theirs = view.state()
        for name, (buffer, dimension) in self.state().items():
            torch.index_select(theirs[name][0], dimension, chosen, out=buffer)
        self.step, self._steps, self._peeked = view.step, None, None
        self.parameters = None if view.parameters is None else view.parameters.index_select(-2, chosen)
        self._appended = [value[chosen] for value in view._appended]

    def __copy__(self) -> Self:
        """``copy.copy`` and ``copy.deepcopy`` must not share buffers, and can't copy the generator."""
        return self.copy()

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        return self.copy()

    def _settle(self, whole_block: bool = True) -> None:
        """Let a walk that looks ahead read the levels that were appended; one that goes step by step reads them later.

        Levels of a block whose conditionals are computed are left for the walk's own next step, which reads whole blocks.
        """
        if not self.looks_ahead:
            return
        peeked, is_in_block = self._peeked, False
        if self.parameters is not None:
            is_in_block = len(self._appended) <= _size_of(self.parameters)
        if is_in_block and whole_block and peeked is None:
            return
        levels = torch.stack(self._appended)
        guesses = levels[:-1]
        is_peeked = peeked is not None and torch.equal(guesses, peeked[: len(guesses)])
        if is_in_block and whole_block and not is_peeked:
            return
        self._appended, self._peeked = [], None
        with torch.no_grad(), torch.autocast(self.device.type, enabled=False):
            if not is_peeked:
                self.ahead(guesses)
            self.accept(levels)

    @property
    def _num_fixed(self) -> int:
        """How many variables have their levels."""
        return self.step + len(self._appended)

    def _check_room(self, count: int = 0, name: str = "") -> None:
        """Check that a variable is left, and enough of them for `count` levels."""
        if self.num_variables is not None:
            left = self.num_variables - self._num_fixed
            if left == 0:
                raise ValueError(
                    f"All {self.num_variables} variables of these observations are known already."
                )
            check_room(count, left, name)

    def _of_next(self) -> Tensor:
        """The parameters ``(N, num_parameters)`` of the next variable."""
        parameters = self._reach()
        return parameters if parameters.dim() == 2 else parameters[len(self._appended)]

    def _reach(self) -> Tensor:
        """Continue until the parameters of the next variable's block are computed, and return them."""
        self._check_room()
        if self.looks_ahead and self._appended:
            self._settle()
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
        self._peeked = None
        with torch.autocast(self.device.type, enabled=False):  # a view computes in the dtype of the weights
            return self._steps.send(levels)


def _size_of(parameters: Tensor) -> int:
    """The number of variables that these parameters belong to."""
    return 1 if parameters.dim() == 2 else len(parameters)
