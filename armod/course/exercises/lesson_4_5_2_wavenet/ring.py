"""Exercise 5: a ring buffer for each layer, so that a new sample costs one column of each, however far they look."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from armod.course.exercises import Answer, Exercise, Handle, Mistake, reading, shown
from armod.course.exercises.engine.draws import normal

wavenet_ring = Exercise(
    name="wavenet-ring",
    number=5,
    title="One column at a time",
    difficulty="hard",
    minutes=10,
    names=("Ring", "next_units"),
    hints=(
        "A ring of three places, and columns a, b, c, d come in. Which place does d take, and who sat there? What does a layer "
        "with dilation 3 want to read when it gets d?",
        "The place of step t is t modulo the number of places, and the column that sits there is the one wanted: take a copy "
        "before you overwrite it. In each layer: exchange, sum of two taps and the bias, unit, residual.",
        "`place = self.step % len(self.places)`, `older = self.places[place].clone()`. For a layer: `layer.tap(0, older) + "
        "layer.tap(1, x) + layer.bias`, then `chunk(2, dim=1)`; the next layer gets `x + layer.residual(unit)`.",
    ),
)


@dataclass(frozen=True)
class Layer:
    """The layer of the notebook's given cell: two taps, one unit, one residual."""

    weight: Tensor  # (2C, C, 2)
    bias: Tensor  # (2C,)
    to_next: Tensor  # (C, C)
    dilation: int


@wavenet_ring.check("what goes in comes out, `dilation` steps later", points=2)
def rings_delay(answer: Answer, generator: np.random.Generator) -> None:
    """Two rings side by side, several times round."""
    for dilation in (1, 3, 4):
        rings = [_ring(answer, dilation, num, 2) for num in (2, 1)]
        # as many steps as tell a ring that is too long from one that keeps nothing
        num_steps = 3 * dilation + 2
        inputs = [_normal(generator, num_steps, num, 2).round(decimals=1) for num in (2, 1)]
        found: list[list[Tensor]] = [[], []]
        for step in range(num_steps):
            for ring, columns, replies in zip(rings, inputs, found, strict=True):
                what = f"`exchange` of a ring for dilation {dilation}, in step {step},"
                reply = ring.call("exchange", columns[step])
                replies.append(reading.tensor(reply, what, shape=columns[step].shape))
        for columns, replies in zip(inputs, found, strict=True):
            got, right = torch.stack(replies), _delayed(columns, dilation).double()
            if not torch.equal(got, right):
                step = int((got != right).flatten(1).any(1).nonzero()[0])
                raise Mistake(
                    f"`exchange` of a ring for dilation {dilation} gave {shown(got[step])} in step {step} instead of "
                    f"{shown(right[step])}. {_why_not(got, columns, step, dilation)}"
                )


@wavenet_ring.check("a step touches one place")
def rings_stay(answer: Answer, generator: np.random.Generator) -> None:
    """No copies from place to place: the work does not grow with the dilation."""
    for dilation in (2, 5):
        ring, before = _ring(answer, dilation, 1, 2), None
        for step in range(2 * dilation + 1):
            ring.call("exchange", _normal(generator, 1, 2))
            what = f"`places` of a ring for dilation {dilation}"
            after = reading.tensor(ring.value("places"), what, shape=(dilation, 1, 2))
            if before is not None:
                changed = (after != before).any(2).any(1).nonzero().flatten().tolist()
                if len(changed) > 1:
                    raise Mistake(
                        f"In step {step} of a ring for dilation {dilation} the places {changed} have changed. A ring does not move "
                        f"what is in it: it moves the place where it reads and writes."
                    )
                if not changed:
                    raise Mistake(
                        f"In step {step} of a ring for dilation {dilation} none of its `places` has changed. Where has the column gone?"
                    )
            before = after


