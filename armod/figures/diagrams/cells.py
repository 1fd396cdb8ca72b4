"""Recurrent cells as block diagrams: what a step does with the past, and the ways on which a gradient comes back."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

from matplotlib.axes import Axes
from matplotlib.patches import Circle

from armod.figures.diagrams.parts import (
    Diagram,
    Point,
    box,
    check_parts,
    new_diagram,
    note,
    operation,
    wire,
)
from armod.figures.style import COLOURS

_CELL, _STATE = frozenset(["cell"]), frozenset(["state"])
_BOTH, _NONE = _CELL | _STATE, frozenset[str]()
_AROUND = "around the weights: times a gate, plus what is new, and nothing else"
_THROUGH = "through the weights: times U, then squashed, at every step"
WIDTH, _GATE, _WEIGHTS, _JOINT = 560, (66, 48), (36, 34), 4.5


@dataclass(frozen=True)
class Cell:
    """A diagram of one step of a recurrent cell; coordinates are those of a page.

    Args:
        name: of the cell.
        height: of the page.
        ways: what each way of the past does, by its name.
        words: the diagram in words.
        ends: where each quantity comes in or goes out.
        wires: lines, each with the ways that lead along it.
        operations: circles with a sign, each with its ways.
        boxes: layers with weights, each with its ways.
        joints: where wires meet, each with its ways.

    >>> sorted(CELLS["lstm"].ways)
    ['cell', 'state']
    """

    name: str
    height: int
    ways: dict[str, str]
    words: str
    ends: dict[str, Point]
    wires: list[tuple[list[Point], frozenset[str]]]
    operations: list[tuple[Point, str, frozenset[str]]]
    boxes: list[tuple[Point, str, frozenset[str]]]
    joints: list[tuple[Point, frozenset[str]]] = field(default_factory=list)


_RNN = Cell(
    name="Simple RNN",
    height=190,
    ways={"state": _THROUGH},
    words="The old state is multiplied by U, the product of W and the input is added, and a tanh of the sum is the new state.",
    ends={"$h_{t-1}$": (36, 50), "$x_{t-1}$": (230, 166), "$h_t$": (520, 50)},
    wires=[
        ([(60, 50), (112, 50)], _STATE),
        ([(148, 50), (212, 50)], _STATE),
        ([(230, 150), (230, 126)], _NONE),
        ([(230, 92), (230, 68)], _NONE),
        ([(248, 50), (317, 50)], _STATE),
        ([(383, 50), (496, 50)], _STATE),
    ],
    operations=[((230, 50), "+", _STATE)],
    boxes=[((130, 50), "U", _STATE), ((230, 109), "W", _NONE), ((350, 50), "squash\ntanh", _STATE)],
)
_LSTM = Cell(
    name="LSTM",
    height=344,
    ways={"cell": _AROUND, "state": _THROUGH},
    words=(
        "The memory c runs straight through the cell: it is multiplied by the gate that keeps, then the product of the gate that "
        "writes and the new value is added. U times the old state plus W times the input give all three gates and the new value. "
        "The new state is the tanh of the memory, multiplied by the gate that shows."
    ),
    ends={
        "$c_{t-1}$": (36, 40),
        "$c_t$": (520, 40),
        "$h_{t-1}$": (36, 232),
        "$x_{t-1}$": (36, 308),
        "$h_t$": (520, 270),
    },
    wires=[
        ([(60, 40), (158, 40)], _CELL),  # the memory, from left to right
        ([(194, 40), (266, 40)], _BOTH),
        ([(302, 40), (496, 40)], _BOTH),
        ([(60, 232), (74, 232)], _STATE),  # the sums
        ([(110, 232), (126, 232), (126, 252)], _STATE),
        ([(60, 308), (74, 308)], _NONE),
        ([(110, 308), (126, 308), (126, 288)], _NONE),
        ([(144, 270), (392, 270), (392, 220)], _STATE),
        ([(176, 270), (176, 220)], _STATE),
        ([(248, 270), (248, 220)], _STATE),
        ([(320, 270), (320, 220)], _STATE),
        ([(176, 172), (176, 58)], _STATE),  # keep
        ([(248, 172), (248, 104), (266, 104)], _STATE),  # write, new
        ([(320, 172), (320, 104), (302, 104)], _STATE),
        ([(284, 86), (284, 58)], _STATE),
        ([(466, 40), (466, 66)], _STATE),  # show
        ([(466, 114), (466, 130)], _STATE),
        ([(392, 172), (392, 148), (448, 148)], _STATE),
        ([(466, 166), (466, 270), (496, 270)], _STATE),
    ],
    operations=[
        ((176, 40), "×", _BOTH),
        ((284, 40), "+", _BOTH),
        ((126, 270), "+", _STATE),
        ((284, 104), "×", _STATE),
        ((466, 148), "×", _STATE),
    ],
    boxes=[
        ((92, 232), "U", _STATE),
        ((92, 308), "W", _NONE),
        ((176, 196), "keep\nσ(f)", _STATE),
        ((248, 196), "write\nσ(i)", _STATE),
        ((320, 196), "new\ntanh(g)", _STATE),
        ((392, 196), "show\nσ(o)", _STATE),
        ((466, 90), "squash\ntanh", _STATE),
    ],
    joints=[((176, 270), _STATE), ((248, 270), _STATE), ((320, 270), _STATE), ((466, 40), _BOTH)],
)
_GRU = Cell(
    name="GRU",
    height=344,
    ways={"cell": _AROUND, "state": _THROUGH},
    words=(
        "The old state runs straight through the cell: it is multiplied by the gate that keeps, then the new value is added, which "
        "was multiplied by one minus that gate. U times the old state and W times the input give both gates and the new value. For "
        "the new value the gate that resets multiplies what U brings."
    ),
    ends={"$h_{t-1}$": (36, 40), "$h_t$": (520, 40), "$x_{t-1}$": (36, 308), "1 − σ(z)": (316, 90)},
    wires=[
        ([(60, 40), (214, 40)], _CELL),  # the state, from left to right
        ([(250, 40), (382, 40)], _BOTH),
        ([(418, 40), (496, 40)], _BOTH),
        ([(84, 40), (84, 233)], _STATE),  # the products
        ([(102, 250), (300, 250)], _STATE),
        ([(336, 250), (388, 250), (388, 220)], _STATE),
        ([(60, 308), (82, 308)], _NONE),
        ([(118, 308), (412, 308), (412, 220)], _NONE),
        ([(138, 250), (138, 220)], _STATE),
        ([(220, 250), (220, 220)], _STATE),
        ([(162, 308), (162, 220)], _NONE),
        ([(244, 308), (244, 220)], _NONE),
        ([(150, 172), (150, 138), (318, 138), (318, 232)], _STATE),  # reset
        ([(232, 172), (232, 58)], _STATE),  # keep
        ([(232, 104), (382, 104)], _STATE),
        ([(400, 172), (400, 122)], _STATE),  # new
        ([(400, 86), (400, 58)], _STATE),
    ],
    operations=[
        ((232, 40), "×", _BOTH),
        ((400, 40), "+", _BOTH),
        ((400, 104), "×", _STATE),
        ((318, 250), "×", _STATE),
    ],
    boxes=[
        ((84, 250), "U", _STATE),
        ((100, 308), "W", _NONE),
        ((150, 196), "reset\nσ(r)", _STATE),
        ((232, 196), "keep\nσ(z)", _STATE),
        ((400, 196), "new\ntanh", _STATE),
    ],
    joints=[
        ((84, 40), _BOTH),
        ((138, 250), _STATE),
        ((220, 250), _STATE),
        ((162, 308), _NONE),
        ((244, 308), _NONE),
        ((232, 104), _STATE),
    ],
)
CELLS = {"rnn": _RNN, "lstm": _LSTM, "gru": _GRU}


def recurrent_cell(cell: str, highlight: str | Collection[str] = ()) -> Diagram:
    """Draw one step of a recurrent cell, and light up a way that the past takes through it.

    Args:
        cell: "rnn", "lstm" or "gru".
        highlight: "cell" for the way around the weights, on which the past is multiplied by a gate and nothing else (a simple
            RNN has none); "state" for all ways through the recurrent weights U.

    Returns:
        The diagram, whose table says of each way what happens on it and whether it is lit.

    Raises:
        ValueError: if the cell is unknown, or has no such way.

    >>> print(recurrent_cell("lstm", highlight="cell").get_label())
    LSTM, around the weights: times a gate, plus what is new, and nothing else
    """
    if not isinstance(cell, str) or cell not in CELLS:
        raise ValueError(f'cell is "rnn", "lstm" or "gru", not {cell!r}.')
    drawn = CELLS[cell]
    lit = check_parts(highlight, drawn.ways)
    title = f"{drawn.name}, {'; '.join(drawn.ways[way] for way in drawn.ways if way in lit) or 'one step'}"
    with new_diagram(WIDTH, drawn.height, title) as (diagram, page):
        draw_cell(page, drawn, lit)
        diagram.describe(
            f"{title}. A block diagram. {drawn.words} Ways that the past takes: {'; '.join(drawn.ways.values())}.",
            {
                "way": list(drawn.ways),
                "what happens on it": list(drawn.ways.values()),
                "lit": [way in lit for way in drawn.ways],
            },
        )
    return diagram


def draw_cell(page: Axes, cell: Cell, lit: frozenset[str]) -> None:
    """Wires first: what lies on their ends covers them."""
    for points, ways in cell.wires:
        wire(page, points, lit=bool(ways & lit))
    for at, ways in cell.joints:
        colour = COLOURS["output" if ways & lit else "secondary"]
        page.add_patch(Circle(at, _JOINT, color=colour, zorder=3))
    for at, sign, ways in cell.operations:
        operation(page, at, sign, lit=bool(ways & lit))
    for at, text, ways in cell.boxes:
        box(page, at, text, size=_GATE if "\n" in text else _WEIGHTS, lit=bool(ways & lit))
    for text, at in cell.ends.items():
        note(page, at, text, ha="center", size=15 if "$" in text else 11, color=COLOURS["ink"])
