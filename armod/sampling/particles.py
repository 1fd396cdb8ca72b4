"""Completion from any side: sequential Monte Carlo over an autoregressive model.

A model draws its variables in one order, so a drawn variable sees the known ones before it and none of those after it. Bayes'
rule repairs this. Draw the hidden variables of n *particles* with the model's own conditionals, and give each particle a weight:
the probability of the known variables, each given what the particle drew before it. Then

- the weighted particles are draws from p(hidden | known), the better the more particles there are;
- the mean weight is an estimate of p(known), and its expectation is p(known) exactly, for any n.

Weights that are computed at the end only ("importance sampling") soon rest on a single particle. So before the next hidden
variable is drawn, a population whose effective size (sum w)^2 / sum w^2 has fallen below n / 2 is *resampled*: each particle is
copied in proportion to its weight, and all weights are equal again (Gordon, Salmond, Smith 1993; Doucet, Johansen 2009,
"A Tutorial on Particle Filtering and Smoothing", section 3.5). A run of known variables only ever changes the weights, so
nothing is resampled within it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, distributions

from armod.likelihoods import in_single, inverse_cdf, log_prob
from armod.sampling.adjust import Adjustment
from armod.sampling.drawing import check_conditional
from armod.sampling.samplers import Recomputing, Sampled, event_shape_of, options_of
from armod.sampling.threads import one_thread
from armod.sampling.walk import Incremental, Walk
from armod.settings import check_sizes

_AT_ONCE = 64  # known variables of a view that could compute all of them together, which bounds its memory


@dataclass(frozen=True)
class Report:
    """What the particles of the last sample say about the known variables.

    Args:
        log_prob_known: estimates of log p(known) in nats, float64 ``(N,)``; 0 where nothing is known. The estimate of p(known) is
            unbiased, so its logarithm is too low on average, by about half its variance.
        standard_error: of `log_prob_known`, ``(N,)``; 0 where it is exact. It is the delta method on each population between
            two resamplings: the variances 1 / (effective size) - 1 / n are added up. That leaves out how the survivors
            of one resampling decide the later weights, so it is too small where this matters. Rows with the same known
            variables are independent runs, and their spread has everything in it.
        effective_sizes: ``(N, *event_shape)``, from 1 to n; that of each population after this variable, before any
            resampling. It is n before the first hidden variable of all rows, and stays as it was after the last known one.
        resamplings: int64 ``(N,)``, how often each population was resampled.

    >>> from armod import MADE, likelihoods
    >>> sampler, known = Particles(16), torch.tensor([0, 1, 1])
    >>> model = MADE((3,), [4], likelihood=likelihoods.Bernoulli())
    >>> x = model.sample(2, known=known, mask=torch.tensor([False, True, True]), method=sampler)
    >>> sampler.report.log_prob_known.shape, sampler.report.effective_sizes.shape
    (torch.Size([2]), torch.Size([2, 3]))
    """

    log_prob_known: Tensor
    standard_error: Tensor
    effective_sizes: Tensor
    resamplings: Tensor


class Particles:
    """A sampler that completes observations whose known variables lie anywhere, by sequential Monte Carlo.

    Each row has n particles of its own, and one of them is drawn by its weight. So rows are independent, and a row is a draw from
    p(hidden | known) up to a bias of order 1 / n. A mask whose known variables come first in the model's ordering is exact
    and needs no particles: it costs what "cached" costs, and gives the same sample. So do the variables after the last known one.

    The noise of a row has one number for each variable, but n particles need more. So the noise is the seed of a generator: the same
    `generator` of `sample` gives the same sample. Options such as ``temperature`` define another autoregressive model
    (`armod.sampling.adjusted_log_prob`), whose p(hidden | known) is then sampled, and whose log p(known) is reported.

    Args:
        n: the number of particles of each row, at least 2.

    Attributes:
        report: what the last call found out about the known variables.

    Raises:
        ValueError: if `n` is no whole number from 2 on.

    The lower half of a digit is known, and its upper half is drawn:

    >>> import armod
    >>> model = armod.load_pretrained("gated-pixelcnn-coordinates-digits28")
    >>> digit, is_low = armod.data.load("digits28").binarize().test[:1], torch.arange(28)[:, None].expand(1, 28, 28) >= 14
    >>> sampler = armod.sampling.Particles(8)
    >>> x = model.sample(1, known=digit, mask=is_low, generator=torch.Generator().manual_seed(0), method=sampler)
    >>> x.shape, -60 < sampler.report.log_prob_known.item() < -20
    (torch.Size([1, 1, 28, 28]), True)
    """

    report: Report

    def __init__(self, n: int) -> None:
        (self.n,) = check_sizes(2, n=n)

    def __call__(
        self,
        model: Sampled,
        uniform: Tensor,
        context: Tensor | None = None,
        known: Tensor | None = None,
        mask: Tensor | None = None,
        **options: Any,
    ) -> Tensor:
        """Draw levels from noise, as every sampler; the options are those of `Adjustment`.

        Raises:
            ValueError: if an option is unknown, or is ``stop`` or ``callback``; or if the known levels are impossible after
                what each particle of a row drew.
        """
        num, size = uniform.shape
        ordering = model.ordering_for(size)
        stop, callback, adjustment = options_of(options, model, ordering)
        if stop is not None or callback is not None:
            raise ValueError(
                "Particles takes neither stop nor callback, because what a particle draws is not final before the end."
            )
        shape = event_shape_of(model, size)
        is_kept = torch.zeros(num, size, dtype=torch.bool, device=uniform.device)
        levels = is_kept.long()
        if known is not None and mask is not None:
            levels, is_kept = known.flatten(1)[:, ordering], mask.flatten(1)[:, ordering]
        with one_thread(uniform.device), torch.inference_mode(adjustment.filter is None):
            view = model.incremental(num, context)
            if isinstance(view, Recomputing):  # it does not know the length of these observations
                view = Recomputing(model, num, context, shape)
            population = _Population(view, uniform, levels.to(view.value_dtype), is_kept, adjustment)
            drawn = population.run(self.n)
        x, sizes = torch.empty_like(drawn), torch.empty_like(population.sizes)
        x[:, ordering], sizes[:, ordering] = drawn, population.sizes
        self.report = Report(
            population.log_known,
            population.variance.sqrt(),
            sizes.view(num, *shape),
            population.resamplings,
        )
        return x.view(num, *shape)


class _Population:
    """The particles of all rows: one each at first, n from the first hidden variable to the last known one, then one again."""

    def __init__(
        self,
        view: Incremental,
        uniform: Tensor,
        known: Tensor,
        is_kept: Tensor,
        adjustment: Adjustment,
    ) -> None:
        self.view, self.adjustment = view, adjustment
        self.spare: Incremental | None = None  # the view before the last resampling
        self.uniform, self.known, self.is_kept = uniform, known, is_kept
        self.num, self.size = uniform.shape
        self.each = 1  # particles of a row
        self.generator = torch.Generator().manual_seed(int(uniform.cpu().view(torch.int64).sum()) % 2**63)
        self.all_rows = torch.ones(self.num, dtype=torch.bool, device=uniform.device)
        self.drawn = torch.empty_like(known)
        self.log_weights = torch.zeros(self.num, 1, dtype=torch.float64, device=uniform.device)
        self.effective_size = effective_size(self.log_weights)
        # of what was resampled already
        self.log_known, self.variance = torch.zeros(2, self.num, dtype=torch.float64, device=uniform.device)
        self.resamplings = torch.zeros_like(self.all_rows, dtype=torch.int64)
        self.sizes = torch.empty_like(uniform)

    def run(self, n: int) -> Tensor:
        """Draw all variables; returns levels ``(N, D)``."""
        draws, weighs = (~self.is_kept).any(0).tolist(), self.is_kept.any(0).tolist()
        first = draws.index(True) if True in draws else self.size
        last = self.size - weighs[::-1].index(True) if True in weighs else 0
        reported, step, end = torch.full_like(self.effective_size, n)[:, None], 0, 0
        while step < self.size:
            if step == first < last:
                self._go_on_with(torch.arange(self.num, device=self.drawn.device).repeat_interleave(n), n)
            if step == last > first:
                self._end()
            count = 0
            if draws[step]:
                if self.each > 1:
                    self._resample(~self.is_kept[:, step])
            elif step >= end:
                end = draws.index(True, step) if True in draws[step:] else self.size
                count = self._at_once(step, end)
                end = step + count if count else end  # look again after these, or step through the run
            sizes = self._weigh(step, count) if count else self._step(step, draws[step], weighs[step])
            if self.each > 1:
                reported = sizes
            self.sizes[:, step : step + (count or 1)] = reported
            reported, step = reported[:, -1:], step + (count or 1)
        self._end()
        return self.drawn

    def _at_once(self, step: int, end: int) -> int:
        """How many of the variables from `step` to `end`, all known in every row, are weighed at once; 0 if one by one.

        A view that looks ahead computes the rest of a row of pixels at the cost of one. If a part of it is left to be
        drawn, the view goes on pixel by pixel anyway.
        """
        view = self.view
        if not isinstance(view, Walk) or not view.looks_ahead or self.adjustment.filter is not None:
            return 0
        if view.likelihood.num_levels is None:
            return 0
        if view.step < step:
            view.conditional()  # it reads what was appended
        rest = min(_AT_ONCE, end - step) if view.at_hand is None else view.at_hand
        return rest if rest <= end - step else 0

    def _weigh(self, step: int, count: int) -> Tensor:
        """Weigh the particles by several variables that are known in every row; returns the effective sizes ``(N, count)``."""
        assert isinstance(self.view, Walk)
        levels = self.known[:, step : step + count].repeat_interleave(self.each, 0)
        parameters = self.view.ahead(levels[:, :-1].T)[:count].transpose(0, 1)
        conditional = self.view.likelihood.distribution(in_single(parameters))
        check_conditional(conditional, self.drawn.device)
        found = _log_prob(self.adjustment.distribution(conditional), levels).view(self.num, self.each, count)
        weights = torch.cat([self.log_weights[:, :, None], found], 2).cumsum(2)[:, :, 1:]
        sizes = effective_size(weights)
        self.log_weights, self.effective_size = weights[:, :, -1], sizes[:, -1]
        self.drawn[:, step : step + count] = levels
        self.view.accept(levels.T)
        return sizes

    def _step(self, step: int, draws: bool, weighs: bool) -> Tensor:
        """Draw a variable where it is hidden, and weigh the particles where it is known; returns the effective sizes ``(N, 1)``."""
        conditional = self.view.conditional()
        check_conditional(conditional, self.drawn.device)
        is_kept = self.is_kept[:, step, None]
        if self.adjustment.filter is None:
            conditional = self.adjustment.distribution(conditional)
        else:
            is_drawn = ~is_kept.expand(-1, self.each).flatten()
            conditional = self.adjustment(conditional, step, self.drawn[:, :step].clone(), is_drawn)
        if draws:
            levels = inverse_cdf(conditional, self._noise(step).flatten()).view(self.num, self.each)
        if weighs:
            known = self.known[:, step, None].expand(-1, self.each)
            levels = torch.where(is_kept, known, levels) if draws else known
            found = _log_prob(conditional, levels.flatten()).view(levels.shape)
            self.log_weights = self.log_weights + torch.where(is_kept, found, 0)
            self.effective_size = effective_size(self.log_weights)
        self.drawn[:, step] = levels.flatten()
        self.view.append(levels.flatten())
        return self.effective_size[:, None]

    def _noise(self, step: int) -> Tensor:
        """A row's own noise while it has one particle, and new noise for several."""
        own = self.uniform[:, step, None]
        if self.each == 1:
            return own
        return torch.rand(self.num, self.each, dtype=torch.float64, generator=self.generator).to(own)

    def _resample(self, is_due: Tensor) -> None:
        """Copy particles in proportion to their weights in the rows where that is due and the effective size is low."""
        is_due = is_due & (self.effective_size < self.each / 2)
        if bool(is_due.any()):
            chosen = torch.arange(self.each, device=is_due.device).expand(self.num, -1).clone()
            chosen[is_due] = self._chosen(is_due, self.each)
            self.resamplings += is_due
            self._account(is_due)
            self._go_on_with(self._flat(chosen), self.each)

    def _end(self) -> None:
        """Go on with one particle of each row."""
        chosen = self._chosen(self.all_rows, 1) if self.each > 1 else None
        self._account(self.all_rows)
        if chosen is not None:
            self._go_on_with(self._flat(chosen), 1)

    def _chosen(self, rows: Tensor, count: int) -> Tensor:
        """Choose particles of some rows by their weights, ``(rows, count)``."""
        log_weights = self.log_weights[rows]
        is_lost = log_weights.isneginf().all(1)
        if bool(is_lost.any()):
            row = int(rows.nonzero()[is_lost][0])
            raise ValueError(
                f"The known levels of row {row} have probability 0 after what each of its {self.each} particles drew: "
                "they are impossible, or take more particles."
            )
        uniform = torch.rand(self.num, dtype=torch.float64, generator=self.generator)[rows.cpu()]
        return systematic(log_weights.softmax(1), uniform.to(log_weights), count)

    def _account(self, rows: Tensor) -> None:
        """Move the mean weights of some rows to what is known about p(known); their weights are equal after that."""
        mean = self.log_weights.logsumexp(1) - math.log(self.each)
        variance = (1 / self.effective_size - 1 / self.each).clamp(min=0)
        self.log_known = torch.where(rows, self.log_known + mean, self.log_known)
        self.variance = torch.where(rows, self.variance + variance, self.variance)
        self.log_weights = self.log_weights.masked_fill(rows[:, None], 0)
        self.effective_size = effective_size(self.log_weights)

    def _flat(self, chosen: Tensor) -> Tensor:
        """Indices of particles of each row, ``(N, m)``, among the particles of all rows."""
        rows = torch.arange(self.num, device=chosen.device)[:, None]
        return (rows * self.each + chosen).flatten()

    def _go_on_with(self, particles: Tensor, each: int) -> None:
        """Keep these particles, which may repeat; every row has this many."""
        view, spare = self.view, self.spare
        # particles stay in their row, so a view of as many has the right context; its buffers and plans serve again
        if each == self.each and isinstance(view, Walk) and isinstance(spare, Walk):
            spare.take_over(view, particles)
            self.view = spare
        else:
            self.view = view.select(particles)
        self.spare = view if each == self.each else None
        self.drawn = self.drawn[particles]
        self.log_weights = self.log_weights.flatten()[particles].view(self.num, each)
        self.effective_size, self.each = effective_size(self.log_weights), each


