"""The gates lab: set the gates of one LSTM or GRU unit, at all steps or at one, and watch what its memory does.

The page does the sums itself, as facts.py does them; the diagrams are those of `armod.figures.diagrams`.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from armod.course.labs.gates.facts import (
    BIASES,
    EXAMPLES,
    GATES,
    INPUTS,
    STEPS,
    WEIGHTS,
    GatesFacts,
)
from armod.course.labs.gates.picture import BOXES, ENDS, gates_figure
from armod.course.labs.page import Widget, check_knobs, lab_page
from armod.figures.diagrams.cells import CELLS, WIDTH


def gates_lab(example: str = "an LSTM that forgets", *, step: int = 5) -> Widget:
    """The lab as one notebook output.

    Args:
        example: what the knobs hold at first, one of `armod.course.labs.gates.facts.EXAMPLES`.
        step: the step that is looked at, from 1 to 20.

    Returns:
        The output.

    Raises:
        ValueError: for a value that the lab's knobs do not have.
    """
    check_knobs("gates lab", example=(example, EXAMPLES), step=(step, range(1, STEPS + 1)))
    facts = GatesFacts(EXAMPLES[example], step)
    data = {
        "steps": STEPS,
        "gates": GATES,
        "biases": BIASES,
        "weights": WEIGHTS,
        "inputs": INPUTS,
        "examples": {name: asdict(setting) for name, setting in EXAMPLES.items()},
        "diagrams": {cell: _diagram(cell) for cell in GATES},
        "width": WIDTH,
        "start": {"example": example, "step": step},
    }
    return lab_page(__file__, data, gates_figure(facts))


def _diagram(cell: str) -> dict[str, Any]:
    """The parts of a block diagram for the page: of wires and joints whether they lie on the way around the weights."""
    drawn = CELLS[cell]
    return {
        "height": drawn.height,
        "wires": [[points, "cell" in ways] for points, ways in drawn.wires],
        "joints": [[at, "cell" in ways] for at, ways in drawn.joints],
        "operations": [[at, sign, "cell" in ways] for at, sign, ways in drawn.operations],
        "boxes": [[at, text.split()[0], BOXES.get(text)] for at, text, _ in drawn.boxes],
        "ends": [[at, *ENDS[name]] for name, at in drawn.ends.items()],
    }
