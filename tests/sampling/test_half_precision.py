"""Every dtype draws and judges levels as float64 says: impossible levels never come up, frequencies and sums are right.

Networks are made so that all their conditionals are known: their weights are zero, and the biases of their last layer are
numbers that bfloat16 holds exactly. What they draw is compared with an inverse CDF in float64 that shares no step with armod.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor, distributions

from armod import (
    MADE,
    AutoregressiveModel,
    GatedPixelCNN,
    PixelCNN,
    PixelCNNPlusPlus,
    RecurrentModel,
    Transformer,
    WaveNet,
)
from armod.likelihoods import (
    Bernoulli,
    Categorical,
    Likelihood,
    LogisticMixture,
    inverse_cdf,
    log_prob,
    pick,
    rescale,
)
from armod.models.histogram import Histogram
from armod.models.made.mixture import member_posterior, mix
from armod.models.plus_plus.pixel_mixture import PixelMixture
from armod.sampling.samplers import sample_cached, sample_naive
from tests.likelihoods.test_own_likelihood import Heads
from tests.makers import seeded

DTYPES = [torch.float64, torch.float32, torch.bfloat16, torch.float16]
dtypes = pytest.mark.parametrize("dtype", DTYPES, ids=str)
ALMOST_ONE = math.nextafter(1.0, 0.0)
NEVER = -50.0  # a logit: e^-50 is 2e-22

CRAFTED: dict[str, tuple[Likelihood, list[float]]] = {
    "first bit": (Bernoulli(), [50.0]),
    "last bit": (Bernoulli(), [NEVER]),
    "fair bit": (Bernoulli(), [0.75]),
    "last level": (Categorical(4), [0.0, 1.25, -2.0, NEVER]),
    "first level": (Categorical(3), [NEVER, 0.5, 0.0]),
    "middle levels": (Categorical(6), [0.0, NEVER, NEVER, -1.5, NEVER, 1.0]),
    "upper half of 256": (Categorical(256), [0.0] * 128 + [NEVER] * 128),
    "every other of 301": (Categorical(301), ([0.125, NEVER] * 151)[:301]),
    "only one possible": (Categorical(5), [NEVER, NEVER, 0.0, NEVER, NEVER]),
    "narrow mixture at the bottom": (LogisticMixture(256, 2), [0.0, 1.0, -0.875, -0.5, -6.0, -5.0]),
    "two humps with nothing between": (LogisticMixture(128, 2), [0.5, 0.0, -0.75, 0.75, -5.0, -5.5]),
    "nine humps": (LogisticMixture(64, 9), [0.0] * 9 + [k / 8 for k in range(-6, 3)] + [-6.0] * 9),
    "binomial": (Heads(5), [-0.5]),
    "binomial with rare ends": (Heads(3), [20.0]),
}
crafted = pytest.mark.parametrize("name", CRAFTED)


def exact(likelihood: Likelihood, parameters: list[float]) -> Tensor:
    """The probability of each level, in float64 and by its definition."""
    values = torch.tensor(parameters, dtype=torch.float64)
    if isinstance(likelihood, Bernoulli):
        return torch.sigmoid(torch.cat([-values, values]))
    if isinstance(likelihood, Categorical):
        return values.exp() / values.exp().sum()
    if isinstance(likelihood, Heads):
        num_coins, p = likelihood.num_levels - 1, torch.sigmoid(values)
        counts = torch.arange(likelihood.num_levels, dtype=torch.float64)
        ways = torch.tensor([math.comb(num_coins, k) for k in range(num_coins + 1)])
        return ways * p**counts * torch.sigmoid(-values) ** (num_coins - counts)
    logits, means, log_scales = values.view(3, -1)
    step = 2 / (likelihood.num_levels - 1)
    ends = torch.arange(1, likelihood.num_levels, dtype=torch.float64) * step - 1 - step / 2
    inside = torch.sigmoid((ends[:, None] - means) / log_scales.exp()) @ logits.softmax(0)
    return torch.cat([torch.zeros(1), inside, torch.ones(1)]).double().diff()


def by_hand(probs: Tensor, uniform: Tensor) -> Tensor:
    """The inverse CDF in float64; minus 1 where the noise is so close to a threshold that single precision may differ."""
    cumulative = probs.cumsum(0)
    cumulative[-1] = 1
    levels = (uniform.unsqueeze(-1) >= cumulative).sum(-1)
    thresholds = cumulative[:-1][probs[1:] > 1e-12]  # where the level changes to another possible one
    is_close = (
        (uniform.unsqueeze(-1) - thresholds).abs().amin(-1, keepdim=True) if len(thresholds) else uniform + 1
    )
    return levels.where(is_close.view(levels.shape) > 3e-6, -1)


def grid(num: int = 4096) -> Tensor:
    """Evenly spread noise, its two ends, and what is closest to 1 in coarser types."""
    ends = [ALMOST_ONE, 1 - 2**-25, 1 - 2**-24, 1 - 2**-12, 1 - 2**-9, 1 - 2**-8]
    return torch.cat(
        [(torch.arange(num, dtype=torch.float64) + 0.5) / num, torch.tensor(ends, dtype=torch.float64)]
    )


@dtypes
@crafted
def test_draws_are_those_of_float64(name: str, dtype: torch.dtype) -> None:
    likelihood, parameters = CRAFTED[name]
    probs, uniform = exact(likelihood, parameters), grid()
    outputs = torch.tensor(parameters).to(dtype).expand(len(uniform), -1)
    assert torch.equal(outputs[0].double(), torch.tensor(parameters).double())
    expected = by_hand(probs, uniform)
    by_parameters = likelihood.draw(outputs, likelihood.noise(uniform, dtype))
    for drawn in (by_parameters, inverse_cdf(likelihood.distribution(outputs), uniform)):
        assert torch.equal(drawn.where(expected >= 0, -1), expected)
        # float64 tells numbers apart that are closer to 1
        assert (probs[drawn] > (2**-54 if dtype == torch.float64 else 1e-12)).all()
        frequency = torch.bincount(drawn[:4096], minlength=likelihood.num_levels) / 4096
        assert (frequency - probs).abs().max() < 1.01 / 4096


@dtypes
@crafted
def test_the_noise_at_its_ends_draws_the_outermost_possible_levels(name: str, dtype: torch.dtype) -> None:
    likelihood, parameters = CRAFTED[name]
    probs = exact(likelihood, parameters)
    outputs = torch.tensor(parameters).to(dtype).expand(2, -1)
    uniform = torch.tensor([0.0, ALMOST_ONE], dtype=torch.float64)
    lowest, highest = likelihood.draw(outputs, likelihood.noise(uniform, dtype)).tolist()
    possible = (probs > 1e-7).nonzero().flatten()
    # a number of 0 belongs to a level of any probability, however small
    assert 0 <= lowest <= possible[0]
    assert highest == possible[-1] or probs[highest] > 2**-53


@dtypes
def test_a_forbidden_level_is_never_drawn_at_either_end(dtype: torch.dtype) -> None:
    logits = torch.tensor([-math.inf, 0.0, -math.inf, 0.5, -math.inf]).to(dtype).expand(2, -1)
    uniform = torch.tensor([0.0, ALMOST_ONE], dtype=torch.float64)
    likelihood = Categorical(5)
    assert likelihood.draw(logits, likelihood.noise(uniform, dtype)).tolist() == [1, 3]


def test_what_the_last_sum_leaves_goes_to_a_possible_level() -> None:
    """In float32 the sums of these levels end below 1 - 2^-24, the greatest noise there is."""
    logits = torch.cat([torch.randn(2000, 200, generator=seeded()), torch.full((2000, 3), NEVER)], dim=1)
    ends = logits.softmax(-1).cumsum(-1)[:, -1]
    short = ends < 1 - 2**-24
    assert short.sum() > 20  # otherwise this shows nothing
    likelihood = Categorical(203)
    almost = torch.full((2000,), ALMOST_ONE, dtype=torch.float64)
    drawn = likelihood.draw(logits, likelihood.noise(almost, torch.float32))
    assert drawn.max() < 200 and drawn.min() > 150


@pytest.mark.parametrize("is_transposed", [False, True])
def test_what_a_mixtures_mass_leaves_goes_to_a_possible_level(is_transposed: bool) -> None:
    """The layout decides the order in which torch adds the components, and so what the mass of all of them rounds to."""
    logits = torch.randn(4000, 7, generator=seeded())
    short = logits.softmax(-1).sum(-1) < 1 - 2**-24
    assert short.sum() > 20  # otherwise this shows nothing
    means = torch.linspace(-0.9, 0.25, 7).expand(4000, 7)
    likelihood = LogisticMixture(256, 7)
    parameters = torch.cat([logits, means, torch.full((4000, 7), -7.0)], dim=1)
    if is_transposed:
        parameters = parameters.T.contiguous().T
    almost = torch.full((4000,), ALMOST_ONE, dtype=torch.float64)
    by_distribution = inverse_cdf(likelihood.distribution(parameters), almost)
    for drawn in (likelihood.draw(parameters, likelihood.noise(almost, torch.float32)), by_distribution):
        # the highest mean is at level 159, and its scale is a ninth of a level
        assert drawn.max() < 164 and drawn.min() > 50


@pytest.mark.parametrize("is_transposed", [False, True])
def test_no_noise_lands_where_the_mass_does_not_grow(is_transposed: bool) -> None:
    likelihood = LogisticMixture(200, 5)
    logits, humps = torch.randn(300, 5, generator=seeded(2)), torch.tensor([-0.9, -0.5, 0.0, 0.5, 0.9])
    parameters = torch.cat([logits, humps.expand(300, 5), torch.full((300, 5), -7.0)], dim=1)
    if is_transposed:
        parameters = parameters.T.contiguous().T
    to_next_hump = ((torch.arange(200) / 199 * 2 - 1)[:, None] - humps).abs().amin(1)
    for threshold in logits.softmax(-1).cumsum(-1)[:, :4].unbind(1):
        for ulps in range(-3, 4):
            uniform = (threshold + ulps * 2**-25).double()
            drawn = likelihood.draw(parameters, likelihood.noise(uniform, torch.float32))
            assert to_next_hump[drawn].max() < 0.03


@dtypes
@pytest.mark.parametrize(
    "likelihood", [Bernoulli(), Categorical(5), LogisticMixture(9, 2), Heads(3)], ids=str
)
def test_noise_and_distributions_are_in_single_at_least(likelihood: Likelihood, dtype: torch.dtype) -> None:
    at_least = torch.promote_types(dtype, torch.float32)
    almost = torch.tensor([ALMOST_ONE], dtype=torch.float64)
    assert likelihood.noise(almost, dtype).dtype == at_least
    if isinstance(likelihood, Heads):  # the noise of the others is what they compare with
        assert likelihood.noise(almost, dtype) < 1
    else:
        conditional = likelihood.distribution(torch.zeros(2, likelihood.num_parameters, dtype=dtype))
        assert conditional.logits.dtype == at_least
        assert conditional.log_prob(torch.zeros(2).to(conditional.logits)).dtype == at_least


def constant(model: AutoregressiveModel, parameters: list[float], dtype: torch.dtype) -> AutoregressiveModel:
    """The model whose conditionals all have these parameters."""
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.zero_()
        output = (
            next(
                part
                for part in (getattr(model, name, None) for name in ("head", "output"))
                if part is not None
            )
            if not isinstance(model, MADE)
            else model.linear_layers[-1]
        )
        output.bias.copy_(torch.tensor(parameters).repeat(len(output.bias) // len(parameters)))
    return model.to(dtype)


FAMILIES: dict[str, Callable[[Likelihood], AutoregressiveModel]] = {
    "MADE": lambda likelihood: MADE((3, 4, 8), [4], likelihood=likelihood),
    "RecurrentModel": lambda likelihood: RecurrentModel((96,), 2, likelihood=likelihood),
    "Transformer": lambda likelihood: Transformer((96,), 2, num_layers=1, num_heads=1, likelihood=likelihood),
    "WaveNet": lambda likelihood: WaveNet((96,), 2, dilations=[1, 2], likelihood=likelihood),
    "PixelCNN": lambda likelihood: PixelCNN((3, 4, 8), 3, 1, likelihood=likelihood),
    "GatedPixelCNN": lambda likelihood: GatedPixelCNN((3, 4, 8), 3, 1, likelihood=likelihood),
}


@dtypes
@pytest.mark.parametrize("family", FAMILIES)
def test_samples_of_every_family_are_those_of_float64(family: str, dtype: torch.dtype) -> None:
    uniform = torch.rand(40, 96, dtype=torch.float64, generator=seeded(7))
    uniform[:, ::13] = ALMOST_ONE
    for name in (
        "last level",
        "upper half of 256",
        "two humps with nothing between",
        "binomial with rare ends",
    ):
        likelihood, parameters = CRAFTED[name]
        if family == "MADE" and name == "upper half of 256":
            likelihood, parameters = CRAFTED["every other of 301"]
        model = constant(FAMILIES[family](likelihood), parameters, dtype)
        x = sample_cached(model, uniform)
        expected = by_hand(exact(likelihood, parameters), uniform)
        in_order = x.flatten(1)[:, model.ordering]
        assert torch.equal(in_order.where(expected >= 0, -1), expected)
        assert x.dtype == torch.int64


@dtypes
def test_naive_samples_are_those_of_float64(dtype: torch.dtype) -> None:
    uniform = torch.rand(300, 4, dtype=torch.float64, generator=seeded(8))
    uniform[::3, 1] = ALMOST_ONE
    for name, (likelihood, parameters) in CRAFTED.items():
        model = constant(MADE((4,), [2], likelihood=likelihood), parameters, dtype)
        expected = by_hand(exact(likelihood, parameters), uniform)
        for sampler in (sample_naive, sample_cached):
            x = sampler(model, uniform)
            assert torch.equal(x.where(expected >= 0, -1), expected), name


@dtypes
@pytest.mark.parametrize("num_channels", [1, 3])
def test_pixelcnn_plus_plus_draws_and_judges_as_float64(num_channels: int, dtype: torch.dtype) -> None:
    """Channels that depend on each other: in bfloat16 a mean of half precision is off by a level and more."""
    model = PixelCNNPlusPlus((num_channels, 4, 4), 2, num_resnets=1, num_mixtures=3, num_levels=256)
    bias = torch.randn(model.output.bias.shape, generator=seeded(num_channels)).bfloat16().float()
    bias[bias < -1] -= 3.5
    single = constant(model, bias.tolist(), dtype)
    uniform = torch.rand(60, 16 * num_channels, dtype=torch.float64, generator=seeded(9))
    drawn = sample_cached(single, uniform)
    x = torch.randint(256, (8, num_channels, 4, 4), generator=seeded())
    found = single.log_prob_per_variable(x)
    precise = constant(model, bias.tolist(), torch.float64)
    assert (sample_cached(precise, uniform) != drawn).double().mean() < 1e-3
    torch.testing.assert_close(found.double(), precise.log_prob_per_variable(x), rtol=1e-4, atol=1e-4)
    assert found.dtype == torch.promote_types(dtype, torch.float32)


@dtypes
@pytest.mark.parametrize("family", FAMILIES)
def test_log_likelihoods_are_those_of_float64(family: str, dtype: torch.dtype) -> None:
    for name in ("last level", "first bit", "two humps with nothing between", "binomial"):
        likelihood, parameters = CRAFTED[name]
        model = constant(FAMILIES[family](likelihood), parameters, dtype)
        log_probs = exact(likelihood, parameters).log()
        x = torch.multinomial(log_probs.exp(), 5 * 96, replacement=True, generator=seeded()).view(
            5, *model.event_shape
        )
        found = model.log_prob(x)
        expected = log_probs[x].flatten(1).sum(1)
        assert found.dtype == torch.promote_types(dtype, torch.float32)
        torch.testing.assert_close(found.double(), expected, rtol=2e-5, atol=2e-5)


@pytest.mark.parametrize("dtype", DTYPES[2:], ids=str)
def test_distributions_that_a_users_model_makes_in_half_precision_are_read_in_single(
    dtype: torch.dtype,
) -> None:
    logits = torch.randn(600, 40, generator=seeded()).to(dtype)
    levels, uniform = (
        torch.randint(40, (600,), generator=seeded()),
        torch.rand(600, generator=seeded()).double(),
    )
    theirs = distributions.Categorical(logits=logits, validate_args=False)
    expected = theirs.logits.double().log_softmax(-1)
    found = log_prob(theirs, levels)
    torch.testing.assert_close(found.double(), expected.gather(1, levels[:, None])[:, 0], atol=1e-5, rtol=0)
    cumulative = expected.exp().cumsum(-1)
    by_definition = (uniform[:, None] >= cumulative).sum(-1).clamp(max=39)
    is_close = (uniform[:, None] - cumulative).abs().amin(-1) < 3e-6
    assert ((inverse_cdf(theirs, uniform) == by_definition) | is_close).all()
    bits = distributions.Bernoulli(logits=logits, validate_args=False)
    zero_or_one = (levels % 2)[:, None].expand(600, 40)
    signed = logits.double() * (2 * zero_or_one - 1)
    torch.testing.assert_close(
        log_prob(bits, zero_or_one).double(), torch.nn.functional.logsigmoid(signed), atol=1e-5, rtol=1e-5
    )
    assert log_prob(pick(bits, 3), zero_or_one[:, 3]).dtype == torch.float32
    mixed = mix(theirs, [theirs, theirs], torch.zeros(2, 600).log_softmax(0))
    torch.testing.assert_close(log_prob(mixed, levels), found, atol=1e-5, rtol=0)


@dtypes
@pytest.mark.parametrize("num_levels", [2, 129, 256, 300, 1000, 65_536])
def test_levels_as_quantities_are_rounded_once(num_levels: int, dtype: torch.dtype) -> None:
    """In float16, twice the level 65535 is infinite; in bfloat16, 2 * 299 is 600."""
    levels = torch.arange(num_levels)
    numbers = (2 * levels.double() - (num_levels - 1)) / (num_levels - 1)
    found = rescale(levels, num_levels, dtype)
    assert found.dtype == dtype and found[0] == -1 and found[-1] == 1
    assert (found.double() - numbers).abs().max() <= torch.finfo(dtype).eps / 2


@pytest.mark.parametrize("dtype", DTYPES[1:], ids=str)
def test_made_returns_the_levels_that_it_drew(dtype: torch.dtype) -> None:
    """A level is not read back from the network's input, which holds 1000 levels in 8 bits at best."""
    likelihood = LogisticMixture(1000, 1)
    model = constant(MADE((50,), [3], likelihood=likelihood), [0.0, 0.5, -6.0], dtype)
    uniform = torch.rand(100, 50, dtype=torch.float64, generator=seeded())
    expected = by_hand(exact(likelihood, [0.0, 0.5, -6.0]), uniform)
    x = sample_cached(model, uniform)
    assert torch.equal(x.where(expected >= 0, -1), expected)


