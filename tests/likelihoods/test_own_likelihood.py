"""A likelihood of one's own: `distribution` is enough, and the faster versions of armod's own are equal to what follows from it."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor, distributions
from torch.distributions import constraints

from armod import GatedPixelCNN, PixelCNN, total_probability
from armod.likelihoods import (
    Bernoulli,
    Categorical,
    Likelihood,
    LogisticMixture,
    inverse_cdf,
    log_prob,
    num_levels,
    pick,
    table,
    temper,
)
from armod.models.made.mixture import mix
from armod.sampling.samplers import sample_cached
from tests.examples import every_observation
from tests.makers import gated, made, multi_scale, pixelcnn, recurrent, seeded, transformer, wavenet


class Heads(Likelihood):
    """How many of `num_coins` coins show heads: a few lines, as users write it."""

    num_parameters = 1

    def __init__(self, num_coins: int) -> None:
        self.num_levels = num_coins + 1

    def distribution(self, parameters: Tensor) -> distributions.Distribution:
        return distributions.Binomial(self.num_levels - 1, logits=parameters.squeeze(-1))

    def __repr__(self) -> str:  # the name of a test, which must not change from process to process
        return f"Heads({self.num_levels - 1})"


class TwoBags(Likelihood):
    """A mixture of torch's own: coins from one of two bags."""

    num_levels, num_parameters = 4, 3

    def distribution(self, parameters: Tensor) -> distributions.Distribution:
        bag = distributions.Categorical(logits=parameters[..., 1:])
        skew = torch.stack([parameters[..., 0], -2 * parameters[..., 1]], -1)
        return distributions.MixtureSameFamily(bag, distributions.Binomial(3, logits=skew))


class Opaque(distributions.Distribution):
    """Nothing is known of this distribution but its support and its log_prob."""

    arg_constraints = {}  # noqa: RUF012

    def __init__(self, inner: distributions.Distribution) -> None:
        self.inner = inner
        super().__init__(inner.batch_shape, validate_args=False)

    @property
    def support(self) -> constraints.Constraint:
        return constraints.integer_interval(0, num_levels(self.inner) - 1)

    def log_prob(self, value: Tensor) -> Tensor:
        return log_prob(self.inner, value)


class Derived(Likelihood):
    """Another likelihood, of which only `distribution` is kept, and that is opaque."""

    def __init__(self, likelihood: Likelihood) -> None:
        self.likelihood = likelihood
        self.num_levels, self.num_parameters = likelihood.num_levels, likelihood.num_parameters

    def distribution(self, parameters: Tensor) -> Opaque:
        return Opaque(self.likelihood.distribution(parameters))


FAMILIES: dict[str, Callable[[Likelihood], torch.nn.Module]] = {
    "MADE": lambda likelihood: made((4,), (12,), likelihood=likelihood, ordering=[2, 0, 3, 1]),
    "mixture of MADEs": lambda likelihood: made(
        (3,), (12,), likelihood=likelihood, num_masks=3, ordering=[2, 0, 1]
    ),
    "RecurrentModel": lambda likelihood: recurrent((3,), likelihood),
    "Transformer": lambda likelihood: transformer((3,), likelihood),
    "WaveNet": lambda likelihood: wavenet((4,), likelihood, [1, 2]),
    "PixelCNN": lambda likelihood: pixelcnn((1, 2, 2), likelihood),
    "GatedPixelCNN": lambda likelihood: gated((3, 1, 1), likelihood),
    "MultiScale": lambda likelihood: multi_scale((3, 1, 1), likelihood),
}
BUILT_IN = [Bernoulli(), Categorical(1), Categorical(7), LogisticMixture(5, 2), LogisticMixture(256, 3)]
built_in = pytest.mark.parametrize("likelihood", BUILT_IN, ids=str)


def binomial(num_coins: int, logit: float) -> list[float]:
    p = 1 / (1 + math.exp(-logit))
    return [math.comb(num_coins, k) * p**k * (1 - p) ** (num_coins - k) for k in range(num_coins + 1)]


