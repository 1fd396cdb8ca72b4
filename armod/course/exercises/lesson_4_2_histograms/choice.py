"""Exercise 4: how many bins? Held-out data choose, and where there are none, each observation is held out in turn."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import numpy as np
import torch
from torch import Tensor

from armod.course.exercises import Exercise, shown
from armod.course.exercises.lesson_4_2_histograms.few_levels import some_levels
from armod.models.histogram import Histogram

NUM_LEVELS = 16

histogram_choice = Exercise(
    name="histogram-choice",
    number=4,
    title="Stretch: who chooses the bins?",
    difficulty="stretch",
    minutes=12,
    names=("choose_bins", "leave_one_out"),
    hints=(
        "Which of the two sets do you count, and which one do you ask? And when one observation is left out: whose count "
        "changes, and by how much?",
        "Your functions of exercise 2 do the first part: compare mean log-probabilities of the held-out data. For the second, an "
        "observation's own cell loses one, and so does the total; nothing else changes.",
        "The probability of an observation's cell without it is (n - 1 + A/C) / (N - 1 + A), n with it; divide it among the "
        "(K/B)^D observations of the cell, take the logarithm, and average over the observations.",
    ),
)


Choice = tuple[Tensor, Tensor, list[int], int, float]
Set = tuple[Tensor, int, int, float]


def choose_bins(
    train: Tensor, valid: Tensor, candidates: list[int], num_levels: int, imaginary: float
) -> int:
    """The candidate that gives the held-out data the highest mean log-probability."""
    return max(candidates, key=lambda num_bins: _mean(train, valid, num_bins, imaginary))


def leave_one_out(x: Tensor, num_bins: int, num_levels: int, imaginary: float) -> float:
    """The mean log-probability of each observation, by a histogram of all others."""
    each = [
        _mean(torch.cat([x[:row], x[row + 1 :]]), x[row : row + 1], num_bins, imaginary)
        for row in range(len(x))
    ]
    return sum(each) / len(x)


def _mean(train: Tensor, x: Tensor, num_bins: int, imaginary: float) -> float:
    """Mean log-probability of x in nats."""
    smoothing = imaginary / num_bins ** x.shape[1]
    model = Histogram((x.shape[1],), num_bins, num_levels=NUM_LEVELS, smoothing=smoothing).fit(train)
    return float(model.log_prob(x).mean())


def _choices(generator: np.random.Generator) -> Iterator[Choice]:
    """One variable and two, the candidates in any order, also without smoothing; one wins by more than rounding."""
    for num, num_variables, imaginary in ((40, 1, 1.0), (80, 2, 4.0), (14, 1, 0.0)):
        second = first = 0.0
        while not first > second + 0.01:
            train = some_levels(generator, num, num_variables, NUM_LEVELS)
            valid = some_levels(generator, 200, num_variables, NUM_LEVELS)
            candidates = generator.permutation([1, 2, 4, 8, 16]).tolist()
            *_, second, first = sorted(_mean(train, valid, B, imaginary) for B in candidates)
        yield train, valid, candidates, NUM_LEVELS, imaginary


def _left_out(
    mass: Callable[[Tensor, float, int], Tensor] = lambda n, a, C: n - 1 + a / C,
    total: Callable[[int, float], float] = lambda N, a: N - 1 + a,
    width: int = 1,
    mean: Callable[[Tensor, Tensor], Tensor] = lambda log_probs, n: log_probs.mean(),
) -> Callable[[Tensor, int, int, float], float]:
    """From the observations n in each one's cell, N in all, a imaginary ones and C cells."""

    def function(x: Tensor, num_bins: int, num_levels: int, imaginary: float) -> float:
        _, place, numbers = (x * num_bins // num_levels).unique(
            dim=0, return_inverse=True, return_counts=True
        )
        n, N, D = numbers[place].double(), *x.shape
        share = mass(n, imaginary, num_bins**D) / total(N, imaginary)
        return float(mean(share.log() - width * D * math.log(num_levels / num_bins), n))

    return function


