"""The labs of one's own model: what they show is what the oracle finds in this very model, leaks and blindness included."""

from __future__ import annotations

import base64
import gzip
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, distributions, nn

from armod import (
    MADE,
    AutoregressiveModel,
    Conditional,
    PixelCNN,
    RecurrentModel,
    WaveNet,
    check_autoregressive,
    dependency_matrix,
    likelihoods,
    orderings,
)
from armod.course.labs import dependency_lab, dilation_lab, field_lab, mask_lab
from armod.course.labs.dependency.facts import Dependencies, DependencyFacts, dependencies
from armod.course.labs.dependency.kinds import KINDS
from armod.course.labs.dependency.lab import own_page, page_data
from armod.course.labs.mask.own import mask_lab_of
from armod.measures import dependency as oracle
from armod.models.made.masks import masks
from tests.course.labs.dependency.cases import tangled
from tests.course.labs.test_every_lab import data_of
from tests.measures.test_dependency import MaskedOnceAtTheStart, OneWeightTooMany

BITS = likelihoods.Bernoulli()


class Own(AutoregressiveModel):
    """A learner's own class: each bit is a regression on those bits that `sees` allows."""

    def __init__(self, sees: Tensor, shape: tuple[int, ...] | None = None) -> None:
        super().__init__()
        self.event_shape, self.ordering = torch.Size(shape or sees.shape[:1]), torch.arange(len(sees))
        self.register_buffer("sees", sees.float())
        self.weight = nn.Parameter(torch.ones(sees.shape))

    def conditionals(self, x: Tensor, context: Tensor | None = None) -> distributions.Distribution:
        weight = self.weight * self.sees.to(self.weight)
        return distributions.Bernoulli(logits=(x.flatten(1).to(weight) @ weight.T).view(x.shape))


def kinds_of(data: Mapping[str, Any]) -> np.ndarray:
    """The kind of every pair, as the page gets it."""
    raw = np.frombuffer(gzip.decompress(base64.b64decode(data["matrix"])), dtype=np.uint8)
    size = len(data["ordering"])
    return np.array(list(KINDS))[raw].reshape(size, size)


MODELS = {
    "leak and blindness": lambda: Own(torch.tensor([[0, 0, 0], [1, 0, 1], [0, 1, 0]])),
    "one variable": lambda: MADE((1,), [3], likelihood=likelihoods.Categorical(256)),
    "256 levels": lambda: MADE((5,), [9], likelihood=likelihoods.Categorical(256), ordering=[4, 2, 0, 1, 3]),
    "odd image": lambda: PixelCNN((1, 3, 5), 2, 1, likelihood=BITS),
    "colour": lambda: PixelCNN((3, 2, 3), 6, 1, likelihood=likelihoods.Categorical(3)),
    "rows": lambda: RecurrentModel((2, 3), 4, likelihood=BITS),
    "reversed": lambda: WaveNet(
        (7,), 2, dilations=[1, 3], likelihood=BITS, ordering=orderings.reversed((7,))
    ),
    "real numbers": lambda: WaveNet((6,), 2, dilations=[1, 2], likelihood=likelihoods.Logistic(2)),
    "context": lambda: MADE((4,), [6], likelihood=BITS, context_size=2),
    "float64": lambda: MADE((4,), [6], likelihood=BITS).double(),
    "bfloat16": lambda: MADE((4,), [6], likelihood=BITS).bfloat16(),
    "five dimensions": lambda: MADE((2, 1, 2, 1, 2), [9], likelihood=BITS),
}


@pytest.mark.parametrize("name", MODELS)
def test_the_table_is_what_the_oracle_finds(name: str) -> None:
    model = MODELS[name]()
    before = [parameter.clone() for parameter in model.parameters()]
    found, report = dependencies(model, "lab"), check_autoregressive(model)
    kinds = kinds_of(page_data(found))
    for kind, pairs in {"leak": report.leaks, "blind": report.blind_spot, "far": report.out_of_reach}.items():
        assert {(int(i), int(j)) for i, j in np.argwhere(kinds == kind)} == set(pairs)
    place = torch.argsort(model.ordering).numpy()
    assert set(kinds[place[:, None] <= place]) <= {"later", "leak"}
    assert set(kinds[place[:, None] > place]) <= {"seen", "blind", "far"}
    assert str(report) in DependencyFacts(found, 0).description
    assert model.training and all(map(torch.equal, before, model.parameters()))


