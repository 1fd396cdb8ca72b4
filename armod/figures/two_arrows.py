"""Why one stack of masked layers has a blind spot and two have none: the way to a pixel on the right, step by step."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from matplotlib.axes import Axes
from matplotlib.patches import FancyArrowPatch, Rectangle

from armod.figures.picture import Picture, new_picture
from armod.figures.style import COLOURS
from armod.measures.stacks import Field, Step, one_stack, two_stacks

# Lengths are hundredths of an inch; y points down.
_CELL, _MARGIN, _TOP, _BETWEEN = 44, 24, 124, 90


def two_arrows(depth: int = 4) -> Picture:
    """The fields of both networks after `depth` layers of 3x3 kernels, and the shortest way to one pixel of the flank.

    The table has a row for each pixel that the two stacks see: rows up, columns to the right, and whether one stack sees
    it.

    Raises:
        ValueError: for fewer than 2 layers, which have no blind spot to draw, or more than 6, which do not fit.

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
    with new_picture(width / 100, height / 100) as picture:
        picture.set_label(finding)
        axes = picture.add_axes((0, 0, 1, 1), xlim=(0, width), ylim=(height, 0))
        axes.set_axis_off()
        _text(axes, _MARGIN, 36, finding, size=16, weight="bold")
        left, right = _MARGIN, _MARGIN + side + _BETWEEN
        _draw_field(axes, left, depth, one, blind)
        _draw_field(axes, right, depth, two, frozenset())
        _text(axes, left, 88, "One stack: each step to the right costs a row", size=12, weight="bold")
        _text(axes, right, 88, "Two stacks: one row up, then sideways for nothing", size=12, weight="bold")
        _way(axes, left, depth, [(0, 0), (-1, 1), (-2, 2)], "output")
        _way(axes, left, depth, [(0, 0), (0, -1), (0, -2)], "input")
        _way(axes, right, depth, [(0, 0), (-1, 1), target], "input")
        below = _TOP + _CELL * (depth + 1) + 30
        _note(
            axes,
            left,
            below,
            "blind",
            f"blind spot: {len(blind)} pixel{plural}, {_place(target)} the nearest",
        )
        _note(axes, left, below + 34, "field", f"seen: {len(one)} pixels")
        _note(axes, right, below, "field", f"seen: {len(two)} pixels, blind spot: none")
        _note(axes, right, below + 34, "current", "the pixel being predicted")
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


def _draw_field(axes: Axes, left: float, depth: int, seen: Field, blind: Field) -> None:
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
            axes.add_patch(Rectangle((x + 1.5, y + 1.5), _CELL - 3, _CELL - 3, **style))


def _way(axes: Axes, left: float, depth: int, steps: list[Step], colour: str) -> None:
    """Arrows from middle to middle; each is one layer's step."""
    for begin, end in pairwise(steps):
        (x0, y0), (x1, y1) = (_corner(left, depth, step) for step in (begin, end))
        half = _CELL / 2
        axes.add_patch(
            FancyArrowPatch(
                (x0 + half, y0 + half), (x1 + half, y1 + half),
                arrowstyle="-|>", mutation_scale=15, linewidth=2.4,
                color=COLOURS[colour], shrinkA=3, shrinkB=0, zorder=5,
            )
        )  # fmt: skip


def _note(axes: Axes, x: float, y: float, kind: str, words: str) -> None:
    style = _blind_style() if kind == "blind" else {"facecolor": COLOURS[kind], "edgecolor": "none"}
    axes.add_patch(Rectangle((x, y - 9), 18, 18, **style))
    _text(axes, x + 28, y, words, size=11)


def _blind_style() -> dict[str, Any]:
    return {"facecolor": COLOURS["paper"], "edgecolor": COLOURS["blind"], "hatch": "////", "linewidth": 1.2}


def _corner(left: float, depth: int, step: Step) -> tuple[float, float]:
    return left + _CELL * (step[1] + depth), _TOP + _CELL * (step[0] + depth)


def _place(step: Step) -> str:
    return f"{-step[0]} up and {step[1]} to the right"


def _text(axes: Axes, x: float, y: float, text: str, **style: Any) -> None:
    axes.text(x, y, text, va="center_baseline", **style)
