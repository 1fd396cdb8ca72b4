"""Why one stack of masked layers has a blind spot and two stacks have none: the steps to a pixel on the right."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from matplotlib.axes import Axes
from matplotlib.patches import FancyArrowPatch, Rectangle

from armod.figures.picture import Picture, new_page
from armod.figures.style import COLOURS
from armod.figures.text import put
from armod.measures.stacks import Field, Step, one_stack, two_stacks

# Lengths are hundredths of an inch; y points down.
_CELL, _MARGIN, _TOP, _BETWEEN = 44, 24, 124, 90


def two_arrows(depth: int = 4) -> Picture:
    """Draw the fields of one stack and of two, with the shortest way to one pixel at the side.

    Args:
        depth: number of layers of 3x3 kernels, from 2 to 6. A single layer has no blind spot, and more than 6 do not fit.

    Returns:
        The picture. Its table has a row for each pixel that two stacks see: rows up, columns to the right, and whether one
        stack sees it.

    Raises:
        ValueError: if `depth` is not in 2..6.

    >>> print(two_arrows(4).get_label())
    4 masked 3×3 layers never look at 6 earlier pixels. Two stacks see all 6.
    """
    if not 2 <= depth <= 6:
        raise ValueError(f"The picture shows 2 to 6 layers, not {depth}.")
    one, two = one_stack(depth), two_stacks(depth)
    blind = two - one
    target = (-1, 2)
    columns = 2 * depth + 1
    side, height = _CELL * columns, _TOP + _CELL * (depth + 1) + 96
    width = 2 * (_MARGIN + side) + _BETWEEN
    plural = "s" if len(blind) > 1 else ""
    finding = f"{depth} masked 3×3 layers never look at {len(blind)} earlier pixel{plural}. Two stacks see all {len(blind)}."
    with new_page(width, height, finding) as (picture, page):
        put(page, _MARGIN, 36, finding, size=16, weight="bold")
        left, right = _MARGIN, _MARGIN + side + _BETWEEN
        _draw_field(page, left, depth, one, blind)
        _draw_field(page, right, depth, two, frozenset())
        put(page, left, 88, "One stack: each step to the right costs a row", size=12, weight="bold")
        put(page, right, 88, "Two stacks: one row up, then sideways for free", size=12, weight="bold")
        _way(page, left, depth, [(0, 0), (-1, 1), (-2, 2)], "output")
        _way(page, left, depth, [(0, 0), (0, -1), (0, -2)], "input")
        _way(page, right, depth, [(0, 0), (-1, 1), target], "input")
        below = _TOP + _CELL * (depth + 1) + 30
        nearest = f"blind spot: {len(blind)} pixel{plural}, {_place(target)} the nearest"
        _note(page, left, below, "blind", nearest)
        _note(page, left, below + 34, "field", f"seen: {len(one)} pixels")
        _note(page, right, below, "field", f"seen: {len(two)} pixels, blind spot: none")
        _note(page, right, below + 34, "current", "the pixel being predicted")
        picture.describe(
            f"{finding} Two grids of pixels. On the left, arrows of one stack go from the predicted pixel one step up and to "
            f"the right at a time, so that {len(blind)} hatched pixels below that diagonal are never met; arrows to the "
            "left stay in the row. On the right, the vertical stack's arrows go one row up and then along that row, and no "
            "pixel is hatched.",
            {
                "rows up": [-rows for rows, _ in sorted(two)],
                "columns to the right": [columns for _, columns in sorted(two)],
                "seen by one stack": [step in one for step in sorted(two)],
            },
        )
    return picture


def _draw_field(page: Axes, left: float, depth: int, seen: Field, blind: Field) -> None:
    for row in range(-depth, 1):
        for column in range(-depth, depth + 1):
            step = (row, column)
            x, y = _corner(left, depth, step)
            style: dict[str, Any] = {"facecolor": COLOURS["masked"], "edgecolor": "none"}
            if step == (0, 0):
                style = {"facecolor": COLOURS["current"], "edgecolor": COLOURS["ink"], "linewidth": 2}
            elif step in blind:
                style = _blind_style()
            elif step in seen:
                style["facecolor"] = COLOURS["field"]
            page.add_patch(Rectangle((x + 1.5, y + 1.5), _CELL - 3, _CELL - 3, **style))


def _way(page: Axes, left: float, depth: int, steps: list[Step], colour: str) -> None:
    """Draw arrows from pixel to pixel; each is the step of one layer."""
    for begin, end in pairwise(steps):
        (x0, y0), (x1, y1) = (_corner(left, depth, step) for step in (begin, end))
        half = _CELL / 2
        page.add_patch(
            FancyArrowPatch(
                (x0 + half, y0 + half), (x1 + half, y1 + half),
                arrowstyle="-|>", mutation_scale=15, linewidth=2.4,
                color=COLOURS[colour], shrinkA=3, shrinkB=0, zorder=5,
            )
        )  # fmt: skip


def _note(page: Axes, x: float, y: float, kind: str, words: str) -> None:
    style = _blind_style() if kind == "blind" else {"facecolor": COLOURS[kind], "edgecolor": "none"}
    page.add_patch(Rectangle((x, y - 9), 18, 18, **style))
    put(page, x + 28, y, words, size=11)


def _blind_style() -> dict[str, Any]:
    return {"facecolor": COLOURS["paper"], "edgecolor": COLOURS["blind"], "hatch": "////", "linewidth": 1.2}


def _corner(left: float, depth: int, step: Step) -> tuple[float, float]:
    return left + _CELL * (step[1] + depth), _TOP + _CELL * (step[0] + depth)


def _place(step: Step) -> str:
    return f"{-step[0]} up and {step[1]} to the right"
