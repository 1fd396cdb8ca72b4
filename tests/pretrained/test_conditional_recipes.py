"""Recipes with a context: encoder, control, and no model that ignores its input and its past without anybody noticing.

The line that a trained model must pass is the *marginal*: independent variables, each with its own histogram of the training data
(smoothed by one count spread over its levels), or one histogram for all variables of a channel, whichever is better on the test
data. A model behind an encoder that is not normalised falls to this line within 100 steps, without an error.
"""

from __future__ import annotations

import math
import tomllib
from dataclasses import replace
from pathlib import Path

import pytest
import torch

import armod
from armod import Conditional, pretrained
from armod.data import Dataset
from armod.models.saving import write_model
from armod.pretrained import recipe_path
from armod.pretrained.recipe import Recipe, read_recipe
from armod.pretrained.weights import read_weights, write_weights
from armod.training import Progress

STEPS, MARGIN = 100, 0.02
SMALL = """
[model]
family = "GatedPixelCNN"
event_shape = [1, 8, 8]
channels = 16
num_layers = 2
context_channels = 16
likelihood = { family = "Categorical", num_levels = 17 }

[encoder]
family = "images"
in_channels = 1
out_channels = 16
scale = 2
channels = 16
num_layers = 2

[data]
name = "digits8"
context = { name = "low-resolution", factor = 2 }

[fit]
epochs = 1
batch_size = 50
learning_rate = 3e-3
augment = "flip"
schedule = "cosine"
"""


def small(tmp_path: Path, content: str = SMALL) -> Recipe:
    path = tmp_path / "small.toml"
    path.write_text(content)
    return read_recipe(path)


def test_a_schedule_may_be_longer_than_the_run(tmp_path: Path) -> None:
    """Two epochs of four: the rate ends at the middle of the cosine, half the highest, and not at zero."""
    longer = 'schedule = { name = "cosine", epochs = 4 }'
    content = SMALL.replace("epochs = 1\n", "epochs = 2\n").replace('augment = "flip"\n', "")
    rates: dict[str, list[float]] = {}
    for name, text in {"own": content, "longer": content.replace('schedule = "cosine"', longer)}.items():

        class Rate:
            def on_step_end(self, progress: Progress, name: str = name) -> None:
                rates.setdefault(name, []).append(progress.optimizer.param_groups[0]["lr"])

        small(tmp_path, text).train(progress=False, control=False, callbacks=[Rate()])
    assert rates["own"][0] == rates["longer"][0] == 3e-3 and len(rates["own"]) == len(rates["longer"])
    assert rates["own"][-1] < 1e-4 and abs(rates["longer"][-1] - 1.5e-3) < 1e-4
    for wrong, sentence in {
        '{ name = "cosine", epochs = 1 }': "the schedule has 1 epochs, but 2 are trained",
        '{ name = "cosine", steps = 1 }': "the schedule can only be",
        '"linear"': "the schedule can only be",
    }.items():
        with pytest.raises(ValueError, match=sentence):
            small(tmp_path, content.replace('schedule = "cosine"', f"schedule = {wrong}"))


def marginal_nats(dataset: Dataset) -> float:
    """The better of two models of independent variables, on the test split."""
    num_levels = dataset.num_levels
    train, test = (
        each.flatten(2) if each.dim() > 2 else each[:, None] for each in (dataset.train, dataset.test)
    )
    found = []
    for is_pooled in (False, True):
        columns = train.movedim(1, 0).flatten(1) if is_pooled else train.flatten(1).T
        counts = torch.stack([torch.bincount(column.int(), minlength=num_levels) for column in columns])
        log_probs = ((counts + 1 / num_levels) / (columns.shape[1] + 1)).double().log()
        values = test.movedim(1, 0).flatten(1) if is_pooled else test.flatten(1).T
        found.append(-log_probs.gather(1, values.long()).sum().item() / len(test))
    return min(found)


def nats_after(
    model: armod.AutoregressiveModel, recipe: Recipe, dataset: Dataset, steps: int = STEPS
) -> float:
    """The test likelihood after the first steps of a recipe, at its highest learning rate and without averages."""
    options = {name: value for name, value in recipe.fit.items() if name in ("learning_rate", "batch_size", "clip_norm", "precision")}  # fmt: skip

    class Enough:
        def on_step_end(self, progress: Progress) -> None:
            if progress.step >= steps:
                progress.stop()

    armod.fit(model, dataset.pairs("train"), epochs=10**6, callbacks=[Enough()], progress=False, **options)
    return armod.evaluate(model, dataset).nats


def check_that_it_learns(model: armod.AutoregressiveModel, recipe: Recipe, dataset: Dataset) -> None:
    reached, line = nats_after(model, recipe, dataset), marginal_nats(dataset)
    assert reached < (1 - MARGIN) * line, (
        f"{reached:.2f} nats after {STEPS} steps; the marginal has {line:.2f}"
    )


