"""Exercise 3: the joint table, put together again from its conditionals."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor

from armod.course.exercises import Exercise, Mistake, reading, shown
from armod.course.exercises.engine.draws import uneven_ordering
from armod.course.exercises.lesson_4_1_chain_rule.tables import (
    multiplied,
    random_tables,
    where_most_different,
)

chain_joint = Exercise(
    name="chain-joint",
    number=3,
    title="Put it together again",
    difficulty="medium",
    minutes=6,
    names=("joint_of",),
    hints=(
        "Write the chain rule for three variables, and under each factor the axes of its table.",
        "A product grows by one axis with each table: the newest is the last one. Only when all axes are there, turn them.",
        "`product.unsqueeze(-1) * table` adds a factor. Then axis k belongs to variable `ordering[k]`, and `permute` needs for "
        "each variable its place: the inverse permutation.",
    ),
)


Case = tuple[list[Tensor], list[int]]


def joint_of(tables: list[Tensor], ordering: list[int]) -> Tensor:
    """The product of the factors, its axes turned so that axis d belongs to variable d."""
    return _turned(multiplied(tables), ordering)


def _turned(in_order: Tensor, ordering: list[int]) -> Tensor:
    return in_order.permute(*(ordering.index(d) for d in range(len(ordering))))


def _factors(
    generator: np.random.Generator, *shapes: tuple[int, ...], natural: bool = False
) -> Iterator[Case]:
    """Tables of conditionals, each with an ordering that is not its own inverse."""
    for sizes in shapes:
        ordering = range(len(sizes)) if natural else uneven_ordering(generator, len(sizes)).tolist()
        yield random_tables(generator, *sizes), list(ordering)


def _called(tables: list[Tensor], ordering: list[int]) -> str:
    return f"`joint_of` of {len(tables)} tables in the ordering {ordering}"


def _read(reply: Any, what: str, right: Tensor) -> Tensor:
    got = reading.tensor(reply, what)
    if got.ndim != right.ndim:
        raise Mistake(f"{what} has the shape {tuple(got.shape)}; one axis for each variable is due.")
    return got


def _seen(got: Tensor, right: Tensor, tables: list[Tensor], ordering: list[int]) -> str:
    seen = (
        f"In the ordering {ordering}, with tables for {tuple(tables[-1].shape)} values in that order, your joint has the "
        f"shape {tuple(got.shape)}."
    )
    if got.shape != right.shape:
        return f"{seen} Variable 0 has {right.shape[0]} values: look at axis 0."
    entry = where_most_different(got, right)
    return f"{seen} Its entries add up to {float(got.sum()):.4g}, and entry {shown(list(entry))} is {float(got[entry]):.4g}."


def _added(tables: list[Tensor], ordering: list[int]) -> Tensor:
    total = torch.zeros((), dtype=torch.float64)
    for table in tables:
        total = total.unsqueeze(-1) + table
    return _turned(total, ordering)


def _last_axes_meet(tables: list[Tensor], ordering: list[int]) -> Tensor:
    product = tables[0]
    for table in tables[1:]:
        product = product * table
    return product


asked_joint = chain_joint.asks(
    joint_of,
    instances=lambda generator: _factors(generator, (2, 2, 2), (3, 3, 3, 3), (2, 3, 4)),
    called=_called,
    read=_read,
    seen=_seen,
    wrong={
        "Your axes are in the order of the ordering: axis 0 is for the variable that comes first. It should be for variable 0.": lambda tables, ordering: multiplied(tables),
        "You have turned the axes the wrong way: which axis of the product belongs to variable 0?": lambda tables, ordering: multiplied(tables).permute(*ordering),
        "That is the last table. The other factors are missing.": lambda tables, ordering: _turned(tables[-1], ordering),
        "You add the tables. What does the chain rule do with the factors?": _added,
        "Those are logarithms; the question asks for probabilities.": lambda tables, ordering: joint_of(tables, ordering).log(),
        "You multiply tables of different numbers of axes as they are: then their *last* axes meet. Which axes do they have in common?": _last_axes_meet,
    },
    otherwise="Take one pattern, look up its entry in each table, and compare the product with your entry.",
)  # fmt: skip
chain_joint.add(
    "the product of the factors",
    asked_joint.on(lambda generator: _factors(generator, (2,), (2, 2), (3, 3, 3), (2, 3, 4), natural=True)),
    points=2,
)
chain_joint.add("axis d belongs to variable d", asked_joint.examine, points=2)
