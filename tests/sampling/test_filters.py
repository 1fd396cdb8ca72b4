"""Rules of one's own for the next variable: what they see, what they may return, and how likely their samples are."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, distributions

from armod import AutoregressiveModel, likelihoods
from armod.likelihoods import Categorical, Logistic, inverse_cdf, table
from armod.sampling import Adjustment, GuessAndVerify, Speculative, adjusted_log_prob, without
from tests.examples import ENSEMBLES, MODELS, every_observation
from tests.makers import made, recurrent, seeded, transformer, wavenet

Build = Callable[[], AutoregressiveModel]
NAMES = [
    "made, sequential degrees, arbitrary",
    "made, logistic mixture, image",
    "mixture of one order, three levels",
    "recurrent, gru, two layers, reversed",
    "transformer, three levels, reversed",
    "wavenet, three levels, reversed",
    "pixelcnn++, three levels",
    "subscale, odd",
    "histogram, smoothed",
    "trigram, colour image",
    "pixelcnn, one colour pixel, reversed",
    "gated, mixture, column",
    "multi-scale, three levels, diagonal first",
    "user's levels",
]
EACH = pytest.mark.parametrize("name", NAMES)
N = 12


def sum_rule(
    distribution: distributions.Distribution, step: int, values: Tensor
) -> distributions.Distribution:
    """Ban the level (step + sum of all values) mod K, so that step, every value and their order of rows matter."""
    num_levels = table(distribution).shape[-1]
    banned = (step + values.sum(1)) % num_levels
    return without(distribution, torch.nn.functional.one_hot(banned, num_levels).bool())


def keeps_sum_rule(model: AutoregressiveModel, x: Tensor) -> Tensor:
    """The same rule, looked up afterwards."""
    row = x.flatten(1)[:, model.ordering]
    num_levels = table(model.conditionals(x[:1])).shape[-1]
    before = row.cumsum(1) - row + torch.arange(row.shape[1])
    return row != before % num_levels


@EACH
def test_every_model_keeps_a_rule_cached_and_naive(name: str) -> None:
    model = MODELS[name]()
    cached, naive = (
        model.sample(N, generator=seeded(3), method=method, filter=sum_rule) for method in ("cached", "naive")
    )
    assert torch.equal(cached, naive)
    assert keeps_sum_rule(model, cached).all()
    plain = model.sample(N, generator=seeded(3))
    assert not keeps_sum_rule(model, plain).all()


@EACH
def test_a_filter_that_changes_nothing_gives_the_plain_sample(name: str) -> None:
    model = MODELS[name]()
    same = model.sample(N, generator=seeded(3), filter=lambda conditional, step, values: conditional)
    assert torch.equal(same, model.sample(N, generator=seeded(3)))


@pytest.mark.parametrize(
    "options",
    [{"temperature": 0.6}, {"top_k": 2}, {"top_p": 0.7, "temperature": 1.5, "top_k": 3}, {"greedy": True}],
    ids=str,
)
@pytest.mark.parametrize("name", [NAMES[1], NAMES[3], *ENSEMBLES])
def test_temperature_and_the_others_are_filters(name: str, options: dict[str, Any]) -> None:
    model = (MODELS | ENSEMBLES)[name]()
    by_filter = model.sample(N, generator=seeded(3), filter=Adjustment(**options))
    assert torch.equal(by_filter, model.sample(N, generator=seeded(3), **options))


def test_what_a_filter_is_called_with() -> None:
    """Once a variable, with the levels so far in the order of generation; it can't spoil them."""
    model = made((4,), (9,), 3, ordering=[2, 0, 3, 1])
    calls: list[tuple[int, list]] = []

    def note(
        conditional: distributions.Distribution, step: int, values: Tensor
    ) -> distributions.Distribution:
        assert conditional.batch_shape == (5,)
        calls.append((step, values.tolist()))
        values.zero_()
        return conditional

    x = model.sample(5, generator=seeded(1), filter=note)
    in_order = x[:, model.ordering]
    assert [step for step, _ in calls] == [0, 1, 2, 3]
    assert [values for _, values in calls] == [in_order[:, :step].tolist() for step in range(4)]
    assert torch.equal(x, model.sample(5, generator=seeded(1)))


