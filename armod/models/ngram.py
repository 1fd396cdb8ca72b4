"""The n-gram: a model that counts what follows the last few levels, and knows nothing else.

A histogram of whole observations sees every beginning at most once. An n-gram shares by forgetting: it keeps the last n - 1
levels and counts what followed them anywhere. A context that was rarely seen leans on the shorter one, by the share of its
successors that were new (Witten and Bell 1991). So no level is ever impossible, and nothing has to be tuned.

It is a small model, but a very quick one: a conditional is a row of a table. This makes it a good draft for a large model
(`armod.sampling.Speculative`), and the baseline that every network has to beat.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TypeVar

import torch
from torch import Tensor, distributions

from armod import orderings
from armod.likelihoods import Categorical
from armod.models.base import AutoregressiveModel, device_of
from armod.sampling.walk import Steps, Walk
from armod.settings import check_event_shape, check_sizes

T = TypeVar("T", int, Tensor)
_MOST_CELLS = 2**25


class NGram(AutoregressiveModel):
    """A table of counts of n levels in a row, with Witten-Bell smoothing.

    The mixture of a context h of m levels with the shorter one h', which has lost its oldest level, is
    p(x | h) = (c(h, x) + t(h) p(x | h')) / (c(h) + t(h)). Here c counts, and t(h) is the number of different levels that were
    seen after h (Witten, Bell 1991, method C, as interpolated by Chen, Goodman 1998, section 2.5). The shortest one leans on equal
    probabilities. What lies before the first variable is a level of its own. Everything is computed in float64.

    Args:
        event_shape: shape of one observation.
        order: n, how many levels in a row are counted; 1 counts single levels, 3 makes a trigram.
        num_levels: K.
        ordering: permutation ``(D,)`` along which "in a row" is meant; None is raster.

    Raises:
        ValueError: if a size is below 1, the ordering is no permutation, or the table has more than ``2**25`` cells.

    >>> bigram = NGram((4,), 2, num_levels=3).fit(torch.tensor([[0, 1, 0, 1], [0, 1, 0, 2]]))
    >>> bigram.probabilities[1]  # after a 0; row 0 is the beginning
    tensor([0.1515, 0.6212, 0.2273], dtype=torch.float64)
    """

    likelihood: Categorical
    context_size = 0
    counts: Tensor  # (contexts, K)

    def __init__(
        self,
        event_shape: Sequence[int],
        order: int,
        *,
        num_levels: int,
        ordering: Tensor | Sequence[int] | None = None,
    ) -> None:
        super().__init__()
        self.order, num_levels = check_sizes(order=order, num_levels=num_levels)
        self.event_shape = check_event_shape(event_shape)
        permutation = orderings.as_permutation(ordering, self.event_shape)
        num_cells = (num_levels + 1) ** (self.order - 1) * num_levels
        if num_cells > _MOST_CELLS:
            raise ValueError(
                f"order={self.order} with num_levels={num_levels} makes {num_cells:.3g} cells, {8 * num_cells:.2g} bytes; "
                f"at most 2^25 fit: take a lower order or fewer levels."
            )
        self.likelihood = Categorical(num_levels)
        self.register_buffer("ordering", permutation)
        self.register_buffer("counts", torch.zeros(num_cells // num_levels, num_levels, dtype=torch.int64))
        self._computed: tuple[Tensor, int, Tensor] | None = None
        self._note_ordering()
        self.register_load_state_dict_post_hook(NGram._note_ordering)

    @torch.no_grad()
    def fit(self, x: Tensor) -> NGram:
        """Count what follows each context; earlier counts are forgotten.

        Args:
            x: levels ``(N, *event_shape)``.

        Returns:
            The model itself.

        Raises:
            ValueError: if `x` has another shape, or values other than whole levels ``0..K-1``.
        """
        x = self.check_levels(x)
        steps = x.to(device_of(self)).flatten(1)[:, self.ordering_for(math.prod(x.shape[1:]))].long()
        cells = self._contexts(steps) * self.likelihood.num_levels + steps
        self.counts = torch.bincount(cells.flatten(), minlength=self.counts.numel()).view_as(self.counts)
        return self

    @property
    def probabilities(self) -> Tensor:
        """p(level | context), float64 ``((K + 1)**(n - 1), K)``; the row is the number of the context, see `after`."""
        version = 0 if self.counts.is_inference() else self.counts._version
        if self._computed is None or self._computed[0] is not self.counts or self._computed[1] != version:
            self._computed = self.counts, version, self._smoothed()
        return self._computed[2]

    def after(self, contexts: T, levels: T) -> T:
        """Number the contexts that come next. A context is a number in base K + 1, whose digits are its levels plus one.

        Args:
            contexts: numbers of contexts, integers or a tensor of them; 0 is the beginning of an observation.
            levels: the levels that were generated there, alike.

        Returns:
            Numbers of contexts, alike.

        >>> NGram((4,), 3, num_levels=9).after(torch.tensor([0, 12]), torch.tensor([3, 5])).tolist()
        [4, 26]
        """
        return (contexts * (self.likelihood.num_levels + 1) + levels + 1) % len(self.counts)

    def conditionals(self, x: Tensor, context: Tensor | None = None) -> distributions.Distribution:
        """Look up every conditional, as `AutoregressiveModel.conditionals`."""
        x = self.check_levels(x)
        self.check_context(context, len(x), x.shape[1:])
        ordering = self.ordering_for(math.prod(x.shape[1:]))
        rows = self.probabilities[self._contexts(x.flatten(1)[:, ordering].long())]
        in_place = rows.log()[:, torch.argsort(ordering)]
        return self.likelihood.distribution(in_place.view(*x.shape, self.likelihood.num_levels))

    def cached_view(self, num_samples: int, context: Tensor | None) -> Walk:
        """Make the incremental view, which remembers the number of the context."""
        return _NGramWalk(self, num_samples)

    def reach(self) -> Tensor:
        """Tell which earlier variables lie among the last n - 1, as `AutoregressiveModel.reach`."""
        position = torch.argsort(self.ordering)
        return super().reach() & (position[:, None] < position[None, :] + self.order)

    def _contexts(self, steps: Tensor) -> Tensor:
        """Number the context of each step of levels ``(N, D)``, which are in the order of generation."""
        contexts = torch.zeros_like(steps)
        for lag in range(min(self.order, steps.shape[1]) - 1, 0, -1):  # the oldest level first
            contexts[:, lag:] += (steps[:, :-lag] + 1) * (self.likelihood.num_levels + 1) ** (lag - 1)
        return contexts

    @torch.no_grad()
    def _smoothed(self) -> Tensor:
        """Go from the shortest contexts to the longest."""
        num_levels = self.likelihood.num_levels
        shape = [num_levels + 1] * (self.order - 1) + [num_levels]
        probabilities = torch.full(
            (num_levels,), 1 / num_levels, dtype=torch.float64, device=self.counts.device
        )
        for length in range(self.order):
            oldest = list(range(self.order - 1 - length))
            counts = self.counts.view(shape).sum(oldest) if oldest else self.counts.view(shape)
            number, new = counts.sum(-1, keepdim=True), (counts > 0).sum(-1, keepdim=True)
            mixed = (counts + new * probabilities) / (number + new).clamp(min=1)
            probabilities = torch.where(number > 0, mixed, probabilities)
        return probabilities.reshape(-1, num_levels)

    def _note_ordering(self, _: object = None) -> None:
        """A sequence that runs straight may have any length; a state dict may change the ordering."""
        self.any_length = len(self.event_shape) == 1 and orderings.is_straight(self.ordering)


class _NGramWalk(Walk):
    """The incremental view: look up the row of the context, and go on to the next context."""

    def __init__(self, model: NGram, num_samples: int) -> None:
        self._table, self._after = model.probabilities, model.after
        num_variables = None if model.any_length else model.num_variables
        super().__init__(model.likelihood, self._table, num_samples, num_variables)

    def allocate(self) -> None:
        """Make room for the number of each context."""
        self._contexts = torch.zeros(self.num_samples, dtype=torch.int64, device=self.device)

    def state(self) -> dict[str, tuple[Tensor, int]]:
        """Name the contexts, as `Walk.state`."""
        return {"contexts": (self._contexts, 0)}

    def steps(self) -> Steps:
        """Look up, and read the level, as `Walk.steps`."""
        while True:
            if self.parameters is None:
                self.parameters = self._table.index_select(0, self._contexts).log()
            levels = yield self.parameters
            self.parameters = None
            self._contexts.copy_(self._after(self._contexts, levels))
            self.step += 1
