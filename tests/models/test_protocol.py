"""The protocol's promises, held against every model: two views of one distribution."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor, distributions

from armod import (
    AutoregressiveModel,
    MultiScale,
    NGram,
    WaveNet,
    check_autoregressive,
    dependency_matrix,
    total_probability,
)
from armod.likelihoods import DiscretizedLogisticMixture
from armod.likelihoods import log_prob as log_prob_of
from armod.sampling.samplers import Recomputing
from tests.examples import ENSEMBLES, MODELS, every_observation
from tests.makers import made, seeded
from tests.models import reference

ONE_ORDER = pytest.mark.parametrize("build", MODELS.values(), ids=MODELS.keys())
ALL = pytest.mark.parametrize("build", [*MODELS.values(), *ENSEMBLES.values()], ids=[*MODELS, *ENSEMBLES])
Build = Callable[[], AutoregressiveModel]


def tolerance(model: AutoregressiveModel) -> float:
    dtype = next((parameter.dtype for parameter in model.parameters()), torch.float64)
    return 1e-10 if dtype == torch.float64 else 1e-5


def probabilities(distribution: distributions.Distribution, num_levels: int) -> Tensor:
    """p(level) for every level: ``(K, *batch_shape)``."""
    dtype = distribution.logits.dtype
    levels = torch.arange(num_levels, dtype=dtype)
    shaped = levels.view(-1, *[1] * len(distribution.batch_shape)).expand(-1, *distribution.batch_shape)
    return torch.stack([log_prob_of(distribution, level) for level in shaped]).exp()


def num_levels(model: AutoregressiveModel) -> int:
    return model.num_levels if model.likelihood is None else model.likelihood.num_levels


@ALL
def test_total_probability_is_one(build: Build) -> None:
    model = build()
    assert total_probability(model) == pytest.approx(1, abs=100 * tolerance(model))


@ALL
def test_log_prob_takes_any_dtype_and_is_forward(build: Build) -> None:
    model = build()
    x = every_observation(model)[:40]
    expected = model.log_prob(x)
    assert expected.shape == (len(x),)
    dtypes = [torch.uint8, torch.int32, torch.int64, torch.float32, torch.float64]
    if num_levels(model) <= 2:
        dtypes.append(torch.bool)
    for dtype in dtypes:
        assert torch.equal(model.log_prob(x.to(dtype)), expected), dtype
    assert torch.equal(model(x), expected)


@ALL
def test_a_batch_is_its_members_one_by_one(build: Build) -> None:
    model = build()
    x = every_observation(model)[-7:]
    one_by_one = torch.cat([model.log_prob(row[None]) for row in x])
    torch.testing.assert_close(model.log_prob(x), one_by_one, rtol=0, atol=tolerance(model))


@ALL
def test_bits_per_dim_are_nats_divided_by_log_two_and_the_number_of_variables(build: Build) -> None:
    model = build()
    x = every_observation(model)[:3]
    for bits, nats in zip(model.bits_per_dim(x), model.log_prob(x), strict=True):
        assert bits.item() == pytest.approx(-nats.item() / math.log(2) / model.num_variables)


@ALL
@pytest.mark.parametrize("method", ["cached", "naive"])
def test_an_empty_batch_works(build: Build, method: str) -> None:
    model = build()
    nothing = torch.zeros(0, *model.event_shape)
    assert model.log_prob(nothing).shape == model.bits_per_dim(nothing).shape == (0,)
    assert model.sample(0, method=method).shape == nothing.shape


@ALL
def test_wrong_shapes_are_refused_in_one_sentence(build: Build) -> None:
    model = build()
    for shape in [(), tuple(model.event_shape), (2, *model.event_shape, 1), (2, *model.event_shape[:-1], 9)]:
        if shape == (1,):  # one observation's shape is also a batch without variables
            continue
        if shape == (2, 9) and model.any_length and model.max_length is None:
            continue
        with pytest.raises(ValueError, match=r"shape \(N, .*but x has shape") as error:
            model.log_prob(torch.zeros(shape))
        assert "\n" not in str(error.value)


@ALL
def test_impossible_levels_are_refused(build: Build) -> None:
    model = build()
    for level in [-1, num_levels(model), 0.5, 1.999, math.nan, math.inf]:
        x = torch.zeros(2, *model.event_shape)
        x[1].view(-1)[-1] = level
        with pytest.raises(ValueError) as error:
            model.log_prob(x)
        # what is not even a number, a user's own network meets first
        if model.likelihood is not None or math.isfinite(level):
            assert "whole numbers from 0 to" in str(error.value) and "\n" not in str(error.value), level


@ONE_ORDER
def test_conditionals_have_one_scalar_variable_each(build: Build) -> None:
    model = build()
    found = model.conditionals(every_observation(model)[:3])
    assert found.batch_shape[1:] == model.event_shape and found.event_shape == ()
    families = distributions.Bernoulli | distributions.Categorical | DiscretizedLogisticMixture
    assert isinstance(found, families)


@ONE_ORDER
def test_stepping_agrees_with_conditionals(build: Build) -> None:
    model = build()
    x = every_observation(model)
    x = x[torch.randperm(len(x), generator=seeded())[:50]]
    at_once = probabilities(model.conditionals(x), num_levels(model)).flatten(2)
    for view in (model.incremental(len(x)), Recomputing(model, len(x))):
        for d in model.ordering.tolist():
            now = view.conditional()
            assert now.batch_shape == (len(x),) and now.event_shape == ()
            again = view.conditional()
            assert torch.equal(now.logits, again.logits), "asking twice changed the answer"
            found = probabilities(now, num_levels(model))
            torch.testing.assert_close(found, at_once[:, :, d], rtol=0, atol=tolerance(model))
            view.append(x.flatten(1)[:, d])


@ONE_ORDER
def test_values_may_be_appended_without_asking_for_the_conditional(build: Build) -> None:
    model = build()
    x = every_observation(model)[-6:]
    view = model.incremental(len(x))
    for d in model.ordering.tolist()[:-1]:
        view.append(x.flatten(1)[:, d])
    last = model.ordering[-1]
    expected = probabilities(model.conditionals(x), num_levels(model)).flatten(2)[:, :, last]
    found = probabilities(view.conditional(), num_levels(model))
    torch.testing.assert_close(found, expected, rtol=0, atol=tolerance(model))


@ONE_ORDER
def test_stepping_past_the_end_is_one_sentence(build: Build) -> None:
    model = build()
    goes_on = model.any_length and model.max_length is None
    textbook = Recomputing(model, 2)
    for view in [textbook] if goes_on else [model.incremental(2), textbook]:
        for _ in range(model.num_variables):
            view.append(torch.zeros(2))
        for step in (view.conditional, lambda view=view: view.append(torch.zeros(2))):
            with pytest.raises(
                ValueError, match=r"All \d+ variables of these observations are known already\.$"
            ):
                step()


@ALL
@pytest.mark.parametrize("temperature", [1, 0.3, 2.5])
def test_cached_and_naive_give_the_same_sample(build: Build, temperature: float) -> None:
    model = build()
    cached = model.sample(60, generator=seeded(4), temperature=temperature)
    naive = model.sample(60, generator=seeded(4), temperature=temperature, method="naive")
    assert cached.dtype == torch.int64 and cached.shape == (60, *model.event_shape)
    assert torch.equal(cached, naive)
    assert cached.min() >= 0 and cached.max() < num_levels(model)
    assert not torch.equal(cached, model.sample(60, generator=seeded(5))) or num_levels(model) == 1


@ALL
def test_completions_keep_what_is_known_by_either_method(build: Build) -> None:
    model = build()
    shape = (40, *model.event_shape)
    known = torch.randint(num_levels(model), shape, generator=seeded(1))
    arbitrary = torch.rand(shape, generator=seeded(2)) < 0.5
    for mask in (arbitrary, torch.ones(shape).bool(), torch.zeros(shape).bool(), arbitrary[0]):
        cached, naive = (
            model.sample(40, known=known, mask=mask, generator=seeded(3), method=method)
            for method in ("cached", "naive")
        )
        assert torch.equal(cached, naive)
        kept = mask.expand(shape)
        assert torch.equal(cached[kept], known[kept])


@ALL
def test_levels_where_nothing_is_known_do_not_matter(build: Build) -> None:
    model = build()
    mask = torch.arange(model.num_variables).view(model.event_shape) % 2 == 0
    some = torch.zeros(model.event_shape)
    rubbish = torch.where(mask, some, torch.full_like(some, math.nan))
    draws = [model.sample(30, known=known, mask=mask, generator=seeded()) for known in (some, rubbish)]
    assert torch.equal(*draws)


def exact_completion(model: AutoregressiveModel, known: Tensor, mask: Tensor) -> Tensor:
    """p(completion), one number for each observation: the product of the conditionals of the drawn variables."""
    every = every_observation(model)
    view = model.incremental(len(every))
    mass = (every == known)[:, mask].all(1).double()
    for d in model.ordering.tolist():
        chosen = every.flatten(1)[:, d]
        if not mask.flatten()[d]:
            mass = mass * log_prob_of(view.conditional(), chosen).exp()
        view.append(chosen)
    return mass


@pytest.mark.parametrize("name", ["made, three levels, random", "mixture of one order", "user's bits"])
def test_completion_is_exact_only_if_the_known_come_first(name: str) -> None:
    model = MODELS[name]()
    every = every_observation(model)
    joint = model.log_prob(every).exp().double().detach()
    known = every[-2]
    for kept, is_exact in ((model.ordering[:2], True), (model.ordering[-2:], False)):
        mask = torch.zeros(model.num_variables, dtype=torch.bool)
        mask[kept] = True
        agrees = (every == known)[:, mask].all(1)
        bayes = joint * agrees / (joint * agrees).sum()
        raster = exact_completion(model, known, mask).detach()
        assert raster.sum() == pytest.approx(1, abs=1e-5)
        distance = 0.5 * (bayes - raster).abs().sum()
        assert (distance < 1e-5) == is_exact, distance
        drawn = model.sample(20_000, known=known, mask=mask, generator=seeded(8))
        powers = num_levels(model) ** torch.arange(model.num_variables - 1, -1, -1)
        frequency = torch.bincount((drawn * powers).sum(1), minlength=len(every)) / len(drawn)
        assert 0.5 * (frequency - raster).abs().sum() < 0.03


@ALL
def test_samples_follow_the_model(build: Build) -> None:
    model = build()
    if num_levels(model) > 3:  # too many cells to count
        model = made((1,), (3,), 4)
    every = every_observation(model)
    drawn = model.sample(20_000, generator=seeded(7)).flatten(1)
    powers = num_levels(model) ** torch.arange(model.num_variables - 1, -1, -1)
    frequency = torch.bincount((drawn * powers).sum(1), minlength=len(every)) / len(drawn)
    distance = 0.5 * (frequency - model.log_prob(every).exp()).abs().sum()
    assert distance < 0.04, distance


@ALL
def test_nothing_touches_the_global_generator(build: Build) -> None:
    before = torch.get_rng_state()
    model = build()
    model.log_prob(every_observation(model)[:2])
    model.sample(3, generator=seeded())
    assert torch.equal(torch.get_rng_state(), before)


@ONE_ORDER
def test_the_oracle_sees_the_past_only_and_leaves_the_model_alone(build: Build) -> None:
    model = build().train()
    state = {name: value.clone() for name, value in model.state_dict().items()}
    before = torch.get_rng_state()
    reacts = dependency_matrix(model, seed=3)
    report = check_autoregressive(model)
    assert torch.equal(torch.get_rng_state(), before) and model.training
    assert all(torch.equal(value, state[name]) for name, value in model.state_dict().items())
    assert all(parameter.grad is None for parameter in model.parameters())
    in_order = reacts[model.ordering][:, model.ordering]
    assert reacts.dtype == torch.bool and reacts.shape == (model.num_variables,) * 2
    assert not in_order.triu().any()
    assert report.leaks == frozenset() and report.is_autoregressive
    if not isinstance(model, type(made())):
        assert report.blind_spot == frozenset()
        assert report.out_of_reach == frozenset() or isinstance(model, WaveNet | MultiScale | NGram)


def test_a_sampler_object_gets_the_noise_and_the_options() -> None:
    model = made((1, 2, 3))

    def fair(model, uniform, context, known, mask, *, turned=False):
        assert context is known is mask is None
        bits = (uniform > 0.5).long()
        drawn = torch.empty_like(bits)
        drawn[:, model.ordering] = 1 - bits if turned else bits
        return drawn.view(-1, *model.event_shape)

    noise = torch.rand(4, 6, dtype=torch.float64, generator=seeded())
    drawn = model.sample(4, generator=seeded(), method=fair)
    assert torch.equal(drawn.flatten(1), (noise > 0.5).long())
    assert torch.equal(model.sample(4, generator=seeded(), method=fair, turned=True), 1 - drawn)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"method": "fast"}, '"cached", "naive", "fixed-point" or a sampler object'),
        ({"temperature": 0}, "temperature must be above 0"),
        ({"temperature": -1.0}, "temperature must be above 0"),
        ({"temperature": math.nan}, "temperature must be above 0"),
        ({"known": torch.zeros(4)}, "both known"),
        ({"mask": torch.ones(4).bool()}, "both known"),
        ({"known": torch.zeros(4), "mask": torch.ones(4)}, "mask must be boolean"),
        ({"known": torch.zeros(5), "mask": torch.ones(5).bool()}, "must broadcast"),
        ({"known": torch.full((4,), 2), "mask": torch.ones(4).bool()}, "whole numbers from 0 to 1"),
    ],
)
@pytest.mark.parametrize("num_masks", [1, 3])
def test_wrong_calls_of_sample_are_one_sentence(num_masks: int, options: dict, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence) as error:
        made((4,), num_masks=num_masks).sample(2, **options)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("num_masks", [1, 3])
def test_fewer_than_no_samples_are_refused(num_masks: int) -> None:
    with pytest.raises(ValueError, match="num_samples must be 0 or more, not -1"):
        made((4,), num_masks=num_masks).sample(-1)


def test_a_model_without_conditionals_says_so() -> None:
    class Empty(AutoregressiveModel):
        event_shape, ordering = torch.Size([1]), torch.arange(1)

    with pytest.raises(NotImplementedError, match="Empty must say how to compute its conditionals"):
        Empty().sample(1)


def test_conditionals_are_ratios_of_sums_of_the_joint() -> None:
    model = MODELS["made, three levels, random"]()
    table = {
        tuple(x.tolist()): p.exp().item() for x in every_observation(model) for p in model.log_prob(x[None])
    }
    x = (1, 0, 2, 1)
    found = probabilities(model.conditionals(torch.tensor([x])), 3)[:, 0]
    for k, d in enumerate(model.ordering.tolist()):
        expected = reference.given_the_past(table.__getitem__, x, model.ordering.tolist(), k, 3)
        assert found[:, d].tolist() == pytest.approx(expected)
