"""The picture of the lab: the variables of a model after a pass, and the chain of one of them."""

from __future__ import annotations

from typing import Any

from matplotlib.patches import Rectangle

from armod.course.labs.waiting.facts import WaitingFacts
from armod.figures.picture import Picture, new_page
from armod.figures.style import COLOURS
from armod.figures.text import put_heading, wrapped

_SIDE, _MARGIN, _WIDTH = 340, 20, 640  # hundredths of an inch


def waiting_figure(facts: WaitingFacts) -> Picture:
    """Draw the variables, with one chosen.

    Args:
        facts: what is to be seen.

    Returns:
        The picture; its table holds for each model its passes and variables.
    """
    waits = facts.waits
    height, width = waits.shape
    cell = min(_SIDE / max(height, width), 40) if height > 1 else (_WIDTH - 2 * _MARGIN) / width
    heading = wrapped(facts.finding, (_WIDTH - 2 * _MARGIN) / 100, 14, "bold")
    detail = wrapped(facts.detail, (_WIDTH - 2 * _MARGIN) / 100, 10)
    top = 40 + 24 * len(heading) + 16 * len(detail)
    with new_page(_WIDTH, top + cell * height + 20, facts.finding) as (picture, page):
        put_heading(page, _MARGIN, 26, heading, detail)

        def corner(variable: int) -> tuple[float, float]:
            row, column = divmod(variable, width)
            return _MARGIN + column * cell, top + row * cell

        for variable, wave in enumerate(waits.waves):
            kind = "input" if wave == facts.number else "field" if wave < facts.number else "masked"
            x, y = corner(variable)
            page.add_patch(
                Rectangle((x + 0.5, y + 0.5), cell - 1, cell - 1, facecolor=COLOURS[kind], edgecolor="none")
            )
            if waits.reads[facts.place, variable]:
                page.plot(x + cell / 2, y + cell / 2, "o", color=COLOURS["ink"], markersize=cell / 9)
        x, y = corner(facts.place)
        page.add_patch(
            Rectangle(
                (x + 1, y + 1),
                cell - 2,
                cell - 2,
                facecolor=COLOURS["current"],
                edgecolor=COLOURS["ink"],
                linewidth=1.6,
            )
        )
        chain = [corner(variable) for variable in waits.chain(facts.place)]
        page.plot(
            [x + cell / 2 for x, _ in chain],
            [y + cell / 2 for _, y in chain],
            color=COLOURS["output"],
            linewidth=2,
        )
        table: dict[str, list[Any]] = {
            "model": [*facts.models],
            "passes": [int(each.waves.max()) for each in facts.models.values()],
            "variables": [len(each.waves) for each in facts.models.values()],
        }
        picture.describe(facts.description, table)
    return picture