@wavenet_ring.check("column by column as in one pass", points=3)
def cached_is_naive(answer: Answer, generator: np.random.Generator) -> None:
    """Biases far from 0, an odd length, beyond the field."""
    for dilations, num in (((1, 2, 4), 2), ((3, 1), 1)):
        layers = _layers(generator, dilations)
        inputs = _normal(generator, sum(dilations) + 6, num, 3)
        twins = [_twin(answer, layer) for layer in layers]
        rings = [_ring(answer, d, num, 3) for d in dilations]
        shape = (num, len(layers), 3)
        replies = [answer.call("next_units", twins, rings, column) for column in inputs]
        got = torch.stack([reading.tensor(reply, "`next_units`", shape=shape) for reply in replies])
        right = _units(layers, inputs).double()
        if not torch.allclose(got, right, atol=1e-4):
            step, _, layer, _ = (got - right).abs().gt(1e-4).nonzero()[0].tolist()
            raise Mistake(
                f"With dilations {list(dilations)} the unit of layer {layer} is {shown(got[step, 0, layer])} in step {step}; in one pass "
                f"over the whole sequence it is {shown(right[step, 0, layer])}. {_why(got, layers, inputs, step)}"
            )


@wavenet_ring.check("as much work, however far the layers look")
def work_is_constant(answer: Answer, generator: np.random.Generator) -> None:
    """Two columns multiplied a layer and step."""
    for dilations in ((1, 1, 1), (8, 16, 4)):
        twins = [_twin(answer, layer) for layer in _layers(generator, dilations)]
        rings = [_ring(answer, d, 1, 3) for d in dilations]
        for step in range(30):
            before = [reading.integer(twin.value("columns"), "`columns`") for twin in twins]
            answer.call("next_units", twins, rings, _normal(generator, 1, 3))
            for twin, columns, dilation in zip(twins, before, dilations, strict=True):
                done = reading.integer(twin.value("columns"), "`columns`") - columns
                if done != 2:
                    raise Mistake(
                        f"In step {step} the layer with dilation {dilation} multiplied {done} columns. One new column of a layer "
                        f"needs 2: one for each tap. {'What is the ring for?' if done > 2 else 'Use `layer.tap` for both.'}"
                    )


def _ring(answer: Answer, dilation: int, num: int, channels: int) -> Handle:
    found = answer.call("Ring", dilation, num, channels)
    if not isinstance(found, Handle):
        raise Mistake(
            f"`Ring({dilation}, {num}, {channels})` gave {shown(found)}; an object of a class is due."
        )
    return found


def _twin(answer: Answer, layer: Layer) -> Handle:
    """The same layer where the learner's code runs."""
    found = answer.call("Layer", layer.weight, layer.bias, layer.to_next, layer.dilation)
    if not isinstance(found, Handle):
        raise Mistake(f"`Layer(...)` gave {shown(found)}. Leave the given cell above as it is, and run it.")
    return found


def _layers(generator: np.random.Generator, dilations: tuple[int, ...]) -> list[Layer]:
    return [
        Layer(_normal(generator, 6, 3, 2, scale=0.7), _normal(generator, 6), _normal(generator, 3, 3), d)
        for d in dilations
    ]


def _normal(generator: np.random.Generator, *shape: int, scale: float = 1.0) -> Tensor:
    """Float32, as a learner's own zeros are."""
    return normal(generator, *shape, scale=scale).float()


def _delayed(columns: Tensor, lag: int) -> Tensor:
    """What went in `lag` steps ago, zeros before the beginning."""
    return torch.cat([torch.zeros_like(columns), columns])[len(columns) - lag :][: len(columns)]


def _why_not(got: Tensor, columns: Tensor, step: int, dilation: int) -> str:
    if torch.equal(got, columns.double()):
        return (
            "That is the column that has just gone in. Is the old one read before it is overwritten, and is what you read a copy "
            "of its own?"
        )
    if not got.any():
        return "Nothing ever comes out: is each column kept, and in which place?"
    for lag in range(1, len(columns)):
        if torch.equal(got, _delayed(columns, lag).double()):
            return f"What goes in comes out {lag} {'step' if lag == 1 else 'steps'} later. How many places has the ring, and which one comes next?"
    if step < dilation:
        return "Before the beginning there is nothing but zeros. Two rings are in use here: has each its own places?"
    return "Is each column kept as it is? Two rings are in use here, each with its own places."


