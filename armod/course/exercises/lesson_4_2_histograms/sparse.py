"""Exercise 2: a histogram of many variables that keeps filled cells only, with smoothing."""

from __future__ import annotations

import itertools
import math
from collections import Counter

import numpy as np
import torch
from torch import Tensor

from armod.course.exercises.engine import reading
from armod.course.exercises.engine.answer import Answer, AnswerError, Handle
from armod.course.exercises.engine.exercise import Exercise, Mistake
from armod.course.exercises.engine.showing import shown
from armod.course.exercises.lesson_4_2_histograms.instances import cells_of, some_levels

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


@histogram_sparse.check("all observations together have probability 1", points=2)
def the_total_is_one(answer: Answer, generator: np.random.Generator) -> None:
    """Enumerated, with and without smoothing."""
    for num_variables, num_bins, num_levels, imaginary in ((1, 2, 6, 3.0), (2, 2, 4, 0.0), (3, 2, 4, 5.0)):
        x = some_levels(generator, 7, num_variables, num_levels)
        everything = torch.tensor(list(itertools.product(range(num_levels), repeat=num_variables)))
        got, _ = _densities(answer, x, everything, num_bins, num_levels, imaginary)
        total = float(got.exp().sum())
        if abs(total - 1) > 1e-5:
            about = _about(x, num_bins, num_levels, imaginary)
            why = _why(got, x, everything, num_bins, num_levels, imaginary)
            raise Mistake(
                f"{about}, the {len(everything)} possible observations have the total probability {total:.4g}. {why}"
            )


@histogram_sparse.check("the log-probability of new observations", points=2)
def new_observations_are_right(answer: Answer, generator: np.random.Generator) -> None:
    """Seen and unseen cells; without smoothing the unseen ones are impossible."""
    for num_variables, num_bins, num_levels, imaginary in ((2, 4, 8, 2.0), (3, 2, 6, 10.0), (2, 4, 8, 0.0)):
        x = some_levels(generator, 9, num_variables, num_levels)
        new = torch.cat([x[:2], torch.from_numpy(generator.integers(num_levels, size=(6, num_variables)))])
        _compare(answer, x, new, num_bins, num_levels, imaginary)


@histogram_sparse.check("a whole digit of 64 pixels")
def no_number_overflows(answer: Answer, generator: np.random.Generator) -> None:
    """16^64 cells: more than 64 bits can count."""
    _refuse_empty_cells(answer, generator, 2, 4)  # a table of all cells would never end here
    x = some_levels(generator, 5, 64, 16)
    other = some_levels(generator, 2, 64, 16)
    new = torch.cat([x[:2], other, torch.cat([other[:1, :1], x[:1, 1:]], dim=1)])
    _compare(answer, x, new, 16, 16, 100.0)


def _counted(answer: Answer, x: Tensor, num_bins: int, num_levels: int) -> Handle:
    """The learner's dictionary; it stays on the other side, as its keys are tuples."""
    found = answer.call("count_cells", x, num_bins, num_levels)
    if not isinstance(found, Handle):
        raise Mistake(
            f"`count_cells` of {len(x)} observations gave {shown(found)}; due is a dictionary from tuples to counts."
        )
    return found


def _refuse_empty_cells(
    answer: Answer, generator: np.random.Generator, num_variables: int, num_bins: int
) -> None:
    x = some_levels(generator, 6, num_variables, 16)
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


def _densities(
    answer: Answer, x: Tensor, new: Tensor, num_bins: int, num_levels: int, imaginary: float
) -> tuple[Tensor, Tensor]:
    """The learner's log-probabilities ``(N,)``, and the right ones."""
    counts = _counted(answer, x, num_bins, num_levels)
    try:
        reply = answer.call("log_density", counts, new, num_bins, num_levels, imaginary)
    except AnswerError as error:
        if imaginary or not any(words in str(error) for words in _MATH_LOG_OF_ZERO):
            raise
        raise Mistake(
            f"{_about(x, num_bins, num_levels, imaginary)}, `math.log` is asked for the logarithm of 0 and refuses. An empty "
            "cell has the log-probability -∞, in Python `-math.inf`; `torch.log` gives it by itself."
        ) from error
    got = reading.tensor(reply, "`log_density`", shape=(len(new),), finite=False)
    if bool(got.isnan().any()):
        raise Mistake(
            f"{_about(x, num_bins, num_levels, imaginary)}, `log_density` gives NaN for {shown(new[got.isnan()][0])}. Print "
            f"what you take the logarithm of."
        )
    seen = Counter(cells_of(x, num_bins, num_levels))
    numbers = torch.tensor([seen[cell] for cell in cells_of(new, num_bins, num_levels)], dtype=torch.float64)
    part = imaginary / float(num_bins) ** x.shape[1]
    share = (numbers + part) / (len(x) + imaginary)
    return got, share.log() - x.shape[1] * math.log(num_levels / num_bins)


