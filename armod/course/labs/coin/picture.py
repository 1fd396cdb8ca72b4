"""What k heads in n flips say about a coin: the likelihood of every p, its maximiser and the width of its peak."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes

from armod.figures.numbers import fixed
from armod.figures.picture import Picture, new_picture
from armod.figures.style import COLOURS

STEPS = 200  # of the curves: p = 0, 1/200, ..., 1
DEPTH = 12  # nats below the best that the lower curve shows


@dataclass(frozen=True)
class CoinFacts:
    """k `heads` in n `flips`, and one candidate `p`.

    Raises:
        ValueError: unless ``0 <= heads <= flips``, ``flips >= 1`` and ``0 <= p <= 1``.
    """

    heads: int
    flips: int
    p: float

    def __post_init__(self) -> None:
        if not (0 <= self.heads <= self.flips and self.flips >= 1 and 0 <= self.p <= 1):
            raise ValueError(
                "A coin shows 0 to n heads in n >= 1 flips, with a probability of heads from 0 to 1; "
                f"got {self.heads} heads in {self.flips} flips, p = {self.p}."
            )

    @property
    def best(self) -> float:
        """The maximum-likelihood estimate, k/n."""
        return self.heads / self.flips

    def log_likelihood(self, p: float) -> float:
        """``k log p + (n - k) log(1 - p)`` in nats, where 0 log 0 is 0."""
        terms = ((self.heads, p), (self.flips - self.heads, 1 - p))
        return sum(count * math.log(share) if share else -math.inf for count, share in terms if count)

    @property
    def below_best(self) -> float:
        """How far the candidate's log-likelihood lies below the maximum, in nats."""
        return self.log_likelihood(self.best) - self.log_likelihood(self.p)

    @property
    def slope(self) -> float:
        """``k/p - (n - k)/(1 - p)``, the derivative of the log-likelihood at the candidate."""
        terms = ((self.heads, self.p, 1), (self.flips - self.heads, 1 - self.p, -1))
        return sum(sign * (count / share if share else math.inf) for count, share, sign in terms if count)

    @property
    def spread(self) -> float:
        """The width of the peak, ``sqrt(best (1 - best) / n)``: one over the root of minus the curvature."""
        return math.sqrt(self.best * (1 - self.best) / self.flips)

    @property
    def finding(self) -> str:
        """The maximiser in a sentence, and what is odd about it at an edge."""
        counted = f"{self.heads} heads in {self.flips} flip{'s' * (self.flips != 1)}"
        if 0 < self.heads < self.flips:
            return f"{counted}: p = {fixed(self.best, 3)} explains them best"
        other = "head" if self.heads == 0 else "tail"
        return f"{counted}: p = {self.heads // self.flips} explains them best, and calls the first {other} impossible"

    @property
    def detail(self) -> str:
        """What the candidate makes of the flips."""
        if math.isinf(self.below_best):
            return f"With p = {fixed(self.p, 2)} these flips are impossible: the log-likelihood is −∞."
        sign = "+" if self.slope > 0 else ""
        return (
            f"With p = {fixed(self.p, 2)} the log-likelihood is {fixed(self.log_likelihood(self.p), 2)} nats, "
            f"{fixed(self.below_best, 2)} below the best; its slope is {sign}{fixed(self.slope, 1)}."
        )

    @property
    def description(self) -> str:
        """The picture for those who do not see it."""
        return (
            f"{self.finding}. {self.detail} Two curves over p from 0 to 1, both highest at {fixed(self.best, 3)}: "
            f"the likelihood as a share of its maximum, a peak about {fixed(self.spread, 3)} wide to either side, "
            "and the logarithm of it."
        )


def coin_figure(heads: int, flips: int, p: float) -> Picture:
    """The flips, the likelihood and the log-likelihood over p, the maximiser in yellow, the candidate in orange.

    The table holds both curves on steps of 1/200.

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
