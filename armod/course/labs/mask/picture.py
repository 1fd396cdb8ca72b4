"""The picture of MADE's masks: units with their degrees, kept connections, masks, and who sees whom."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PatchCollection
from matplotlib.patches import Circle, Rectangle
from torch import Tensor

from armod.course.labs.mask.facts import MaskFacts, mask_facts
from armod.figures.numbers import lowered, raised
from armod.figures.picture import Picture, new_picture
from armod.figures.style import COLOURS
from armod.orderings import positions

# Lengths are hundredths of an inch; y points down, as rows of a matrix do.
_LEFT, _TOP, _NETWORK_WIDTH, _MASK_SIZE, _PRODUCT_SIZE = 130, 108, 640, 160, 264
_SMALLEST_NUMBERED = 9  # radius of a unit that has room for its degree
_UNSEEN = "#F0C4DA"
_LIT_FILL, _FADED, _FADED_TEXT, _CONNECTION = "#E6F2FB", "#C9CED8", "#6B7483", "#D3D8E0"


def mask_figure(
    ordering: Tensor | Sequence[int],
    degrees: Sequence[Tensor],
    output: int | None = None,
    layer_masks: Sequence[Tensor] | None = None,
) -> Picture:
    """MADE's units, kept connections, masks and their product, with all that feeds one output lit.

    Best up to 16 variables and 4 hidden layers; larger networks lose the numbers in their units.

    Args:
        ordering: permutation ``(D,)``.
        degrees: those of the hidden layers, as `armod.models.made.masks.hidden_degrees` gives them.
        output: the chosen variable, from 0; left out, one a little past the middle of the ordering.
        layer_masks: draw these masks instead of the right ones, to look at a mistake.

    Returns:
        The picture; its title, its description and its table are computed from the masks drawn.

    Raises:
        ValueError: if `ordering` is no permutation or `output` no variable.

    >>> import torch
    >>> print(mask_figure([0, 1, 2], [torch.tensor([1, 2])], output=2).get_label())
    Output 3 sees both inputs before it
    """
    return draw_masks(mask_facts(ordering, degrees, output, layer_masks))


def draw_masks(facts: MaskFacts) -> Picture:
    """Draw the facts of a MADE.

    Args:
        facts: what is to be seen.

    Returns:
        The picture.
    """
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
    spacing = min(64, _NETWORK_WIDTH / max(len(layer) for layer in facts.degrees))
    radius = min(18, 0.41 * spacing)
    middle = _LEFT + _NETWORK_WIDTH / 2
    columns = [middle + (np.arange(len(layer)) - (len(layer) - 1) / 2) * spacing for layer in facts.degrees]
    last = len(facts.masks)
    lit = [units.numpy() for units in facts.ancestors(last, facts.output)]
    for level in range(last):
        ends = ((columns[level], rows[level]), (columns[level + 1], rows[level + 1]))
        colour = COLOURS["output" if level + 1 == last else "input"]
        _draw_connections(axes, facts.masks[level].numpy(), ends, lit[level + 1], colour)
    for level, layer in enumerate(facts.degrees):
        name, colour = _level_name(level, last)
        _text(axes, _LEFT - 22, rows[level], name, size=12.5, weight="bold", color=colour, ha="right")
        for x, degree, is_lit in zip(columns[level], layer.tolist(), lit[level], strict=True):
            kind = "input" if level == 0 else "output" if level == last else "hidden"
            _draw_unit(axes, (x, rows[level]), radius, degree, kind, bool(is_lit))
    if radius >= _SMALLEST_NUMBERED:
        for variable, x in enumerate(columns[0]):
            name = f"x{lowered(variable + 1)}"
            is_chosen = variable == facts.output
            _text(axes, x, rows[0] + radius + 13, name, size=9.5, ha="center", color=COLOURS["secondary"])
            _text(
                axes, x, rows[-1] - radius - 13, name, size=9.5, ha="center",
                weight="bold" if is_chosen else "normal", color=COLOURS["ink" if is_chosen else "secondary"],
            )  # fmt: skip
        captions = (
            "number in a unit = its degree: how far along the ordering it may look",
            "x₁, x₂ ... name the variables; the degree of an input or output is its position in the ordering",
        )
        for line, caption in enumerate(captions):
            _text(axes, _LEFT, rows[0] + 62 + 20 * line, caption, size=11, color=COLOURS["secondary"])


def _draw_connections(
    axes: Axes,
    mask: np.ndarray,
    ends: Sequence[tuple[np.ndarray, float]],
    lit_above: np.ndarray,
    colour: str,
) -> None:
    (columns_below, row_below), (columns_above, row_above) = ends
    above, below = mask.nonzero()
    starts = np.stack([columns_below[below], np.full(len(below), row_below)], axis=1)
    stops = np.stack([columns_above[above], np.full(len(above), row_above)], axis=1)
    lines = np.stack([starts, stops], axis=1)
    is_lit = lit_above[above]
    width = min(1.6, max(0.4, 2 - is_lit.sum() / 250))
    axes.add_collection(LineCollection(lines[~is_lit], colors=_CONNECTION, linewidths=0.6, zorder=1))
    axes.add_collection(LineCollection(lines[is_lit], colors=colour, linewidths=width, alpha=0.9, zorder=2))


def _draw_unit(
    axes: Axes, centre: tuple[float, float], radius: float, degree: int, kind: str, is_lit: bool
) -> None:
    ink, secondary = COLOURS["ink"], COLOURS["secondary"]
    face, edge, text = {
        ("output", True): (COLOURS["current"], ink, ink),
        ("output", False): (COLOURS["paper"], COLOURS["output"], secondary),
        ("input", True): (COLOURS["field"], COLOURS["input"], ink),
        ("input", False): (COLOURS["paper"], COLOURS["input"], secondary),
        ("hidden", True): (_LIT_FILL, secondary, ink),
        ("hidden", False): (COLOURS["paper"], _FADED, _FADED_TEXT),
    }[kind, is_lit]
    width = 1.8 if radius >= _SMALLEST_NUMBERED else 0.8
    axes.add_patch(Circle(centre, radius, facecolor=face, edgecolor=edge, linewidth=width, zorder=3))
    if radius >= _SMALLEST_NUMBERED:
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
    kept = np.where(lit[:, None], COLOURS["output" if is_output else "input"], COLOURS["kept"])
    colours = np.where(mask, kept, COLOURS["masked"])
    _draw_cells(axes, colours, left, top, cell)
    if is_output:
        _draw_row_box(axes, facts.output, left, top, cell, width)
    names = [_level_name(number, last)[0].replace("hidden ", "h") for number in (level, level + 1)]
    _label_axes(axes, left, top, width, height, names[0], names[1])
    _text(axes, left + width + 14, middle, f"M{raised(level + 1)}", size=15, weight="bold")


def _draw_product(axes: Axes, facts: MaskFacts, left: float, height: float) -> None:
    size, last = facts.num_variables, len(facts.masks)
    cell = min(30, _PRODUCT_SIZE / size)
    side = cell * size
    top = (height - 112 - side) / 2 - 10
    product = " ".join(f"M{raised(number)}" for number in range(last, 0, -1))
    says = "as the oracle finds" if facts.is_measured else f"{product} > 0"
    _text(axes, left, top - 24, f"Who sees whom:  {says}", size=12)
    is_row = np.arange(size)[:, None] == facts.output
    place = positions(facts.ordering).numpy()
    is_earlier = place[None, :] < place[:, None]
    seen = np.where(is_earlier, np.where(is_row, COLOURS["field"], COLOURS["kept"]), COLOURS["output"])
    unseen = np.where(is_earlier & facts.is_measured, _UNSEEN, COLOURS["masked"])
    colours = np.where(facts.sees.numpy(), seen, unseen)
    _draw_cells(axes, colours, left, top, cell)
    _draw_row_box(axes, facts.output, left, top, cell, side)
    y = top + cell * (facts.output + 0.5)
    _text(axes, left + side + 10, y, f"x{lowered(facts.output + 1)}", size=11, weight="bold")
    _label_axes(axes, left, top, side, side, "inputs", "outputs")
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


def _label_axes(
    axes: Axes, left: float, top: float, width: float, height: float, columns: str, rows: str
) -> None:
    small: dict[str, Any] = {"size": 10, "color": COLOURS["secondary"]}
    # Beside a small matrix the words begin at its corner.
    x, ha = (left, "left") if width < 60 else (left + width / 2, "center")
    y, va = (top + height, "bottom") if height < 70 else (top + height / 2, "center")
    _text(axes, x, top + height + 14, f"{columns} →", ha=ha, **small)
    _text(axes, left - 16, y, f"← {rows}", rotation=90, ha="center", va=va, **small)


def _draw_row_box(axes: Axes, row: int, left: float, top: float, cell: float, width: float) -> None:
    box = Rectangle(
        (left, top + row * cell), width, cell, fill=False, edgecolor=COLOURS["ink"], linewidth=1.9, zorder=5
    )
    axes.add_patch(box)


def _level_name(level: int, last: int) -> tuple[str, str]:
    if level == 0:
        return "inputs", COLOURS["input"]
    return ("outputs", COLOURS["output_text"]) if level == last else (f"hidden {level}", COLOURS["secondary"])


def _text(axes: Axes, x: float, y: float, text: str, **style: Any) -> None:
    axes.text(x, y, text, **{"va": "center_baseline" if style.get("rotation") is None else "center", **style})
