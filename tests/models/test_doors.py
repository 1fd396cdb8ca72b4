"""Every public door of a model has the guard: what is wrong is one sentence that names the argument."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, distributions

from armod import AutoregressiveModel, RecurrentModel, Transformer, WaveNet, likelihoods
from tests.examples import LARGER, MODELS
from tests.makers import context_for, lively, made, pixelcnn, seeded, wavenet

Build = Callable[[], AutoregressiveModel]
MADE = made((4,), (8,), 3)
CONTEXTUAL = LARGER["recurrent, gru, context"]()
EACH = pytest.mark.parametrize("build", MODELS.values(), ids=MODELS.keys())
DOORS = ["log_prob", "log_prob_per_variable", "conditionals", "bits_per_dim", "forward"]


def levels_for(model: AutoregressiveModel, num: int = 3) -> Tensor:
    """Random levels for any model."""
    return model.sample(num, context_for(model, num), generator=seeded(5))


@pytest.mark.parametrize("door", DOORS)
@EACH
def test_a_wrong_shape_is_one_sentence_at_every_door(build: Build, door: str) -> None:
    model = build()
    call = getattr(model, door)
    if door == "conditionals" and type(model).__module__.startswith("tests"):
        return  # a model of the user's own checks its own conditionals
    flat = torch.zeros(2, 10 * model.num_variables, dtype=torch.int64)
    wrong = flat[:, None] if model.any_length else flat
    with pytest.raises(ValueError, match="Observations of this model have shape"):
        call(wrong)
    for strange in (None, [[0]], "levels"):
        with pytest.raises(ValueError, match=r"x is a tensor of levels \(N, .*\), not "):
            call(strange)


@EACH
def test_levels_beyond_the_last_one_are_refused_at_every_door(build: Build) -> None:
    model = build()
    if model.likelihood is None:
        return
    beyond = torch.full((2, *model.event_shape), model.likelihood.num_levels)
    for door in DOORS:
        with pytest.raises(ValueError, match="Levels must be whole numbers"):
            getattr(model, door)(beyond)
    view = model.incremental(2)
    for value in (beyond.flatten(1)[:, 0], torch.tensor([0.5, 0]), torch.tensor([-1, 0])):
        with pytest.raises(ValueError, match=r"whole numbers from 0 to .*, but value lies between"):
            view.append(value)
    for value in (torch.tensor(0), torch.zeros(3), torch.zeros(2, 1, 1), torch.zeros(3, 2)):
        with pytest.raises(ValueError, match="value has one level for each observation"):
            view.append(value)
    for number in (0.5, 9, None, [0, 0]):
        with pytest.raises(ValueError, match=r"value is a tensor of levels \(2,\), not "):
            view.append(number)
    view.append(torch.zeros(2))  # nothing of the above was kept
    if model.num_variables > 1:
        assert view.conditional().batch_shape == (2,)


@EACH
def test_arrays_and_odd_dtypes_are_levels_too(build: Build) -> None:
    model = build()
    x = levels_for(model)
    expected = model.log_prob(x)
    kinds = [
        torch.uint8,
        torch.int16,
        torch.uint16,
        torch.uint32,
        torch.uint64,
        torch.float32,
        torch.bfloat16,
    ]
    for kind in kinds:
        if x.max() < 128:
            assert torch.equal(model.log_prob(x.to(kind)), expected), kind
            assert model.conditionals(x.to(kind)).batch_shape == x.shape
    assert torch.equal(model.log_prob(x.numpy()), expected)  # type: ignore[arg-type]
    assert torch.equal(model.log_prob(x.numpy().astype(np.uint16)), expected)  # type: ignore[arg-type]
    known, mask = x[0].numpy(), np.ones(x.shape[1:], dtype=bool)
    assert torch.equal(model.sample(2, known=known, mask=mask), x[:1].expand(2, *x.shape[1:]))  # type: ignore[arg-type]


@EACH
def test_the_factors_of_each_variable_sum_to_the_likelihood(build: Build) -> None:
    model = build()
    x = levels_for(model)
    each = model.log_prob_per_variable(x)
    assert each.shape == x.shape
    torch.testing.assert_close(each.double().flatten(1).sum(1), model.log_prob(x).double())
    conditionals = model.conditionals(x)
    torch.testing.assert_close(each, likelihoods.log_prob(conditionals, x))


@EACH
def test_samples_come_with_their_likelihoods(build: Build) -> None:
    model = build()
    x, log_prob = model.sample_and_log_prob(4, generator=seeded(1))
    assert torch.equal(x, model.sample(4, generator=seeded(1))) and x.is_contiguous()
    assert torch.equal(log_prob, model.log_prob(x))


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_the_entropy_lies_within_its_error_of_the_enumerated_one(seed: int) -> None:
    every = torch.cartesian_prod(*[torch.arange(3)] * 4)
    log_probs = MADE.log_prob(every)
    exact = -(log_probs.exp() * log_probs).sum().item()
    mean, standard_error = MADE.entropy(4000, generator=seeded(seed))
    assert abs(mean - exact) < 4 * standard_error
    variance = (log_probs.exp() * (log_probs + exact).square()).sum().item()
    assert standard_error == pytest.approx(math.sqrt(variance / 4000), rel=0.2)
    with pytest.raises(ValueError, match="at least 2"):
        MADE.entropy(1)


@pytest.mark.parametrize("name", [name for name in LARGER if "context" in name])
def test_one_row_of_context_serves_all_and_none_counts_the_rows(name: str) -> None:
    model = LARGER[name]()
    one, many = context_for(model, 1), context_for(model, 3)
    assert one is not None and many is not None
    x = model.sample(3, one, generator=seeded(1))
    assert torch.equal(x, model.sample(3, one.expand(3, -1), generator=seeded(1)))
    assert torch.equal(model.log_prob(x, one), model.log_prob(x, one.expand(3, -1)))
    assert torch.equal(
        model.sample(context=many, generator=seeded(1)), model.sample(3, many, generator=seeded(1))
    )
    local = context_for(model, 1, local=True)
    assert model.sample(3, local, method="naive").shape == x.shape
    assert model.incremental(3, one).conditional().batch_shape == (3,)
    assert torch.equal(model.log_prob(x, one.numpy()), model.log_prob(x, one))  # type: ignore[arg-type]


class WrongShape(AutoregressiveModel):
    """A user's model that adds a dimension to its conditionals, or makes whole observations one event."""

    event_shape, ordering = torch.Size([4]), torch.arange(4)

    def __init__(self, form: str) -> None:
        super().__init__()
        self.form = form

    def conditionals(self, x: Tensor, context: Tensor | None = None) -> distributions.Distribution:
        logits = torch.zeros(len(x), 1, 4) if self.form == "wider" else torch.zeros(len(x), 4)
        coins = distributions.Bernoulli(logits=logits)
        return distributions.Independent(coins, 1) if self.form == "joint" else coins


