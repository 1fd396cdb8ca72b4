"""Every pretrained weight reproduces its receipt; a recipe that is wrong says so in one sentence."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from click.testing import CliRunner

import armod
from armod import orderings, pretrained
from armod.course.commands.main import main
from armod.data.dataset import SPLITS
from armod.pretrained.recipe import Recipe, read_recipe, zero_masked
from armod.pretrained.weights import read_weights, write_weights
from tests.makers import UserBits, seeded

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
PIXELS = TINY.replace('"MADE"', '"PixelCNN"').replace(
    "hidden_sizes = [16]", "channels = 2\nnum_layers = 1\nzero_masked = true"
)


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


def test_weights_are_stored_in_half_precision_where_the_recipe_says_so() -> None:
    for name in pretrained.NAMES:
        tensors, _ = read_weights(pretrained.weights_path(name))
        floats = {value.dtype for value in tensors.values() if value.is_floating_point()}
        is_half = read_recipe(pretrained.recipe_path(name)).model.get("half", False)
        assert floats <= {torch.float16 if is_half else torch.float32}, name


def test_a_shipped_model_is_ready_to_use() -> None:
    model = armod.load_pretrained("made-digits28")
    assert not model.training
    x = model.sample(2, generator=torch.Generator().manual_seed(0))
    assert x.shape == (2, 1, 28, 28) and x.dtype == torch.int64


def test_all_weights_together_stay_small() -> None:
    sizes = [pretrained.weights_path(name).stat().st_size for name in pretrained.NAMES]
    assert sizes and sum(sizes) < 10e6


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


def recipe_of(tmp_path: Path, content: str) -> Recipe:
    path = tmp_path / "some.toml"
    path.write_text(content)
    return read_recipe(path)


def test_a_receipt_says_parameters_and_seconds_and_older_ones_still_load(tmp_path: Path) -> None:
    chosen = recipe_of(tmp_path, TINY)
    model, history, receipt = chosen.train(progress=False)
    assert (
        receipt.num_parameters == sum(len(p.flatten()) for p in model.parameters()) == 64 * 16 * 2 + 16 + 64
    )
    assert receipt.seconds == pytest.approx(history.seconds, abs=0.1)
    write_weights(tmp_path / "new", model, receipt)
    write_weights(tmp_path / "old", model, replace(receipt, num_parameters=None, seconds=None))
    assert read_weights(tmp_path / "new")[1] == receipt
    assert read_weights(tmp_path / "old")[1].seconds is None


def test_the_table_holds_what_the_receipts_hold() -> None:
    rows = pretrained.table()
    assert sorted(row.name for row in rows) == list(pretrained.NAMES)
    assert rows == sorted(rows, key=lambda row: (row.dataset, -row.bits_per_dim))
    for row in rows:
        receipt = pretrained.receipt(row.name)
        assert row[1:] == (
            receipt.dataset,
            receipt.nats,
            receipt.bits_per_dim,
            receipt.num_parameters,
            receipt.seconds,
        )
        assert str(row).startswith(f"| {row.name} | {row.dataset} | {row.nats:.2f} |")
    assert str(pretrained.Row("a", "b", 1.0, 0.25, 12345, 61.4)) == "| a | b | 1.00 | 0.2500 | 12,345 | 61 |"
    assert str(pretrained.Row("a", "b", 1.0, 0.25, None, None)) == "| a | b | 1.00 | 0.2500 |  |  |"


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ('ordering = "column"', orderings.column((1, 8, 8))),
        ('ordering = { name = "random", seed = 3 }', orderings.random((1, 8, 8), seed=3)),
        ("", orderings.raster((1, 8, 8))),
    ],
)
def test_a_recipe_names_its_ordering(tmp_path: Path, line: str, expected: torch.Tensor) -> None:
    content = TINY.replace("hidden_sizes", f"{line}\nhidden_sizes")
    assert torch.equal(recipe_of(tmp_path, content).build_model().ordering, expected)


def test_masked_weights_are_stored_as_zeros_and_nothing_computed_changes() -> None:
    made = armod.MADE((2, 3, 2), [30, 20], likelihood=armod.likelihoods.Categorical(3), seed=1)
    x = made.sample(9, generator=torch.Generator().manual_seed(0))
    before = made.log_prob(x)
    zero_masked(made)
    assert torch.equal(made.log_prob(x), before)
    assert torch.equal(made.sample(9, generator=torch.Generator().manual_seed(0)), x)
    assert all((layer.weight == 0).float().mean() > 0.3 for layer in made.layers)
    tensors, _ = read_weights(pretrained.recipe_path("made-digits28").with_suffix(".safetensors"))
    assert (tensors["layers.0.weight"] == 0).float().mean() > 0.3


def test_the_seed_of_a_recipes_model_decides_its_weights(tmp_path: Path) -> None:
    """Not the one of its training."""
    contents = (
        TINY,
        TINY.replace("[fit]", "[fit]\nseed = 3"),
        TINY.replace("hidden_sizes", "seed = 3\nhidden_sizes"),
    )
    usual, trained_otherwise, other = (recipe_of(tmp_path, content).build_model() for content in contents)
    assert all(map(torch.equal, usual.parameters(), trained_otherwise.parameters()))
    assert not torch.equal(usual.linear_layers[0].weight, other.linear_layers[0].weight)


def test_weight_decay_in_a_recipe_is_the_one_of_adam_w(tmp_path: Path) -> None:
    decay = TINY.replace("epochs", "weight_decay = 0.5\nlearning_rate = 0.01\nepochs")
    recipe = recipe_of(tmp_path, decay)
    with_decay, _, _ = recipe.train(progress=False)
    without, _, _ = recipe_of(tmp_path, decay.replace("weight_decay = 0.5\n", "")).train(progress=False)
    by_hand = recipe.build_model()
    optimizer = torch.optim.AdamW(by_hand.parameters(), lr=0.01, weight_decay=0.5)
    armod.fit(by_hand, recipe.load_data(), epochs=2, optimizer=optimizer, progress=False)
    parameters = [list(model.parameters()) for model in (with_decay, by_hand, without)]
    assert all(map(torch.equal, parameters[0], parameters[1]))
    assert not all(map(torch.equal, parameters[0], parameters[2]))


def test_a_recipe_says_levels_and_context(tmp_path: Path) -> None:
    coarse = TINY.replace("binarize = 8", 'levels = 4\ncontext = "labels"').replace(
        '"Bernoulli"', '"Categorical", num_levels = 4'
    )
    chosen = recipe_of(tmp_path, coarse)
    dataset = chosen.load_data()
    assert dataset.name == "digits8, 4 levels, given its labels" and dataset.num_levels == 4
    assert torch.equal(dataset.context["test"].argmax(1), dataset.labels["test"])
    _, _, receipt = chosen.train(progress=False, epochs=1)
    assert receipt.dataset == dataset.name


def test_the_context_reaches_training_validation_and_evaluation() -> None:
    seen = []

    class Conditioned(UserBits):
        def conditionals(self, x, context=None):
            seen.append(torch.equal(context.argmax(1), x.sum(1).long()))
            return super().conditionals(x)

    bits = torch.randint(2, (30, 4), generator=seeded(), dtype=torch.uint8)
    labels = dict.fromkeys(SPLITS, bits.sum(1).long())
    told = armod.data.Dataset("bits", bits, bits, bits, 2, labels=labels).given_labels()
    armod.fit(Conditioned(), told, epochs=1, batch_size=20, progress=False)
    assert armod.evaluate(Conditioned(), told).dataset == "bits, given its labels"
    assert len(seen) == 2 + 2 + 1 and all(seen)


FAMILIES = {
    "RecurrentModel": 'hidden_size = 4\nlikelihood = { family = "Bernoulli" }',
    "PixelCNN": 'channels = 4\nnum_layers = 1\nlikelihood = { family = "LogisticMixture", num_levels = 2, num_components = 1 }',
    "GatedPixelCNN": 'channels = 4\nnum_layers = 1\nlikelihood = { family = "Bernoulli" }',
    "MultiScale": 'channels = 4\nnum_layers = 1\ncoordinates = true\nlikelihood = { family = "Bernoulli" }',
    "Subscale": 'scale = 2\nchannels = 4\nnum_layers = 1\ncoordinates = true\nlikelihood = { family = "Bernoulli" }',
    "PixelCNNPlusPlus": "channels = 4\nnum_resnets = 1\nnum_mixtures = 1\nnum_levels = 2",
    "Transformer": 'width = 4\nnum_layers = 1\nnum_heads = 1\nlikelihood = { family = "Bernoulli" }',
}


@pytest.mark.parametrize("family", FAMILIES)
def test_every_family_has_recipes(tmp_path: Path, family: str) -> None:
    """A new model depends on the recipe's seed only; its weights and its receipt come back from their file."""
    _, data_and_fit = TINY.split("[data]")
    content = (
        f'[model]\nfamily = "{family}"\nevent_shape = [1, 8, 8]\n{FAMILIES[family]}\n[data]{data_and_fit}'
    )
    chosen = recipe_of(tmp_path, content)
    torch.manual_seed(1)
    one = chosen.build_model()
    torch.manual_seed(2)
    two = chosen.build_model()
    assert type(one).__name__ == family
    assert all(torch.equal(a, b) for a, b in zip(one.parameters(), two.parameters(), strict=True))
    model, history, receipt = chosen.train(progress=False, epochs=1)
    assert len(history) == 1 and receipt.nats > 0
    write_weights(tmp_path / "weights", model, receipt)
    one.load_state_dict(read_weights(tmp_path / "weights")[0])
    x = chosen.load_data().test[:3]
    assert torch.equal(armod.load(tmp_path / "weights").log_prob(x), model.eval().log_prob(x))
    assert armod.evaluate(one, chosen.load_data()).nats == pytest.approx(receipt.nats, rel=1e-5)


