"""`receptive_field` is one method of every model, and of a WaveNet a number as well."""

from __future__ import annotations

import copy
import itertools
import json
import pickle

import pytest
import torch

import armod
from armod import likelihoods, orderings
from armod.models.base import AutoregressiveModel
from tests.makers import UserBits

BITS = likelihoods.Bernoulli()

SEQUENCES = {
    "made": armod.MADE((5,), [9], likelihood=BITS, ordering=[2, 0, 4, 1, 3]),
    "recurrent": armod.RecurrentModel((5,), 3, likelihood=BITS, ordering=orderings.reversed((5,))),
    "transformer": armod.Transformer((5,), 4, num_layers=1, num_heads=2, likelihood=BITS),
    "wavenet": armod.WaveNet((9,), 2, dilations=[3, 1], likelihood=BITS, ordering=orderings.reversed((9,))),
    "histogram": armod.Histogram((4,), 3),
    "a user's": UserBits(4, [2, 0, 3, 1]),
}
IMAGES = {
    "made": armod.MADE((3, 2, 2), [20], likelihood=BITS, ordering=orderings.column((3, 2, 2))),
    "transformer": armod.Transformer((2, 3, 1), 4, num_layers=1, num_heads=2, likelihood=BITS),
    "pixelcnn++": armod.PixelCNNPlusPlus((3, 3, 2), 2, num_resnets=1, num_mixtures=1, num_levels=2),
    "multi-scale": armod.MultiScale((3, 3, 2), 3, 1, likelihood=BITS),
    "gated": armod.GatedPixelCNN((3, 3, 2), 3, 1, likelihood=BITS, ordering=orderings.column((3, 3, 2))),
}


@pytest.mark.parametrize("model", SEQUENCES.values(), ids=SEQUENCES.keys())
def test_the_field_of_a_position(model: AutoregressiveModel) -> None:
    for position in range(model.num_variables):
        assert torch.equal(model.receptive_field(position), model.reach()[position])
        assert torch.equal(model.receptive_field(position - model.num_variables), model.reach()[position])


@pytest.mark.parametrize("model", IMAGES.values(), ids=IMAGES.keys())
def test_the_field_of_a_pixel_and_its_channel(model: AutoregressiveModel) -> None:
    channels, height, width = model.event_shape
    for row, column, channel in itertools.product(range(height), range(width), range(channels)):
        found = model.receptive_field(row, column, channel)
        assert found.dtype == torch.bool and found.shape == model.event_shape
        variable = (channel * height + row) * width + column
        # what is out of sight of the paths is out of reach, and for these models the other way around
        assert torch.equal(found.flatten(), model.reach()[variable])
    assert torch.equal(model.receptive_field(1, 0), model.receptive_field(1, 0, channels - 1))


def test_the_field_of_a_frame_of_a_film() -> None:
    model = armod.MADE((2, 3, 2, 2), [30], likelihood=BITS)
    found = model.receptive_field(1, 0, 1)
    assert found[:, 0].all() and not found[:, 2].any()  # frames before and after
    assert found[:, 1].int().tolist() == [[[1, 1], [0, 0]], [[1, 0], [0, 0]]]


def test_the_number_of_a_wavenet_is_a_number() -> None:
    model = SEQUENCES["wavenet"]
    size = model.receptive_field
    assert isinstance(size, int) and size == 5 == 1 + 3 + 1
    assert torch.zeros(2, size).shape == (2, 5) and list(range(size))[-1] == 4
    assert f"{size} {size:03d}" == "5 005" and json.dumps(size) == "5"
    for copied in (copy.copy(size), copy.deepcopy(size), pickle.loads(pickle.dumps(size))):
        assert type(copied) is int and copied == 5
    # with these dilations the field has gaps: only steps 1, 2, 4 and 5 back are seen, and time runs backward
    assert size(2).nonzero().flatten().tolist() == [3, 4, 6, 7]


@pytest.mark.parametrize(
    ("model", "places"),
    [
        (SEQUENCES["made"], [(), (5,), (-6,), (1, 1)]),
        (SEQUENCES["wavenet"], [(), (9,), (0, 0)]),
        (IMAGES["pixelcnn++"], [(), (1,), (3, 0), (0, 2), (0, 0, 3), (0, 0, 0, 0)]),
        (IMAGES["gated"], [(3, 0), (0, 2), (0, 0, 3)]),
    ],
)
def test_a_place_that_does_not_exist_is_refused(model: AutoregressiveModel, places: list) -> None:
    for place in places:
        with pytest.raises(IndexError):
            model.receptive_field(*place)