@pytest.mark.parametrize(
    ("form", "shapes"), [("wider", r"\(3, 1, 4\)"), ("joint", r"\(3,\) and event shape \(4,\)")]
)
def test_conditionals_of_a_wrong_shape_have_no_likelihood(form: str, shapes: str) -> None:
    """Broadcast against levels ``(3, 4)`` they would give three times the value."""
    with pytest.raises(ValueError, match=rf"one distribution for each variable, .* has batch shape {shapes}"):
        WrongShape(form).log_prob(torch.zeros(3, 4))
    assert WrongShape("right").log_prob(torch.zeros(3, 4)).tolist() == pytest.approx([4 * math.log(0.5)] * 3)


BAD_CALLS: list[tuple[Callable[[], Any], str]] = [
    (lambda: MADE.sample((32,)), r"num_samples is a whole number, or None .*, not \(32,\)"),
    (lambda: MADE.sample(True), "num_samples is a whole number, or None .*, not True"),
    (lambda: MADE.sample(2.0), "num_samples is a whole number, or None .*, not 2.0"),
    (lambda: MADE.sample(None), "num_samples is a whole number, or None .*, not None"),
    (lambda: MADE.sample(-3), "num_samples must be 0 or more, not -3"),
    (lambda: MADE.incremental(2.5), "num_samples is a whole number"),
    (
        lambda: MADE.sample(1, generator=np.random.default_rng(0)),
        "generator is a torch.Generator or None, not a Gen",
    ),
    (lambda: MADE.sample(1, generator=0), "generator is a torch.Generator or None, not an int"),
    (lambda: MADE.sample(1, method=3), "method is .* or a sampler object, not 3"),
    (
        lambda: MADE.sample(1, known=[0, 1, 2, 0], mask=torch.ones(4).bool()),
        "known is a tensor of levels .* not a list",
    ),
    (
        lambda: MADE.sample(1, known=torch.zeros(4), mask=[True] * 4),
        "mask is a tensor of booleans .* not a list",
    ),
    (
        lambda: MADE.sample(
            1, known=torch.tensor([2, 3, 0, 0]), mask=torch.tensor([True, True, False, False])
        ),
        "but known lies between 0 and 3",
    ),
    (
        lambda: MADE.sample(1, known=torch.full((4,), 0.5), mask=torch.ones(4).bool()),
        "but known lies between 0.5 and 0.5 with fractions",
    ),
    (lambda: MADE.sample(1, length=3), r"makes observations of shape \(4,\) only, not of length 3"),
    (
        lambda: wavenet((4,), likelihoods.Bernoulli(), [1]).sample(1, length=2.5),
        "A length is 1 or more, not 2.5",
    ),
    (
        lambda: wavenet((4,), likelihoods.Bernoulli(), [1]).sample(1, length=True),
        "A length is 1 or more, not True",
    ),
    (lambda: MADE.log_prob(torch.full((1, 4), torch.nan)), "but x lies between nan and nan"),
    (lambda: MADE.log_prob(torch.zeros(1, 4, dtype=torch.complex64)), "x is complex"),
    (
        lambda: MADE.log_prob(np.array([["a", "b", "c", "d"]])),
        "x is a tensor of levels .* not an array of dtype <U1",
    ),
    (lambda: CONTEXTUAL.sample(2, [[0.0, 0.0]]), r"context is a tensor of shape \(2, 2\) or .*, not a list"),
    (lambda: CONTEXTUAL.sample(2), r"needs a context of shape \(2, 2\).*, but there is none"),
    (
        lambda: CONTEXTUAL.sample(2, torch.zeros(2, 2, 5)),
        r"has shape \(2, 2, 5\); for samples of its length call sample\(..., length=...\)",
    ),
    (lambda: MADE.sample(2, torch.zeros(2, 1)), "built without a context"),
]


