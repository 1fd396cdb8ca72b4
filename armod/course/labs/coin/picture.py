"""The picture of the coin lab: the flips, the likelihood of every p, and its logarithm."""

from __future__ import annotations

import math

import numpy as np
from matplotlib.axes import Axes

from armod.course.labs.coin.facts import CoinFacts
from armod.figures.picture import Picture, new_picture
from armod.figures.style import COLOURS

STEPS = 200  # of the curves: p = 0, 1/200, ..., 1
DEPTH = 12  # nats below the best that the lower curve shows


def coin_figure(heads: int, flips: int, p: float) -> Picture:
    """The flips, the likelihood and the log-likelihood over p, the maximiser in yellow, the candidate in orange.

    Args:
        heads: how many flips are heads.
        flips: how many flips there are.
        p: the candidate.

    Returns:
        The picture; its table holds both curves on steps of 1/200.

    Raises:
        ValueError: as `CoinFacts` does.

    >>> coin_figure(7, 10, 0.5).get_label()
    '7 heads in 10 flips: p = 0.700 explains them best'
    """
    facts = CoinFacts(heads, flips, p)
    grid = np.arange(STEPS + 1) / STEPS
    below = np.array([facts.log_likelihood(x) for x in grid]) - facts.log_likelihood(facts.best)
    with new_picture(9, 5.6) as picture:
        picture.set_label(facts.finding)
        picture.text(0.02, 0.955, facts.finding, size=14, weight="bold", va="center")
        picture.text(0.02, 0.905, facts.detail, size=10, color=COLOURS["secondary"], va="center")
        _draw_flips(picture.add_axes((0.11, 0.79, 0.86, 0.08)), facts)
        upper = picture.add_axes((0.11, 0.46, 0.86, 0.3), xlim=(0, 1), ylim=(0, 1.12))
        upper.fill_between(grid, np.exp(below), color=COLOURS["field"], alpha=0.5, linewidth=0)
        upper.plot(grid, np.exp(below), color=COLOURS["input"], linewidth=2)
        upper.set_ylabel("likelihood,\nshare of the best")
        lower = picture.add_axes((0.11, 0.1, 0.86, 0.3), xlim=(0, 1), ylim=(-DEPTH, 1.2))
        lower.plot(grid, below, color=COLOURS["input"], linewidth=2)
        lower.set_ylabel("log-likelihood,\nnats below the best")
        lower.set_xlabel("p, the probability of heads")
        for axes, height in ((upper, math.exp(-facts.below_best)), (lower, -facts.below_best)):
            top = 1.0 if axes is upper else 0.0
            axes.plot([p, p], [axes.get_ylim()[0], height], color=COLOURS["output"], linewidth=1.4)
            _dot(axes, p, height, COLOURS["output"])
            _dot(axes, facts.best, top, COLOURS["current"])
        picture.describe(facts.description, {"p": grid.tolist(), "nats below the best": (-below).tolist()})
    return picture


def _dot(axes: Axes, x: float, y: float, colour: str) -> None:
    axes.plot(x, y, "o", color=colour, markeredgecolor=COLOURS["ink"], markersize=8, clip_on=False, zorder=4)


def _draw_flips(axes: Axes, facts: CoinFacts) -> None:
    axes.set(xlim=(-0.6, 30), ylim=(-1.5, 0.5))
    axes.set_axis_off()
    for number in range(facts.flips):
        row, column = divmod(number, 20)
        face = COLOURS["input" if number < facts.heads else "paper"]
        axes.plot(column, -row, "o", color=face, markeredgecolor=COLOURS["input"], markersize=11)
