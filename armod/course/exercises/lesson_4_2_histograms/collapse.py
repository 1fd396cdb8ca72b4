"""Exercise 3: how far a table goes: memory, filled cells to expect, and cells that the test meets for the first time."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor

from armod.course.exercises.engine import reading
from armod.course.exercises.engine.answer import Answer
from armod.course.exercises.engine.exercise import Exercise, Mistake
from armod.course.exercises.engine.showing import shown
from armod.course.exercises.lesson_4_2_histograms.instances import cells_of, some_levels

histogram_collapse = Exercise(
    name="histogram-collapse",
    number=3,
    title="How far does a table go?",
    difficulty="medium",
    minutes=8,
    names=("most_variables", "unseen_share", "expected_filled"),
    hints=(
        "Count with whole numbers for the memory. For the filled cells look at *one* cell: how probable is it that N "
        "observations all miss it?",
        "One observation misses a given cell with probability 1 - 1/C, N of them with its N-th power; and expectations "
        "add up over the cells. For huge C, print `1 - 1 / C`: how many digits of 1/C are left?",
        "(1 - 1/C)^N is exp(N log(1 - 1/C)); `math.log1p` and `math.expm1` compute log(1 + a) and exp(a) - 1 without the rounding. "
        "For the share, a `set` of the training cells.",
    ),
)


@histogram_collapse.check("the largest table that fits")
def most_variables_are_right(answer: Answer, generator: np.random.Generator) -> None:
    """Too little memory, sizes at random, and those that fit exactly, where logarithms round."""
    cases = [(int(generator.integers(3, 20)), int(generator.integers(10**3, 10**12))) for _ in range(4)]
    cases += [
        (base, 8 * base**power + rest) for base, power in ((10, 3), (5, 3), (6, 18)) for rest in (0, -1)
    ]
    for num_bins, num_bytes in [(16, 100), (16, 4), *cases]:
        call = f"`most_variables({num_bins}, {num_bytes})`"
        got = reading.integer(answer.call("most_variables", num_bins, num_bytes), call)
        if got < 0:
            raise Mistake(
                f"{call} gave {got}. A table of no variables has one cell; fewer than 0 there are not."
            )
        if got > 0 and 8 * num_bins**got > num_bytes:
            most = int(math.log(num_bytes, num_bins))
            units = " Are you counting cells or bytes?" if got == most else " Does it fit?"
            raise Mistake(f"{call} gave {got}. That table has {num_bins}^{got} cells of 8 bytes each.{units}")
        if 8 * num_bins ** (got + 1) <= num_bytes:
            raise Mistake(
                f"{call} gave {got}. One variable more makes {8 * num_bins ** (got + 1)} bytes. Does that not fit? A table may be "
                f"exactly as large as the memory, and logarithms round."
            )


@histogram_collapse.check("the share of unseen test observations", points=2)
def unseen_share_is_right(answer: Answer, generator: np.random.Generator) -> None:
    """Each test observation counts, though cells come again."""
    for num_variables, num_bins, num_levels in ((2, 4, 8), (3, 2, 8), (12, 4, 16)):
        train, test, wrong_ones, right = _telling_sets(generator, num_variables, num_bins, num_levels)
        call = f"`unseen_share` of training observations {tuple(train.shape)} and test observations {tuple(test.shape)}"
        got = reading.number(answer.call("unseen_share", train, test, num_bins, num_levels), call)
        if math.isclose(got, right, abs_tol=1e-5):
            continue
        seen = (
            f"{call} in {num_bins} bins gave {shown(got)}. The first test observation falls in the cell "
            f"{cells_of(test[:1], num_bins, num_levels)[0]}."
        )
        for wrong, message in wrong_ones:
            if math.isclose(got, wrong, abs_tol=1e-5):
                raise Mistake(f"{seen} {message}")
        raise Mistake(f"{seen} Is that cell among those of the training observations? And the others?")


@histogram_collapse.check("how many cells N observations fill", points=2)
def expected_filled_is_right(answer: Answer, generator: np.random.Generator) -> None:
    """Few cells, as many as observations, more."""
    for num_cells, num in ((3, 2), (6, int(generator.integers(4, 9))), (256, 1444), (4096, 1444), (5, 0)):
        _compare_filled(answer, num_cells, num)


@histogram_collapse.check("the same with more cells than rounding allows")
def huge_tables_are_right(answer: Answer, generator: np.random.Generator) -> None:
    """27^12 and 16^64 cells: nearly every observation fills a cell of its own."""
    for base, power in ((27, 12), (16, 64)):
        num, size = int(generator.integers(1000, 2000)), f"{base}^{power}"
        call = f"`expected_filled({size}, {num})`"
        got = reading.number(answer.call("expected_filled", base**power, num), call, finite=False)
        if not math.isclose(got, _filled(base**power, num), rel_tol=1e-6):
            raise Mistake(
                f"{call} gave {shown(got)}. With so many cells hardly two observations meet. Which of your numbers is so "
                f"close to 1 (or to 0) that a computer cannot tell?"
            )


def _telling_sets(
    generator: np.random.Generator, num_variables: int, num_bins: int, num_levels: int
) -> tuple[Tensor, Tensor, list[tuple[float, str]], float]:
    """Training and test observations, for which every known mistake gives a number of its own; those, and the right one."""
    while True:
        train = some_levels(generator, 10, num_variables, num_levels)
        test = torch.cat([some_levels(generator, 10, num_variables, num_levels), train[:3]])
        test = torch.cat([test, test[:2], test[:2]])
        wrong_ones = _wrong_shares(train, test, num_bins, num_levels)
        right = _unseen(cells_of(train, num_bins, num_levels), cells_of(test, num_bins, num_levels))
        shares = sorted([right, *(wrong for wrong, _ in wrong_ones)])
        if all(after - before > 1e-3 for before, after in pairwise(shares)):
            return train, test, wrong_ones, right
        if (
            num_variables > 3
        ):  # in so many variables a level is as good as a bin: all but equal rows are unseen
            distinct = [(wrong, words) for wrong, words in wrong_ones if abs(wrong - right) > 1e-3]
            return train, test, distinct, right


def _wrong_shares(train: Tensor, test: Tensor, num_bins: int, num_levels: int) -> list[tuple[float, str]]:
    known, asked = cells_of(train, num_bins, num_levels), cells_of(test, num_bins, num_levels)
    columns = [set(column) for column in zip(*known, strict=True)]
    apart = [any(bin not in column for bin, column in zip(cell, columns, strict=True)) for cell in asked]
    return [
        (1 - _unseen(known, asked), "That is the share of the others."),
        (
            _unseen(known, list(set(asked))),
            "That is a share of cells. Two test observations in one cell count twice.",
        ),
        (_unseen(known, asked) * len(asked), "That is a number of observations; their share is asked."),
        (
            _unseen(train.tolist(), test.tolist()),
            "You compare the levels. Two observations in one cell need not be equal.",
        ),
        (
            sum(apart) / len(asked),
            "You ask each variable on its own whether its bin is known. A cell is all bins together.",
        ),
        (_unseen(asked, known), "You seem to look up the training observations among those of the test."),
        (
            1 - len(set(known)) / num_bins ** train.shape[1],
            "That is the share of cells that are empty. How many *test observations* fall in those?",
        ),
    ]


def _unseen(known: Sequence[object], asked: Sequence[object]) -> float:
    return sum(cell not in known for cell in asked) / len(asked)


def _filled(num_cells: int, num: int) -> float:
    return -num_cells * math.expm1(num * math.log1p(-1 / num_cells))


def _compare_filled(answer: Answer, num_cells: int, num: int) -> None:
    call = f"`expected_filled({num_cells}, {num})`"
    got = reading.number(answer.call("expected_filled", num_cells, num), call)
    missing = num * math.log1p(-1 / num_cells)
    if math.isclose(got, _filled(num_cells, num), rel_tol=1e-6, abs_tol=1e-9):
        return
    known = [
        (num_cells * math.exp(missing), "So many stay *empty*."),
        (math.exp(missing), "That is the probability that one cell stays empty."),
        (-math.expm1(missing), "That is the probability that one cell is filled. How many cells are there?"),
        (min(num, num_cells), "So many at most. Do no two observations ever share a cell?"),
        (num, "So many at most. Do no two observations ever share a cell?"),
        (
            num_cells * -math.expm1(-num / num_cells),
            "That is the limit for many cells; asked is the exact expectation.",
        ),
        (
            num_cells * (1 - (1 / num_cells) ** num),
            "You take the power of the probability to *hit* a cell. All of them must miss it for it to stay empty.",
        ),
    ]
    for wrong, message in known:
        if math.isclose(got, wrong, rel_tol=1e-6, abs_tol=1e-9):
            raise Mistake(f"{call} gave {shown(got)}. {message}")
    raise Mistake(
        f"{call} gave {shown(got)}. Try 3 cells and 2 observations on paper: which outcomes are there, and how many cells do "
        f"they fill?"
    )
