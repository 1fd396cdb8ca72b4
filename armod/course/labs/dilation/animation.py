"""A short animation of stacks of causal convolutions: from one output down, row by row, lights what it depends on.

One SVG drawing and a few rules of CSS, no script: it plays in exported HTML, and a tick in its box stops it. Those who
asked their system for less motion, and those who print, get the last frame as a still.
"""

from __future__ import annotations

import hashlib
import html
from collections.abc import Iterable

from armod.course.labs.dilation.facts import DilationFacts
from armod.course.labs.dilation.picture import dilation_figure
from armod.course.labs.page import Widget, asset
from armod.figures.style import css_variables

_SECONDS_A_FRAME = 1.1
_FRAMES_AT_REST = 2  # of the whole picture, before it begins anew
_WIDTH, _LEFT, _RIGHT, _ROW, _PANEL = 900, 96, 16, 42, 96  # pixels
_SPARE = 4

_RULES = """
.armod-widget .armod-dilations svg { width: 100%; height: auto; max-width: 900px; }
.armod-widget .armod-dilations text { fill: var(--armod-secondary); font-size: 13px; dominant-baseline: central; }
.armod-widget .armod-dilations text.strong { fill: var(--armod-ink); font-weight: 700; }
.armod-widget .armod-dilations .unit { fill: var(--armod-paper); stroke: var(--armod-kept); }
.armod-widget .armod-dilations .wire { fill: none; stroke: var(--armod-kept); stroke-opacity: 0.4; stroke-width: 0.7; }
.armod-widget .armod-dilations .path { fill: none; stroke: var(--armod-input); stroke-width: 2; }
.armod-widget .armod-dilations .lit { fill: var(--armod-masked); stroke: var(--armod-ink); stroke-width: 1.5; }
.armod-widget .armod-dilations .lit.output { fill: var(--armod-current); }
.armod-widget .armod-dilations .lit.sample { fill: var(--armod-field); stroke: var(--armod-input); }
.armod-widget .armod-dilations .bracket { fill: none; stroke: var(--armod-ink); stroke-width: 1.4; }
.armod-widget .armod-dilations ~ .armod-still { display: none; }
.armod-widget .armod-dilations input:checked ~ svg * { animation-play-state: paused; }
@media (max-width: 600px) {
  .armod-widget .armod-dilations svg { overflow: visible; }
  .armod-widget .armod-dilations text { font-size: 26px; }
}
@media print, (prefers-reduced-motion: reduce) {
  .armod-widget .armod-dilations { display: none; }
  .armod-widget .armod-dilations ~ .armod-still { display: block; }
}
"""


def dilation_animation(*stacks: DilationFacts, title: str | None = None) -> Widget:
    """The stacks one above the other, all in step; `title` as in `dilation_figure`, whose picture is the still.

    >>> "infinite" in dilation_animation(DilationFacts((1, 2, 4), 2)).html
    True
    """
    still = dilation_figure(*stacks, title=title)
    title = title or stacks[0].finding
    num_frames = 1 + max(facts.num_layers for facts in stacks)
    columns = max(16, *(facts.field for facts in stacks)) + _SPARE
    panels, top = [], 0
    for facts in stacks:
        panels.append(f'<g transform="translate(0 {top})">{_panel(facts, columns)}</g>')
        top += _ROW * facts.num_layers + _PANEL
    drawing = "".join(panels)
    name = "armod-" + hashlib.sha256(drawing.encode()).hexdigest()[:12]
    description = html.escape(f"Animation. {still.description}")
    page = (
        f'<div class="armod-widget" role="group" aria-label="{html.escape(title)}">\n'
        f"<style>.armod-widget {{ {css_variables()} }}\n{asset('page.css')}{_RULES}{_keyframes(name, num_frames)}</style>\n"
        f'<div class="armod-dilations {name}"><p style="font-weight:700;font-size:19px;margin:0">{html.escape(title)}</p>\n'
        f'<input type="checkbox" id="{name}" data-lm-suppress-shortcuts><label for="{name}"> Hold still</label>\n'
        f'<svg viewBox="0 0 {_WIDTH} {top}" role="img" aria-label="{description}">{drawing}</svg></div>\n'
        f'<div class="armod-still">{still.img(dots_per_inch=100)}</div>\n</div>'
    )
    return Widget(page, f"Animation: {still.description}")


