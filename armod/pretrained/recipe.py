"""Recipes: files that say which model learns which data, and how.

A recipe is TOML with three tables, or four::

    [model]                     # arguments of the model's class, by their names
    family = "MADE"
    event_shape = [1, 28, 28]
    hidden_sizes = [500]
    likelihood = { family = "Bernoulli" }
    ordering = "column"         # optional: a function of armod.orderings, or { name = "random", seed = 3 }

    start_from_marginals = true # optional: start with output biases as if the variables were independent
    zero_masked = true          # optional, for a MADE: weights that its masks hide become 0, which take no room in a package
    half = true                 # optional: the learnt weights are rounded to half precision, and their file is half as long

    [encoder]                   # optional: it stands before the model's context, armod.Conditional
    family = "images"           # a function of armod.encoders, with its arguments
    in_channels = 1
    out_channels = 12
    scale = 7

    [data]                      # armod.data.load(name)
    name = "digits28"
    binarize = 128              # optional: .binarize(128); or levels = 16: .quantize(16)
    context = "labels"          # optional: a name in armod.data.contexts, or { name = "low-resolution", factor = 7 }
    byte_pairs = 400            # optional, for a text: tokens, learnt from train with so many merges; and then
    length = 64                 # how many tokens make an observation, and optionally
    stride = 16                 # how many lie between the beginnings of two train windows, as Dataset.tokenize says

    [fit]                       # arguments of armod.fit, by their names; empty for a Histogram, which only counts
    epochs = 100
    schedule = "cosine"         # optional: the learning rate falls along half a cosine over all epochs, or over more of
                                # them than are trained: { name = "cosine", epochs = 120 }
    weight_decay = 0.1          # optional: weights shrink by so much of the learning rate each step (AdamW in place of Adam)
    augment = "flip"            # optional: a name in armod.data.augmentations, or { name = "transpose", most = 5 }

A model that is given something is trained twice. The second time it has no context, and its receipt says what that costs.

The seed in [model] determines the initial weights, and the seed in [fit] what is random in training; both are 0 by default.
"""

from __future__ import annotations

import math
import time
import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from armod import data, encoders, orderings
from armod.data import Dataset, contexts
from armod.data.augmentations import augmentation
from armod.data.text import BytePairs
from armod.likelihoods import Likelihood
from armod.models.arguments import LIKELIHOODS
from armod.models.base import AutoregressiveModel
from armod.models.conditional import Conditional
from armod.models.families import FAMILIES
from armod.models.saving import round_to_half
from armod.training import History, Receipt, evaluate, fit
from armod.training.schedules import Cosine

_ORDERINGS = ("raster", "column", "checkerboard", "random", "reversed")
_OPTIONS = ("start_from_marginals", "zero_masked", "half")  # of the table [model] that are no arguments
_ENCODERS = ("images", "sequences")
_CONTEXT_SIZES = ("context_size", "context_channels", "context_hop")