def test_a_leak_and_blindness_are_said() -> None:
    found = dependencies(MODELS["leak and blindness"](), "lab")
    first, leaking, blind = (DependencyFacts(found, variable) for variable in range(3))
    assert first.finding == "Variable 1 sees nothing: it is the first in the ordering"
    assert leaking.finding == "Variable 2 leaks: it sees 1 variable that it must not see"
    assert blind.finding == "Variable 3 sees 1 of the 2 variables before it"
    assert blind.detail == "2 variables come before it: 1 seen, 1 unseen."
    assert leaking.pair_sentence(1, 2) == "Variable 2 sees variable 3, which is generated later: a leak."
    assert blind.pair_sentence(2, 0) == "Variable 3 does not see variable 1, although it is earlier."
    assert found.interesting == 1
    itself = DependencyFacts(dependencies(Own(torch.eye(2)), "lab"), 1)
    assert itself.finding == "Variable 2 leaks: it sees its own value"
    assert itself.pair_sentence(1, 1) == "Variable 2 sees its own value: a leak."
    both = DependencyFacts(dependencies(Own(torch.ones(2, 2)), "lab"), 0)
    assert both.finding == (
        "Variable 1 leaks: it sees 2 variables that it must not see, its own value among them"
    )


def test_a_field_that_is_known_tells_blind_from_far() -> None:
    found = dependencies(PixelCNN((1, 3, 5), 2, 1, likelihood=BITS), "lab")
    facts = DependencyFacts(found, 10)
    assert facts.counts["blind"] and facts.counts["far"] and "blind spot" in facts.detail
    assert found.name(10) == "row 3, column 1"
    assert dependencies(MODELS["colour"](), "lab").name(17) == "row 2, column 3, channel 3"


def test_what_does_not_fit_is_refused_in_one_sentence_that_says_what_does() -> None:
    image, sequence = MADE((1, 2, 2), [3], likelihood=BITS), MADE((4,), [3], likelihood=BITS)
    with pytest.raises(
        ValueError, match=r"sequences, \(T,\); event_shape is \(1, 2, 2\)\. Take field_lab\.of\(model\)"
    ):
        dilation_lab.of(image)
    with pytest.raises(
        ValueError, match=r"images, .*; event_shape is \(4,\)\. Take dilation_lab\.of\(model\)"
    ):
        field_lab.of(sequence)
    with pytest.raises(ValueError, match=r"Take dependency_lab\(model\)"):
        field_lab.of(MODELS["five dimensions"]())
    for lab in (dependency_lab, mask_lab.of, dilation_lab.of):
        with pytest.raises(
            ValueError, match=r"lab shows models of up to 64 variables, .*event_shape is \(65,\)"
        ):
            lab(MADE((65,), [3], likelihood=BITS))
    with pytest.raises(ValueError, match=r"up to 16 x 16 pixels with up to 3 channels"):
        field_lab.of(MADE((1, 5, 17), [3], likelihood=BITS))
    for lab in (dependency_lab, mask_lab.of, dilation_lab.of, field_lab.of):
        with pytest.raises(ValueError, match="model is an AutoregressiveModel, not Linear"):
            lab(nn.Linear(2, 2))
    with pytest.raises(ValueError, match=r"column is one of 0, 1; got 2"):
        field_lab.of(image, pixel=(0, 2))
    with pytest.raises(ValueError, match=r"output is one of 1, .*; got 0"):
        dilation_lab.of(MODELS["real numbers"](), output=0)


def test_an_ensemble_points_to_its_members() -> None:
    for options in ({}, {"ordering": [0, 1, 2, 3]}):
        ensemble = MADE((4,), [6], likelihood=BITS, num_masks=2, **options)
        with pytest.raises(ValueError, match="members"):
            mask_lab.of(ensemble)
        assert "MADE" in str(mask_lab.of(ensemble.members[1]))
    with pytest.raises(ValueError, match="members"):
        dependency_lab(MADE((4,), [6], likelihood=BITS, num_masks=2))


def test_a_conditional_needs_an_example() -> None:
    model = Conditional(nn.Linear(3, 2), MADE((3,), [4], likelihood=BITS, context_size=2))
    with pytest.raises(ValueError, match="give an example, context="):
        dependency_lab(model)
    assert "Conditional" in str(dependency_lab(model, context=torch.ones(3)))


def test_the_masks_of_a_made_are_its_own() -> None:
    model = tangled()
    data = data_of(mask_lab.of(model))
    shown = [torch.tensor([[bit == "1" for bit in row] for row in mask]) for mask in data["masks"]]
    whole = masks(model.ordering, [layer[0] for layer in model.degrees])
    # units with the same masks stand for each other
    assert sum(data["counts"][1]) == 20 and len(shown[0]) < 20
    assert [each["kept"] for each in data["kept"]] == [int(mask.sum()) for mask in whole]
    assert [each["all"] for each in data["kept"]] == [mask.numel() for mask in whole]
    assert {tuple(row) for row in shown[0].tolist()} == {tuple(row) for row in whole[0].tolist()}
    assert {tuple(row) for row in shown[1].T.tolist()} == {tuple(row) for row in whole[1].T.tolist()}


