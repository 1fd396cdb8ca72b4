"""MADE with a context: against the slow reference, as a distribution for each context, in ensembles, and learnt."""

from __future__ import annotations

import copy
import itertools
import math

import pytest
import torch
from torch import Tensor

import armod
from armod import MADE, likelihoods, orderings, total_probability
from armod.likelihoods import log_prob as log_prob_of
from tests.examples import every_observation, numbers
from tests.makers import context_for, made, seeded
from tests.models import reference

CONDITIONAL = {
    "bits": lambda **more: made((4,), (9,), context_size=2, **more),
    "three levels, two layers": lambda **more: made((3,), (9, 6), 3, context_size=3, **more),
    "no hidden layer": lambda **more: made((4,), (), context_size=1, **more),
    "one hidden unit": lambda **more: made((4,), (1,), context_size=2, **more),
    "one variable": lambda **more: made((1,), (3,), 4, context_size=2, **more),
    "one variable, 256 levels": lambda **more: made((1,), (3,), 256, context_size=2, **more),
    "colour image": lambda **more: made((3, 1, 2), (8, 7), context_size=2, **more),
    "plane, logistic mixture": lambda **more: made(
        (2, 2), (9,), likelihood=likelihoods.LogisticMixture(3, 2), context_size=2, **more
    ),
}
EACH = pytest.mark.parametrize("build", CONDITIONAL.values(), ids=CONDITIONAL.keys())
LOCAL = pytest.mark.parametrize("local", [False, True], ids=["global", "local"])


def ordered(build, seed: int = 3) -> MADE:
    """The model in an arbitrary order."""
    return build(ordering=orderings.random(build().event_shape, seed=seed))


