"""The discretized logistic mixture against its definition in 80 decimal digits, and at the ends of what floats hold."""

from __future__ import annotations

import math
from decimal import Decimal, localcontext
from itertools import pairwise

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from armod.likelihoods import DiscretizedLogisticMixture, LogisticMixture, inverse_cdf, pick
from armod.models.made.mixture import mix
from tests.makers import seeded

DTYPES = st.sampled_from([torch.float32, torch.float64])
NUM_LEVELS = st.sampled_from([1, 2, 3, 4, 5, 17, 256, 300])


def mixtures(largest: tuple[float, float, float]) -> st.SearchStrategy[list[list[float]]]:
    """Logits, means and log scales of 1 to 4 components, each up to `largest`, as float32 holds them."""
    logit, mean, log_scale = (st.floats(-bound, bound, width=32) for bound in largest)
    component = st.tuples(logit, mean, log_scale)
    return st.lists(component, min_size=1, max_size=4).map(
        lambda rows: [list(row) for row in zip(*rows, strict=True)]
    )


MODERATE, EXTREME = mixtures((8.0, 2.0, 8.0)), mixtures((1e4, 1e4, 1e3))


def build(mixture: list[list[float]], num_levels: int, dtype: torch.dtype) -> tuple[Tensor, ...]:
    """Parameters as leaves, and the log-probability of every level."""
    parameters = torch.tensor(mixture, dtype=dtype).flatten().requires_grad_()
    distribution = LogisticMixture(num_levels, len(mixture[0])).distribution(parameters)
    return parameters, distribution.log_prob(torch.arange(num_levels))


def exact(mixture: list[list[float]], num_levels: int) -> list[float]:
    """Log-probabilities by the definition: differences of cumulative probabilities, in many digits."""
    with localcontext() as context:
        context.prec = 80
        logits, means, log_scales = ([Decimal(number) for number in row] for row in mixture)
        weights = [(logit - max(logits)).exp() for logit in logits]
        half = Decimal(1) / max(num_levels - 1, 1)

        def below(end: Decimal) -> Decimal:
            parts = [
                weight / (1 + ((mean - end) / log_scale.exp()).exp())
                for weight, mean, log_scale in zip(weights, means, log_scales, strict=True)
            ]
            return sum(parts) / sum(weights)

        ends = [(2 * level - num_levels) * half for level in range(1, num_levels)]
        cumulative = [Decimal(0), *map(below, ends), Decimal(1)]
        # where 80 digits are not enough for the difference, there is nothing to compare with
        masses = [after - before for before, after in pairwise(cumulative)]
        return [float(mass.ln()) if mass > Decimal("1e-40") else math.nan for mass in masses]


@settings(deadline=None, max_examples=150)
@given(MODERATE, st.sampled_from([1, 2, 3, 5, 17]))
def test_log_prob_is_the_mass_of_the_bin_in_its_definition(mixture, num_levels: int) -> None:
    found = build(mixture, num_levels, torch.float64)[1].tolist()
    for log_prob, expected in zip(found, exact(mixture, num_levels), strict=True):
        # the mean itself is rounded once: a scale of e^-8 makes 3000 of that
        assert math.isnan(expected) or log_prob == pytest.approx(expected, rel=1e-12, abs=1e-11)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("log_scale", [-3.0, -5.0, -9.0, -20.0])
def test_far_tails_are_exact_where_probabilities_underflow(log_scale: float, dtype: torch.dtype) -> None:
    """With the bin's ends mirrored to a < 0 and b < a: log p = a + log(1 - e^(b-a)) - log(1 + e^a) - log(1 + e^b)."""
    scale, half = math.exp(log_scale), 1 / 255
    distribution = LogisticMixture(256, 1).distribution(torch.tensor([0.0, 0.0, log_scale], dtype=dtype))
    for level in (40, 200, 0, 255):
        a = (half - abs(2 * level - 255) / 255) / scale
        b = -math.inf if level in (0, 255) else a - 2 * half / scale
        expected = a + math.log(-math.expm1(b - a)) - math.log1p(math.exp(a)) - math.log1p(math.exp(b))
        found = distribution.log_prob(torch.tensor(level)).item()
        assert found < -5 and found == pytest.approx(expected, rel=1e-5 if dtype == torch.float32 else 1e-12)


