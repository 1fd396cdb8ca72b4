"""Small trained weights that ship with the package, each beside the recipe that made it.

``NAME.toml`` is the recipe; ``NAME.safetensors`` holds the weights and, in its header, the likelihood receipt that
they reached. Retrain with ``armod train NAME``.
"""

from __future__ import annotations

from pathlib import Path

from armod.models.base import AutoregressiveModel
from armod.pretrained.recipe import read_recipe
from armod.pretrained.weights import read_weights
from armod.training import Receipt

_FOLDER = Path(__file__).parent
NAMES = tuple(sorted(path.stem for path in _FOLDER.glob("*.safetensors")))


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


def weights_path(name: str) -> Path:
    """Where the weights of this name lie; ValueError if there are none."""
    if name not in NAMES:
        raise ValueError(f"There are no pretrained weights {name!r}: choose one of {', '.join(NAMES)}.")
    return _FOLDER / f"{name}.safetensors"


def recipe_path(name: str) -> Path:
    """Where the recipe of this name lies; ValueError if there is none."""
    path = _FOLDER / f"{name}.toml"
    if not path.exists():
        names = ", ".join(sorted(recipe.stem for recipe in _FOLDER.glob("*.toml")))
        raise ValueError(f"There is no recipe {name!r}: give the path of a .toml file, or one of {names}.")
    return path
