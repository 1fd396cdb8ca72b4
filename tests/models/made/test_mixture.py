"""An ensemble averages probabilities: its likelihood, its two views, its members."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from io import BytesIO

import pytest
import torch

from armod import MADE, check_autoregressive, dependency_matrix, total_probability
from armod.likelihoods import log_prob as log_prob_of
from tests.examples import every_observation, numbers
from tests.makers import lively, made, seeded
from tests.models import reference

ORDER = [1, 3, 0, 2]
SEVERAL_ORDERS_CALLS: dict[str, Callable[[MADE], object]] = {
    "conditionals": lambda model: model.conditionals(torch.zeros(1, 4)),
    "incremental": lambda model: model.incremental(1),
    "dependency_matrix": dependency_matrix,
    "check_autoregressive": check_autoregressive,
    "ordering": lambda model: model.ordering,
}


@pytest.mark.parametrize("ordering", [None, ORDER])
@pytest.mark.parametrize("num_levels", [0, 3])
def test_the_likelihood_is_the_average_of_the_members_probabilities(ordering, num_levels) -> None:
    model = made((4,), (12,), num_levels, num_masks=3, ordering=ordering)
    x = every_observation(model)
    nets = [numbers(member) for member in model.members]
    for row in x[:: len(x) // 5].tolist():
        average = sum(math.exp(reference.log_prob(net, row)) for net in nets) / 3
        assert model.log_prob(torch.tensor([row])).exp().item() == pytest.approx(average, rel=1e-12)


def wrong_total(members: tuple[MADE, ...]) -> float:
    """The mass of the model whose *logits* are the average of the members' logits."""
    x = every_observation(members[0])
    logits = torch.stack([member.conditionals(x).logits for member in members]).mean(0)
    wrong = torch.distributions.Bernoulli(logits=logits)
    return wrong.log_prob(x.to(logits.dtype)).sum(1).exp().sum().item()


def test_averaging_logits_over_several_orders_is_no_distribution() -> None:
    several = lively(made((4,), (12,), num_masks=4), scale=1.5)
    assert abs(wrong_total(several.members) - 1) > 0.05
    assert total_probability(several) == pytest.approx(1, abs=1e-12)


def test_averaging_logits_over_one_order_is_another_distribution() -> None:
    """Its mass stays 1, yet it is not the mixture."""
    model = made((4,), (12,), num_masks=4, ordering=ORDER)
    assert wrong_total(model.members) == pytest.approx(1, abs=1e-12)
    x = every_observation(model)
    logits = torch.stack([member.conditionals(x).logits for member in model.members]).mean(0)
    wrong = torch.distributions.Bernoulli(logits=logits).log_prob(x.double()).sum(1)
    assert (wrong - model.log_prob(x)).abs().max() > 0.01


@pytest.mark.parametrize("num_levels", [0, 3])
def test_conditionals_of_a_mixture_are_ratios_of_enumerated_marginals(num_levels: int) -> None:
    model = made((4,), (12,), num_levels, num_masks=3, ordering=ORDER)
    levels = max(num_levels, 2)
    every = every_observation(model)
    table = dict(zip(map(tuple, every.tolist()), model.log_prob(every).exp().tolist(), strict=True))
    x = every[-3]
    at_once, view = model.conditionals(x[None]), model.incremental(1)
    for k, d in enumerate(ORDER):
        expected = reference.given_the_past(table.__getitem__, x.tolist(), ORDER, k, levels)
        step = view.conditional()
        for level, probability in enumerate(expected):
            whole = log_prob_of(at_once, torch.full((1, 4), level))[0, d].exp().item()
            alone = log_prob_of(step, torch.tensor([level])).exp().item()
            assert whole == pytest.approx(probability, abs=1e-10)
            assert alone == pytest.approx(probability, abs=1e-10)
        view.append(x[d : d + 1])


@pytest.mark.parametrize("call", SEVERAL_ORDERS_CALLS.values(), ids=SEVERAL_ORDERS_CALLS.keys())
def test_several_orders_point_to_the_members(call: Callable[[MADE], object]) -> None:
    model = made((4,), (12,), num_masks=3)
    with pytest.raises(ValueError, match="`members`") as error:
        call(model)
    assert "\n" not in str(error.value)
    for member in model.members:
        call(member)


def test_members_are_ordinary_mades_on_the_same_weights() -> None:
    model = made((5,), (12, 7), num_masks=3)
    assert [type(member) for member in model.members] == [MADE] * 3
    assert all(member.num_masks == 1 and member.members == (member,) for member in model.members)
    assert len({tuple(member.ordering.tolist()) for member in model.members}) == 3
    before = [member.log_prob(torch.ones(1, 5)) for member in model.members]
    with torch.no_grad():
        model.layers[0].bias.add_(0.5)
    for member, old in zip(model.members, before, strict=True):
        assert member.layers[0].weight is model.layers[0].weight
        assert not torch.equal(member.log_prob(torch.ones(1, 5)), old)
        assert total_probability(member) == pytest.approx(1, abs=1e-12)


