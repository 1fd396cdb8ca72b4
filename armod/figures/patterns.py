"""Bars of patterns: how probable each combination of a few black and white pixels is, with the pixels beside the bars."""

from __future__ import annotations

import itertools
from collections.abc import Mapping

import numpy as np
from matplotlib.patches import Rectangle
from numpy.typing import ArrayLike

from armod.figures.picture import Picture, new_page
from armod.figures.style import COLOURS
from armod.figures.text import put, put_heading, text_width, wrapped

# Lengths are hundredths of an inch; y points down.
_MARGIN, _PIXEL, _BAR, _WIDTH = 20, 15, 8, 860
_SMALL = 9.5  # points; a phone shows the picture at three quarters of its size
_SERIES_COLOURS = ("input", "output", "hidden")


def pattern_bars(probabilities: Mapping[str, ArrayLike], *, title: str) -> Picture:
    """Draw a row for each of the ``2^D`` patterns, with a bar for each of up to three distributions.

    Args:
        probabilities: an array of shape ``(2,) * D`` for each name; the first one sorts the rows, most probable first.
        title: a sentence.

    Returns:
        The picture, whose table has the patterns and a column of probabilities for each name.

    Raises:
        ValueError: if there are no distributions or more than three, or if their shapes differ.

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
    # the longest bar leaves enough room for the widest numbers beside it
    room = 8 + 100 * max(text_width(text, _SMALL) for text in numbers) + _MARGIN
    scale = (_WIDTH - start - room) / max(map(max, table.values()))
    heading = wrapped(title, (_WIDTH - 2 * _MARGIN) / 100, 14, "bold")
    top = 62 + 24 * len(heading)
    bars = len(series) * (_BAR + 1) - 1
    step = max(_PIXEL, bars) + 8
    with new_page(_WIDTH, top + step * len(patterns) + 16, title) as (picture, page):
        put_heading(page, _MARGIN, 28, heading)
        x = float(start)
        for colour, name in zip(_SERIES_COLOURS, series, strict=False):
            page.add_patch(Rectangle((x, top - 34), 12, 12, color=COLOURS[colour], linewidth=0))
            put(page, x + 18, top - 28, name)
            x += 44 + 100 * text_width(name, 10)
        for row, pattern in enumerate(patterns):
            middle = top + step * (row + 0.5)
            for pixel, value in enumerate(pattern):
                corner = (_MARGIN + pixel * _PIXEL, middle - _PIXEL / 2)
                face, edge = COLOURS["ink" if value else "paper"], COLOURS["hidden"]
                square = Rectangle(corner, _PIXEL, _PIXEL, facecolor=face, edgecolor=edge, linewidth=0.8)
                page.add_patch(square)
            lengths = [scale * column[row] for column in table.values()]
            for number, (colour, length) in enumerate(zip(_SERIES_COLOURS, lengths, strict=False)):
                corner = (start, middle - bars / 2 + (_BAR + 1) * number)
                page.add_patch(Rectangle(corner, length, _BAR, color=COLOURS[colour], linewidth=0))
            end = start + max(lengths)
            put(page, end + 8, middle, numbers[row], size=_SMALL, color=COLOURS["secondary"])
        rows = ", ".join(
            f"{name} {' and '.join(f'{column[row]:.3f}' for column in table.values())}"
            for row, name in enumerate(names)
        )
        picture.describe(
            f"{title}. Bars of the probability of each pattern, {' and '.join(series)}: {rows}.",
            {"pattern": names, **table},
        )
    return picture
