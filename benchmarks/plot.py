"""One picture of all ratios: how many times faster than the reference, beside what was promised."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import matplotlib
from matplotlib.figure import Figure

from armod.figures.style import COLOURS, rc_params
from benchmarks.measure import Result


def plot(results: Sequence[Result]) -> Figure:
    """A bar for each result on a logarithmic axis; a line across it where its target lies; missed ones hatched."""
    with matplotlib.rc_context(rc_params()):
        figure = Figure(figsize=(11, 1.2 + 0.38 * len(results)), layout="constrained")
        axes = figure.add_subplot()
        for row, result in enumerate(reversed(results)):
            faster = result.reference / result.ours
            colour = COLOURS["input"] if result.holds else COLOURS["blind"]
            axes.barh(
                row,
                faster - 1,
                left=1,
                color=colour,
                height=0.62,
                hatch=None if result.holds else "///",
                ec="white",
            )
            label = f"{faster:,.3g}x" if result.holds else f"{faster:,.3g}x, missed"
            beyond = max(faster, 1, result.target_speedup or 1)
            axes.text(beyond, row, f" {label}", va="center", color=COLOURS["ink"])
            if target := result.target_speedup:
                axes.plot([target, target], [row - 0.42, row + 0.42], color=COLOURS["ink"], linewidth=2)
        axes.set_yticks(range(len(results)), [result.name for result in reversed(results)])
        axes.set_xscale("log")
        axes.set_xlim(right=axes.get_xlim()[1] * 2)
        axes.set_xlabel("times faster than the reference in the same run; a black line is the target")
        axes.axvline(1, color=COLOURS["secondary"], linewidth=1)
        held = sum(result.holds for result in results if result.target)
        axes.set_title(f"{held} of {sum(bool(result.target) for result in results)} targets hold")
    return figure


def save(results: Sequence[Result], path: Path) -> None:
    """Write the picture as PNG."""
    plot(results).savefig(path, dpi=110)
