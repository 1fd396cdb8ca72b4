"""One layer of Gated PixelCNN as a block diagram (van den Oord et al. 2016, *Conditional Image Generation ...*, figure 2)."""

from __future__ import annotations

from collections.abc import Collection

from matplotlib.axes import Axes

from armod.figures.diagrams.parts import RADIUS, Diagram, box, check_parts, new_diagram, note, operation, wire

PARTS = {
    "vertical": "the vertical stack: a convolution over whole rows above, and its gate",
    "link": "the link: a 1×1 product of the vertical features before their gate is added to the horizontal ones",
    "horizontal": "the horizontal stack: a convolution over the pixels to the left, and its gate",
    "residual": "the residual: what the horizontal stack read is added to a 1×1 product of its unit",
}
_TITLE = "One layer of Gated PixelCNN"
_LEFT, _RIGHT, _AROUND = 120, 372, 486  # columns: vertical stack, horizontal stack, residual
_IN, _CONVOLVE, _JOIN, _GATE, _ONE, _ADD, _OUT = 420, 350, 276, 204, 132, 66, 14  # rows


def gated_pixelcnn_layer(highlight: str | Collection[str] = ()) -> Diagram:
    """Draw a layer of Gated PixelCNN: the vertical stack, the horizontal one, and the link between them.

    Args:
        highlight: parts to light up, of "vertical", "link", "horizontal" and "residual".

    Returns:
        The diagram, whose table says of each part what it is and whether it is lit.

    Raises:
        ValueError: if there is no such part.

    >>> print(gated_pixelcnn_layer("link").get_label())
    One layer of Gated PixelCNN; lit up: link
    """
    lit = check_parts(highlight, PARTS)
    title = _TITLE + (f"; lit up: {', '.join(name for name in PARTS if name in lit)}" if lit else "")
    with new_diagram(516, 484, title) as (diagram, page):
        _layer(page, lit)
        diagram.describe(
            f"{title}. A block diagram of two columns, both from the bottom up; one arrow leads from the left column to the "
            f"right one, and none back. It shows {'; '.join(PARTS.values())}.",
            {"part": list(PARTS), "what it is": list(PARTS.values()), "lit": [name in lit for name in PARTS]},
        )
    return diagram


def _layer(page: Axes, lit: frozenset[str]) -> None:
    is_vertical, is_link, is_horizontal, is_residual = (name in lit for name in PARTS)
    for x, name in ((_LEFT, "vertical stack"), (_RIGHT, "horizontal stack")):
        note(page, (x, _IN + 44), name, ha="center", weight="bold")
        note(page, (x, _IN + 24), "from the layer below", ha="center")
    # the vertical stack
    wire(page, [(_LEFT, _IN + 8), (_LEFT, _CONVOLVE + 26)], lit=is_vertical)
    box(page, (_LEFT, _CONVOLVE), "rows above:\nconvolution, 2p", size=(156, 50), lit=is_vertical)
    wire(page, [(_LEFT, _CONVOLVE - 26), (_LEFT, _GATE + 26)], lit=is_vertical)
    box(page, (_LEFT, _GATE), "gate:\ntanh(f) · σ(g)", size=(132, 50), lit=is_vertical)
    wire(page, [(_LEFT, _GATE - 26), (_LEFT, _OUT + 14)], lit=is_vertical)
    # the link leaves before the gate
    wire(page, [(_LEFT, _JOIN), (206, _JOIN)], lit=is_link, arrow=False)
    box(page, (250, _JOIN), "link: 1×1", size=(88, 40), lit=is_link)
    wire(page, [(294, _JOIN), (_RIGHT - RADIUS, _JOIN)], lit=is_link)
    # the horizontal stack
    wire(page, [(_RIGHT, _IN + 8), (_RIGHT, _CONVOLVE + 26)], lit=is_horizontal)
    box(page, (_RIGHT, _CONVOLVE), "own row, left:\nconvolution, 2p", size=(156, 50), lit=is_horizontal)
    wire(page, [(_RIGHT, _CONVOLVE - 26), (_RIGHT, _JOIN + RADIUS)], lit=is_horizontal)
    operation(page, (_RIGHT, _JOIN), "+", lit=is_link)
    wire(page, [(_RIGHT, _JOIN - RADIUS), (_RIGHT, _GATE + 26)], lit=is_horizontal)
    box(page, (_RIGHT, _GATE), "gate:\ntanh(f) · σ(g)", size=(132, 50), lit=is_horizontal)
    wire(page, [(_RIGHT, _GATE - 26), (_RIGHT, _ONE + 20)], lit=is_horizontal)
    box(page, (_RIGHT, _ONE), "mix: 1×1", size=(88, 40), lit=is_horizontal)
    wire(page, [(_RIGHT, _ONE - 21), (_RIGHT, _ADD + RADIUS)], lit=is_horizontal)
    operation(page, (_RIGHT, _ADD), "+", lit=is_residual)
    wire(page, [(_RIGHT, _ADD - RADIUS), (_RIGHT, _OUT + 14)], lit=is_horizontal)
    # the residual, from the second layer on
    wire(
        page,
        [(_RIGHT, _IN - 18), (_AROUND, _IN - 18), (_AROUND, _ADD), (_RIGHT + RADIUS, _ADD)],
        lit=is_residual,
    )
    note(page, (_AROUND - 8, _ADD - 14), "residual", ha="right")
    for x in (_LEFT, _RIGHT):
        note(page, (x, _OUT), "to the next layer", ha="center")
