"""The picture of the map of passes: the guess, the pixels that are final, and those that the filters make certain."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.colors import to_rgb
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

from armod.course.labs.passes.facts import PassesFacts, say
from armod.figures.picture import Picture, new_page
from armod.figures.style import COLOURS
from armod.figures.text import put, put_heading, wrapped

_SIDE, _MARGIN, _BETWEEN = 270, 20, 30  # hundredths of an inch
SHADES = ("#D6EBF6", "#86CFE8", "#4A94CF", "#1F5FA8", "#1B2130")  # from early to late


def passes_figure(facts: PassesFacts) -> Picture:
    """Three images side by side, with one pixel chosen.

    Args:
        facts: what is to be seen.

    Returns:
        The picture; its table holds for each pass how many pixels are final and certain.
    """
    height, width = facts.waves.shape
    cell = _SIDE / max(height, width)
    page_width = 2 * _MARGIN + 3 * _SIDE + 2 * _BETWEEN
    heading = wrapped(facts.finding, (page_width - 2 * _MARGIN) / 100, 14, "bold")
    top = 74 + 24 * len(heading)
    panels = {
        "guess": _guess_colours(facts),
        "final": _shaded(facts.final, facts.number, len(facts.guesses)),
        "wave": _shaded(facts.waves, facts.number, int(facts.waves.max())),
    }
    with new_page(page_width, top + cell * height + 30, facts.finding) as (picture, page):
        put_heading(page, _MARGIN, 26, heading)
        put(page, _MARGIN, 30 + 24 * len(heading), facts.detail, size=10, color=COLOURS["secondary"])
        for number, (name, colours) in enumerate(panels.items()):
            left = _MARGIN + number * (_SIDE + _BETWEEN)
            put(page, left, top - 12, say(name), size=11, weight="bold")
            extent = (left, left + cell * width, top + cell * height, top)
            page.imshow(colours, extent=extent, aspect="auto", interpolation="nearest", zorder=1)
            frame: dict[str, Any] = {"facecolor": "none", "zorder": 2}
            page.add_patch(
                Rectangle((left, top), cell * width, cell * height, edgecolor=COLOURS["kept"], **frame)
            )
            place = left + cell * facts.column, top + cell * facts.row
            page.add_patch(Rectangle(place, cell, cell, edgecolor=COLOURS["current"], linewidth=2, **frame))
        page.set(xlim=(0, page_width), ylim=(top + cell * height + 30, 0))
        passes = range(1, max(len(facts.guesses), int(facts.waves.max())) + 1)
        table = {
            "pass": [*passes],
            "final": [int((facts.final <= number).sum()) for number in passes],
            "certain": [int((facts.waves <= number).sum()) for number in passes],
        }
        picture.describe(facts.description, table)
    return picture


def _guess_colours(facts: PassesFacts) -> NDArray[np.float64]:
    names = np.array([["paper", "ink"], ["field", "output"]])
    kinds = names[(facts.final > facts.number).astype(int), facts.guess]
    return np.array([[to_rgb(COLOURS[name]) for name in row] for row in kinds])


def _shaded(made_in: NDArray[np.int64], now: int, last: int) -> NDArray[np.float64]:
    shades = [to_rgb(shade) for shade in SHADES]
    steps = (made_in - 1) * len(SHADES) // max(last, 1)
    return np.array(
        [
            [shades[step] if number <= now else (1, 1, 1) for step, number in zip(*row, strict=True)]
            for row in zip(steps, made_in, strict=True)
        ]
    )