def test_the_rule_comes_before_temperature_and_top_k() -> None:
    """Of the allowed levels the best two stay; the other order would leave one, or none."""
    model = wavenet((1,), Categorical(6), [1])
    best = table(model.incremental(1).conditional())[0].argsort(descending=True)
    banned = torch.zeros(6, dtype=torch.bool)
    banned[best[:2]] = True
    x = model.sample(
        300, generator=seeded(), top_k=2, filter=lambda each, step, values: without(each, banned)
    )
    assert set(x.flatten().tolist()) == set(best[2:4].tolist())
    greedy = model.sample(3, greedy=True, filter=lambda each, step, values: without(each, banned))
    assert greedy.flatten().tolist() == [int(best[2])] * 3


def test_known_and_stopped_variables_may_break_the_rule() -> None:
    model = made((4,), (9,), 3)
    everything = torch.ones(3, dtype=torch.bool)
    calls: list[int] = []

    def only_at_the_end(conditional: Any, step: int, values: Tensor) -> distributions.Distribution:
        calls.append(step)
        return without(conditional, everything) if step < 3 else conditional

    known, mask = torch.tensor([2, 1, 0, 0]), torch.tensor([True, True, True, False])
    x = model.sample(4, known=known, mask=mask, filter=only_at_the_end)
    assert (x[:, :3] == known[:3]).all() and calls == [3]
    # a row that has stopped needs no level
    stopped = model.sample(
        1,
        known=known,
        mask=mask & False | torch.tensor([True, False, False, False]),
        stop=2,
        filter=only_at_the_end,
    )
    assert (stopped == 2).all() and calls == [3]

    def nothing_after_a_stop(conditional: Any, step: int, values: Tensor) -> distributions.Distribution:
        return without(conditional, (values == 0).any(1, keepdim=True).expand(-1, 3))

    x = model.sample(40, stop=0, generator=seeded(), filter=nothing_after_a_stop)
    assert torch.equal(x, model.sample(40, stop=0, generator=seeded()))


@pytest.mark.parametrize("build", [MODELS["made, narrow"], lambda: made((3,), (7,), 3, ordering=[1, 2, 0])])
@pytest.mark.parametrize(
    "options",
    [{}, {"filter": sum_rule}, {"filter": sum_rule, "temperature": 0.6}, {"top_p": 0.8}],
    ids=["none", "rule", "cool rule", "top-p"],
)
def test_likelihoods_of_adjusted_samples_sum_to_1(build: Build, options: dict[str, Any]) -> None:
    model = build()
    x = every_observation(model)
    adjusted = adjusted_log_prob(model, x, **options)
    assert adjusted.exp().sum().item() == pytest.approx(1)
    if not options:
        torch.testing.assert_close(adjusted, model.log_prob(x).detach())
    if options == {"filter": sum_rule}:
        keeps = keeps_sum_rule(model, x)
        assert torch.equal(adjusted.isfinite(), keeps.all(1))
        # by hand: the probability of what is left at each variable
        conditionals = table(model.conditionals(x)).detach().flatten(1, -2)[:, model.ordering]
        row = x.flatten(1)[:, model.ordering]
        before = (row.cumsum(1) - row + torch.arange(row.shape[1])) % conditionals.shape[-1]
        left = (1 - conditionals.exp().gather(2, before[..., None])[..., 0]).log()
        paid = (adjusted - model.log_prob(x).detach())[keeps.all(1)]
        torch.testing.assert_close(paid, -left.sum(1)[keeps.all(1)])


def test_samples_have_these_likelihoods() -> None:
    """Every variable's draw is the inverse CDF of what the filter leaves."""
    model = made((3,), (7,), 3, ordering=[1, 2, 0])
    uniform = torch.rand(200, 3, dtype=torch.float64, generator=seeded(4))
    x = model.sample(200, generator=seeded(4), filter=sum_rule, temperature=0.7)
    row = x[:, model.ordering]
    for step in range(3):
        past = row[:, :step]
        conditional = model.incremental(200)
        if step:
            conditional.append(past)
        adjusted = Adjustment(filter=sum_rule, temperature=0.7)(conditional.conditional(), step, past)
        assert torch.equal(row[:, step], inverse_cdf(adjusted, uniform[:, step]))


def test_a_filter_of_real_numbers() -> None:
    model = wavenet((4,), Logistic(2), [1])

    def fixed(conditional: Any, step: int, values: Tensor) -> distributions.Distribution:
        return likelihoods.temper(conditional, 0.1)

    cached, naive = (
        model.sample(9, generator=seeded(), method=method, filter=fixed) for method in ("cached", "naive")
    )
    torch.testing.assert_close(cached, naive)
    torch.testing.assert_close(cached, model.sample(9, generator=seeded(), temperature=0.1))


