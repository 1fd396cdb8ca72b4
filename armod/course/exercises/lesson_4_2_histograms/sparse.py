"""Exercise 2: a histogram of many variables that keeps filled cells only, with smoothing."""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor

from armod.course.exercises import Answer, AnswerError, Exercise, Handle, Mistake, reading, shown
from armod.course.exercises.lesson_4_2_histograms.few_levels import cells_of, some_levels

# what Python says, before and from version 3.14 on
_MATH_LOG_OF_ZERO = ("math domain error", "expected a positive input")

histogram_sparse = Exercise(
    name="histogram-sparse",
    number=2,
    title="A histogram that stores what it saw",
    difficulty="medium",
    minutes=12,
    names=("count_cells", "log_density"),
    hints=(
        "A cell is named by the bins of all variables together: which Python type can name it in a dictionary? And which "
        "question do you ask a dictionary about a cell that is not in it?",
        "Two numbers make a cell's probability: what is in it, with its part of the imaginary observations, and what is in "
        "all cells together. Then ask how many observations share the cell.",
        "`tuple(row)` for each row of `(x * num_bins // num_levels).tolist()` names the cells; `counts.get(cell, 0)` looks "
        "them up. A cell holds (K/B)^D observations: subtract D log(K/B), and let B^D be a plain Python number.",
    ),
)


@histogram_sparse.check("each observation in its cell")
def counts_are_right(answer: Answer, generator: np.random.Generator) -> None:
    """Every cell of a small histogram, asked one by one."""
    for num_variables, num_bins, num_levels in ((1, 3, 6), (2, 2, 8), (3, 3, 3)):
        x = some_levels(generator, 12, num_variables, num_levels)
        found, right = (
            _counted(answer, x, num_bins, num_levels),
            Counter(cells_of(x, num_bins, num_levels)),
        )
        in_levels = Counter(cells_of(x, num_levels, num_levels))
        got = {
            cell: reading.integer(found.call("get", cell, 0), f"The count of the cell {cell}")
            for cell in itertools.product(range(num_bins), repeat=num_variables)
        }
        wrong = [cell for cell, count in got.items() if count != right[cell]]
        if not wrong:
            continue
        cell = wrong[0]
        seen = (
            f"With {num_bins} bins, {num_levels} levels and the observations {shown(x)}, the cell {cell} holds "
            f"{got[cell]} by your dictionary."
        )
        if not any(got.values()):
            raise Mistake(
                f"{seen} So do all others. Are the keys tuples of plain whole numbers, as in {cell}?"
            )
        if num_bins < num_levels and all(count == in_levels[cell] for cell, count in got.items()):
            raise Mistake(f"{seen} It seems to count levels. Which bin does a level fall in?")
        if max(got.values()) == 1:
            raise Mistake(f"{seen} No cell of yours holds more than 1. What happens when a cell comes again?")
        raise Mistake(f"{seen} Go through the observations: which of them fall in it?")


@histogram_sparse.check("only filled cells are kept")
def only_filled_cells_are_kept(answer: Answer, generator: np.random.Generator) -> None:
    """Few variables, and many."""
    for num_variables, num_bins in ((2, 4), (12, 16)):
        _refuse_empty_cells(answer, generator, num_variables, num_bins)


def _counted(answer: Answer, x: Tensor, num_bins: int, num_levels: int) -> Handle:
    """The learner's dictionary; it stays on the other side, as its keys are tuples."""
    found = answer.call("count_cells", x, num_bins, num_levels)
    if not isinstance(found, Handle):
        raise Mistake(
            f"`count_cells` of {len(x)} observations gave {shown(found)}; a dictionary from tuples to counts is due."
        )
    return found


def _refuse_empty_cells(
    answer: Answer, generator: np.random.Generator, num_variables: int, num_bins: int
) -> None:
    x = some_levels(generator, 6, num_variables, 16)
    # equal observations, and one that differs from the first but lies in its cell if bins hold several levels
    x = torch.cat([x, x[:2], x[:1] ^ 1])
    number = reading.integer(
        _counted(answer, x, num_bins, 16).call("__len__"), "The length of the dictionary"
    )
    filled = len(set(cells_of(x, num_bins, 16)))
    if number == num_bins**num_variables:
        raise Mistake(
            f"{len(x)} observations of {num_variables} variables in {num_bins} bins fill {filled} cells, and your dictionary "
            f"keeps all {number}. How many would it be for twelve variables in 16 bins?"
        )
    if number != filled:
        raise Mistake(
            f"{len(x)} observations of {num_variables} variables in {num_bins} bins fill {filled} cells, and your dictionary "
            f"has {number} entries. Must two equal cells share an entry, and do they?"
        )