@pytest.mark.parametrize("levels", [2, 256])
def test_several_inputs_and_outputs_of_a_variable_are_one(levels: int) -> None:
    model = MADE((3,), [5, 4], likelihood=likelihoods.Categorical(levels), ordering=[1, 2, 0])
    data = data_of(mask_lab.of(model, output=0))
    whole = masks(model.ordering, [layer[0] for layer in model.degrees])
    assert data["masks"] == [["".join("01"[kept] for kept in row) for row in mask.tolist()] for mask in whole]
    assert data["degrees"][1:-1] == [layer[0].tolist() for layer in model.degrees]


def test_a_made_without_hidden_layers_and_one_with_too_many_different_units() -> None:
    assert len(data_of(mask_lab.of(MADE((3,), [], likelihood=BITS)))["masks"]) == 1
    wide = MADE((8,), [100], likelihood=BITS)
    wide.mask_0 = (torch.rand(1, 100, 8, generator=torch.Generator().manual_seed(0)) < 0.5).float()
    assert "masks" not in data_of(mask_lab.of(wide))


def test_wrong_masks_show_their_leak_and_forgotten_masks_their_contradiction() -> None:
    leaking = mask_lab.of(OneWeightTooMany())
    assert "Output 3 sees 3 inputs that it must not see" in str(leaking) and "disagree" not in str(leaking)
    forgetful = str(mask_lab.of(MaskedOnceAtTheStart()))
    assert "0 pairs on a path through the masks are not seen, 21 pairs on no path are seen" in forgetful
    assert "NOT autoregressive: 21 leaks" in forgetful


def test_other_models_show_what_the_oracle_sees() -> None:
    widget = mask_lab.of(Own(torch.ones(4, 4).tril(-1)))
    assert str(widget).startswith("Mask lab, what the oracle finds in this Own.")
    assert (kinds_of(data_of(widget)) == np.where(np.tri(4, k=-1), "seen", "later")).all()


def test_a_wavenet_shows_its_own_dilations_and_what_the_oracle_finds_in_it() -> None:
    model = WaveNet((12,), 2, dilations=[1, 4], kernel_size=3, likelihood=BITS)
    data = data_of(dilation_lab.of(model, output=10))
    assert data["start"] == {"dilations": [1, 4], "kernel": 3, "output": 10, "frame": 0}
    assert data["length"] == 12
    raw = gzip.decompress(base64.b64decode(data["own"]["matrix"]))
    seen = np.frombuffer(raw, np.uint8).reshape(12, 12)[10] == 0
    assert [9 - sample for sample in seen.nonzero()[0][::-1]] == [0, 1, 2, 4, 5, 6, 8, 9]


def test_a_reversed_wavenet_is_shown_in_the_order_of_generation() -> None:
    forward, backward = (
        data_of(dilation_lab.of(WaveNet((6,), 2, dilations=[1, 2], likelihood=BITS, ordering=order)))["own"]
        for order in (None, orderings.reversed((6,)))
    )
    assert forward["matrix"] == backward["matrix"]
    assert (forward["axis"], backward["axis"]) == ("sample", "sample, in the order of generation")


def test_a_deep_wavenet_stays_small() -> None:
    model = WaveNet((20,), 2, dilations=[2**power for power in range(12)], likelihood=BITS)
    assert len(dilation_lab.of(model).html.encode()) < 100_000


def test_the_largest_image_is_small_enough() -> None:
    kinds = np.random.default_rng(0).integers(5, size=(256, 256)).astype(np.uint8)
    found = Dependencies("Own", (1, 16, 16), (1, 16, 16), np.arange(256), kinds, "A sentence.", True)
    assert len(own_page(found, "Field lab", matrix=False).html.encode()) < 400_000


def test_the_labs_of_the_course_stay_functions() -> None:
    assert mask_lab.of is mask_lab_of and "Mask lab" in str(mask_lab(3, (4,)))
    assert mask_lab.__name__ == "mask_lab" and "hidden_sizes" in mask_lab.__annotations__


def test_a_bar_shows_only_when_it_takes_long(monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    monkeypatch.delenv("TQDM_DISABLE", raising=False)
    for patience, shows in ((60, False), (0, True)):
        monkeypatch.setattr(oracle, "_PATIENCE", patience)
        dependencies(tangled(), "lab")
        assert ("oracle" in capsys.readouterr().err) == shows
    dependency_matrix(tangled())
    assert capsys.readouterr().err == ""