def conditional_recipes() -> list[str]:
    """The recipes whose model is given something."""
    tables = {
        path.stem: tomllib.loads(path.read_text())
        for path in Path(pretrained.__file__).parent.glob("*/*.toml")
    }
    sizes = ("context_size", "context_channels")
    return sorted(
        name for name, table in tables.items() if any(table.get("model", {}).get(size) for size in sizes)
    )


@pytest.mark.slow
@pytest.mark.parametrize("name", conditional_recipes())
def test_every_conditional_recipe_leaves_the_marginal_behind(name: str) -> None:
    recipe = read_recipe(pretrained.recipe_path(name))
    check_that_it_learns(recipe.build_model(), recipe, recipe.load_data())


def test_a_conditional_model_leaves_the_marginal_behind_and_one_that_is_not_normalised_does_not(
    tmp_path: Path,
) -> None:
    recipe = small(tmp_path)
    dataset, model = recipe.load_data(), recipe.build_model()
    assert isinstance(model, Conditional)
    check_that_it_learns(model, recipe, dataset)
    fresh = recipe.build_model()
    collapsing = Conditional(fresh.encoder, fresh.model, normalise=False)
    with pytest.raises(AssertionError, match="nats after 100 steps; the marginal has 107"):
        check_that_it_learns(collapsing, recipe, dataset)


def test_the_marginal_is_that_of_independent_variables() -> None:
    train = torch.tensor([[0, 0], [0, 1], [0, 1], [0, 1]], dtype=torch.uint8)
    apart = marginal_nats(Dataset("bits", train, train, train[1:2], num_levels=2))
    assert apart == pytest.approx(-math.log(4.5 / 5) - math.log(3.5 / 5))  # a histogram for each bit
    together = marginal_nats(Dataset("bits", train, train, train[:1], num_levels=2))
    assert together == pytest.approx(-2 * math.log(5.5 / 9))  # both bits in one histogram


def test_a_recipe_with_an_encoder_is_trained_beside_its_control(tmp_path: Path) -> None:
    recipe = small(tmp_path, SMALL)
    torch.manual_seed(5)
    one = recipe.build_model()
    assert all(map(torch.equal, one.parameters(), recipe.build_model().parameters()))
    checkpoint = tmp_path / "run.checkpoint"
    model, history, receipt = recipe.train(progress=False, checkpoint=checkpoint)
    assert receipt.dataset == "digits8, given its low resolution, 1/2"
    assert receipt.num_parameters == sum(weight.numel() for weight in model.parameters())
    assert receipt.seconds == pytest.approx(history.seconds, abs=0.1)
    control = recipe.without_context()
    alone = control.build_model()
    assert type(alone) is armod.GatedPixelCNN and alone.context_size == 0 and alone.channels == 16
    _, _, its_receipt = control.train(progress=False)
    assert its_receipt.nats == receipt.nats_without_context and its_receipt.nats_without_context is None
    assert "the same model without its context: " in str(receipt) and "without" not in str(its_receipt)
    assert {path.suffix for path in tmp_path.glob("run.*")} == {".checkpoint", ".without-context"}
    write_weights(tmp_path / "weights", model, receipt)
    tensors, read = read_weights(tmp_path / "weights")
    assert read == receipt
    one.load_state_dict(tensors)
    x, context = (each[:3] for each in recipe.load_data().pairs("test"))
    expected = model.eval().log_prob(x, context)
    assert torch.equal(one.eval().log_prob(x, context), expected)
    assert torch.equal(armod.load(tmp_path / "weights").log_prob(x, context), expected)


def test_shipped_receipts_of_conditional_models_beat_their_controls() -> None:
    for name in set(conditional_recipes()) & set(pretrained.NAMES):
        receipt = pretrained.receipt(name)
        assert receipt.nats_without_context is not None and receipt.nats < receipt.nats_without_context, name


def test_a_model_that_was_rounded_is_stored_in_half_the_bytes_and_comes_back(tmp_path: Path) -> None:
    recipe = read_recipe(recipe_path("recurrent-harmony"))
    recipe = replace(recipe, model={**recipe.model, "hidden_size": 6})
    model = recipe.build_model()
    write_model(tmp_path / "single", model, {})
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(parameter.half())
    write_model(tmp_path / "half", model, {})
    sizes = [(tmp_path / name).stat().st_size for name in ("single", "half")]
    assert sizes[1] < 0.65 * sizes[0]
    again = armod.load(tmp_path / "half")
    for name, value in model.state_dict().items():
        assert torch.equal(again.state_dict()[name], value) and again.state_dict()[name].dtype == value.dtype
