"""The picture of the speak lab: the wave, and the planned phones below it."""

from __future__ import annotations

import numpy as np
from matplotlib.patches import Rectangle

from armod.course.labs.speak.facts import SpeakFacts, say
from armod.figures.picture import Picture, new_page
from armod.figures.style import COLOURS
from armod.figures.text import put_heading, wrapped

_WIDTH, _MARGIN, _TALL, _STRIP = 900, 20, 150, 26  # hundredths of an inch


def speak_figure(facts: SpeakFacts) -> Picture:
    """The wave from its lowest to its highest sample in each stretch of time, with its phones.

    Args:
        facts: what is to be seen.

    Returns:
        The picture; its table holds the phones and their hundredths of a second.
    """
    said, room = facts.shown, _WIDTH - 2 * _MARGIN
    heading = wrapped(facts.finding, room / 100, 14, "bold")
    lines = wrapped(facts.detail, room / 100, 10)
    top = 44 + 24 * len(heading) + 16 * len(lines)
    height = top + _TALL + _STRIP + 20
    with new_page(_WIDTH, height, facts.finding) as (picture, page):
        put_heading(page, _MARGIN, 26, heading, lines)
        stretches = np.array_split(said.wave, room)
        loudest = max(float(np.abs(said.wave).max()), 1e-9)
        middle = top + _TALL / 2
        low, high = (
            middle - np.array([pick(part) for part in stretches]) / loudest * _TALL / 2
            for pick in (np.min, np.max)
        )
        page.fill_between(
            _MARGIN + np.arange(len(stretches)), low, high, color=COLOURS["input"], linewidth=0.6
        )
        left, scale = float(_MARGIN), room / sum(said.frames)
        for phone, frames in zip(said.phones, said.frames, strict=True):
            page.add_patch(
                Rectangle(
                    (left, top + _TALL),
                    scale * frames,
                    _STRIP,
                    facecolor=COLOURS["masked"],
                    edgecolor=COLOURS["kept"],
                )
            )
            if scale * frames > 10 * len(phone):
                middle_of = left + scale * frames / 2, top + _TALL + _STRIP / 2
                page.text(*middle_of, phone, size=9, ha="center", va="center", color=COLOURS["ink"])
            left += scale * frames
        page.set(xlim=(0, _WIDTH), ylim=(height, 0))
        picture.describe(facts.description, {say("phones"): said.phones, say("hundredths"): said.frames})
    return picture
