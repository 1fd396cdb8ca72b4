"""The picture of the lab: the variables about a chosen one, and the matrix of all pairs."""

from __future__ import annotations

import textwrap
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.patches import Rectangle

from armod.course.labs.dependency.facts import DependencyFacts
from armod.course.labs.dependency.kinds import KINDS, draw_cell
from armod.figures.picture import Picture, new_page
from armod.figures.style import COLOURS
from armod.figures.text import put, put_heading, wrapped

_WIDTH, _MARGIN, _SIDE = 900, 20, 380  # hundredths of an inch
_COLOURS = [COLOURS[name] for name in ("field", "blind", "paper", "output", "masked")]
_LINE = 16  # variables of a sequence in a line


def dependency_figure(facts: DependencyFacts) -> Picture:
    """Draw what one variable sees, beside the matrix of who sees whom.

    Args:
        facts: what is to be seen.

    Returns:
        The picture; its table says what each variable is to the chosen one.
    """
    channels, height, width = facts.found.shape
    # in lines of 16 a sequence is as easy to read as an image
    columns = min(width, _LINE) if height == 1 else width
    lines = -(-width // columns) if height == 1 else height
    cell = min(46, _SIDE / (channels * columns + channels - 1), _SIDE / lines)
    heading = wrapped(facts.finding, (_WIDTH - 2 * _MARGIN) / 100, 14, "bold")
    # by letters: to measure each word would take longer than all else
    words = textwrap.wrap(f"{facts.detail} {facts.found.sentence}", 115)
    top = 60 + 24 * len(heading) + 16 * len(words)
    below = top + max(cell * lines, _SIDE)
    with new_page(_WIDTH, below + 70, facts.finding) as (picture, page):
        put_heading(page, _MARGIN, 26, heading, words)
        put(page, _MARGIN, top - 14, "what the chosen one sees", size=10, weight="bold")
        for variable, kind in enumerate(facts.found.kinds[facts.chosen]):
            channel, pixel = divmod(variable, height * width)
            row, column = divmod(pixel, columns)
            place = (_MARGIN + (channel * (columns + 1) + column) * cell, top + row * cell)
            draw_cell(page, place, cell, list(KINDS)[kind])
            if variable == facts.chosen:
                edge: dict[str, Any] = {"edgecolor": COLOURS["ink"], "linewidth": 2}
                face: dict[str, Any] = (
                    {"fill": False}
                    if kind == list(KINDS).index("leak")
                    else {"facecolor": COLOURS["current"]}
                )
                page.add_patch(
                    Rectangle((place[0] + 1, place[1] + 1), cell - 2, cell - 2, **face, **edge, zorder=3)
                )
        _draw_matrix(page, facts, _WIDTH - _MARGIN - _SIDE, top)
        _draw_legend(page, facts, below + 42)
        picture.describe(facts.description, facts.table)
    return picture


def _draw_matrix(page: Axes, facts: DependencyFacts, left: float, top: float) -> None:
    kinds = facts.found.kinds
    pixels = np.array([to_rgb(colour) for colour in _COLOURS])[kinds]
    cell = _SIDE / len(kinds)
    page.imshow(pixels, extent=(left, left + _SIDE, top + _SIDE, top), interpolation="nearest", aspect="auto")
    page.add_patch(Rectangle((left, top), _SIDE, _SIDE, fill=False, edgecolor=COLOURS["kept"], linewidth=0.8))
    page.add_patch(
        Rectangle(
            (left, top + facts.chosen * cell),
            _SIDE,
            cell,
            fill=False,
            edgecolor=COLOURS["ink"],
            linewidth=1.6,
        )
    )
    put(page, left, top - 14, "who sees whom", size=10, weight="bold")
    put(
        page, left + _SIDE / 2, top + _SIDE + 14, "inputs →", size=10, ha="center", color=COLOURS["secondary"]
    )
    page.text(
        left - 14, top + _SIDE / 2, "← conditionals", size=10, rotation=90, ha="center", va="center",
        color=COLOURS["secondary"],
    )  # fmt: skip


def _draw_legend(page: Axes, facts: DependencyFacts, y: float) -> None:
    x = float(_MARGIN)
    names = facts.found.names()
    for kind, count in facts.counts.items():
        draw_cell(page, (x, y - 9), 18, kind)
        put(page, x + 24, y, f"{names[kind]} {count}", size=10)
        x += 170