@dtypes
def test_a_mixture_of_mades_and_its_posterior_add_up_in_float64(dtype: torch.dtype) -> None:
    """Two members with the same weights but other masks; the weights of 600 variables differ by what bfloat16 can't hold."""
    model = MADE((600,), [2], likelihood=Bernoulli(), num_masks=2, ordering=range(600))
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_((0.4 * torch.randn(parameter.shape, generator=seeded(3))).bfloat16())
    model = model.to(dtype)
    x = torch.randint(2, (6, 600), generator=seeded())
    members = torch.stack([member.log_prob_per_variable(x).double() for member in model.members])
    before = members.cumsum(2) - members
    expected = (before.log_softmax(0) + members).logsumexp(0)
    tolerance = 1e-10 if dtype == torch.float64 else 4e-6
    found = model.log_prob_per_variable(x).double()
    torch.testing.assert_close(found, expected, rtol=tolerance, atol=tolerance)
    known = torch.ones(6, 600, dtype=torch.bool)
    weights = before.log_softmax(0).exp()
    assert (
        (weights > 0.05).all(0) & (before < -300).all(0)
    ).double().mean() > 0.03  # the sums are long and matter
    posterior = member_posterior(model.members, 6, x, known).logits.T
    torch.testing.assert_close(posterior.double(), members.sum(2).log_softmax(0), rtol=1e-6, atol=1e-6)
    if dtype in (torch.float64, torch.float32):  # in half precision the two views differ themselves
        view = model.incremental(6)
        for k in range(600):
            if k % 50 == 49:
                found = log_prob(view.conditional(), x[:, k])
                torch.testing.assert_close(found.double(), expected[:, k], rtol=1e-4, atol=1e-4)
            view.append(x[:, k])