def _keyframes(name: str, num_frames: int) -> str:
    """Row r appears in frame r, and all stay until the animation begins anew."""
    num_moments = num_frames + _FRAMES_AT_REST
    rules = []
    for frame in range(1, num_frames):
        share = 100 * frame / num_moments
        rules.append(
            f"@keyframes {name}-{frame} {{ 0%, {share - 0.1:.1f}% {{ opacity: 0 }} "
            f"{share + 5:.1f}%, 99% {{ opacity: 1 }} 100% {{ opacity: 0 }} }}\n"
            f".{name} .frame-{frame} {{ animation: {name}-{frame} {_SECONDS_A_FRAME * num_moments:.1f}s infinite; }}\n"
        )
    return "".join(rules)


def _panel(facts: DilationFacts, columns: int) -> str:
    unit = (_WIDTH - _LEFT - _RIGHT) / columns
    radius = round(min(9.0, 0.36 * unit), 1)
    right = _WIDTH - _RIGHT - unit / 2
    depth = facts.num_layers

    def place(row: int, back: int) -> str:
        return f"{right - unit * back:.1f} {36 + _ROW * row}"

    def wires(row: int, places: Iterable[int]) -> str:
        taps = [tap * facts.dilations[depth - 1 - row] for tap in range(facts.kernel_size)]
        return "".join(
            f"M{place(row, back)}L{place(row + 1, back + tap)}"
            for back in places
            for tap in taps
            if back + tap < columns
        )

    def dots(row: int, places: Iterable[int]) -> str:
        size = radius
        return "".join(
            f"M{place(row, back)}m{-size} 0a{size} {size} 0 1 0 {2 * size} 0a{size} {size} 0 1 0 {-2 * size} 0"
            for back in places
        )

    parts = [f'<path class="wire" d="{wires(row, range(columns))}"/>' for row in range(depth)]
    parts += [f'<path class="unit" d="{dots(row, range(columns))}"/>' for row in range(depth + 1)]
    for row in range(depth):
        label = f"dilation {facts.dilations[depth - 1 - row]}"
        parts.append(f'<text x="{_LEFT - 12}" y="{36 + _ROW * row}" text-anchor="end">{label}</text>')
    foot = 36 + _ROW * depth
    parts.append(f'<text x="{_LEFT - 12}" y="{foot}" text-anchor="end">samples</text>')
    parts.append(f'<text x="{right + radius}" y="12" text-anchor="end">predicts the next sample</text>')
    for row in range(1, depth + 1):
        kind = "lit sample" if row == depth else "lit"
        parts.append(
            f'<g class="frame-{row}"><path class="path" d="{wires(row - 1, facts.ancestry[row - 1])}"/>'
            f'<path class="{kind}" d="{dots(row, facts.ancestry[row])}"/></g>'
        )
    # above the lines that lead away from them
    for row in range(1, depth):
        parts.append(f'<path class="lit frame-{row}" d="{dots(row, facts.ancestry[row])}"/>')
    parts.append(f'<path class="lit output" d="{dots(0, facts.ancestry[0])}"/>')
    begin, end = right - unit * (facts.field - 0.6), right + 0.4 * unit
    parts.append(
        f'<g class="frame-{depth}"><path class="bracket" d="M{begin:.1f} {foot + 14}v7H{end:.1f}v-7"/>'
        f'<text class="strong" x="{right + radius}" y="{foot + 36}" text-anchor="end">'
        f"receptive field {facts.formula}</text></g>"
    )
    return "".join(parts)
