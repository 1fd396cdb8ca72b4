"""Exercise 4: ancestral sampling from tables of conditionals and given uniform numbers."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor

from armod.course.exercises.engine import reading
from armod.course.exercises.engine.answer import Answer
from armod.course.exercises.engine.exercise import Exercise, Mistake
from armod.course.exercises.engine.showing import shown
from armod.course.exercises.lesson_4_1_chain_rule.tables import random_tables
from armod.course.exercises.lesson_4_5_1_made.instances import uneven_ordering

Rule = Callable[[Tensor, Tensor], Tensor]

chain_sampling = Exercise(
    name="chain-sampling",
    number=4,
    title="Draw from it, one variable at a time",
    difficulty="hard",
    minutes=12,
    names=("draw",),
    hints=(
        "Draw by hand once: lay the probabilities of the first variable end to end from 0 to 1. Into which piece does the "
        "first number fall? Which row of the next table do you now need?",
        "Keep two things apart: the values in the order of the steps, by which you look into the tables, and the result, "
        "whose columns are the variables.",
        "With a list `past` of tensors `(N,)`, `table[tuple(past)]` holds the row of each observation. The level is the number "
        "of cumulative sums, the last one left out, that are `<= u`.",
    ),
)


@chain_sampling.check("from left to right", points=2)
def natural_is_right(answer: Answer, generator: np.random.Generator) -> None:
    """Two levels, then more."""
    for num_levels, size in ((2, 2), (3, 3), (4, 1)):
        ordering = list(range(size))
        tables, noise = _telling_case(generator, num_levels, ordering)
        _refuse_differences(answer, tables, ordering, noise)


@chain_sampling.check("in any ordering", points=2)
def any_ordering_is_right(answer: Answer, generator: np.random.Generator) -> None:
    """Orderings that are not their own inverse."""
    for num_levels, size in ((2, 3), (3, 4)):
        ordering = uneven_ordering(generator, size).tolist()
        tables, noise = _telling_case(generator, num_levels, ordering)
        _refuse_differences(answer, tables, ordering, noise)


@chain_sampling.check("on the edges", points=2)
def edges_are_right(answer: Answer, generator: np.random.Generator) -> None:
    """Numbers on a cumulative sum, impossible levels, and sums that rounding leaves below 1."""
    eighths = torch.from_numpy(generator.permutation([1.0, 2.0, 2.0, 3.0])) / 8
    _refuse_edges(answer, eighths, [0.0, *eighths.cumsum(0)[:-1].tolist()])
    impossible = torch.tensor([0.0, 0.25, 0.0, 0.75], dtype=torch.float64)
    _refuse_edges(answer, impossible, [0.0, 0.25])
    _refuse_edges(answer, torch.full((10,), 0.1, dtype=torch.float64), [1 - 2**-53])


def _telling_case(
    generator: np.random.Generator, num_levels: int, ordering: list[int]
) -> tuple[list[Tensor], Tensor]:
    """Tables and 200 rows of noise for which no two known mistakes draw the same."""
    while True:
        tables = random_tables(generator, *[num_levels] * len(ordering))
        noise = torch.from_numpy(generator.random((200, len(ordering))))
        right = drawn(tables, ordering, noise)
        # some are no mistake here: from left to right the steps are the variables' numbers
        wrong = [x for x, _ in _known(tables, ordering, noise) if not torch.equal(x, right)]
        if not any(torch.equal(*pair) for pair in itertools.combinations(wrong, 2)):
            return tables, noise


def _refuse_edges(answer: Answer, row: Tensor, edges: list[float]) -> None:
    """One variable only, and numbers from exactly the edges of its pieces."""
    noise = torch.tensor(edges, dtype=torch.float64).unsqueeze(1)
    got = _asked(answer, [row], [0], noise).flatten()
    right = drawn([row], [0], noise).flatten()
    for u, mine, due in zip(edges, got.tolist(), right.tolist(), strict=True):
        if mine == due:
            continue
        seen = f"With the probabilities {shown(row)} and the number u = {u!r} you draw level {mine}."
        if mine < 0:
            raise Mistake(f"{seen} Levels are numbered from 0.")
        if mine >= len(row):
            raise Mistake(
                f"{seen} The last level is {len(row) - 1}. Added up with rounding these probabilities stay just below 1: "
                f"to whom belongs what is left?"
            )
        if float(row[mine]) == 0:
            raise Mistake(f"{seen} It has probability 0. Does its cumulative sum *exceed* u?")
        if mine > due:
            raise Mistake(f"{seen} Is there no smaller one whose cumulative sum exceeds u?")
        raise Mistake(f"{seen} Its cumulative sum is {float(row.cumsum(0)[mine])!r}: does that exceed u?")


def _exceeds(rows: Tensor, u: Tensor) -> Tensor:
    """The smallest level whose cumulative probability exceeds u; what rounding leaves belongs to the last one."""
    return (rows.cumsum(1)[:, :-1] <= u.unsqueeze(1)).sum(1)


def drawn(
    tables: Sequence[Tensor],
    ordering: Sequence[int],
    noise: Tensor,
    *,
    rule: Rule = _exceeds,
    noise_of: Sequence[int] | None = None,
    column_of: Sequence[int] | None = None,
    blind: bool = False,
    by_number: bool = False,
) -> Tensor:
    """Observations ``(N, D)``; every option is a mistake, the defaults are right.

    ``noise_of[k]``: the column of noise for step k. ``column_of[k]``: where the value of step k is written. ``blind``:
    the past is read as zeros. ``by_number``: step k takes variables 0 to k - 1, drawn or not, for its past.
    """
    size = len(tables)
    x = torch.zeros(len(noise), size, dtype=torch.int64)
    past: list[Tensor] = []
    for k, table in enumerate(tables):
        seen = [x[:, d] for d in range(k)] if by_number else past
        if blind:
            seen = [torch.zeros_like(value) for value in past]
        rows = table[tuple(seen)] if k else table.expand(len(noise), -1)
        value = rule(rows, noise[:, k if noise_of is None else noise_of[k]])
        past.append(value)
        x[:, (ordering if column_of is None else column_of)[k]] = value
    return x


def _asked(answer: Answer, tables: list[Tensor], ordering: list[int], noise: Tensor) -> Tensor:
    what = f"`draw` in the ordering {ordering} from noise of shape {tuple(noise.shape)}"
    reply = answer.call("draw", tables, ordering, noise)
    return reading.tensor(reply, what, shape=noise.shape, integers=True)


def _refuse_differences(answer: Answer, tables: list[Tensor], ordering: list[int], noise: Tensor) -> None:
    got, right = _asked(answer, tables, ordering, noise), drawn(tables, ordering, noise)
    if torch.equal(got, right):
        return
    row = int((got != right).any(1).nonzero()[0])
    seen = f"In the ordering {ordering}, from the numbers {shown(noise[row])}, you draw {shown(got[row])}."
    for wrong, message in _known(tables, ordering, noise):
        if torch.equal(got, wrong):
            raise Mistake(f"{seen} {message}")
    k = next(k for k in range(len(ordering)) if got[row, ordering[k]] != right[row, ordering[k]])
    past = tuple(right[row, ordering[:k]].tolist())
    raise Mistake(
        f"{seen} The first doubtful value is that of variable {ordering[k]}, drawn in step {k}: its probabilities after "
        f"{shown(list(past))} are {shown(tables[k][past])}. Into which piece falls {float(noise[row, k]):.4g}?"
    )


def _known(tables: list[Tensor], ordering: list[int], noise: Tensor) -> list[tuple[Tensor, str]]:
    """What known mistakes draw, and the words for each."""
    place = [ordering.index(d) for d in range(len(ordering))]
    steps = list(range(len(ordering)))
    return [
        (
            drawn(tables, ordering, noise, column_of=steps),
            "Your columns are in the order of the steps: column d should hold variable d.",
        ),
        (
            drawn(tables, ordering, noise, column_of=place),
            "You put the values into the wrong columns: `ordering[k]` is the variable of step k.",
        ),
        (
            drawn(tables, ordering, noise, noise_of=ordering),
            "You seem to take the noise by the variable's number: column k is for step k.",
        ),
        (
            drawn(tables, ordering, noise, noise_of=[0] * len(steps)),
            "You seem to use one number for all steps. Then the variables know of each other what they should not.",
        ),
        (
            drawn(tables, ordering, noise, blind=True),
            "Every step reads its table as if all before it were 0. What has been drawn by then?",
        ),
        (
            drawn(tables, ordering, noise, by_number=True),
            "The axes of table k are in the order of the steps, and you look into it by the variables' own numbers.",
        ),
        (
            drawn(tables, ordering, noise, rule=lambda rows, u: rows.argmax(1)),
            "You always take the most probable level, whatever the number. That is no draw.",
        ),
        (
            drawn(tables, ordering, noise, rule=_from_the_top),
            "You lay the pieces from the last level down: the first piece, from 0 on, belongs to level 0.",
        ),
        (
            drawn(tables, ordering, noise, rule=lambda rows, u: (rows > u.unsqueeze(1)).int().argmax(1)),
            "You compare the number with each probability by itself. With what must it be compared?",
        ),
    ]


def _from_the_top(rows: Tensor, u: Tensor) -> Tensor:
    return rows.shape[1] - 1 - _exceeds(rows.flip(1), u)
