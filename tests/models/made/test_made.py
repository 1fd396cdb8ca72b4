"""MADE: against the slow reference, in every size, and with every way to change its weights."""

from __future__ import annotations

import copy
import math
from io import BytesIO

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from armod import MADE, likelihoods, orderings, total_probability
from armod.likelihoods import log_prob as log_prob_of
from tests.examples import every_observation, numbers
from tests.makers import lively, made, seeded
from tests.models import reference

ANY_MADE = st.builds(
    made,
    event_shape=st.one_of(
        st.tuples(st.integers(1, 5)),
        st.tuples(st.integers(1, 2), st.integers(1, 2)),
        st.tuples(st.sampled_from([1, 3]), st.integers(1, 2), st.just(1)),
    ),
    hidden=st.lists(st.integers(1, 8), max_size=3).map(tuple),
    num_levels=st.sampled_from([0, 2, 3]),
    degrees=st.sampled_from(["random", "sequential"]),
    seed=st.integers(0, 2**31),
)
SOME = settings(deadline=None, max_examples=40)


@SOME
@given(ANY_MADE, st.integers(0, 2**31))
def test_any_size_is_the_slow_reference_and_a_distribution(model: MADE, seed: int) -> None:
    every = every_observation(model)
    x = every[torch.randint(len(every), (3,), generator=seeded(seed))]
    net = numbers(model)
    expected = [reference.log_prob(net, row) for row in x.flatten(1).tolist()]
    assert model.log_prob(x).tolist() == pytest.approx(expected, rel=1e-10)
    assert total_probability(model) == pytest.approx(1, abs=1e-10)


@SOME
@given(ANY_MADE, st.integers(0, 2**31), st.integers(1, 4), st.booleans())
def test_any_size_and_order_samples_alike_by_both_methods(
    model: MADE, seed: int, masks: int, own: bool
) -> None:
    options = {"ordering": orderings.random(model.event_shape, seed=seed)} if own else {}
    model = lively(
        MADE(
            model.event_shape,
            [len(layer[0]) for layer in model.degrees],
            likelihood=model.likelihood,
            num_masks=masks,
            seed=seed,
            **options,
        ).double()
    )
    known = torch.randint(model.likelihood.num_levels, model.event_shape, generator=seeded(seed))
    mask = torch.rand(5, *model.event_shape, generator=seeded(seed)) < 0.4
    for completion in ({}, {"known": known, "mask": mask}):
        cached, naive = (
            model.sample(5, generator=seeded(seed), method=method, temperature=0.7, **completion)
            for method in ("cached", "naive")
        )
        assert torch.equal(cached, naive)
    assert torch.equal(torch.where(mask, known, cached), cached)


@pytest.mark.parametrize("num_levels", [0, 2, 4])
@pytest.mark.parametrize("name", ["raster", "column", "random", "checkerboard", "reversed"])
def test_every_named_ordering_in_many_blocks_and_chunks(name: str, num_levels: int) -> None:
    """100 variables: more steps than the cached sampler takes at once."""
    shape = (1, 10, 10)
    model = made(shape, (130, 70), num_levels, ordering=getattr(orderings, name)(shape))
    cached, naive = (model.sample(7, generator=seeded(1), method=method) for method in ("cached", "naive"))
    assert torch.equal(cached, naive)
    at_once, view = model.conditionals(cached), model.incremental(7)
    for d in model.ordering.tolist():
        step = view.conditional()
        expected = at_once.logits.flatten(1, 3)[:, d]
        torch.testing.assert_close(step.logits, expected, rtol=0, atol=1e-10)
        view.append(cached.flatten(1)[:, d])


