"""A model notes how it was made: for copies and pickles, and so that the weights of another model are refused."""

from __future__ import annotations

import copy
import inspect
import io
from typing import Any

import pytest
import torch
from torch import nn

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
from armod.likelihoods import Bernoulli, Categorical, LogisticMixture
from armod.models.arguments import Unwritten
from armod.models.families import FAMILIES
from tests.examples import ENSEMBLES, MODELS
from tests.makers import UserBits, made, seeded
from tests.models.construction.test_model_copies import through_torch_save
from tests.models.construction.test_saving import Sharp

EVERY = MODELS | ENSEMBLES


def test_arguments_are_noted_by_name_with_their_defaults() -> None:
    model = Sharp((5,), 3, dilations=[1, 2], likelihood=Bernoulli())
    assert model.construction.arguments == {
        "args": ((5,), 3),
        "sharpness": 2.0,
        "dilations": [1, 2],
        "likelihood": Bernoulli(),
    }
    assert MADE((3,), [4], likelihood=Bernoulli()).construction.arguments == {
        "event_shape": (3,),
        "hidden_sizes": [4],
        "likelihood": Bernoulli(),
        "ordering": None,
        "degrees": "random",
        "num_masks": 1,
        "seed": 0,
    } | {
        name: each.default
        for name, each in inspect.signature(MADE).parameters.items()
        if name
        not in ("event_shape", "hidden_sizes", "likelihood", "ordering", "degrees", "num_masks", "seed")
    }


def test_a_model_holds_no_object_for_the_sake_of_the_note() -> None:
    """A generator or a lock among the arguments can't be copied, and a data set should not live for long."""

    class Greedy(UserBits):
        def __init__(self, things: Any) -> None:
            super().__init__(3)

    model = Greedy([open, (n for n in range(3)), object()])
    assert model.construction.arguments["things"] == [
        Unwritten("builtin_function_or_method"),
        Unwritten("generator"),
        Unwritten("object"),
    ]
    copy.deepcopy(model)


def test_signatures_and_errors_are_those_of_the_constructor() -> None:
    assert list(inspect.signature(WaveNet).parameters)[:3] == ["event_shape", "channels", "dilations"]
    assert list(inspect.signature(UserBits).parameters) == ["num_variables", "ordering"]
    with pytest.raises(TypeError, match="missing 1 required keyword-only argument: 'likelihood'"):
        MADE((3,), [4])  # type: ignore[call-arg]
    with pytest.raises(TypeError, match=r"__init__\(\) got an unexpected keyword argument 'size'"):
        MADE((3,), [4], likelihood=Bernoulli(), size=3)  # type: ignore[call-arg]


# -- weights of other models ------------------------------------------------------------------------------------------------