def _units(
    layers: list[Layer],
    inputs: Tensor,
    *,
    lag: int = 0,
    taps: Callable[[Tensor, Tensor], tuple[Tensor, Tensor]] = lambda older, x: (older, x),
    bias: tuple[float, float] = (1, 1),
    combine: Callable[[Tensor, Tensor], Tensor] = lambda filters, gates: filters.tanh() * gates.sigmoid(),
    onward: Callable[[Tensor, Tensor, Tensor], Tensor] = lambda x, unit, residual: x + residual,
    keeps_next: bool = False,
) -> Tensor:
    """Units ``(T, N, L, C)`` of all layers for inputs ``(T, N, C)``; every option is a mistake."""
    past: list[list[Tensor]] = [[] for _ in layers]
    found = []
    for step, column in enumerate(inputs):
        x, units = column, []
        for layer, kept in zip(layers, past, strict=True):
            if not keeps_next:
                kept.append(x)
            place = step - layer.dilation - lag
            older, newest = taps(kept[place] if 0 <= place < len(kept) else torch.zeros_like(x), x)
            sums = older @ layer.weight[:, :, 0].T + newest @ layer.weight[:, :, 1].T
            shares = [share * own for share, own in zip(bias, layer.bias.chunk(2), strict=True)]
            units.append(combine(*(sums + torch.cat(shares)).chunk(2, dim=1)))
            x = onward(x, units[-1], units[-1] @ layer.to_next.T)
            if keeps_next:
                kept.append(x)
        found.append(torch.stack(units, dim=1))
    return torch.stack(found)


KNOWN: dict[str, dict[str, Any]] = {
    "You leave the biases out. With zero biases nobody would see it; here they are not 0.": dict(bias=(0, 0)),
    "The gates have lost their bias. That very bug made a published WaveNet generate noise while its tests passed.": dict(bias=(1, 0)),
    "The filters have lost their bias.": dict(bias=(0, 1)),
    "Your rings give back a column one step too old.": dict(lag=1),
    "Your rings give back a column one step too young.": dict(lag=-1),
    "Both taps read the newest column. Does the ring give back what it kept?": dict(taps=lambda older, x: (x, x)),
    "The older tap reads zeros, for ever. What was each ring given?": dict(taps=lambda older, x: (0 * x, x)),
    "Tap 0 is for the older column, tap 1 for the newest.": dict(taps=lambda older, x: (x, older)),
    "The filters are the first half of the sums, the gates the second.": dict(combine=lambda f, g: g.tanh() * f.sigmoid()),
    "Your rings keep what a layer hands on. What does its older tap want to read?": dict(keeps_next=True),
    "You hand on the residual alone. What is added to it?": dict(onward=lambda x, unit, residual: residual),
    "You hand on x plus the unit itself. Where is `layer.residual`?": dict(onward=lambda x, unit, residual: x + unit),
    "You hand on the unit alone.": dict(onward=lambda x, unit, residual: unit),
    "Every layer reads the same column. What does one hand on to the next?": dict(onward=lambda x, unit, residual: x),
}  # fmt: skip


def _why(got: Tensor, layers: list[Layer], inputs: Tensor, step: int) -> str:
    for message, mistake in KNOWN.items():
        if torch.allclose(got, _units(layers, inputs, **mistake).double(), atol=1e-4):
            return message
    first = min((layer.dilation for layer in layers), default=1)
    if step >= first:
        return f"Up to step {step - 1} all is right. Which older column does a layer read first in that step?"
    return "All older taps read zeros there. Does each layer use a ring of its own, and what do you do with the newest column?"
