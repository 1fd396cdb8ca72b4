"""Bars of patterns: how probable each combination of a few black and white pixels is, the pixels drawn beside their bars."""

from __future__ import annotations

import itertools
from collections.abc import Mapping

import numpy as np
from matplotlib.patches import Rectangle
from numpy.typing import ArrayLike

from armod.figures.picture import Picture, new_picture
from armod.figures.style import COLOURS
from armod.figures.text import text_width, wrapped

# Lengths are hundredths of an inch; y points down.
_MARGIN, _PIXEL, _BAR, _WIDTH = 20, 15, 8, 860
_SERIES_COLOURS = ("input", "output", "hidden")


def pattern_bars(probabilities: Mapping[str, ArrayLike], *, title: str) -> Picture:
    """A row for each of the ``2^D`` patterns, and in it a bar for each of up to three distributions.

    ``probabilities``: by name, arrays ``(2,) * D``, of which the first sorts the rows, most probable first. The table
    has the patterns and one column of probabilities for each name.

    Raises:
        ValueError: if there is no distribution, more than three, or shapes that differ.

    >>> pattern_bars({"fair": [0.5, 0.5], "bent": [0.1, 0.9]}, title="Coins").table["bent"]
    [0.1, 0.9]
    """
    series = {name: np.asarray(values, dtype=float) for name, values in probabilities.items()}
    shapes = {values.shape for values in series.values()}
    if not 1 <= len(series) <= len(_SERIES_COLOURS) or len(shapes) > 1 or set(next(iter(shapes))) != {2}:
        raise ValueError(
            "Bars of patterns need one to three arrays of one shape (2, 2, ...), one axis for each pixel."
        )
    first = next(iter(series.values()))
    patterns = sorted(itertools.product((0, 1), repeat=first.ndim), key=lambda pattern: -first[pattern])
    start = _MARGIN + first.ndim * _PIXEL + 20
    names = ["".join(map(str, pattern)) for pattern in patterns]
    table = {name: [float(values[pattern]) for pattern in patterns] for name, values in series.items()}
    numbers = ["  ".join(f"{value:.3f}" for value in row) for row in zip(*table.values(), strict=True)]
    # the longest bar leaves room for the widest numbers beside it
    room = 8 + 100 * max(text_width(text, 8) for text in numbers) + _MARGIN
    scale = (_WIDTH - start - room) / max(map(max, table.values()))
    heading = wrapped(title, (_WIDTH - 2 * _MARGIN) / 100, 14, "bold")
    top = 62 + 24 * len(heading)
    bars = len(series) * (_BAR + 1) - 1
    step = max(_PIXEL, bars) + 8
    with new_picture(_WIDTH / 100, (top + step * len(patterns) + 16) / 100) as picture:
        picture.set_label(title)
        page = picture.add_axes((0, 0, 1, 1), xlim=(0, _WIDTH), ylim=(top + step * len(patterns) + 16, 0))
        page.set_axis_off()
        for number, line in enumerate(heading):
            page.text(_MARGIN, 28 + 24 * number, line, size=14, weight="bold", va="center_baseline")
        x = float(start)
        for colour, name in zip(_SERIES_COLOURS, series, strict=False):
            page.add_patch(Rectangle((x, top - 34), 12, 12, color=COLOURS[colour], linewidth=0))
            page.text(x + 18, top - 28, name, va="center_baseline")
            x += 44 + 100 * text_width(name, 10)
        for row, pattern in enumerate(patterns):
            middle = top + step * (row + 0.5)
            for pixel, value in enumerate(pattern):
                corner = (_MARGIN + pixel * _PIXEL, middle - _PIXEL / 2)
                face = COLOURS["ink" if value else "paper"]
                page.add_patch(
                    Rectangle(
                        corner, _PIXEL, _PIXEL, facecolor=face, edgecolor=COLOURS["hidden"], linewidth=0.8
                    )
                )
            lengths = [scale * column[row] for column in table.values()]
            for number, (colour, length) in enumerate(zip(_SERIES_COLOURS, lengths, strict=False)):
                place = (start, middle - bars / 2 + (_BAR + 1) * number)
                page.add_patch(Rectangle(place, length, _BAR, color=COLOURS[colour], linewidth=0))
            page.text(
                start + max(lengths) + 8,
                middle,
                numbers[row],
                size=8,
                color=COLOURS["secondary"],
                va="center_baseline",
            )
        rows = ", ".join(
            f"{name} {' and '.join(f'{column[row]:.3f}' for column in table.values())}"
            for row, name in enumerate(names)
        )
        picture.describe(
            f"{title}. Bars of the probability of each pattern, {' and '.join(series)}: {rows}.",
            {"pattern": names, **table},
        )
    return picture
