"""One unit of an LSTM or a GRU over 20 steps, its gates set by hand: torch's own equations; facts.js does the same sums."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from armod.course.labs.words import Words

say = Words.beside(__file__)

STEPS = 20
GATES = {"lstm": ("input", "forget", "output"), "gru": ("reset", "update")}
BIASES = tuple(step / 2 for step in range(-16, 17))  # of the gates, before the sigmoid
WEIGHTS = tuple(step / 4 for step in range(-8, 9))  # U, from the old state to the new value
INPUTS = {
    "one pulse": (0.0, 0.0, 1.5, *(0.0,) * 17),
    "two pulses": (0.0, 0.0, 1.5, *(0.0,) * 7, -1.5, *(0.0,) * 9),
    "a wave": tuple(round(1.5 * math.sin(math.pi * step / 4), 2) for step in range(STEPS)),
    "noise": (
        *(0.19, -0.2, 0.96, 0.16, -0.8, 0.54, 1.96, 1.42, -1.05, -1.9),
        *(-0.93, 0.06, -1.74, -0.33, -1.87, -1.1, -0.82, -0.47, 0.62, 1.56),
    ),
}


@dataclass(frozen=True)
class Setting:
    """What the knobs of the lab hold.

    Args:
        cell: "lstm" or "gru".
        inputs: one of `INPUTS`, what W and the bias bring to the new value at each step.
        biases: of the gates by name, before the sigmoid.
        flips: for each gate the steps, from 1, at which its bias has the other sign.
        weight: U, what the old state brings to the new value.
    """

    cell: str
    inputs: str = "one pulse"
    biases: Mapping[str, float] = field(default_factory=dict)
    flips: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    weight: float = 0.0


EXAMPLES = {
    "an LSTM that forgets": Setting("lstm", "one pulse", {"input": 0, "forget": 2, "output": 2}),
    "an LSTM that keeps": Setting("lstm", "one pulse", {"input": 0, "forget": 8, "output": 2}),
    "write at 3, show at 17": Setting(
        "lstm", "noise", {"input": -8, "forget": 8, "output": -8}, {"input": (3,), "output": (17,)}
    ),
    "a GRU that fades": Setting("gru", "one pulse", {"reset": 8, "update": 2}),
    "a GRU that waits": Setting("gru", "noise", {"reset": 0, "update": 8}, {"update": (3,)}),
    "a GRU with and without its past": Setting("gru", "a wave", {"reset": 8, "update": 0}, {"reset": tuple(range(11, 21))}, 1.5),
}  # fmt: skip


@dataclass(frozen=True)
class Moment:
    """One step: what comes in, the open gates, the new value, and what goes on; numbers of one unit."""

    x: float
    gates: Mapping[str, float]
    h_before: float
    c_before: float
    new: float
    kept: float
    c: float
    h: float


@dataclass(frozen=True)
class GatesFacts:
    """A setting, and the step that is looked at.

    Args:
        setting: the knobs.
        step: from 1 to `STEPS`.
    """

    setting: Setting
    step: int = 3

    def gate(self, name: str, step: int) -> float:
        """How far a gate is open at a step, between 0 and 1."""
        bias = self.setting.biases[name]
        return _sigmoid(-bias if step in self.setting.flips.get(name, ()) else bias)

    @cached_property
    def moments(self) -> list[Moment]:
        """All steps, from a state of 0."""
        moments, h, c = [], 0.0, 0.0
        for step, x in enumerate(INPUTS[self.setting.inputs], 1):
            gates = {name: self.gate(name, step) for name in GATES[self.setting.cell]}
            past = self.setting.weight * h
            if self.setting.cell == "lstm":
                new = math.tanh(x + past)
                kept = gates["forget"] * c
                memory = kept + gates["input"] * new
                state = gates["output"] * math.tanh(memory)
            else:
                new = math.tanh(x + gates["reset"] * past)
                kept = gates["update"] * h
                memory = state = kept + (1 - gates["update"]) * new
            moments.append(Moment(x, gates, h, c, new, kept, memory, state))
            h, c = state, memory
        return moments

    @property
    def left(self) -> float:
        """The share of what this step carries on that is left at the last step, on the way around the weights."""
        keeps = "forget" if self.setting.cell == "lstm" else "update"
        return math.prod(self.gate(keeps, step) for step in range(self.step + 1, STEPS + 1))

    @property
    def finding(self) -> str:
        """How much of the memory survives, in a sentence."""
        return say(f"finding_{self.setting.cell}", left=self.left, step=self.step, last=STEPS)

    @property
    def detail(self) -> str:
        """The sums of this step."""
        now = self.moments[self.step - 1]
        values = {"step": self.step, "weight": self.setting.weight, **now.gates, **vars(now)}
        values |= {"rest": 1 - now.gates.get("update", 0.0)}
        return say(f"detail_{self.setting.cell}", **values)

    @property
    def description(self) -> str:
        """The picture for those who do not see it."""
        gates = "; ".join(
            say("open", gate=name, values=[moment.gates[name] for moment in self.moments])
            for name in GATES[self.setting.cell]
        )
        return say(
            "description",
            finding=self.finding,
            detail=self.detail,
            inputs=self.setting.inputs,
            gates=gates,
            states=[moment.h for moment in self.moments],
            last=STEPS,
        )


def _sigmoid(bias: float) -> float:
    return 1 / (1 + math.exp(-bias))
