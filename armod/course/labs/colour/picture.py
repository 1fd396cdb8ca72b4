"""The picture of the colour lab: the grey patch, a colouring, what each pixel of colour cost, and the true colours."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.colors import to_rgb
from matplotlib.patches import Rectangle

from armod.course.labs.colour.facts import ColourFacts, say
from armod.figures.picture import Picture, new_page
from armod.figures.style import COLOURS
from armod.figures.text import put, put_heading, wrapped

_SIDE, _MARGIN, _BETWEEN = 200, 20, 20  # hundredths of an inch
SHADES = ("#F4F8FB", "#D6EBF6", "#86CFE8", "#4A94CF", "#1F5FA8", "#1B2130")  # from expected to surprising
MOST = 6.0  # nats of a pixel from which on it has the darkest shade


def shade(nats: float) -> int:
    """The number of the shade of a pixel that cost so many nats."""
    return min(int(nats / MOST * (len(SHADES) - 1)), len(SHADES) - 1)


def colour_figure(facts: ColourFacts) -> Picture:
    """Four images side by side, with one pixel of colour chosen.

    Args:
        facts: what is to be seen.

    Returns:
        The picture; its table holds for each colouring of the patch what it cost.
    """
    grey = np.repeat(facts.greys[facts.patch][..., None], 3, axis=2) / 255
    height, width = facts.surprise.shape
    shades = np.array([[to_rgb(SHADES[shade(nats)]) for nats in row] for row in facts.surprise])
    panels = {
        "grey": grey,
        "colours": facts.colours[facts.patch, facts.colouring] / 255,
        "surprise": shades,
        "truth": facts.colours[facts.patch, -1] / 255,
    }
    page_width = 2 * _MARGIN + 4 * _SIDE + 3 * _BETWEEN
    heading = wrapped(facts.finding, (page_width - 2 * _MARGIN) / 100, 14, "bold")
    top = 74 + 24 * len(heading)
    tall = _SIDE * facts.greys.shape[1] / facts.greys.shape[2]
    with new_page(page_width, top + tall + 24, facts.finding) as (picture, page):
        put_heading(page, _MARGIN, 26, heading)
        put(page, _MARGIN, 30 + 24 * len(heading), facts.detail, size=10, color=COLOURS["secondary"])
        for number, (name, image) in enumerate(panels.items()):
            left = _MARGIN + number * (_SIDE + _BETWEEN)
            put(page, left, top - 12, say(name), size=11, weight="bold")
            extent = (left, left + _SIDE, top + tall, top)
            page.imshow(image, extent=extent, aspect="auto", interpolation="nearest", zorder=1)
            frame: dict[str, Any] = {"facecolor": "none", "zorder": 2}
            page.add_patch(Rectangle((left, top), _SIDE, tall, edgecolor=COLOURS["kept"], **frame))
            cell_x, cell_y = _SIDE / width, tall / height
            place = left + cell_x * facts.column, top + cell_y * facts.row
            page.add_patch(
                Rectangle(place, cell_x, cell_y, edgecolor=COLOURS["current"], linewidth=2, **frame)
            )
        page.set(xlim=(0, page_width), ylim=(top + tall + 24, 0))
        names = [str(number) for number in range(1, facts.num_samples + 1)]
        table = {
            "colouring": [*names, say("truth")],
            "nats": [round(each, 1) for each in facts.total.tolist()],
        }
        picture.describe(facts.description, table)
    return picture