@pytest.mark.parametrize("own", [Heads(2), TwoBags()], ids=["binomial", "mixture of binomials"])
@pytest.mark.parametrize("family", FAMILIES)
def test_one_method_is_enough_in_every_family(family: str, own: Likelihood) -> None:
    model = FAMILIES[family](own)
    assert total_probability(model) == pytest.approx(1, abs=1e-9)
    for options in ({}, {"temperature": 0.5}, {"temperature": 2.0}, {"top_k": 2}, {"greedy": True}):
        cached, naive = (
            model.sample(200, generator=seeded(3), method=method, **options) for method in ("cached", "naive")
        )
        assert torch.equal(cached, naive), options
    view = model.incremental(2)
    view.append(torch.tensor([0, own.num_levels - 1]))
    assert table(view.conditional()).exp().sum(-1).tolist() == pytest.approx([1, 1])


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.0])
@pytest.mark.parametrize("family", [name for name in FAMILIES if "mixture" not in name])
def test_samples_are_as_frequent_as_enumeration_says(family: str, temperature: float) -> None:
    """p^(1/T) of each conditional, normalised, by torch's Binomial at every observation; parameters / T is another p."""
    model = FAMILIES[family](Heads(2))
    everything = every_observation(model)
    conditionals = model.conditionals(everything)
    levels = torch.stack([conditionals.log_prob(torch.full(everything.shape, float(k))) for k in range(3)])
    adjusted = (levels / temperature).log_softmax(0)
    expected = adjusted.gather(0, everything.unsqueeze(0))[0].flatten(1).sum(1).exp()
    num = 4000
    uniform = torch.rand(num, model.num_variables, dtype=torch.float64, generator=seeded(1))
    drawn = sample_cached(model, uniform, temperature=temperature).flatten(1)
    place = 3 ** torch.arange(model.num_variables).flip(0)
    frequency = torch.bincount((drawn * place).sum(1), minlength=len(everything)) / num
    deviation = (frequency - expected).abs() / (expected * (1 - expected) / num + 1e-9).sqrt()
    assert deviation.max() < 4.5


def test_another_temperature_than_that_of_parameters() -> None:
    """Binomial(2, logit 1) at temperature 1/2 is p^2, normalised, and not Binomial(2, logit 2)."""
    squares = [p**2 for p in binomial(2, 1.0)]
    expected = [p / sum(squares) for p in squares]
    found = temper(Heads(2).distribution(torch.ones(1, 1, dtype=torch.float64)), 0.5)
    assert table(found).exp()[0].tolist() == pytest.approx(expected, rel=1e-12)
    assert expected[1] > 1.2 * binomial(2, 2.0)[1]


@built_in
def test_faster_versions_are_equal_to_derived_ones(likelihood: Likelihood) -> None:
    derived, generator = Derived(likelihood), seeded(4)
    parameters = 2 * torch.randn(500, likelihood.num_parameters, dtype=torch.float64, generator=generator)
    uniform = torch.rand(500, dtype=torch.float64, generator=generator)
    fast, slow = (each.draw(parameters, each.noise(uniform, torch.float64)) for each in (likelihood, derived))
    assert torch.equal(fast, slow)
    mine, opaque = likelihood.distribution(parameters), derived.distribution(parameters)
    assert torch.equal(inverse_cdf(mine, uniform), inverse_cdf(opaque, uniform))
    torch.testing.assert_close(table(mine), table(opaque))
    levels = torch.randint(likelihood.num_levels, (500,), generator=generator)
    torch.testing.assert_close(log_prob(mine, levels), log_prob(opaque, levels))
    assert num_levels(mine) == num_levels(opaque) == likelihood.num_levels
    square = likelihood.distribution(parameters[:24].view(4, 2, 3, -1))
    for variable in (0, 5):
        torch.testing.assert_close(table(pick(square, variable)), table(pick(Opaque(square), variable)))
    weights = torch.randn(2, 250, dtype=torch.float64, generator=generator).log_softmax(0)
    members = [likelihood.distribution(half) for half in parameters.view(2, 250, -1)]
    mixed, mixed_opaque = mix(members[0], members, weights), mix(Opaque(members[0]), members, weights)
    torch.testing.assert_close(table(mixed), table(mixed_opaque))
    every_level = torch.arange(likelihood.num_levels)
    assert torch.equal(derived.decode(derived.encode(every_level, torch.float32)), every_level)
    if not isinstance(likelihood, LogisticMixture):  # its temperature keeps the form of a mixture
        torch.testing.assert_close(table(temper(mine, 0.3)), table(temper(opaque, 0.3)))


