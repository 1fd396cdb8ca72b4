"""From variable to variable: observations in the making, step by step or in one go.

`Incremental` is the view that everybody sees: ask for the next conditional, append a level. `Walk` is how the models of
armod make one. A walk is a generator that yields the parameters of the next variable and is sent its levels; stepping,
drawing a whole sample, copies and selections follow from it here, once. `draw_all` is the one loop of all samplers.
"""

from __future__ import annotations

import copy
from abc import abstractmethod
from collections.abc import Generator, Iterable, Sequence
from typing import Any, Self, TypeAlias, TypeVar

import torch
from torch import Tensor, distributions
from tqdm import tqdm

from armod.likelihoods import Likelihood, inverse_cdf
from armod.sampling.adjust import Adjustment

T = TypeVar("T")
Steps: TypeAlias = Generator[Tensor, Any, None]  # yields parameters, is sent levels
Kept: TypeAlias = tuple[Tensor, Tensor] | None  # known levels, and where they are kept


class Incremental:
    """Observations in the making: alternate `conditional` and `append`, in the order of the model's `ordering`.

    A view that says how rows of it are selected (`select`) can also be copied.

    >>> from armod.models.made import MADE
    >>> from armod.likelihoods import Bernoulli
    >>> view = MADE((3,), [4], likelihood=Bernoulli()).incremental(2)
    >>> view.append(torch.tensor([0, 1]))
    >>> view.select([1, 1, 0]).conditional().batch_shape  # two ways on from the second row, one from the first
    torch.Size([3])
    """

    num_samples: int

    def conditional(self) -> distributions.Distribution:
        """The distribution of the next variable, batch shape ``(N,)``, given all that were appended."""
        raise NotImplementedError(f"{type(self).__name__} must say how to compute its next conditional.")

    def append(self, value: Tensor) -> None:
        """Fix the next variable to the levels `value`, ``(N,)``."""
        raise NotImplementedError(f"{type(self).__name__} must say how to take in a value.")

    def select(self, rows: Tensor | Sequence[int]) -> Self:
        """A new view of some of the observations, each as often as it is named; this one stays as it is.

        Args:
            rows: indices ``(M,)`` of observations, or a boolean ``(N,)`` that is True where one is kept.

        Returns:
            A view of M observations, all as far as this one is.
        """
        raise NotImplementedError(f"{type(self).__name__} must say how to select rows of it.")

    def copy(self) -> Self:
        """A view of the same observations that goes on by itself."""
        return self.select(torch.arange(self.num_samples))


class Walk(Incremental):
    """The incremental view of a network that keeps what it has computed, with a copy of the network's weights.

    A subclass copies its weights, which nobody changes any more, and then calls this constructor. It defines

    - `allocate`: make the buffers for `num_samples` observations, and all views into them;
    - `state`: name the buffers that remember what was appended;
    - `steps`: the walk itself, a generator.

    Args:
        likelihood: of every conditional.
        like: a tensor of the network's dtype and device.
        num_samples: N, observations to be made.
        num_variables: D; None for a walk that goes on for ever.
        context: what the walk reads beside the levels, ``(N, ...)`` or ``(1, ...)`` for all alike.
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
        self.step = 0  # variables whose levels the walk has read
        self.parameters: Tensor | None = None  # of the variables at `step`, once they are computed
        self._appended: list[Tensor] = []  # levels that the walk has yet to read
        self._steps: Steps | None = None
        with torch.no_grad():
            self.allocate()

    @abstractmethod
    def allocate(self) -> None:
        """Make the buffers for `num_samples` observations at their beginning; the weights stay as they are."""

    @abstractmethod
    def state(self) -> dict[str, tuple[Tensor, int]]:
        """Every buffer that remembers what was appended, by name, with the dimension that counts observations."""

    @abstractmethod
    def steps(self) -> Steps:
        """Yield the parameters ``(N, num_parameters)`` of one variable after the other; be sent its levels ``(N,)``.

        Variables that are independent given the past may come as one block: parameters ``(b, N, num_parameters)``,
        levels ``(b, N)``. The generator keeps `step` and `parameters` up to date, and begins where these two say: so a
        copy goes on where its original stands. Generators themselves can't be copied.
        """

    def pieces(self, rows: Tensor) -> Sequence[Tensor]:
        """Cut ``(D, ...)``, one row for each variable, into what belongs to each step."""
        return rows.unbind()

    def draw(self, parameters: Tensor, noise: Tensor, kept: Kept = None) -> Tensor:
        """The levels of one step, in any form that `steps` and `joined` understand.

        Args:
            parameters: as `steps` yields them.
            noise: of the likelihood, for these variables.
            kept: known levels and the mask that says where they are kept, for these variables; or None.
        """
        levels = self.likelihood.draw(parameters, noise)
        return levels if kept is None else torch.where(kept[1], kept[0], levels)

    def joined(self, drawn: Sequence[Tensor]) -> Tensor:
        """All that `draw` returned as levels ``(N, D)``."""
        return torch.stack(tuple(drawn), dim=1)

    def conditional(self) -> distributions.Distribution:
        """The next variable's distribution; asking again costs nothing."""
        parameters = self._reach()
        of_next = parameters if parameters.dim() == 2 else parameters[len(self._appended)]
        return self.likelihood.distribution(of_next.clone())

    def append(self, value: Tensor) -> None:
        """Fix the next variable; the network reads the value when the next conditional is asked for."""
        self._reach()
        self._appended.append(value.to(self.device, torch.int64, copy=True))

    def select(self, rows: Tensor | Sequence[int]) -> Self:
        """As `Incremental.select`: the weights are shared, all that remembers the past is copied."""
        chosen = row_indices(rows, self.num_samples).to(self.device)
        other = copy.copy(self)
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

    def _reach(self) -> Tensor:
        """Walk on until the parameters of the next variable are there; those of its whole block."""
        done = self.step + len(self._appended)
        if done == self.num_variables:
            raise ValueError(f"All {done} variables of these observations are known already.")
        if self.parameters is not None and len(self._appended) < _size_of(self.parameters):
            return self.parameters
        if self._steps is None:
            self._steps = self.steps()
            if self.parameters is not None:  # a copy's new generator is to stand where the old one did
                next(self._steps)
        levels = None
        if self.parameters is not None:
            levels = self._appended[0] if self.parameters.dim() == 2 else torch.stack(self._appended)
            self._appended = []
        return self._steps.send(levels)


