"""PixelCNN++ as a block diagram: down, up and across (Salimans, Karpathy, Chen, Kingma 2017, figure 2)."""

from __future__ import annotations

from collections.abc import Collection
from itertools import pairwise

from matplotlib.axes import Axes

from armod.figures.diagrams.parts import Diagram, box, check_parts, new_diagram, note, wire

PARTS = {
    "down": "the way down: blocks at full, half and a quarter of the resolution, each row of the diagram one resolution",
    "up": "the way up: the same resolutions in reverse, back to full resolution",
    "short-cuts": "the short-cuts: from each block on the way down across to the block of the same resolution on the way up",
}
_TITLE = "PixelCNN++: down, up and across"
_DOWN, _UP = 128, 388  # columns
_ROWS = {"full": 78, "half": 186, "quarter": 294}
_SIZES = {"full": (176, 50), "half": (132, 50), "quarter": (88, 50)}  # the lower the resolution, the narrower


def plus_plus_streams(highlight: str | Collection[str] = ()) -> Diagram:
    """Draw the three resolutions of PixelCNN++, the ways down and up, and the short-cuts across.

    Args:
        highlight: parts to light up, of "down", "up" and "short-cuts".

    Returns:
        The diagram, whose table says of each part what it is and whether it is lit.

    Raises:
        ValueError: if there is no such part.

    >>> print(plus_plus_streams("short-cuts").get_label())
    PixelCNN++: down, up and across; lit up: short-cuts
    """
    lit = check_parts(highlight, PARTS)
    title = _TITLE + (f"; lit up: {', '.join(name for name in PARTS if name in lit)}" if lit else "")
    with new_diagram(516, 372, title) as (diagram, page):
        _streams(page, lit)
        diagram.describe(
            f"{title}. A block diagram like a U: on the left from the image down to a quarter of the resolution, on the right up "
            f"again to the mixture of each pixel. It shows {'; '.join(PARTS.values())}.",
            {"part": list(PARTS), "what it is": list(PARTS.values()), "lit": [name in lit for name in PARTS]},
        )
    return diagram


def _streams(page: Axes, lit: frozenset[str]) -> None:
    is_down, is_up, is_across = (name in lit for name in PARTS)
    words = {"full": "H × W", "half": "H/2 × W/2", "quarter": "H/4 × W/4"}
    note(page, (_DOWN, 12), "image, shifted", ha="center")
    wire(page, [(_DOWN, 24), (_DOWN, _ROWS["full"] - 26)], lit=is_down)
    wire(page, [(_UP, _ROWS["full"] - 26), (_UP, 26)], lit=is_up)
    note(page, (_UP, 12), "mixture of each pixel", ha="center")
    for name, y in _ROWS.items():
        width = _SIZES[name][0]
        for x, on in ((_DOWN, is_down), (_UP, is_up)):
            text = f"blocks,\n{words[name]}" if name != "quarter" else words[name].replace(" × ", " ×\n")
            box(page, (x, y), text, size=_SIZES[name], lit=on)
        wire(page, [(_DOWN + width / 2, y), (_UP - width / 2 - 2, y)], lit=is_across)
    note(page, (258, _ROWS["full"] - 18), "short-cut", ha="center")
    rows = list(_ROWS.values())
    for above, below in pairwise(rows):
        wire(page, [(_DOWN, above + 26), (_DOWN, below - 26)], lit=is_down)
        wire(page, [(_UP, below - 26), (_UP, above + 26)], lit=is_up)
        note(page, (_DOWN - 10, (above + below) / 2), "halve", ha="right")
        note(page, (_UP + 10, (above + below) / 2), "double")
    bottom = rows[-1] + 25
    wire(page, [(_DOWN, bottom), (_DOWN, bottom + 28), (_UP, bottom + 28), (_UP, bottom + 1)], lit=is_up)