def _compare(
    answer: Answer, x: Tensor, new: Tensor, num_bins: int, num_levels: int, imaginary: float
) -> None:
    got, right = _densities(answer, x, new, num_bins, num_levels, imaginary)
    close = torch.isclose(got, right, rtol=1e-5, atol=1e-5)
    if bool(close.all()):
        return
    row = int((~close).nonzero()[0])
    is_seen = cells_of(new, num_bins, num_levels)[row] in cells_of(x, num_bins, num_levels)
    which = f"observation {shown(new[row])}" if new.shape[1] < 10 else f"one of {new.shape[1]} pixels"
    raise Mistake(
        f"{_about(x, num_bins, num_levels, imaginary)}, {which}, in {'a filled' if is_seen else 'an empty'} cell, gets the "
        f"log-probability {shown(float(got[row]))} from you. {_why(got, x, new, num_bins, num_levels, imaginary)}"
    )


def _about(x: Tensor, num_bins: int, num_levels: int, imaginary: float) -> str:
    what = (
        f"the observations {shown(x)}" if x.numel() < 40 else f"{len(x)} observations of {x.shape[1]} pixels"
    )
    return f"For {what}, {num_bins} bins, {num_levels} levels and {imaginary:g} imaginary observations"


def _why(got: Tensor, x: Tensor, new: Tensor, num_bins: int, num_levels: int, imaginary: float) -> str:
    seen = Counter(cells_of(x, num_bins, num_levels))
    n = torch.tensor([seen[cell] for cell in cells_of(new, num_bins, num_levels)], dtype=torch.float64)
    num_cells, num_variables = float(num_bins) ** x.shape[1], x.shape[1]
    if num_cells > 2**63 and bool(got.isinf().any()):
        share = f"A cell's part of the imaginary observations is {imaginary:g} / {num_bins}^{num_variables}."
        if bool((got == -math.inf).any()):
            return f"{share} Numbers of 32 bits, torch's usual ones, cannot be so small and become 0; which ones can?"
        return f"{share} That many cells are more than 64 bits can count. Which of your numbers overflows?"
    part, total, width = imaginary / num_cells, len(x) + imaginary, math.log(num_levels / num_bins)
    log_share = ((n + part) / total).log()
    known = [
        ((log_share - num_variables * width).exp(), "Those are probabilities; their logarithms are asked."),
        (
            log_share,
            "That is the probability of the whole cell. How many different observations share it?",
        ),
        (
            log_share - width,
            "You divide by the width of one variable. In how many directions is a cell wide?",
        ),
        (
            log_share + num_variables * width,
            "You multiply by the number of observations in a cell. Do they share, or does each get it all?",
        ),
        (
            ((n + part) / len(x)).log() - num_variables * width,
            "The imaginary observations are in the cells, but not in the total.",
        ),
        (
            (n / total).log() - num_variables * width,
            "The imaginary observations are in the total, but in no cell.",
        ),
        (
            ((n + imaginary) / (len(x) + imaginary * num_cells)).log() - num_variables * width,
            "You put that many into *each* cell. Here they are so many in all cells together.",
        ),
        (
            ((n + imaginary) / total).log() - num_variables * width,
            "Each cell gets all the imaginary observations. Among how many cells are they spread?",
        ),
        (
            ((n + imaginary / len(seen)) / total).log() - num_variables * width,
            "You spread the imaginary observations over the filled cells. Who needs them most?",
        ),
        (
            ((n + part) / (len(seen) + imaginary)).log() - num_variables * width,
            "You divide by the number of filled cells. How many *observations* are there?",
        ),
        ((n / len(x)).log() - num_variables * width, "The smoothing has no effect at all."),
    ]
    for wrong, message in known:
        if torch.allclose(got, wrong, rtol=1e-5, atol=1e-5):
            return message
    return (
        "Compute it by hand: what is in its cell, what is in all of them, and how many observations share it?"
    )
