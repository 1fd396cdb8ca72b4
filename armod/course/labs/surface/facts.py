"""Points on 16 levels, and the log-likelihood of every mean and scale of one discretized logistic distribution."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache, cached_property

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from armod.course.labs.coin.climb import Climb, Place, climb
from armod.course.labs.surface.maximiser import (
    has_maximiser,
    log_likelihood,
    log_mass,
    maximiser,
    slopes,
)
from armod.course.labs.words import Words
from armod.likelihoods import DiscretizedLogisticMixture

say = Words.beside(__file__)
LEVELS = 16
WAYS = ("mean and scale", "mean and log-scale")  # in which the ascent follows the slope
MEANS = [-3 + step / 4 for step in range(85)]
SCALES = [0.2 * 2 ** (step / 4) for step in range(22)]
# Nats below the best where one band of the surface ends and the next begins, and the colours between them.
BANDS = (0.5, 2.0, 4.5, 9.0, 18.0, 36.0)
BAND_COLOURS = ("#1F5FA8", "#3F7DBD", "#6A9DD0", "#97BDE1", "#C0D8EE", "#DFEAF5", "#F3F6FA")


def logistic(
    mean: Tensor | float, scale: Tensor | float, num_levels: int = LEVELS
) -> DiscretizedLogisticMixture:
    """One discretized logistic distribution whose mean and scale are measured in levels, in float64.

    >>> logistic(0.5, 1.0, num_levels=2).probs
    tensor([0.5000, 0.5000], dtype=torch.float64)
    """
    half_range = (num_levels - 1) / 2
    means = (torch.as_tensor(mean, dtype=torch.float64) - half_range) / half_range
    log_scales = (torch.as_tensor(scale, dtype=torch.float64) / half_range).log()
    means, log_scales = torch.broadcast_tensors(means, log_scales)
    return DiscretizedLogisticMixture(
        torch.zeros_like(means).unsqueeze(-1), means.unsqueeze(-1), log_scales.unsqueeze(-1), num_levels
    )


@cache
def log_masses() -> NDArray[np.float32]:
    """Log-probability of every level under every mean and scale of the map, ``(means, scales, levels)``."""
    each = logistic(torch.tensor(MEANS).view(-1, 1, 1), torch.tensor(SCALES, dtype=torch.float64).view(-1, 1))
    return each.log_prob(torch.arange(LEVELS)).float().numpy()


def mean_at(index: float) -> float:
    """The mean at a place of the map, between its columns too."""
    return MEANS[0] + (MEANS[1] - MEANS[0]) * index


def scale_at(index: float) -> float:
    """The scale at a place of the map, between its rows too."""
    return SCALES[0] * 2 ** (index / 4)


@dataclass(frozen=True)
class SurfaceFacts:
    """Points on 16 levels, and one candidate of the map.

    Args:
        counts: how many points each level has.
        mean: the candidate's mean, an index in `MEANS`; a fraction lies between two of them.
        scale: the candidate's scale, an index in `SCALES`, or a fraction.

    Raises:
        ValueError: unless there are 16 counts, none negative, and both indices lie on the map.
    """

    counts: tuple[int, ...]
    mean: float
    scale: float

    def __post_init__(self) -> None:
        if len(self.counts) != LEVELS or min(self.counts) < 0:
            raise ValueError(f"The surface takes {LEVELS} counts of at least 0; got {list(self.counts)}.")
        if not (0 <= self.mean <= len(MEANS) - 1 and 0 <= self.scale <= len(SCALES) - 1):
            raise ValueError(
                f"The map has {len(MEANS)} means and {len(SCALES)} scales; got the indices {self.mean}, {self.scale}."
            )

    @cached_property
    def surface(self) -> NDArray[np.float64]:
        """The log-likelihood ``(means, scales)``, in nats."""
        return log_masses().astype(float) @ np.array(self.counts, dtype=float)

    @cached_property
    def best_cell(self) -> tuple[int, int]:
        """Where on the map the surface is highest."""
        mean, scale = divmod(int(self.surface.argmax()), len(SCALES))
        return mean, scale

    @cached_property
    def maximiser(self) -> tuple[float, float] | None:
        """The best mean and scale of all, between the cells of the map too; None if there is no best one."""
        if not has_maximiser(self.counts):
            return None
        return maximiser(self.counts, MEANS[self.best_cell[0]], SCALES[self.best_cell[1]])

    @property
    def best(self) -> tuple[float, float]:
        """The maximiser's place on the map, as indices; its nearest place if it lies beyond, the best cell if there is none."""
        if self.maximiser is None:
            return self.best_cell
        mean, scale = self.maximiser
        place = (mean - MEANS[0]) / (MEANS[1] - MEANS[0]), 4 * math.log2(scale / SCALES[0])
        return min(max(place[0], 0.0), len(MEANS) - 1.0), min(max(place[1], 0.0), len(SCALES) - 1.0)

    @property
    def highest(self) -> float:
        """The log-likelihood of the maximiser, or of the best cell if there is none."""
        return self._value(*(self.maximiser or (mean_at(self.best[0]), scale_at(self.best[1]))))

    @property
    def masses(self) -> list[float]:
        """The candidate's probability of each level."""
        rise = 1 / scale_at(self.scale)
        return [math.exp(log_mass(level, rise, mean_at(self.mean) * rise, LEVELS)) for level in range(LEVELS)]

    def ascent(self, way: str, size: float) -> Climb:
        """Gradient ascent on the mean log-likelihood from the candidate; places are (mean, scale) in levels.

        Args:
            way: "mean and scale", or "mean and log-scale" to move the logarithm of the scale.
            size: of a step, the learning rate.

        Returns:
            The places of the ball, until it stands still or is thrown off.
        """
        points = max(1, sum(self.counts))

        def step(place: Place) -> Place:
            mean, scale = place
            by_mean, by_scale = slopes(self.counts, mean, scale)
            if way == "mean and scale":
                moved = scale + size * by_scale / points
            else:
                # no step of a sane size is cut off; it keeps a wild one a number
                moved = scale * math.exp(min(50.0, size * by_scale * scale / points))
            return mean + size * by_mean / points, moved

        def is_place(place: Place) -> bool:
            return MEANS[0] <= place[0] <= MEANS[-1] and SCALES[0] <= place[1] <= SCALES[-1] * (1 + 1e-12)

        return climb((mean_at(self.mean), scale_at(self.scale)), step, is_place)

    def climb_sentence(self, way: str, size: float, number: int) -> str:
        """Where the ascent stands after so many steps."""
        ascent = self.ascent(way, size)
        mean, scale = ascent.off or (0.0, 0.0)
        template = ascent.template(number)
        template += "_none" if template == "climb_off" and scale <= 0 else ""
        return say(template, way=way, size=size, number=number, mean=mean, scale=scale)

    @property
    def finding(self) -> str:
        """The maximiser in a sentence, or why there is none."""
        points, used = sum(self.counts), [level for level, count in enumerate(self.counts) if count]
        if not used:
            return say("finding_none")
        if self.maximiser is not None:
            mean, scale = self.maximiser
            on_map = MEANS[0] <= mean <= MEANS[-1] and SCALES[0] <= scale <= SCALES[-1]
            return say("finding" if on_map else "finding_beyond", points=points, mean=mean, scale=scale)
        if len(used) == 1:
            template = "finding_edge" if used[0] in (0, LEVELS - 1) else "finding_one"
        else:
            template = "finding_two" if used[1] == used[0] + 1 else "finding_ends"
        return say(template, points=points, level=used[0])

    @property
    def detail(self) -> str:
        """What the candidate makes of the points."""
        mean, scale = mean_at(self.mean), scale_at(self.scale)
        value = self._value(mean, scale)
        template = "detail_map" if self.maximiser is None else "detail"
        return say(template, mean=mean, scale=scale, value=value, below=self.highest - value)

    @property
    def description(self) -> str:
        """The picture for those who do not see it."""
        listed = [f"{count} on level {level}" for level, count in enumerate(self.counts) if count]
        bands = [f"{band:g}" for band in BANDS]
        return say("description", finding=self.finding, detail=self.detail, points=listed, bands=bands)

    def _value(self, mean: float, scale: float) -> float:
        return log_likelihood(self.counts, 1 / scale, mean / scale)
