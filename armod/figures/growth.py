"""Curves of growth: the cost of a few ways of modelling over the number of variables, on logarithmic axes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from armod.figures.numbers import rounded
from armod.figures.picture import Picture, new_picture
from armod.figures.style import COLOURS
from armod.figures.text import spread, wrapped

_COLOURS = ("blind", "output", "input", "hidden")
_MARKERS = ("s", "o", "^", "D")
_LINE = 13  # points from one name to the next


def growth_curves(
    numbers: Sequence[int],
    costs: Mapping[str, Sequence[float]],
    *,
    title: str,
    x_label: str = "variables D",
    y_label: str,
    most: float | None = None,
    log_x: bool = True,
) -> Picture:
    """Draw up to four curves, each with its name at its end.

    Args:
        numbers: numbers of variables, increasing.
        costs: for each name one cost above 0 for every number of variables.
        title: a sentence.
        x_label: what `numbers` count.
        y_label: what `costs` measure.
        most: costs above this are not drawn; the table still has them.
        log_x: whether the numbers stand on a logarithmic axis, as the costs do; if not, a straight line is exponential growth.

    Returns:
        The picture, whose table has the numbers and every curve.

    Raises:
        ValueError: if there are no curves or more than four, if a curve has another length, or if a cost is not above 0.

    >>> growth_curves([2, 4], {"table": [3, 15]}, title="A table grows fast", y_label="numbers").table["table"]
    [3.0, 15.0]
    """
    if not 1 <= len(costs) <= len(_COLOURS) or any(len(curve) != len(numbers) for curve in costs.values()):
        raise ValueError("Growth needs one to four curves, each with one cost for every number of variables.")
    if min(min(curve) for curve in costs.values()) <= 0:
        raise ValueError("A logarithmic axis has no place for 0: give costs above 0 only.")
    heading = wrapped(title, 8.2, 14, "bold")
    with new_picture(8.6, 4.4 + 0.24 * len(heading)) as picture:
        picture.set_label(title)
        height = picture.get_figheight()
        for number, line in enumerate(heading):
            picture.text(0.02, 1 - (0.28 + 0.24 * number) / height, line, size=14, weight="bold", va="center")
        axes = picture.add_axes((0.1, 0.62 / height, 0.62, 3.45 / height), yscale="log")
        axes.set_xscale("log" if log_x else "linear")
        axes.set_xticks(numbers, map(str, numbers))
        axes.minorticks_off()
        axes.set(xlabel=x_label, ylabel=y_label)
        axes.grid(color=COLOURS["masked"])
        last: dict[str, tuple[float, float]] = {}
        for colour, marker, (name, curve) in zip(_COLOURS, _MARKERS, costs.items(), strict=False):
            shown = [(x, y) for x, y in zip(numbers, curve, strict=True) if most is None or y <= most]
            axes.plot(
                *zip(*shown, strict=True), color=COLOURS[colour], marker=marker, linewidth=2, markersize=5
            )
            last[name] = shown[-1]
        whole = {name: end for name, end in last.items() if end[0] == numbers[-1]}
        for name, shift in _shifts(axes, whole, picture.dpi).items():
            _annotate(axes, name, last.pop(name), (9, shift), "left")
        # A curve that leaves the drawing early has its name above its last point, where no other curve is.
        for name, end in last.items():
            _annotate(axes, name, end, (0, 12), "center")
        ends = "; ".join(
            f"{name} from {rounded(curve[0], 4)} to {rounded(curve[-1], 4)}" for name, curve in costs.items()
        )
        picture.describe(
            f"{title}. Curves of {y_label} against {x_label} from {numbers[0]} to {numbers[-1]}, "
            f"{'both axes' if log_x else 'the axis of the curves'} logarithmic: "
            f"{ends}.",
            {x_label: list(numbers), **{name: list(map(float, curve)) for name, curve in costs.items()}},
        )
    return picture


def _shifts(axes: Axes, ends: Mapping[str, tuple[float, float]], dots_per_inch: float) -> dict[str, float]:
    """How many points each name moves up from the end of its curve, so that no two names overlap."""
    axes.autoscale_view()
    dots = axes.transData.transform(list(ends.values()))[:, 1] if ends else np.empty(0)
    heights = dots * 72 / dots_per_inch
    moved = spread(heights, _LINE)
    return dict(zip(ends, (moved - heights).tolist(), strict=True))


def _annotate(axes: Axes, name: str, end: tuple[float, float], shift: tuple[float, float], side: str) -> None:
    style: dict[str, Any] = {"va": "center", "ha": side, "weight": "bold", "annotation_clip": False}
    axes.annotate(name, end, shift, textcoords="offset points", **style)