def _log_prob(conditional: distributions.Distribution, levels: Tensor) -> Tensor:
    """In float64; a filter may leave no level where nothing is drawn."""
    found = log_prob(conditional, levels).double()
    return found.masked_fill(found.isnan(), -torch.inf)


def effective_size(log_weights: Tensor) -> Tensor:
    """Compute how many equal weights would be worth as much as these, (sum w)^2 / sum w^2 (Kong, Liu, Wong 1994).

    Args:
        log_weights: logarithms of weights, ``(N, n)``.

    Returns:
        Numbers from 1 to n, ``(N,)``; 1 if all weights are 0.

    >>> effective_size(torch.tensor([[0.0, 0.0, 0.0, 0.0], [0.0, 0.0, -torch.inf, -torch.inf]]))
    tensor([4., 2.])
    """
    weights = (log_weights - log_weights.amax(1, keepdim=True)).exp()
    return (weights.sum(1).square() / weights.square().sum(1)).nan_to_num(1.0)


def systematic(weights: Tensor, uniform: Tensor, count: int) -> Tensor:
    """Choose `count` of n by one random number: those at equal distances along the running sum of the weights.

    Each is chosen as often as its share of the weight says, rounded up or down (Carpenter, Clifford, Fearnhead 1999).

    Args:
        weights: weights that sum to 1, ``(N, n)``.
        uniform: numbers in [0, 1), ``(N,)``.
        count: how many to choose.

    Returns:
        Indices, int64 ``(N, count)``, in rising order; none has the weight 0.

    >>> systematic(torch.tensor([[0.1, 0.0, 0.6, 0.3]]), torch.tensor([0.5]), 4)
    tensor([[2, 2, 2, 3]])
    """
    sums = weights.cumsum(1)
    sums = sums / sums[:, -1:]  # exactly 1 at the end, so that no position lies beyond it
    places = torch.arange(count, dtype=weights.dtype, device=weights.device)
    positions = ((places + uniform[:, None]) / count).clamp(max=1 - torch.finfo(weights.dtype).eps / 2)
    return torch.searchsorted(sums.contiguous(), positions.contiguous(), right=True)
