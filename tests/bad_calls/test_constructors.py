"""Constructors of models and likelihoods that get what they can't use, or the same thing in another form."""

from __future__ import annotations

import inspect
import math
from typing import Any

import numpy as np
import pytest
import torch

import armod
from armod import (
    MADE,
    AutoregressiveModel,
    GatedPixelCNN,
    Histogram,
    MultiScale,
    NGram,
    PixelCNN,
    PixelCNNPlusPlus,
    RecurrentModel,
    Subscale,
    Transformer,
    WaveNet,
)
from armod.likelihoods import Bernoulli, Categorical, DiscretizedLogisticMixture, LogisticMixture
from tests.bad_calls.sentences import all_refused, named, refused

IMAGE = {"event_shape": (1, 4, 4), "channels": 4, "num_layers": 1, "likelihood": Bernoulli()}
USUAL: dict[type[AutoregressiveModel], dict[str, Any]] = {
    MADE: {"event_shape": (4,), "hidden_sizes": [6], "likelihood": Bernoulli()},
    RecurrentModel: {"event_shape": (4,), "hidden_size": 3, "likelihood": Bernoulli()},
    WaveNet: {"event_shape": (4,), "channels": 3, "dilations": [1, 2], "likelihood": Bernoulli()},
    Transformer: {
        "event_shape": (4,),
        "width": 4,
        "num_layers": 1,
        "num_heads": 2,
        "likelihood": Bernoulli(),
    },
    PixelCNN: IMAGE,
    GatedPixelCNN: IMAGE,
    MultiScale: IMAGE,
    Subscale: {**IMAGE, "scale": 2},
    PixelCNNPlusPlus: {"event_shape": (1, 4, 4), "channels": 2, "num_resnets": 1},
    Histogram: {"event_shape": (4,), "num_bins": 2},
    NGram: {"event_shape": (4,), "order": 2, "num_levels": 2},
}
NO_SIZE = [2.0, 2.5, "3", None, True, [3], -1, torch.tensor(1.5), np.float64(2), torch.zeros(2, 9)]
SIZES = {
    MADE: ["num_masks", "context_size"],
    RecurrentModel: ["hidden_size", "num_layers", "context_size", "lookback"],
    WaveNet: ["channels", "kernel_size", "context_size", "context_hop"],
    Transformer: ["width", "num_layers", "num_heads", "context_size"],
    PixelCNN: ["channels", "num_layers", "kernel_size", "context_channels"],
    GatedPixelCNN: ["channels", "num_layers", "kernel_size", "context_channels"],
    MultiScale: ["channels", "num_layers", "kernel_size", "context_channels"],
    Subscale: ["scale", "channels", "num_layers", "kernel_size", "context_channels"],
    PixelCNNPlusPlus: ["channels", "num_resnets", "num_mixtures", "num_levels", "context_channels"],
    Histogram: ["num_bins"],
    NGram: ["order", "num_levels"],
}
NO_SHAPE = [4, 4.0, None, "ab", "44", (), (4.0,), (True, 4), (0,), (-1, 4), [[4]], {"T": 4}, torch.zeros(2)]
NO_ORDERING = [
    armod.orderings.random,
    armod.orderings.raster,
    "raster",
    3,
    [0, 1],
    [0.0, 1.0, 2.0, 2.5],
    [1, 2, 3, 4],
    [True, False, True, False],
    np.array([0, 0, 1, 2]),
    np.array(["a", "b", "c", "d"]),
    torch.tensor([0, 1, 2, 3], dtype=torch.complex64),
]
NO_LIKELIHOOD = [None, "bernoulli", Bernoulli, Categorical, 256, torch.nn.Linear(1, 1), torch.zeros(1)]
NO_SEED = ["a", 0.5, None, True, torch.Generator(), 2**64, -(2**63) - 1]
OTHERS: list[tuple[type[AutoregressiveModel], str, Any]] = [
    *[(MADE, "hidden_sizes", value) for value in (500, 8.0, None, "8", [8, 4.0], [0], [True], [[4]])],
    *[(MADE, "degrees", value) for value in ("even", None, 3, ["random"], {}, torch.ones(2))],
    *[(MADE, "order_agnostic", value) for value in ("no", None, 2, [])],
    *[(RecurrentModel, "cell", value) for value in ("LSTM", None, 3, ["lstm"], {}, torch.nn.LSTM)],
    *[(WaveNet, "dilations", value) for value in (4, [1.5], 2.0, None, "12", [], [0], [1, True], [[1]], {})],
    *[(WaveNet, "residual", value) for value in ("no", None, 2, [])],
    *[(WaveNet, "skip", value) for value in ("no", None, 2, [])],
    *[(Transformer, "num_heads", value) for value in (3, 8)],
    *[
        (family, "kernel_size", value)
        for family in (PixelCNN, GatedPixelCNN, MultiScale, Subscale)
        for value in (0, 2, 4)
    ],
    *[(MultiScale, "channel_dependence", value) for value in ("no", None, 2)],
    *[
        (family, "coordinates", value)
        for family in (PixelCNN, GatedPixelCNN, PixelCNNPlusPlus, MultiScale, Subscale)
        for value in ("no", None, 2)
    ],
    *[(MultiScale, "order", value) for value in ("right", None, 3, ("right", "below"), [1, 2, 3])],
    *[
        (PixelCNNPlusPlus, name, value)
        for name in ("downsampling", "shortcuts", "channel_dependence")
        for value in ("no", None, 2)
    ],
    *[
        (family, "dropout", value)
        for family in (PixelCNNPlusPlus, Transformer)
        for value in ("0.1", None, math.nan, 1, -0.5, [0.1], True)
    ],
    *[(Transformer, "positions", value) for value in ("sinusoidal", None, 3, ["rotary"])],
    *[(Histogram, "smoothing", value) for value in ("1", None, math.nan, math.inf, -0.5, [1.0], True)],
    *[(Histogram, "num_levels", value) for value in (2.0, "4", True, [4], 1)],
]
BAD: dict[tuple[type[AutoregressiveModel], str], list[Any]] = {}
for family in USUAL:
    taken = inspect.signature(family).parameters
    for argument, values in {
        "event_shape": NO_SHAPE,
        "likelihood": NO_LIKELIHOOD,
        "ordering": NO_ORDERING,
        "seed": NO_SEED,
        **dict.fromkeys(SIZES[family], NO_SIZE),
    }.items():
        if argument in taken:
            BAD[family, argument] = list(values)
