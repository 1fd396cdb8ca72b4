"""Stacks of causal convolutions with the ancestry of one output lit, one stack above the other."""

from __future__ import annotations

from typing import Any

from matplotlib.axes import Axes

from armod.course.labs.dilation.facts import DilationFacts
from armod.figures.picture import Picture, new_picture
from armod.figures.style import COLOURS

# Lengths in hundredths of an inch.
_WIDTH, _LEFT, _RIGHT, _ROW = 1000, 96, 20, 46
_SPARE = 4  # columns that the widest field leaves to its left


def dilation_figure(
    *stacks: DilationFacts, title: str | None = None, newest: bool = False, generation: bool = False
) -> Picture:
    """A panel for each stack: rows of units above the samples, and what the last output depends on.

    Args:
        stacks: the stacks, from above.
        title: the title; left out, it is the first stack's finding.
        newest: whether to tell the units of the newest column, in yellow, from those that earlier outputs needed, in blue.
        generation: whether to say below each stack what the next sample costs with queues and without.

    Returns:
        The picture; its table holds for each stack its dilations, kernel, the field by the formula, and how many
        samples the oracle finds.

    >>> print(dilation_figure(DilationFacts((1, 2), 2)).table["field"])
    [4]
    """
    descriptions = [facts.description for facts in stacks]
    if generation:
        descriptions = [
            f"{words} {'. '.join(facts.both_ways)}."
            for words, facts in zip(descriptions, stacks, strict=True)
        ]
    if title:
        descriptions.insert(0, f"{title}.")
    if newest:
        layers = stacks[0].num_layers
        descriptions.append(
            f"The {layers} units and the sample of the newest column are yellow; all others, which earlier outputs needed "
            "too, are blue."
        )
    title = title or stacks[0].finding
    columns = max(16, *(facts.field for facts in stacks)) + _SPARE
    heights = [_ROW * facts.num_layers + (160 if generation else 110) for facts in stacks]
    with new_picture(_WIDTH / 100, (sum(heights) + 44) / 100) as picture:
        picture.set_label(title)
        page = picture.add_axes((0, 0, 1, 1), xlim=(0, _WIDTH), ylim=(sum(heights) + 44, 0))
        page.set_axis_off()
        page.text(18, 26, title, size=15, weight="bold", va="center_baseline")
        top = 44
        for facts, height in zip(stacks, heights, strict=True):
            _draw(page, facts, top, columns, newest)
            edge = _WIDTH - _RIGHT - (_WIDTH - _LEFT - _RIGHT) / columns / 2 + 8
            for line, words in enumerate(facts.both_ways if generation else ()):
                y = top + height - 50 + 24 * line
                page.text(edge, y, words, size=10, ha="right", va="center_baseline")
            top += height
        picture.describe(
            " ".join(descriptions),
            {
                "dilations": [facts.dilations for facts in stacks],
                "kernel": [facts.kernel_size for facts in stacks],
                "field": [facts.field for facts in stacks],
                "seen": [len(facts.oracle) for facts in stacks],
            },
        )
    return picture


def _draw(page: Axes, facts: DilationFacts, top: float, columns: int, newest: bool) -> None:
    step = (_WIDTH - _LEFT - _RIGHT) / columns
    right = _WIDTH - _RIGHT - step / 2
    dot = min(9.0, 0.7 * step * 0.72)  # points

    def x(back: float) -> float:
        return right - step * back

    def y(row: float) -> float:
        return top + 40 + _ROW * row

    page.text(right + 8, top + 12, "predicts the next sample", size=9.5, ha="right", va="center_baseline")
    for row, dilation in enumerate(reversed(facts.dilations)):
        taps = [tap * dilation for tap in range(facts.kernel_size)]
        for back in range(columns):
            for tap in taps:
                if back + tap < columns:
                    ends = [x(back), x(back + tap)], [y(row), y(row + 1)]
                    page.plot(*ends, color=COLOURS["kept"], linewidth=0.7, alpha=0.45, zorder=1)
        for back in facts.ancestry[row]:
            for tap in taps:
                ends = [x(back), x(back + tap)], [y(row), y(row + 1)]
                page.plot(*ends, color=COLOURS["input"], linewidth=1.8, zorder=2)
    for row, places in enumerate(facts.ancestry):
        is_samples = row == facts.num_layers
        label = "samples" if is_samples else f"dilation {facts.dilations[-1 - row]}"
        colour = COLOURS["input" if is_samples else "secondary"]
        page.text(_LEFT - 14, y(row), label, size=10, ha="right", va="center_baseline", color=colour)
        spare = [x(back) for back in range(columns) if back not in places]
        style: dict[str, Any] = {"linestyle": "none", "marker": "o", "markersize": dot}
        unlit: dict[str, Any] = {"mfc": COLOURS["paper"], "mec": COLOURS["kept"], "mew": 0.8, "zorder": 1.5}
        page.plot(spare, [y(row)] * len(spare), **style, **unlit)
        face = "current" if row == 0 else "field" if is_samples else "masked"
        edge = "input" if is_samples else "ink"
        for back in places:
            if newest:
                face, edge = ("field", "input") if back else ("current", "ink")
            page.plot(x(back), y(row), **style, mfc=COLOURS[face], mec=COLOURS[edge], mew=1.3, zorder=3)
    edges, low = [x(facts.field - 1) - 0.4 * step, right + 0.4 * step], y(facts.num_layers) + 14
    page.plot(
        [edges[0], edges[0], edges[1], edges[1]],
        [low, low + 7, low + 7, low],
        color=COLOURS["ink"],
        linewidth=1.2,
    )
    words = f"receptive field {facts.formula}; the oracle finds {len(facts.oracle)}"
    page.text(right + 8, low + 24, words, size=10, ha="right", va="center_baseline")