@pytest.mark.parametrize("num_levels", [0, 16])
def test_in_float32_a_first_difference_lies_on_its_threshold(num_levels: int) -> None:
    shape = (1, 12, 12)
    likelihood = likelihoods.Categorical(num_levels) if num_levels else likelihoods.Bernoulli()
    model = lively(MADE(shape, [200, 100], likelihood=likelihood), scale=0.15)
    cached, naive = (model.sample(200, generator=seeded(2), method=method) for method in ("cached", "naive"))
    noise = torch.rand(200, 144, dtype=torch.float64, generator=seeded(2))
    for row in (cached != naive).flatten(1).any(1).nonzero().flatten().tolist():
        in_order = [x[row].flatten()[model.ordering] for x in (cached, naive)]
        k = int((in_order[0] != in_order[1]).nonzero()[0])
        one = copy.deepcopy(model).double().conditionals(naive[row][None])
        d = model.ordering[k]
        parameters = one.logits.flatten(1, 3)[0, d]
        sums = parameters.softmax(-1).cumsum(-1) if num_levels else 1 - parameters.sigmoid()
        assert (sums - noise[row, k]).abs().min() < 1e-5
    view, at_once = model.incremental(200), model.conditionals(naive)
    for d in model.ordering.tolist():
        torch.testing.assert_close(
            view.conditional().logits, at_once.logits.flatten(1, 3)[:, d], rtol=1e-5, atol=1e-5
        )
        view.append(naive.flatten(1)[:, d])


def samples_agree(model: MADE) -> bool:
    cached, naive = (model.sample(20, generator=seeded(3), method=method) for method in ("cached", "naive"))
    return torch.equal(cached, naive)


def test_changed_weights_never_meet_an_old_plan() -> None:
    model = made((6,), (14, 9), 3, seed=1)
    first = model.sample(20, generator=seeded(3))
    with torch.no_grad():
        model.layers[1].weight.mul_(-2)
    assert samples_agree(model)
    assert not torch.equal(model.sample(20, generator=seeded(3)), first)
    model.layers[0].weight = nn.Parameter(torch.randn(14, 18, generator=seeded(5), dtype=torch.float64))
    assert samples_agree(model)
    model.load_state_dict(made((6,), (14, 9), 3, seed=8).state_dict())
    assert samples_agree(model)
    optimizer = torch.optim.SGD(model.parameters(), lr=1.0)
    (-model.log_prob(torch.zeros(4, 6)).mean()).backward()
    optimizer.step()
    assert samples_agree(model)
    assert model.float().sample(2).dtype == model.double().sample(2).dtype == torch.int64
    assert samples_agree(model)


def test_a_view_that_has_begun_keeps_the_weights_it_began_with() -> None:
    model = made((4,), (9,))
    expected = model.conditionals(torch.zeros(1, 4)).logits[0].tolist()
    view = model.incremental(1)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.zero_()
    found = []
    for _ in range(4):
        found.append(view.conditional().logits.item())
        view.append(torch.zeros(1))
    assert found == pytest.approx(expected)


