"""Observations of four and more dimensions, for the families that take any order."""

from __future__ import annotations

import pytest
import torch

import armod
from armod import likelihoods, orderings
from tests.makers import context_for, seeded

BITS = likelihoods.Bernoulli()
SHAPES = [(2, 1, 2, 2), (1, 3, 1, 1, 2), (2, 2, 1, 1, 1, 1)]
ORDER_FREE = {
    "made": lambda shape, **options: armod.MADE(
        shape, [40], likelihood=likelihoods.Categorical(3), **options
    ),
    "lstm": lambda shape, **options: armod.RecurrentModel(shape, 4, likelihood=BITS, **options),
    "transformer": lambda shape, **options: armod.Transformer(
        shape, 4, num_layers=1, num_heads=2, likelihood=likelihoods.LogisticMixture(3, 2), **options
    ),
    "histogram": lambda shape, **options: armod.Histogram(shape, 2, smoothing=0.5, **options).fit(
        torch.randint(2, (50, *shape), generator=seeded(5))
    ),
}


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("name", ORDER_FREE)
@pytest.mark.parametrize("way", [orderings.raster, orderings.random])
def test_observations_of_many_dimensions(name: str, shape: tuple[int, ...], way) -> None:
    model = ORDER_FREE[name](shape, ordering=way(shape)).double()
    x = torch.randint(model.likelihood.num_levels, (3, *shape), generator=seeded())
    flat = ORDER_FREE[name](tuple([x[0].numel()]), ordering=way(shape)).double()
    if name == "histogram":
        flat.fit(torch.randint(2, (50, *shape), generator=seeded(5)).flatten(1))
    else:
        # weights that know nothing of shapes: the same model of the same variables in one row
        flat.load_state_dict(dict(model.state_dict()), strict=name != "lstm")
    if name != "lstm" or not flat.any_length:
        torch.testing.assert_close(model.log_prob(x), flat.log_prob(x.flatten(1)))
    assert model.conditionals(x).batch_shape == x.shape
    draws = [model.sample(4, generator=seeded(), method=method) for method in ("cached", "naive")]
    assert torch.equal(*draws) and draws[0].shape == (4, *shape) and draws[0].is_contiguous()
    if name in ("lstm", "transformer"):
        assert torch.equal(armod.dependency_matrix(model), model.reach())
    assert not (armod.dependency_matrix(model) & ~model.reach()).any()


@pytest.mark.parametrize("name", ["made", "lstm", "transformer"])
def test_a_local_context_has_one_vector_for_each_position_which_all_channels_share(name: str) -> None:
    shape = (2, 3, 1, 2)
    model = ORDER_FREE[name](shape, context_size=2).double()
    x, context = torch.zeros(4, *shape), context_for(model, 4, local=True)
    assert context.shape == (4, 2, 3, 1, 2)
    everywhere = context[:, :, :1, :1, :1]
    torch.testing.assert_close(
        model.log_prob(x, everywhere.expand_as(context)), model.log_prob(x, everywhere.flatten(1))
    )
    before = model.conditionals(x, context)
    context[:, :, 1, 0, 1] += 1  # a frame in the middle, which its own conditionals and later ones see
    now = model.conditionals(x, context)
    kind = "means" if name == "transformer" else "logits"
    changed = (getattr(now, kind) != getattr(before, kind)).view(4, *shape, -1).any(-1)
    assert changed[:, :, 1, 0, 1].all() and changed[:, :, 2].all()
    assert not changed[:, :, 0].any() and not changed[:, :, 1, 0, 0].any()
    cached, naive = (model.sample(4, context, generator=seeded(), method=m) for m in ("cached", "naive"))
    assert torch.equal(cached, naive)
    with pytest.raises(ValueError, match=r"\(4, 2, 3, 1, 2\)"):
        model.log_prob(x, torch.zeros(4, 2, *shape))


@pytest.mark.parametrize("name", ORDER_FREE)
def test_an_observation_without_dimensions_is_one_sentence(name: str) -> None:
    for options in ({}, {"ordering": [0]}):
        with pytest.raises(ValueError, match=r"[Ee]vent.shape is .*\(\)") as refused:
            ORDER_FREE[name]((), **options)
        assert "\n" not in str(refused.value)
