"""Curves over one quantity, with a legend, marked points, and a floor that no curve can go below."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike

from armod.figures.numbers import rounded
from armod.figures.picture import Picture, new_picture
from armod.figures.style import COLOURS
from armod.figures.text import text_width, wrapped

LINE_COLOURS = (COLOURS["input"], COLOURS["output"], COLOURS["hidden"], COLOURS["blind"])
_STYLES = ("-", "--", "-.", ":")


def curves(
    x: ArrayLike,
    lines: Mapping[str, ArrayLike],
    *,
    title: str,
    xlabel: str,
    ylabel: str,
    marks: Mapping[str, Sequence[tuple[float, float]]] | None = None,
    floor: tuple[str, float] | None = None,
    ylim: tuple[float, float] | None = None,
    log_x: bool = False,
    log_y: bool = False,
) -> Picture:
    """Draw up to four lines over the same ``x``, with different colours and dashes.

    Args:
        x: positions ``(n,)``.
        lines: heights ``(n,)`` for each name.
        title: a sentence.
        xlabel: what x measures.
        ylabel: what y measures.
        marks: points ``(x, y)`` of some lines, drawn in yellow.
        floor: name and height of a dotted line across.
        ylim: the range of y; lines are cut at its ends.
        log_x: draw x on a logarithmic axis, with a tick at every position.
        log_y: draw y on a logarithmic axis.

    Returns:
        The picture, whose table has x and every line.

    Raises:
        ValueError: if there is no line, more than four, or one whose length is not that of ``x``.

    >>> curves([0, 1], {"rise": [0, 1]}, title="It rises", xlabel="x", ylabel="y").table["rise"]
    [0.0, 1.0]
    """
    places = np.asarray(x, dtype=float)
    heights = {name: np.asarray(y, dtype=float) for name, y in lines.items()}
    if not 1 <= len(heights) <= len(LINE_COLOURS):
        raise ValueError(f"The picture has room for 1 to {len(LINE_COLOURS)} lines; got {len(heights)}.")
    for name, y in heights.items():
        if y.shape != places.shape:
            raise ValueError(f"The line '{name}' has {y.size} points where x has {places.size}.")
    heading = wrapped(title, 8.6, 14, "bold")
    with new_picture(9, 4.1 + 0.26 * len(heading)) as picture:
        height = picture.get_figheight()
        picture.set_label(title)
        for number, text in enumerate(heading):
            picture.text(0.02, 1 - (0.24 + 0.26 * number) / height, text, size=14, weight="bold", va="center")
        top = 1 - (0.26 * len(heading) + 0.32) / height
        names = max(text_width(name, 10) for name in [*heights, floor[0] if floor else ""])
        # the space beside the axes holds a sample of the line, the longest name and a margin
        axes = picture.add_axes((0.09, 0.56 / height, 0.91 - (names + 0.85) / 9, top - 0.6 / height))
        # the scale comes before the limits, because those of a linear axis may reach down to 0
        axes.set_yscale("log" if log_y else "linear")
        for (name, y), colour, style in zip(heights.items(), LINE_COLOURS, _STYLES, strict=False):
            axes.plot(places, y, style, color=colour, linewidth=2, label=name)
            for across, up in (marks or {}).get(name, ()):
                axes.plot(
                    across, up, "o",
                    color=COLOURS["current"], markeredgecolor=COLOURS["ink"], markersize=8, zorder=4,
                )  # fmt: skip
        if floor is not None:
            axes.axhline(floor[1], color=COLOURS["ink"], linewidth=1.2, linestyle=(0, (1, 2)), label=floor[0])
        axes.set(xlabel=xlabel, ylabel=ylabel, xlim=(places.min(), places.max()), ylim=ylim)
        if log_x:
            axes.set_xscale("log")
            axes.set_xticks(places, [f"{place:g}" for place in places])
            axes.minorticks_off()
        axes.legend(loc="center left", bbox_to_anchor=(1.02, 0.5), frameon=False, handlelength=2.4)
        picture.describe(
            _description(title, xlabel, ylabel, places, heights, floor),
            {xlabel: places.tolist(), **{name: y.tolist() for name, y in heights.items()}},
        )
    return picture


def _description(
    title: str,
    xlabel: str,
    ylabel: str,
    places: np.ndarray,
    heights: Mapping[str, np.ndarray],
    floor: tuple[str, float] | None,
) -> str:
    sentences = [
        f"{title}.",
        f"Lines of {ylabel} over {xlabel} from {rounded(places[0])} to {rounded(places[-1])}:",
    ]
    parts = []
    for name, y in heights.items():
        low, high = int(np.nanargmin(y)), int(np.nanargmax(y))
        parts.append(
            f"{name}, lowest {rounded(y[low])} at {rounded(places[low])}, "
            f"highest {rounded(y[high])} at {rounded(places[high])}"
        )
    sentences.append("; ".join(parts) + ".")
    if floor is not None:
        sentences.append(f"A dotted line across, {floor[0]}, at {rounded(floor[1])}.")
    return " ".join(sentences)