def test_with_an_ordering_given_all_members_share_it_but_not_their_degrees() -> None:
    model = made((5,), (12,), num_masks=3, ordering=[4, 2, 0, 1, 3])
    assert all(member.ordering.tolist() == [4, 2, 0, 1, 3] for member in model.members)
    assert len({tuple(member.degrees[0][0].tolist()) for member in model.members}) == 3
    assert model.ordering.tolist() == [4, 2, 0, 1, 3]


def test_the_first_member_is_the_single_model_of_that_seed() -> None:
    one, many = (made((5,), (8,), num_masks=n, ordering=range(5), seed=4) for n in (1, 3))
    assert torch.equal(one.degrees[0], many.degrees[0][:1])
    assert torch.equal(one.log_prob(torch.ones(1, 5)), many.members[0].log_prob(torch.ones(1, 5)))


@pytest.mark.parametrize("ordering", [None, ORDER])
def test_a_state_dict_brings_orders_and_masks_along(ordering) -> None:
    saved = made((4,), (12,), num_masks=3, ordering=ordering, seed=0)
    other = made((4,), (12,), num_masks=3, ordering=None if ordering is None else ORDER[::-1], seed=9)
    file = BytesIO()
    torch.save(saved.state_dict(), file)
    file.seek(0)
    other.load_state_dict(torch.load(file, weights_only=True))
    x = every_observation(saved)
    assert torch.equal(other.log_prob(x), saved.log_prob(x))
    assert torch.equal(other.sample(9, generator=seeded()), saved.sample(9, generator=seeded()))
    assert torch.equal(other.orderings, saved.orderings)


def test_masks_are_never_written_into_the_weights() -> None:
    """Masked entries keep their values through a step, and their gradient is exactly zero."""
    model = made((4,), (6, 5), 3, num_masks=2)
    member = model.members[0]
    before = [layer.weight.detach().clone() for layer in model.layers]
    optimizer = torch.optim.Adam(model.parameters(), lr=0.1)
    (-member.log_prob(every_observation(model)).mean()).backward()
    masked = [layer.weight.grad == 0 for layer in model.layers]
    degrees = [member.degrees[0][0], member.degrees[1][0]]
    place = torch.argsort(member.ordering) + 1
    allowed = [
        degrees[0][:, None] >= place.repeat_interleave(3)[None],
        degrees[1][:, None] >= degrees[0][None],
        place.repeat_interleave(3)[:, None] > degrees[1][None],
    ]
    optimizer.step()
    for layer, old, is_zero, may in zip(model.layers, before, masked, allowed, strict=True):
        assert is_zero[~may].all() and (~may).any()
        assert torch.equal(layer.weight[~may], old[~may]) and (old[~may] != 0).all()
        assert (layer.weight[may & ~is_zero] != old[may & ~is_zero]).all()


def test_training_takes_the_members_in_turn() -> None:
    model = made((4,), (12,), num_masks=3)
    x = every_observation(model)[:5]
    for step in range(7):
        expected = model.members[step % 3].log_prob(x)
        assert torch.equal(model.training_log_prob(x, step=step), expected)


@pytest.mark.parametrize("kept", [[1], [1, 3], [1, 3, 0]])
def test_completions_of_a_mixture_are_exact_where_the_known_come_first(kept: list[int]) -> None:
    """A member that finds the known part unlikely must seldom complete it."""
    model = made((4,), (16,), num_masks=4, ordering=ORDER)
    every = every_observation(model)
    joint = model.log_prob(every).exp()
    for known in every[[0, 6, 13]]:
        mask = torch.zeros(4, dtype=torch.bool)
        mask[kept] = True
        bayes = joint * (every == known)[:, mask].all(1)
        drawn = model.sample(20_000, known=known, mask=mask, generator=seeded(2))
        frequency = torch.bincount((drawn * torch.tensor([8, 4, 2, 1])).sum(1), minlength=16) / len(drawn)
        assert 0.5 * (frequency - bayes / bayes.sum()).abs().sum() < 0.03


def test_completions_of_several_orders_are_exact_where_the_known_come_first_in_all() -> None:
    seed = next(
        seed
        for seed in itertools.count()
        if len({int(order[0]) for order in made((3,), (8,), num_masks=2, seed=seed).orderings}) == 1
        and len({tuple(order.tolist()) for order in made((3,), (8,), num_masks=2, seed=seed).orderings}) == 2
    )
    model = made((3,), (8,), num_masks=2, seed=seed)
    every = every_observation(model)
    mask = torch.zeros(3, dtype=torch.bool)
    mask[model.orderings[0, 0]] = True
    bayes = model.log_prob(every).exp() * (every[:, mask] == 1).all(1)
    drawn = model.sample(20_000, known=torch.ones(3), mask=mask, generator=seeded(2))
    frequency = torch.bincount((drawn * torch.tensor([4, 2, 1])).sum(1), minlength=8) / len(drawn)
    assert 0.5 * (frequency - bayes / bayes.sum()).abs().sum() < 0.03
