"""Likelihoods: torch's own distributions, and draws that are the inverse of their cumulative probabilities."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import distributions

from armod import likelihoods
from armod.likelihoods import (
    Bernoulli,
    Categorical,
    DiscretizedLogisticMixture,
    LogisticMixture,
    inverse_cdf,
    log_prob,
    pick,
    rescale,
    temper,
)
from armod.models.made.mixture import mix
from tests.makers import seeded

DISCRETE = [Bernoulli(), *map(Categorical, (1, 2, 3, 17, 256))]
MIXTURES = [LogisticMixture(*sizes) for sizes in ((1, 2), (2, 1), (3, 2), (4, 3), (17, 1), (256, 5))]
ALL = pytest.mark.parametrize("likelihood", [*DISCRETE, *MIXTURES])


def parameters(likelihood: likelihoods.Likelihood, *shape: int, dtype=torch.float64) -> torch.Tensor:
    return 2 * torch.randn(*shape, likelihood.num_parameters, generator=seeded(), dtype=torch.float64).to(
        dtype
    )


@ALL
def test_distributions_have_one_scalar_variable_and_are_torchs_own_where_torch_has_them(likelihood) -> None:
    given_parameters = parameters(likelihood, 4, 5)
    found = likelihood.distribution(given_parameters)
    family = {
        Bernoulli: distributions.Bernoulli,
        Categorical: distributions.Categorical,
        LogisticMixture: DiscretizedLogisticMixture,
    }
    assert isinstance(found, family[type(likelihood)])
    assert found.batch_shape == (4, 5) and found.event_shape == ()
    assert found.logits.shape[:2] == (4, 5)
    assert likelihoods.num_levels(found) == likelihood.num_levels


@ALL
def test_levels_survive_the_way_into_a_network_and_back(likelihood) -> None:
    levels = torch.randint(likelihood.num_levels, (6, 3), generator=seeded())
    for dtype in (torch.float32, torch.float64):
        features = likelihood.encode(levels, dtype)
        assert features.shape == (6, 3, likelihood.num_features) and features.dtype == dtype
        assert torch.equal(likelihood.decode(features), levels)


@ALL
def test_log_prob_takes_levels_of_any_dtype(likelihood) -> None:
    distribution = likelihood.distribution(parameters(likelihood, 6))
    levels = torch.randint(min(likelihood.num_levels, 2), (6,), generator=seeded())
    expected = torch.stack(
        [log_prob(distribution, torch.full((6,), k)) for k in range(likelihood.num_levels)]
    )
    torch.testing.assert_close(expected.exp().sum(0), torch.ones(6, dtype=torch.float64))
    for dtype in (
        torch.bool,
        torch.uint8,
        torch.int16,
        torch.int64,
        torch.float16,
        torch.float32,
        torch.float64,
    ):
        found = log_prob(distribution, levels.to(dtype))
        assert torch.equal(found, expected[levels, torch.arange(6)])


@ALL
def test_a_draw_is_the_smallest_level_whose_cumulative_probability_exceeds_the_noise(likelihood) -> None:
    given_parameters = parameters(likelihood, 300)
    uniform = torch.rand(300, dtype=torch.float64, generator=seeded(1))
    distribution = likelihood.distribution(given_parameters)
    drawn = likelihood.draw(given_parameters, likelihood.noise(uniform, torch.float64))
    assert drawn.dtype == torch.int64
    assert torch.equal(inverse_cdf(distribution, uniform), drawn)
    features = torch.empty(300, likelihood.num_features, dtype=torch.float64)
    likelihood.draw_features(given_parameters, likelihood.noise(uniform, torch.float64), out=features)
    assert torch.equal(likelihood.decode(features), drawn)
    table = torch.stack(
        [log_prob(distribution, torch.full((300,), k)).exp() for k in range(likelihood.num_levels)]
    )
    for row in range(300):
        cumulative, expected = 0.0, 0
        for level, p in enumerate(table[:, row].tolist()):
            cumulative, expected = cumulative + p, level
            if cumulative > uniform[row]:
                break
        assert drawn[row] == expected


@ALL
@pytest.mark.parametrize("edge", [0.0, 1 - 2**-53])
def test_noise_at_the_edges_draws_a_level_that_exists(likelihood, edge: float) -> None:
    for dtype in (torch.float32, torch.float64):
        given_parameters = parameters(likelihood, 50, dtype=dtype)
        drawn = inverse_cdf(
            likelihood.distribution(given_parameters), torch.full((50,), edge, dtype=torch.float64)
        )
        assert drawn.min() >= 0 and drawn.max() < likelihood.num_levels


@pytest.mark.parametrize("likelihood", DISCRETE)
@pytest.mark.parametrize("edge", [0.0, 1 - 2**-53])
def test_noise_at_the_edges_draws_the_outer_levels(likelihood, edge: float) -> None:
    for dtype in (torch.float32, torch.float64):
        given_parameters = parameters(likelihood, 50, dtype=dtype)
        drawn = inverse_cdf(
            likelihood.distribution(given_parameters), torch.full((50,), edge, dtype=torch.float64)
        )
        assert (drawn == (0 if edge == 0 else likelihood.num_levels - 1)).float().mean() > 0.9


def test_draws_have_the_distributions_frequencies() -> None:
    given = torch.tensor([0.1, 0.6, 0.0, 0.3], dtype=torch.float64)
    uniform = torch.rand(50_000, dtype=torch.float64, generator=seeded())
    drawn = inverse_cdf(distributions.Categorical(probs=given).expand((50_000,)), uniform)
    frequency = torch.bincount(drawn, minlength=4) / 50_000
    torch.testing.assert_close(frequency.double(), given, rtol=0, atol=0.01)
    assert frequency[2] == 0


@settings(deadline=None, max_examples=50)
@given(st.floats(-30, 30), st.floats(0.05, 20))
def test_temperature_divides_the_logits(logit: float, temperature: float) -> None:
    bit = temper(distributions.Bernoulli(logits=torch.tensor(logit, dtype=torch.float64)), temperature)
    assert bit.logits.item() == pytest.approx(logit / temperature)
    two = temper(
        distributions.Categorical(logits=torch.tensor([0.0, logit], dtype=torch.float64)), temperature
    )
    assert (two.logits[1] - two.logits[0]).item() == pytest.approx(logit / temperature, abs=1e-9)


@ALL
@pytest.mark.parametrize("temperature", [0.25, 1.0, 3.0])
def test_tempered_parameters_are_those_of_the_tempered_distribution(likelihood, temperature: float) -> None:
    given_parameters = parameters(likelihood, 20)
    levels = torch.arange(likelihood.num_levels).unsqueeze(-1).expand(-1, 20)
    whole = temper(likelihood.distribution(given_parameters), temperature)
    by_hand = likelihood.distribution(likelihood.tempered(given_parameters, temperature))
    torch.testing.assert_close(log_prob(whole, levels), log_prob(by_hand, levels), rtol=1e-13, atol=1e-13)
    sharpest = log_prob(likelihood.distribution(likelihood.tempered(given_parameters, 1e-9)), levels)
    torch.testing.assert_close(sharpest.exp().max(0).values, torch.ones(20, dtype=torch.float64))


@settings(deadline=None, max_examples=50)
@given(st.integers(1, 70_000), st.sampled_from([torch.float32, torch.float64]))
def test_levels_as_quantities_are_evenly_spaced_from_minus_one_to_one(num_levels: int, dtype) -> None:
    numbers = rescale(torch.arange(num_levels), num_levels, dtype)
    assert numbers.dtype == dtype
    if num_levels == 1:
        assert numbers.tolist() == [0]
    else:
        assert numbers[0] == -1 and numbers[-1] == 1 and torch.equal(numbers, -numbers.flip(0))
        expected = torch.arange(num_levels, dtype=torch.float64) / (num_levels - 1) * 2 - 1
        torch.testing.assert_close(numbers.double(), expected, rtol=0, atol=1e-7)
    for other in (torch.float32, torch.int32):
        assert torch.equal(rescale(torch.arange(num_levels).to(other), num_levels, dtype), numbers)


@pytest.mark.parametrize("likelihood", [Bernoulli(), Categorical(3), LogisticMixture(5, 2)])
def test_pick_takes_one_variable_by_its_flat_index(likelihood) -> None:
    given_parameters = parameters(likelihood, 4, 2, 3)
    whole = likelihood.distribution(given_parameters)
    for variable in range(6):
        one = pick(whole, variable)
        expected = likelihood.distribution(given_parameters[:, variable // 3, variable % 3])
        assert one.batch_shape == (4,)
        level = torch.ones(4)
        torch.testing.assert_close(log_prob(one, level), log_prob(expected, level))


def test_a_mixture_averages_probabilities_not_logits() -> None:
    bits = [distributions.Bernoulli(probs=torch.tensor(p, dtype=torch.float64)) for p in (0.1, 0.9, 0.99)]
    weights = torch.tensor([0.5, 0.3, 0.2], dtype=torch.float64)
    found = mix(bits[0], bits, weights.log())
    assert found.probs.item() == pytest.approx(0.5 * 0.1 + 0.3 * 0.9 + 0.2 * 0.99)


def test_too_few_levels_are_refused() -> None:
    with pytest.raises(ValueError, match="at least 1 level, not 0"):
        Categorical(0)
    for sizes in ((0, 1), (1, 0)):
        with pytest.raises(ValueError, match="at least 1 level and 1 component, not"):
            LogisticMixture(*sizes)


def test_a_certain_bit_is_drawn_for_certain() -> None:
    logits = torch.tensor([math.inf, -math.inf], dtype=torch.float64)
    uniform = torch.rand(1000, 2, dtype=torch.float64, generator=seeded())
    drawn = inverse_cdf(distributions.Bernoulli(logits=logits.expand(1000, 2), validate_args=False), uniform)
    assert (drawn == torch.tensor([1, 0])).all()


def test_a_late_normalised_categorical_is_torchs_in_all_it_says() -> None:
    logits = torch.randn(3, 4, 5, generator=seeded(), dtype=torch.float64)
    late, torchs = Categorical(5).distribution(logits), distributions.Categorical(logits=logits)
    levels = torch.randint(5, (3, 4), generator=seeded(1))
    for name in ("logits", "probs", "mode", "mean", "variance"):
        torch.testing.assert_close(getattr(late, name), getattr(torchs, name), equal_nan=True)
    assert late.param_shape == torchs.param_shape and late.batch_shape == torchs.batch_shape
    expected = torchs.log_prob(levels)
    torch.testing.assert_close(late.log_prob(levels), expected)
    torch.testing.assert_close(likelihoods.log_prob(late, levels.to(torch.uint8)), expected)
    torch.testing.assert_close(late.entropy(), torchs.entropy())
    assert distributions.kl_divergence(late, torchs).abs().max() < 1e-12
    wider = late.expand((2, 3, 4))
    assert wider.batch_shape == (2, 3, 4) and wider.sample().shape == (2, 3, 4)
    torch.testing.assert_close(wider.log_prob(levels), expected.expand(2, 3, 4))
    assert late.enumerate_support().shape == (5, 3, 4)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
@pytest.mark.parametrize("temperature", [1e-6, 0.3, 7.0])
def test_a_temperature_does_not_round(temperature: float, dtype: torch.dtype) -> None:
    """Divided in float16, logits of 1e-6 are infinite."""
    for likelihood in (Bernoulli(), Categorical(5), LogisticMixture(30, 2)):
        outputs = torch.randn(300, likelihood.num_parameters, generator=seeded()).to(dtype)
        uniform = torch.rand(300, dtype=torch.float64, generator=seeded(1))
        precise = likelihood.tempered(outputs.double(), temperature)
        coarse = likelihood.tempered(outputs, temperature)
        expected = likelihood.draw(precise, likelihood.noise(uniform, torch.float64))
        assert torch.equal(likelihood.draw(coarse, likelihood.noise(uniform, dtype)), expected)
