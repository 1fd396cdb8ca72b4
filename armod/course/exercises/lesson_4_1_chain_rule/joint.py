"""Exercise 3: the joint table, put together again from its conditionals."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from armod.course.exercises.engine import reading
from armod.course.exercises.engine.answer import Answer
from armod.course.exercises.engine.exercise import Exercise, Mistake
from armod.course.exercises.engine.showing import shown
from armod.course.exercises.lesson_4_1_chain_rule.tables import (
    all_close,
    multiplied,
    random_tables,
    where_most_different,
)
from armod.course.exercises.lesson_4_5_1_made.instances import uneven_ordering

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


@chain_joint.check("the product of the factors", points=2)
def product_is_right(answer: Answer, generator: np.random.Generator) -> None:
    """From left to right, where no axis is turned."""
    for sizes in ((2,), (2, 2), (3, 3, 3), (2, 3, 4)):
        tables = random_tables(generator, *sizes)
        got, right = _asked(answer, tables, list(range(len(sizes)))), multiplied(tables)
        if not all_close([got], [right]):
            raise Mistake(
                f"From left to right, with tables for {sizes} values, the entries of your joint add up to "
                f"{float(got.sum()):.4g}. {_why(got, tables)}"
            )


@chain_joint.check("axis d belongs to variable d", points=2)
def axes_are_right(answer: Answer, generator: np.random.Generator) -> None:
    """In orderings that are not their own inverse."""
    for sizes in ((2, 2, 2), (3, 3, 3, 3), (2, 3, 4)):
        ordering = uneven_ordering(generator, len(sizes)).tolist()
        place = [ordering.index(d) for d in range(len(ordering))]
        tables = random_tables(generator, *sizes)
        in_order = multiplied(tables)
        got, right = _asked(answer, tables, ordering), in_order.permute(*place)
        if all_close([got], [right]):
            continue
        seen = f"In the ordering {ordering}, with tables for {sizes} values in that order, your joint has the shape {tuple(got.shape)}."
        if all_close([got], [in_order]):
            raise Mistake(
                f"{seen} Its entries are in the order of the ordering: axis 0 is for variable {ordering[0]}. It should be for "
                f"variable 0."
            )
        if all_close([got], [in_order.permute(*ordering)]):
            raise Mistake(
                f"{seen} You have turned the axes the wrong way: which axis of the product belongs to variable 0?"
            )
        if tuple(got.shape) != tuple(right.shape):
            raise Mistake(f"{seen} Variable 0 has {right.shape[0]} values: look at axis 0.")
        entry = where_most_different(got, right)
        raise Mistake(f"{seen} Entry {shown(list(entry))} is {float(got[entry]):.4g}. {_why(got, tables)}")


def _asked(answer: Answer, tables: list[Tensor], ordering: list[int]) -> Tensor:
    """The learner's joint, with the due number of axes."""
    what = f"`joint_of` of {len(tables)} tables in the ordering {ordering}"
    got = reading.tensor(answer.call("joint_of", tables, ordering), what)
    if got.ndim != len(tables):
        raise Mistake(f"{what} has the shape {tuple(got.shape)}; one axis for each variable is due.")
    return got


def _why(got: Tensor, tables: list[Tensor]) -> str:
    """What seems to be wrong with the product itself."""
    right = multiplied(tables)
    summed = torch.zeros((), dtype=torch.float64)
    for table in tables:
        summed = summed.unsqueeze(-1) + table
    known = [
        (tables[-1], "That is the last table. The other factors are missing."),
        (summed, "You add the tables. What does the chain rule do with the factors?"),
        (right.log(), "Those are logarithms; probabilities are due."),
    ]
    if len({table.shape[-1] for table in tables}) == 1:
        aligned = tables[0]
        for table in tables[1:]:
            aligned = aligned * table
        known.append(
            (
                aligned,
                "You multiply tables of different numbers of axes as they are: then their *last* axes meet. Which axes "
                "have they in common?",
            )
        )
    for wrong, message in known:
        if all_close([got], [wrong]):
            return message
    return "Take one pattern, look up its entry in each table, and compare the product with your entry."
