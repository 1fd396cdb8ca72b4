"""The picture of the mixture lab: stacked bars of every level's probability, and the mass beyond the edges."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes

from armod.course.labs.mixture.facts import BEYOND, Component, MixtureFacts
from armod.figures.picture import Picture, new_picture
from armod.figures.style import COLOURS
from armod.figures.text import wrapped

COMPONENT_COLOURS = (COLOURS["input"], COLOURS["output"], COLOURS["hidden"])


def mixture_figure(
    components: Sequence[Component], num_levels: int, counts: Sequence[int] = (), title: str | None = None
) -> Picture:
    """Stacked bars of each level's probability; outlined bins beyond the edges, whose mass the outer levels take.

    Args:
        components: (mean, scale, weight) of each, means and scales in levels.
        num_levels: K; the levels are ``0..K-1``.
        counts: of real data, drawn as a grey outline.
        title: the title; left out, it is the finding.

    Returns:
        The picture; its table holds a row for each level.

    Raises:
        ValueError: as `MixtureFacts` does.

    >>> mixture_figure([(0.0, 1.0, 1.0)], 4).get_label()
    'The outer levels hold 62.2% and 7.6%'
    """
    facts = MixtureFacts(tuple(components), num_levels, tuple(counts))
    title = title or facts.finding
    heading = wrapped(title, 9.6, 14, "bold")
    with new_picture(10, 4.2 + 0.24 * len(heading)) as picture:
        height = picture.get_figheight()
        picture.set_label(title)
        for number, line in enumerate(heading):
            picture.text(0.02, 1 - (0.24 + 0.24 * number) / height, line, size=14, weight="bold", va="center")
        below_title = 1 - (0.24 * len(heading) + 0.3) / height
        picture.text(0.02, below_title, facts.detail, size=10, color=COLOURS["secondary"], va="center")
        _draw(picture.add_axes((0.08, 0.5 / height, 0.9, below_title - 0.75 / height)), facts)
        picture.describe(
            f"{title}. " * (title != facts.finding) + facts.description,
            {
                "level": list(range(num_levels)),
                "probability": facts.probabilities.tolist(),
                "data": [count / sum(counts) for count in counts] or [None] * num_levels,
            },
        )
    return picture


def _draw(axes: Axes, facts: MixtureFacts) -> None:
    last = facts.num_levels - 1
    levels = np.arange(facts.num_levels)
    axes.axvspan(-BEYOND - 0.5, -0.5, color=COLOURS["masked"], alpha=0.6, linewidth=0)
    axes.axvspan(last + 0.5, last + BEYOND + 0.5, color=COLOURS["masked"], alpha=0.6, linewidth=0)
    base = np.zeros(facts.num_levels)
    outside = np.r_[np.arange(-BEYOND, 0), np.arange(last + 1, last + 1 + BEYOND)]
    outside_base = np.zeros(2 * BEYOND)
    own = facts.raw[:, BEYOND:-BEYOND]
    for colour, masses, raw, full in zip(COMPONENT_COLOURS, own, facts.raw, facts.by_component, strict=False):
        axes.bar(levels, masses, 0.86, base, color=colour, linewidth=0)
        base = base + masses
        ghost = raw[outside + BEYOND]
        axes.bar(
            outside,
            ghost,
            0.86,
            outside_base,
            facecolor="none",
            edgecolor=colour,
            hatch="////",
            linewidth=0.8,
        )
        outside_base = outside_base + ghost
        taken = full - masses
        for level in (0, last):
            if taken[level] > 1e-9:
                axes.bar(
                    level, taken[level], 0.86, base[level],
                    facecolor="none", edgecolor=colour, hatch="////", linewidth=0.8,
                )  # fmt: skip
                base[level] += taken[level]
    if facts.counts:
        data = np.array(facts.counts) / sum(facts.counts)
        axes.step(
            np.r_[levels - 0.5, last + 0.5],
            np.r_[data, data[-1]],
            where="post",
            color=COLOURS["ink"],
            linewidth=1.4,
        )
    axes.set(xlim=(-BEYOND - 0.5, last + BEYOND + 0.5), ylabel="probability", xlabel="level")
    axes.set_xticks(range(0, facts.num_levels, max(1, facts.num_levels // 8)))
