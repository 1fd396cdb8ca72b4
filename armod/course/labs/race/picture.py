"""The picture of the race: the image as far as each sampler has drawn it, with its counters."""

from __future__ import annotations

import numpy as np
from matplotlib.colors import to_rgb
from matplotlib.patches import Rectangle

from armod.course.labs.race.facts import NAMES, RaceFacts, say
from armod.figures.picture import Picture, new_page
from armod.figures.style import COLOURS
from armod.figures.text import put, put_heading, wrapped

_SIDE, _MARGIN, _BETWEEN = 250, 20, 40  # hundredths of an inch


def race_figure(facts: RaceFacts) -> Picture:
    """The image three times, side by side.

    Args:
        facts: what is to be seen.

    Returns:
        The picture; its table holds what each sampler has drawn and spent.
    """
    height, width = facts.image.shape
    cell = _SIDE / max(height, width)
    page_width = 2 * _MARGIN + 3 * _SIDE + 2 * _BETWEEN
    heading = wrapped(facts.finding, (page_width - 2 * _MARGIN) / 100, 14, "bold")
    top = 74 + 24 * len(heading)
    bottom = top + cell * height
    colours = {name: to_rgb(COLOURS[name]) for name in ("paper", "ink", "masked")}
    with new_page(page_width, bottom + 56, facts.finding) as (picture, page):
        put_heading(page, _MARGIN, 26, heading)
        put(page, _MARGIN, 30 + 24 * len(heading), facts.detail, size=10, color=COLOURS["secondary"])
        for number, (name, (pixels, passes, conditionals)) in enumerate(zip(NAMES, facts.now, strict=True)):
            left = _MARGIN + number * (_SIDE + _BETWEEN)
            put(page, left, top - 12, say(name), size=11, weight="bold")
            is_drawn = np.arange(facts.image.size).reshape(height, width) < pixels
            shown = np.where(facts.image[..., None], colours["ink"], colours["paper"])
            shown = np.where(is_drawn[..., None], shown, colours["masked"])
            extent = (left, left + cell * width, bottom, top)
            page.imshow(shown, extent=extent, aspect="auto", interpolation="nearest", zorder=1)
            page.add_patch(
                Rectangle(
                    (left, top),
                    cell * width,
                    cell * height,
                    facecolor="none",
                    edgecolor=COLOURS["kept"],
                    zorder=2,
                )
            )
            counters = (
                ("counter_passes", {"passes": passes}),
                ("counter_conditionals", {"conditionals": conditionals}),
            )
            for line, (template, values) in enumerate(counters):
                put(
                    page,
                    left,
                    bottom + 16 + 18 * line,
                    say(template, **values),
                    size=10,
                    color=COLOURS["secondary"],
                )
        page.set(xlim=(0, page_width), ylim=(bottom + 56, 0))
        columns = zip(*facts.now, strict=True)
        table = dict(zip(("pixels", "passes", "conditionals"), map(list, columns), strict=True))
        picture.describe(facts.description, {"sampler": [say(name) for name in NAMES], **table})
    return picture
