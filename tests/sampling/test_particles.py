"""Particles complete from any side: p(known) is unbiased, and completions have the distribution that enumeration gives."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import torch
from scipy import stats
from torch import Tensor, distributions

from armod import AutoregressiveModel, likelihoods, orderings
from armod.sampling import Particles, adjusted_log_prob, particles
from tests.examples import LARGER, every_observation
from tests.makers import (
    UserBits,
    context_for,
    gated,
    histogram,
    lively,
    made,
    multi_scale,
    recurrent,
    seeded,
    subscale,
    transformer,
    wavenet,
)

SHAPE, BITS = (1, 4, 3), likelihoods.Bernoulli()


class Echo(AutoregressiveModel):
    """Hidden bits that stay as they are with probability 0.7, each followed by an echo that is right with 0.95."""

    context_size, likelihood = 0, BITS

    def __init__(self, num_variables: int = 12) -> None:
        super().__init__()
        self.event_shape, self.ordering = torch.Size([num_variables]), torch.arange(num_variables)

    def conditionals(self, x: Tensor, context: Tensor | None = None) -> distributions.Distribution:
        before = torch.cat([torch.zeros(len(x), 2), x[:, :-1]], 1).double()
        probs = torch.where(
            torch.arange(x.shape[1]) % 2 == 1, 0.05 + 0.9 * before[:, 1:], 0.3 + 0.4 * before[:, :-1]
        )
        return distributions.Bernoulli(probs=probs)


MODELS: dict[str, Callable[[], AutoregressiveModel]] = {
    "made": lambda: made(SHAPE, (20,)),
    "made, random ordering": lambda: made(SHAPE, (20,), ordering=orderings.random(SHAPE, seed=3)),
    "mixture of one order": lambda: made(SHAPE, (20,), num_masks=3, ordering=orderings.raster(SHAPE)),
    "gated": lambda: lively(gated(SHAPE, BITS, coordinates=True), seed=2, scale=1.0),
    "recurrent": lambda: recurrent(SHAPE, BITS),
    "transformer": lambda: transformer(SHAPE, BITS),
    "subscale": lambda: subscale(SHAPE, 2, BITS),
    "multi-scale": lambda: multi_scale(SHAPE, BITS),
    "user's bits": lambda: UserBits(12),
    "echo": Echo,
}
LOWER = torch.arange(12).view(SHAPE) >= 6  # in raster order the hidden variables come first
CHECKERBOARD = (torch.arange(12) % 2 == 1).view(SHAPE)
KNOWN = torch.tensor([0, 1, 0, 1, 1, 0, 1, 0, 1, 0, 0, 1])


class Truth:
    """What enumeration says about a completion of 12 bits.

    >>> Truth(made((12,)), KNOWN, CHECKERBOARD.flatten()).completions.sum()
    tensor(1.0000, dtype=torch.float64)
    """

    def __init__(self, model: AutoregressiveModel, known: Tensor, mask: Tensor) -> None:
        every = every_observation(model)
        self.known, self.mask = known.view(model.event_shape), mask.view(model.event_shape)
        fits = ((every == self.known) | ~self.mask).flatten(1).all(1)
        with torch.no_grad():
            log_probs = model.log_prob(every[fits]).double()
        self.log_known = log_probs.logsumexp(0).item()
        self.completions = (
            log_probs - self.log_known
        ).exp()  # in the order of the hidden bits as a binary number

    def number(self, x: Tensor) -> Tensor:
        """Which completion each observation is."""
        assert torch.equal(x[:, self.mask], self.known[self.mask].expand(len(x), -1))
        hidden = x[:, ~self.mask]
        return (hidden * 2 ** torch.arange(hidden.shape[1] - 1, -1, -1)).sum(1)

    def errors(
        self, sampler: Particles, model: AutoregressiveModel, num: int, **options: Any
    ) -> tuple[float, float]:
        """How far p(known) and the completions are off, in standard errors."""
        x = model.sample(
            num, known=self.known, mask=self.mask, generator=seeded(1), method=sampler, **options
        )
        ratios = (sampler.report.log_prob_known - self.log_known).exp()
        of_known = (ratios.mean().item() - 1) / max(ratios.std().item() / math.sqrt(num), 1e-9)
        return abs(of_known), self.error_of(x)

    def error_of(self, x: Tensor) -> float:
        """How improbable Pearson's statistic of the completions is, as standard deviations of a normal number."""
        counts = torch.bincount(self.number(x), minlength=len(self.completions)).double()
        due = self.completions * len(x)
        often = due >= 5
        counts = torch.cat([counts[often], counts[~often].sum()[None]])
        due = torch.cat([due[often], due[~often].sum()[None]]).clamp(min=1e-9)
        statistic = ((counts - due).square() / due).sum().item()
        return float(stats.norm.isf(stats.chi2.sf(statistic, len(due) - 1)))