def draw_all(
    view: Incremental, uniform: Tensor, known: Tensor | None, mask: Tensor | None, adjustment: Adjustment
) -> Tensor:
    """Draw every variable from its noise: the one loop that all samplers run.

    Args:
        view: at its beginning.
        uniform: numbers in [0, 1), ``(N, D)`` in generation order.
        known: levels ``(N, D)`` in generation order, or None.
        mask: boolean ``(N, D)``: True where the level of `known` is kept; or None.
        adjustment: of each conditional, before it is drawn from.

    Returns:
        Levels ``(N, D)``, int64, in generation order.
    """
    if not isinstance(view, Walk):
        return _draw_by_distributions(view, uniform, known, mask, adjustment)
    likelihood, drawn, levels = view.likelihood, [], None
    with torch.inference_mode():  # a fifth faster than no_grad on operations this small
        noise = view.pieces(likelihood.noise(uniform.T.contiguous(), view.dtype))
        kept: Sequence[Kept] = [None] * len(noise)
        if known is not None and mask is not None:
            kept = list(zip(*(view.pieces(x.T.contiguous()) for x in (known, mask)), strict=True))
        # a loop of very small operations: what can be looked up once is
        send, draw, is_adjusted = view.steps().send, view.draw, adjustment.changes
        for piece, kept_piece in zip(_with_progress(noise), kept, strict=True):
            parameters = send(levels)
            if is_adjusted:
                parameters = adjustment.parameters(likelihood, parameters)
            levels = draw(parameters, piece, kept_piece)
            drawn.append(levels)
        return view.joined(drawn)


def _draw_by_distributions(
    view: Incremental, uniform: Tensor, known: Tensor | None, mask: Tensor | None, adjustment: Adjustment
) -> Tensor:
    """The same loop for a view that knows nothing but `conditional` and `append`."""
    drawn = torch.empty(uniform.shape, dtype=torch.int64, device=uniform.device)
    for k in _with_progress(range(uniform.shape[1])):
        levels = inverse_cdf(adjustment.distribution(view.conditional()), uniform[:, k])
        if known is not None and mask is not None:
            levels = torch.where(mask[:, k], known[:, k], levels)
        view.append(levels)
        drawn[:, k] = levels
    return drawn


def row_indices(rows: Tensor | Sequence[int], num_rows: int) -> Tensor:
    """Rows as `Incremental.select` takes them, indices or a boolean mask, as int64 indices ``(M,)``.

    Raises:
        IndexError: for a row that there is not, or a mask of another length.

    >>> row_indices(torch.tensor([True, False, True]), 3).tolist(), row_indices([2, 2], 3).tolist()
    ([0, 2], [2, 2])
    """
    chosen = torch.as_tensor(rows)
    if chosen.dtype == torch.bool and chosen.shape == (num_rows,):
        return chosen.nonzero().squeeze(1)
    indices = chosen.long()
    if (
        chosen.dtype == torch.bool
        or indices.dim() != 1
        or bool(((indices < 0) | (indices >= num_rows)).any())
    ):
        raise IndexError(
            f"rows are indices from 0 to {num_rows - 1}, or a boolean mask of {num_rows} rows, not {rows}."
        )
    return indices


def _size_of(parameters: Tensor) -> int:
    """How many variables these are the parameters of."""
    return 1 if parameters.dim() == 2 else len(parameters)


def _with_progress(steps: Sequence[T]) -> Iterable[T]:
    return tqdm(steps, desc="sampling", unit="step", delay=2, leave=False)
