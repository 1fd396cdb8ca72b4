"""Text in figures: how wide it will be, so that a figure can be laid out around it, and how to put it on a page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.font_manager import FontProperties
from matplotlib.textpath import TextPath
from numpy.typing import NDArray

from armod.figures.style import COLOURS, drawing_style


def text_width(text: str, size: float, weight: str = "normal") -> float:
    """Measure the longest line of a text, in inches.

    Args:
        text: one or more lines.
        size: font size in points.
        weight: "normal" or "bold".

    Returns:
        Its width; 0 for an empty text.
    """
    with drawing_style():
        font = FontProperties(weight=weight)
        widths = [
            TextPath((0, 0), line, size=size, prop=font).get_extents().x1
            for line in text.split("\n")
            if line.strip()
        ]
    return max(widths, default=0) / 72


def wrapped(text: str, width: float, size: float, weight: str = "normal") -> list[str]:
    """Break a text into lines; a word that is too long gets a line of its own.

    Args:
        text: words between blanks.
        width: the most that a line may measure, in inches.
        size: font size in points.
        weight: "normal" or "bold".

    Returns:
        The lines.
    """
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if lines[-1] and text_width(longer, size, weight) > width:
            lines.append(word)
        else:
            lines[-1] = longer
    return lines


def spread(heights: NDArray[np.float64], step: float) -> NDArray[np.float64]:
    """Move names up and down until no two overlap, by the smallest moves in the sense of least squares.

    Args:
        heights: where each name would stand, ``(n,)``.
        step: the least distance of two names, in the same unit.

    Returns:
        Where each name stands, ``(n,)``, in the same order.

    >>> spread(np.array([0.0, 1.0, 9.0]), 3).tolist()
    [-1.0, 2.0, 9.0]
    """
    order, distances = np.argsort(heights, kind="stable"), step * np.arange(len(heights))
    moved = np.empty(len(heights))
    # without the distances, the heights only have to rise
    moved[order] = _rising(heights[order] - distances) + distances
    return moved


def _rising(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """The rising sequence that is nearest to `values`, where falling neighbours are replaced by their mean."""
    blocks: list[list[float]] = []
    for value in values:
        blocks.append([value])
        while len(blocks) > 1 and np.mean(blocks[-2]) > np.mean(blocks[-1]):
            blocks[-2:] = [blocks[-2] + blocks[-1]]
    return np.array([np.mean(block) for block in blocks for _ in block])


def put(page: Axes, x: float, y: float, text: str, **style: Any) -> None:
    """Write a text whose middle is at height `y`; `style` goes to matplotlib."""
    page.text(x, y, text, **{"va": "center_baseline", **style})


def put_heading(page: Axes, x: float, y: float, lines: Sequence[str], detail: Sequence[str] = ()) -> None:
    """Write bold lines below each other, 24 units apart, the first at height `y`, and below them small grey ones, 16 apart."""
    for number, line in enumerate(lines):
        put(page, x, y + 24 * number, line, size=14, weight="bold")
    for number, line in enumerate(detail):
        below = y + 24 * len(lines) + 4 + 16 * number
        put(page, x, below, line, size=10, color=COLOURS["secondary"])