PAIRS = [(name, "lower half") for name in MODELS] + [
    (name, "checkerboard") for name in ("made", "mixture of one order", "gated", "user's bits", "echo")
]


@pytest.mark.parametrize(("name", "known"), PAIRS)
def test_p_of_the_known_and_the_completions_are_those_of_enumeration(name: str, known: str) -> None:
    model, mask = MODELS[name](), LOWER if known == "lower half" else CHECKERBOARD
    of_known, of_completions = Truth(model, KNOWN, mask).errors(Particles(200), model, 200)
    assert of_known < 3 and of_completions < 3


@pytest.mark.parametrize("name", ["made", "gated", "user's bits"])
def test_few_particles_still_say_the_right_p_of_the_known_on_average(name: str) -> None:
    """Unbiased for any n, here 3; the mean of the logarithms is too low."""
    model = MODELS[name]()
    truth, sampler = Truth(model, KNOWN, CHECKERBOARD), Particles(3)
    assert truth.errors(sampler, model, 2000)[0] < 3
    assert sampler.report.log_prob_known.mean() < truth.log_known


def no_weights(mutate: pytest.MonkeyPatch) -> None:
    """What a raster model does by itself."""
    mutate.setattr(particles, "log_prob", lambda conditional, levels: torch.zeros(levels.shape))


def any_particle_at_the_end(mutate: pytest.MonkeyPatch) -> None:
    choose = particles.systematic
    mutate.setattr(
        particles,
        "systematic",
        lambda weights, uniform, count: choose(
            torch.full_like(weights, 1 / weights.shape[1]) if count == 1 else weights, uniform, count
        ),
    )


def the_heaviest_particle(mutate: pytest.MonkeyPatch) -> None:
    mutate.setattr(particles, "systematic", lambda weights, uniform, count: weights.topk(count).indices)


def old_weights_after_resampling(mutate: pytest.MonkeyPatch) -> None:
    account = particles._Population._account

    def accounted(self: Any, rows: Tensor) -> None:
        before = self.log_weights
        account(self, rows)
        self.log_weights = before

    mutate.setattr(particles._Population, "_account", accounted)


def weights_that_are_dropped(mutate: pytest.MonkeyPatch) -> None:
    """Resampled, and what the weights said about p(known) is forgotten."""

    def forgotten(self: Any, rows: Tensor) -> None:
        self.log_weights = self.log_weights.masked_fill(rows[:, None], 0)

    mutate.setattr(particles._Population, "_account", forgotten)


def weighed_one_step_late(mutate: pytest.MonkeyPatch) -> None:
    """Each particle is weighed by what another one would have said."""
    log_prob = particles.log_prob
    mutate.setattr(particles, "log_prob", lambda conditional, levels: log_prob(conditional, levels).roll(1))


MUTANTS = {
    mutant.__name__: mutant
    for mutant in (
        no_weights,
        any_particle_at_the_end,
        the_heaviest_particle,
        old_weights_after_resampling,
        weights_that_are_dropped,
        weighed_one_step_late,
    )
}


@pytest.mark.parametrize("mutant", MUTANTS)
def test_the_comparison_notices_wrong_weights(mutant: str, monkeypatch: pytest.MonkeyPatch) -> None:
    model = Echo()
    truth = Truth(model, KNOWN, CHECKERBOARD)
    MUTANTS[mutant](monkeypatch)
    assert max(truth.errors(Particles(64), model, 300)) > 6


def test_raster_completion_is_another_distribution() -> None:
    model = MODELS["made"]()
    truth = Truth(model, KNOWN, LOWER)
    raster = model.sample(300, known=truth.known, mask=LOWER, generator=seeded(2))
    assert truth.error_of(raster) > 100


