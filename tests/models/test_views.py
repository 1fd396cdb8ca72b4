"""The two views of models too large to enumerate, with and without context: step by step, sampled, completed."""

from __future__ import annotations

import functools
from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from armod import AutoregressiveModel, check_autoregressive
from armod.likelihoods import log_prob as log_prob_of
from tests.examples import LARGER
from tests.makers import context_for, lively, seeded

Build = Callable[[], AutoregressiveModel]
CONTEXTUAL = {name: build for name, build in LARGER.items() if "context" in name}
PLAIN = {name: build for name, build in LARGER.items() if name not in CONTEXTUAL}
EACH = pytest.mark.parametrize("build", LARGER.values(), ids=LARGER.keys())
CASES = [(build, False) for build in LARGER.values()] + [(build, True) for build in CONTEXTUAL.values()]
EACH_CONTEXT = pytest.mark.parametrize(
    ("build", "local"), CASES, ids=[*LARGER, *(f"{name}, local" for name in CONTEXTUAL)]
)
N = 5


def observations(model: AutoregressiveModel) -> Tensor:
    return torch.randint(model.likelihood.num_levels, (N, *model.event_shape), generator=seeded(1))


@EACH_CONTEXT
@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float64, 1e-10), (torch.float32, 1e-5)])
def test_stepping_agrees_with_conditionals(
    build: Build, local: bool, dtype: torch.dtype, tolerance: float
) -> None:
    model = build().to(dtype)
    x, context = observations(model), context_for(model, N, local=local)
    at_once = log_prob_of(model.conditionals(x, context), x).exp().flatten(1)
    view = model.incremental(N, context)
    for d in model.ordering.tolist():
        value = x.flatten(1)[:, d]
        found = log_prob_of(view.conditional(), value).exp()
        torch.testing.assert_close(found, at_once[:, d], rtol=0, atol=tolerance)
        view.append(value)


@EACH_CONTEXT
def test_cached_and_naive_give_the_same_sample_and_at_another_temperature_the_same_completion(
    build: Build, local: bool
) -> None:
    model = build()
    x, context = observations(model), context_for(model, N, local=local)
    mask = torch.rand(x.shape, generator=seeded(2)) < 0.4
    for options in ({}, {"known": x, "mask": mask, "temperature": 0.6}):
        cached, naive = (
            model.sample(N, context, generator=seeded(3), method=method, **options)
            for method in ("cached", "naive")
        )
        assert torch.equal(cached, naive)
    assert torch.equal(cached[mask], x[mask])


@EACH
def test_in_float32_the_first_difference_is_a_draw_next_to_its_threshold(build: Build) -> None:
    model = build().float()
    context, num = context_for(model, 40), 40
    cached, naive = (
        model.sample(num, context, generator=seeded(6), method=method) for method in ("cached", "naive")
    )
    noise = torch.rand(num, model.num_variables, dtype=torch.float64, generator=seeded(6))
    conditionals = model.conditionals(naive, context)
    lower = sum(
        log_prob_of(conditionals, torch.full_like(naive, level)).exp().double() * (level < naive)
        for level in range(model.likelihood.num_levels)
    ).flatten(1)
    upper = lower + log_prob_of(conditionals, naive).exp().double().flatten(1)
    for row in (cached != naive).flatten(1).any(1).nonzero().flatten().tolist():
        differs = (cached[row] != naive[row]).flatten()[model.ordering]
        k = int(differs.nonzero()[0])
        d = model.ordering[k]
        assert min((lower[row, d] - noise[row, k]).abs(), (upper[row, d] - noise[row, k]).abs()) < 1e-5


@EACH_CONTEXT
def test_a_batch_is_its_members_one_by_one(build: Build, local: bool) -> None:
    model = build()
    x, context = observations(model), context_for(model, N, local=local)
    rows = [model.log_prob(x[n : n + 1], None if context is None else context[n : n + 1]) for n in range(N)]
    torch.testing.assert_close(model.log_prob(x, context), torch.cat(rows), rtol=1e-10, atol=0)


@EACH_CONTEXT
def test_a_view_keeps_the_weights_it_was_made_with(build: Build, local: bool) -> None:
    model = build()
    x, context = observations(model), context_for(model, N, local=local)
    steps = model.ordering.tolist()[:3]
    expected = log_prob_of(model.conditionals(x, context), x).flatten(1)
    view = model.incremental(N, context)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.zero_()
    for d in steps:
        found = log_prob_of(view.conditional(), x.flatten(1)[:, d])
        torch.testing.assert_close(found, expected[:, d])
        view.append(x.flatten(1)[:, d])
    assert not torch.allclose(log_prob_of(model.conditionals(x, context), x).flatten(1), expected)


@pytest.mark.parametrize("build", PLAIN.values(), ids=PLAIN.keys())
def test_a_context_that_a_model_was_not_built_with_is_refused(build: Build) -> None:
    model = build()
    strange, x = torch.zeros(N, 2), observations(model)
    doors = (model.log_prob, model.log_prob_per_variable, model.conditionals, model.bits_per_dim)
    calls = [functools.partial(door, x) for door in doors]
    calls += [functools.partial(door, N) for door in (model.sample, model.incremental, model.entropy)]
    for call in calls:
        with pytest.raises(ValueError, match="built without a context"):
            call(strange)


@pytest.mark.parametrize("build", CONTEXTUAL.values(), ids=CONTEXTUAL.keys())
def test_a_context_is_needed_once_a_model_was_built_with_one(build: Build) -> None:
    model = build()
    x, too_few = observations(model), context_for(model, N - 1)
    for use in (model.log_prob, model.conditionals):
        for context in (None, too_few, torch.zeros(N, model.context_size + 1)):
            with pytest.raises(ValueError, match="needs a context of shape"):
                use(x, context)
    for use in (model.sample, model.incremental):
        with pytest.raises(ValueError, match="needs a context of shape"):
            use(N)


@pytest.mark.parametrize("build", CONTEXTUAL.values(), ids=CONTEXTUAL.keys())
def test_a_context_says_something_about_every_variable(build: Build) -> None:
    model = build()
    x, context = observations(model), context_for(model, N)
    reacts = torch.zeros(model.event_shape, dtype=torch.bool)
    # saturated or dead units may stay as they are, but not for every observation and all weights
    for seed in range(4):
        lively(model, seed, scale=0.4)
        before, after = (log_prob_of(model.conditionals(x, c), x) for c in (context, context + 1))
        reacts |= ((before - after).abs() > 1e-9).any(0)
    assert reacts.all()


@pytest.mark.parametrize("build", CONTEXTUAL.values(), ids=CONTEXTUAL.keys())
def test_the_oracle_gives_a_model_the_context_that_it_needs(build: Build) -> None:
    assert check_autoregressive(build()).is_autoregressive
