"""Recipes of the voice's models, and the weights that came of them; ``python -m armod.speech NAME`` makes them again.

A recipe is TOML. A WaveNet's has the tables [encoder], [wavenet] and [fit] (arguments of `armod.encoders.sequences`,
`armod.WaveNet` and `armod.fit`) and says what it is told of, "mel" or "phones"; without [encoder] it is told nothing. A
regressor's has [model] and [fit] (`armod.speech.fitting.fit_regressor`). With ``half = true`` the learnt weights are rounded to
half precision, and their file is half as long.
"""

from __future__ import annotations

import json
import math
import time
import tomllib
from pathlib import Path
from typing import Any

import safetensors.torch
import torch
from torch import nn

from armod.data import Dataset, load
from armod.encoders import sequences
from armod.files import write_whole
from armod.likelihoods import Categorical
from armod.models.base import AutoregressiveModel
from armod.models.conditional import Conditional
from armod.models.saving import in_half, read_tensors, round_to_half, write_model
from armod.models.sequence.wavenet import WaveNet
from armod.settings import shown
from armod.sound import HOP, NUM_FEATURES
from armod.speech.fitting import (
    Pairs,
    acoustic_pairs,
    band_error,
    duration_loss,
    duration_pairs,
    fit_regressor,
)
from armod.speech.learning import told
from armod.speech.phone_features import NUM_PHONE_FEATURES
from armod.speech.regressors import Acoustic, Durations
from armod.training import evaluate, fit
from armod.training.schedules import Cosine

SHIPPED = Path(__file__).parent / "shipped"
NAMES = tuple(sorted(path.stem for path in SHIPPED.glob("*.toml")))
_CHANNELS = {"mel": NUM_FEATURES, "phones": NUM_PHONE_FEATURES}


def read_recipe(name: str) -> dict[str, Any]:
    """Read a recipe.

    Args:
        name: one of `NAMES`.

    Returns:
        Its tables.

    Raises:
        ValueError: if there is none of this name.

    >>> read_recipe("vocoder")["told"]
    'mel'
    """
    if name not in NAMES:
        raise ValueError(f"There is no recipe {shown(name)} of a voice: choose one of {', '.join(NAMES)}.")
    return tomllib.loads((SHIPPED / f"{name}.toml").read_text(encoding="utf-8"))


def build(name: str) -> nn.Module:
    """Build the model of a recipe as it is before it learns."""
    recipe = read_recipe(name)
    if "model" in recipe:
        return {"acoustic": Acoustic, "durations": Durations}[name](**recipe["model"])
    wavenet = dict(recipe["wavenet"])
    if "encoder" in recipe:
        wavenet |= {"context_hop": HOP}
    model = WaveNet(likelihood=Categorical(256), **wavenet)
    if "encoder" not in recipe:
        return model
    encoder = sequences(_CHANNELS[recipe["told"]], model.context_size, **recipe["encoder"])
    return Conditional(encoder, model)


def data_of(name: str) -> Dataset:
    """Load what the WaveNet of a recipe learns from."""
    recipe = read_recipe(name)
    return told(recipe["told"]) if "told" in recipe else load("prompts")


def train(
    name: str, *, checkpoint: Path | None = None, progress: bool = True
) -> tuple[nn.Module, dict[str, float]]:
    """Train the model of a recipe, and measure it on the test split.

    Args:
        name: one of `NAMES`.
        checkpoint: where a WaveNet continues from, as in `armod.fit`.
        progress: whether to show a progress bar.

    Returns:
        The model in evaluation mode, and its receipt: what `measure` finds, how many numbers it has learnt, and the processor
        seconds that it learnt (of this call).
    """
    model, recipe = build(name), read_recipe(name)
    options = recipe["fit"]
    begin = time.process_time()
    if isinstance(model, Acoustic | Durations):
        fit_regressor(model, pairs_of(model, "train"), **options)
    else:
        assert isinstance(model, AutoregressiveModel)
        dataset = data_of(name)
        steps = math.ceil(len(dataset.train) / options["batch_size"]) * options["epochs"]
        learn_from = dataset.pairs("train")
        fit(model, learn_from, schedule=Cosine(steps), checkpoint=checkpoint, progress=progress, **options)
    seconds = time.process_time() - begin
    if recipe.get("half"):
        round_to_half(model)
    receipt = measure(name, model.eval())
    receipt |= {"parameters": sum(one.numel() for one in model.parameters()), "seconds": round(seconds, 1)}
    return model, receipt


def measure(name: str, model: nn.Module) -> dict[str, float]:
    """Measure a model on the test split.

    Args:
        name: one of `NAMES`.
        model: the model.

    Returns:
        For a WaveNet the bits of a sample, and those when it is told of another place of the test split ("wrong"). For the others
        the error: "nats" is the mean absolute error of a band, "log_duration" the root mean square error of the logarithm.
    """
    if isinstance(model, Durations):
        with torch.no_grad():
            return {"log_duration": round(duration_loss(model, pairs_of(model, "test")).sqrt().item(), 4)}
    if isinstance(model, Acoustic):
        return {"nats": round(band_error(model, pairs_of(model, "test")), 4)}
    assert isinstance(model, AutoregressiveModel)
    dataset = data_of(name)
    found = {"bits": round(evaluate(model, dataset).bits_per_dim, 4)}
    if dataset.context is not None:
        elsewhere = dataset.context["test"].roll(len(dataset.test) // 2, 0)
        found["wrong"] = round(evaluate(model, (dataset.test, elsewhere)).bits_per_dim, 4)
    return found


def write(name: str, model: nn.Module, receipt: dict[str, float]) -> None:
    """Write the weights of a recipe where `load_model` finds them, with their receipt in the header.

    Args:
        name: one of `NAMES`.
        model: the model.
        receipt: what `train` returned.
    """
    path, metadata = SHIPPED / f"{name}.safetensors", {"receipt": json.dumps(receipt, sort_keys=True)}
    if isinstance(model, AutoregressiveModel):
        write_model(path, model, metadata)
        return
    state = {key: value.detach().contiguous() for key, value in model.state_dict().items()}
    tensors = state | in_half(state)
    write_whole(path, safetensors.torch.save(tensors, metadata=metadata))


def load_model(name: str) -> nn.Module:
    """Load a model of the shipped voice with its trained weights.

    Args:
        name: one of `NAMES`.

    Returns:
        The model on the CPU, in evaluation mode.

    Raises:
        ValueError: if there is none of this name.

    >>> load_model("vocoder").event_shape
    torch.Size([3200])
    """
    model = build(name)
    model.load_state_dict(read_tensors(SHIPPED / f"{name}.safetensors")[0])
    return model.eval()


def receipt_of(name: str) -> dict[str, float]:
    """Read what was measured when the shipped weights were made.

    Args:
        name: one of `NAMES`.

    Returns:
        The receipt, as `train` returns it.

    Raises:
        ValueError: if there is none of this name.

    >>> receipt = receipt_of("vocoder")
    >>> receipt["bits"] < receipt["wrong"]
    True
    """
    read_recipe(name)
    receipt: dict[str, float] = json.loads(read_tensors(SHIPPED / f"{name}.safetensors")[1]["receipt"])
    return receipt


def pairs_of(model: Acoustic | Durations, split: str) -> Pairs:
    """What a regressor is told and what is due, for each prompt of a split."""
    return (acoustic_pairs if isinstance(model, Acoustic) else duration_pairs)(split)
