"""Exercise 3: how far a table goes: memory, filled cells to expect, and cells that the test meets for the first time."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence

import numpy as np
import torch
from torch import Tensor

from armod.course.exercises import Answer, Exercise, Mistake, reading, shown
from armod.course.exercises.lesson_4_2_histograms.few_levels import cells_of, some_levels

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
                f"{call} gave {got}. A table of no variables has one cell; there are no tables of fewer."
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


def unseen_share(train: Tensor, test: Tensor, num_bins: int, num_levels: int) -> float:
    """Each test observation counts, though cells come again."""
    return _by_cells(_unseen)(train, test, num_bins, num_levels)


def expected_filled(num_cells: int, N: int) -> float:
    """1/C is lost beside 1 where cells are many, so both steps are taken around 0."""
    return -num_cells * math.expm1(N * math.log1p(-1 / num_cells))


def _unseen(known: Sequence[object], asked: Sequence[object]) -> float:
    return sum(cell not in known for cell in asked) / len(asked)


def _by_cells(
    share: Callable[[list[tuple[int, ...]], list[tuple[int, ...]]], float],
) -> Callable[[Tensor, Tensor, int, int], float]:
    """A function of the cells of the training observations and of those of the test."""
    return lambda train, test, num_bins, num_levels: share(
        cells_of(train, num_bins, num_levels), cells_of(test, num_bins, num_levels)
    )


def _each_variable_alone(known: list[tuple[int, ...]], asked: list[tuple[int, ...]]) -> float:
    columns = [set(column) for column in zip(*known, strict=True)]
    apart = [any(bin not in column for bin, column in zip(cell, columns, strict=True)) for cell in asked]
    return sum(apart) / len(asked)


def _sets(generator: np.random.Generator) -> Iterator[tuple[Tensor, Tensor, int, int]]:
    """Training and test observations; some of the test are equal to them, some cells of the test come again."""
    for num_variables, num_bins, num_levels in ((2, 4, 8), (3, 2, 8), (12, 4, 16)):
        train = some_levels(generator, 10, num_variables, num_levels)
        test = torch.cat([some_levels(generator, 10, num_variables, num_levels), train[:3]])
        yield train, torch.cat([test, test[:2], test[:2]]), num_bins, num_levels


def _about(train: Tensor, test: Tensor, num_bins: int, num_levels: int) -> str:
    return (
        f"`unseen_share` of training observations {tuple(train.shape)} and test observations {tuple(test.shape)} in "
        f"{num_bins} bins"
    )


def _tables(generator: np.random.Generator) -> list[tuple[int, int]]:
    """Few cells, as many as observations, more."""
    return [(3, 2), (6, int(generator.integers(4, 9))), (256, 1444), (4096, 1444), (5, 0)]


histogram_collapse.asks(
    unseen_share,
    "the share of unseen test observations",
    points=2,
    instances=_sets,
    called=_about,
    seen=lambda got, right, train, test, *sizes: f"{_about(train, test, *sizes)} gave {shown(got)}. The first test observation falls in the cell {cells_of(test[:1], *sizes)[0]}.",
    wrong={
        "That is the share of the others.": _by_cells(lambda known, asked: 1 - _unseen(known, asked)),
        "That is a share of cells. Two test observations in one cell count twice.": _by_cells(lambda known, asked: _unseen(known, list(set(asked)))),
        "That is a number of observations; their share is asked for.": _by_cells(lambda known, asked: _unseen(known, asked) * len(asked)),
        "You compare the levels. Two observations in one cell need not be equal.": lambda train, test, num_bins, num_levels: _unseen(train.tolist(), test.tolist()),
        "You ask each variable on its own whether its bin is known. A cell is all bins together.": _by_cells(_each_variable_alone),
        "You seem to look up the training observations among those of the test.": _by_cells(lambda known, asked: _unseen(asked, known)),
        "That is the share of cells that are empty. How many *test observations* fall in those?": lambda train, test, num_bins, num_levels: 1 - len(set(cells_of(train, num_bins, num_levels))) / num_bins ** train.shape[1],
    },
    otherwise="Is that cell among those of the training observations? And the others?",
)  # fmt: skip
asked_filled = histogram_collapse.asks(
    expected_filled,
    "how many cells N observations fill",
    points=2,
    instances=_tables,
    rtol=1e-6,
    atol=1e-9,
    finite=False,
    wrong={
        "That many stay *empty*.": lambda C, N: C * (1 - 1 / C) ** N,
        "That is the probability that one cell stays empty.": lambda C, N: (1 - 1 / C) ** N,
        "That is the probability that one cell is filled. How many cells are there?": lambda C, N: 1 - (1 - 1 / C) ** N,
        "That is the most there can be. Do two observations never share a cell?": (lambda C, N: min(N, C), lambda C, N: N),
        "That is the limit for many cells; the question asks for the exact expectation.": lambda C, N: -C * math.expm1(-N / C),
        "You take the power of the probability to *hit* a cell. All of them must miss it for it to stay empty.": lambda C, N: C * (1 - (1 / C) ** N),
    },
    otherwise="Try 3 cells and 2 observations on paper: which outcomes are there, and how many cells do they fill?",
)  # fmt: skip


@histogram_collapse.check("the same with more cells than rounding allows")
def huge_tables_are_right(answer: Answer, generator: np.random.Generator) -> None:
    """27^12 and 16^64 cells: nearly every observation fills a cell of its own."""
    for base, power in ((27, 12), (16, 64)):
        N = int(generator.integers(1000, 2000))
        got = asked_filled.reply(answer, base**power, N)
        if not math.isclose(got, expected_filled(base**power, N), rel_tol=1e-6):
            raise Mistake(
                f"`expected_filled({base}^{power}, {N})` gave {shown(got)}. With so many cells hardly any two observations meet. "
                f"Which of your numbers is so close to 1 (or to 0) that a computer cannot tell?"
            )
