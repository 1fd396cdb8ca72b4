"""Recipes: files that say which model learns which data, and how.

A recipe is TOML with three tables::

    [model]                     # arguments of the model's class, by their names
    family = "MADE"
    event_shape = [1, 28, 28]
    hidden_sizes = [500]
    likelihood = { family = "Bernoulli" }

    start_from_marginals = true # optional: MADE.start_from_marginals on the training split

    [data]                      # armod.data.load(name), then .binarize(threshold) if there is one
    name = "digits28"
    binarize = 128

    [fit]                       # arguments of armod.fit, by their names
    epochs = 100
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from armod import data, likelihoods
from armod.data import Dataset
from armod.models.base import AutoregressiveModel
from armod.models.made import MADE
from armod.training import History, Receipt, evaluate, fit

_FAMILIES: Mapping[str, type[AutoregressiveModel]] = {"MADE": MADE}
_LIKELIHOODS = {"Bernoulli": likelihoods.Bernoulli, "Categorical": likelihoods.Categorical}


@dataclass(frozen=True)
class Recipe:
    """A recipe as it stands in its file."""

    name: str
    model: Mapping[str, Any]
    data: Mapping[str, Any]
    fit: Mapping[str, Any]

    def build_model(self) -> AutoregressiveModel:
        """The model before training."""
        arguments = {name: value for name, value in self.model.items() if name != "start_from_marginals"}
        likelihood = dict(arguments.pop("likelihood"))
        arguments["likelihood"] = _LIKELIHOODS[likelihood.pop("family")](**likelihood)
        return _FAMILIES[arguments.pop("family")](**arguments)

    def load_data(self) -> Dataset:
        """The data set, binarised if the recipe says so."""
        dataset = data.load(self.data["name"])
        return dataset.binarize(self.data["binarize"]) if "binarize" in self.data else dataset

    def train(
        self, *, checkpoint: Path | None = None, device: str | None = None, progress: bool = True
    ) -> tuple[AutoregressiveModel, History, Receipt]:
        """Build, fit, and evaluate on the test split."""
        model, dataset = self.build_model(), self.load_data()
        if self.model.get("start_from_marginals") and isinstance(model, MADE):
            model.start_from_marginals(dataset.train)
        history = fit(model, dataset, checkpoint=checkpoint, device=device, progress=progress, **self.fit)
        return model, history, evaluate(model, dataset, split="test", seed=self.fit.get("seed", 0))


def read_recipe(path: Path) -> Recipe:
    """The recipe in a file.

    Raises:
        ValueError: if it is not TOML, lacks a table, or names a family that does not exist.
    """
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
        recipe = Recipe(path.stem, content["model"], content["data"], content["fit"])
        recipe.build_model()
    except (OSError, ValueError, KeyError, TypeError) as error:
        reason = f"missing {error}" if isinstance(error, KeyError) else str(error)
        raise ValueError(f"{path} is not a recipe: {reason}.") from None
    return recipe