@settings(deadline=None, max_examples=300)
@given(EXTREME | MODERATE, NUM_LEVELS, DTYPES)
def test_any_parameters_make_a_distribution_with_finite_log_probs_and_gradients(mixture, num_levels, dtype):
    parameters, log_probs = build(mixture, num_levels, dtype)
    assert log_probs.dtype == dtype and log_probs.isfinite().all()
    total = log_probs.detach().double().exp().sum().item()
    assert total == pytest.approx(1, abs=1e-6 if dtype == torch.float32 else 1e-13)
    log_probs.sum().backward()
    assert parameters.grad.isfinite().all()


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("num_levels", [1, 2, 256, 65_536])
def test_even_the_largest_floats_are_survived(num_levels: int, dtype: torch.dtype) -> None:
    largest = torch.finfo(torch.float32).max
    for signs in torch.cartesian_prod(*[torch.tensor([-1.0, 0.0, 1.0])] * 3):
        given_parameters = torch.stack([signs, -signs, signs.roll(1)]).flatten() * largest
        given_parameters = given_parameters.to(dtype).requires_grad_()
        log_probs = (
            LogisticMixture(num_levels, 3)
            .distribution(given_parameters)
            .log_prob(torch.tensor([0, num_levels // 2, num_levels - 1]))
        )
        log_probs.sum().backward()
        assert log_probs.isfinite().all() and given_parameters.grad.isfinite().all()


@pytest.mark.parametrize("num_levels", [1, 2, 3, 256])
def test_gradients_are_right(num_levels: int) -> None:
    likelihood = LogisticMixture(num_levels, 3)
    parameters = torch.randn(4, 9, generator=seeded(), dtype=torch.float64).requires_grad_()
    levels = torch.tensor([0, num_levels // 2, num_levels // 3, num_levels - 1])
    assert torch.autograd.gradcheck(lambda p: likelihood.distribution(p).log_prob(levels), parameters)


def test_a_clamped_parameter_has_no_gradient_and_others_do() -> None:
    parameters = torch.tensor([0.0, 0.3, -41.0], dtype=torch.float64).requires_grad_()
    LogisticMixture(5, 1).distribution(parameters).log_prob(torch.tensor(0)).backward()
    assert parameters.grad[2] == 0 and parameters.grad[1] < -1e10


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_outputs_are_computed_in_single(dtype: torch.dtype) -> None:
    likelihood = LogisticMixture(256, 3)
    half = torch.randn(20, 9, generator=seeded()).to(dtype)
    assert torch.equal(likelihood.distribution(half).probs, likelihood.distribution(half.float()).probs)
    uniform = torch.rand(20, dtype=torch.float64, generator=seeded(1))
    drawn = likelihood.draw(half, likelihood.noise(uniform, dtype))
    assert torch.equal(drawn, inverse_cdf(likelihood.distribution(half.float()), uniform))


@settings(deadline=None, max_examples=100)
@given(MODERATE | EXTREME, NUM_LEVELS, DTYPES, st.integers(0, 1000))
def test_draws_are_where_the_cdf_passes_the_noise(mixture, num_levels: int, dtype, seed: int) -> None:
    parameters = torch.tensor(mixture, dtype=dtype).flatten().expand(50, -1)
    distribution = LogisticMixture(num_levels, len(mixture[0])).distribution(parameters)
    uniform = torch.rand(50, dtype=torch.float64, generator=seeded(seed)).to(dtype)
    drawn = distribution.icdf(uniform)
    assert drawn.dtype == torch.int64 and drawn.min() >= 0 and drawn.max() < num_levels
    # rounding of a sum may differ with the shape of a batch
    slack = 4 * torch.finfo(dtype).eps
    assert (distribution.cdf(drawn) > uniform - slack).all()
    assert (distribution.cdf(drawn - 1) <= uniform + slack).all()


def test_the_cdf_is_the_sum_of_the_probabilities_so_far() -> None:
    distribution = LogisticMixture(17, 3).distribution(
        torch.randn(9, dtype=torch.float64, generator=seeded())
    )
    levels = torch.arange(-1, 18)
    expected = torch.cat([torch.zeros(1), distribution.probs.cumsum(0), torch.ones(1)])
    torch.testing.assert_close(distribution.cdf(levels), expected.double())


@pytest.mark.parametrize("shape", [(), (6,), (2, 3)])
@pytest.mark.parametrize("num_levels", [1, 2, 5])
def test_mean_and_variance_are_in_levels(shape: tuple[int, ...], num_levels: int) -> None:
    parameters = torch.randn(*shape, 6, dtype=torch.float64, generator=seeded())
    distribution = LogisticMixture(num_levels, 2).distribution(parameters)
    assert distribution.probs.shape == (*shape, num_levels)
    levels = torch.arange(num_levels, dtype=torch.float64)
    mean = (distribution.probs * levels).sum(-1)
    torch.testing.assert_close(distribution.mean, mean)
    second = (distribution.probs * levels**2).sum(-1)
    torch.testing.assert_close(distribution.variance, second - mean**2)


def test_it_behaves_as_torchs_distributions() -> None:
    # torch.compile, used by any test before this one, turns the default of validate_args off for good
    distribution = DiscretizedLogisticMixture(
        torch.zeros(4, 2), torch.zeros(4, 2), torch.zeros(4, 2), 5, validate_args=True
    )
    assert distribution.batch_shape == (4,) and distribution.event_shape == ()
    assert distribution.expand((3, 4)).log_prob(torch.tensor(2)).shape == (3, 4)
    assert distribution.expand((3, 4)).batch_shape == (3, 4)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        drawn = distribution.sample((20_000,))
    assert drawn.shape == (20_000, 4) and drawn.dtype == torch.int64
    frequency = torch.bincount(drawn[:, 0], minlength=5) / len(drawn)
    torch.testing.assert_close(frequency, distribution.probs[0], rtol=0, atol=0.02)
    with pytest.raises(ValueError, match="support"):
        distribution.log_prob(torch.full((4,), 5))
    with pytest.raises(ValueError, match="constraint"):
        DiscretizedLogisticMixture(
            torch.full((2,), math.nan), torch.zeros(2), torch.zeros(2), 5, validate_args=True
        )


def test_a_mixture_of_mixtures_averages_probabilities() -> None:
    parameters = torch.randn(3, 4, 6, dtype=torch.float64, generator=seeded())
    members = [LogisticMixture(5, 2).distribution(member) for member in parameters]
    log_weights = torch.randn(3, 4, dtype=torch.float64, generator=seeded(1)).log_softmax(0)
    for weights in (log_weights, log_weights[:, :1].log_softmax(0)):
        expected = sum(w.exp()[:, None] * m.probs for w, m in zip(weights, members, strict=True))
        torch.testing.assert_close(mix(members[0], members, weights).probs, expected.expand(4, 5))


def test_one_variable_is_picked_with_all_its_parameters() -> None:
    parameters = torch.randn(4, 2, 3, 6, dtype=torch.float64, generator=seeded())
    likelihood = LogisticMixture(7, 2)
    whole = likelihood.distribution(parameters)
    for variable in range(6):
        expected = likelihood.distribution(parameters[:, variable // 3, variable % 3])
        assert torch.equal(pick(whole, variable).probs, expected.probs)


@pytest.mark.parametrize("num_components", [1, 2, 5])
def test_marginals_fit_each_variable_better_than_evenly(num_components: int) -> None:
    """A narrow variable, one of two humps, a constant one at the edge, and one constant in the middle."""
    noise = torch.randn(500, 2, generator=seeded())
    humps = torch.where(torch.arange(500) % 3 == 0, 40, 200)
    columns = [100 + 5 * noise[:, 0], humps + 3 * noise[:, 1], torch.zeros(500), torch.full((500,), 77.0)]
    x = torch.stack(columns, dim=1).round().clamp(0, 255).long()
    likelihood = LogisticMixture(256, num_components)
    parameters = likelihood.marginal(x)
    assert parameters.shape == (4, 3 * num_components)
    mean_log_prob = likelihood.distribution(parameters).log_prob(x).mean(0)
    is_better = mean_log_prob > math.log(1 / 256)
    assert is_better[[0, 2, 3]].all()
    assert is_better[1] or num_components == 1  # one hump cannot be two
    assert (mean_log_prob[2:] > math.log(1 / 5)).all()
    assert likelihood.marginal(x[:1]).isfinite().all()
    assert LogisticMixture(1, num_components).marginal(torch.zeros(3, 2)).isfinite().all()


@settings(deadline=None, max_examples=80)
@given(MODERATE | EXTREME, st.sampled_from([1, 2, 5, 256]), DTYPES)
def test_entropy_and_mode_are_those_of_the_enumerated_levels(mixture, num_levels: int, dtype) -> None:
    parameters = torch.tensor(mixture, dtype=dtype).flatten()
    distribution = LogisticMixture(num_levels, len(mixture[0])).distribution(parameters)
    levels = distribution.enumerate_support()
    assert torch.equal(levels, torch.arange(num_levels))
    log_probs = distribution.log_prob(levels).tolist()
    entropy = -math.fsum(math.exp(each) * each for each in log_probs)
    tolerance = 1e-5 if dtype == torch.float32 else 1e-12
    assert distribution.entropy().item() == pytest.approx(entropy, rel=tolerance, abs=tolerance)
    assert distribution.entropy().item() + tolerance >= 0 and entropy <= math.log(num_levels) + tolerance
    assert distribution.mode.dtype == torch.int64
    # the batch may change the last digit of a log-probability
    assert log_probs[distribution.mode] >= max(log_probs) - tolerance * abs(max(log_probs)) - tolerance


@settings(deadline=None, max_examples=50)
@given(MODERATE, st.sampled_from([2, 5, 17]))
def test_entropy_is_that_of_the_definition(mixture, num_levels: int) -> None:
    probs = [math.exp(log_prob) for log_prob in exact(mixture, num_levels) if not math.isnan(log_prob)]
    found = LogisticMixture(num_levels, len(mixture[0])).distribution(
        torch.tensor(mixture, dtype=torch.float64).flatten()
    )
    expected = -math.fsum(p * math.log(p) for p in probs)
    assert found.entropy().item() == pytest.approx(expected, rel=1e-8, abs=1e-10)


def test_of_equally_probable_levels_the_lowest_is_the_mode() -> None:
    """An even number of levels with the mean in the middle, and two humps of which neither is higher."""
    middle = LogisticMixture(4, 1).distribution(torch.tensor([0.0, 0.0, -3.0], dtype=torch.float64))
    humps = LogisticMixture(5, 2).distribution(
        torch.tensor([0.0, 0.0, -0.5, 0.5, -4.0, -4.0], dtype=torch.float64)
    )
    assert middle.mode.item() == 1 and humps.mode.item() == 1


@pytest.mark.parametrize("shape", [(), (6,), (2, 3)])
def test_the_support_is_enumerated_as_torch_does(shape: tuple[int, ...]) -> None:
    distribution = LogisticMixture(5, 2).distribution(torch.randn(*shape, 6, generator=seeded()))
    torchs = torch.distributions.Categorical(logits=torch.zeros(*shape, 5))
    assert distribution.has_enumerate_support
    for expand in (True, False):
        assert torch.equal(distribution.enumerate_support(expand), torchs.enumerate_support(expand))
    assert torch.equal(distribution.enumerate_support(), torchs.enumerate_support())
    assert distribution.entropy().shape == distribution.mode.shape == shape


def test_entropy_has_the_right_gradient() -> None:
    parameters = torch.randn(3, 6, dtype=torch.float64, generator=seeded()).requires_grad_()
    assert torch.autograd.gradcheck(lambda p: LogisticMixture(5, 2).distribution(p).entropy(), parameters)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_parameters_of_half_precision_make_a_distribution_in_single(dtype: torch.dtype) -> None:
    logits, means, log_scales = torch.randn(3, 20, 2, generator=seeded()).to(dtype)
    coarse = DiscretizedLogisticMixture(logits, means, log_scales, 256)
    single = DiscretizedLogisticMixture(logits.float(), means.float(), log_scales.float(), 256)
    assert torch.equal(coarse.probs, single.probs) and torch.equal(coarse.entropy(), single.entropy())


def test_parameters_broadcast() -> None:
    """One mixture's weights and scales serve the means of many batch elements."""
    logits, log_scales = torch.randn(2, 3, generator=seeded(1), dtype=torch.float64)
    means = torch.randn(5, 3, generator=seeded(2), dtype=torch.float64)
    broadcast = DiscretizedLogisticMixture(logits, means, log_scales, 7)
    assert broadcast.batch_shape == (5,)
    each = [DiscretizedLogisticMixture(logits, mean, log_scales, 7).probs for mean in means]
    assert torch.equal(broadcast.probs, torch.stack(each))
