"""The picture of MADE's masks: units with their degrees, kept connections, masks, and who sees whom."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import EllipseCollection, LineCollection, PatchCollection
from matplotlib.patches import Rectangle
from torch import Tensor

from armod.figures.mask_facts import MaskFacts, mask_facts
from armod.figures.picture import Picture, new_picture
from armod.figures.style import COLOURS

# Lengths are hundredths of an inch; y points down, as rows of a matrix do.
_LEFT, _TOP, _NETWORK_WIDTH, _MASK_SIZE, _PRODUCT_SIZE = 130, 108, 640, 160, 264
_FADED, _LIT_FILL = "#C9CED8", "#E6F2FB"


def mask_figure(
    ordering: Tensor | Sequence[int],
    degrees: Sequence[Tensor],
    output: int | None = None,
    layer_masks: Sequence[Tensor] | None = None,
) -> Picture:
    """MADE's units, kept connections, masks and their product, with all that feeds one output lit.

    ``ordering``: permutation ``(D,)``. ``degrees``: those of the hidden layers, as `armod.models.masks.hidden_degrees`
    gives them. ``output``: the chosen variable, from 0; left out, one a little past the middle of the ordering.
    ``layer_masks``: draw these masks instead of the right ones, to look at a mistake. The title, the description and
    the table are computed from the masks drawn. Best up to 16 variables and 4 hidden layers; larger networks lose the
    numbers in their units.

    Raises:
        ValueError: if `ordering` is no permutation or `output` no variable.

    >>> import torch
    >>> print(mask_figure([0, 1, 2], [torch.tensor([1, 2])], output=2).get_label())
    Output 3 sees both inputs before it
    """
    facts = mask_facts(ordering, degrees, output, layer_masks)
    gap = min(200, max(140, 640 / len(facts.masks)))
    height = _TOP + gap * len(facts.masks) + 112
    width = _LEFT + _NETWORK_WIDTH + 140 + _MASK_SIZE + 116 + _PRODUCT_SIZE + 66
    with new_picture(width / 100, height / 100) as picture:
        axes = picture.add_axes((0, 0, 1, 1), xlim=(0, width), ylim=(height, 0))
        axes.set_axis_off()
        picture.set_label(facts.finding)
        _text(axes, _LEFT, 34, facts.finding, size=17, weight="bold")
        rows = [_TOP + gap * (len(facts.masks) - level) for level in range(len(facts.degrees))]
        _draw_network(axes, facts, rows)
        left = _LEFT + _NETWORK_WIDTH + 140
        _text(axes, left, 34, "Masks", size=17, weight="bold")
        for level in range(len(facts.masks)):
            _draw_bracket(axes, rows[level], rows[level + 1])
            _draw_mask(axes, facts, level, left, (rows[level] + rows[level + 1]) / 2, gap)
        _draw_product(axes, facts, left + _MASK_SIZE + 116, height)
        picture.describe(facts.description, facts.table)
    return picture


def _draw_network(axes: Axes, facts: MaskFacts, rows: Sequence[float]) -> None:
    widest = max(len(layer) for layer in facts.degrees)
    spacing = min(64, _NETWORK_WIDTH / widest)
    radius = min(18, 0.41 * spacing)
    columns = [
        _LEFT + _NETWORK_WIDTH / 2 + (np.arange(len(layer)) - (len(layer) - 1) / 2) * spacing
        for layer in facts.degrees
    ]
    last = len(facts.masks)
    lit = [units.numpy() for units in facts.ancestors(last, facts.output)]
    for level, mask in enumerate(facts.masks):
        above, below = mask.numpy().nonzero()
        lines = np.stack(
            [
                np.stack([columns[level][below], np.full(len(below), rows[level])], axis=1),
                np.stack([columns[level + 1][above], np.full(len(above), rows[level + 1])], axis=1),
            ],
            axis=1,
        )
        is_lit = lit[level + 1][above]
        colour = COLOURS["output" if level + 1 == last else "input"]
        axes.add_collection(LineCollection(lines[~is_lit], colors="#D3D8E0", linewidths=0.6, zorder=1))
        axes.add_collection(LineCollection(lines[is_lit], colors=colour, linewidths=1.6, alpha=0.9, zorder=2))
    for level, layer in enumerate(facts.degrees):
        name, colour = _level_name(level, last)
        _text(axes, _LEFT - 22, rows[level], name, size=12.5, weight="bold", color=colour, ha="right")
        for unit, degree in enumerate(layer.tolist()):
            _draw_unit(
                axes, (columns[level][unit], rows[level]), radius, degree, level, last, bool(lit[level][unit])
            )
    if radius >= 9:
        for variable, x in enumerate(columns[0]):
            for row, offset in ((rows[0], radius + 13), (rows[-1], -radius - 13)):
                chosen = variable == facts.output and offset < 0
                style = (
                    {"weight": "bold", "color": COLOURS["ink"]} if chosen else {"color": COLOURS["secondary"]}
                )
                _text(axes, x, row + offset, f"x{_subscript(variable + 1)}", size=9.5, ha="center", **style)
    caption = "number in a unit = its degree: how far along the ordering it may look"
    _text(axes, _LEFT, rows[0] + 62, caption, size=11, color=COLOURS["secondary"])
    second = "xᵢ names the variable; the degree of an input or output is its position in the ordering"
    _text(axes, _LEFT, rows[0] + 82, second, size=11, color=COLOURS["secondary"])


def _draw_unit(
    axes: Axes, centre: tuple[float, float], radius: float, degree: int, level: int, last: int, is_lit: bool
) -> None:
    ink, secondary = COLOURS["ink"], COLOURS["secondary"]
    if level == last:
        face, edge, text = (
            (COLOURS["current"], ink, ink) if is_lit else ("white", COLOURS["output"], secondary)
        )
    elif level == 0:
        face, edge, text = (
            (COLOURS["field"], COLOURS["input"], ink) if is_lit else ("white", COLOURS["input"], secondary)
        )
    else:
        face, edge, text = (_LIT_FILL, secondary, ink) if is_lit else ("white", _FADED, "#6B7483")
    circle = EllipseCollection(
        [2 * radius], [2 * radius], [0], units="xy", offsets=[centre], offset_transform=axes.transData,
        facecolors=face, edgecolors=edge, linewidths=1.8 if radius >= 9 else 0.8, zorder=3,
    )  # fmt: skip
    axes.add_collection(circle)
    if radius >= 9:
        _text(axes, *centre, str(degree), size=10.5 * min(1, radius / 16), color=text, ha="center", zorder=4)


def _draw_bracket(axes: Axes, bottom: float, top: float) -> None:
    x, middle = _LEFT + _NETWORK_WIDTH + 20, (bottom + top) / 2
    axes.plot(
        [x, x + 18, x + 18, x], [top + 22, top + 22, bottom - 22, bottom - 22], color="#BDC4D1", linewidth=1.4
    )
    axes.plot([x + 18, x + 44], [middle, middle], color="#BDC4D1", linewidth=1.4)


def _draw_mask(axes: Axes, facts: MaskFacts, level: int, left: float, middle: float, gap: float) -> None:
    mask = facts.masks[level].numpy()
    last = len(facts.masks)
    cell = min(22, (min(gap, 200) - 40) / mask.shape[0], _MASK_SIZE / mask.shape[1])
    height, width = cell * mask.shape[0], cell * mask.shape[1]
    top = middle - height / 2
    lit = facts.ancestors(last, facts.output)[level + 1].numpy()
    is_output = level + 1 == last
    colours = np.where(mask, np.where(lit[:, None], COLOURS["output" if is_output else "input"], COLOURS["kept"]), COLOURS["masked"])  # fmt: skip
    _draw_cells(axes, colours, left, top, cell)
    if is_output:
        _draw_row_box(axes, facts.output, left, top, cell, width)
    names = [_level_name(number, last)[0].replace("hidden ", "h") for number in (level, level + 1)]
    small: dict[str, Any] = {"size": 10, "color": COLOURS["secondary"], "ha": "center"}
    _text(axes, left + width / 2, top + height + 14, f"{names[0]} →", **small)
    _text(axes, left - 16, middle, f"← {names[1]}", rotation=90, **small)
    _text(axes, left + width + 14, middle, f"M{_superscript(level + 1)}", size=15, weight="bold")


def _draw_product(axes: Axes, facts: MaskFacts, left: float, height: float) -> None:
    size, last = facts.num_variables, len(facts.masks)
    cell = min(30, _PRODUCT_SIZE / size)
    side = cell * size
    top = (height - 112 - side) / 2 - 10
    product = " ".join(f"M{_superscript(number)}" for number in range(last, 0, -1))
    _text(axes, left, top - 24, f"Who sees whom:  {product} > 0", size=12)
    is_row = np.arange(size)[:, None] == facts.output
    colours = np.where(
        facts.sees.numpy(), np.where(is_row, COLOURS["field"], COLOURS["kept"]), COLOURS["masked"]
    )
    _draw_cells(axes, colours, left, top, cell)
    _draw_row_box(axes, facts.output, left, top, cell, side)
    y = top + cell * (facts.output + 0.5)
    _text(axes, left + side + 10, y, f"x{_subscript(facts.output + 1)}", size=11, weight="bold")
    small: dict[str, Any] = {"size": 10, "color": COLOURS["secondary"], "ha": "center"}
    _text(axes, left + side / 2, top + side + 14, "inputs →", **small)
    _text(axes, left - 16, top + side / 2, "← outputs", rotation=90, **small)
    legend = {
        "masked": "weight masked to zero",
        "kept": "weight kept",
        "input": f"kept, and feeds output {facts.output + 1}",
    }
    for number, (colour, label) in enumerate(legend.items()):
        y = top + side + 52 + 30 * number
        axes.add_patch(Rectangle((left, y - 9), 18, 18, color=COLOURS[colour], linewidth=0))
        if colour == "input":
            axes.add_patch(Rectangle((left + 22, y - 9), 18, 18, color=COLOURS["output"], linewidth=0))
        _text(axes, left + (50 if colour == "input" else 28), y, label, size=11.5)


def _draw_cells(axes: Axes, colours: np.ndarray, left: float, top: float, cell: float) -> None:
    space = min(1.6, 0.14 * cell)
    squares = [
        Rectangle(
            (left + column * cell + space / 2, top + row * cell + space / 2), cell - space, cell - space
        )
        for row, column in np.ndindex(*colours.shape)
    ]
    axes.add_collection(PatchCollection(squares, facecolors=colours.ravel(), linewidths=0, zorder=2))


def _draw_row_box(axes: Axes, row: int, left: float, top: float, cell: float, width: float) -> None:
    box = Rectangle(
        (left, top + row * cell), width, cell, fill=False, edgecolor=COLOURS["ink"], linewidth=1.9, zorder=5
    )
    axes.add_patch(box)


def _level_name(level: int, last: int) -> tuple[str, str]:
    if level == 0:
        return "inputs", COLOURS["input"]
    return ("outputs", COLOURS["output_text"]) if level == last else (f"hidden {level}", COLOURS["secondary"])


def _superscript(number: int) -> str:
    return str(number).translate(str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹"))


def _subscript(number: int) -> str:
    return str(number).translate(str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉"))


def _text(axes: Axes, x: float, y: float, text: str, **style: Any) -> None:
    axes.text(x, y, text, **{"va": "center_baseline" if style.get("rotation") is None else "center", **style})
