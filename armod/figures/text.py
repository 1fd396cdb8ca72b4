"""How wide a text is before it is drawn, so that figures can be laid out around their words."""

from __future__ import annotations

from matplotlib import rc_context
from matplotlib.font_manager import FontProperties
from matplotlib.textpath import TextPath

from armod.figures.style import rc_params


def text_width(text: str, size: float, weight: str = "normal") -> float:
    """The width in inches of a text's longest line, at a font size in points."""
    with rc_context(rc_params()):
        font = FontProperties(weight=weight)
        widths = [
            TextPath((0, 0), line, size=size, prop=font).get_extents().x1
            for line in text.split("\n")
            if line.strip()
        ]
    return max(widths, default=0) / 72


def wrapped(text: str, width: float, size: float, weight: str = "normal") -> list[str]:
    """The text in lines of at most `width` inches; a longer word has a line of its own."""
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if lines[-1] and text_width(longer, size, weight) > width:
            lines.append(word)
        else:
            lines[-1] = longer
    return lines
