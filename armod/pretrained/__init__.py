"""Small trained weights that ship with the package, together with the recipes that made them.

Each data set has a folder. ``NAME.toml`` is the recipe; ``NAME.safetensors`` contains the weights and, in its header, the
receipt of their likelihood. ``armod train NAME`` trains the model again.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from armod.models.base import AutoregressiveModel
from armod.pretrained.recipe import read_recipe
from armod.pretrained.weights import read_weights
from armod.settings import shown
from armod.training import Receipt

_WEIGHTS, _RECIPES = (
    {path.stem: path for path in Path(__file__).parent.glob(f"*/*.{ending}")}
    for ending in ("safetensors", "toml")
)
NAMES = tuple(sorted(_WEIGHTS))


def load_pretrained(name: str) -> AutoregressiveModel:
    """Load a model with its trained weights.

    Args:
        name: one of `NAMES`.

    Returns:
        The model on the CPU, in evaluation mode.

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
    """Read the likelihood on the test split that was recorded when the shipped weights were made.

    Args:
        name: one of `NAMES`.

    Returns:
        The receipt.

    Raises:
        ValueError: if no such weights ship with the package.

    >>> receipt("made-digits28").split
    'test'
    """
    return read_weights(weights_path(name))[1]


class Row(NamedTuple):
    """The result of shipped weights on their test split.

    Args:
        name: name of the weights.
        dataset: name of the data set.
        nats: mean negative log-likelihood in nats per observation.
        bits_per_dim: the same in bits per variable.
        num_parameters: how many numbers the model has learnt; None if the receipt does not say.
        seconds: how long it learnt; None if the receipt does not say.

    >>> print(Row("made-digits28", "digits28", 90.0, 0.1656, 1_000, 60.0))
    | made-digits28 | digits28 | 90.00 | 0.1656 | 1,000 | 60 |
    """

    name: str
    dataset: str
    nats: float
    bits_per_dim: float
    num_parameters: int | None
    seconds: float | None

    def __str__(self) -> str:
        parameters = "" if self.num_parameters is None else f"{self.num_parameters:,}"
        seconds = "" if self.seconds is None else f"{self.seconds:,.0f}"
        return f"| {self.name} | {self.dataset} | {self.nats:.2f} | {self.bits_per_dim:.4f} | {parameters} | {seconds} |"


def table() -> list[Row]:
    """Collect the results of all shipped weights from their receipts.

    Returns:
        One row for each name, sorted by data set; the best result comes last.

    >>> print(table()[0])
    | ... |
    """
    receipts = {name: receipt(name) for name in NAMES}
    rows = [
        Row(name, one.dataset, one.nats, one.bits_per_dim, one.num_parameters, one.seconds)
        for name, one in receipts.items()
    ]
    return sorted(rows, key=lambda row: (row.dataset, -row.bits_per_dim))


def weights_path(name: str) -> Path:
    """Return the file of the weights of this name, or raise a ValueError if there are none."""
    if name not in NAMES:
        raise ValueError(f"There are no pretrained weights {shown(name)}: choose one of {', '.join(NAMES)}.")
    return _WEIGHTS[name]


def recipe_path(name: str) -> Path:
    """Return the file of the recipe of this name, or raise a ValueError if there is none."""
    if name not in _RECIPES:
        names = ", ".join(sorted(_RECIPES))
        raise ValueError(f"There is no recipe {name!r}: give the path of a .toml file, or one of {names}.")
    return _RECIPES[name]
