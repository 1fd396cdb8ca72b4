"""Fields side by side: what the conditional of one pixel reacts to, in one small image for each network."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from torch import Tensor

from armod.figures.picture import Picture, new_page
from armod.figures.style import COLOURS
from armod.figures.text import put, put_heading, wrapped

# Lengths are hundredths of an inch; y points down.
_SIDE, _MARGIN, _BETWEEN, _LINE = 250, 24, 40, 19
_LEGEND = {
    "current": "the pixel being predicted",
    "field": "seen",
    "blind": "earlier and near enough, yet not seen",
    "output": "seen, though not yet drawn: a leak",
}


def field_panels(
    fields: Mapping[str, Tensor], pixel: tuple[int, int], *, title: str, extent: int | None = None
) -> Picture:
    """Draw what one pixel sees in each of several networks; unseen earlier pixels are hatched, and leaks are orange.

    Args:
        fields: a boolean image ``(H, W)`` for each name, such as a row of `armod.dependency_matrix`; all of one size.
        pixel: row and column of the pixel whose conditional it is.
        title: a sentence.
        extent: earlier pixels more than this many rows or columns away do not count as unseen; None counts all.

    Returns:
        The picture, whose table counts the seen pixels, the unseen earlier pixels and the leaks of each network.

    Raises:
        ValueError: if there is no field, or if the fields have different sizes.

    >>> import torch
    >>> picture = field_panels({"left": torch.tensor([[True, False, False]])}, (0, 1), title="It sees its left neighbour")
    >>> picture.table["seen"], picture.table["unseen"], picture.table["leaks"]
    ([1], [0], [0])
    """
    if len({tuple(field.shape) for field in fields.values()}) != 1:
        raise ValueError("field_panels needs at least one field, and all of one size (H, W).")
    kinds = {name: _kinds(field, pixel, extent) for name, field in fields.items()}
    counts = {
        kind: [sum(row.count(kind) for row in kinds[name]) for name in fields]
        for kind in ("field", "blind", "output")
    }
    width = max(620, 2 * _MARGIN + len(fields) * _SIDE + (len(fields) - 1) * _BETWEEN)
    heading = wrapped(title, (width - 2 * _MARGIN) / 100, 14, "bold")
    names = {name: wrapped(name, _SIDE / 100, 11, "bold") for name in fields}
    top = 30 + 24 * len(heading) + _LINE * max(map(len, names.values()))
    shown = [kind for kind in _LEGEND if kind == "current" or any(counts[kind])]
    height = top + _SIDE + 44 + 26 * len(shown)
    with new_page(width, height, title) as (picture, page):
        put_heading(page, _MARGIN, 26, heading)
        for number, name in enumerate(fields):
            left = _MARGIN + number * (_SIDE + _BETWEEN)
            for row, line in enumerate(names[name]):
                y = top - 14 - _LINE * (len(names[name]) - 1 - row)
                put(page, left, y, line, size=11, weight="bold")
            _draw(page, kinds[name], pixel, left, top)
            put(page, left, top + _SIDE + 16, _in_words(counts, number), size=10, color=COLOURS["secondary"])
        for number, kind in enumerate(shown):
            y = top + _SIDE + 46 + 26 * number
            page.add_patch(Rectangle((_MARGIN, y - 9), 18, 18, **_style(kind)))
            put(page, _MARGIN + 28, y, _LEGEND[kind], size=10.5)
        found = "; ".join(f"{name}: {_in_words(counts, number)}" for number, name in enumerate(fields))
        picture.describe(
            f"{title}. Grids of pixels around the one in row {pixel[0] + 1}, column {pixel[1] + 1}. {found}.",
            {
                "network": list(fields),
                "seen": counts["field"],
                "unseen": counts["blind"],
                "leaks": counts["output"],
            },
        )
    return picture


def _kinds(field: Tensor, pixel: tuple[int, int], extent: int | None) -> list[list[str]]:
    """The name of the colour of each pixel."""

    def kind(row: int, column: int) -> str:
        is_earlier = (row, column) < pixel
        if (row, column) == pixel and not field[pixel]:
            return "current"
        if field[row, column]:
            return "field" if is_earlier else "output"
        is_near = extent is None or max(abs(row - pixel[0]), abs(column - pixel[1])) <= extent
        return "blind" if is_earlier and is_near else "masked"

    height, width = field.shape
    return [[kind(row, column) for column in range(width)] for row in range(height)]


def _draw(page: Axes, kinds: list[list[str]], pixel: tuple[int, int], left: float, top: float) -> None:
    cell = _SIDE / max(len(kinds), len(kinds[0]))
    for row, line in enumerate(kinds):
        for column, kind in enumerate(line):
            corner = left + column * cell + 1, top + row * cell + 1
            style = _style(kind)
            if (row, column) == pixel:  # it is framed even if it leaks to itself
                style = {"facecolor": style["facecolor"], "edgecolor": COLOURS["ink"], "linewidth": 1.6}
            page.add_patch(Rectangle(corner, cell - 2, cell - 2, **style))


def _style(kind: str) -> dict[str, Any]:
    if kind == "blind":
        return {"facecolor": COLOURS["paper"], "edgecolor": COLOURS["blind"], "hatch": "////", "linewidth": 1}
    if kind == "current":
        return {"facecolor": COLOURS["current"], "edgecolor": COLOURS["ink"], "linewidth": 1.6}
    return {"facecolor": COLOURS[kind], "edgecolor": "none"}


def _in_words(counts: Mapping[str, list[int]], number: int) -> str:
    seen, unseen, leaks = (counts[kind][number] for kind in ("field", "blind", "output"))
    words = [f"{seen} seen", f"{unseen} unseen"] + ([f"{leaks} leaked"] if leaks else [])
    return ", ".join(words)