def test_a_histogram_is_counted_not_fitted(tmp_path: Path) -> None:
    content = """
        model = { family = "Histogram", event_shape = [12], num_bins = 27, smoothing = 1e-6 }
        data = { name = "names" }
        fit = {}
    """
    chosen = recipe_of(tmp_path, content)
    model, history, receipt = chosen.train(progress=False)
    train = chosen.load_data().train
    assert receipt.num_parameters == len(train.unique(dim=0))
    assert history.train_bits_per_dim == pytest.approx([model.bits_per_dim(train).mean().item()])


def test_options_of_the_command_outdo_the_recipe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given = []
    monkeypatch.setattr(Recipe, "train", lambda self, **options: given.append(options) or sys.exit(7))
    recipe = tmp_path / "tiny.toml"
    recipe.write_text(TINY)
    base = ["train", str(recipe), "--out", str(tmp_path / "out")]
    CliRunner().invoke(main, base)
    CliRunner().invoke(main, [*base, "--precision", "bfloat16", "--accumulate", "4", "--compile"])
    assert [set(options) for options in given] == [
        {"checkpoint", "device"},
        {"checkpoint", "device", "precision", "accumulate", "compile"},
    ]
    assert (given[1]["precision"], given[1]["accumulate"], given[1]["compile"]) == ("bfloat16", 4, True)


