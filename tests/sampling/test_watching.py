"""Options of sampling that every family has: selections of levels, a level that ends a row, and a callback."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor

from armod import AutoregressiveModel, likelihoods
from tests.examples import ENSEMBLES, MODELS
from tests.makers import made, seeded

Build = Callable[[], AutoregressiveModel]
SINGLE = {name: build for name, build in MODELS.items() if not name.startswith("mixture")}
EACH = pytest.mark.parametrize("build", SINGLE.values(), ids=SINGLE.keys())
ALL = pytest.mark.parametrize("build", (MODELS | ENSEMBLES).values(), ids=(MODELS | ENSEMBLES).keys())
N = 40


def both(model: AutoregressiveModel, **options: Any) -> Tensor:
    """The sample, which is the same by both methods."""
    cached, naive = (
        model.sample(N, generator=seeded(3), method=method, **options) for method in ("cached", "naive")
    )
    assert torch.equal(cached, naive)
    return cached


def completion(model: AutoregressiveModel) -> dict[str, Tensor]:
    known = model.sample(1, generator=seeded(8))
    return {"known": known, "mask": torch.rand(model.event_shape, generator=seeded(9)) < 0.3}


@pytest.mark.parametrize(
    "options",
    [
        {"top_k": 1},
        {"top_k": 2, "temperature": 1.7},
        {"top_p": 0.6},
        {"greedy": True},
        {"top_k": 3, "top_p": 0.9},
    ],
    ids=str,
)
@ALL
def test_cached_and_naive_select_the_same_levels(build: Build, options: dict[str, Any]) -> None:
    both(build(), **options)


@EACH
def test_greedy_samples_go_from_mode_to_mode(build: Build) -> None:
    model = build()
    x = both(model, greedy=True)
    assert torch.equal(x, x[:1].expand_as(x))
    conditionals = model.conditionals(x[:1])
    levels = torch.arange(likelihoods.num_levels(conditionals) or 0)
    each = torch.stack([likelihoods.log_prob(conditionals, level.expand(x[:1].shape)) for level in levels])
    chosen = likelihoods.log_prob(conditionals, x[:1])
    torch.testing.assert_close(chosen, each.max(0).values)


@ALL
def test_a_row_ends_at_its_stop_and_the_others_go_on(build: Build) -> None:
    """What is drawn before the stop is the plain sample's beginning; a row without a stop is the plain sample."""
    model = build()
    plain = model.sample(N, generator=seeded(3))
    orders = {0: model.ordering} if not hasattr(model, "orderings") else dict(enumerate(model.orderings))
    if len(orders) > 1 and not all(torch.equal(one, orders[0]) for one in orders.values()):
        both(model, stop=0)  # which member draws a row is known to nobody here
        return
    x = both(model, stop=0).flatten(1)[:, model.ordering]
    expected = plain.flatten(1)[:, model.ordering].clone()
    for row in expected:
        ends = (row == 0).nonzero()
        if len(ends):
            row[int(ends[0]) :] = 0
    assert torch.equal(x, expected)


@EACH
def test_known_levels_stay_after_the_stop_and_may_be_the_stop(build: Build) -> None:
    model = build()
    given = completion(model)
    x = both(model, stop=0, **given)
    known, mask = (given[name].expand_as(x) for name in ("known", "mask"))
    assert torch.equal(x[mask], known[mask])
    in_order, kept = x.flatten(1)[:, model.ordering], mask.flatten(1)[:, model.ordering]
    for row, is_known in zip(in_order, kept, strict=True):
        ends = (row == 0).nonzero()
        if len(ends):
            after = slice(int(ends[0]), None)
            assert (row[after][~is_known[after]] == 0).all()


@pytest.mark.parametrize("method", ["cached", "naive"])
@EACH
def test_a_callback_hears_every_variable_in_its_turn(build: Build, method: str) -> None:
    model, heard = build(), []
    given = completion(model)
    for options in ({}, given, {"stop": 0}):
        heard.clear()
        x = model.sample(
            N, generator=seeded(3), method=method, callback=lambda *news: heard.append(news), **options
        )
        assert torch.equal(x, model.sample(N, generator=seeded(3), method=method, **options))
        variables = [variable for variable, _ in heard]
        assert variables == model.ordering.tolist()[: len(variables)]
        assert len(variables) == model.num_variables or "stop" in options
        for variable, levels in heard:
            assert torch.equal(levels, x.flatten(1)[:, variable]) and not levels.is_inference()


def test_the_loop_ends_when_every_row_has_stopped() -> None:
    model, heard = made((30,), (8,), 2), []
    model.sample(5, stop=0, generator=seeded(), callback=lambda *news: heard.append(news))
    assert 0 < len(heard) < 30


@pytest.mark.parametrize("method", ["cached", "naive"])
@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"stop": 3}, "stop is None or a level, a whole number from 0 to 2, not 3"),
        ({"stop": -1}, "stop is None or a level, a whole number from 0 to 2, not -1"),
        ({"stop": True}, "not True"),
        ({"stop": 1.0}, "not 1.0"),
        ({"callback": 7}, "callback is a function of a variable and its levels, not 7"),
        (
            {"topk": 2},
            "topk is no option of sample; the options are temperature, top_k, top_p, greedy, filter, stop and callback",
        ),
    ],
    ids=str,
)
def test_a_bad_option_is_one_sentence(options: dict[str, Any], sentence: str, method: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        made((4,), (8,), 3).sample(2, method=method, **options)


@pytest.mark.parametrize("method", ["cached", "naive"])
@pytest.mark.parametrize(
    "name",
    [
        "made, three levels, random",
        "recurrent, rnn, arbitrary",
        "transformer, bits",
        "wavenet, bits",
        "pixelcnn, colour",
    ],
)
def test_an_overflow_inside_is_never_a_sample(name: str, method: str) -> None:
    """All weights are finite, but their products are not."""
    model = MODELS[name]().float()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=seeded()) * 1e30)
    with pytest.raises(ValueError, match="became infinite or not a number while it sampled"):
        model.sample(2, method=method, generator=seeded())
