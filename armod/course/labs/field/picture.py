"""Pictures of masked convolutions: what a pixel sees through a stack of them, and the masks over their kernels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from numpy.typing import ArrayLike

from armod.course.labs.dependency.kinds import KINDS, draw_cell, draw_cross
from armod.course.labs.field.facts import FieldFacts, Panel
from armod.course.labs.field.layers import KEPT, LEAKING, MASKED
from armod.figures.picture import Picture, new_picture
from armod.figures.style import COLOURS
from armod.figures.text import text_width, wrapped
from armod.measures.field_table import SIZE

# Lengths are hundredths of an inch; y points down, as rows of an image do.
_CELL, _GAP, _MARGIN, _MASKS = 27, 44, 18, 132
_TAPS = {MASKED: ("masked", "secondary"), KEPT: ("field", "ink"), LEAKING: ("output", "ink")}


def field_figure(*fields: FieldFacts | Panel, title: str | None = None) -> Picture:
    """What the field lab shows, as a still: one panel for each field, its masks at the left.

    Args:
        fields: one to three fields, or channels of an image, from the left.
        title: the title; left out, it is the finding of a single panel. Of several, the findings stand above each one.

    Returns:
        The picture; its table says the kind of each pixel.

    Raises:
        ValueError: if there are not one to three panels, or several without a title.
    """
    if not 1 <= len(fields) <= 3 or (len(fields) > 1 and title is None):
        raise ValueError("The picture takes one to three fields, and for more than one a title.")
    panels = [facts.panel if isinstance(facts, FieldFacts) else facts for facts in fields]
    panel = _MASKS + SIZE * _CELL
    width = 2 * _MARGIN + len(fields) * panel + (len(fields) - 1) * _GAP
    heading = wrapped(title or fields[0].finding, (width - 2 * _MARGIN) / 100, 14, "bold")
    above = 40 if len(fields) > 1 else 0
    top = 22 + 24 * len(heading) + above
    below = top + max(SIZE * _CELL, *(_stack_height(facts) for facts in panels))
    with new_picture(width / 100, (below + 74) / 100) as picture:
        picture.set_label(title or fields[0].finding)
        page = _page(picture, width, below + 74)
        for number, line in enumerate(heading):
            page.text(_MARGIN, 24 * (number + 1), line, size=14, weight="bold", va="center_baseline")
        for number, facts in enumerate(panels):
            left = _MARGIN + number * (panel + _GAP)
            if above:
                for row, line in enumerate(wrapped(facts.finding, panel / 100, 10, "bold")[:2]):
                    page.text(left, top - 36 + 16 * row, line, size=10, weight="bold", va="center_baseline")
            _draw_stack(page, facts, left, top)
            _draw_image(page, facts, left + _MASKS, top)
            _draw_counts(page, facts, left, below + 24, panel)
        if title is None:
            picture.describe(panels[0].description, panels[0].table)
        else:
            words = " ".join(facts.description for facts in panels)
            columns = {f"kind {number}": facts.table["kind"] for number, facts in enumerate(panels, 1)}
            picture.describe(f"{title}. {words}", {**panels[0].table, **columns})
    return picture


def mask_squares(
    masks: Mapping[str, ArrayLike],
    *,
    title: str,
    labels: Sequence[str] | None = None,
    axes: tuple[str, str] = ("reads", "computes"),
) -> Picture:
    """Masks as squares of ones and zeros, side by side; the kernel's centre has an edge of ink.

    Args:
        masks: 0 and 1, or boolean, ``(rows, columns)`` by name.
        title: the title.
        labels: names of rows and columns, such as R, G and B, for masks between features; no square is the centre then.
        axes: with labels, what columns and rows stand for.

    Returns:
        The picture; its table says the weights that each row keeps.

    Raises:
        ValueError: for no mask, one that is not a matrix of zeros and ones, or labels that do not fit.

    >>> print(mask_squares({"mask A": [[1, 1, 1], [1, 0, 0], [0, 0, 0]]}, title="A keeps 4 of 9"))
    A keeps 4 of 9. mask A, row by row: 111, 100, 000.
    """
    squares = {name: np.asarray(mask).astype(int) for name, mask in masks.items()}
    if not squares or any(
        square.ndim != 2 or not np.isin(square, (0, 1)).all() for square in squares.values()
    ):
        raise ValueError("mask_squares draws at least one matrix of zeros and ones.")
    if labels is not None and any(square.shape != (len(labels), len(labels)) for square in squares.values()):
        raise ValueError(f"{len(labels)} labels fit masks of {len(labels)} rows and columns only.")
    cell, gap, side = 40, 56, 62 if labels else 0
    columns = [max(square.shape[1] * cell + side, round(text_width(name, 11, "bold") * 100)) for name, square in squares.items()]  # fmt: skip
    width = max(2 * _MARGIN + sum(columns) + gap * (len(columns) - 1), 520)
    heading = wrapped(title, (width - 2 * _MARGIN) / 100, 14, "bold")
    top = 58 + 24 * len(heading) + (34 if labels else 0)
    height = top + max(len(square) for square in squares.values()) * cell + 18
    with new_picture(width / 100, height / 100) as picture:
        picture.set_label(title)
        page = _page(picture, width, height)
        for number, line in enumerate(heading):
            page.text(_MARGIN, 24 * (number + 1), line, size=14, weight="bold", va="center_baseline")
        x = float(_MARGIN)
        for (name, square), column in zip(squares.items(), columns, strict=True):
            page.text(x, 24 * len(heading) + 34, name, size=11, weight="bold", va="center_baseline")
            _draw_taps(page, square.tolist(), x + side, top, cell, has_centre=labels is None)
            for number, label in enumerate(labels or ()):
                middle = (number + 0.5) * cell
                page.text(x + side - 9, top + middle, label, size=11, ha="right", va="center")
                page.text(x + side + middle, top - 12, label, size=11, ha="center", va="center")
            if labels:
                page.text(x + side, top - 32, f"{axes[0]} →", size=9, color=COLOURS["secondary"], va="center")
                page.text(x, top - 12, f"{axes[1]} ↓", size=9, color=COLOURS["secondary"], va="center")
            x += column + gap
        rows = {name: ["".join(map(str, row)) for row in square] for name, square in squares.items()}
        words = " ".join(f"{name}, row by row: {', '.join(lines)}." for name, lines in rows.items())
        flat = [(name, number, line) for name, lines in rows.items() for number, line in enumerate(lines, 1)]
        names, numbers, lines = (list(column) for column in zip(*flat, strict=True))
        picture.describe(f"{title}. {words}", {"mask": names, "row": numbers, "weights kept": lines})
    return picture


def _page(picture: Picture, width: float, height: float) -> Axes:
    page = picture.add_axes((0, 0, 1, 1), xlim=(0, width), ylim=(height, 0))
    page.set_axis_off()
    return page


def _tap(mask: Sequence[Sequence[int]], number: int) -> int:
    """The side of a mask's squares, one of so many masks."""
    return min(28, 84 // len(mask[0])) if number <= 2 else min(20, 72 // len(mask[0]))


def _stack_height(facts: Panel) -> int:
    return sum(38 + _tap(mask, len(facts.masks)) * len(mask) for _, mask in facts.masks)


def _draw_stack(page: Axes, facts: Panel, left: float, top: float) -> None:
    y = top
    for name, mask in facts.masks:
        tap = _tap(mask, len(facts.masks))
        page.text(left, y + 7, name, size=9.5, weight="bold", va="center_baseline")
        _draw_taps(page, mask, left, y + 20, tap)
        y += 38 + tap * len(mask)


def _draw_taps(
    page: Axes,
    mask: Sequence[Sequence[int]],
    left: float,
    top: float,
    size: float,
    *,
    has_centre: bool = True,
) -> None:
    centre = (len(mask) // 2, len(mask[0]) // 2)
    for (row, column), tap in np.ndenumerate(np.array(mask)):
        fill, ink = _TAPS[int(tap)]
        x, y = left + column * size, top + row * size
        edge: dict[str, Any] = {"edgecolor": COLOURS["paper"], "linewidth": 1.5}
        page.add_patch(Rectangle((x, y), size, size, facecolor=COLOURS[fill], **edge))
        if size >= 17:
            text = "0" if tap == MASKED else "1"
            page.text(x + size / 2, y + size / 2, text, size=0.36 * size, color=COLOURS[ink], ha="center", va="center")  # fmt: skip
    if has_centre:
        x, y = left + centre[1] * size, top + centre[0] * size
        page.add_patch(Rectangle((x, y), size, size, fill=False, edgecolor=COLOURS["ink"], linewidth=1.6))


def _draw_image(page: Axes, facts: Panel, left: float, top: float) -> None:
    for row, column in np.ndindex(SIZE, SIZE):
        place = (left + column * _CELL, top + row * _CELL)
        draw_cell(page, place, _CELL, str(facts.kinds[row, column]))
    if not facts.is_chosen:
        return
    x, y = left + facts.column * _CELL, top + facts.row * _CELL
    page.add_patch(
        Rectangle((x + 1, y + 1), _CELL - 2, _CELL - 2, facecolor=COLOURS["current"], edgecolor=COLOURS["ink"], linewidth=1.8)
    )  # fmt: skip
    if facts.kinds[facts.row, facts.column] == "leak":
        draw_cross(page, x, y, _CELL)


def _draw_counts(page: Axes, facts: Panel, left: float, y: float, width: float) -> None:
    """Each kind beside its count, in two lines at most."""
    x = left
    for kind, name in KINDS.items():
        words = f"{name} {facts.counts[kind]}"
        needed = 24 + text_width(words, 10) * 100 + 16
        if x + needed > left + width + 10:
            x, y = left, y + 24
        draw_cell(page, (x, y - 9), 18, kind)
        page.text(x + 24, y, words, size=10, va="center_baseline", color=COLOURS["ink"])
        x += needed