for family, argument, value in OTHERS:
    BAD.setdefault((family, argument), []).append(value)


@pytest.mark.parametrize(("family", "argument"), BAD, ids=named)
def test_models_are_not_made_of_nonsense(family: type[AutoregressiveModel], argument: str) -> None:
    words = rf"\b({argument}|An ordering of)\b" if argument == "ordering" else rf"\b{argument}\b"
    all_refused(
        (lambda value=value: family(**USUAL[family] | {argument: value}), words)
        for value in BAD[family, argument]
    )


def test_every_argument_is_tried() -> None:
    for family in USUAL:
        assert {argument for each, argument in BAD if each is family} == set(
            inspect.signature(family).parameters
        )


@pytest.mark.parametrize("family", USUAL, ids=named)
def test_sizes_of_numpy_and_torch_are_sizes(family: type) -> None:
    """uint8 would overflow as soon as something is computed with it: ``2 * uint8(200)`` is 144."""
    usual = USUAL[family]
    sizes = {name: usual.get(name, 3) for name in SIZES[family] if name not in ("num_levels", "num_masks")}
    torch.manual_seed(0)
    plain = family(**usual | sizes)
    for form in (np.int64, np.uint8, torch.tensor):
        other = family(**usual | {name: form(size) for name, size in sizes.items()})
        assert other.state_dict().keys() == plain.state_dict().keys()
        for name, tensor in plain.state_dict().items():
            assert torch.equal(tensor, other.state_dict()[name]), name
        kept = [value for value in vars(other).values() if isinstance(value, np.generic | torch.Tensor)]
        assert not kept
        other.load_state_dict(plain.state_dict())


@pytest.mark.parametrize("family", USUAL, ids=named)
def test_shapes_and_orderings_come_in_every_form(family: type) -> None:
    usual = USUAL[family]
    shape, forward = usual["event_shape"], armod.orderings.raster(usual["event_shape"])
    for same in (list(shape), torch.Size(shape), np.array(shape), torch.tensor(shape)):
        model = family(**usual | {"event_shape": same})
        assert model.event_shape == torch.Size(shape) and type(model.event_shape) is torch.Size
        assert all(type(size) is int for size in model.event_shape)
    if "ordering" not in inspect.signature(family).parameters:
        return
    for same in (forward.tolist(), forward.numpy(), range(len(forward)), forward.double(), None):
        assert torch.equal(family(**usual | {"ordering": same}).ordering, forward)


def test_many_units_in_a_small_type() -> None:
    small = MADE((np.uint8(4),), [np.uint8(200)], likelihood=Categorical(np.uint8(130)))
    assert small.layers[1].weight.shape == (520, 200) and small.layers[0].weight.shape == (200, 520)
    assert Categorical(np.int64(4)) == Categorical(4) and type(Categorical(np.int64(4)).num_levels) is int
    assert LogisticMixture(np.uint8(255), np.uint8(100)).num_parameters == 300


NO_COUNT = ["4", 2.5, 4.0, None, True, [4], 0, -1, torch.tensor(2.5)]
PARAMETERS = (torch.zeros(3, 2), torch.zeros(3, 2), torch.zeros(3, 2))


@pytest.mark.parametrize("value", NO_COUNT, ids=named)
def test_likelihoods_are_not_made_of_nonsense(value: Any) -> None:
    refused(lambda: Categorical(value), r"level")
    refused(lambda: LogisticMixture(value, 5), r"level")
    refused(lambda: LogisticMixture(256, value), r"component")
    refused(lambda: DiscretizedLogisticMixture(*PARAMETERS, value), "num_levels")


@pytest.mark.parametrize("number", range(3))
@pytest.mark.parametrize(
    "value", [None, 0.5, [[0.0, 0.0]] * 3, "means", torch.zeros(3, 3), torch.tensor(0.0)]
)
def test_a_logistic_mixture_has_parameters_of_one_shape(number: int, value: Any) -> None:
    parameters: list[Any] = list(PARAMETERS)
    parameters[number] = value
    refused(lambda: DiscretizedLogisticMixture(*parameters, 4), r"logits|means|log_scales")
