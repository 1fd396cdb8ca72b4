"""Curves over one quantity, each with its name at its end, marked points, and a floor that no curve can go below."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator
from numpy.typing import ArrayLike

from armod.figures.numbers import rounded
from armod.figures.picture import Picture, new_picture
from armod.figures.style import COLOURS
from armod.figures.text import spread, text_width, wrapped

LINE_COLOURS = (COLOURS["input"], COLOURS["output"], COLOURS["hidden"], COLOURS["blind"])
_STYLES = ("-", "--", "-.", ":")
_LINE = 14  # points from one name to the next


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
    """Draw up to four lines over the same ``x``, with different colours and dashes, each with its name at its end.

    What lies beyond ``ylim`` has a triangle at that edge.

    Args:
        x: positions ``(n,)``.
        lines: heights ``(n,)`` for each name.
        title: a sentence.
        xlabel: what x measures.
        ylabel: what y measures.
        marks: points ``(x, y)`` of some lines, drawn in yellow.
        floor: name and height of a dotted line across.
        ylim: the range of y.
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
        axes.set(xlabel=xlabel, ylabel=ylabel, ylim=ylim)
        if len(places) > 1:
            axes.set_xlim(places.min(), places.max())
        if log_x:
            axes.set_xscale("log")
            axes.set_xticks(places, [f"{place:g}" for place in places])
            axes.minorticks_off()
        elif (places == places.round()).all():  # there is no half epoch
            axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        beyond = _mark_beyond(axes, places, heights)
        _name(axes, heights, floor, picture.dpi)
        picture.describe(
            _description(title, xlabel, ylabel, places, heights, floor) + beyond,
            {xlabel: places.tolist(), **{name: y.tolist() for name, y in heights.items()}},
        )
    return picture


def _mark_beyond(axes: Axes, places: np.ndarray, heights: Mapping[str, np.ndarray]) -> str:
    """Put triangles where values lie beyond the axis, and say how many do."""
    low, high = axes.get_ylim()
    number = 0
    for y, colour in zip(heights.values(), LINE_COLOURS, strict=False):
        for marker, edge, is_beyond in (("^", high, y > high), ("v", low, y < low)):
            axes.plot(
                places[is_beyond],
                np.full(is_beyond.sum(), edge),
                marker,
                color=colour,
                clip_on=False,
                markersize=6,
            )
            number += int(is_beyond.sum())
    axes.set_ylim(low, high)
    return (
        f" {number} value{'s lie' if number > 1 else ' lies'} beyond the axis, marked by a triangle."
        if number
        else ""
    )


def _name(
    axes: Axes,
    heights: Mapping[str, np.ndarray],
    floor: tuple[str, float] | None,
    dots_per_inch: float,
) -> None:
    """Write each name beside the end of its line, behind a sample of the line; crowded names move apart."""
    ends = {name: y[np.isfinite(y)][-1] if np.isfinite(y).any() else np.nan for name, y in heights.items()}
    ends |= {floor[0]: floor[1]} if floor else {}
    own = list(zip(_STYLES, LINE_COLOURS, strict=True))[: len(heights)]
    samples = [*own, ((0, (1, 2)), COLOURS["ink"])]
    box, low_high = axes.get_window_extent(), axes.get_ylim()
    inside = np.clip(np.nan_to_num(list(ends.values())), *low_high)
    dots = axes.transData.transform(np.stack([np.full(len(inside), axes.get_xlim()[1]), inside], axis=1))[
        :, 1
    ]
    # beside the axes, and not among the numbers below them
    rank, step = np.argsort(np.argsort(dots, kind="stable")), _LINE * dots_per_inch / 72
    bounds = box.y0 + rank * step, box.y1 - (len(dots) - 1 - rank) * step
    places = (np.clip(spread(dots, step), *bounds) - box.y0) / box.height
    for name, place, (style, colour) in zip(ends, places, samples, strict=False):
        axes.plot(
            [1.02, 1.065], [place] * 2, linestyle=style, color=colour, linewidth=2,
            transform=axes.transAxes, clip_on=False,
        )  # fmt: skip
        axes.text(1.08, place, name, size=10, va="center_baseline", transform=axes.transAxes)


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