@pytest.mark.parametrize("shape", [(0,), (0, 3)])
def test_a_sample_of_nothing_is_empty(shape: tuple[int, ...]) -> None:
    none = Heads(3).distribution(torch.zeros(*shape, 1))
    assert inverse_cdf(none, torch.zeros(shape, dtype=torch.float64)).shape == shape
    assert FAMILIES["WaveNet"](Heads(3)).sample(0, method="naive").shape == (0, 4)


def test_a_table_has_no_probability_outside_of_the_support() -> None:
    """Binomials of several sizes side by side, and a distribution that begins at 2."""
    coins = torch.tensor([1.0, 3.0])
    found = table(distributions.Binomial(coins, logits=torch.tensor([0.5, -1.0]), validate_args=False)).exp()
    assert found[0].tolist() == pytest.approx([*binomial(1, 0.5), 0, 0], rel=1e-5)
    assert found[1].tolist() == pytest.approx(binomial(3, -1.0), rel=1e-5)

    class Dice(distributions.Distribution):
        support, arg_constraints = constraints.integer_interval(2, 4), {}

        def log_prob(self, value: Tensor) -> Tensor:
            return ((4 - (value - 3).abs() * 2) / 8).log()

    assert table(Dice(validate_args=False)).exp().tolist() == pytest.approx([0, 0, 0.25, 0.5, 0.25])


@pytest.mark.parametrize(
    "endless",
    [
        distributions.Poisson(torch.ones(2, 2)),
        distributions.Normal(torch.zeros(2, 2), 1.0),
        distributions.Geometric(torch.full((2, 2), 0.5)),
    ],
    ids=lambda each: type(each).__name__,
)
def test_what_has_no_highest_level_is_one_sentence(endless: distributions.Distribution) -> None:
    assert num_levels(endless) is None
    for attempt in (
        lambda: inverse_cdf(endless, torch.zeros(2, 2)),
        lambda: temper(endless, 2.0),
        lambda: pick(endless, 0),
        lambda: table(endless),
        lambda: mix(endless, [endless], torch.zeros(1, 2, 2)),
    ):
        with pytest.raises(TypeError, match=rf"{type(endless).__name__}.*over levels 0\.\.K-1.*`support`"):
            attempt()


def test_a_binomial_is_judged_in_the_digits_of_its_parameters() -> None:
    """torch's Binomial computes in float32 if it is given int64 levels, whatever its logits."""
    logits = torch.tensor([0.3, -2.0, 5.0], dtype=torch.float64)
    found = log_prob(distributions.Binomial(9, logits=logits), torch.tensor([4, 0, 9]))
    exact = [math.log(binomial(9, logit)[k]) for logit, k in zip(logits.tolist(), (4, 0, 9), strict=True)]
    assert found.dtype == torch.float64 and found.tolist() == pytest.approx(exact, rel=1e-12)


def test_marginals_are_the_best_fit_of_each_variable() -> None:
    """With half an observation added to each level, the best binomial has the mean of the levels."""
    levels = torch.tensor([[0, 3, 1], [2, 3, 1], [1, 3, 3], [0, 3, 0]])
    parameters = Heads(3).marginal(levels)
    counts = torch.stack([(levels == k).sum(0) for k in range(4)]) + 0.5
    mean = (counts * torch.arange(4.0)[:, None]).sum(0) / counts.sum(0) / 3
    torch.testing.assert_close(parameters.squeeze(-1), mean.double().logit(), atol=1e-4, rtol=0)
    # a formula of their own gives the same as the climb
    for likelihood in (Bernoulli(), Categorical(4)):
        seen = levels.clamp(max=likelihood.num_levels - 1)
        expected = likelihood.distribution(likelihood.marginal(seen))
        fitted = likelihood.distribution(Likelihood.marginal(likelihood, seen))
        torch.testing.assert_close(table(fitted).exp(), table(expected).exp(), atol=1e-4, rtol=0)
    model = made((3,), (4,), likelihood=Heads(3)).start_from_marginals(levels)
    assert torch.equal(model.linear_layers[-1].bias.detach(), parameters.flatten())


