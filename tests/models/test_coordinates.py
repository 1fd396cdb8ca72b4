"""Coordinates: planes that stand behind the context, for every model of images that takes them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor

import armod
from armod import AutoregressiveModel, likelihoods, orderings
from armod.models.coordinates import coordinate_planes
from tests.makers import context_for, lively, seeded

SHAPE = (3, 4, 5)
FAMILIES: dict[str, Callable[..., AutoregressiveModel]] = {
    "PixelCNN": lambda **options: armod.PixelCNN(
        SHAPE, 4, 2, likelihood=likelihoods.Categorical(4), **options
    ),
    "GatedPixelCNN": lambda **options: armod.GatedPixelCNN(
        SHAPE, 4, 2, likelihood=likelihoods.Categorical(4), **options
    ),
    "PixelCNNPlusPlus": lambda **options: armod.PixelCNNPlusPlus(
        SHAPE, 4, num_resnets=1, num_mixtures=2, num_levels=4, **options
    ),
}
EVERY = pytest.mark.parametrize("make", FAMILIES.values(), ids=FAMILIES.keys())


def built(make: Callable[..., AutoregressiveModel], **options: Any) -> AutoregressiveModel:
    return lively(make(**options), scale=0.3).double()


def levels(num: int) -> Tensor:
    return torch.randint(4, (num, *SHAPE), generator=seeded(5))


def test_planes_are_row_column_and_distance_from_the_middle_column() -> None:
    planes = coordinate_planes(3, 5, dtype=torch.float64)
    for row in range(3):
        for column in range(5):
            across = -1 + column / 2
            assert planes[:, row, column].tolist() == [-1 + row, across, abs(across)]
    assert coordinate_planes(1, 1).tolist() == [[[0]]] * 3
    assert coordinate_planes(4, 7).shape == (3, 4, 7)
    assert coordinate_planes(2, 2).dtype == torch.get_default_dtype()


@EVERY
@pytest.mark.parametrize("ordering", [orderings.raster, orderings.column, orderings.reversed])
@pytest.mark.parametrize("num_own", [0, 2])
def test_coordinates_are_the_last_channels_of_a_local_context(make, ordering, num_own: int) -> None:
    # wrong: planes turned with the ordering, put before the context, or lost in one of the layers
    located = built(make, coordinates=True, ordering=ordering(SHAPE), context_channels=num_own)
    told = built(make, ordering=ordering(SHAPE), context_channels=num_own + 3)
    assert located.state_dict().keys() == told.state_dict().keys()
    x, own = levels(3), context_for(located, 3)
    planes = coordinate_planes(4, 5, dtype=torch.float64).expand(3, -1, -1, -1)
    context = planes
    if own is not None:
        context = torch.cat([own[:, :, None, None].expand(-1, -1, 4, 5), planes], 1)
    torch.testing.assert_close(located.log_prob(x, own), told.log_prob(x, context), rtol=0, atol=1e-12)
    drawn = [
        model.sample(3, its_context, generator=seeded(1))
        for model, its_context in [(located, own), (told, context)]
    ]
    assert torch.equal(*drawn)


@EVERY
def test_a_model_with_coordinates_needs_no_context_and_takes_none(make) -> None:
    model = built(make, coordinates=True)
    assert model.context_size == 0
    with pytest.raises(ValueError, match="built without a context"):
        model.log_prob(levels(2), torch.zeros(2, 3, 4, 5))


@EVERY
def test_only_a_model_with_coordinates_knows_where_it_is(make) -> None:
    # one level everywhere, and a field of 2: inside, all pixels of a model without coordinates look the same
    def inside(**options: Any) -> Tensor:
        shape = (1, 12, 12)
        images = {
            "PixelCNN": lambda: armod.PixelCNN(shape, 4, 1, likelihood=likelihoods.Bernoulli(), **options),
            "GatedPixelCNN": lambda: armod.GatedPixelCNN(
                shape, 4, 2, likelihood=likelihoods.Bernoulli(), **options
            ),
            "PixelCNNPlusPlus": lambda: armod.PixelCNNPlusPlus(
                shape, 4, num_resnets=1, num_mixtures=2, num_levels=4, downsampling=False, **options
            ),
        }
        name = next(name for name, other in FAMILIES.items() if other is make)
        model = lively(images[name](), scale=0.3).double()
        return model.log_prob_per_variable(torch.zeros(1, *shape))[0, 0, 8:, 5:7]

    assert inside().std() < 1e-12
    assert inside(coordinates=True).std() > 1e-4


@EVERY
def test_old_state_dicts_fit_and_weights_with_coordinates_do_not(make) -> None:
    plain, located = built(make), built(make, coordinates=True)
    state = plain.state_dict()
    del state._metadata[""]["armod"]["coordinates"]  # as an earlier version wrote it
    make().load_state_dict(state)
    with pytest.raises((RuntimeError, ValueError)):
        make().load_state_dict(located.state_dict())
    with pytest.raises(ValueError, match="coordinates=True"):
        make(context_channels=3).load_state_dict(located.state_dict())


@EVERY
def test_a_view_of_one_sample_can_become_several(make) -> None:
    # wrong: planes that stand for one sample are read as those of as many as there were at first
    for options in [{}, {"context_channels": 2}]:
        model = built(make, coordinates=True, **options)
        view = model.incremental(1, context_for(model, 1)).select([0, 0, 0])
        x = levels(1).expand(3, -1, -1, -1)
        expected = model.log_prob_per_variable(x, context_for(model, 1)).flatten(1)[:, model.ordering]
        for k, variable in enumerate(x.flatten(1)[:, model.ordering].T[:40]):
            found = view.conditional().log_prob(variable)
            torch.testing.assert_close(found, expected[:, k], rtol=0, atol=1e-12)
            view.append(variable)


@EVERY
def test_coordinates_is_a_switch(make) -> None:
    with pytest.raises(ValueError, match="coordinates must be True or False, not 3"):
        make(coordinates=3)
