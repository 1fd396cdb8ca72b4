"""Small trained weights that ship with the package, each beside the recipe that made it.

Each data set has a folder. ``NAME.toml`` is the recipe; ``NAME.safetensors`` holds the weights and, in its header, the
likelihood receipt that they reached. Retrain with ``armod train NAME``.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from armod.models.base import AutoregressiveModel
from armod.pretrained.recipe import read_recipe
from armod.pretrained.weights import read_weights
from armod.training import Receipt

_WEIGHTS, _RECIPES = (
    {path.stem: path for path in Path(__file__).parent.glob(f"*/*.{ending}")}
    for ending in ("safetensors", "toml")
)
NAMES = tuple(sorted(_WEIGHTS))


def load_pretrained(name: str) -> AutoregressiveModel:
    """The model of this name with its trained weights, on the CPU, in evaluation mode.

    Raises:
        ValueError: if no such weights ship with the package.

    >>> load_pretrained("made-digits28").event_shape
    torch.Size([1, 28, 28])
    """
    tensors, _ = read_weights(weights_path(name))
    model = read_recipe(recipe_path(name)).build_model()
    model.load_state_dict(tensors)
    return model.eval()


def receipt(name: str) -> Receipt:
    """The likelihood that the shipped weights reached on the test split, as recorded when they were made.

    >>> receipt("made-digits28").split
    'test'
    """
    return read_weights(weights_path(name))[1]


class Row(NamedTuple):
    """What shipped weights reached on their test split; None where the receipt does not say."""

    name: str
    dataset: str
    nats: float
    bits_per_dim: float
    num_parameters: int | None
    seconds: float | None

    def __str__(self) -> str:
        """A row of a Markdown table."""
        parameters = "" if self.num_parameters is None else f"{self.num_parameters:,}"
        seconds = "" if self.seconds is None else f"{self.seconds:,.0f}"
        return f"| {self.name} | {self.dataset} | {self.nats:.2f} | {self.bits_per_dim:.4f} | {parameters} | {seconds} |"


def table() -> list[Row]:
    """What all shipped weights reached, from their receipts: by data set, the best last.

    >>> print("| weights | data | nats | bits/dim | parameters | seconds |", *table()[:1], sep="\\n")  # doctest: +ELLIPSIS
    | weights | data | nats | bits/dim | parameters | seconds |
    | ... |
    """
    receipts = {name: receipt(name) for name in NAMES}
    rows = [
        Row(name, one.dataset, one.nats, one.bits_per_dim, one.num_parameters, one.seconds)
        for name, one in receipts.items()
    ]
    return sorted(rows, key=lambda row: (row.dataset, -row.bits_per_dim))


def weights_path(name: str) -> Path:
    """Where the weights of this name lie; ValueError if there are none."""
    if name not in NAMES:
        raise ValueError(f"There are no pretrained weights {name!r}: choose one of {', '.join(NAMES)}.")
    return _WEIGHTS[name]


def recipe_path(name: str) -> Path:
    """Where the recipe of this name lies; ValueError if there is none."""
    if name not in _RECIPES:
        names = ", ".join(sorted(_RECIPES))
        raise ValueError(f"There is no recipe {name!r}: give the path of a .toml file, or one of {names}.")
    return _RECIPES[name]