@dtypes
def test_a_histogram_stays_exact(dtype: torch.dtype) -> None:
    counted = Histogram((2,), 3).fit(torch.tensor([[0, 1]] * 3 + [[1, 0]] * 997)).to(dtype)
    assert counted.log_prob(torch.tensor([[0, 1]])).item() == pytest.approx(math.log(0.003), rel=1e-12)
    # the bin 2 was never seen, and it is the last one
    uniform = torch.tensor([[ALMOST_ONE, ALMOST_ONE], [0.0, 0.0], [0.0029, ALMOST_ONE]], dtype=torch.float64)
    for sampler in (sample_cached, sample_naive):
        assert sampler(counted, uniform).tolist() == [[1, 0], [0, 1], [0, 1]]


@dtypes
def test_a_pixel_is_divided_in_single(dtype: torch.dtype) -> None:
    pixels = PixelMixture(LogisticMixture(256, 4), num_channels=3)
    outputs = torch.randn(50, pixels.num_parameters, generator=seeded()).bfloat16()
    levels = torch.randint(256, (50, 3), generator=seeded())
    expected = pixels.conditionals(outputs.double(), levels)
    found = pixels.conditionals(outputs.to(dtype), levels)
    torch.testing.assert_close(found.double(), expected, rtol=1e-4, atol=1e-4)
