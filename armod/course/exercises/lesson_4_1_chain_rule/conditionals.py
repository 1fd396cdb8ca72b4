"""Exercise 2: a joint table, taken apart in a given ordering."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from armod.course.exercises.engine import reading
from armod.course.exercises.engine.answer import Answer
from armod.course.exercises.engine.exercise import Exercise, Mistake
from armod.course.exercises.engine.showing import shown
from armod.course.exercises.lesson_4_1_chain_rule.tables import (
    all_close,
    conditionals_of,
    multiplied,
    pasts_of,
    random_tables,
    where_most_different,
)
from armod.course.exercises.lesson_4_5_1_made.instances import uneven_ordering

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


@chain_conditionals.check("each table is a distribution of its variable")
def tables_are_distributions(answer: Answer, generator: np.random.Generator) -> None:
    """The right axes, adding up to 1 along the last one."""
    for sizes, ordering in (((3, 2), [0, 1]), ((2, 3, 4), [1, 2, 0])):
        joint = multiplied(random_tables(generator, *sizes))
        for k, table in enumerate(_asked(answer, joint, ordering)):
            total = table.sum(-1)
            if not torch.allclose(total, torch.ones_like(total), atol=1e-5):
                raise Mistake(
                    f"For a joint of shape {sizes} and the ordering {ordering} the last axis of your table {k} adds up to "
                    f"{shown(total)}; whatever the past, it should be 1. {_why(table, joint, ordering, k)}"
                )


@chain_conditionals.check("from left to right", points=2)
def natural_is_right(answer: Answer, generator: np.random.Generator) -> None:
    """Given the past, and whatever comes later."""
    for sizes in ((2, 2, 2), (3,), (2, 3, 4)):
        joint = multiplied(random_tables(generator, *sizes))
        _refuse_differences(answer, joint, list(range(len(sizes))))


@chain_conditionals.check("in any ordering", points=2)
def any_ordering_is_right(answer: Answer, generator: np.random.Generator) -> None:
    """Orderings that are not their own inverse."""
    for sizes in ((2, 2, 2), (3, 3, 3, 3), (4, 2, 3)):
        joint = multiplied(random_tables(generator, *sizes))
        _refuse_differences(answer, joint, uneven_ordering(generator, len(sizes)).tolist())


def _asked(answer: Answer, joint: Tensor, ordering: list[int]) -> list[Tensor]:
    """The learner's tables, each of the shape that is due."""
    call = f"`conditionals` of a joint of shape {tuple(joint.shape)} in the ordering {ordering}"
    reply = answer.call("conditionals", joint, ordering)
    if not isinstance(reply, list | tuple) or len(reply) != len(ordering):
        count = f"a list of {len(reply)}" if isinstance(reply, list | tuple) else shown(reply)
        raise Mistake(f"{call} gave {count}; a list is due, one table for each variable.")
    found = []
    for k, table in enumerate(reply):
        got = reading.tensor(table, f"Table {k} from {call}")
        due = tuple(joint.shape[d] for d in ordering[: k + 1])
        if tuple(got.shape) != due:
            raise Mistake(
                f"Table {k} from {call} has the shape {tuple(got.shape)}, and {due} is due: an axis for each variable up to "
                f"{ordering[k]}, in the order in which they come."
            )
        found.append(got)
    return found


def _refuse_differences(answer: Answer, joint: Tensor, ordering: list[int]) -> None:
    got, right = _asked(answer, joint, ordering), conditionals_of(joint, ordering)
    if all_close(got, right):
        return
    natural = list(range(joint.ndim))
    inverse = [ordering.index(d) for d in natural]
    for other, message in (
        (natural, "You seem to go through the variables as 0, 1, 2, ..., whatever the ordering is."),
        (inverse, "You seem to read the ordering the wrong way round: `ordering[k]` is the variable that comes k-th."),
    ):  # fmt: skip
        if all_close(got, conditionals_of(joint, other)):
            raise Mistake(f"For the ordering {ordering}: {message}")
    k = next(k for k in natural if not all_close(got[k : k + 1], right[k : k + 1]))
    entry = where_most_different(got[k], right[k])
    past = ", ".join(f"x{d} = {value}" for d, value in zip(ordering, entry[:-1], strict=False))
    raise Mistake(
        f"In the ordering {ordering} you give {float(got[k][entry]):.4g} for x{ordering[k]} = {entry[-1]}"
        f"{f' after {past}' if past else ', which comes first'}, for a joint of shape {tuple(joint.shape)}. "
        f"{_why(got[k], joint, ordering, k)}"
    )


def _why(table: Tensor, joint: Tensor, ordering: Sequence[int], k: int) -> str:
    """What seems to be wrong with table k."""
    past = pasts_of(joint, ordering)[k]
    in_order = joint.permute(*ordering)
    one_future = in_order.reshape(*past.shape, -1)[..., 0]
    alone = past.reshape(-1, past.shape[-1]).sum(0)
    known = [
        (past, "That is the probability of past and present *together*. By what must it be divided?"),
        (
            past / past.sum(0, keepdim=True),
            "You divide by the sum over the first axis. Which variable's values must add up to 1?",
        ),
        (
            one_future / one_future.sum(-1, keepdim=True),
            "You seem to look only at patterns whose later variables are all 0. What is known of them at this step?",
        ),
        (
            alone.expand_as(past),
            "This is the same for every past. What does the past change?",
        ),
    ]
    for wrong, message in known:
        if all_close([table], [wrong]):
            return message
    return "Sum by hand the entries that agree with past and present, and those that agree with the past."
