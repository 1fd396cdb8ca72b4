"""Which channel of a pixel depends on which other: the oracle's matrix for pixels of red, green and blue."""

from __future__ import annotations

from collections.abc import Mapping

from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from torch import Tensor

from armod.figures.picture import Picture, new_page
from armod.figures.style import COLOURS
from armod.figures.text import put, put_heading, wrapped

CHANNELS = ("R", "G", "B")

# Lengths are hundredths of an inch; y points down.
_CELL, _MARGIN, _LABELS, _BETWEEN = 42, 24, 40, 70


def channel_panels(matrices: Mapping[str, Tensor], *, title: str) -> Picture:
    """Draw a square for each pair of variables, blue where the row's conditional depends on the column's variable.

    Dependences within a pixel are dark blue; dependences on earlier pixels are light blue.

    Args:
        matrices: a boolean tensor ``(D, D)`` for each name, in the order of generation (R, G, B of the first pixel, of the
            second, ...).
        title: a sentence.

    Returns:
        The picture, whose table counts the dependences of each network within pixels and on earlier pixels.

    Raises:
        ValueError: if there is no matrix, or if D is not a multiple of three.

    >>> import torch
    >>> chain = torch.ones(6, 6).tril(-1).bool()
    >>> channel_panels({"chain": chain}, title="Each sees all before it").table["within a pixel"]
    [6]
    """
    num_variables = max(map(len, matrices.values()), default=0)
    expected = (num_variables, num_variables)
    if (
        num_variables == 0
        or num_variables % 3
        or any(matrix.shape != expected for matrix in matrices.values())
    ):
        raise ValueError("channel_panels needs matrices (D, D) of one size, D a multiple of 3.")
    side = _CELL * num_variables
    within = {name: _within(matrix) for name, matrix in matrices.items()}
    among = {name: int(matrix.sum()) - within[name] for name, matrix in matrices.items()}
    width = 2 * _MARGIN + len(matrices) * (side + _LABELS) + (len(matrices) - 1) * _BETWEEN
    heading = wrapped(title, (width - 2 * _MARGIN) / 100, 14, "bold")
    top = 62 + 24 * len(heading) + 28
    with new_page(width, top + side + 84, title) as (picture, page):
        put_heading(page, _MARGIN, 26, heading)
        for number, (name, matrix) in enumerate(matrices.items()):
            left = _MARGIN + _LABELS + number * (side + _LABELS + _BETWEEN)
            put(page, left - _LABELS, top - 56, name, size=11, weight="bold")
            _draw(page, matrix, left, top)
        for number, (kind, words) in enumerate(
            (("input", "depends on a channel of the same pixel"), ("field", "depends on an earlier pixel"))
        ):
            y = top + side + 30 + 28 * number
            page.add_patch(Rectangle((_MARGIN, y - 9), 18, 18, color=COLOURS[kind], linewidth=0))
            put(page, _MARGIN + 28, y, words, size=10.5)
        found = "; ".join(
            f"{name}: {within[name]} dependences within a pixel, {among[name]} on earlier pixels"
            for name in matrices
        )
        picture.describe(
            f"{title}. Matrices of the variables R, G and B of {num_variables // 3} pixels. {found}.",
            {
                "network": list(matrices),
                "within a pixel": list(within.values()),
                "on earlier pixels": list(among.values()),
            },
        )
    return picture


def _draw(page: Axes, matrix: Tensor, left: float, top: float) -> None:
    for i in range(len(matrix)):
        label = f"{CHANNELS[i % 3]}{i // 3 + 1}".translate(str.maketrans("123456789", "₁₂₃₄₅₆₇₈₉"))
        middle = _CELL * (i + 0.5)
        put(page, left - 12, top + middle, label, size=11, ha="right")
        put(page, left + middle, top - 20, label, size=11, ha="center")
        for j in range(len(matrix)):
            colour = "masked" if not matrix[i, j] else ("input" if i // 3 == j // 3 else "field")
            corner = left + _CELL * j + 1, top + _CELL * i + 1
            page.add_patch(Rectangle(corner, _CELL - 2, _CELL - 2, color=COLOURS[colour], linewidth=0))


def _within(matrix: Tensor) -> int:
    return sum(int(block.sum()) for block in (matrix[i : i + 3, i : i + 3] for i in range(0, len(matrix), 3)))