IMAGE = (1, 2, 4)
USUAL: dict[type[AutoregressiveModel], dict[str, Any]] = {
    MADE: {"event_shape": (6,), "hidden_sizes": [5], "likelihood": LogisticMixture(16, 2)},
    RecurrentModel: {"event_shape": IMAGE, "hidden_size": 4, "likelihood": LogisticMixture(16, 2)},
    WaveNet: {"event_shape": (9,), "channels": 3, "dilations": [1, 2, 4], "likelihood": Bernoulli()},
    Transformer: {
        "event_shape": IMAGE,
        "width": 6,
        "num_layers": 2,
        "num_heads": 3,
        "likelihood": LogisticMixture(16, 2),
    },
    PixelCNN: {"event_shape": IMAGE, "channels": 3, "num_layers": 1, "likelihood": LogisticMixture(16, 2)},
    GatedPixelCNN: {
        "event_shape": IMAGE,
        "channels": 3,
        "num_layers": 2,
        "likelihood": LogisticMixture(16, 2),
    },
    MultiScale: {"event_shape": IMAGE, "channels": 3, "num_layers": 2, "likelihood": LogisticMixture(16, 2)},
    Subscale: {
        "event_shape": IMAGE,
        "scale": 2,
        "channels": 3,
        "num_layers": 1,
        "likelihood": LogisticMixture(16, 2),
    },
    PixelCNNPlusPlus: {"event_shape": IMAGE, "channels": 3, "num_resnets": 1, "num_mixtures": 2},
    Histogram: {"event_shape": (4,), "num_bins": 3},
    NGram: {"event_shape": (4,), "order": 2, "num_levels": 3},
}
# settings that change the function and not the shapes: the weights seem to fit
HIDDEN: list[tuple[type[AutoregressiveModel], dict[str, Any]]] = [
    (WaveNet, {"context_hop": 2}),
    (WaveNet, {"dilations": [4, 2, 1]}),
    (WaveNet, {"dilations": (1, 2, 3)}),
    (WaveNet, {"residual": False}),
    (WaveNet, {"likelihood": Categorical(1)}),
    (MADE, {"event_shape": (2, 3)}),
    (MADE, {"likelihood": LogisticMixture(17, 2)}),
    (RecurrentModel, {"event_shape": (1, 4, 2)}),
    (RecurrentModel, {"likelihood": LogisticMixture(256, 2)}),
    (Transformer, {"num_heads": 2}),
    (Transformer, {"event_shape": (2, 4)}),
    (Transformer, {"likelihood": LogisticMixture(4, 2)}),
    (PixelCNN, {"event_shape": (1, 4, 2)}),
    (PixelCNN, {"likelihood": LogisticMixture(4, 2)}),
    (PixelCNN, {"likelihood": Categorical(6)}),
    (GatedPixelCNN, {"event_shape": (1, 8, 1)}),
    (GatedPixelCNN, {"likelihood": Categorical(6)}),
    (MultiScale, {"event_shape": (1, 4, 2)}),
    (MultiScale, {"likelihood": LogisticMixture(4, 2)}),
    (MultiScale, {"order": ("diagonal", "right", "below")}),
    (MultiScale, {"channel_dependence": False}),
    (Subscale, {"event_shape": (1, 4, 2)}),
    (Subscale, {"likelihood": LogisticMixture(4, 2)}),
    (PixelCNNPlusPlus, {"event_shape": (1, 4, 2)}),
    (PixelCNNPlusPlus, {"num_levels": 16}),
    (PixelCNNPlusPlus, {"downsampling": False}),
    (PixelCNNPlusPlus, {"channel_dependence": False}),
    (Histogram, {"event_shape": (2, 2)}),
    (Histogram, {"num_bins": 4}),
    (Histogram, {"num_levels": 6}),
    (Histogram, {"smoothing": 0.25}),
    (NGram, {"event_shape": (2, 2)}),
]
# settings that also change names or shapes of the weights
VISIBLE: list[tuple[type[AutoregressiveModel], dict[str, Any]]] = [
    (WaveNet, {"event_shape": (8,)}),
    (WaveNet, {"channels": 2}),
    (WaveNet, {"kernel_size": 3}),
    (WaveNet, {"context_size": 1}),
    (WaveNet, {"skip": False}),
    (MADE, {"hidden_sizes": [6]}),
    (MADE, {"num_masks": 2}),
    (MADE, {"context_size": 1}),
    (RecurrentModel, {"hidden_size": 5}),
    (Transformer, {"positions": "rotary"}),
    (RecurrentModel, {"cell": "gru"}),
    (RecurrentModel, {"num_layers": 2}),
    (RecurrentModel, {"lookback": 2}),
    (RecurrentModel, {"context_size": 1}),
    (Transformer, {"width": 9}),
    (Transformer, {"num_layers": 1}),
    (Transformer, {"context_size": 1}),
    (PixelCNN, {"channels": 4}),
    (PixelCNN, {"num_layers": 2}),
    (PixelCNN, {"kernel_size": 5}),
    (PixelCNN, {"context_channels": 1}),
    (PixelCNN, {"coordinates": True}),
    (GatedPixelCNN, {"channels": 4}),
    (GatedPixelCNN, {"num_layers": 1}),
    (GatedPixelCNN, {"kernel_size": 1}),
    (GatedPixelCNN, {"context_channels": 1}),
    (GatedPixelCNN, {"coordinates": True}),
    (MultiScale, {"channels": 4}),
    (MultiScale, {"num_layers": 1}),
    (MultiScale, {"kernel_size": 1}),
    (MultiScale, {"context_channels": 1}),
    (MultiScale, {"coordinates": True}),
    (Subscale, {"scale": 1}),
    (Subscale, {"channels": 4}),
    (Subscale, {"num_layers": 2}),
    (Subscale, {"kernel_size": 5}),
    (Subscale, {"context_channels": 1}),
    (Subscale, {"coordinates": True}),
    (PixelCNNPlusPlus, {"channels": 4}),
    (PixelCNNPlusPlus, {"num_resnets": 2}),
    (PixelCNNPlusPlus, {"num_mixtures": 3}),
    (PixelCNNPlusPlus, {"shortcuts": False}),
    (PixelCNNPlusPlus, {"context_channels": 1}),
    (PixelCNNPlusPlus, {"coordinates": True}),
    (NGram, {"order": 3}),
    (NGram, {"num_levels": 4}),
]
# settings that the weights bring themselves, or that only training knows
FREE: list[tuple[type[AutoregressiveModel], dict[str, Any]]] = [
    *[(family, {"seed": 3}) for family in FAMILIES.values() if family not in (Histogram, NGram)],
    *[(family, {"ordering": None}) for family in FAMILIES.values() if family not in (MultiScale, Subscale)],
    (MADE, {"ordering": [5, 0, 1, 2, 4, 3]}),
    (MADE, {"degrees": "sequential"}),
    (MADE, {"order_agnostic": True}),
    (WaveNet, {"ordering": range(8, -1, -1)}),
    (Transformer, {"ordering": range(7, -1, -1)}),
    (PixelCNN, {"ordering": armod.orderings.column(IMAGE)}),
    (PixelCNNPlusPlus, {"dropout": 0.5}),
    (Transformer, {"dropout": 0.5}),
    (Histogram, {"num_levels": 3}),
]


