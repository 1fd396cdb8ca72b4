"""Exercise 4: how many bins? Held-out data choose, and where there are none, each observation is held out in turn."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from armod.course.exercises.engine import reading
from armod.course.exercises.engine.answer import Answer
from armod.course.exercises.engine.exercise import Exercise, Mistake
from armod.course.exercises.engine.showing import shown
from armod.course.exercises.lesson_4_2_histograms.instances import some_levels
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


@histogram_choice.check("held-out data choose", points=2)
def held_out_data_choose(answer: Answer, generator: np.random.Generator) -> None:
    """One variable and two; the candidates in any order; also without smoothing."""
    cases = _telling_cases(generator)
    got = []
    for case in cases:
        reply = answer.call(
            "choose_bins", case.train, case.valid, case.candidates, NUM_LEVELS, case.imaginary
        )
        got.append(reading.integer(reply, "What `choose_bins` returns"))
    right = [case.best for case in cases]
    if got == right:
        return
    number = next(number for number, case in enumerate(cases) if got[number] != case.best)
    case = cases[number]
    seen = (
        f"For training observations {tuple(case.train.shape)} and the candidates {case.candidates} `choose_bins` gave "
        f"{got[number]}."
    )
    known = [
        (
            [case.place for case in cases],
            "That is a place in the list. Which candidate stands there?",
        ),
        (
            [case.best_in_training for case in cases],
            "Those bins are the best for the training observations. Whom should you ask?",
        ),
        (
            [case.fewest for case in cases],
            "It is always the fewest. They win if a whole cell's probability is compared.",
        ),
        (
            [case.worst for case in cases],
            "Of all that is the worst on the held-out data. Which sign has your score?",
        ),
    ]
    for wrong, message in known:
        if got == wrong:
            raise Mistake(f"{seen} {message}")
    if got[number] not in case.candidates:
        raise Mistake(f"{seen} That is no candidate.")
    raise Mistake(f"{seen} Another candidate gives the held-out data a higher mean log-probability.")


@histogram_choice.check("each observation left out in turn", points=3)
def leave_one_out_is_right(answer: Answer, generator: np.random.Generator) -> None:
    """Against a histogram of all others, counted anew for each."""
    for num, num_variables, num_bins, imaginary in ((9, 1, 4, 1.0), (12, 2, 2, 3.0), (10, 1, 16, 5.0)):
        x = some_levels(generator, num, num_variables, NUM_LEVELS)
        _compare_left_out(answer, x, num_bins, imaginary)


@histogram_choice.check("a lone observation, without smoothing")
def lone_observations_are_impossible(answer: Answer, generator: np.random.Generator) -> None:
    """Minus infinity where a cell holds one observation only; a finite mean where all have company."""
    lone = torch.tensor([[0], [0], [1], [9]])
    pairs = some_levels(generator, 4, 2, NUM_LEVELS).repeat(2, 1)
    for x, num_bins in ((pairs, 8), (lone, 16)):
        _compare_left_out(answer, x, num_bins, 0.0)


def _model(x: Tensor, num_bins: int, imaginary: float) -> Histogram:
    smoothing = imaginary / num_bins ** x.shape[1]
    return Histogram((x.shape[1],), num_bins, num_levels=NUM_LEVELS, smoothing=smoothing).fit(x)


def _mean(train: Tensor, x: Tensor, num_bins: int, imaginary: float) -> float:
    """Mean log-probability of x in nats."""
    return float(_model(train, num_bins, imaginary).log_prob(x).mean())


@dataclass(frozen=True)
class _Case:
    """Training and held-out observations, and what different rules choose for them."""

    train: Tensor
    valid: Tensor
    candidates: list[int]
    imaginary: float

    @property
    def best(self) -> int:
        return max(self.candidates, key=self._held_out)

    @property
    def place(self) -> int:
        return self.candidates.index(self.best)

    @property
    def worst(self) -> int:
        return min(self.candidates, key=self._held_out)

    @property
    def fewest(self) -> int:
        return min(self.candidates)

    @property
    def best_in_training(self) -> int:
        return max(self.candidates, key=lambda B: _mean(self.train, self.train, B, self.imaginary))

    def is_clear(self) -> bool:
        """Whether one candidate wins by more than rounding, and no simple rule guesses it."""
        second, first = sorted(map(self._held_out, self.candidates))[-2:]
        return first > second + 0.01 and self.best not in (
            self.fewest,
            self.best_in_training,
            self.candidates[0],
            self.place,
        )

    def _held_out(self, num_bins: int) -> float:
        return _mean(self.train, self.valid, num_bins, self.imaginary)


def _telling_cases(generator: np.random.Generator) -> list[_Case]:
    """Three cases on which the wrong rules differ, from the right one and from each other."""
    while True:
        cases = [
            _clear_case(generator, num, num_variables, imaginary)
            for num, num_variables, imaginary in ((40, 1, 1.0), (80, 2, 4.0), (14, 1, 0.0))
        ]
        rules = [(case.place, case.best_in_training, case.fewest, case.worst) for case in cases]
        if len(set(zip(*rules, strict=True))) == 4:
            return cases


def _clear_case(generator: np.random.Generator, num: int, num_variables: int, imaginary: float) -> _Case:
    while True:
        train = some_levels(generator, num, num_variables, NUM_LEVELS)
        valid = some_levels(generator, 200, num_variables, NUM_LEVELS)
        candidates = [int(B) for B in generator.permutation([1, 2, 4, 8, 16])]
        case = _Case(train, valid, candidates, imaginary)
        if case.is_clear():
            return case


def _compare_left_out(answer: Answer, x: Tensor, num_bins: int, imaginary: float) -> None:
    call = f"`leave_one_out({shown(x)}, {num_bins}, {NUM_LEVELS}, {imaginary:g})`"
    reply = answer.call("leave_one_out", x, num_bins, NUM_LEVELS, imaginary)
    got = torch.tensor(reading.number(reply, call, finite=False), dtype=torch.float64)
    right = torch.stack(
        [
            _model(torch.cat([x[:row], x[row + 1 :]]), num_bins, imaginary).log_prob(x[row : row + 1])[0]
            for row in range(len(x))
        ]
    ).mean()
    if torch.isclose(got, right, rtol=1e-5, atol=1e-5):
        return
    cells = x * num_bins // NUM_LEVELS
    _, place, numbers = cells.unique(dim=0, return_inverse=True, return_counts=True)
    n, N = numbers[place].double(), len(x)
    part = imaginary / num_bins ** x.shape[1]
    width = x.shape[1] * math.log(NUM_LEVELS / num_bins)
    known = [
        (
            ((n + part) / (N + imaginary)).log() - width,
            "That is the score on the training data: each is in its cell still.",
        ),
        (((n - 1 + part) / (N + imaginary)).log() - width, "It left its cell. Did it leave the total?"),
        (((n + part) / (N - 1 + imaginary)).log() - width, "It left the total. Did it leave its cell?"),
        (
            ((n - 1 + part) / (N - 1 + imaginary)).log(),
            "That is the probability of the whole cell. Who shares it?",
        ),
        (((n - 1) / (N - 1)).log() - width, "The smoothing has no effect."),
        (
            ((n - 1 + imaginary) / (N - 1 + imaginary)).log() - width,
            "Among how many cells are the imaginary ones spread?",
        ),
    ]
    seen = f"{call} gave {shown(got)}."
    for wrong, message in known:
        if torch.isclose(got, wrong.mean(), rtol=1e-5, atol=1e-5):
            raise Mistake(f"{seen} {message}")
    each_cell = ((numbers.double() - 1 + part) / (N - 1 + imaginary)).log() - width
    if torch.isclose(got, each_cell.mean(), rtol=1e-5, atol=1e-5):
        raise Mistake(
            f"{seen} You average over cells. A cell of three observations is left by each of the three."
        )
    if torch.isclose(got, right * N, rtol=1e-5):
        raise Mistake(f"{seen} That is the sum over the observations; their mean is asked.")
    if torch.isclose(got, -right, rtol=1e-5):
        raise Mistake(f"{seen} Those are nats to pay; the log-probability is asked, where more is better.")
    if bool(right.isinf()):
        raise Mistake(
            f"{seen} Without smoothing, what is the probability of an observation that is alone in its cell, once it has left?"
        )
    raise Mistake(f"{seen} Leave out only {shown(x[0])}: how many are in its cell then, and how many in all?")
