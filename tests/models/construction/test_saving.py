"""A saved model comes back as the same model."""

from __future__ import annotations

import copy
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.torch
import torch
import torch.nn.utils.prune
from torch import Tensor, distributions, nn

import armod
from armod import MADE, AutoregressiveModel, Histogram, WaveNet
from armod.likelihoods import Bernoulli, Categorical
from armod.models.families import FAMILIES
from tests.examples import ENSEMBLES, LARGER, MODELS
from tests.makers import UserBits, UserLevels, UserSingle, context_for, histogram, lively, made, seeded

OWN = [UserBits, UserSingle, UserLevels]
EVERY = MODELS | ENSEMBLES | LARGER


def through_a_file(model: AutoregressiveModel, tmp_path: Path, **options: Any) -> AutoregressiveModel:
    armod.save(model, tmp_path / "model.safetensors")
    return armod.load(tmp_path / "model.safetensors", **options)


def some_levels(model: AutoregressiveModel, num: int = 3) -> Tensor:
    num_levels = model.likelihood.num_levels if model.likelihood is not None else model.num_levels
    return torch.randint(num_levels, (num, *model.event_shape), generator=seeded(4))


def assert_same(one: AutoregressiveModel, other: AutoregressiveModel) -> None:
    assert type(one) is type(other)
    x, context = some_levels(one), context_for(one, 3)
    one.eval()
    assert torch.equal(one.log_prob(x, context), other.log_prob(x, context))
    samples = [model.sample(3, context, generator=seeded(5)) for model in (one, other)]
    assert torch.equal(*samples)
    state = other.state_dict()
    assert list(state) == list(one.state_dict())
    for name, value in one.state_dict().items():
        assert torch.equal(value, state[name]) and value.dtype == state[name].dtype, name


@pytest.mark.parametrize("name", EVERY)
def test_every_model_comes_back_the_same(name: str, tmp_path: Path) -> None:
    model = EVERY[name]()
    loaded = through_a_file(model, tmp_path, classes=OWN)
    assert_same(model, loaded)
    assert [path.name for path in tmp_path.iterdir()] == ["model.safetensors"]


def test_these_are_models_of_all_families() -> None:
    assert {type(build()) for build in EVERY.values()} >= set(FAMILIES.values())
    ours = [getattr(armod, name) for name in armod.__all__]
    models = [each for each in ours if isinstance(each, type) and issubclass(each, AutoregressiveModel)]
    assert set(models) - {AutoregressiveModel, armod.Conditional} == set(FAMILIES.values())


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16, torch.float16])
@pytest.mark.parametrize(
    "family", ["made, narrow", "wavenet, three taps", "gated, colour", "pixelcnn, colour"]
)
def test_the_dtype_comes_back_in_every_tensor(family: str, dtype: torch.dtype, tmp_path: Path) -> None:
    model = MODELS[family]().to(dtype)
    loaded = through_a_file(model, tmp_path)
    tensors = [dict([*each.named_parameters(), *each.named_buffers()]) for each in (model, loaded)]
    assert tensors[0].keys() == tensors[1].keys()
    for name, value in tensors[0].items():
        assert value.dtype == tensors[1][name].dtype and torch.equal(value, tensors[1][name]), name


def test_dtypes_may_be_mixed_and_do_not_depend_on_the_default(tmp_path: Path) -> None:
    model = MODELS["wavenet, bits"]().float()
    model.head.double()
    armod.save(model, tmp_path / "model")
    torch.set_default_dtype(torch.float64)
    try:
        loaded = armod.load(tmp_path / "model")
    finally:
        torch.set_default_dtype(torch.float32)
    assert {name: value.dtype for name, value in model.named_buffers()} == {
        name: value.dtype for name, value in loaded.named_buffers()
    }
    assert loaded.head.weight.dtype == torch.float64 and loaded.hidden.weight.dtype == torch.float32


def test_a_loaded_model_is_in_evaluation_mode_and_can_be_trained(tmp_path: Path) -> None:
    model = armod.PixelCNNPlusPlus((1, 2, 2), 4, num_resnets=1, num_mixtures=1, num_levels=4, dropout=0.4)
    loaded = through_a_file(model.train(), tmp_path)
    assert not loaded.training and not any(module.training for module in loaded.modules())
    assert model.training
    x = some_levels(loaded)
    assert torch.equal(loaded.log_prob(x), loaded.log_prob(x))
    assert not torch.equal(loaded.train().log_prob(x), loaded.log_prob(x))
    loaded.log_prob(x).sum().backward()
    assert all(parameter.requires_grad for parameter in loaded.parameters())


