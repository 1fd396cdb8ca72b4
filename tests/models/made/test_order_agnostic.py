"""One set of weights for all orderings: any mask is exact, and training has a new ordering in each step."""

from __future__ import annotations

import itertools

import pytest
import torch
from torch import Tensor

import armod
from armod import completion_log_prob, likelihoods, orderings
from armod.sampling import Particles
from tests.examples import every_observation
from tests.makers import made, seeded

SHAPE = (1, 2, 3)


@pytest.mark.parametrize("num_levels", [0, 3], ids=["bits", "three levels"])
def test_every_painted_mask_is_exact(num_levels: int) -> None:
    """Some of the 2^6 masks, against sums over all hidden levels of the same ordering's joint."""
    model = made(SHAPE, (20, 15), num_levels)
    every = every_observation(model)
    masks = list(itertools.product([False, True], repeat=6))[:: 5 if num_levels == 0 else 13]
    for painted in masks:
        mask = torch.tensor(painted).view(SHAPE)
        fitting = model.with_ordering(orderings.known_first(mask))
        joint = fitting.log_prob(every)
        rows = every.masked_fill(~mask, 0).flatten(1).unique(dim=0, return_inverse=True)[1]
        known = torch.zeros(len(rows)).double().index_add(0, rows, joint.exp()).log()
        assert (completion_log_prob(fitting, every, mask) - (joint - known[rows])).abs().max() < 1e-9


def test_a_mask_whose_known_variables_come_last_is_not_exact() -> None:
    """The wrong ordering is noticed."""
    model, mask = made(SHAPE, (20,)), torch.tensor([0, 0, 0, 1, 1, 1]).bool().view(SHAPE)
    every = every_observation(model)
    joint = model.log_prob(every)
    rows = every.masked_fill(~mask, 0).flatten(1).unique(dim=0, return_inverse=True)[1]
    known = torch.zeros(len(rows)).double().index_add(0, rows, joint.exp()).log()
    assert (completion_log_prob(model, every, mask) - (joint - known[rows])).abs().max() > 0.1


@pytest.mark.parametrize("ordering", [[5, 4, 3, 2, 1, 0], [3, 0, 5, 1, 4, 2]])
def test_it_is_the_made_that_was_built_with_this_ordering(ordering: list[int]) -> None:
    """Weights and degrees are those of the seed, whatever the ordering; so is the sample."""
    model, due = made(SHAPE, (20, 9)), made(SHAPE, (20, 9), ordering=ordering)
    found = model.with_ordering(torch.tensor(ordering))
    every = every_observation(model)
    assert torch.equal(found.log_prob(every), due.log_prob(every))
    assert found.ordering.tolist() == ordering and model.ordering.tolist() == list(range(6))
    drawn = [each.sample(50, generator=seeded(2)) for each in (found, due)]
    assert torch.equal(*drawn)
    assert torch.equal(drawn[0], found.sample(50, generator=seeded(2), method="naive"))
    assert not armod.check_autoregressive(found).leaks
    assert torch.equal(found.with_ordering(range(6)).log_prob(every), model.log_prob(every))


def test_weights_are_shared_and_the_model_stays_as_it_is() -> None:
    model = made(SHAPE, (20,))
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    other = model.with_ordering([5, 4, 3, 2, 1, 0])
    assert all(torch.equal(before[name], tensor) for name, tensor in model.state_dict().items())
    with torch.no_grad():
        model.linear_layers[0].weight.mul_(2)
    assert torch.equal(other.linear_layers[0].weight, model.linear_layers[0].weight)
    x = torch.ones(1, *SHAPE)
    other.log_prob(x).sum().backward()
    assert model.linear_layers[0].weight.grad is not None


def test_ensembles_and_contexts() -> None:
    ensemble = made(SHAPE, (20,), num_masks=3, context_size=2)
    context, x = torch.randn(4, 2, generator=seeded()).double(), torch.ones(4, *SHAPE)
    shared = ensemble.with_ordering([3, 0, 5, 1, 4, 2])
    assert shared.num_masks == 3 and shared.ordering.tolist() == [3, 0, 5, 1, 4, 2]
    members = torch.stack([member.log_prob(x, context) for member in shared.members])
    assert torch.allclose(shared.log_prob(x, context), members.logsumexp(0) - torch.tensor(3.0).log())
    mask = torch.tensor([0, 1, 1, 0, 1, 1]).bool().view(SHAPE)
    assert shared.sample(4, context, known=x, mask=mask, method=Particles(5)).shape == (4, *SHAPE)


def corners(num: int, generator: torch.Generator) -> Tensor:
    """Images of 2 x 3 bits that are all alike in an observation."""
    return torch.randint(0, 2, (num, 1, 1, 1), generator=generator).expand(num, *SHAPE)


def test_training_with_fresh_orderings_learns_every_ordering() -> None:
    """A model of one ordering does not say the right thing in another; one that learnt them all does."""
    x = corners(200, seeded())
    nats = {}
    for agnostic in (False, True):
        model = armod.MADE(SHAPE, (30,), likelihood=likelihoods.Bernoulli(), order_agnostic=agnostic)
        armod.fit(model, x, epochs=20, batch_size=50, learning_rate=3e-2, progress=False)
        others = [model.with_ordering(orderings.random(SHAPE, seed)) for seed in range(900, 905)]
        nats[agnostic] = [-other.log_prob(x).mean().item() for other in others]
    assert max(nats[True]) < 1.3 < min(nats[False])  # the entropy is 0.69


def test_each_step_has_an_ordering_of_its_own_that_the_seed_determines() -> None:
    drawn: list[list[int]] = []

    class Watched(armod.MADE):
        def with_ordering(self, ordering: Tensor) -> armod.MADE:
            drawn.append(ordering.tolist())
            return super().with_ordering(ordering)

    def run(seed: int, **options: int) -> list[list[int]]:
        drawn.clear()
        model = Watched((7,), (8,), likelihood=likelihoods.Bernoulli(), order_agnostic=True)
        armod.fit(model, torch.ones(40, 7), epochs=3, batch_size=10, seed=seed, progress=False, **options)
        return list(drawn)

    first = run(0)
    assert len(first) == 12 == len({tuple(ordering) for ordering in first})
    assert run(0) == first != run(1)
    assert run(0, accumulate=2) == [ordering for ordering in first for _ in range(2)]


def test_saved_and_loaded(tmp_path) -> None:
    model = armod.MADE(SHAPE, (8,), likelihood=likelihoods.Bernoulli(), order_agnostic=True)
    armod.save(model, tmp_path / "made.safetensors")
    loaded = armod.load(tmp_path / "made.safetensors")
    assert loaded.construction.arguments["order_agnostic"] and loaded.training_log_prob(
        torch.ones(2, *SHAPE), step=0
    ).shape == (2,)


def test_bad_calls_are_one_sentence() -> None:
    model = made(SHAPE, (8,))
    with pytest.raises(ValueError, match="An ordering of 6 variables must hold"):
        model.with_ordering([0, 1, 2])
    with pytest.raises(ValueError, match="order_agnostic must be True or False"):
        armod.MADE((3,), (4,), likelihood=likelihoods.Bernoulli(), order_agnostic="yes")
    with pytest.raises(ValueError, match="mask is a boolean tensor, True where a variable is known, not"):
        orderings.known_first(torch.ones(3))
