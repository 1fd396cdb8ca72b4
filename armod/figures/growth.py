"""Curves of growth: what a few ways of modelling cost, against the number of variables, both on logarithmic axes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from armod.figures.picture import Picture, new_picture
from armod.figures.style import COLOURS
from armod.figures.text import wrapped

_COLOURS = ("blind", "output", "input", "hidden")
_MARKERS = ("s", "o", "^", "D")


def growth_curves(
    numbers: Sequence[int],
    costs: Mapping[str, Sequence[float]],
    *,
    title: str,
    x_label: str = "variables D",
    y_label: str,
    most: float | None = None,
) -> Picture:
    """One curve a name, labelled at its end; points above `most` are left out of the drawing, never out of the table.

    ``numbers``: of variables, increasing. ``costs``: by name, one above 0 for each of them.

    Raises:
        ValueError: if there are no curves, more than four, a curve of another length, or a cost that is not above 0.

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
        axes = picture.add_axes((0.1, 0.62 / height, 0.62, 3.45 / height), xscale="log", yscale="log")
        axes.set_xticks(numbers, map(str, numbers))
        axes.minorticks_off()
        axes.set(xlabel=x_label, ylabel=y_label)
        axes.grid(color=COLOURS["masked"])
        for colour, marker, (name, curve) in zip(_COLOURS, _MARKERS, costs.items(), strict=False):
            shown = [(x, y) for x, y in zip(numbers, curve, strict=True) if most is None or y <= most]
            axes.plot(
                *zip(*shown, strict=True), color=COLOURS[colour], marker=marker, linewidth=2, markersize=5
            )
            # A curve that leaves the drawing early is named above its last point, where it crosses no other.
            is_cut = len(shown) < len(numbers)
            place, side = ((0, 12), "center") if is_cut else ((9, 0), "left")
            axes.annotate(
                name, shown[-1], place, textcoords="offset points", va="center", ha=side, weight="bold",
                annotation_clip=False,
            )  # fmt: skip
        ends = "; ".join(f"{name} from {curve[0]:,.4g} to {curve[-1]:,.4g}" for name, curve in costs.items())
        picture.describe(
            f"{title}. Curves of {y_label} against {x_label} from {numbers[0]} to {numbers[-1]}, both axes logarithmic: "
            f"{ends}.",
            {x_label: list(numbers), **{name: list(map(float, curve)) for name, curve in costs.items()}},
        )
    return picture