@dataclass(frozen=True)
class Recipe:
    """A recipe as it is written in its file.

    Args:
        name: name of the recipe.
        model: the table [model].
        data: the table [data].
        fit: the table [fit].
        encoder: the table [encoder]; None if the model gets the context as it is.

    >>> Recipe("table", {"family": "Histogram", "event_shape": [2], "num_bins": 2}, {"name": "digits8"}, {}).build_model()
    Histogram(event_shape=(2,), num_bins=2, smoothing=0.0, num_levels=2, num_occupied=0)
    """

    name: str
    model: Mapping[str, Any]
    data: Mapping[str, Any]
    fit: Mapping[str, Any]
    encoder: Mapping[str, Any] | None = None

    def build_model(self) -> AutoregressiveModel:
        """Build the model as it is before training.

        Returns:
            A model with new random weights.

        Raises:
            ValueError: if the family, the likelihood or the ordering is unknown.
        """
        arguments = {name: value for name, value in self.model.items() if name not in _OPTIONS}
        family = arguments.pop("family")
        _check_word(family, FAMILIES, "family of models")
        if "likelihood" in arguments:
            arguments["likelihood"] = _likelihood(**arguments["likelihood"])
        if "ordering" in arguments:
            arguments["ordering"] = _ordering(arguments["ordering"], arguments["event_shape"])
        model = FAMILIES[family](**arguments)
        return model if self.encoder is None else Conditional(_encoder(self.encoder), model)

    def load_data(self) -> Dataset:
        """Load the data set with the levels and the context that the recipe asks for."""
        dataset = data.load(self.data["name"])
        if "binarize" in self.data:
            dataset = dataset.binarize(self.data["binarize"])
        if "levels" in self.data:
            dataset = dataset.quantize(self.data["levels"])
        if "byte_pairs" in self.data:
            pairs = BytePairs(self.data["byte_pairs"]).fit(dataset.text("train"))
            dataset = dataset.tokenize(pairs, self.data["length"], stride=self.data.get("stride"))
        return contexts.given(dataset, **_named(self.data["context"])) if "context" in self.data else dataset

    def without_context(self) -> Recipe:
        """Return the recipe of the control: the same architecture, trained in the same way, that is given nothing.

        Returns:
            The recipe without an encoder and without the sizes of a context.

        Raises:
            ValueError: if the model is given nothing anyway.

        >>> from armod.pretrained import recipe_path
        >>> read_recipe(recipe_path("made-digits28")).without_context()
        Traceback (most recent call last):
        ValueError: The model of the recipe made-digits28 has no context that could be left out.
        """
        if self.build_model().context_size == 0:
            raise ValueError(f"The model of the recipe {self.name} has no context that could be left out.")
        model = {name: value for name, value in self.model.items() if name not in _CONTEXT_SIZES}
        return replace(self, name=f"{self.name}-without-context", model=model, encoder=None)

    def train(
        self,
        *,
        checkpoint: Path | None = None,
        device: str | None = None,
        progress: bool = True,
        control: bool = True,
        **options: Any,
    ) -> tuple[AutoregressiveModel, History, Receipt]:
        """Build the model, train it, and evaluate it on the test split.

        A model with a context is then trained again without it, for the receipt.

        Args:
            checkpoint: a file to continue from, as in `armod.fit`.
            device: "cpu", "cuda", ...; None is the CPU.
            progress: whether to show a progress bar.
            control: False leaves the training without the context out.
            **options: further arguments of `armod.fit`, which take precedence over those of the recipe.

        Returns:
            The trained model, the history of its training, and its likelihood.
        """
        model, dataset = self.build_model(), self.load_data()
        if self.model.get("start_from_marginals"):
            _behind_encoder(model).start_from_marginals(dataset.train)  # type: ignore[operator]
        seed = self.fit.get("seed", 0)
        if self.model["family"] == "Histogram":
            history = _count_cells(model, dataset)
            receipt = evaluate(model, dataset, seed=seed)
            receipt = replace(receipt, num_parameters=len(model.counts))  # type: ignore[arg-type]
        else:
            chosen = {**self.fit, **options}
            if isinstance(chosen.get("schedule"), str | Mapping):
                chosen["schedule"] = _cosine(chosen, len(dataset.train))
            if "augment" in self.fit and "augment" not in options:
                chosen["augment"] = augmentation(**_named(self.fit["augment"]))
            if "weight_decay" in chosen:
                chosen["optimizer"] = _adam_w(chosen.pop("weight_decay"), chosen.pop("learning_rate", None))
            history = fit(model, dataset, checkpoint=checkpoint, device=device, progress=progress, **chosen)
            if self.model.get("zero_masked"):
                zero_masked(model)
            if self.model.get("half"):
                round_to_half(model)
            receipt = evaluate(model, dataset, seed=seed)
        if control and model.context_size != 0:
            beside = None if checkpoint is None else checkpoint.with_suffix(".without-context")
            told_nothing = self.without_context().train(
                checkpoint=beside, device=device, progress=progress, **options
            )
            receipt = replace(receipt, nats_without_context=told_nothing[2].nats)
        return model, history, replace(receipt, seconds=round(history.seconds, 1))


@torch.no_grad()
def zero_masked(made: AutoregressiveModel) -> None:
    """Set the weights that a MADE's masks hide to 0, in place; what it computes stays the same.

    Args:
        made: the model. It must not change its ordering afterwards: other masks would hide other weights.

    The first variable sees no hidden unit:

    >>> made = FAMILIES["MADE"]((3,), [2], likelihood=LIKELIHOODS["Bernoulli"]())
    >>> zero_masked(made)
    >>> made.layers[1].weight[0].tolist()
    [0.0, 0.0]
    """
    for number, layer in enumerate(made.get_submodule("layers").children()):
        is_seen = made.get_buffer(f"mask_{number}").any(0)  # by a member of an ensemble at least
        layer.get_parameter("weight").masked_fill_(~is_seen, 0)