Counts = dict[tuple[int, ...], int]
Case = tuple[Counts, Tensor, int, int, float]


def log_density(counts: Counts, x: Tensor, num_bins: int, num_levels: int, imaginary: float) -> Tensor:
    """Log-probabilities ``(N,)`` of new observations, in nats."""
    return _density()(counts, x, num_bins, num_levels, imaginary)


def _density(
    mass: Callable[..., Any] = lambda n, a, C, F: n + a / C,
    total: Callable[..., Any] = lambda N, a, C, F, new: N + a,
    width: Callable[[int], int] = lambda D: D,
) -> Callable[[Counts, Tensor, int, int, float], Tensor]:
    """The logarithm of mass / total, less so many times log(K/B).

    n: observations in the cell. N: in all cells. a: imaginary ones. C: cells. F: filled cells. new: new observations.
    """

    def function(counts: Counts, x: Tensor, num_bins: int, num_levels: int, imaginary: float) -> Tensor:
        n = torch.tensor([counts.get(cell, 0) for cell in cells_of(x, num_bins, num_levels)]).double()
        num_cells, filled = float(num_bins) ** x.shape[1], len(counts)
        share = mass(n, imaginary, num_cells, filled) / total(
            sum(counts.values()), imaginary, num_cells, filled, len(x)
        )
        return share.log() - width(x.shape[1]) * math.log(num_levels / num_bins)

    return function


def _case(x: Tensor, new: Tensor, num_bins: int, num_levels: int, imaginary: float) -> Case:
    return Counter(cells_of(x, num_bins, num_levels)), new, num_bins, num_levels, imaginary


