"""What block diagrams are made of: boxes, circles with an operation, and lines that turn at right angles.

A diagram is a page (lengths in hundredths of an inch, y points down) that is shown as an SVG, sharp at every size. It is
narrow, 480 units or a little more, so that its text stays readable on a phone. Each part is either plain or *lit*, in
yellow with thick edges; lit parts are those that the text speaks of.
"""

from __future__ import annotations

import base64
import html
import io
import re
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise
from typing import Any

from matplotlib.axes import Axes
from matplotlib.patches import Circle, FancyArrowPatch, FancyBboxPatch

from armod.figures.picture import Picture
from armod.figures.style import COLOURS, drawing_style
from armod.figures.text import put, put_heading, wrapped

Point = tuple[float, float]
RADIUS = 18


class Diagram(Picture):
    """A picture that a notebook shows as an SVG.

    >>> Diagram(figsize=(2, 1)).svg().startswith(b"<?xml")
    True
    """

    def svg(self) -> bytes:
        """Draw the diagram, its text as outlines; equal diagrams give equal bytes."""
        buffer = io.BytesIO()
        with drawing_style():
            self.savefig(
                buffer, format="svg", metadata={"Date": None, "Creator": None, "Format": None, "Type": None}
            )
        # without what nobody sees it is a good deal smaller
        text = re.sub(
            r"<!--.*?-->|<!DOCTYPE.*?>|<metadata>.*?</metadata>",
            "",
            buffer.getvalue().decode(),
            flags=re.DOTALL,
        )
        text = re.sub(r"(\.\d{4})\d+", r"\1", re.sub(r"\s*\n\s*", " ", text))
        return text.replace("> <", "><").encode()

    def img(self, dots_per_inch: int = 110, *, colours: int | None = 256) -> str:
        """Draw the diagram as a self-contained ``<img>`` element with alternative text; an SVG needs no resolution."""
        data = base64.b64encode(self.svg()).decode()
        width = round(self.get_figwidth() * 100)
        return (
            f'<img alt="{html.escape(self.description)}" style="max-width:100%;width:{width}px;background:#fff" '
            f'src="data:image/svg+xml;base64,{data}">'
        )


@contextmanager
def new_diagram(width: float, height: float, title: str) -> Iterator[tuple[Diagram, Axes]]:
    """Make a diagram under its title, which is wrapped to the width.

    Args:
        width: in hundredths of an inch.
        height: of what is drawn below the title, in hundredths of an inch.
        title: a sentence.

    Yields:
        The diagram, and the invisible axes that cover it; y is 0 below the title.
    """
    lines = wrapped(title, (width - 36) / 100, 14, "bold")
    head = 24 * len(lines) + 14
    with drawing_style():
        diagram = Diagram(figsize=(width / 100, (height + head) / 100))
        diagram.set_label(title)
        page = diagram.add_axes((0, 0, 1, 1), xlim=(0, width), ylim=(height, -head))
        page.set_axis_off()
        put_heading(page, 18, 24 - head, lines)
        yield diagram, page


def check_parts(highlight: str | Collection[str], parts: Collection[str]) -> frozenset[str]:
    """The parts to light up.

    Args:
        highlight: one name, or several.
        parts: the names that there are.

    Returns:
        The names.

    Raises:
        ValueError: if one of them is no part.
    """
    names = frozenset([highlight] if isinstance(highlight, str) else highlight)
    if unknown := sorted(names - set(parts)):
        raise ValueError(
            f"highlight names parts of the diagram, {', '.join(parts)}; {unknown[0]!r} is none of them."
        )
    return names


def box(page: Axes, at: Point, text: str, *, size: Point = (112, 44), lit: bool = False) -> None:
    """A box with its words, its middle at ``at``: something with weights."""
    (x, y), (width, height) = at, size
    corner = (x - width / 2, y - height / 2)
    page.add_patch(FancyBboxPatch(corner, width, height, "round,pad=0,rounding_size=6", **_paint(lit)))
    _words(page, x, y, text, lit=lit)


def operation(page: Axes, at: Point, sign: str, *, lit: bool = False) -> None:
    """A circle around a sign: something without weights."""
    page.add_patch(Circle(at, RADIUS, **_paint(lit, face="paper")))
    size = 12 if len(sign) < 3 else 9.5
    put(page, *at, sign, size=size, ha="center", weight="bold" if lit else "normal", zorder=4)


def wire(page: Axes, points: Sequence[Point], *, lit: bool = False, arrow: bool = True) -> None:
    """A line from point to point, with an arrow at its end."""
    colour, width = COLOURS["output" if lit else "secondary"], 3.2 if lit else 1.4
    for number, ends in enumerate(pairwise(points)):
        is_last = arrow and number == len(points) - 2
        page.add_patch(
            FancyArrowPatch(
                *ends,
                arrowstyle="-|>" if is_last else "-",
                mutation_scale=13,
                linewidth=width,
                color=colour,
                shrinkA=0,
                shrinkB=0,
                capstyle="projecting" if not is_last else "butt",
                joinstyle="miter",
                zorder=3 if lit else 2,
            )
        )


def note(page: Axes, at: Point, text: str, **style: Any) -> None:
    """Small words beside a part."""
    _words(page, *at, text, **{"color": COLOURS["secondary"], "size": 10, "ha": "left", **style})


def _words(page: Axes, x: float, y: float, text: str, *, lit: bool = False, **style: Any) -> None:
    """Lines of text, their middle at (x, y)."""
    lines = text.split("\n")
    look = {"size": 10, "ha": "center", "weight": "bold" if lit else "normal", "zorder": 4, **style}
    for number, line in enumerate(lines):
        put(page, x, y + 16 * (number - (len(lines) - 1) / 2), line, **look)


def _paint(lit: bool, face: str = "masked") -> dict[str, Any]:
    """Fill and edge of a part."""
    return {
        "facecolor": COLOURS["current" if lit else face],
        "edgecolor": COLOURS["ink" if lit else "hidden"],
        "linewidth": 2.2 if lit else 1.2,
        "zorder": 3,
    }
