"""The picture of the paint lab: a digit with its hole, and completions beside it."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.colors import to_rgb
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

from armod.course.labs.paint.facts import PaintFacts, say
from armod.figures.picture import Picture, new_page
from armod.figures.style import COLOURS
from armod.figures.text import put, put_heading, wrapped

_MARGIN, _SIDE, _SMALL, _BETWEEN = 20, 252, 112, 28  # hundredths of an inch


def paint_figure(facts: PaintFacts) -> Picture:
    """The digit on the left, completions on the right.

    Args:
        facts: what is to be seen.

    Returns:
        The picture; its table holds what the true pixels cost by each method.
    """
    digit, hole = facts.digits[facts.digit], facts.holes[facts.hole]
    per_row = -(-len(facts.shown) // 2)
    width = 2 * _MARGIN + _SIDE + per_row * (_SMALL + _BETWEEN)
    heading = wrapped(facts.finding, (width - 2 * _MARGIN) / 100, 14, "bold")
    lines = wrapped(facts.detail, (width - 2 * _MARGIN) / 100, 10)
    top = 56 + 24 * len(heading) + 16 * len(lines)
    height = top + _SIDE + 24
    with new_page(width, height, facts.finding) as (picture, page):
        put_heading(page, _MARGIN, 26, heading, lines)

        def show(left: float, at: float, side: float, image: NDArray[Any]) -> None:
            extent = (left, left + side, at + side, at)
            page.imshow(image, extent=extent, aspect="auto", interpolation="nearest", zorder=1)
            page.add_patch(
                Rectangle((left, at), side, side, edgecolor=COLOURS["kept"], facecolor="none", zorder=2)
            )

        put(page, _MARGIN, top - 12, say("digit"), size=11, weight="bold")
        show(_MARGIN, top, _SIDE, painted(digit & ~hole, hole))
        for number, completion in enumerate(facts.shown):
            row, column = divmod(number, per_row)
            left = _MARGIN + _SIDE + _BETWEEN + column * (_SMALL + _BETWEEN)
            at = top + row * (_SMALL + _BETWEEN)
            put(page, left, at - 10, say("completion", number=number + 1), size=9)
            show(left, at, _SMALL, painted(completion & ~hole, np.zeros_like(hole), completion & hole))
        page.set(xlim=(0, width), ylim=(height, 0))
        costs = [round(each, 1) for each in facts.costs]
        picture.describe(facts.description, {"method": facts.methods, "nats of the truth": costs})
    return picture


def painted(
    ink: NDArray[np.bool_], hole: NDArray[np.bool_], drawn: NDArray[np.bool_] | None = None
) -> NDArray[np.float64]:
    """Colours of pixels, ``(H, W, 3)``: known ink, a hole, and ink that was drawn."""
    image = np.ones((*ink.shape, 3))
    image[hole] = to_rgb(COLOURS["current"])
    image[ink] = to_rgb(COLOURS["ink"])
    if drawn is not None:
        image[drawn] = to_rgb(COLOURS["output"])
    return image
