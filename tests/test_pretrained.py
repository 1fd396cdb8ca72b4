"""Every pretrained weight reproduces its receipt; a recipe that is wrong says so in one sentence."""

from pathlib import Path

import pytest
import torch
from click.testing import CliRunner

import armod
from armod import pretrained
from armod.cli import main
from armod.pretrained.recipe import read_recipe

TINY = """
[model]
family = "MADE"
event_shape = [1, 8, 8]
hidden_sizes = [16]
likelihood = { family = "Bernoulli" }

[data]
name = "digits8"
binarize = 8

[fit]
epochs = 2
"""


@pytest.mark.parametrize("name", pretrained.NAMES)
def test_shipped_weights_reproduce_their_receipt(name: str) -> None:
    recipe = read_recipe(pretrained.recipe_path(name))
    stated = pretrained.receipt(name)
    measured = armod.evaluate(
        armod.load_pretrained(name), recipe.load_data(), split=stated.split, seed=stated.seed
    )
    assert measured.nats == pytest.approx(stated.nats, rel=1e-4)
    assert (measured.dataset, measured.ordering, measured.num_observations) == (
        stated.dataset,
        stated.ordering,
        stated.num_observations,
    )


@pytest.mark.slow
@pytest.mark.parametrize("name", pretrained.NAMES)
def test_the_recipe_reproduces_the_stated_likelihood(name: str) -> None:
    _, _, receipt = read_recipe(pretrained.recipe_path(name)).train(progress=False)
    # float32 training drifts between machines; a standard error is far more than it does
    assert receipt.nats == pytest.approx(pretrained.receipt(name).nats, abs=receipt.standard_error)


def test_a_shipped_model_is_ready_to_use() -> None:
    model = armod.load_pretrained("made-digits28")
    assert not model.training
    x = model.sample(2, generator=torch.Generator().manual_seed(0))
    assert x.shape == (2, 1, 28, 28) and x.dtype == torch.int64


def test_all_weights_together_stay_small() -> None:
    sizes = [pretrained.weights_path(name).stat().st_size for name in pretrained.NAMES]
    assert sizes and sum(sizes) < 15e6


def test_unknown_names_are_one_sentence() -> None:
    with pytest.raises(ValueError, match="made-digits28"):
        armod.load_pretrained("made-digits29")


def test_training_from_the_command_line_leaves_weights_and_no_checkpoint(tmp_path: Path) -> None:
    recipe, weights = tmp_path / "tiny.toml", tmp_path / "out" / "tiny.safetensors"
    recipe.write_text(TINY)
    result = CliRunner().invoke(main, ["train", str(recipe), "--out", str(weights)])
    assert result.exit_code == 0, result.output
    assert "nats/observation" in result.output and "digits8, binary (>= 8)" in result.output
    assert [path.name for path in weights.parent.iterdir()] == ["tiny.safetensors"]


def test_an_interrupted_training_is_resumed_only_on_demand(tmp_path: Path) -> None:
    recipe, weights = tmp_path / "tiny.toml", tmp_path / "tiny.safetensors"
    recipe.write_text(TINY)
    chosen = read_recipe(recipe)
    armod.fit(
        chosen.build_model(),
        chosen.load_data(),
        epochs=1,
        checkpoint=tmp_path / "tiny.checkpoint",
        progress=False,
    )
    refused = CliRunner().invoke(main, ["train", str(recipe), "--out", str(weights)])
    assert refused.exit_code == 2 and "--resume" in refused.output and not weights.exists()
    resumed = CliRunner().invoke(main, ["train", str(recipe), "--out", str(weights), "--resume"])
    assert resumed.exit_code == 0, resumed.output
    undisturbed, _, _ = chosen.train(progress=False)
    tensors, _ = pretrained.read_weights(weights)
    assert all(torch.equal(tensors[name], value) for name, value in undisturbed.state_dict().items())


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("[model", "is not a recipe"),
        ("[model]\nfamily='MADE'", "missing"),
        (TINY.replace('"MADE"', '"NADE"'), "NADE"),
        (TINY.replace("hidden_sizes", "sizes"), "sizes"),
        (TINY.replace("[16]", "[0]"), "at least"),
    ],
)
def test_a_wrong_recipe_is_one_sentence(tmp_path: Path, content: str, message: str) -> None:
    recipe = tmp_path / "wrong.toml"
    recipe.write_text(content)
    result = CliRunner().invoke(main, ["train", str(recipe)])
    assert result.exit_code == 2
    assert message in result.output and "Traceback" not in result.output and result.output.count("\n") == 1