def _small_sets(generator: np.random.Generator) -> Iterator[Set]:
    for num, num_variables, num_bins, imaginary in ((9, 1, 4, 1.0), (12, 2, 2, 3.0), (10, 1, 16, 5.0)):
        yield some_levels(generator, num, num_variables, NUM_LEVELS), num_bins, NUM_LEVELS, imaginary


def _without_smoothing(generator: np.random.Generator) -> Iterator[Set]:
    """A finite mean where all have company; minus infinity where a cell holds one observation only."""
    x = some_levels(generator, 4, 2, NUM_LEVELS)
    yield torch.cat([x, x, x[:1], (x[:1] + 8) % NUM_LEVELS, (x[:1] + 8) % NUM_LEVELS]), 8, NUM_LEVELS, 0.0
    yield torch.tensor([[0], [0], [1], [9]]), 16, NUM_LEVELS, 0.0


def _otherwise(got: float, right: float, x: Tensor, *_: float) -> str:
    if math.isinf(right):
        return "Without smoothing, what is the probability of an observation that is alone in its cell, once it has left?"
    return f"Leave out only {shown(x[0])}: how many are in its cell then, and how many in all?"


histogram_choice.asks(
    choose_bins,
    "held-out data choose",
    points=2,
    instances=_choices,
    seen=lambda got, right, train, valid, candidates, *_: f"For training observations {tuple(train.shape)} and the candidates {candidates} `choose_bins` gave {got}.",
    wrong={
        "That is a place in the list. Which candidate stands there?": lambda train, valid, candidates, *sizes: candidates.index(choose_bins(train, valid, candidates, *sizes)),
        "Those bins are the best for the training observations. Whom should you ask?": lambda train, valid, *rest: choose_bins(train, train, *rest),
        "It is always the fewest. They win if a whole cell's probability is compared.": lambda train, valid, candidates, *_: min(candidates),
        "Of all choices this is the worst on the held-out data. Which sign does your score have?": lambda train, valid, candidates, _, imaginary: min(candidates, key=lambda B: _mean(train, valid, B, imaginary)),
    },
    otherwise=lambda got, right, train, valid, candidates, *_: "That is no candidate." if got not in candidates else "Another candidate gives the held-out data a higher mean log-probability.",
)  # fmt: skip
asked_left_out = histogram_choice.asks(
    leave_one_out,
    "each observation left out in turn",
    points=3,
    instances=_small_sets,
    called=lambda x, num_bins, num_levels, imaginary: f"`leave_one_out({shown(x)}, {num_bins}, {num_levels}, {imaginary:g})`",
    finite=False,
    wrong={
        "That is the score on the training data: each is still in its cell.": _left_out(lambda n, a, C: n + a / C, lambda N, a: N + a),
        "It left its cell. Did it leave the total?": _left_out(total=lambda N, a: N + a),
        "It left the total. Did it leave its cell?": _left_out(mass=lambda n, a, C: n + a / C),
        "That is the probability of the whole cell. Who shares it?": _left_out(width=0),
        "The smoothing has no effect.": _left_out(lambda n, a, C: n - 1, lambda N, a: N - 1),
        "Among how many cells are the imaginary ones spread?": _left_out(mass=lambda n, a, C: n - 1 + a),
        "You average over cells. A cell of three observations is left by each of the three.": _left_out(mean=lambda log_probs, n: (log_probs / n).sum() / (1 / n).sum()),
        "That is the sum over the observations; their mean is asked for.": _left_out(mean=lambda log_probs, n: log_probs.sum()),
        "Those are nats to pay; the log-probability is asked for, where more is better.": _left_out(mean=lambda log_probs, n: -log_probs.mean()),
    },
    otherwise=_otherwise,
)  # fmt: skip
histogram_choice.add("a lone observation, without smoothing", asked_left_out.on(_without_smoothing))
