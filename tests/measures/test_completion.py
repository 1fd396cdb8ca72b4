"""Log-probabilities of completions, on both sides of the line: known variables first is exact, anything else is not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import torch

from armod import completion_log_prob
from tests.examples import LARGER, MODELS, every_observation
from tests.makers import context_for, made, seeded

NAMES = [
    "made, one variable",
    "made, image, checkerboard",
    "mixture of one order, three levels",
    "recurrent, rnn, arbitrary",
    "transformer, colour image",
    "pixelcnn++, colours, reversed",
    "subscale, odd",
    "histogram, smoothed",
    "gated, coordinates, column",
    "multi-scale, bits",
    "user's levels",
]


def first_variables(model: Any, count: int) -> torch.Tensor:
    mask = torch.zeros(model.num_variables, dtype=torch.bool)
    mask[model.ordering[:count]] = True
    return mask.view(model.event_shape)


@pytest.mark.parametrize("name", NAMES)
def test_known_variables_that_come_first_give_the_exact_conditional(name: str) -> None:
    """For every observation: log p(x) - log sum over all hidden levels of p."""
    model = MODELS[name]()
    every = every_observation(model)
    with torch.no_grad():
        joint = model.log_prob(every).double()
        for count in range(model.num_variables + 1):
            mask = first_variables(model, count)
            seen = every.masked_fill(~mask, 0).flatten(1)  # the known levels
            rows = seen.unique(dim=0, return_inverse=True)[1]
            known = torch.zeros(int(rows.max()) + 1).double().index_add(0, rows, joint.exp()).log()
            error = completion_log_prob(model, every, mask) - (joint - known[rows])
            assert error.abs().max() < 2e-5


def test_other_masks_give_the_completions_distribution_and_particles_the_conditional() -> None:
    model = made((4,), (20,))
    every, mask = every_observation(model), torch.tensor([False, True, False, True])
    one = every[5]
    x = every[(every[:, mask] == one[mask]).all(1)]
    blind = completion_log_prob(model, x, mask).exp()
    assert abs(blind.sum() - 1) < 1e-12  # a distribution over completions
    drawn = model.sample(4000, known=one, mask=mask, generator=seeded())
    shares = (drawn[:, None] == x).all(2).double().mean(0)
    assert ((shares - blind) / (blind * (1 - blind) / 4000).sqrt()).abs().max() < 4
    true = model.log_prob(x).softmax(0)
    assert (true - blind).abs().max() > 0.1  # but another one
    estimate = completion_log_prob(model, x, mask, particles=4000, generator=seeded(1))
    assert (estimate - true.log()).abs().max() < 0.1


def test_the_estimate_is_too_high_on_average() -> None:
    """And the less so, the more particles there are."""
    model = made((6,), (20,))
    x, mask = torch.tensor([[0, 1, 0, 1, 1, 0]]), torch.arange(6) >= 3
    every = every_observation(model)
    alike = every[(every[:, mask] == x[:, mask]).all(1)]
    true = (model.log_prob(x) - model.log_prob(alike).logsumexp(0)).item()
    many = x.expand(2000, 6)
    few, more = (
        completion_log_prob(model, many, mask, particles=n, generator=seeded(1)) - true for n in (2, 8)
    )
    error = more.std() / 2000**0.5
    assert few.mean() > more.mean() > 4 * error


def test_contexts_lengths_gradients_and_shapes() -> None:
    model = LARGER["gated, column, reversed, context"]()
    context = context_for(model, 2)
    x = model.sample(2, context, generator=seeded())
    mask = torch.rand(model.event_shape, generator=seeded()) < 0.5
    factors = model.log_prob_per_variable(x, context)
    assert torch.allclose(completion_log_prob(model, x, mask, context), (factors * ~mask).flatten(1).sum(1))
    assert torch.isfinite(completion_log_prob(model, x, mask, context, particles=3)).all()
    mask = torch.stack([first_variables(model, 4), first_variables(model, 7)])  # each row its own
    exact = completion_log_prob(model, x, mask, context)
    assert torch.allclose(exact, completion_log_prob(model, x, mask, context, particles=2))
    assert exact.requires_grad
    assert completion_log_prob(model, x[:0], mask[:0], context[:0], particles=2).shape == (0,)
    sound = LARGER["wavenet, beyond its field"]()
    x = sound.sample(2, length=11, generator=seeded())
    mask = torch.arange(11) < 5
    exact = completion_log_prob(sound, x, mask)
    assert torch.allclose(exact, completion_log_prob(sound, x, mask, particles=2))


def test_many_observations_take_several_walks() -> None:
    model = made((3,), (8,))
    x = model.sample(30, generator=seeded())
    estimate = completion_log_prob(model, x, torch.tensor([True, False, False]), particles=1000)
    assert torch.allclose(estimate, completion_log_prob(model, x, torch.tensor([True, False, False])))


def bad_calls() -> Iterator[tuple[Callable[[], Any], str]]:
    model = made((3,), (8,))
    x, mask = torch.zeros(2, 3), torch.tensor([True, False, True])
    yield lambda: completion_log_prob(model, x + 0.5, mask), "Levels must be whole numbers"
    yield lambda: completion_log_prob(model, x, mask.float()), "mask must be boolean"
    yield lambda: completion_log_prob(model, x, None), "A completion needs both"
    yield lambda: completion_log_prob(model, x, mask[:2]), "must broadcast to"
    yield lambda: completion_log_prob(model, x, mask, torch.zeros(2, 1)), "was built without a context"
    yield lambda: completion_log_prob(model, x, mask, particles=1), "n must be 2 or more, not 1"
    orders = made((5,), (8,), num_masks=2)
    yield (
        lambda: completion_log_prob(orders, torch.zeros(2, 5), torch.arange(5) < 2),
        "an ensemble of 2 different orderings",
    )


@pytest.mark.parametrize(("make", "sentence"), list(bad_calls()))
def test_bad_calls_are_one_sentence(make: Callable[[], Any], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        make()
