"""Exercise 2: a joint table, taken apart in a given ordering."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor

from armod.course.exercises import Answer, Exercise, Mistake, reading, shown
from armod.course.exercises.engine.draws import uneven_ordering
from armod.course.exercises.lesson_4_1_chain_rule.tables import (
    all_close,
    conditionals,
    multiplied,
    pasts_of,
    random_tables,
    where_most_different,
)

chain_conditionals = Exercise(
    name="chain-conditionals",
    number=2,
    title="Take a table apart",
    difficulty="medium",
    minutes=9,
    names=("conditionals",),
    hints=(
        "First turn the axes: once they are in the order of the ordering, you can go on as if it were from left to right.",
        "A conditional is the joint of past and present over the joint of the past. Which axes must be summed away to get "
        "each of the two?",
        "Start at the end: divide the permuted table by `p.sum(-1, keepdim=True)` for the last conditional, then sum the last "
        "axis away and do the same again.",
    ),
)


Case = tuple[Tensor, list[int]]


def _joints(
    generator: np.random.Generator, *shapes: tuple[int, ...], natural: bool = False
) -> Iterator[Case]:
    """Joint tables, each with an ordering that is not its own inverse."""
    for sizes in shapes:
        ordering = range(len(sizes)) if natural else uneven_ordering(generator, len(sizes)).tolist()
        yield multiplied(random_tables(generator, *sizes)), list(ordering)


def _read(reply: Any, what: str, right: list[Tensor]) -> list[Tensor]:
    """Each table of the shape that is due."""
    found = reading.several(reply, what, [reading.tensor] * len(right))
    for k, (got, due) in enumerate(zip(found, right, strict=True)):
        if got.shape != due.shape:
            raise Mistake(
                f"Table {k} from {what} has the shape {tuple(got.shape)}, and {tuple(due.shape)} is due: an axis for each "
                f"variable up to the one that comes in step {k}, in the order in which they come."
            )
    return found


def _seen(got: list[Tensor], right: list[Tensor], joint: Tensor, ordering: list[int]) -> str:
    k = next(k for k in range(joint.ndim) if not all_close(got[k : k + 1], right[k : k + 1]))
    entry = where_most_different(got[k], right[k])
    past = ", ".join(f"x{d} = {value}" for d, value in zip(ordering, entry[:-1], strict=False))
    return (
        f"In the ordering {ordering} you give {float(got[k][entry]):.4g} for x{ordering[k]} = {entry[-1]}"
        f"{f' after {past}' if past else ', which comes first'}, for a joint of shape {tuple(joint.shape)}."
    )


def _each(wrong: Callable[[Tensor, Tensor], Tensor]) -> Callable[[Tensor, list[int]], list[Tensor]]:
    """Wrong tables, each from the joint of past and present and from the joint of all variables, both in order."""
    return lambda joint, ordering: [
        wrong(past, joint.permute(*ordering)) for past in pasts_of(joint, ordering)
    ]


def _no_future(past: Tensor, in_order: Tensor) -> Tensor:
    first = in_order.reshape(*past.shape, -1)[..., 0]
    return first / first.sum(-1, keepdim=True)


asked_conditionals = chain_conditionals.asks(
    conditionals,
    instances=lambda generator: _joints(generator, (2, 2, 2), (3, 3, 3, 3), (4, 2, 3)),
    called=lambda joint, ordering: f"`conditionals` of a joint of shape {tuple(joint.shape)} in the ordering {ordering}",
    read=_read,
    seen=_seen,
    wrong={
        "You seem to go through the variables as 0, 1, 2, ..., whatever the ordering is.": lambda joint, ordering: conditionals(joint, range(joint.ndim)),
        "You seem to read the ordering the wrong way round: `ordering[k]` is the variable that comes k-th.": lambda joint, ordering: conditionals(joint, [ordering.index(d) for d in range(joint.ndim)]),
        "That is the probability of past and present *together*. What must it be divided by?": _each(lambda past, _: past),
        "You divide by the sum over the first axis. Which variable's values must add up to 1?": _each(lambda past, _: past / past.sum(0, keepdim=True)),
        "You seem to look only at patterns whose later variables are all 0. What is known of them at this step?": _each(_no_future),
        "This is the same for every past. What does the past change?": _each(lambda past, _: past.reshape(-1, past.shape[-1]).sum(0).expand_as(past)),
    },
    otherwise="Sum by hand the entries that agree with past and present, and those that agree with the past.",
)  # fmt: skip


@chain_conditionals.check("each table is a distribution of its variable")
def tables_are_distributions(answer: Answer, generator: np.random.Generator) -> None:
    """The right axes, adding up to 1 along the last one."""
    for sizes, ordering in (((3, 2), [0, 1]), ((2, 3, 4), [1, 2, 0])):
        joint = multiplied(random_tables(generator, *sizes))
        for k, table in enumerate(asked_conditionals.reply(answer, joint, ordering)):
            total = table.sum(-1)
            if not torch.allclose(total, torch.ones_like(total), atol=1e-5):
                raise Mistake(
                    f"For a joint of shape {sizes} and the ordering {ordering} the last axis of your table {k} adds up to "
                    f"{shown(total)}; whatever the past, it should be 1. {asked_conditionals.why(answer, generator)}"
                )


chain_conditionals.add(
    "from left to right",
    asked_conditionals.on(lambda generator: _joints(generator, (2, 2, 2), (3,), (2, 3, 4), natural=True)),
    points=2,
)
chain_conditionals.add("in any ordering", asked_conditionals.examine, points=2)