def name_of(value: Any) -> str:
    return value.__name__ if isinstance(value, type) else ", ".join(f"{k}={v}" for k, v in value.items())


def pair(
    family: type[AutoregressiveModel], other: dict[str, Any]
) -> tuple[AutoregressiveModel, AutoregressiveModel]:
    saved, loading = family(**USUAL[family]), family(**USUAL[family] | other)
    if isinstance(saved, (Histogram, NGram)):
        saved.fit(torch.randint(3, (9, *saved.event_shape), generator=seeded()))
    return saved, loading


def test_every_argument_of_every_family_is_decided() -> None:
    """A new argument must be tried: do its weights fit a model without it?"""
    for family in FAMILIES.values():
        tried = {name for each, other in [*HIDDEN, *VISIBLE, *FREE] if each is family for name in other}
        assert set(inspect.signature(family).parameters) - tried <= {"likelihood"}, family


@pytest.mark.parametrize(("family", "other"), HIDDEN, ids=name_of)
def test_weights_that_only_seem_to_fit_are_refused(family, other: dict[str, Any]) -> None:
    saved, loading = pair(family, other)
    before = copy.deepcopy(loading.state_dict())
    (name,) = other
    for strict, state in (
        (True, through_torch_save(saved.state_dict())),
        (False, copy.deepcopy(saved.state_dict())),
    ):
        with pytest.raises(
            ValueError, match=rf"This state dict is of a model with .*{name}=.* but this"
        ) as refused:
            loading.load_state_dict(state, strict=strict)
        assert str(refused.value).count(". ") == 0
    after = loading.state_dict()
    assert all(torch.equal(value, after[name]) for name, value in before.items())
    # the wrong answer: without the settings, torch takes them
    loading.load_state_dict(dict(saved.state_dict()))
    assert all(torch.equal(value, saved.state_dict()[name]) for name, value in loading.state_dict().items())


@pytest.mark.parametrize(("family", "other"), VISIBLE, ids=name_of)
def test_weights_that_do_not_fit_are_refused(family, other: dict[str, Any]) -> None:
    saved, loading = pair(family, other)
    (name,) = other
    with pytest.raises(
        (RuntimeError, ValueError), match=rf"This state dict is .*{name}=|(Missing|Unexpected) key"
    ):
        loading.load_state_dict(saved.state_dict())
    with pytest.raises((RuntimeError, ValueError), match=r"Error|order"):
        loading.load_state_dict(dict(saved.state_dict()))