def _cases(generator: np.random.Generator, *sizes: tuple[int, int, int, float]) -> Iterator[Case]:
    """Seen and unseen cells; the one of all the highest levels is empty."""
    for num_variables, num_bins, num_levels, imaginary in sizes:
        x = some_levels(generator, 9, num_variables, num_levels)
        x[:, 0] = x[:, 0].clamp(max=num_levels - num_levels // num_bins - 1)
        other = torch.from_numpy(generator.integers(num_levels, size=(5, num_variables)))
        new = torch.cat([x[:2], other, torch.full((1, num_variables), num_levels - 1)])
        yield _case(x, new, num_bins, num_levels, imaginary)


def _whole_digits(generator: np.random.Generator) -> Iterator[Case]:
    """16^64 cells: more than 64 bits can count."""
    x, other = some_levels(generator, 5, 64, 16), some_levels(generator, 2, 64, 16)
    new = torch.cat([x[:2], other, torch.cat([other[:1, :1], x[:1, 1:]], dim=1)])
    yield _case(x, new, 16, 16, 100.0)


def _ask(
    answer: Answer, counts: Counts, new: Tensor, num_bins: int, num_levels: int, imaginary: float
) -> Any:
    """By the learner's own counts of observations in these cells."""
    x = _observations(counts, num_bins, num_levels)
    mine = _counted(answer, x, num_bins, num_levels)
    try:
        return answer.call("log_density", mine, new, num_bins, num_levels, imaginary)
    except AnswerError as error:
        if imaginary or not any(words in str(error) for words in _MATH_LOG_OF_ZERO):
            raise
        raise Mistake(
            f"{_about(counts, new, num_bins, num_levels, imaginary)}, `math.log` is asked for the logarithm of 0 and "
            "refuses. An empty cell has the log-probability -∞, in Python `-math.inf`; `torch.log` gives it by itself."
        ) from error


def _read(reply: Any, what: str, right: Tensor) -> Tensor:
    got = reading.tensor(reply, what, shape=right.shape, finite=False)
    if bool(got.isnan().any()):
        raise Mistake(f"{what} gives NaN. Print what you take the logarithm of.")
    return got


def _observations(counts: Counts, num_bins: int, num_levels: int) -> Tensor:
    """Observations that make these counts, each of the lowest levels of its cell."""
    return torch.tensor(list(Counter(counts).elements())) * num_levels // num_bins


def _about(counts: Counts, new: Tensor, num_bins: int, num_levels: int, imaginary: float) -> str:
    x = _observations(counts, num_bins, num_levels)
    small = x.numel() < 40
    what = f"the observations {shown(x)}" if small else f"{len(x)} observations of {x.shape[1]} pixels"
    return f"For {what}, {num_bins} bins, {num_levels} levels and {imaginary:g} imaginary observations"


def _seen(got: Tensor, right: Tensor, counts: Counts, new: Tensor, *sizes: Any) -> str:
    row = int((~torch.isclose(got, right, rtol=1e-5, atol=1e-5)).nonzero()[0])
    is_seen = cells_of(new, *sizes[:2])[row] in counts
    which = f"observation {shown(new[row])}" if new.shape[1] < 10 else f"one of {new.shape[1]} pixels"
    return (
        f"{_about(counts, new, *sizes)}, {which}, in {'a filled' if is_seen else 'an empty'} cell, gets the log-probability "
        f"{shown(float(got[row]))} from you."
    )


def _otherwise(
    got: Tensor, right: Tensor, counts: Counts, new: Tensor, num_bins: int, num_levels: int, imaginary: float
) -> str:
    if new.shape[1] == 64 and bool(got.isinf().any()):
        share = f"A cell's part of the imaginary observations is {imaginary:g} / {num_bins}^{new.shape[1]}."
        if bool((got == -math.inf).any()):
            return f"{share} Numbers of 32 bits, torch's usual ones, cannot be so small and become 0; which ones can?"
        return f"{share} That many cells are more than 64 bits can count. Which of your numbers overflows?"
    return (
        "Compute it by hand: what is in its cell, what is in all of them, and how many observations share it?"
    )


asked_density = histogram_sparse.asks(
    log_density,
    instances=lambda generator: _cases(generator, (2, 4, 8, 2.0), (3, 2, 6, 10.0), (2, 4, 8, 0.0)),
    ask=_ask,
    read=_read,
    called=lambda *case: f"{_about(*case)}, `log_density`",
    seen=_seen,
    wrong={
        "Those are probabilities; their logarithms are asked for.": lambda *case: log_density(*case).exp(),
        "That is the probability of the whole cell. How many different observations share it?": _density(width=lambda D: 0),
        "You divide by the width of one variable. In how many directions is a cell wide?": _density(width=lambda D: 1),
        "You multiply by the number of observations in a cell. Do they share, or does each get it all?": _density(width=lambda D: -D),
        "The imaginary observations are in the cells, but not in the total.": _density(total=lambda N, a, C, F, new: N),
        "The imaginary observations are in the total, but in no cell.": _density(mass=lambda n, a, C, F: n),
        "You put that many into *each* cell. Here that is their number in all cells together.": _density(lambda n, a, C, F: n + a, lambda N, a, C, F, new: N + a * C),
        "Each cell gets all the imaginary observations. Among how many cells are they spread?": _density(mass=lambda n, a, C, F: n + a),
        "You spread the imaginary observations over the filled cells. Who needs them most?": _density(mass=lambda n, a, C, F: n + a / F),
        "You divide by the number of filled cells. How many *observations* are there?": _density(total=lambda N, a, C, F, new: F + a),
        "You divide by the number of new observations. How many were *counted*?": _density(total=lambda N, a, C, F, new: new + a),
        "The smoothing has no effect at all.": _density(lambda n, a, C, F: n, lambda N, a, C, F, new: N),
    },
    otherwise=_otherwise,
)  # fmt: skip


@histogram_sparse.check("all observations together have probability 1", points=2)
def the_total_is_one(answer: Answer, generator: np.random.Generator) -> None:
    """Enumerated, with and without smoothing."""
    for num_variables, num_bins, num_levels, imaginary in ((1, 2, 6, 3.0), (2, 2, 4, 0.0), (3, 2, 4, 5.0)):
        everything = torch.tensor(list(itertools.product(range(num_levels), repeat=num_variables)))
        x = some_levels(generator, 7, num_variables, num_levels)
        x[:, 0] = x[:, 0].clamp(max=num_levels - num_levels // num_bins - 1)  # some cells are empty
        case = _case(x, everything, num_bins, num_levels, imaginary)
        total = float(asked_density.reply(answer, *case).exp().sum())
        if abs(total - 1) > 1e-5:
            raise Mistake(
                f"{_about(*case)}, the {len(everything)} possible observations have the total probability {total:.4g}. "
                f"{asked_density.why(answer, generator)}"
            )


histogram_sparse.add("the log-probability of new observations", asked_density.examine, points=2)


@histogram_sparse.check("a whole digit of 64 pixels")
def no_number_overflows(answer: Answer, generator: np.random.Generator) -> None:
    """16^64 cells."""
    _refuse_empty_cells(answer, generator, 2, 4)  # a table of all cells would never end here
    asked_density.on(_whole_digits)(answer, generator)
