"""The picture of the text lab: the text so far, and the most probable next symbols before and after the knobs."""

from __future__ import annotations

from typing import Any

from matplotlib.patches import Rectangle

from armod.course.labs.text.facts import SHOWN, TextFacts, say, visible
from armod.figures.picture import Picture, new_page
from armod.figures.style import COLOURS
from armod.figures.text import put, put_heading, wrapped

_WIDTH, _MARGIN, _LABEL, _ROW, _LINES = 860, 20, 130, 24, 6


def text_figure(facts: TextFacts) -> Picture:
    """The last lines of the text, and a bar for each of the most probable symbols.

    Args:
        facts: what is to be seen.

    Returns:
        The picture; its table holds the probabilities of all symbols, the most probable ones first.
    """
    heading = wrapped(facts.finding, (_WIDTH - 2 * _MARGIN) / 100, 14, "bold")
    lines = facts.text.split("\n")[-_LINES:]
    top = 34 + 24 * len(heading)
    rows = top + 24 + 18 * len(lines) + 16
    shown = facts.order[:SHOWN]
    height = rows + _ROW * len(shown) + 16
    with new_page(_WIDTH, height, facts.finding) as (picture, page):
        put_heading(page, _MARGIN, 26, heading)
        put(page, _MARGIN, top, facts.detail, size=10, color=COLOURS["secondary"])
        for number, line in enumerate(lines):
            put(page, _MARGIN, top + 26 + 18 * number, line, size=11)
        most = max(float(facts.before.max()), float(facts.after.max()))
        room = _WIDTH - 2 * _MARGIN - _LABEL - 60
        for rank, level in enumerate(shown.tolist()):
            y = rows + _ROW * rank
            left = _MARGIN + _LABEL
            before, after = float(facts.before[level]), float(facts.after[level])
            is_out = after == 0
            ink = COLOURS["secondary" if is_out else "ink"]
            put(page, _MARGIN, y + 9, visible(facts.symbols[level]), size=11, color=ink)
            colour = COLOURS["output" if level == facts.level else "input"]
            for offset, share, face in ((0, before, COLOURS["kept"]), (9, after, colour)):
                place = (left, y + offset), room * share / most, 8
                page.add_patch(Rectangle(*place, facecolor=face, edgecolor="none"))
            words = say("gone") if is_out else f"{after:.1%}"
            put(page, left + room * max(before, after) / most + 6, y + 9, words, size=9, color=ink)
        page.set(xlim=(0, _WIDTH), ylim=(height, 0))
        order = facts.order.tolist()
        table: dict[str, list[Any]] = {
            "symbol": [visible(facts.symbols[level]) for level in order],
            say("before"): [round(float(facts.before[level]), 4) for level in order],
            say("after"): [round(float(facts.after[level]), 4) for level in order],
        }
        picture.describe(facts.description, table)
    return picture