def test_double_gives_the_same_model_more_precisely() -> None:
    single = MADE((6,), [14], likelihood=likelihoods.Categorical(3), num_masks=2)
    double = copy.deepcopy(single).double()
    x = every_observation(single)[:50]
    assert double.log_prob(x).dtype == torch.float64
    torch.testing.assert_close(double.log_prob(x).float(), single.log_prob(x), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("num_masks", [1, 3])
def test_a_state_dict_makes_another_model_the_same(num_masks: int) -> None:
    saved, other = (made((5,), (12,), num_masks=num_masks, seed=seed) for seed in (0, 9))
    x = every_observation(saved)
    assert not torch.equal(other.log_prob(x), saved.log_prob(x))
    file = BytesIO()
    torch.save(saved.state_dict(), file)
    file.seek(0)
    other.load_state_dict(torch.load(file, weights_only=True))
    assert torch.equal(other.log_prob(x), saved.log_prob(x))
    assert samples_agree(other)


def test_the_seed_decides_everything_and_the_global_generator_nothing() -> None:
    states = []
    for global_seed, seed in ((1, 5), (2, 5), (1, 6)):
        torch.manual_seed(global_seed)
        states.append(MADE((5,), [40], likelihood=likelihoods.Bernoulli(), seed=seed).state_dict())
    assert all(torch.equal(states[0][name], states[1][name]) for name in states[0])
    assert not torch.equal(states[0]["layers.0.weight"], states[2]["layers.0.weight"])
    assert not torch.equal(states[0]["degrees_0"], states[2]["degrees_0"])


def test_without_an_ordering_it_is_raster_within_pixels() -> None:
    assert made((3, 1, 2)).ordering.tolist() == [0, 2, 4, 1, 3, 5]


def test_a_fair_start_is_log_two_a_bit() -> None:
    model = MADE((8,), [5], likelihood=likelihoods.Bernoulli())
    for parameter in model.parameters():
        nn.init.zeros_(parameter)
    assert model.log_prob(torch.ones(1, 8)).item() == pytest.approx(-8 * math.log(2))
    assert model.bits_per_dim(torch.ones(1, 8)).item() == pytest.approx(1)


def test_compiling_the_forward_pass_changes_nothing() -> None:
    model = made((6,), (14, 9), 3)
    x = every_observation(model)[:20]
    compiled = torch.compile(model, backend="aot_eager", fullgraph=True)
    torch.testing.assert_close(compiled(x), model(x), rtol=1e-12, atol=1e-12)


def test_functional_transforms_apply() -> None:
    """Gradients of each observation at once: possible because masks are functional."""
    model = made((4,), (9,))
    x = every_observation(model)[:6]

    def loss(parameters, row):
        return torch.func.functional_call(model, parameters, row[None]).sum()

    parameters = dict(model.named_parameters())
    each = torch.stack([torch.func.grad(loss)(parameters, row)["layers.0.weight"] for row in x])
    model.log_prob(x).sum().backward()
    torch.testing.assert_close(each.sum(0), model.layers[0].weight.grad)


def test_sampling_leaves_mode_gradients_and_threads_alone() -> None:
    model = made((6,), (14,)).train()
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    drawn = model.sample(5, generator=seeded())
    after = torch.get_num_threads()
    torch.set_num_threads(before)
    assert after == 2 and model.training
    assert all(parameter.grad is None for parameter in model.parameters()) and not drawn.requires_grad


def test_the_naive_view_is_one_full_pass_a_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    model = made((5,), (8,))
    passes = []
    original = MADE.conditionals
    monkeypatch.setattr(MADE, "conditionals", lambda *arguments: passes.append(1) or original(*arguments))
    model.sample(3, method="naive")
    assert len(passes) == 5
    passes.clear()
    model.sample(3)
    assert not passes


@pytest.mark.parametrize(
    ("arguments", "options", "sentence"),
    [
        (((4,), [3]), {"ordering": [0, 1, 1, 2]}, "each of 0..3 exactly once; got"),
        (((4,), [3]), {"ordering": [0, 1, 2]}, "each of 0..3 exactly once; got"),
        (((4,), [0]), {}, r"hidden_sizes is a sequence of whole numbers from 1 on, such as .*, not \[0\]\.$"),
        (((0,), [3]), {}, "event_shape is a sequence of sizes from 1 on"),
        (((4,), [3]), {"degrees": "sorted"}, '"random" or "sequential"'),
        (((4,), [3]), {"num_masks": 0}, "num_masks must be 1 or more, not 0"),
    ],
)
def test_impossible_models_are_refused_in_one_sentence(arguments, options, sentence) -> None:
    with pytest.raises(ValueError, match=sentence) as error:
        MADE(*arguments, likelihood=likelihoods.Bernoulli(), **options)
    assert "\n" not in str(error.value)


def test_levels_outside_the_likelihood_stop_before_the_network() -> None:
    model = MADE((2,), [3], likelihood=likelihoods.Categorical(3))
    with pytest.raises(ValueError, match=r"from 0 to 2, but x lies between 0 and 7\.$"):
        model.log_prob(torch.tensor([[0, 7]]))


def test_log_prob_of_a_distribution_is_that_of_the_model() -> None:
    model = made((4,), (9,), 3)
    x = every_observation(model)[:30]
    assert torch.equal(log_prob_of(model.conditionals(x), x).sum(1), model.log_prob(x))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"likelihood": "bernoulli"}, "armod.likelihoods.Bernoulli"),
        ({"likelihood": likelihoods.Bernoulli}, "armod.likelihoods.Bernoulli"),
        ({"hidden_sizes": 8}, "hidden_sizes is a sequence of whole numbers .* not 8"),
        ({"hidden_sizes": [8.0]}, r"hidden_sizes is a sequence .* not \[8\.0\]"),
        ({"hidden_sizes": [8, True]}, "hidden_sizes is a sequence"),
        ({"hidden_sizes": None}, "hidden_sizes is a sequence .* not None"),
        ({"hidden_sizes": "88"}, "hidden_sizes is a sequence .* not '88'"),
        ({"hidden_sizes": [[8, 8]]}, "hidden_sizes is a sequence"),
        ({"hidden_sizes": [8, -1]}, "hidden_sizes is a sequence"),
        ({"event_shape": 6}, r"event_shape is a sequence of sizes from 1 on, such as \(256,\), not 6"),
        ({"event_shape": (6.0,)}, r"event_shape is a sequence .* not \(6\.0,\)"),
        ({"event_shape": None}, "event_shape is a sequence .* not None"),
        ({"event_shape": torch.zeros(2, 3)}, "event_shape is a sequence .* not tensor"),
        ({"ordering": "raster"}, "ordering is a permutation, .* not 'raster'"),
        ({"ordering": orderings.random}, "ordering is a permutation, .* not the function random; call it"),
        ({"ordering": 3}, r"ordering of 6 variables must hold .* got \[3\]"),
        ({"ordering": [0, 1, None, 2, 3, 4]}, "ordering is a permutation"),
        ({"ordering": [0.5, 1, 2, 3, 4, 5]}, r"ordering of 6 variables must hold .* got \[0\.5"),
        ({"num_masks": 0}, "num_masks must be 1 or more, not 0"),
        ({"num_masks": 2.0}, r"num_masks must be a whole number, not 2\.0"),
        ({"num_masks": True}, "num_masks must be a whole number, not True"),
        ({"num_masks": None}, "num_masks must be a whole number, not None"),
        ({"context_size": -1}, "context_size must be 0 or more, not -1"),
        ({"context_size": 1.5}, r"context_size must be a whole number, not 1\.5"),
        ({"context_size": (3,)}, r"context_size must be a whole number, not \(3,\)"),
        ({"seed": 0.5}, r"seed must be a whole number, not 0\.5"),
        ({"degrees": "even"}, 'degrees is "random" or "sequential", not \'even\''),
        ({"degrees": [1, 2]}, r"degrees is .* not \[1, 2\]"),
        ({"degrees": torch.ones(2)}, "degrees is .* not tensor"),
    ],
)
def test_wrong_arguments_are_one_sentence(change: dict[str, object], message: str) -> None:
    arguments = {"event_shape": (6,), "hidden_sizes": [8], "likelihood": likelihoods.Bernoulli()} | change
    with pytest.raises(ValueError, match=message) as caught:
        MADE(**arguments)
    assert "\n" not in str(caught.value)


