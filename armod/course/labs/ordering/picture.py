"""The picture of one pattern made pixel by pixel: the conditionals on its way, and every ordering's product beside it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.patches import Polygon, Rectangle

from armod.course.labs.ordering.facts import OrderingFacts, all_orderings, name, say
from armod.figures.numbers import fixed
from armod.figures.picture import Picture, new_picture
from armod.figures.style import COLOURS

# Lengths are hundredths of an inch; y points down.
_MARGIN, _TOP, _ROW, _PIXEL, _BAR, _STEPS, _ORDERINGS = 20, 96, 84, 22, 330, 650, 480
_PIXEL_COLOURS = ("input", "field", "output", "hidden")


def ordering_figure(facts: OrderingFacts) -> Picture:
    """The steps taken on the left; on the right the factors of the pattern in every ordering, once it is complete.

    Args:
        facts: the walk, best through 2 to 4 pixels.

    Returns:
        The picture. Its table has a row for each step: its conditional, the uniform number, the value drawn, its
        probability, and the log-probability so far in nats.

    >>> import torch
    >>> from armod.course.labs.ordering.facts import ordering_facts
    >>> print(ordering_figure(ordering_facts(torch.tensor([[0, 1], [1, 1]]))).get_label())
    Pattern 11 has probability 1/2 = 0.500, here and in the other 1 orderings
    """
    orderings = all_orderings(facts.num_pixels)
    pitch = max(12, min(30, _ROW * facts.num_pixels / len(orderings)))
    height = _TOP + max(_ROW * facts.num_pixels, pitch * len(orderings)) + 62
    width = _MARGIN + _STEPS + 40 + _ORDERINGS
    with new_picture(width / 100, height / 100) as picture:
        picture.set_label(facts.finding)
        axes = picture.add_axes((0, 0, 1, 1), xlim=(0, width), ylim=(height, 0))
        axes.set_axis_off()
        _text(axes, _MARGIN, 30, facts.finding, size=16, weight="bold")
        _draw_steps(axes, facts)
        _draw_orderings(axes, facts, orderings, pitch)
        picture.describe(facts.description, facts.table)
    return picture


def _draw_steps(axes: Axes, facts: OrderingFacts) -> None:
    start = _MARGIN + facts.num_pixels * _PIXEL + 28
    end = start + _BAR
    for x, text, side in (
        (_MARGIN, "known", "left"),
        (start, "conditional of the pixel that is next", "left"),
        (end + 66, "factor", "right"),
        (_MARGIN + _STEPS, "log p so far", "right"),
    ):
        _text(axes, x, 72, text, size=10, weight="bold", ha=side)
    for step, pixel in enumerate(facts.ordering):
        top = _TOP + _ROW * step
        middle = top + 34
        _draw_pixels(axes, facts, step, middle - _PIXEL / 2)
        if step > facts.step:
            _box(axes, start, middle - 11, _BAR, 22, COLOURS["masked"])
            waits = say("waits", pixel=name(facts.ordering[step - 1]))
            _text(axes, start + 10, middle, waits, color=COLOURS["secondary"])
            continue
        known = facts.beginning(step)
        white = facts.count({**known, pixel: 0}) / facts.count(known)
        split, value, is_drawn = start + _BAR * white, facts.pattern[pixel], step < facts.step
        zero, one = ("masked", "ink") if is_drawn and value else ("paper", "hidden" if is_drawn else "ink")
        _text(axes, start, top + 10, facts.conditional_sentence(step), size=10)
        _box(axes, start, middle - 11, split - start, 22, COLOURS[zero], COLOURS["hidden"])
        _box(axes, split, middle - 11, end - split, 22, COLOURS[one], COLOURS[one])
        for left, right, text, colour in ((start, split, "0", "ink"), (split, end, "1", "paper")):
            if right - left > 16:
                _text(axes, (left + right) / 2, middle, text, color=COLOURS[colour], ha="center", zorder=4)
        if is_drawn:
            left, right = (split, end) if value else (start, split)
            _box(axes, left, middle - 11, right - left, 22, "none", COLOURS["output"], 2.6)
            mark = start + _BAR * facts.uniform[step]
            tip = [(mark, middle + 13), (mark - 5, middle + 22), (mark + 5, middle + 22)]
            axes.add_patch(Polygon(tip, facecolor=COLOURS["output"], zorder=4))
            is_left = mark < (start + end) / 2
            words = say("draws", uniform=facts.uniform[step], value=value)
            place = {"ha": "left" if is_left else "right", "color": COLOURS["output_text"]}
            _text(axes, mark + (9 if is_left else -9), middle + 21, words, size=9, **place)
            _text(axes, end + 66, middle, fixed(facts.factor(step), 3), ha="right")
            _text(axes, _MARGIN + _STEPS, middle, fixed(facts.log_prob(step + 1), 3), ha="right")


def _draw_pixels(axes: Axes, facts: OrderingFacts, step: int, y: float) -> None:
    """The pixels known after this step; the one it draws has a yellow frame."""
    known = facts.beginning(min(step + 1, facts.step))
    for pixel in range(facts.num_pixels):
        x = _MARGIN + pixel * _PIXEL
        fill = {None: "masked", 0: "paper", 1: "ink"}[known.get(pixel)]
        _box(axes, x + 1, y + 1, _PIXEL - 2, _PIXEL - 2, COLOURS[fill], COLOURS["hidden"])
        if pixel == facts.ordering[step] and step <= facts.step:
            _box(axes, x + 1, y + 1, _PIXEL - 2, _PIXEL - 2, "none", COLOURS["current"], 3)
        if pixel not in known:
            _text(
                axes, x + _PIXEL / 2, y + _PIXEL / 2, "?", color=COLOURS["secondary"], ha="center", zorder=5
            )


def _draw_orderings(
    axes: Axes, facts: OrderingFacts, orderings: Sequence[tuple[int, ...]], pitch: float
) -> None:
    left = _MARGIN + _STEPS + 60
    start, is_complete = left + 20 * facts.num_pixels, facts.step == facts.num_pixels
    heading = "every ordering: other factors, one product" if is_complete else "surprise so far"
    _text(axes, left, 72, heading, size=10, weight="bold")
    scale = (_ORDERINGS - 185) / max(-facts.log_prob(facts.step), 0.1)
    for row, ordering in enumerate(orderings):
        y, is_current = _TOP + pitch * row, ordering == facts.ordering
        label = {"weight": "bold"} if is_current else {"color": COLOURS["secondary"]}
        _text(
            axes, start - 8, y + pitch / 2 - 1, " ".join(map(name, ordering)), size=7.5, ha="right", **label
        )
        if not (is_complete or is_current):
            continue
        x = float(start)
        for step in range(facts.step):
            width = scale * -math.log(facts.factor(step, ordering))
            _box(axes, x, y + 1, width, pitch - 2.5, COLOURS[_PIXEL_COLOURS[ordering[step] % 4]])
            x += width
        if is_current:
            _box(axes, left - 6, y - 0.5, x - left + 8, pitch, "none", COLOURS["ink"], 1.4)
    bottom = _TOP + pitch * len(orderings)
    end = start + scale * -facts.log_prob(facts.step)
    axes.plot([end, end], [_TOP - 5, bottom + 6], color=COLOURS["ink"], linewidth=1.2, linestyle=(0, (3, 2)))
    _text(axes, end, bottom + 17, say("total", value=facts.log_prob(facts.step)), weight="bold", ha="center")
    for pixel in range(facts.num_pixels):
        x = float(start + 44 * pixel)
        _box(axes, x, bottom + 32, 11, 11, COLOURS[_PIXEL_COLOURS[pixel % 4]])
        _text(axes, x + 15, bottom + 38, name(pixel), size=9)
    words = "length = −log of a factor, in nats"
    _text(axes, start + 44 * facts.num_pixels + 6, bottom + 38, words, size=9, color=COLOURS["secondary"])


def _box(
    axes: Axes,
    x: float,
    y: float,
    width: float,
    height: float,
    face: str,
    edge: str = "none",
    line: float = 0.8,
) -> None:
    box = Rectangle((x, y), width, height, facecolor=face, edgecolor=edge, linewidth=line, zorder=3)
    axes.add_patch(box)


def _text(axes: Axes, x: float, y: float, text: str, **style: Any) -> None:
    axes.text(x, y, text, **{"va": "center_baseline", **style})
