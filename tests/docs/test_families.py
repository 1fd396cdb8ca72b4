"""The table of models in the guide is true: each cell is a word, and each word is tried out on the model of its row."""

from __future__ import annotations

import inspect
import math
import re
from collections.abc import Callable

import pytest
import torch

import armod
from armod import likelihoods, orderings
from tests.checkout import CHECKOUT
from tests.makers import seeded

COLUMNS = ("model", "observations", "orderings", "context", "lengths", "likelihoods")
SIZES: dict[str, tuple[tuple[object, ...], dict[str, object]]] = {
    "MADE": (([8],), {}),
    "RecurrentModel": ((6,), {}),
    "Transformer": ((6,), {"num_layers": 1, "num_heads": 2}),
    "WaveNet": ((4,), {"dilations": [1, 2]}),
    "PixelCNN": ((4, 1), {}),
    "GatedPixelCNN": ((4, 1), {}),
    "MultiScale": ((4, 1), {}),
    "Subscale": ((2, 4, 1), {}),
    "PixelCNNPlusPlus": ((4,), {"num_resnets": 1, "num_mixtures": 2, "num_levels": 4}),
    "Histogram": ((3,), {"smoothing": 1.0}),
    "NGram": ((2,), {"num_levels": 3}),
}
LIKELIHOODS = (likelihoods.Bernoulli(), likelihoods.Categorical(3), likelihoods.LogisticMixture(4, 2))


def rows(text: str) -> dict[str, dict[str, str]]:
    """The table by the names of its models."""
    (table,) = re.findall(r"<!-- families -->\n(.*?)<!-- /families -->", text, re.DOTALL)
    lines = [[cell.strip() for cell in line.strip("|\n ").split("|")] for line in table.splitlines()]
    assert tuple(lines[0][: len(COLUMNS)]) == COLUMNS
    found = (dict(zip(COLUMNS, line, strict=False)) for line in lines[2:])
    return {row["model"].removeprefix("`armod.").removesuffix("`"): row for row in found}


TABLE = rows((CHECKOUT / "docs" / "guide" / "models.md").read_text())


def shape_of(name: str) -> tuple[int, ...]:
    return (1, 4, 4) if TABLE[name]["observations"] == "(C, H, W)" else (5,)


def make(name: str, **options: object) -> armod.AutoregressiveModel:
    """A small model of this family."""
    kind = getattr(armod, name)
    positional, named = SIZES[name]
    if "likelihood" in inspect.signature(kind).parameters:
        named = {"likelihood": LIKELIHOODS[1]} | named
    shape = options.pop("event_shape", shape_of(name))
    return kind(shape, *positional, **(named | options))


def refuses(call: Callable[[], object]) -> bool:
    """Whether a call ends in a clear sentence."""
    try:
        call()
    except ValueError:
        return True
    return False


def orderings_of(name: str) -> str:
    shape = shape_of(name)
    if "ordering" not in inspect.signature(getattr(armod, name)).parameters:
        shape = (1, 5, 6)  # where no two orderings are the same
        return orderings.name(make(name, event_shape=shape).ordering, shape).replace("_", " ")
    mixed = torch.randperm(math.prod(shape), generator=seeded(2))
    if not refuses(lambda: make(name, ordering=mixed)):
        return "any permutation"
    make(name, ordering=orderings.reversed(shape))
    if len(shape) == 1:
        return "forward or reversed"
    make(name, ordering=orderings.column(shape))
    return "raster, turned"


def context_of(name: str) -> str:
    parameters = inspect.signature(getattr(armod, name)).parameters
    (option,) = {"context_size", "context_channels"} & set(parameters) or {None}
    if option is None:
        return "none"
    model = make(name, **{option: 2})
    places = tuple(model.event_shape[1:] if len(model.event_shape) == 3 else model.event_shape)
    takes = {
        word: not refuses(lambda c=context: model.sample(3, c, generator=seeded()))
        for word, context in (("global", torch.ones(3, 2)), ("local", torch.ones(3, 2, *places)))
    }
    assert refuses(lambda: model.sample(3)), "a model with a context must need it"
    return " or ".join(word for word, is_taken in takes.items() if is_taken)


def lengths_of(name: str) -> str:
    model = make(name)
    length = model.num_variables
    takes_less, takes_more = (
        not refuses(lambda other=other: model.sample(1, length=other)) for other in (length - 1, length + 1)
    )
    return "any" if takes_more else "up to T" if takes_less else "fixed"


def likelihoods_of(name: str) -> str:
    if "likelihood" in inspect.signature(getattr(armod, name)).parameters:
        for likelihood in LIKELIHOODS:
            make(name, likelihood=likelihood).sample(2)
        return "any"
    likelihood = make(name).likelihood
    return "logistic mixture" if isinstance(likelihood, likelihoods.LogisticMixture) else "categorical"


def observations_of(name: str) -> str:
    shapes = {"(T,)": (5,), "(C, H, W)": (1, 4, 4), "(H, W)": (2, 3)}
    taken = [word for word, shape in shapes.items() if not refuses(lambda s=shape: make(name, event_shape=s))]
    return "any shape" if len(taken) == len(shapes) else " or ".join(taken)


def test_every_family_has_a_row() -> None:
    families = {
        name
        for name in armod.__all__
        if inspect.isclass(kind := getattr(armod, name)) and issubclass(kind, armod.AutoregressiveModel)
    }
    # a Conditional is what its inner model is
    assert set(TABLE) == families - {"AutoregressiveModel", "Conditional"}


@pytest.mark.parametrize("name", TABLE)
def test_a_row_says_what_the_model_does(name: str) -> None:
    found = {
        "observations": observations_of(name),
        "orderings": orderings_of(name),
        "context": context_of(name),
        "lengths": lengths_of(name),
        "likelihoods": likelihoods_of(name),
    }
    assert {column: TABLE[name][column] for column in found} == found