def test_a_likelihood_that_has_no_fit_says_so() -> None:
    class Broken(Heads):
        def distribution(self, parameters: Tensor) -> distributions.Distribution:
            return distributions.Binomial(2, logits=(parameters.squeeze(-1) * 0) / 0, validate_args=False)

    with pytest.raises(ValueError, match=r"No parameters of Broken .* method `marginal`"):
        Broken(2).marginal(torch.tensor([[0], [2]]))


class NeverZero(Categorical):
    """A level is forbidden by another `distribution`; everything else is inherited."""

    def distribution(self, parameters: Tensor) -> distributions.Categorical:
        forbidden = torch.arange(self.num_levels) == 0
        return super().distribution(parameters.masked_fill(forbidden, -torch.inf))


class Stuck(Bernoulli):
    """A bit that is nearly always 1."""

    def distribution(self, parameters: Tensor) -> distributions.Bernoulli:
        return super().distribution(parameters.abs() + 20)


class Mixin:
    """A class beside the likelihoods that says another distribution."""

    def distribution(self, parameters: Tensor) -> distributions.Bernoulli:
        return Bernoulli.distribution(self, parameters.abs() + 20)


class StuckByMixin(Mixin, Bernoulli):
    """The same bit."""


@pytest.mark.parametrize(
    ("likelihood", "never"),
    [(NeverZero(3), 0), (Stuck(), 0), (StuckByMixin(), 0)],
    ids=lambda each: str(each),
)
def test_what_was_fast_for_a_parents_distribution_is_forgotten(likelihood: Likelihood, never: int) -> None:
    parameters = torch.randn(400, likelihood.num_parameters, dtype=torch.float64, generator=seeded())
    uniform = torch.rand(400, dtype=torch.float64, generator=seeded(1))
    drawn = likelihood.draw(parameters, likelihood.noise(uniform, torch.float64))
    assert not (drawn == never).any()
    assert likelihood.tempered(parameters, 0.5) is None and not likelihood.draws_features
    for family in ("MADE", "RecurrentModel", "Transformer", "WaveNet", "PixelCNN", "GatedPixelCNN"):
        model = FAMILIES[family](likelihood)
        for temperature in (1.0, 1.5):
            cached, naive = (
                model.sample(40, generator=seeded(3), method=method, temperature=temperature)
                for method in ("cached", "naive")
            )
            assert torch.equal(cached, naive) and not (cached == never).any()
        seen = model.log_prob(torch.full((1, *model.event_shape), never))
        assert seen < -10  # not what the inherited fast version would say


class Signs(Categorical):
    """Levels enter as one number each; the distribution is inherited, and so are its fast versions."""

    @property
    def num_features(self) -> int:
        return 1

    def encode(self, levels: Tensor, dtype: torch.dtype) -> Tensor:
        return (2 - 3 * levels.to(dtype)).unsqueeze(-1)


def test_another_encoding_keeps_the_draws_and_is_decoded_by_itself() -> None:
    likelihood = Signs(4)
    levels = torch.randint(4, (5, 6), generator=seeded())
    assert torch.equal(likelihood.decode(likelihood.encode(levels, torch.float64)), levels)
    assert type(likelihood).draw is Categorical.draw and type(likelihood).tempered is Categorical.tempered
    for family in ("MADE", "RecurrentModel", "Transformer", "WaveNet"):
        model = FAMILIES[family](likelihood)
        assert torch.equal(
            model.sample(50, generator=seeded()), model.sample(50, generator=seeded(), method="naive")
        )


def test_a_draw_of_ones_own_is_used_where_features_are_drawn() -> None:
    class Contrary(Bernoulli):
        def draw(self, parameters: Tensor, noise: Tensor) -> Tensor:
            return 1 - super().draw(parameters, noise)

    model, contrary = made((3,), (4,)), made((3,), (4,), likelihood=Contrary())
    first, other = (m.sample(30, generator=seeded())[:, 0] for m in (model, contrary))
    assert torch.equal(first, 1 - other)


def test_images_of_counts_have_a_log_prob() -> None:
    for kind in (PixelCNN, GatedPixelCNN):
        model = kind((3, 2, 2), 4, 1, likelihood=Heads(6))
        x = torch.randint(7, (5, 3, 2, 2), generator=seeded())
        expected = model.conditionals(x).log_prob(x.float()).flatten(1).sum(1)
        torch.testing.assert_close(model.log_prob(x), expected)
