"""Points on 16 levels, and the log-likelihood of every mean and scale of one discretized logistic distribution."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, cached_property

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from numpy.typing import NDArray
from torch import Tensor

from armod.figures.numbers import fixed
from armod.figures.picture import Picture, new_picture
from armod.figures.style import COLOURS
from armod.likelihoods import DiscretizedLogisticMixture

LEVELS = 16
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


@dataclass(frozen=True)
class SurfaceFacts:
    """`counts` of points on each level, and one candidate by its indices in `MEANS` and `SCALES`.

    Raises:
        ValueError: unless there are 16 counts, none negative, and both indices lie on the map.
    """

    counts: tuple[int, ...]
    mean: int
    scale: int

    def __post_init__(self) -> None:
        if len(self.counts) != LEVELS or min(self.counts) < 0:
            raise ValueError(f"The surface takes {LEVELS} counts of at least 0; got {list(self.counts)}.")
        if not (0 <= self.mean < len(MEANS) and 0 <= self.scale < len(SCALES)):
            raise ValueError(
                f"The map has {len(MEANS)} means and {len(SCALES)} scales; got the indices {self.mean}, {self.scale}."
            )

    @cached_property
    def surface(self) -> NDArray[np.float64]:
        """The log-likelihood ``(means, scales)``, in nats."""
        return log_masses().astype(float) @ np.array(self.counts, dtype=float)

    @cached_property
    def best(self) -> tuple[int, int]:
        """Where on the map the surface is highest."""
        mean, scale = divmod(int(self.surface.argmax()), len(SCALES))
        return mean, scale

    @property
    def below_best(self) -> float:
        """How far the candidate lies below the maximum, in nats."""
        return float(self.surface[self.best] - self.surface[self.mean, self.scale])

    @property
    def finding(self) -> str:
        """The maximiser in a sentence, or why there is none on the map."""
        total, used = sum(self.counts), [level for level, count in enumerate(self.counts) if count]
        points = f"{total} point{'s' * (total != 1)}"
        if not used:
            return "No points: every mean and scale explains them equally well"
        if len(used) > 1:
            mean, scale = MEANS[self.best[0]], SCALES[self.best[1]]
            return f"{points}: mean {fixed(mean, 2)} and scale {fixed(scale, 2)} explain them best"
        where = f"{points} on level {used[0]}"
        if used[0] in (0, LEVELS - 1):
            return f"{where}: the mean runs away beyond the edge, for all the mass out there counts as this level"
        return f"{where}: the narrowest scale wins, and would go on towards 0"

    @property
    def detail(self) -> str:
        """What the candidate makes of the points."""
        return (
            f"The bars show mean {fixed(MEANS[self.mean], 2)} and scale {fixed(SCALES[self.scale], 2)}: "
            f"{fixed(self.surface[self.mean, self.scale], 2)} nats, {fixed(self.below_best, 2)} below the best."
        )

    @property
    def description(self) -> str:
        """The picture for those who do not see it."""
        listed = ", ".join(f"{count} on level {level}" for level, count in enumerate(self.counts) if count)
        return (
            f"{self.finding}. {self.detail} Points: {listed or 'none'}. Beside them a map of the log-likelihood over "
            f"mean and scale, in bands that end {', '.join(f'{band:g}' for band in BANDS)} nats below the best."
        )


def surface_figure(
    counts: Sequence[int],
    candidate: tuple[int, int] | None = None,
    path: Sequence[tuple[float, float]] = (),
    title: str | None = None,
) -> Picture:
    """Points with the candidate's probabilities behind them, and the surface with the candidate and the maximiser.

    ``candidate``: indices in `MEANS` and `SCALES`; left out, the maximiser. ``path``: (mean, scale) of each step of an
    ascent, in levels, drawn over the surface. The table holds the surface, a row for each mean and scale.

    Raises:
        ValueError: as `SurfaceFacts` does.

    >>> surface_figure([0] * 5 + [3] + [0] * 10).get_label()
    '3 points on level 5: the narrowest scale wins, and would go on towards 0'
    """
    facts = SurfaceFacts(tuple(counts), *(candidate or SurfaceFacts(tuple(counts), 0, 0).best))
    title = title or facts.finding
    with new_picture(10, 4.9) as picture:
        picture.set_label(title)
        picture.text(0.02, 0.945, title, size=14, weight="bold", va="center")
        picture.text(0.02, 0.885, facts.detail, size=10, color=COLOURS["secondary"], va="center")
        _draw_points(picture.add_axes((0.06, 0.13, 0.37, 0.66)), facts)
        axes = picture.add_axes((0.53, 0.13, 0.45, 0.66))
        _draw_surface(axes, facts)
        if path:
            means, scales = zip(*path, strict=True)
            axes.plot(means, np.log2(scales), color=COLOURS["ink"], linewidth=1.4, zorder=3)
            axes.plot(means, np.log2(scales), ".", color=COLOURS["ink"], markersize=4, zorder=3)
            axes.plot(
                means[0],
                math.log2(scales[0]),
                "o",
                color=COLOURS["paper"],
                markeredgecolor=COLOURS["ink"],
                zorder=3,
            )
        means_of, scales_of = np.meshgrid(MEANS, SCALES, indexing="ij")
        walked = f" A path of {len(path)} steps climbs to the maximiser." if path else ""
        picture.describe(
            f"{title}. " * (title != facts.finding) + facts.description + walked,
            {
                "mean": means_of.ravel().tolist(),
                "scale": scales_of.ravel().round(4).tolist(),
                "log-likelihood": facts.surface.ravel().round(4).tolist(),
            },
        )
    return picture


def _draw_points(axes: Axes, facts: SurfaceFacts) -> None:
    masses = np.exp(log_masses()[facts.mean, facts.scale].astype(float))
    rows = max(6, *facts.counts)
    axes.set(
        xlim=(-0.6, LEVELS - 0.4),
        ylim=(0, 1),
        xlabel="level",
        ylabel="probability",
        xticks=range(0, LEVELS, 3),
    )
    axes.bar(range(LEVELS), masses, 0.9, color=COLOURS["output"], alpha=0.35)
    for level, count in enumerate(facts.counts):
        heights = [(number + 0.5) / rows for number in range(count)]
        axes.plot([level] * count, heights, "o", color=COLOURS["input"], markersize=7)


def _draw_surface(axes: Axes, facts: SurfaceFacts) -> None:
    below = facts.surface.max() - facts.surface
    bands = np.digitize(below, BANDS)
    step = math.log2(SCALES[1] / SCALES[0])
    axes.imshow(
        bands.T, origin="lower", aspect="auto", interpolation="nearest", cmap=ListedColormap(BAND_COLOURS),
        vmin=0, vmax=len(BANDS),
        extent=(MEANS[0] - 0.125, MEANS[-1] + 0.125, math.log2(SCALES[0]) - step / 2, math.log2(SCALES[-1]) + step / 2),
    )  # fmt: skip
    ticks = [0.2, 0.5, 1, 2, 5]
    axes.set_yticks([math.log2(tick) for tick in ticks], [f"{tick:g}" for tick in ticks])
    axes.set(xlabel="mean", ylabel="scale", xticks=range(-3, 19, 3))
    for (mean, scale), colour in (((facts.mean, facts.scale), "output"), (facts.best, "current")):
        axes.plot(
            MEANS[mean], math.log2(SCALES[scale]), "o",
            color=COLOURS[colour], markeredgecolor=COLOURS["ink"], markersize=9, zorder=4,
        )  # fmt: skip