@pytest.mark.parametrize(("call", "sentence"), BAD_CALLS, ids=[sentence for _, sentence in BAD_CALLS])
def test_a_bad_call_is_one_sentence(call: Callable[[], Any], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence) as refused:
        call()
    assert str(refused.value).endswith(".") and str(refused.value).count(". ") == 0


def test_a_local_context_of_another_length_is_sampled_with_length() -> None:
    context = torch.randn(2, 2, 5, generator=seeded(), dtype=torch.float64)
    assert CONTEXTUAL.sample(2, context, length=5).shape == (2, 5)


@pytest.mark.parametrize("method", ["cached", "naive"])
@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize(
    "model",
    [
        lambda: made((5,), (8,), 3),
        lambda: lively(RecurrentModel((5,), 4, likelihood=likelihoods.Bernoulli(), context_size=2)),
        lambda: lively(
            WaveNet((5,), 4, dilations=[1, 2], likelihood=likelihoods.Categorical(4), context_size=2)
        ),
        lambda: lively(
            Transformer((5,), 4, num_layers=1, num_heads=2, likelihood=likelihoods.Categorical(3))
        ),
        lambda: pixelcnn((1, 2, 3), likelihoods.LogisticMixture(8, 2)),
    ],
    ids=["made", "recurrent", "wavenet", "transformer", "pixelcnn"],
)
def test_weights_or_contexts_that_are_not_finite_are_never_sampled(
    model: Build, number: float, method: str
) -> None:
    broken = model()
    context = None if not broken.context_size else torch.zeros(2, broken.context_size)
    if context is not None:
        infected = context.clone()
        infected[1, 0] = number
        with pytest.raises(ValueError, match="The context has numbers that are not finite"):
            broken.sample(2, infected, method=method)
    name, parameter = list(broken.named_parameters())[-1]
    with torch.no_grad():
        parameter.view(-1)[-1] = number
    with pytest.raises(ValueError, match=f"The weights `{name}` are not all finite"):
        broken.sample(2, context, method=method)


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16, torch.float16])
def test_sums_over_variables_keep_their_digits(dtype: torch.dtype) -> None:
    """12,288 variables of one nat or more: half precision holds neither their sum nor its digits."""

    class Fair(AutoregressiveModel):
        event_shape = torch.Size([3, 64, 64])
        ordering = torch.arange(3 * 64 * 64)

        def conditionals(self, x: Tensor, context: Tensor | None = None) -> distributions.Distribution:
            return distributions.Categorical(logits=torch.zeros(*x.shape, 256, dtype=dtype))

    log_prob = Fair().log_prob(torch.zeros(2, 3, 64, 64, dtype=torch.uint8))
    assert log_prob.dtype == torch.promote_types(dtype, torch.float32)
    exact = -12288 * distributions.Categorical(logits=torch.zeros(256, dtype=dtype)).entropy().double()
    torch.testing.assert_close(
        log_prob.double(), exact.expand(2), rtol=3e-3 if dtype.itemsize == 2 else 1e-6, atol=0
    )
