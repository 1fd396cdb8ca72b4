"""Exercise 1: bits per character, when the sequences differ in length and the rest is padding."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor

from armod.course.exercises.engine import reading
from armod.course.exercises.engine.answer import Answer
from armod.course.exercises.engine.exercise import Exercise, Mistake
from armod.course.exercises.engine.showing import shown
from armod.course.exercises.lesson_4_4_recurrent_networks.instances import normal

recurrent_bits = Exercise(
    name="recurrent-bits",
    number=1,
    title="Bits per character",
    difficulty="easy",
    minutes=5,
    names=("bits_per_character",),
    hints=(
        "Take one name of two letters in a row of length 5. How many characters did the model have to foresee?",
        "Make a mask that is True up to and with the first end, and use it twice: for the sum and for the count. Sum over "
        "everything first, divide once.",
        "`(x == 0).cumsum(1)` counts the ends up to each place; minus the place itself it counts those *before* it. The "
        "mask is where that is 0. One nat is 1 / log 2 bits.",
    ),
)


@recurrent_bits.check("names without padding")
def full_rows_are_right(answer: Answer, generator: np.random.Generator) -> None:
    """Each row ends with its only end."""
    x = torch.from_numpy(generator.integers(1, 5, (3, 4)))
    x[:, -1] = 0
    _compare(answer, -normal(generator, 3, 4).abs() - 0.2, x)


@recurrent_bits.check("names of unequal lengths", points=2)
def padded_rows_are_right(answer: Answer, generator: np.random.Generator) -> None:
    """What follows the first end costs nothing and counts nothing."""
    for num_names, length in ((2, 5), (4, 7)):
        x = torch.from_numpy(generator.integers(1, 5, (num_names, length)))
        for row, letters in enumerate(generator.permutation(length - 2)[:num_names]):
            x[row, letters + 1 :] = 0
        _compare(answer, -normal(generator, num_names, length).abs() - 0.2, x)


@recurrent_bits.check("a text that goes on")
def rows_without_end_are_right(answer: Answer, generator: np.random.Generator) -> None:
    """A row without any end counts in full."""
    x = torch.from_numpy(generator.integers(1, 5, (3, 5)))
    x[0, 1:] = 0
    _compare(answer, -normal(generator, 3, 5).abs() - 0.2, x)


def _compare(answer: Answer, log_prob: Tensor, x: Tensor) -> None:
    what = f"`bits_per_character` of names {tuple(x.shape)}"
    got = reading.number(answer.call("bits_per_character", log_prob, x), what, finite=False)
    ends_before = (x == 0).cumsum(1) - (x == 0).long()
    counts, letters = (ends_before == 0).double(), (x != 0).double()
    costs = -log_prob / math.log(2)
    total, number = float((costs * counts).sum()), float(counts.sum())
    right = total / number
    if math.isclose(got, right, rel_tol=1e-5):
        return
    known = [
        (right * math.log(2), "Those are nats per character."),
        (-right, "It is negative: a cost is due."),
        (total / x.numel(), "You divide by all places, padding included."),
        (
            float(costs.mean()),
            "You take a mean over everything, padding included. Who reads on after the end?",
        ),
        (float(costs.sum()) / number, "You divide by the right number, but the padding is still in the sum."),
        (
            float(((costs * counts).sum(1) / counts.sum(1)).mean()),
            "You take the mean of each name's mean: so a letter of a short name counts more than one of a long name.",
        ),
        (
            float((costs * letters).sum() / letters.sum()),
            "You leave out the end. But the model must foresee where a name stops.",
        ),
        (total / float(letters.sum()), "You pay for the end, but do not count it as a character."),
        (float((costs * letters).sum()) / number, "You count the end as a character, but do not pay for it."),
        (total / len(x), "Those are bits per name. How many characters are there?"),
        (total, "That is the sum. How many characters are there?"),
    ]
    seen = f"For the names {shown(x)} (0 is the end) you say {shown(got)}."
    for wrong, message in known:
        if math.isclose(got, wrong, rel_tol=1e-5):
            raise Mistake(f"{seen} {message}")
    raise Mistake(
        f"{seen} {number:.0f} characters had to be foreseen there, ends included. Which places are they?"
    )