def test_no_observation_and_one_variable() -> None:
    model = transformer((1,), Categorical(3))
    assert model.sample(0, filter=sum_rule).shape == (0, 1)
    assert not (model.sample(50, filter=sum_rule) == 0).any()
    assert adjusted_log_prob(model, torch.zeros(0, 1), filter=sum_rule).shape == (0,)


BAD: dict[str, tuple[Any, str]] = {
    "a tensor": (
        lambda each, step, values: each.logits,
        r"filter returns a distribution of batch shape \(4,\), not a Tensor",
    ),
    "nothing": (
        lambda each, step, values: None,
        r"filter returns a distribution of batch shape \(4,\), not None",
    ),
    "one row": (
        lambda each, step, values: distributions.Categorical(logits=torch.zeros(3)),
        r"filter returns a distribution of batch shape \(4,\) and event shape \(\), not \(\) and \(\)",
    ),
    "a joint": (
        lambda each, step, values: distributions.Independent(each, 1),
        r"filter returns a distribution of batch shape \(4,\) and event shape \(\), not \(\) and \(4,\)",
    ),
    "more levels": (
        lambda each, step, values: distributions.Categorical(logits=torch.zeros(4, 5)),
        "filter returns a distribution over 3 levels, not over 5 levels",
    ),
    "real numbers": (
        lambda each, step, values: distributions.Normal(torch.zeros(4), 1),
        "filter returns a distribution over 3 levels, not over real numbers",
    ),
    "no level": (
        lambda each, step, values: without(each, torch.arange(4)[:, None].expand(4, 3) == step + 1),
        r"filter leaves no level for variable 0 \(in the order of generation\) of row 1\.",
    ),
    "no level, by torch": (
        lambda each, step, values: (
            each
            if step < 2
            else distributions.Categorical(logits=each.logits.masked_fill(each.logits < 9, -math.inf))
        ),
        r"filter leaves no level for variable 2 \(in the order of generation\) of (a row|row 0)",
    ),
    "no function": (3, "filter is a function of a distribution, a step and values, or None, not 3"),
}


@pytest.mark.parametrize(("rule", "sentence"), BAD.values(), ids=BAD.keys())
@pytest.mark.parametrize("method", ["cached", "naive"])
def test_a_bad_filter_is_one_sentence(rule: Any, sentence: str, method: str) -> None:
    with pytest.raises(ValueError, match=sentence) as error:
        made((4,), (9,), 3).sample(4, method=method, filter=rule)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("banned", [3, None, torch.zeros(3), torch.zeros(2, dtype=torch.bool)], ids=str)
def test_what_is_banned_is_booleans(banned: Any) -> None:
    with pytest.raises(ValueError, match=r"banned is a boolean tensor that broadcasts to \(4, 3\), not"):
        without(distributions.Categorical(logits=torch.zeros(4, 3)), banned)


@pytest.mark.parametrize("method", ["fixed-point", "window", "speculative"])
def test_samplers_that_guess_refuse_filters(method: str) -> None:
    model = made((4,), (9,), 3)
    samplers = {"window": GuessAndVerify(window=2), "speculative": Speculative(model)}
    with pytest.raises(
        ValueError, match="A filter looks at the values so far, and a guess may never become one"
    ):
        model.sample(2, method=samplers.get(method, method), filter=sum_rule)


def test_a_rule_over_rows_reaches_its_rows() -> None:
    """Row n of the distribution and of the values is row n of the sample, and of the context."""
    model = wavenet((3,), Categorical(4), [1, 2])
    wanted = torch.arange(8) % 4
    every = torch.arange(4)
    for method in ("cached", "naive"):
        x = model.sample(
            8, method=method, filter=lambda each, step, values: without(each, every != wanted[:, None])
        )
        assert torch.equal(x, wanted[:, None].expand(8, 3))


def test_a_filter_that_looks_back_over_the_whole_past() -> None:
    """No level twice in a row of D = K: a permutation."""
    model = recurrent((4,), Categorical(4))

    def fresh(conditional: Any, step: int, values: Tensor) -> distributions.Distribution:
        return without(conditional, torch.nn.functional.one_hot(values, 4).bool().any(1))

    x = model.sample(60, generator=seeded(), filter=fresh)
    assert {tuple(row) for row in x.tolist()} <= set(itertools.permutations(range(4)))