def read_recipe(path: Path) -> Recipe:
    """Read and check the recipe in a file.

    Args:
        path: a .toml file.

    Returns:
        The recipe, named after the file.

    Raises:
        ValueError: if the file is not TOML, lacks a table, or names something that does not exist.
    """
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
        recipe = Recipe(path.stem, content["model"], content["data"], content["fit"], content.get("encoder"))
        if "context" in recipe.data:
            _check_word(_named(recipe.data["context"])["name"], contexts.CONTEXTS, "context")
        model = _behind_encoder(recipe.build_model())
        if "augment" in recipe.fit:
            augmentation(**_named(recipe.fit["augment"]))
        _check_schedule(recipe.fit.get("schedule", "cosine"), recipe.fit.get("epochs", 1))
        if not (
            isinstance(recipe.fit.get("weight_decay", 0), int | float)
            and recipe.fit.get("weight_decay", 0) >= 0
        ):
            raise ValueError(f"weight_decay is a number from 0, not {recipe.fit['weight_decay']!r}")
        if "zero_masked" in recipe.model and recipe.model["family"] != "MADE":
            raise ValueError(f"{type(model).__name__} has no masked weights: zero_masked is for a MADE")
        if "start_from_marginals" in recipe.model and not hasattr(model, "start_from_marginals"):
            raise ValueError(f"{type(model).__name__} cannot start_from_marginals")
    except (OSError, ValueError, KeyError, TypeError) as error:
        reason = f"missing {error}" if isinstance(error, KeyError) else str(error).rstrip(".")
        raise ValueError(f"{path} is not a recipe: {reason}.") from None
    return recipe


def _likelihood(family: str, **arguments: Any) -> Likelihood:
    _check_word(family, LIKELIHOODS, "likelihood")
    return LIKELIHOODS[family](**arguments)


def _encoder(table: Mapping[str, Any]) -> encoders.Encoder:
    arguments = dict(table)
    family = arguments.pop("family")
    _check_word(family, _ENCODERS, "encoder")
    return getattr(encoders, family)(**arguments)


def _behind_encoder(model: AutoregressiveModel) -> AutoregressiveModel:
    return model.model if isinstance(model, Conditional) else model


def _named(choice: str | Mapping[str, Any]) -> dict[str, Any]:
    """A choice by its name alone, or by its name and its options."""
    return {"name": choice} if isinstance(choice, str) else dict(choice)


def _ordering(choice: str | Mapping[str, Any], event_shape: list[int]) -> Tensor:
    arguments = _named(choice)
    name = arguments.pop("name")
    _check_word(name, _ORDERINGS, "ordering")
    return getattr(orderings, name)(event_shape, **arguments)


def _cosine(options: Mapping[str, Any], num_observations: int) -> Cosine:
    """Half a cosine over all steps of the run, or of the longer one that the recipe names."""
    steps_per_epoch = math.ceil(num_observations / options.get("batch_size", 100))
    return Cosine(_named(options["schedule"]).get("epochs", options["epochs"]) * steps_per_epoch)


def _adam_w(
    weight_decay: float, learning_rate: float | None
) -> Callable[[Iterable[Tensor]], torch.optim.Optimizer]:
    """Adam whose weights shrink (Loshchilov and Hutter 2019, "Decoupled Weight Decay Regularization")."""
    rate = 1e-3 if learning_rate is None else learning_rate
    return lambda parameters: torch.optim.AdamW(parameters, lr=rate, weight_decay=weight_decay)


def _check_schedule(schedule: str | Mapping[str, Any], epochs: int) -> None:
    chosen = _named(schedule)
    if chosen["name"] != "cosine" or not chosen.keys() <= {"name", "epochs"}:
        raise ValueError(
            f'the schedule can only be "cosine", or {{ name = "cosine", epochs = ... }}, not {schedule!r}'
        )
    if chosen.get("epochs", epochs) < epochs:
        raise ValueError(f"the schedule has {chosen['epochs']} epochs, but {epochs} are trained")


def _check_word(word: str, words: Iterable[str], what: str) -> None:
    if word not in words:
        raise ValueError(f"there is no {what} {word!r}; choose one of {', '.join(words)}")


def _count_cells(model: AutoregressiveModel, dataset: Dataset) -> History:
    """Count the training data once, which is how a histogram learns."""
    begin = time.perf_counter()
    model.fit(dataset.train)  # type: ignore[operator]
    learnt = model.bits_per_dim(dataset.train).mean().item()
    return History([learnt], seconds=time.perf_counter() - begin)