def test_an_interruption_says_how_to_go_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(self, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr(Recipe, "train", interrupt)
    recipe = tmp_path / "tiny.toml"
    recipe.write_text(TINY)
    result = CliRunner().invoke(main, ["train", str(recipe), "--out", str(tmp_path / "out")])
    assert result.exit_code == 1 and "add --resume to go on" in result.output


def test_the_package_runs_as_a_module() -> None:
    command = [sys.executable, "-m", "armod", "train", "--help"]
    shown = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert shown.startswith("Usage: armod train") and "torchrun --nproc_per_node=2 -m armod train" in shown


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("[model", "is not a recipe"),
        ("[model]\nfamily='MADE'", "missing"),
        (TINY.replace('"MADE"', '"NADE"'), "NADE"),
        (TINY.replace('"Bernoulli"', '"Poisson"'), "no likelihood 'Poisson'; choose one of Bernoulli"),
        (TINY.replace("hidden_sizes", "ordering = 'spiral'\nhidden_sizes"), "no ordering 'spiral'"),
        (TINY.replace("binarize = 8", "context = 'words'"), "no context 'words'; choose one of"),
        (TINY.replace("epochs", "augment = 'spin'\nepochs"), "no augmentation 'spin'"),
        (TINY + "[encoder]\nfamily = 'sounds'", "no encoder 'sounds'; choose one of images, sequences"),
        (TINY + "[encoder]\nfamily = 'images'\nin_channels = 1\nout_channels = 2", "built without one"),
        (TINY.replace("epochs", "weight_decay = -1\nepochs"), "weight_decay is a number from 0, not -1"),
        (PIXELS, "PixelCNN has no masked weights: zero_masked is for a MADE"),
        (TINY.replace("hidden_sizes", "sizes"), "sizes"),
        (TINY.replace("[16]", "[0]"), "hidden_sizes"),
    ],
)
def test_a_wrong_recipe_is_one_sentence(tmp_path: Path, content: str, message: str) -> None:
    recipe = tmp_path / "wrong.toml"
    recipe.write_text(content)
    result = CliRunner().invoke(main, ["train", str(recipe)])
    assert result.exit_code == 2
    assert message in result.output and "Traceback" not in result.output and result.output.count("\n") == 1
