"""What can't be saved, and files that are none of ours, are refused in one sentence."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import safetensors.torch
import torch
import torch.nn.utils.prune
from torch import nn

import armod
from armod import MADE, AutoregressiveModel, RecurrentModel, Transformer, WaveNet
from armod.likelihoods import Bernoulli, Categorical, Likelihood, LogisticMixture
from tests.makers import UserBits, histogram, made, wavenet
from tests.models.construction.test_saving import assert_same

# -- what can't be written ------------------------------------------------------------------------------------------------


class Wrapping(UserBits):
    def __init__(self, num_variables: int, encoder: Any = None) -> None:
        super().__init__(num_variables)


class Forgetful(Likelihood):
    num_levels = num_parameters = 2
    num_features = 1
    encode = decode = distribution = noise = draw = marginal = Categorical.marginal

    def __init__(self, scale: float) -> None:
        self._scale = scale


class Doubling(Forgetful):
    def __init__(self, scale: float) -> None:
        self.scale = 2 * scale


def lora(model: AutoregressiveModel) -> AutoregressiveModel:
    model.head = nn.Sequential(model.head)
    return model


def with_attribute(model: AutoregressiveModel, path: str, value: Any) -> AutoregressiveModel:
    *way, name = path.split(".")
    setattr(model.get_submodule(".".join(way)), name, value)
    return model


def bits_wavenet() -> WaveNet:
    return wavenet((5,), Bernoulli(), [1, 2])


REFUSED: dict[str, tuple[Callable[[], Any], str]] = {
    "a module": (lambda: Wrapping(3, nn.Linear(2, 2)), "argument encoder of Wrapping is a Linear, which"),
    "a function": (lambda: Wrapping(3, len), "argument encoder of Wrapping is a builtin_function_or_method"),
    "in a list": (lambda: Wrapping(3, [1, {"a": 2}]), "argument encoder of Wrapping is a dict"),
    "many numbers": (lambda: Wrapping(3, torch.zeros(2**20 + 1)), "argument encoder of Wrapping is a Tensor"),
    "a generator": (
        lambda: WaveNet((5,), 3, dilations=(2**i for i in range(3)), likelihood=Bernoulli()),
        "argument dilations of WaveNet is a generator",
    ),
    "a likelihood that forgets": (
        lambda: WaveNet((5,), 3, dilations=[1], likelihood=Forgetful(0.5)),
        "argument likelihood of WaveNet is a Forgetful that does not keep the argument scale",
    ),
    "a likelihood that changes": (
        lambda: WaveNet((5,), 3, dilations=[1], likelihood=Doubling(0.5)),
        "argument likelihood of WaveNet is a Doubling that changes the arguments",
    ),
    "a member": (
        lambda: made((4,), (8,), num_masks=3).members[1],
        "member of an ensemble, save the ensemble",
    ),
    "a copied member": (
        lambda: copy.deepcopy(made((4,), (8,), num_masks=3).members[2]),
        "member of an ensemble",
    ),
    "a replaced part": (lambda: lora(bits_wavenet()), "because head was changed"),
    "a part of the same type": (
        lambda: with_attribute(bits_wavenet(), "head", nn.Linear(3, 2)),
        "because head was changed",
    ),
    "a part without settings": (
        lambda: with_attribute(bits_wavenet(), "convolutions.1.weight", nn.Parameter(torch.ones(3, 6, 3))),
        r"because convolutions\.1\.weight was changed",
    ),
    "an edited eps": (
        lambda: with_attribute(
            Transformer((3,), 4, num_layers=1, num_heads=1, likelihood=Bernoulli()), "norm.eps", 0.1
        ),
        "because norm was changed",
    ),
    "another smoothing": (
        lambda: with_attribute(histogram((3,), 2, smoothing=0.5), "smoothing", 2.0),
        "because smoothing was changed",
    ),
    "another likelihood": (
        lambda: with_attribute(
            MADE((3,), [4], likelihood=LogisticMixture(9, 1)), "likelihood", LogisticMixture(8, 1)
        ),
        "because likelihood was changed",
    ),
    "a parametrization": (
        lambda: lively_parametrized(RecurrentModel((3,), 4, likelihood=Bernoulli())),
        "because head was changed",
    ),
    "pruned weights": (
        lambda: pruned(RecurrentModel((3,), 4, likelihood=Bernoulli())),
        r"because head\.weight was changed",
    ),
    "a wrapper": (
        lambda: nn.DataParallel(bits_wavenet()),
        "not a DataParallel; of a wrapper, save the model inside",
    ),
    "a state dict": (lambda: bits_wavenet().state_dict(), "not a OrderedDict"),
    "a class": (lambda: MADE, "not a Noted"),
}


def lively_parametrized(model: Any) -> Any:
    nn.utils.parametrizations.weight_norm(model.head)
    return model


def pruned(model: Any) -> Any:
    nn.utils.prune.random_unstructured(model.head, "weight", 0.5)
    return model


@pytest.mark.parametrize("name", REFUSED)
def test_what_arguments_do_not_describe_is_refused_in_one_sentence(name: str, tmp_path: Path) -> None:
    build, said = REFUSED[name]
    with pytest.raises(ValueError, match=said) as refused:
        armod.save(build(), tmp_path / "model")
    assert "\n" not in str(refused.value) and str(refused.value).count(". ") == 0
    assert not list(tmp_path.iterdir())


# -- files that are none of ours --------------------------------------------------------------------------------------------


def changed_header(tmp_path: Path, change: Callable[[dict[str, Any]], Any], model: Any = None) -> Path:
    path = tmp_path / "model"
    armod.save(made((3,), (4,)) if model is None else model, path)
    with safetensors.safe_open(path, "pt") as file:
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        description = json.loads(file.metadata()["armod"])
    description = change(description) or description
    text = description if isinstance(description, str) else json.dumps(description)
    path.write_bytes(safetensors.torch.save(tensors, metadata={"armod": text}))
    return path


def put(key: str, value: Any) -> Callable[[dict[str, Any]], None]:
    def change(description: dict[str, Any]) -> None:
        *way, last = key.split(".")
        for name in way:
            description = description[name]
        description[last] = value

    return change


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            put("class", "NADE"),
            "written by armod .* holds a NADE, which armod .* does not know: its models are",
        ),
        (put("class", "AutoregressiveModel"), "holds a AutoregressiveModel"),
        (put("module", "os"), r"needs the class os\.MADE"),
        (put("arguments.num_heads", 3), "its MADE has the argument 'num_heads', which the one of armod"),
        (put("format", 2), "in a form that armod .* can't read"),
        (put("arguments.num_masks", 0), "make no MADE: num_masks must be 1 or more"),
        (put("arguments.seed", "one"), "make no MADE: "),
        (
            put("arguments.ordering", {"kind": "code", "values": "import os"}),
            "make no MADE: code is no kind of argument",
        ),
        (put("arguments.ordering", {}), "make no MADE: None is no kind"),
        (
            put("arguments.ordering", {"kind": "tensor", "values": [1], "shape": [1], "dtype": "load"}),
            "a tensor can't be read",
        ),
        (
            put("arguments.ordering", {"kind": "tensor", "values": [1, 2], "shape": [3], "dtype": "int8"}),
            "a tensor can't be read",
        ),
        (put("arguments.ordering", {"kind": "tensor", "values": [1, 2]}), "a tensor can't be read"),
        (put("arguments.ordering", {"kind": "range", "values": [0, 3, 0]}), "make no MADE"),
        (
            put("arguments.likelihood", {"kind": "likelihood", "class": "Likelihood", "arguments": {}}),
            "likelihoods.Likelihood",
        ),
        (
            put("arguments.likelihood", {"kind": "likelihood", "class": "inverse_cdf", "arguments": {}}),
            "likelihoods.inverse_cdf",
        ),
        (
            put("arguments.likelihood", {"kind": "likelihood", "class": "Categorical", "arguments": {}}),
            "a likelihood can't be read",
        ),
        (
            put("arguments.likelihood", {"kind": "likelihood", "class": ["x"], "arguments": {}}),
            "can't be read",
        ),
        (put("arguments.hidden_sizes", [5]), "don't fit its MADE: size mismatch for"),
        (put("arguments.hidden_sizes", []), "don't fit its MADE: "),
        (put("dtypes.mask_0", "load"), "can't be read"),
        (put("arguments", []), "can't be read"),
        (put("class", ["MADE"]), "can't be read"),
        (lambda _: "[" * 100_000, "can't be read"),
        (lambda _: "none", "can't be read"),
        (lambda _: "[]", "can't be read"),
        (lambda _: "{}", "can't be read"),
    ],
)
def test_a_header_that_is_wrong_is_refused_in_one_sentence(change, said: str, tmp_path: Path) -> None:
    path = changed_header(tmp_path, change)
    with pytest.raises(ValueError, match=said) as refused:
        armod.load(path)
    assert "\n" not in str(refused.value) and str(refused.value).removesuffix(".").count(". ") == 0
    assert str(path) in str(refused.value)


def test_an_unchanged_header_is_not_refused(tmp_path: Path) -> None:
    assert_same(made((3,), (4,)), armod.load(changed_header(tmp_path, lambda description: None)))


@pytest.mark.parametrize("content", [b"", b"armod", b"PK\x03\x04" + b"\0" * 100, b"\xff" * 64])
def test_a_file_of_another_kind_is_refused_in_one_sentence(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "model"
    path.write_bytes(content)
    with pytest.raises(ValueError, match="is not a safetensors file") as refused:
        armod.load(path)
    assert "\n" not in str(refused.value)


def test_a_part_of_a_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "model"
    armod.save(made(), path)
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(ValueError, match="is not a safetensors file"):
        armod.load(path)


def test_a_missing_file_a_folder_and_bare_weights_are_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"^There is no file .*nothing\.$"):
        armod.load(tmp_path / "nothing")
    with pytest.raises(ValueError, match="is a folder, not a safetensors file"):
        armod.load(tmp_path)
    path = tmp_path / "bare"
    safetensors.torch.save_file({"a": torch.zeros(2)}, path)
    with pytest.raises(ValueError, match="does not say which model its weights belong to"):
        armod.load(path)
    shipped = armod.pretrained.weights_path("pixelcnn-digits28")
    with pytest.raises(ValueError, match=r"loaded by armod\.load_pretrained"):
        armod.load(shipped)


def test_a_state_that_is_no_tensor_is_refused(tmp_path: Path) -> None:
    class Noting(UserBits):
        def get_extra_state(self) -> dict[str, int]:
            return {"steps": 3}

        def set_extra_state(self, state: dict[str, int]) -> None:
            pass

    with pytest.raises(ValueError, match="_extra_state in the model's state dict is a dict"):
        armod.save(Noting(), tmp_path / "model")


def test_nothing_in_a_file_is_a_pickle(tmp_path: Path) -> None:
    armod.save(made(), tmp_path / "model")
    with safetensors.safe_open(tmp_path / "model", "pt") as file:
        header = file.metadata()
    assert list(header) == ["armod"]
    assert json.loads(header["armod"])["version"] == armod.__version__