def test_resampling_makes_the_estimate_surer(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without it, as in importance sampling, p(known) of a long sequence rests on a few particles."""
    model = Echo(40)
    arguments = {"known": model.sample(1, generator=seeded(3)), "mask": torch.arange(40) % 2 == 1}

    def spread() -> tuple[Tensor, Particles]:
        sampler = Particles(16)
        model.sample(100, **arguments, generator=seeded(4), method=sampler)
        return sampler.report.log_prob_known.std(), sampler

    with_it, sampler = spread()
    assert (sampler.report.resamplings > 0).all()
    monkeypatch.setattr(particles._Population, "_resample", lambda self, is_due: None)
    without, sampler = spread()
    assert with_it < 0.5 * without and (sampler.report.resamplings == 0).all()


def test_the_standard_error_is_that_of_independent_runs() -> None:
    model = MODELS["made"]()
    for mask in (LOWER, CHECKERBOARD):
        sampler = Particles(64)
        model.sample(300, known=KNOWN.view(SHAPE), mask=mask, generator=seeded(5), method=sampler)
        report = sampler.report
        said = report.standard_error.square().mean().sqrt()
        assert 0.75 < said / report.log_prob_known.std() < 1.25


@pytest.mark.parametrize("name", MODELS)
def test_known_variables_that_come_first_are_exact_and_need_no_particles(name: str) -> None:
    model, sampler = MODELS[name](), Particles(50)
    first = torch.zeros(12, dtype=torch.bool)
    first[model.ordering[:5]] = True
    first = first.view(model.event_shape)
    truth = Truth(model, KNOWN, first)
    x = model.sample(20, known=truth.known, mask=first, generator=seeded(6), method=sampler)
    if not name.startswith("mixture"):  # a mixture draws a member, and then samples that
        assert torch.equal(x, model.sample(20, known=truth.known, mask=first, generator=seeded(6)))
    report = sampler.report
    assert (report.log_prob_known - truth.log_known).abs().max() < 1e-5
    assert report.standard_error.max() == 0 and (report.effective_sizes == 50).all()


@pytest.mark.parametrize("known", ["lower half", "right column", "all but one"])
@pytest.mark.parametrize("name", ["made", "gated", "transformer", "recurrent"])
def test_known_variables_that_follow_each_other_are_weighed_at_once(
    name: str, known: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same samples and weights as one by one, but for rounding, and fewer steps where a view looks ahead."""
    model, places = MODELS[name]().double(), torch.arange(12).view(SHAPE)
    mask = {"lower half": LOWER, "right column": places % 3 > 0, "all but one": places != 4}[known]

    def completed() -> tuple[Tensor, Particles, int]:
        sampler, steps, step = Particles(20), [], particles._Population._step
        monkeypatch.setattr(
            particles._Population, "_step", lambda self, k, *rest: (steps.append(k), step(self, k, *rest))[1]
        )
        x = model.sample(5, known=KNOWN.view(SHAPE), mask=mask, generator=seeded(), method=sampler)
        monkeypatch.setattr(particles._Population, "_step", step)
        return x, sampler, len(steps)

    at_once, sampler, fewer = completed()
    monkeypatch.setattr(particles._Population, "_at_once", lambda self, step, end: 0)
    one_by_one, due, every = completed()
    assert torch.equal(at_once, one_by_one) and every == 12
    assert fewer == 12 if name == "recurrent" else fewer < 12
    for found, right in zip(vars(sampler.report).values(), vars(due.report).values(), strict=True):
        assert torch.allclose(found, right, rtol=1e-9, atol=1e-9)


def test_nothing_and_everything_known() -> None:
    model, sampler = MODELS["gated"](), Particles(5)
    x = model.sample(4, generator=seeded(7), method=sampler)
    assert torch.equal(x, model.sample(4, generator=seeded(7)))
    assert sampler.report.log_prob_known.tolist() == [0.0] * 4
    everything = torch.ones(SHAPE, dtype=torch.bool)
    assert torch.equal(model.sample(4, known=x, mask=everything, method=sampler), x)
    assert torch.allclose(sampler.report.log_prob_known, model.log_prob(x))
    assert model.sample(0, method=sampler).shape == (0, *SHAPE)
    assert sampler.report.effective_sizes.shape == (0, *SHAPE)


def test_rows_have_their_own_levels_masks_and_contexts() -> None:
    """Each row of a batch against what it says alone."""
    model = LARGER["transformer, context, reversed"]()
    context = context_for(model, 3)
    known, mask = model.sample(3, context, generator=seeded()), torch.rand(3, 9, generator=seeded(2)) < 0.5
    sampler = Particles(400)
    x = model.sample(3, context, known=known, mask=mask, generator=seeded(), method=sampler)
    assert torch.equal(x[mask], known[mask])
    together = sampler.report
    for row in range(3):
        one = slice(row, row + 1)
        model.sample(1, context[one], known=known[one], mask=mask[one], generator=seeded(row), method=sampler)
        error = together.standard_error[row].square() + sampler.report.standard_error.square()
        difference = (together.log_prob_known[row] - sampler.report.log_prob_known).abs()
        assert difference < 4 * error.sqrt() + 1e-9
    # the rows differ much more
    assert (together.log_prob_known.diff().abs() > 20 * together.standard_error.max()).any()


def few_ones_in_a_row(conditional: Any, step: int, values: Tensor) -> Any:
    after_a_one = values[:, -1] if step else torch.zeros(len(values))
    return distributions.Bernoulli(logits=conditional.logits - 2 * after_a_one)


@pytest.mark.parametrize(
    "options", [{"temperature": 0.5}, {"filter": few_ones_in_a_row}], ids=["temperature", "filter"]
)
def test_options_define_another_model(options: dict[str, Any]) -> None:
    model, known = MODELS["made"](), KNOWN.view(SHAPE) * CHECKERBOARD
    fits = every_observation(model)
    fits = fits[((fits == known) | ~CHECKERBOARD).flatten(1).all(1)]
    due = adjusted_log_prob(model, fits, **options).logsumexp(0)
    sampler = Particles(200)
    model.sample(50, known=known, mask=CHECKERBOARD, generator=seeded(), method=sampler, **options)
    ratios = (sampler.report.log_prob_known - due).exp()
    assert abs(ratios.mean() - 1) < 3 * ratios.std() / math.sqrt(50)


def test_real_numbers_and_other_lengths() -> None:
    """A density at the known numbers, against Monte Carlo over the hidden ones."""
    model = wavenet((9,), likelihoods.Logistic(), [1, 2])
    sampler, known = Particles(500), torch.linspace(-1, 1, 5)
    mask = torch.tensor([True, False, True, False, True])
    x = model.sample(20, known=known, mask=mask, length=5, generator=seeded(), method=sampler)
    assert torch.equal(x[:, mask], known[mask].double().expand(20, -1)) and x[:, ~mask].std() > 0
    drawn = model.sample(4000, known=known, mask=mask, length=5, generator=seeded(1))
    with torch.no_grad():
        weights = model.log_prob_per_variable(drawn)[:, mask].sum(1).exp()
    due, error = weights.mean(), weights.std() / math.sqrt(4000)
    found = sampler.report.log_prob_known.exp()
    assert (found.mean() - due).abs() < 3 * (error + found.std() / math.sqrt(20))


def test_the_same_generator_gives_the_same_completion() -> None:
    model = MODELS["gated"]()
    one, same, other = (
        model.sample(8, known=KNOWN.view(SHAPE), mask=LOWER, generator=seeded(seed), method=Particles(9))
        for seed in (1, 1, 2)
    )
    assert torch.equal(one, same) and not torch.equal(one, other)


def test_systematic_choice() -> None:
    """Every count is its share rounded up or down, and no particle of weight 0 is chosen, whatever the number."""
    weights = torch.tensor([[0.0, 0.31, 0.0, 0.27, 0.42, 0.0], [1.0, 0, 0, 0, 0, 0]], dtype=torch.float64)
    for uniform in (0.0, 0.3, 0.7, 1 - 2**-53):
        chosen = particles.systematic(weights, torch.full((2,), uniform, dtype=torch.float64), 6)
        counts = torch.stack([row.bincount(minlength=6) for row in chosen])
        assert ((counts - 6 * weights).abs() < 1).all() and (counts[weights == 0] == 0).all()


def bad_calls() -> Iterator[tuple[Callable[[], Any], str]]:
    model, sampler = made((4,), (6,), 3), Particles(4)
    completion = {"known": torch.ones(4), "mask": torch.tensor([False, True, True, True])}
    yield lambda: Particles(1), "n must be 2 or more, not 1"
    yield lambda: Particles(2.5), "n must be a whole number, not 2.5"
    yield lambda: model.sample(2, method=sampler, heat=1), "heat is no option of sample"
    yield lambda: model.sample(2, method=sampler, stop=0), "Particles takes neither stop nor callback"
    yield lambda: model.sample(2, method=sampler, callback=print), "Particles takes neither stop nor callback"
    orders = made((4,), (6,), num_masks=2)
    yield lambda: orders.sample(2, method=sampler), "an ensemble of 2 different orderings"
    seen = histogram((2,), 3, num_observations=0 + 1)
    unseen = {"known": torch.tensor([0, 2]), "mask": torch.tensor([False, True])}
    if seen.sample(1)[0, 1] != 2:
        yield lambda: seen.sample(2, **unseen, method=sampler), "The known levels of row 0 have probability 0"
    assert model.sample(2, **completion, method=sampler).shape == (2, 4)


@pytest.mark.parametrize(("make", "sentence"), list(bad_calls()))
def test_bad_calls_are_one_sentence(make: Callable[[], Any], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        make()
