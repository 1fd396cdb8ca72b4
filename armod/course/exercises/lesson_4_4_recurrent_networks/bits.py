"""Exercise 1: bits per character, when the sequences differ in length and the rest is padding."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from armod.course.exercises import Exercise, shown
from armod.course.exercises.engine.draws import normal

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


Average = Callable[[Tensor, Tensor, Tensor], Tensor]


def bits_per_character(
    log_prob: Tensor,
    x: Tensor,
    average: Average = lambda costs, counts, letters: costs[counts].sum() / counts.sum(),
) -> float:
    """Bits per character; ``average`` gets all costs, which places count, and which of them are letters."""
    is_end = (x == 0).long()
    return float(average(-log_prob / math.log(2), is_end.cumsum(1) - is_end == 0, x != 0))


def _names(generator: np.random.Generator, length: int, *letters: int) -> tuple[Tensor, Tensor]:
    """Log-probabilities and symbols, each ``(N, T)``: a row for each number of letters, filled up with ends."""
    x = torch.from_numpy(generator.integers(1, 5, (len(letters), length)))
    for row, number in zip(x, letters, strict=True):
        row[number:] = 0
    return -normal(generator, *x.shape).abs() - 0.2, x


def _otherwise(got: float, right: float, log_prob: Tensor, x: Tensor) -> str:
    number = bits_per_character(log_prob, x, lambda costs, counts, letters: counts.sum())
    return f"{number:.0f} characters had to be foreseen there, ends included. Which places are they?"


asked_bits = recurrent_bits.asks(
    bits_per_character,
    instances=lambda generator: [
        _names(generator, length, *generator.permutation(length - 2)[:number] + 1)
        for length, number in ((5, 2), (7, 4))
    ],
    seen=lambda got, right, log_prob, x: f"For the names {shown(x)} (0 is the end) you say {shown(got)}.",
    wrong={
        "Those are nats per character.": lambda log_prob, x: bits_per_character(log_prob, x) * math.log(2),
        "It is negative: a cost is positive.": lambda log_prob, x: -bits_per_character(log_prob, x),
        "You divide by all places, padding included.": dict(average=lambda costs, counts, letters: costs[counts].sum() / counts.numel()),
        "You take a mean over everything, padding included. Who reads on after the end?": dict(average=lambda costs, counts, letters: costs.mean()),
        "You divide by the right number, but the padding is still in the sum.": dict(average=lambda costs, counts, letters: costs.sum() / counts.sum()),
        "You take the mean of each name's mean: so a letter of a short name counts more than one of a long name.": dict(average=lambda costs, counts, letters: ((costs * counts).sum(1) / counts.sum(1)).mean()),
        "You leave out the end. But the model must foresee where a name stops.": dict(average=lambda costs, counts, letters: costs[letters].mean()),
        "You pay for the end, but do not count it as a character.": dict(average=lambda costs, counts, letters: costs[counts].sum() / letters.sum()),
        "You count the end as a character, but do not pay for it.": dict(average=lambda costs, counts, letters: costs[letters].sum() / counts.sum()),
        "Those are bits per name. How many characters are there?": dict(average=lambda costs, counts, letters: costs[counts].sum() / len(costs)),
        "That is the sum. How many characters are there?": dict(average=lambda costs, counts, letters: costs[counts].sum()),
    },
    otherwise=_otherwise,
)  # fmt: skip
recurrent_bits.add("names without padding", asked_bits.on(lambda generator: [_names(generator, 4, 3, 3, 3)]))
recurrent_bits.add("names of unequal lengths", asked_bits.examine, points=2)
recurrent_bits.add("a text that goes on", asked_bits.on(lambda generator: [_names(generator, 5, 1, 5, 5)]))