def test_whole_numbers_of_other_kinds_are_sizes_too() -> None:
    expected = MADE((2, 3), [8], likelihood=likelihoods.Bernoulli()).state_dict()
    for event_shape, hidden_sizes in (
        (np.array([2, 3]), np.array([8])),
        (torch.Size([2, 3]), torch.tensor([8])),
    ):
        model = MADE(event_shape, hidden_sizes, likelihood=likelihoods.Bernoulli(), seed=np.int64(0))
        assert model.event_shape == (2, 3)
        assert all(torch.equal(value, expected[name]) for name, value in model.state_dict().items())


@pytest.mark.parametrize("num_masks", [1, 2])
@pytest.mark.parametrize(
    ("x", "sentence"),
    [
        (torch.zeros(2, 40), r"shape \(N, 4\), but x has shape \(2, 40\)"),
        (torch.zeros(2, 3), r"shape \(N, 4\), but x has shape \(2, 3\)"),
        (torch.zeros(2, 2, 2), r"shape \(N, 4\), but x has shape \(2, 2, 2\)"),
        (torch.zeros(4), r"shape \(N, 4\), but x has shape \(4,\)"),
        (torch.full((1, 4), 3), "from 0 to 2, but x lies between 3 and 3"),
        (torch.full((1, 4), -1), "from 0 to 2"),
        (torch.full((1, 4), 0.5), "with fractions"),
    ],
)
def test_conditionals_take_levels_of_the_right_shape_only(num_masks: int, x, sentence: str) -> None:
    model = made((4,), (9,), 3, num_masks=num_masks, ordering=[2, 0, 1, 3])
    for use in (model.conditionals, model.log_prob):
        with pytest.raises(ValueError, match=sentence) as error:
            use(x)
        assert "\n" not in str(error.value)