@pytest.mark.parametrize(("family", "other"), FREE, ids=name_of)
def test_weights_that_fit_are_taken(family, other: dict[str, Any]) -> None:
    saved, loading = pair(family, other)
    loading.load_state_dict(through_torch_save(saved.state_dict()))
    x = torch.randint(1, (4, *saved.event_shape), generator=seeded())
    assert torch.equal(saved.eval().log_prob(x), loading.eval().log_prob(x))


def test_the_same_settings_may_be_written_in_another_way() -> None:
    saved = WaveNet(torch.Size([9]), 3, dilations=[1, 2], likelihood=Bernoulli())
    other = WaveNet([9], channels=3, dilations=(1, 2), kernel_size=2, likelihood=Bernoulli())
    other.load_state_dict(saved.state_dict())


def test_state_dicts_keep_their_keys_and_plain_data() -> None:
    state = MODELS["wavenet, bits"]().state_dict()
    assert all(isinstance(value, torch.Tensor) for value in state.values())
    file = io.BytesIO()
    torch.save(state, file)
    file.seek(0)
    assert torch.load(file, weights_only=True)._metadata == state._metadata
    assert state._metadata[""]["armod"]["dilations"] == [1, 2]


def test_parts_of_other_modules_are_compared_too() -> None:
    def parent(dilations: list[int]) -> nn.ModuleDict:
        return nn.ModuleDict(
            {"a": nn.Linear(2, 2), "b": WaveNet((5,), 3, dilations=dilations, likelihood=Bernoulli())}
        )

    state = parent([1, 2]).state_dict()
    parent([1, 2]).load_state_dict(state)
    with pytest.raises(ValueError, match=r"dilations=\[1, 2\], but this WaveNet has dilations=\[2, 1\]"):
        parent([2, 1]).load_state_dict(state)
    with pytest.raises(ValueError, match="dilations"):
        parent([2, 1]).load_state_dict(state, strict=False)


def test_lending_some_weights_to_another_architecture_stays_possible() -> None:
    small, large = (
        Transformer((6,), 4, num_layers=layers, num_heads=2, likelihood=Bernoulli(), context_size=context)
        for layers, context in ((1, 0), (3, 2))
    )
    missing, unexpected = large.load_state_dict(small.state_dict(), strict=False)
    assert missing and not unexpected and torch.equal(large.head.weight, small.head.weight)
    missing, unexpected = small.load_state_dict(large.state_dict(), strict=False)
    assert unexpected and not missing


def test_subclasses_compare_what_they_inherit_and_nothing_that_nobody_knows() -> None:
    class Inheriting(WaveNet):
        pass

    plain = WaveNet((9,), 3, dilations=[1, 2], likelihood=Categorical(3))
    Inheriting((9,), 3, dilations=[1, 2], likelihood=Categorical(3)).load_state_dict(plain.state_dict())
    with pytest.raises(ValueError, match="this Inheriting has dilations"):
        Inheriting((9,), 3, dilations=[2, 1], likelihood=Categorical(3)).load_state_dict(plain.state_dict())
    own = Sharp((9,), 3, dilations=[2, 1], likelihood=Categorical(3), sharpness=3.0)
    own.load_state_dict(plain.state_dict())
    assert "armod" not in own.state_dict()._metadata[""]
    UserBits(4).load_state_dict(UserBits(4, [3, 2, 1, 0]).state_dict())


def test_state_dicts_and_members_from_before_still_load() -> None:
    model = MODELS["wavenet, bits"]()
    state = model.state_dict()
    for metadata in state._metadata.values():
        metadata.pop("armod", None)
    MODELS["wavenet, bits"]().load_state_dict(state)
    ensemble = made((4,), (12,), num_masks=3)
    member = ensemble.members[1]
    made((4,), (12,), num_masks=1).load_state_dict(member.state_dict())


def test_a_trained_checkpoint_of_other_settings_is_refused() -> None:
    model = MODELS["histogram, sparse"]()
    before = model.counts.clone()
    with pytest.raises(ValueError, match=r"smoothing=0\.5"):
        model.load_state_dict(Histogram((3,), 3, smoothing=0.5).state_dict())
    assert torch.equal(model.counts, before)


def test_the_version_is_that_of_the_installed_package() -> None:
    from importlib import metadata

    assert armod.__version__ == metadata.version("armod")
    with pytest.raises(AttributeError, match="no_such_name"):
        armod.no_such_name  # noqa: B018
