"""The picture of the histogram lab: all cells folded into a square, and two likelihoods against the dimensions."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PatchCollection
from matplotlib.patches import Rectangle
from torch import Tensor

from armod.course.labs.histogram.facts import HistogramFacts, cell_size, folded, say
from armod.figures.picture import Picture, new_picture
from armod.figures.style import COLOURS

# How many observations a filled cell holds, from its number on: as shades from light to dark.
SHADES = {1: "#7AB8E6", 2: "#2F76C0", 10: "#174B8A", 100: "#0A2342"}
MOST_NATS = 5.0


def histogram_figure(
    train: Tensor,
    test: Tensor,
    num_bins: int,
    num_variables: int,
    num_levels: int,
    imaginary: float | str = 0.0,
) -> Picture:
    """The cells of a histogram folded into a square, and its two likelihoods against the number of dimensions.

    Args:
        train: levels ``(N, D)`` that are counted.
        test: levels ``(M, D)`` that the histogram is asked about.
        num_bins: how many bins each variable has.
        num_variables: the square shows the first so many; the lines show all D.
        num_levels: K, the number of levels.
        imaginary: as in `HistogramFacts`.

    Returns:
        The picture; its table holds both likelihoods, in nats per variable, for each dimension.
    """
    every = [
        HistogramFacts(train[:, :size], test[:, :size], num_bins, num_levels, imaginary)
        for size in range(1, train.shape[1] + 1)
    ]
    facts = every[num_variables - 1]
    with new_picture(10, 5.9) as picture:
        picture.set_label(facts.finding)
        picture.text(0.02, 0.956, facts.finding, size=14, weight="bold", va="center")
        picture.text(0.02, 0.875, facts.detail, size=10, color=COLOURS["secondary"], va="center")
        _draw_cells(picture.add_axes((0.02, 0.09, 0.43, 0.73)), facts)
        lines = picture.add_axes((0.53, 0.15, 0.43, 0.58))
        _draw_nats(lines, [each.nats for each in every], num_variables, num_levels)
        words = say("setting", bins=num_bins, observations=f"{len(train):,}")
        picture.text(0.53, 0.81, words, size=10.5, weight="bold", va="center")
        legend = {
            "training digits": "input",
            "test digits": "output_text",
            "- - all levels alike": "secondary",
        }
        for x, (name, colour) in zip((0.53, 0.67, 0.78), legend.items(), strict=True):
            picture.text(x, 0.765, name, size=10, weight="bold", va="center", color=COLOURS[colour])
        shades = {"empty": COLOURS["masked"], **dict(zip(shade_names(), SHADES.values(), strict=True))}
        for (name, colour), x in zip(shades.items(), (0.02, 0.09, 0.158, 0.224, 0.3), strict=True):
            picture.patches.append(
                Rectangle(
                    (x, 0.035), 0.014, 0.024, color=colour, transform=picture.transFigure, figure=picture
                )
            )
            picture.text(x + 0.02, 0.047, name, size=9.5, va="center")
        picture.text(
            0.41, 0.047, "× test digit in an empty cell", size=9.5, va="center", color=COLOURS["blind"]
        )
        table: dict[str, list[Any]] = {
            "dimensions": [each.train.shape[1] for each in every],
            "nats per variable, train": [each.nats[0] for each in every],
            "nats per variable, test": [each.nats[1] for each in every],
        }
        picture.describe(facts.description, table)
    return picture


def _draw_cells(axes: Axes, facts: HistogramFacts) -> None:
    """Filled cells in shades of blue, never too small to see; crosses for test observations in empty ones."""
    axes.set(xlim=(0, 1), ylim=(1, 0), aspect="equal")
    axes.set_axis_off()
    axes.add_patch(Rectangle((0, 0), 1, 1, facecolor=COLOURS["masked"], linewidth=0))
    size = cell_size(facts.num_bins, facts.train.shape[1])
    places, numbers = np.unique(
        folded(facts.train, facts.num_bins, facts.num_levels), axis=0, return_counts=True
    )
    width, height = (max(side, 0.01) for side in size)
    for least, colour in SHADES.items():
        chosen = places[shade_of(numbers) == least]
        squares = [Rectangle((min(x, 1 - width), min(y, 1 - height)), width, height) for x, y in chosen]
        axes.add_collection(PatchCollection(squares, facecolor=colour, linewidth=0))
    for side in (0, 1):
        if min(size) > 0.015:
            cuts = np.arange(1, round(1 / size[side])) * size[side]
            ends = [[(cut, 0), (cut, 1)] if side == 0 else [(0, cut), (1, cut)] for cut in cuts]
            axes.add_collection(LineCollection(ends, colors=COLOURS["paper"], linewidths=0.8))
    lost = folded(facts.test[facts.is_unseen], facts.num_bins, facts.num_levels) + np.array(size) / 2
    axes.plot(lost[:, 0], lost[:, 1], "x", color=COLOURS["blind"], markersize=5, markeredgewidth=1.3)


def shade_of(numbers: np.ndarray) -> np.ndarray:
    """The key of `SHADES` for each number of observations.

    >>> shade_of(np.array([1, 5, 30])).tolist()
    [1, 2, 10]
    """
    steps = np.array(list(SHADES))
    shades: np.ndarray = steps[np.searchsorted(steps, numbers, side="right") - 1]
    return shades


def shade_names() -> list[str]:
    """How many observations each shade stands for, in words.

    >>> shade_names()
    ['1 digit', '2 to 9', '10 to 99', '100 or more']
    """
    least = list(SHADES)
    between = [f"{low} to {high - 1}" for low, high in pairwise(least[1:])]
    return ["1 digit", *between, f"{least[-1]} or more"]


def _draw_nats(axes: Axes, nats: Sequence[tuple[float, float]], chosen: int, num_levels: int) -> None:
    """Two lines over the dimensions; what lies above the axis, or is infinite, is an arrow at its top."""
    across = np.arange(1, len(nats) + 1)
    axes.set(xlim=(0.7, len(nats) + 0.3), ylim=(0, MOST_NATS), xlabel="dimensions", ylabel="nats per pixel")
    axes.axvspan(chosen - 0.5, chosen + 0.5, color=COLOURS["current"], alpha=0.45, linewidth=0)
    axes.axhline(math.log(num_levels), color=COLOURS["secondary"], linewidth=1, linestyle="--")
    for colour, heights in zip((COLOURS["input"], COLOURS["output"]), np.array(nats).T, strict=True):
        within = heights <= MOST_NATS
        axes.plot(across, np.where(within, heights, np.nan), "o-", color=colour, linewidth=2, markersize=4)
        axes.plot(
            across[~within], np.full((~within).sum(), MOST_NATS - 0.12), "^", color=colour, markersize=7
        )