def reference_log_prob(model: MADE, x: Tensor, context: Tensor) -> float:
    """The slow reference of one row, whose biases contain what the context adds, unit by unit."""
    net = numbers(model)
    order = model.ordering.tolist()
    parameters = model.likelihood.num_parameters
    read_at = [[order[degree] for degree in layer[0].tolist()] for layer in model.degrees]
    read_at.append([unit // parameters for unit in range(len(order) * parameters)])
    for biases, layer, variables in zip(net.biases, model.context_layers, read_at, strict=True):
        for unit, (row, variable) in enumerate(zip(layer.weight.tolist(), variables, strict=True)):
            seen = context.flatten(1)[:, variable % context[0].numel()] if context.dim() > 1 else context
            biases[unit] += sum(w * c for w, c in zip(row, seen.tolist(), strict=True))
    return reference.log_prob(net, x.flatten().tolist())


@LOCAL
@pytest.mark.parametrize("name", [n for n in CONDITIONAL if "logistic" not in n])
def test_it_is_the_slow_reference(name: str, local: bool) -> None:
    model = ordered(CONDITIONAL[name])
    every = every_observation(model)
    x, context = every[:: max(len(every) // 5, 1)][:5], context_for(model, 5, local=local)
    context = context[: len(x)]
    expected = [reference_log_prob(model, *row) for row in zip(x, context, strict=True)]
    assert model.log_prob(x, context).tolist() == pytest.approx(expected, rel=1e-10)


def total_given(model: MADE, context: Tensor) -> Tensor:
    """The sum over all observations for each context."""
    every = every_observation(model)
    return torch.stack([model.log_prob(every, c.expand(len(every), *c.shape)).exp().sum() for c in context])


@LOCAL
@EACH
def test_for_every_context_it_is_a_distribution(build, local: bool) -> None:
    for dtype, tolerance in ((torch.float64, 1e-10), (torch.float32, 1e-5)):
        model = ordered(build).to(dtype)
        totals = total_given(model, context_for(model, 3, local=local) * 3)
        torch.testing.assert_close(totals, torch.ones_like(totals), rtol=0, atol=tolerance)
    assert total_probability(model) == pytest.approx(1, abs=1e-5)


@EACH
@pytest.mark.parametrize("ordering", ["own", "shared"])
def test_an_ensemble_averages_probabilities_for_every_context(build, ordering: str) -> None:
    shared = {"ordering": orderings.random(build().event_shape)} if ordering == "shared" else {}
    model = build(num_masks=3, **shared)
    every = every_observation(model)
    for local in (False, True):
        context = context_for(model, 2, local=local)
        totals = total_given(model, context)
        torch.testing.assert_close(totals, torch.ones_like(totals), rtol=0, atol=1e-10)
        given = context[:1].expand(len(every), *context.shape[1:])
        average = sum(member.log_prob(every, given).exp() for member in model.members) / 3
        torch.testing.assert_close(model.log_prob(every, given).exp(), average)
        for step, member in enumerate(model.members):
            assert torch.equal(
                model.training_log_prob(every, given, step=step), member.log_prob(every, given)
            )
        cached, naive = (
            model.sample(2, context, generator=seeded(4), method=method) for method in ("cached", "naive")
        )
        assert torch.equal(cached, naive)


def index_of(x: Tensor, num_levels: int) -> Tensor:
    """The row of each observation in `every_observation`."""
    powers = num_levels ** torch.arange(x[0].numel() - 1, -1, -1)
    return (x.flatten(1) * powers).sum(1)


@pytest.mark.parametrize("options", [{}, {"num_masks": 3}, {"num_masks": 3, "ordering": [2, 0, 1]}], ids=repr)
@LOCAL
def test_each_row_is_sampled_for_its_own_context(options: dict, local: bool) -> None:
    """Rows of two contexts in turn; a member that took the wrong rows of them would be far off."""
    model = made((3,), (9,), context_size=2, **options)
    every, context = every_observation(model), context_for(model, 2, local=local) * 2
    joint = torch.stack([model.log_prob(every, c.expand(8, *c.shape)).exp() for c in context]).detach()
    assert 0.5 * (joint[0] - joint[1]).abs().sum() > 0.2
    each = context.repeat(10_000, *[1] * (context.dim() - 1))
    drawn = model.sample(20_000, each, generator=seeded(2))
    for number, expected in enumerate(joint):
        frequency = torch.bincount(index_of(drawn[number::2], 2), minlength=8) / 10_000
        assert 0.5 * (frequency - expected).abs().sum() < 0.03


@LOCAL
def test_the_member_that_completes_a_row_is_drawn_by_its_probability_given_the_context(local: bool) -> None:
    model = made((3,), (9,), context_size=2, num_masks=3, ordering=[2, 0, 1], scale=1.3, seed=1)
    every, context = every_observation(model), context_for(model, 2, local=local)
    known, mask = torch.ones(3), torch.tensor([True, False, True])
    agrees = (every == known)[:, mask].all(1)
    of_members = torch.stack(  # p_m(x, known | c): members, contexts, observations
        [
            torch.stack([m.log_prob(every, c.expand(8, *c.shape)).exp() * agrees for c in context])
            for m in model.members
        ]
    ).detach()
    expected = of_members.sum(0) / of_members.sum((0, 2)).unsqueeze(1)
    weights = of_members.sum(2) / of_members.sum((0, 2))
    for wrong in (weights.flip(1), torch.full_like(weights, 1 / 3)):
        of_wrong = (wrong.unsqueeze(2) * of_members / of_members.sum(2, keepdim=True)).sum(0)
        assert (0.5 * (of_wrong - expected).abs().sum(1)).max() > 0.06
    each = context.repeat(10_000, *[1] * (context.dim() - 1))
    drawn = model.sample(20_000, each, known=known, mask=mask, generator=seeded(2))
    for number in range(2):
        frequency = torch.bincount(index_of(drawn[number::2], 2), minlength=8) / 10_000
        assert 0.5 * (frequency - expected[number]).abs().sum() < 0.03


@EACH
def test_a_local_context_that_is_the_same_everywhere_is_a_global_one(build) -> None:
    model = ordered(build)
    x, everywhere = every_observation(model)[-5:], context_for(model, 5)[: len(every_observation(model))]
    positions = model.event_shape[1:] if len(model.event_shape) == 3 else model.event_shape
    local = everywhere.view(*everywhere.shape, *[1] * len(positions)).expand(-1, -1, *positions)
    torch.testing.assert_close(model.log_prob(x, local), model.log_prob(x, everywhere), rtol=1e-10, atol=0)


def test_a_variable_reads_a_local_context_up_to_its_own_place_and_a_global_one_wholly() -> None:
    model = made((5,), (60, 60), 3, context_size=2, ordering=[3, 0, 4, 1, 2])
    x = every_observation(model)[77:78]
    local = context_for(model, 1, local=True).requires_grad_()
    at_variable = log_prob_of(model.conditionals(x, local), x)[0]
    reads = torch.stack(
        [torch.autograd.grad(p, local, retain_graph=True)[0][0].abs().amin(0) > 0 for p in at_variable]
    )
    in_order = reads[model.ordering][:, model.ordering]
    assert torch.equal(in_order, torch.ones(5, 5).tril().bool())
    flat = made((5,), (60, 60), 3, context_size=10, ordering=[3, 0, 4, 1, 2])
    everything = local.detach().flatten(1).requires_grad_()
    for p in log_prob_of(flat.conditionals(x, everything), x)[0]:
        assert (torch.autograd.grad(p, everything, retain_graph=True)[0] != 0).all()


@LOCAL
def test_gradients_reach_the_context_and_its_weights(local: bool) -> None:
    """So that an encoder in front of the context can learn."""
    model = ordered(CONDITIONAL["colour image"])
    x, context = every_observation(model)[20:23], context_for(model, 3, local=local).requires_grad_()
    assert torch.autograd.gradcheck(lambda c: model.log_prob(x, c), context)
    model.log_prob(x, context).sum().backward()
    assert all(layer.weight.grad.abs().sum() > 0 for layer in model.context_layers)


def test_a_context_leaves_all_other_weights_of_a_seed_as_they_are() -> None:
    """Only the degrees begin at 0."""
    arguments = {"likelihood": likelihoods.Categorical(3), "num_masks": 2, "seed": 5}
    plain, conditional = (MADE((4,), [7, 6], context_size=size, **arguments).state_dict() for size in (0, 3))
    assert list(plain) == [name for name in conditional if not name.startswith("context_layers.")]
    assert [name for name in conditional if name not in plain] == [
        f"context_layers.{number}.weight" for number in range(3)
    ]
    same = {name for name, value in plain.items() if torch.equal(value, conditional[name])}
    assert set(plain) - same == {"degrees_0", "degrees_1"}
    assert all(
        0 < conditional[f"context_layers.{number}.weight"].abs().max() <= 1 / math.sqrt(below + 3)
        for number, below in enumerate([12, 7, 6])
    )


@LOCAL
def test_a_state_dict_brings_the_context_and_the_order_in_which_it_is_read(local: bool) -> None:
    saved, other = (
        made((5,), (9,), context_size=2, ordering=orderings.random((5,), seed=s), seed=s) for s in (0, 1)
    )
    x, context = every_observation(saved)[:6], context_for(saved, 6, local=local)
    assert not torch.allclose(saved.log_prob(x, context), other.log_prob(x, context))
    other.load_state_dict(saved.state_dict())
    assert torch.equal(saved.log_prob(x, context), other.log_prob(x, context))
    draws = [model.sample(6, context, generator=seeded()) for model in (saved, other, copy.deepcopy(saved))]
    assert torch.equal(draws[0], draws[1]) and torch.equal(draws[0], draws[2])


def test_a_context_may_be_of_any_dtype_and_change_once_it_was_read() -> None:
    model = ordered(CONDITIONAL["bits"])
    x = every_observation(model)[:3]
    labels = torch.tensor([[0, 1], [1, 0], [1, 1]])
    expected = model.log_prob(x, labels.double())
    drawn = model.sample(3, labels.double(), generator=seeded())
    for dtype in (torch.bool, torch.uint8, torch.int64, torch.float32, torch.bfloat16):
        assert torch.equal(model.log_prob(x, labels.to(dtype)), expected)
        assert torch.equal(model.sample(3, labels.to(dtype), generator=seeded()), drawn)
    context = labels.double()
    view, fresh = model.incremental(3, context), model.incremental(3, labels)
    context.fill_(9)
    assert torch.equal(view.select([2, 0]).conditional().logits, fresh.conditional().logits[[2, 0]])


@pytest.mark.parametrize("options", [{}, {"num_masks": 2}, {"num_masks": 2, "ordering": [1, 0, 2]}], ids=repr)
def test_a_context_is_needed_and_has_its_shape(options: dict) -> None:
    model = made((3,), (4,), context_size=2, **options)
    x = torch.zeros(4, 3)
    calls = [model.log_prob, lambda x, c: model.sample(len(x), c)]
    if "ordering" in options or not options:
        calls += [model.conditionals, lambda x, c: model.incremental(len(x), c)]
    for call in calls:
        for wrong in (
            None,
            torch.zeros(3, 2),
            torch.zeros(4, 3),
            torch.zeros(4, 2, 2),
            torch.zeros(4, 2, 3, 1),
        ):
            with pytest.raises(
                ValueError, match=r"needs a context of shape \(4, 2\), or \(4, 2, 3\)"
            ) as error:
                call(x, wrong)
            assert "\n" not in str(error.value)


def test_it_says_how_large_its_context_is() -> None:
    assert "context_size=3" in repr(made((3,), (4,), context_size=3))
    assert all(m.context_size == 3 for m in made((3,), (4,), context_size=3, num_masks=2).members)


def test_a_start_from_marginals_changes_the_output_biases_alone() -> None:
    model = MADE((3,), [4], likelihood=likelihoods.Categorical(3), context_size=2)
    before = copy.deepcopy(model.state_dict())
    x = torch.tensor([[0, 1, 2], [0, 2, 2], [0, 1, 2], [0, 1, 1]])
    model.start_from_marginals(x)
    changed = {name for name, value in model.state_dict().items() if not torch.equal(value, before[name])}
    assert changed == {"layers.1.bias"}
    assert torch.equal(model.layers[1].bias.view(3, 3).argmax(1), torch.tensor([0, 1, 2]))


def test_it_compiles_with_a_context() -> None:
    model = ordered(CONDITIONAL["three levels, two layers"])
    compiled = torch.compile(model, backend="aot_eager", fullgraph=True)
    x, context = every_observation(model)[:6], context_for(model, 6, local=True)
    torch.testing.assert_close(compiled(x, context), model(x, context))


@LOCAL
def test_autocast_rounds_log_prob_only_a_little_and_no_cached_sample(local: bool) -> None:
    model = ordered(CONDITIONAL["three levels, two layers"])
    x, context = every_observation(model)[:6], context_for(model, 6, local=local)
    exact, model = model(x, context), model.float()
    expected, logits = (
        model.sample(6, context, generator=seeded()),
        model.incremental(6, context).conditional().logits,
    )
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.equal(model.sample(6, context, generator=seeded()), expected)
        assert torch.equal(model.incremental(6, context).conditional().logits, logits)
        rounded = model(x, context)
    torch.testing.assert_close(rounded.double(), exact, rtol=0.1, atol=0.1)


def learnt(model: MADE, data: Tensor | tuple[Tensor, Tensor], rate: float) -> MADE:
    armod.fit(
        model,
        data,
        epochs=14,
        batch_size=250,
        learning_rate=rate,
        learning_rate_decay=0.8,
        progress=False,
    )
    return model


def test_what_is_learnt_is_the_true_conditional_density() -> None:
    """p(x | c) turns round as c grows: a conditional model reaches its entropy, of all variables, and a marginal one can't.

    The first variable does so too, which takes hidden units that look at the context alone.
    """
    contexts = torch.linspace(-1, 1, 9).unsqueeze(1)
    every = torch.cartesian_prod(torch.arange(3), torch.arange(3))
    table = (2 * torch.cos(3 * contexts + torch.arange(9) * 2.5)).double().softmax(1)
    labels = torch.arange(9).repeat(1000)
    x = every[torch.multinomial(table[labels], 1, generator=seeded(4)).squeeze(1)]
    likelihood = likelihoods.Categorical(3)
    conditional = learnt(
        MADE((2,), [48, 48], likelihood=likelihood, context_size=1), (x, contexts[labels]), 0.02
    )
    given = torch.stack(
        [log_prob_of(conditional.conditionals(every, c.expand(9, 1)), every) for c in contexts]
    )
    entropy = entropy_of(table)
    of_first = entropy_of(table.view(9, 3, 3).sum(2))
    assert entropy <= -(table * given.sum(2)).sum(1).mean() < entropy + 0.02
    assert of_first <= -(table * given[:, :, 0]).sum(1).mean() < of_first + 0.01
    marginal = learnt(MADE((2,), [48, 48], likelihood=likelihood), x, 0.02)
    at_best = entropy_of(table.mean(0, keepdim=True))
    assert at_best > entropy + 0.2
    assert at_best <= -(table * marginal.log_prob(every)).sum(1).mean()


def entropy_of(table: Tensor) -> float:
    """The mean entropy of its rows, in nats."""
    return -(table * table.log()).sum(1).mean().item()


def test_variables_and_a_local_context_meet_in_the_hidden_units() -> None:
    """Each bit is the one before, turned over where the context says so, nine times in ten: no sum of the two tells it."""
    every = torch.tensor(list(itertools.product((0, 1), repeat=4)))
    expected = every.new_zeros(len(every), len(every), 4)  # [context, x]
    expected[:, :, 0], expected[:, :, 1:] = every[:, None, 0], every[None, :, :-1] ^ every[:, None, 1:]
    truth = torch.where(expected == every[None], 0.9, 0.1).prod(2)
    labels = torch.arange(16).repeat(400)
    x = every[torch.multinomial(truth[labels], 1, generator=seeded(5)).squeeze(1)]
    local = every.float().unsqueeze(1)
    model = learnt(
        MADE((4,), [48], likelihood=likelihoods.Bernoulli(), context_size=1), (x, local[labels]), 0.05
    )
    given = torch.stack([model.log_prob(every, c.expand(16, 1, 4)) for c in local])
    entropy = 4 * -(0.9 * math.log(0.9) + 0.1 * math.log(0.1))
    assert entropy <= -(truth * given).sum(1).mean() < entropy + 0.02
