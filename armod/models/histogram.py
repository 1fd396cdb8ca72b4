"""The histogram: a model that counts. It is exact and general, and hopeless in many dimensions.

D variables in B bins each make ``B**D`` cells, and the probability of a cell is its share of the observations. All
conditionals follow from that: p(x_k | x_<k) is the number of observations that begin with x_<=k, divided by the number of
those that begin with x_<k. There is never a table of all cells. A cell is a number in base B whose digits are its bins in
the order of generation, and the occupied cells are kept as one sorted list. Cells with the same beginning are neighbours
in this list, so two binary searches count them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import torch
from torch import Tensor, distributions

from armod import orderings
from armod.inputs import next_levels
from armod.likelihoods import Categorical
from armod.models.base import AutoregressiveModel, Incremental, device_of
from armod.models.shortcuts import is_own
from armod.sampling.walk import row_indices
from armod.settings import check_event_shape, check_number, check_sizes

_MOST_CELLS = 2**63 - 1


class Histogram(AutoregressiveModel):
    """A table of counts with Laplace smoothing, which stores only the occupied cells.

    Without smoothing an unseen cell has log-probability minus infinity. After an unseen beginning every bin of the next
    variable is equally likely, as in the limit of little smoothing. A histogram that has counted nothing is uniform if it
    has smoothing, and otherwise has no probabilities. Everything is computed in float64.

    Args:
        event_shape: shape of one observation, D variables.
        num_bins: B, the number of bins of each variable.
        smoothing: pseudo-observations a in each of the ``B**D`` cells: p(cell) = (n + a) / (N + a B**D).
        num_levels: K, the number of levels; None means K = B. Level l falls in bin ``l * B // K``, and the levels of a bin
            share its probability evenly, so that histograms with different numbers of bins compare.
        ordering: permutation ``(D,)``; None is raster. It decides how the conditionals factorise, not the likelihood.

    Raises:
        ValueError: if there are more than ``2**63 - 1`` cells, fewer than 1 bin, or fewer levels than bins, or if the
            smoothing is negative.

    >>> coins = Histogram((2,), 2).fit(torch.tensor([[0, 0], [0, 1], [0, 0], [1, 1]]))
    >>> coins.log_prob(torch.tensor([[0, 0], [1, 0]])).exp().tolist()
    [0.5, 0.0]
    """

    likelihood: Categorical
    context_size = 0
    codes: Tensor
    counts: Tensor
    _place_values: Tensor
    _counts_before: Tensor  # (num_occupied + 1,): how many observations have smaller codes

    def __init__(
        self,
        event_shape: Sequence[int],
        num_bins: int,
        *,
        smoothing: float = 0.0,
        num_levels: int | None = None,
        ordering: Tensor | Sequence[int] | None = None,
    ) -> None:
        super().__init__()
        (num_bins,) = check_sizes(num_bins=num_bins)
        (num_levels,) = check_sizes(num_levels=num_bins if num_levels is None else num_levels)
        if num_levels < num_bins:
            raise ValueError(
                f"{num_levels} levels cannot fill {num_bins} bins: take at most num_bins={num_levels}, or larger num_levels."
            )
        self.event_shape = check_event_shape(event_shape)
        permutation = orderings.as_permutation(ordering, self.event_shape)
        due = "a finite number of observations, 0 or more"
        self.num_bins, self.smoothing = (
            num_bins,
            check_number("smoothing", smoothing, lambda number: number >= 0, due),
        )
        if self.num_cells > _MOST_CELLS:
            raise ValueError(
                f"{len(permutation)} variables in {num_bins} bins each make {num_bins}^{len(permutation)} = "
                f"{_in_figures(self.num_cells)} cells, too many to number (at most 2^63 - 1); a dense table of 8-byte "
                f"counts would take {_in_figures(self.dense_bytes)} bytes: take fewer variables or wider bins."
            )
        if self.smoothing * self.num_cells == math.inf:
            raise ValueError(f"smoothing is {due}, in all cells together, not {smoothing}.")
        self.likelihood = Categorical(num_levels)
        place_values = [num_bins**place for place in range(len(permutation))][::-1]
        self.register_buffer("ordering", permutation)
        self.register_buffer("codes", torch.zeros(0, dtype=torch.int64))
        self.register_buffer("counts", torch.zeros(0, dtype=torch.int64))
        self.register_buffer("_place_values", torch.tensor(place_values), persistent=False)
        self.register_buffer("_counts_before", torch.zeros(1, dtype=torch.int64), persistent=False)
        self.register_load_state_dict_post_hook(_add_up)

    @property
    def num_cells(self) -> int:
        """``B**D``, occupied or not."""
        return self.num_bins**self.num_variables

    @property
    def num_occupied(self) -> int:
        """Cells with at least one observation."""
        return len(self.codes)

    @property
    def num_observations(self) -> int:
        """N, the number of observations that `fit` has counted."""
        return int(self.counts.sum())

    @property
    def dense_bytes(self) -> int:
        """The memory that a table of all cells would take, at 8 bytes per cell."""
        return 8 * self.num_cells

    def cells(self) -> Tensor:
        """List the bins of the occupied cells, int64 ``(num_occupied, *event_shape)``, in the order of `counts`."""
        bins = torch.empty(self.num_occupied, self.num_variables, dtype=torch.int64, device=self.codes.device)
        bins[:, self.ordering] = self.codes.unsqueeze(1) // self._place_values % self.num_bins
        return bins.view(-1, *self.event_shape)

    def is_unseen(self, x: Tensor) -> Tensor:
        """Find the observations that fall in an unoccupied cell.

        Args:
            x: levels ``(N, *event_shape)``.

        Returns:
            A boolean tensor ``(N,)``.

        Raises:
            ValueError: as `fit`.

        >>> Histogram((2,), 2).fit(torch.tensor([[0, 1]])).is_unseen(torch.tensor([[0, 1], [1, 1]])).tolist()
        [False, True]
        """
        x = self.check_levels(x)
        return ~torch.isin(self._digit_values(x.to(device_of(self))).sum(1), self.codes)

    @torch.no_grad()
    def fit(self, x: Tensor) -> Histogram:
        """Count observations; earlier counts are forgotten.

        Args:
            x: levels ``(N, *event_shape)``.

        Returns:
            The model itself.

        Raises:
            ValueError: if `x` has another shape, or values other than whole levels ``0..K-1``.
        """
        x = self.check_levels(x)
        codes = self._digit_values(x.to(device_of(self))).sum(1)
        self.codes, self.counts = codes.unique(return_counts=True)
        _add_up(self)
        return self

    def log_prob(self, x: Tensor, context: Tensor | None = None) -> Tensor:
        """Look up each cell, as `AutoregressiveModel.log_prob`; no conditional is needed for it."""
        if not is_own(self, "conditionals", Histogram):
            return super().log_prob(x, context)
        x = self.check_levels(x)
        self.check_context(context, len(x), x.shape[1:])
        self._check_fitted()
        codes = self._digit_values(x).sum(1)
        numbers = self._count(torch.stack([codes, codes + 1], dim=1)).squeeze(1)
        total = self._counts_before[-1].double() + self.smoothing * self.num_cells
        log_widths = self._widths(self._bins(x.flatten(1))).log().sum(1)
        return (numbers.double() + self.smoothing).log() - total.log() - log_widths

    def conditionals(self, x: Tensor, context: Tensor | None = None) -> distributions.Categorical:
        """Count beginnings, as `AutoregressiveModel.conditionals`; the logits are ``(N, *event_shape, K)``."""
        x = self.check_levels(x)
        self.check_context(context, len(x), x.shape[1:])
        self._check_fitted()
        digit_values = self._digit_values(x)
        beginnings = digit_values.cumsum(1) - digit_values
        in_order = self.logits_after(beginnings, self._place_values)
        logits = torch.empty_like(in_order)
        logits[:, self.ordering] = in_order
        shape = (len(x), *self.event_shape, self.likelihood.num_levels)
        return self.likelihood.distribution(logits.view(shape))

    def cached_view(self, num_samples: int, context: Tensor | None) -> Incremental:
        """Generate one variable at a time; each step searches the sorted cells with the same beginning."""
        self._check_fitted()
        return HistogramIncremental(self, num_samples)

    def logits_after(self, beginnings: Tensor, place_values: Tensor) -> Tensor:
        """Compute the logits of the next variable when the first ones are known.

        Args:
            beginnings: code ``(...)`` of the first cell with the known digits, whose other digits are 0.
            place_values: what a 1 in the next digit adds to a code; a tensor that broadcasts to ``(...)``.

        Returns:
            Logits of the levels, ``(..., K)``.
        """
        digits = torch.arange(self.num_bins + 1, device=self.codes.device)
        numbers = self._count(beginnings.unsqueeze(-1) + digits * place_values.unsqueeze(-1))
        # every cell with this beginning has its own pseudo-observations
        masses = numbers + self.smoothing * place_values.double().unsqueeze(-1)
        is_unseen = masses.sum(-1, keepdim=True) == 0
        bins = self._bins(torch.arange(self.likelihood.num_levels, device=self.codes.device))
        return masses.masked_fill(is_unseen, 1).log()[..., bins] - self._widths(bins).log()

    def extra_repr(self) -> str:
        """Return the arguments that `print(model)` shows."""
        return (
            f"event_shape={tuple(self.event_shape)}, num_bins={self.num_bins}, smoothing={self.smoothing}, "
            f"num_levels={self.likelihood.num_levels}, num_occupied={self.num_occupied}"
        )

    def _bins(self, levels: Tensor) -> Tensor:
        return levels.long() * self.num_bins // self.likelihood.num_levels

    def _widths(self, bins: Tensor) -> Tensor:
        """How many levels share each bin, float64: the first level of the next bin minus the first level of this one."""
        first, next_first = (-(-b * self.likelihood.num_levels // self.num_bins) for b in (bins, bins + 1))
        return (next_first - first).double()

    def _digit_values(self, x: Tensor) -> Tensor:
        """How much each variable adds to the code of its cell, ``(N, D)`` in the order of generation."""
        return self._bins(x.flatten(1)[:, self.ordering]) * self._place_values

    def _count(self, codes: Tensor) -> Tensor:
        """The number of observations between neighbours in ascending codes ``(..., L + 1)``: ``(..., L)``."""
        return self._counts_before[torch.searchsorted(self.codes, codes)].diff(dim=-1)

    def _check_fitted(self) -> None:
        if self.smoothing == 0 and self.num_occupied == 0:
            raise ValueError(
                "This histogram has counted nothing yet and so has no probabilities: call fit(x) first, or build it "
                "with smoothing above 0."
            )

    def _load_from_state_dict(self, state_dict: dict[str, Any], prefix: str, *rest: Any) -> None:
        """Make room for the cells of the state dict, because their number depends on the data."""
        before = self.codes, self.counts
        for name in ("codes", "counts"):
            if prefix + name in state_dict:
                setattr(self, name, self.codes.new_empty(state_dict[prefix + name].shape))
        try:
            super()._load_from_state_dict(state_dict, prefix, *rest)
        except ValueError:  # it is of another histogram
            self.codes, self.counts = before
            raise


class HistogramIncremental(Incremental):
    """The incremental view, which remembers the first cell that begins with the known digits.

    Args:
        model: a histogram.
        num_samples: N, how many observations to generate.

    >>> view = HistogramIncremental(Histogram((2,), 2).fit(torch.tensor([[0, 1], [1, 0]])), num_samples=1)
    >>> view.append(torch.tensor([1]))
    >>> view.conditional().probs
    tensor([[1., 0.]], dtype=torch.float64)
    """

    def __init__(self, model: Histogram, num_samples: int) -> None:
        self._model, self.num_samples = model, num_samples
        self._beginnings = torch.zeros(num_samples, dtype=torch.int64, device=model.codes.device)
        self._step = 0

    def conditional(self) -> distributions.Distribution:
        """Return the share of each level among the observations with the same beginning."""
        logits = self._model.logits_after(self._beginnings, self._place_value())
        return self._model.likelihood.distribution(logits)

    def append(self, value: Tensor) -> None:
        """Narrow the range of cells to those that continue with `value`."""
        place_value = self._place_value()
        levels = next_levels(value, self.num_samples, self._model.likelihood.num_levels).squeeze(1)
        self._beginnings = self._beginnings + self._model._bins(levels) * place_value
        self._step += 1

    def select(self, rows: Tensor | Sequence[int]) -> HistogramIncremental:
        """The beginnings of these rows."""
        chosen = row_indices(rows, self.num_samples)
        other = HistogramIncremental(self._model, len(chosen))
        other._beginnings, other._step = self._beginnings[chosen.to(self._beginnings.device)], self._step
        return other

    def _place_value(self) -> Tensor:
        if self._step == self._model.num_variables:
            raise ValueError(f"All {self._step} variables of these observations are known already.")
        return self._model._place_values[self._step]


def _add_up(model: Histogram, _: object = None) -> None:
    """Compute the running sum of the counts after they have changed."""
    model._counts_before = torch.cat([model.counts.new_zeros(1), model.counts.cumsum(0)])


def _in_figures(number: int) -> str:
    """A whole number in full, or as a power of ten if it is too long to read.

    >>> _in_figures(2**63), _in_figures(256**784)
    ('9223372036854775808', '1.15e+1888')
    """
    return str(number) if number < 10**24 else f"{Decimal(number):.2e}"
