"""The picture of the gates lab: the cell at one step with its numbers, and the input, the gates and the state over 20 steps."""

from __future__ import annotations

import math
from dataclasses import replace

from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from armod.course.labs.gates.facts import GATES, STEPS, GatesFacts
from armod.figures.diagrams.cells import CELLS, WIDTH, draw_cell
from armod.figures.diagrams.parts import note
from armod.figures.numbers import fixed
from armod.figures.picture import Picture, new_picture
from armod.figures.style import COLOURS
from armod.figures.text import wrapped

# what stands in the boxes and at the ends of the diagrams: the name of a number, under the words for it
BOXES = {"keep\nσ(f)": "forget", "write\nσ(i)": "input", "new\ntanh(g)": "new", "show\nσ(o)": "output", "squash\ntanh": "squash",
         "reset\nσ(r)": "reset", "keep\nσ(z)": "update", "new\ntanh": "new"}  # fmt: skip
ENDS = {"$c_{t-1}$": ("c", "c_before"), "$c_t$": ("c", "c"), "$h_{t-1}$": ("h", "h_before"), "$h_t$": ("h", "h"),
        "$x_{t-1}$": ("x", "x"), "1 − σ(z)": ("", "rest")}  # fmt: skip


def gates_figure(facts: GatesFacts) -> Picture:
    """The diagram of the chosen step, and the course of all steps beside it.

    Args:
        facts: what is to be seen.

    Returns:
        The picture; its table holds a row for each step.
    """
    moments, cell = facts.moments, facts.setting.cell
    with new_picture(10.4, 4.9) as picture:
        picture.set_label(facts.finding)
        picture.text(0.02, 0.945, facts.finding, size=14, weight="bold", va="center")
        for line, words in enumerate(wrapped(facts.detail, 10, 10)):
            picture.text(0.02, 0.89 - 0.045 * line, words, size=10, color=COLOURS["secondary"], va="center")
        page = picture.add_axes((0.0, 0.07, 0.5, 0.7), xlim=(0, WIDTH), ylim=(CELLS[cell].height, 0))
        page.set_axis_off()
        _draw_step(page, facts)
        steps = range(1, STEPS + 1)
        inputs = picture.add_axes((0.57, 0.66, 0.41, 0.12), ylim=(-2.2, 2.2), ylabel="input")
        inputs.bar(steps, [moment.x for moment in moments], 0.7, color=COLOURS["hidden"])
        gates = picture.add_axes((0.57, 0.43, 0.41, 0.2))
        _draw_gates(gates, facts)
        lines = picture.add_axes((0.57, 0.1, 0.41, 0.3), xlabel="step")
        if cell == "lstm":
            lines.plot(
                steps, [moment.c for moment in moments], ".-", color=COLOURS["output"], label="memory c"
            )
        lines.plot(steps, [moment.h for moment in moments], ".-", color=COLOURS["input"], label="state h")
        lines.axhline(0, color=COLOURS["secondary"], linewidth=0.8)
        reach = max(1.0, *(abs(moment.c) for moment in moments))
        lines.set_ylim(-1.1 * reach, 1.1 * reach)
        lines.legend(frameon=False, loc="best", ncols=2)
        for axes in (inputs, gates, lines):
            axes.set(xlim=(0.4, STEPS + 0.6), xticks=(1, 5, 10, 15, 20))
            axes.axvspan(facts.step - 0.5, facts.step + 0.5, color=COLOURS["current"], alpha=0.35, zorder=0)
            axes.tick_params(labelbottom=axes is lines)
        table = {"step": [*steps], "input": [moment.x for moment in moments]}
        table |= {f"{name} gate": [moment.gates[name] for moment in moments] for name in GATES[cell]}
        if cell == "lstm":
            table["memory c"] = [moment.c for moment in moments]
        picture.describe(facts.description, table | {"state h": [moment.h for moment in moments]})
    return picture


def numbers(facts: GatesFacts) -> dict[str, float]:
    """What the diagram of the chosen step says, by the names in `BOXES` and `ENDS`."""
    now = facts.moments[facts.step - 1]
    found = {name: value for name, value in vars(now).items() if name != "gates"} | dict(now.gates)
    return found | {"rest": 1 - now.gates.get("update", 0.0), "squash": math.tanh(now.c)}


def _draw_step(page: Axes, facts: GatesFacts) -> None:
    """The diagram of the cell with this step's numbers in its boxes and at its ends."""
    cell, found = CELLS[facts.setting.cell], numbers(facts)
    boxes = [
        (at, f"{text.split()[0]}\n{fixed(found[BOXES[text]], 2)}" if text in BOXES else text, ways)
        for at, text, ways in cell.boxes
    ]
    draw_cell(page, replace(cell, boxes=boxes, ends={}), frozenset(["cell"]))
    for name, at in cell.ends.items():
        words, number = ENDS[name]
        note(page, at, f"{words}\n{fixed(found[number], 2)}".strip(), ha="center", color=COLOURS["ink"])


def _draw_gates(axes: Axes, facts: GatesFacts) -> None:
    names = GATES[facts.setting.cell]
    axes.set(ylim=(len(names) - 0.5, -0.5))
    axes.set_yticks(range(len(names)), names)
    for row, name in enumerate(names):
        for step in range(1, STEPS + 1):
            is_flipped = step in facts.setting.flips.get(name, ())
            axes.add_patch(
                Rectangle(
                    (step - 0.45, row - 0.42), 0.9, 0.84, facecolor=COLOURS["input"], alpha=0.06 + 0.94 * facts.gate(name, step)
                )
            )  # fmt: skip
            if is_flipped:
                axes.add_patch(Rectangle((step - 0.45, row - 0.42), 0.9, 0.84, fill=False, edgecolor=COLOURS["output"], linewidth=2))  # fmt: skip
