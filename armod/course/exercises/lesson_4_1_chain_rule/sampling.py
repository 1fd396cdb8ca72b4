"""Exercise 4: ancestral sampling from tables of conditionals and given uniform numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import torch
from torch import Tensor

from armod.course.exercises import Answer, Exercise, Mistake, shown
from armod.course.exercises.engine.draws import uneven_ordering
from armod.course.exercises.lesson_4_1_chain_rule.tables import random_tables

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


def _exceeds(rows: Tensor, u: Tensor) -> Tensor:
    """The smallest level whose cumulative probability exceeds u; what rounding leaves belongs to the last one."""
    return (rows.cumsum(1)[:, :-1] <= u.unsqueeze(1)).sum(1)


def draw(
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
    """Draw observations; every option is a mistake, and the defaults are right.

    Args:
        tables: the conditionals of each step, with an axis for each value before it and a last one of probabilities.
        ordering: permutation ``(D,)``, the variable of each step.
        noise: uniform numbers ``(N, D)``.
        rule: the level from rows of probabilities and the noise.
        noise_of: the column of noise for each step.
        column_of: where the value of each step is written.
        blind: whether the past is read as zeros.
        by_number: whether step k takes variables 0 to k - 1, drawn or not, for its past.

    Returns:
        Observations ``(N, D)``.
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


def _from_the_top(rows: Tensor, u: Tensor) -> Tensor:
    return rows.shape[1] - 1 - _exceeds(rows.flip(1), u)


Case = tuple[list[Tensor], list[int], Tensor]


def _cases(generator: np.random.Generator, *sizes: tuple[int, int], natural: bool = False) -> Iterator[Case]:
    """Tables for so many levels and variables, orderings that are not their own inverse, and 200 rows of noise."""
    for num_levels, size in sizes:
        ordering = range(size) if natural else uneven_ordering(generator, size).tolist()
        noise = torch.from_numpy(generator.random((200, size)))
        yield random_tables(generator, *[num_levels] * size), list(ordering), noise


def _first_difference(got: Tensor, right: Tensor) -> int:
    return int((got != right).any(1).nonzero()[0])


def _seen(got: Tensor, right: Tensor, tables: list[Tensor], ordering: list[int], noise: Tensor) -> str:
    row = _first_difference(got, right)
    return f"In the ordering {ordering}, from the numbers {shown(noise[row])}, you draw {shown(got[row])}."


def _otherwise(got: Tensor, right: Tensor, tables: list[Tensor], ordering: list[int], noise: Tensor) -> str:
    row = _first_difference(got, right)
    k = next(k for k in range(len(ordering)) if got[row, ordering[k]] != right[row, ordering[k]])
    past = tuple(right[row, ordering[:k]].tolist())
    return (
        f"The first doubtful value is that of variable {ordering[k]}, drawn in step {k}: its probabilities after "
        f"{shown(list(past))} are {shown(tables[k][past])}. Into which piece does {float(noise[row, k]):.4g} fall?"
    )


asked_draw = chain_sampling.asks(
    draw,
    instances=lambda generator: _cases(generator, (2, 3), (3, 4)),
    called=lambda tables, ordering, noise: f"`draw` in the ordering {ordering} from noise of shape {tuple(noise.shape)}",
    seen=_seen,
    wrong={
        "Your columns are in the order of the steps: column d should hold variable d.": dict(column_of=range(9)),
        "You put the values into the wrong columns: `ordering[k]` is the variable of step k.": lambda t, ordering, u: draw(t, ordering, u, column_of=[ordering.index(d) for d in range(len(ordering))]),
        "You seem to take the noise by the variable's number: column k is for step k.": lambda t, ordering, u: draw(t, ordering, u, noise_of=ordering),
        "You seem to use one number for all steps. Then the variables know of each other what they should not.": dict(noise_of=[0] * 9),
        "Every step reads its table as if all before it were 0. What has been drawn by then?": dict(blind=True),
        "The axes of table k are in the order of the steps, and you look into it by the variables' own numbers.": dict(by_number=True),
        "You always take the most probable level, whatever the number. That is no draw.": dict(rule=lambda rows, u: rows.argmax(1)),
        "You lay the pieces from the last level down: the first piece, from 0 on, belongs to level 0.": dict(rule=_from_the_top),
        "You compare the number with each probability by itself. With what must it be compared?": dict(rule=lambda rows, u: (rows > u.unsqueeze(1)).int().argmax(1)),
    },
    otherwise=_otherwise,
)  # fmt: skip


chain_sampling.add(
    "from left to right",
    asked_draw.on(lambda generator: _cases(generator, (2, 2), (3, 3), (4, 1), natural=True)),
    points=2,
)
chain_sampling.add("in any ordering", asked_draw.examine, points=2)


@chain_sampling.check("on the edges", points=2)
def edges_are_right(answer: Answer, generator: np.random.Generator) -> None:
    """Numbers on a cumulative sum, impossible levels, and sums that rounding leaves below 1."""
    eighths = torch.from_numpy(generator.permutation([1.0, 2.0, 2.0, 3.0])) / 8
    _refuse_edges(answer, eighths, [0.0, *eighths.cumsum(0)[:-1].tolist()])
    impossible = torch.tensor([0.0, 0.25, 0.0, 0.75], dtype=torch.float64)
    _refuse_edges(answer, impossible, [0.0, 0.25])
    _refuse_edges(answer, torch.full((10,), 0.1, dtype=torch.float64), [1 - 2**-53])


def _refuse_edges(answer: Answer, row: Tensor, edges: list[float]) -> None:
    """One variable only, and numbers from exactly the edges of its pieces."""
    noise = torch.tensor(edges, dtype=torch.float64).unsqueeze(1)
    got = asked_draw.reply(answer, [row], [0], noise).flatten()
    right = draw([row], [0], noise).flatten()
    for u, mine, due in zip(edges, got.tolist(), right.tolist(), strict=True):
        if mine == due:
            continue
        seen = f"With the probabilities {shown(row)} and the number u = {u!r} you draw level {mine}."
        if mine < 0:
            raise Mistake(f"{seen} Levels are numbered from 0.")
        if mine >= len(row):
            raise Mistake(
                f"{seen} The last level is {len(row) - 1}. With rounding these probabilities add up to just below 1: "
                f"which level gets what is left?"
            )
        if float(row[mine]) == 0:
            raise Mistake(f"{seen} It has probability 0. Does its cumulative sum *exceed* u?")
        if mine > due:
            raise Mistake(f"{seen} Is there no smaller one whose cumulative sum exceeds u?")
        raise Mistake(f"{seen} Its cumulative sum is {float(row.cumsum(0)[mine])!r}: does that exceed u?")
