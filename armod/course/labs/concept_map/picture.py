"""The map of a course: which lesson teaches what, and which lesson needs it, drawn from what lessons say of themselves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib.axes import Axes
from matplotlib.patches import FancyBboxPatch, PathPatch
from matplotlib.path import Path

from armod.course.labs.concept_map.facts import ConceptMap, Described, duration, number_and_words
from armod.figures.picture import Picture, new_picture
from armod.figures.style import COLOURS
from armod.figures.text import text_width, wrapped

# Lengths are hundredths of an inch; y points down.
_WIDTH, _MARGIN, _CARD, _GAP, _ROW_GAP = 1100, 20, 330, 22, 62
_PILL, _LINE, _PAD = 24, 19, 14
_PILL_FILL = "#E6F2FB"


def concept_map(lessons: Sequence[Described], notes: Mapping[str, str] | None = None) -> Picture:
    """Lessons as cards in rows, prerequisites above; a line runs from each concept to the lessons that need it.

    Args:
        lessons: the lessons, in the order of the course.
        notes: a few words on some lessons by name, such as ``{"4_5_1_made": "2 exercises passed"}``.

    Returns:
        The picture. A line is left out where a chain of others leads the same way; the description and the table have
        them all.

    Raises:
        ValueError: if there is no lesson.
    """
    facts = ConceptMap(lessons, notes or {})
    placed, prerequisites, height = _places(facts)
    with new_picture(_WIDTH / 100, height / 100) as picture:
        picture.set_label(facts.finding)
        axes = picture.add_axes((0, 0, 1, 1), xlim=(0, _WIDTH), ylim=(height, 0))
        axes.set_axis_off()
        _text(axes, _MARGIN, 28, facts.finding, size=14, weight="bold")
        starts: dict[tuple[int | None, str], tuple[float, float]] = {}
        if prerequisites:
            _text(
                axes,
                prerequisites[0].left - 12,
                prerequisites[0].top + _PILL / 2,
                "You bring",
                ha="right",
                color=COLOURS["secondary"],
            )
        for pill in prerequisites:
            _draw_pill(axes, pill, COLOURS["masked"], COLOURS["kept"])
            starts[None, pill.concept.lower()] = (pill.left + pill.width / 2, pill.top + _PILL)
        for index, card in placed.items():
            _draw_card(axes, card)
            for pill in card.pills:
                starts[index, pill.concept.lower()] = (pill.left + pill.width / 2, card.top + card.height)
        for link in facts.links:
            if link.is_direct:
                is_long = facts.step(link.learner) - facts.step(link.teacher) > 1
                _draw_link(axes, starts[link.teacher, link.concept.lower()], placed[link.learner], is_long)
        picture.describe(
            facts.description,
            {
                "lesson": [facts.lessons[link.learner].name for link in facts.links],
                "needs": [link.concept for link in facts.links],
                "taught by": [
                    "" if link.teacher is None else facts.lessons[link.teacher].name for link in facts.links
                ],
            },
        )
    return picture


@dataclass(frozen=True)
class _Pill:
    concept: str
    left: float
    top: float
    width: float


@dataclass(frozen=True)
class _Card:
    left: float
    top: float
    width: float
    height: float
    number: str
    words: list[str]
    small: str
    pills: list[_Pill]


def _places(facts: ConceptMap) -> tuple[dict[int, _Card], list[_Pill], float]:
    """Where everything stands, and the height of the whole."""
    top = 58.0
    prerequisites: list[_Pill] = []
    if facts.prerequisites:
        room = _WIDTH - 2 * _MARGIN - 90
        lines = _pill_lines(facts.prerequisites, room)
        for line in lines:
            left = _MARGIN + 90 + (room - sum(width + 8 for _, width in line)) / 2
            for concept, width in line:
                prerequisites.append(_Pill(concept, left, top, width))
                left += width + 8
            top += _PILL + 8
        top += _ROW_GAP - 8
    placed: dict[int, _Card] = {}
    for row in facts.rows:
        width = min(_CARD, (_WIDTH - 2 * _MARGIN + _GAP) / len(row) - _GAP)
        left = (_WIDTH - len(row) * (width + _GAP) + _GAP) / 2
        cards = []
        for number, index in enumerate(row):
            cards.append(_card(facts, index, left + number * (width + _GAP), top, width))
        for index, card in zip(row, cards, strict=True):
            placed[index] = card
        top += max(card.height for card in cards) + _ROW_GAP
    return placed, prerequisites, top - _ROW_GAP + _MARGIN


def _card(facts: ConceptMap, index: int, left: float, top: float, width: float) -> _Card:
    lesson = facts.lessons[index]
    number, words = number_and_words(lesson.title)
    lines = wrapped(words, (width - 2 * _PAD) / 100, 11, "bold")
    small = duration(lesson.minutes) + (
        f" · {facts.notes[lesson.name]}" if lesson.name in facts.notes else ""
    )
    below = top + _PAD + _LINE * (len(lines) + 1) + 22
    pills = []
    for line in _pill_lines(lesson.teaches, width - 2 * _PAD):
        x = left + _PAD
        for concept, pill_width in line:
            pills.append(_Pill(concept, x, below, pill_width))
            x += pill_width + 6
        below += _PILL + 6
    return _Card(left, top, width, below + 6 - top, number, lines, small, pills)


def _pill_lines(concepts: Sequence[str], room: float) -> list[list[tuple[str, float]]]:
    """The concepts in lines that fit, each with the width of its pill."""
    lines: list[list[tuple[str, float]]] = [[]]
    for concept in concepts:
        width = 100 * text_width(concept, 9.5) + 20
        if lines[-1] and sum(other + 8 for _, other in lines[-1]) + width > room:
            lines.append([])
        lines[-1].append((concept, width))
    return lines


def _draw_card(axes: Axes, card: _Card) -> None:
    axes.add_patch(
        FancyBboxPatch(
            (card.left, card.top), card.width, card.height, boxstyle="round,pad=0,rounding_size=8",
            facecolor=COLOURS["paper"], edgecolor=COLOURS["kept"], linewidth=1.2, zorder=2,
        )
    )  # fmt: skip
    x, y = card.left + _PAD, card.top + _PAD + 8
    if card.number:
        _text(axes, x, y, card.number, size=10, weight="bold", color=COLOURS["input"])
    _text(
        axes, card.left + card.width - _PAD, y, card.small, size=9.5, color=COLOURS["secondary"], ha="right"
    )
    for number, line in enumerate(card.words, 1):
        _text(axes, x, y + 4 + _LINE * number, line, size=11, weight="bold")
    for pill in card.pills:
        _draw_pill(axes, pill, _PILL_FILL, COLOURS["field"])


def _draw_pill(axes: Axes, pill: _Pill, fill: str, edge: str) -> None:
    axes.add_patch(
        FancyBboxPatch(
            (pill.left, pill.top), pill.width, _PILL, boxstyle=f"round,pad=0,rounding_size={_PILL / 2}",
            facecolor=fill, edgecolor=edge, linewidth=0.9, zorder=3,
        )
    )  # fmt: skip
    _text(axes, pill.left + pill.width / 2, pill.top + _PILL / 2, pill.concept, size=9.5, ha="center")


def _draw_link(axes: Axes, start: tuple[float, float], card: _Card, is_long: bool) -> None:
    end = (card.left + card.width / 2, card.top)
    bend = max(30, (end[1] - start[1]) * 0.45)
    path = Path(
        [start, (start[0], start[1] + bend), (end[0], end[1] - bend), end],
        [Path.MOVETO, Path.CURVE4, Path.CURVE4, Path.CURVE4],
    )
    # Dotted where it passes behind other cards, so that it does not seem to begin or end at them.
    style = (0, (1, 2.5)) if is_long else "solid"
    axes.add_patch(
        PathPatch(
            path, facecolor="none", edgecolor=COLOURS["hidden"], linewidth=1.2, linestyle=style, zorder=1
        )
    )
    axes.plot(*end, marker="v", markersize=5, color=COLOURS["hidden"], zorder=4)


def _text(axes: Axes, x: float, y: float, text: str, **style: Any) -> None:
    axes.text(x, y, text, **{"va": "center_baseline", "zorder": 5, **style})
