"""Exercise 1: the counts of B bins as a density over K levels, so that different B compare."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from armod.course.exercises.engine import reading
from armod.course.exercises.engine.answer import Answer
from armod.course.exercises.engine.exercise import Exercise, Mistake
from armod.course.exercises.engine.showing import shown
from armod.course.exercises.lesson_4_2_histograms.instances import some_levels
from armod.models.histogram import Histogram

histogram_levels = Exercise(
    name="histogram-levels",
    number=1,
    title="From counts to a density",
    difficulty="easy",
    minutes=6,
    names=("level_probs",),
    hints=(
        "Take 4 levels, 2 bins and the observations 0, 0, 3. What is the probability of each bin, and how many levels "
        "share it?",
        "Work with two tables: the bin of each level, and for each bin the observations and the levels in it. Count both; "
        "do not compute a width by dividing.",
        "`bins = torch.arange(num_levels) * num_bins // num_levels` is the bin of each level. `torch.bincount(bins)` says how "
        "many levels are in each, and `bins[x]` is the bin of each observation.",
    ),
)


@histogram_levels.check("as many bins as levels")
def one_level_each_is_right(answer: Answer, generator: np.random.Generator) -> None:
    """Plain shares, levels that do not occur included."""
    for num_levels in (4, 6):
        _compare(answer, generator, num_levels, num_levels)


@histogram_levels.check("several levels share a bin", points=2)
def shared_bins_are_right(answer: Answer, generator: np.random.Generator) -> None:
    """Bins of equal width, and a single bin for all."""
    for num_bins, num_levels in ((2, 8), (4, 8), (1, 5)):
        _compare(answer, generator, num_bins, num_levels)


@histogram_levels.check("bins of unequal width")
def unequal_bins_are_right(answer: Answer, generator: np.random.Generator) -> None:
    """Where B does not divide K."""
    for num_bins, num_levels in ((3, 8), (4, 6)):
        _compare(answer, generator, num_bins, num_levels)


def _compare(answer: Answer, generator: np.random.Generator, num_bins: int, num_levels: int) -> None:
    x = some_levels(generator, 9, 1, num_levels).flatten()
    x = torch.where(x == num_levels - 1, 0, x)  # the last level does not occur
    call = f"`level_probs({shown(x)}, {num_bins}, {num_levels})`"
    reply = answer.call("level_probs", x, num_bins, num_levels)
    if reading.tensor(reply, call).shape == (int(x.max()) + 1,):
        raise Mistake(
            f"{call} gave {shown(reply)}: it ends at the highest level that occurs. There are {num_levels} levels."
        )
    got = reading.tensor(reply, call, shape=(num_levels,))
    levels = torch.arange(num_levels)
    model = Histogram((1,), num_bins, num_levels=num_levels).fit(x.unsqueeze(1))
    right = model.log_prob(levels.unsqueeze(1)).exp()
    if torch.allclose(got, right, atol=1e-5):
        return
    total = float(got.sum())
    raise Mistake(
        f"{call} gave {shown(got)}, which adds up to {total:.4g}. {_why(got, x, num_bins, num_levels)}"
    )


def _why(got: Tensor, x: Tensor, num_bins: int, num_levels: int) -> str:
    levels = torch.arange(num_levels)
    bins = levels * num_bins // num_levels
    counts = torch.bincount(bins[x], minlength=num_bins).double()
    widths = torch.bincount(bins).double()
    occurring = torch.bincount(bins[x.unique()], minlength=num_bins).clamp(min=1).double()
    shares = counts / len(x)
    narrow = (levels // (num_levels // num_bins)).clamp(max=num_bins - 1)
    narrow_counts = torch.bincount(narrow[x], minlength=num_bins).double()
    known = [
        ((counts / widths)[bins], "Those are counts. What is the share of each among all observations?"),
        (counts[bins], "Those are counts. What is the share of each among all observations?"),
        (
            shares[bins],
            "Each level gets the whole probability of its bin. How many levels must live on it?",
        ),
        (shares[bins] / num_bins, "You divide by the number of bins. How many levels does *one* bin hold?"),
        (shares[bins] * num_bins, "That is a density per unit of length; asked is a probability per level."),
        (
            shares[bins] * num_bins / num_levels,
            "You give all bins the same width. Write down which levels fall in each.",
        ),
        (
            (shares / occurring)[bins],
            "You divide a bin among the levels that occur. The others in it get their part as well.",
        ),
        (
            torch.bincount(x, minlength=num_levels) / len(x),
            f"Those are the shares of single levels. But there are {num_bins} bins, and levels of one bin are not told apart.",
        ),
        (
            (narrow_counts / torch.bincount(narrow))[narrow] / len(x),
            "Your bins are others than asked: look up `level * num_bins // num_levels` for each level.",
        ),
    ]
    for wrong, message in known:
        if torch.allclose(got, wrong.to(got.dtype), atol=1e-5):
            return message
    return f"The levels fall in the bins {shown(bins)}, and the observations in {shown(bins[x])}."