def test_arguments_of_every_kind_come_back(tmp_path: Path) -> None:
    orderings = [
        [2, 0, 1],
        (2, 0, 1),
        torch.tensor([2, 0, 1]),
        torch.tensor([2.0, 0.0, 1.0], dtype=torch.bfloat16),
        np.array([2, 0, 1], dtype=np.uint8),
        range(3),
        None,
    ]
    for ordering in orderings:
        model = made((3,), (np.int64(4), 5), ordering=ordering)
        loaded = through_a_file(model, tmp_path)
        assert_same(model, loaded)
        ours, theirs = model.construction.arguments, loaded.construction.arguments
        assert type(ours["ordering"]) is type(theirs["ordering"]) and str(ours) == str(theirs)
        assert theirs["hidden_sizes"] == (4, 5) and theirs["event_shape"] == (3,)
    loaded = through_a_file(Histogram(torch.Size([2]), 3, smoothing=0.1 + 0.2), tmp_path)
    assert loaded.smoothing == 0.1 + 0.2 and type(loaded.construction.arguments["event_shape"]) is torch.Size


def test_what_a_caller_does_with_his_arguments_later_does_not_matter(tmp_path: Path) -> None:
    sizes, ordering = [4], torch.tensor([1, 0, 2])
    model = MADE((3,), sizes, likelihood=Bernoulli(), ordering=ordering)
    sizes.append(7)
    ordering.copy_(torch.arange(3))
    assert_same(model, through_a_file(model, tmp_path))


def test_buffers_win_over_arguments(tmp_path: Path) -> None:
    """A state dict may bring another ordering, other degrees and other counts than the constructor made."""
    other = made((4,), (6, 5), ordering=[3, 1, 0, 2], degrees="sequential", seed=7)
    model = made((4,), (6, 5), seed=1)
    model.load_state_dict(other.state_dict())
    assert model.construction.arguments["ordering"] is None
    assert_same(other, through_a_file(model, tmp_path))
    for build in (MODELS["wavenet, bits"], MODELS["recurrent, bits"], MODELS["gated, bits"]):
        model, reverse = build(), build()
        reverse.load_state_dict(dict(model.state_dict()) | {"ordering": model.ordering.flip(0)})
        assert_same(reverse, through_a_file(reverse, tmp_path))
    ensemble, several = ENSEMBLES["several orders"](), made((4,), (12,), num_masks=3, seed=9)
    several.load_state_dict(ensemble.state_dict())
    assert_same(ensemble, through_a_file(several, tmp_path))
    counted = histogram((3,), 2)
    again = Histogram((3,), 2)
    again.load_state_dict(counted.state_dict())
    assert_same(counted, through_a_file(again, tmp_path))


def test_copies_and_trained_models_can_be_saved(tmp_path: Path) -> None:
    model = MODELS["gated, bits"]()
    assert_same(model, through_a_file(copy.deepcopy(model), tmp_path))
    assert_same(model, through_a_file(copy.copy(model), tmp_path))
    model = model.float()
    armod.fit(model, some_levels(model, 8), epochs=1, progress=False)
    model.requires_grad_(False)
    assert_same(model, through_a_file(model, tmp_path))


def test_parts_that_share_weights_or_lie_across_memory_are_written(tmp_path: Path) -> None:
    model = WaveNet((5,), 3, dilations=[1, 2], likelihood=Categorical(3))
    model.residuals[0].weight = model.hidden.weight
    model.head.weight.data = torch.randn(3, 3, generator=seeded()).T
    assert_same(model, through_a_file(model, tmp_path))


