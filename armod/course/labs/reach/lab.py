"""The reach lab: an unrolled recurrent network, and the gradient that arrives k steps back.

Python measures the gradients of every state of the knobs once and writes its sentences; the page looks them up. Below them
stands what networks with such gates learn to recall (`armod.measures.recall_table`).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache

from armod.course.labs.page import Widget, check_knobs, lab_page, packed
from armod.course.labs.reach.facts import AXIS, LEAST, MOST, ReachFacts
from armod.course.labs.reach.picture import reach_figure
from armod.measures.gradient_reach import CELL_NAMES, LAGS
from armod.measures.recall_table import DISTANCES, GATE_BIASES, STEPS, recall_table

SCALES = (0.5, 0.75, 1.0, 1.25, 1.5, 2.0, 2.5, 3.0)


def reach_lab(cell: str = "rnn", scale: float = 1.0, *, gate_bias: int = 0, lag: int = 12) -> Widget:
    """The lab as one notebook output, its knobs set to these values at first.

    Args:
        cell: "rnn", "lstm" or "gru".
        scale: of the recurrent weights.
        gate_bias: on the gate that keeps the past; a simple RNN has none and ignores it.
        lag: steps back, from 1.

    Returns:
        The output.

    Raises:
        ValueError: for a value that the lab's knobs do not have.
    """
    check_knobs(
        "reach lab",
        cell=(cell, tuple(CELL_NAMES)),
        scale=(scale, SCALES),
        gate_bias=(gate_bias, GATE_BIASES),
        lag=(lag, range(1, LAGS + 1)),
    )
    facts = reach_state(cell, scale, gate_bias)
    data = {
        "cells": CELL_NAMES,
        "scales": SCALES,
        "gateBiases": list(GATE_BIASES),
        "axis": [[power, name] for power, name in AXIS.items()],
        "least": LEAST,
        "most": MOST,
        "distances": DISTANCES,
        "steps": STEPS,
        "recall": {" ".join(map(str, setting)): lines for setting, lines in recall_table().items()},
        "states": packed(json.dumps(_table(), ensure_ascii=False).encode()),
        "start": {
            "cell": cell,
            "scale": SCALES.index(scale),
            "bias": GATE_BIASES.index(gate_bias),
            "lag": lag,
        },
    }
    return lab_page(__file__, data, reach_figure(facts, lag))


def reach_state(cell: str, scale: float, gate_bias: int) -> ReachFacts:
    """What the lab shows at one setting of its knobs."""
    return ReachFacts(cell, scale, 0 if cell == "rnn" else gate_bias)


def settings() -> Iterator[tuple[str, float, int]]:
    """All (cell, scale, gate bias) of the table, in its order."""
    for cell in CELL_NAMES:
        for scale in SCALES:
            for gate_bias in GATE_BIASES[:1] if cell == "rnn" else GATE_BIASES:
                yield cell, scale, gate_bias


@cache
def _table() -> dict[str, dict[str, object]]:
    """Under "cell scale bias" the finding, and lag by lag what is drawn and what is said."""
    table: dict[str, dict[str, object]] = {}
    for cell, scale, gate_bias in settings():
        facts = ReachFacts(cell, scale, gate_bias)
        table[f"{cell} {SCALES.index(scale)} {GATE_BIASES.index(gate_bias)}"] = {
            "finding": facts.finding,
            "powers": facts.powers,
            "words": facts.words,
            "factors": facts.factors,
        }
    return table
