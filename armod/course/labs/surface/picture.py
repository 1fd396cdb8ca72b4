"""The picture of the surface lab: points with one candidate behind them, and the surface of their log-likelihood."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap

from armod.course.labs.surface.facts import (
    BAND_COLOURS,
    BANDS,
    LEVELS,
    MEANS,
    SCALES,
    SurfaceFacts,
    mean_at,
    scale_at,
)
from armod.figures.picture import Picture, new_picture
from armod.figures.style import COLOURS


def surface_figure(
    counts: Sequence[int],
    candidate: tuple[float, float] | None = None,
    path: Sequence[tuple[float, float]] = (),
    title: str | None = None,
) -> Picture:
    """Points with the candidate's probabilities behind them, and the surface with the candidate and the maximiser.

    Args:
        counts: how many points each of the 16 levels has.
        candidate: indices in `MEANS` and `SCALES`; left out, the maximiser.
        path: (mean, scale) of each step of an ascent, in levels, drawn over the surface.
        title: the title; left out, it is the finding.

    Returns:
        The picture; its table holds the surface, a row for each mean and scale.

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
    rows = max(6, *facts.counts)
    axes.set(
        xlim=(-0.6, LEVELS - 0.4),
        ylim=(0, 1),
        xlabel="level",
        ylabel="probability",
        xticks=range(0, LEVELS, 3),
    )
    axes.bar(range(LEVELS), facts.masses, 0.9, color=COLOURS["output"], alpha=0.35)
    for level, count in enumerate(facts.counts):
        heights = [(number + 0.5) / rows for number in range(count)]
        axes.plot([level] * count, heights, "o", color=COLOURS["input"], markersize=7)


def _draw_surface(axes: Axes, facts: SurfaceFacts) -> None:
    below = facts.highest - facts.surface
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
            mean_at(mean), math.log2(scale_at(scale)), "o",
            color=COLOURS[colour], markeredgecolor=COLOURS["ink"], markersize=9, zorder=4,
        )  # fmt: skip