def test_a_path_may_be_text_and_an_old_file_is_replaced_whole(tmp_path: Path, monkeypatch) -> None:
    path = f"{tmp_path}/new folder/model"
    first, second = made((3,), (4,), seed=1), made((2,), (5,), seed=2)
    armod.save(first, path)
    armod.save(second, path)
    assert_same(second, armod.load(path))
    monkeypatch.setattr(safetensors.torch, "save", lambda *_, **__: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        armod.save(first, path)
    assert_same(second, armod.load(path))


# -- models and likelihoods of one's own ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Biased(Categorical):
    bias: float = 0.5

    def distribution(self, parameters: Tensor) -> distributions.Categorical:
        return super().distribution(parameters + self.bias * torch.arange(self.num_levels))


class Plain(Bernoulli):
    pass


class Sharp(WaveNet):
    """As users write it: everything is passed on."""

    def __init__(self, *args: Any, sharpness: float = 2.0, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.sharpness = sharpness

    def conditionals(self, x: Tensor, context: Tensor | None = None) -> distributions.Distribution:
        return distributions.Categorical(logits=super().conditionals(x, context).logits * self.sharpness)


class Counting(UserBits):
    """Its attributes have the names of arguments, but are something else, and change while it works."""

    def __init__(self, width: int, size: int = 3) -> None:
        super().__init__(size)
        self.width, self.calls = 2 * width, 0
        self.part = CountingPart()

    def conditionals(self, x: Tensor, context: Tensor | None = None) -> distributions.Distribution:
        self.calls += 1
        return self.part(super().conditionals(x, context))


class CountingPart(nn.Module):
    calls = 0

    def forward(self, conditionals):
        self.calls = self.calls + 1
        return conditionals


def test_own_classes_come_back_when_they_are_handed_in(tmp_path: Path) -> None:
    model = lively(Sharp((5,), 3, dilations=[2, 1], likelihood=Biased(3, 0.25), sharpness=0.5))
    loaded = through_a_file(model, tmp_path, classes=(Sharp, Biased, UserBits))
    assert_same(model, loaded)
    assert loaded.sharpness == 0.5 and loaded.likelihood == Biased(3, 0.25)
    model = lively(WaveNet((5,), 3, dilations=[2, 1], likelihood=Plain()))
    assert type(through_a_file(model, tmp_path, classes=[Plain]).likelihood) is Plain


def test_own_classes_whose_attributes_change_in_use_can_be_saved(tmp_path: Path) -> None:
    model = Counting(5)
    model.log_prob(some_levels(model))
    assert model.calls and model.part.calls
    assert_same(model, through_a_file(model, tmp_path, classes=[Counting]))


def test_an_own_class_is_imported_only_if_the_caller_says_so(tmp_path: Path, monkeypatch) -> None:
    package = tmp_path / "package_of_a_user.py"
    package.write_text(
        "import armod, sys\nsys.was_imported = True\n"
        "class Mine(armod.WaveNet):\n    pass\nclass Coin(armod.likelihoods.Bernoulli):\n    pass\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    import package_of_a_user as user  # type: ignore[import-not-found]

    armod.save(user.Mine((5,), 3, dilations=[1], likelihood=user.Coin()), tmp_path / "model")
    del sys.modules["package_of_a_user"], sys.was_imported
    with pytest.raises(
        ValueError, match=r"needs the class package_of_a_user\.Mine.*classes=\[Mine\]"
    ) as refused:
        armod.load(tmp_path / "model")
    assert str(refused.value).count(". ") == 0
    assert not hasattr(sys, "was_imported") and "package_of_a_user" not in sys.modules
    with pytest.raises(ValueError, match=r"needs the class package_of_a_user\.Coin"):
        armod.load(tmp_path / "model", classes=["package_of_a_user.Mine"])
    loaded = armod.load(tmp_path / "model", classes=["package_of_a_user.Mine", "package_of_a_user.Coin"])
    assert type(loaded).__name__ == "Mine" and sys.was_imported
    del sys.was_imported


@pytest.mark.parametrize(
    ("classes", "said"),
    [
        ([int], "models, likelihoods and encoders of your own, not <class 'int'>"),
        ([UserBits(3)], "models, likelihoods and encoders of your own"),
        (["os.system"], "models, likelihoods and encoders of your own, not 'os.system'"),
        (["no_such_package.Model"], "'no_such_package.Model', which can't be imported: No module named"),
        (["Model"], "'Model', which can't be imported"),
        (UserBits, "a list of classes"),
        ("tests.examples.UserBits", "a list of classes"),
        ([UserBits, type("UserBits", (UserBits,), {})], "two classes of the name UserBits"),
    ],
)
def test_wrong_classes_are_one_sentence(classes: Any, said: str, tmp_path: Path) -> None:
    armod.save(made(), tmp_path / "model")
    with pytest.raises(ValueError, match=said.replace("[", r"\[")):
        armod.load(tmp_path / "model", classes=classes)
