"""What one variable is to another, and how that is drawn: in the field lab, and in all labs of a model of one's own."""

from __future__ import annotations

from typing import Any

from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from armod.figures.style import COLOURS

KINDS = {
    "seen": "seen",
    "blind": "blind spot",
    "far": "out of reach",
    "leak": "leak",
    "later": "not generated yet",
}
KINDS_OF_PAIRS = ("dependency/kinds.js", "dependency/kinds.css")  # what pages of the oracle's findings share


def draw_cell(page: Axes, place: tuple[float, float], size: float, kind: str) -> None:
    """Draw a cell of one kind, with a cross over a leak.

    Args:
        page: where lengths are hundredths of an inch and y points down.
        place: its left upper corner.
        size: its side.
        kind: a key of `KINDS`.
    """
    x, y = place
    styles: dict[str, dict[str, Any]] = {
        "seen": {"facecolor": COLOURS["field"], "edgecolor": COLOURS["paper"]},
        "blind": {"facecolor": "#FBEAF2", "edgecolor": COLOURS["blind"], "hatch": "////", "linewidth": 0.8},
        "far": {"facecolor": COLOURS["paper"], "edgecolor": COLOURS["kept"], "linewidth": 0.7},
        "leak": {"facecolor": COLOURS["output"], "edgecolor": COLOURS["paper"]},
        "later": {"facecolor": COLOURS["masked"], "edgecolor": COLOURS["paper"]},
    }
    page.add_patch(Rectangle((x + 1, y + 1), size - 2, size - 2, **styles[kind]))
    if kind == "leak":
        draw_cross(page, x, y, size)


def draw_cross(page: Axes, x: float, y: float, size: float) -> None:
    """Draw the cross of a leak in a cell.

    Args:
        page: as in `draw_cell`.
        x: left end of the cell.
        y: upper end of the cell.
        size: its side.
    """
    low, high = 0.3 * size, 0.7 * size
    for ends in ((low, high), (high, low)):
        page.plot([x + low, x + high], [y + ends[0], y + ends[1]], color=COLOURS["ink"], linewidth=1.8)
