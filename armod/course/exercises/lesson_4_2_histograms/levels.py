"""Exercise 1: the counts of B bins as a density over K levels, so that different B compare."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor

from armod.course.exercises import Answer, AnswerError, Exercise, Mistake, shown
from armod.course.exercises.lesson_4_2_histograms.few_levels import some_levels
from armod.models.histogram import Histogram

# what torch, numpy and Python say where a list of counts ends before the last bin
_TOO_SHORT = ("out of bounds", "out of range", "must match the size of tensor", "could not be broadcast")

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


Case = tuple[Tensor, int, int]


def level_probs(x: Tensor, num_bins: int, num_levels: int) -> Tensor:
    """The probability of each level."""
    model = Histogram((1,), num_bins, num_levels=num_levels).fit(x.unsqueeze(1))
    return model.log_prob(torch.arange(num_levels).unsqueeze(1)).exp()


def _counted(
    result: Callable[[Tensor, Tensor, Tensor], Tensor],
    bins_of: Callable[[Tensor, int, int], Tensor] = lambda levels, num_bins, num_levels: (
        levels * num_bins // num_levels
    ),
) -> Callable[[Tensor, int, int], Tensor]:
    """A wrong function: of the observations in each bin, the levels in each, and the bin of each level."""

    def function(x: Tensor, num_bins: int, num_levels: int) -> Tensor:
        bins = bins_of(torch.arange(num_levels), num_bins, num_levels)
        return result(torch.bincount(bins[x], minlength=num_bins).double(), torch.bincount(bins), bins)

    return function


def _among_occurring(x: Tensor, num_bins: int, num_levels: int) -> Tensor:
    bins = torch.arange(num_levels) * num_bins // num_levels
    counts, occurring = (torch.bincount(bins[each], minlength=num_bins) for each in (x, x.unique()))
    return (counts / len(x) / occurring.clamp(min=1))[bins]


def _histograms(generator: np.random.Generator, *sizes: tuple[int, int]) -> Iterator[Case]:
    """Nine observations for so many bins and levels; some occur twice, and the last bin and level not at all."""
    for num_bins, num_levels in sizes:
        x = some_levels(generator, 7, 1, num_levels).flatten()
        is_last = (x * num_bins // num_levels == num_bins - 1) & (num_bins > 1) | (x == num_levels - 1)
        x = torch.where(is_last, 0, x)
        yield torch.cat([x, x[:2]]), num_bins, num_levels


def _ask(answer: Answer, x: Tensor, num_bins: int, num_levels: int) -> Any:
    try:
        return answer.call("level_probs", x, num_bins, num_levels)
    except AnswerError as error:
        if not any(words in str(error) for words in _TOO_SHORT):
            raise
        raise Mistake(
            f"`level_probs({shown(x)}, {num_bins}, {num_levels})` stops: {error} Here the last bins are empty. Has your list of counts "
            "an entry for those, too? (`bincount` has an option `minlength`.)"
        ) from error


def _otherwise(got: Tensor, right: Tensor, x: Tensor, num_bins: int, num_levels: int) -> str:
    bins = torch.arange(num_levels) * num_bins // num_levels
    return f"The levels fall in the bins {shown(bins)}, and the observations in {shown(bins[x])}."


asked_probs = histogram_levels.asks(
    level_probs,
    instances=lambda generator: _histograms(generator, (4, 8), (3, 8), (4, 6)),
    ask=_ask,
    called=lambda x, num_bins, num_levels: f"`level_probs({shown(x)}, {num_bins}, {num_levels})`",
    seen=lambda got, right, x, num_bins, num_levels: f"`level_probs({shown(x)}, {num_bins}, {num_levels})` gave {shown(got)}, which adds up to {float(got.sum()):.4g}.",
    wrong={
        "Those are counts. What is the share of each among all observations?": (
            _counted(lambda counts, widths, bins: (counts / widths)[bins]),
            _counted(lambda counts, widths, bins: counts[bins]),
        ),
        "Every bin that occurs counts once. `counts[bins] += 1` adds 1 only once where a bin comes again.": (
            _counted(lambda counts, widths, bins: (counts.clamp(max=1) / 9 / widths)[bins]),
            _counted(lambda counts, widths, bins: (counts.clamp(max=1) / counts.clamp(max=1).sum() / widths)[bins]),
        ),
        "Each level gets the whole probability of its bin. How many levels must live on it?": _counted(lambda counts, widths, bins: (counts / counts.sum())[bins]),
        "You divide by the number of bins. How many levels does *one* bin hold?": _counted(lambda counts, widths, bins: (counts / counts.sum() / len(counts))[bins]),
        "That is a density per unit of length; the question asks for a probability per level.": _counted(lambda counts, widths, bins: (counts / counts.sum() * len(counts))[bins]),
        "You give all bins the same width. Write down which levels fall in each.": _counted(lambda counts, widths, bins: (counts / counts.sum() * len(counts) / len(bins))[bins]),
        "You divide a bin among the levels that occur. The others in it get their part as well.": _among_occurring,
        "Those are the shares of single levels. But levels of one bin are not told apart.": lambda x, num_bins, num_levels: torch.bincount(x, minlength=num_levels) / len(x),
        "It ends at the highest level that occurs. The levels above it have a probability, too.": (
            lambda x, num_bins, num_levels: torch.bincount(x) / len(x),
            lambda x, num_bins, num_levels: level_probs(x, num_bins, num_levels)[: int(x.max()) + 1],
        ),
        "That is one number for each bin. What is asked of each level?": (
            _counted(lambda counts, widths, bins: counts / counts.sum() / widths),
            _counted(lambda counts, widths, bins: counts / counts.sum()),
        ),
        "Your bins are not the ones that are asked for: look up `level * num_bins // num_levels` for each level.": _counted(
            lambda counts, widths, bins: (counts / counts.sum() / widths)[bins],
            lambda levels, num_bins, num_levels: (levels // (num_levels // num_bins)).clamp(max=num_bins - 1),
        ),
    },
    otherwise=_otherwise,
)  # fmt: skip
histogram_levels.add(
    "as many bins as levels", asked_probs.on(lambda generator: _histograms(generator, (4, 4), (6, 6)))
)
histogram_levels.add(
    "several levels share a bin",
    asked_probs.on(lambda generator: _histograms(generator, (2, 8), (4, 8), (1, 5))),
    points=2,
)
histogram_levels.add("bins of unequal width", asked_probs.examine)
