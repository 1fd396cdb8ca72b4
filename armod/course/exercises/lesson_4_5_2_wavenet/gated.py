"""Exercise 3: WaveNet's unit from its equation, causal by its padding."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from armod.course.exercises.engine import reading
from armod.course.exercises.engine.answer import Answer
from armod.course.exercises.engine.exercise import Exercise, Mistake
from armod.course.exercises.engine.showing import shown
from armod.course.exercises.lesson_4_5_2_wavenet.instances import causal, normal, unit

wavenet_gated = Exercise(
    name="wavenet-gated",
    number=3,
    title="A causal gated unit",
    difficulty="medium",
    minutes=8,
    names=("gated_unit",),
    hints=(
        "An ordinary convolution over T inputs gives fewer than T outputs. How many fewer, with k taps that are d apart? "
        "Where must the zeros go that make up for it?",
        "`F.pad(x, (left, right))` puts zeros at the ends of the last axis, and `F.conv1d` has an argument `dilation`. One "
        "convolution computes filters and gates at once.",
        "`left` is (k - 1) times the dilation, `right` is 0. Give the convolution its bias, then `.chunk(2, dim=1)`: the first "
        "half is for tanh, the second for the sigmoid.",
    ),
)


@wavenet_gated.check("no output depends on later inputs")
def the_past_only(answer: Answer, generator: np.random.Generator) -> None:
    """Two inputs that differ at one step only."""
    for kernel_size, dilation in ((2, 1), (3, 2)):
        x, weight, bias = _instance(generator, 8, kernel_size)
        step = int(generator.integers(4, 6))
        other = x.clone()
        other[:, :, step] += 1
        before, after = (_asked(answer, inputs, weight, bias, dilation) for inputs in (x, other))
        moved = (after - before).abs() > 1e-5
        early = moved[:, :, :step].any(0).any(0).nonzero().flatten().tolist()
        if early:
            raise Mistake(
                f"With {kernel_size} taps and dilation {dilation}, input {step} has changed, and so have the outputs {early}. On "
                f"which side do your zeros stand, and how many are they?"
            )
        if not bool(moved[:, :, step].any()):
            raise Mistake(
                f"With {kernel_size} taps and dilation {dilation}, input {step} has changed and output {step} has not. The unit reads "
                f"step t itself; the shift by one belongs to the network, not to the unit."
            )


@wavenet_gated.check("the equation", points=3)
def the_equation_is_right(answer: Answer, generator: np.random.Generator) -> None:
    """Two taps and three, dilations, biases far from 0."""
    for kernel_size, dilation in ((3, 2), (2, 1), (2, 3)):
        _compare(answer, *_instance(generator, 9, kernel_size), dilation)


@wavenet_gated.check("one tap, and sequences shorter than the reach")
def edge_cases_are_right(answer: Answer, generator: np.random.Generator) -> None:
    """Where all but the newest tap read zeros."""
    for length, kernel_size, dilation in ((4, 1, 2), (3, 2, 4), (1, 3, 2)):
        _compare(answer, *_instance(generator, length, kernel_size), dilation)


def _instance(generator: np.random.Generator, length: int, kernel_size: int) -> tuple[Tensor, Tensor, Tensor]:
    """Inputs ``(2, 3, T)``, weights ``(6, 3, k)``, biases ``(6,)``."""
    return normal(generator, 2, 3, length), normal(generator, 6, 3, kernel_size), normal(generator, 6)


def _asked(answer: Answer, x: Tensor, weight: Tensor, bias: Tensor, dilation: int) -> Tensor:
    what = f"`gated_unit` of inputs {tuple(x.shape)} with {weight.shape[2]} taps and dilation {dilation}"
    found = reading.tensor(answer.call("gated_unit", x, weight, bias, dilation), what)
    if found.shape == (len(x), len(weight), x.shape[2]):
        raise Mistake(f"{what} has {len(weight)} channels. They are filters and gates: what becomes of them?")
    if found.shape[:2] == x.shape[:2] and found.shape != x.shape:
        raise Mistake(
            f"{what} has the length {found.shape[2]}, the inputs have {x.shape[2]}. How many zeros are due, so that both are equal?"
        )
    return reading.tensor(found, what, shape=x.shape)


def _compare(answer: Answer, x: Tensor, weight: Tensor, bias: Tensor, dilation: int) -> None:
    got, right = _asked(answer, x, weight, bias, dilation), unit(causal(x, weight, bias, dilation=dilation))
    if torch.allclose(got, right.double(), atol=1e-4):
        return
    step = int((got - right).abs().amax((0, 1)).gt(1e-4).nonzero()[0])
    raise Mistake(
        f"With {weight.shape[2]} taps and dilation {dilation}, output {step} of {x.shape[2]} is {shown(got[0, :, step])} instead of "
        f"{shown(right[0, :, step])}. {_why(got, x, weight, bias, dilation)}"
    )


def _why(got: Tensor, x: Tensor, weight: Tensor, bias: Tensor, dilation: int) -> str:
    reach = (weight.shape[2] - 1) * dilation
    sums = causal(x, weight, bias, dilation=dilation)
    to_filter, to_gate = sums.chunk(2, dim=1)
    without = causal(x, weight, dilation=dilation)
    filter_only, gate_only = bias.clone(), bias.clone()
    filter_only[3:], gate_only[:3] = 0, 0

    def padded(left: int, right: int) -> Tensor:
        longer = F.conv1d(F.pad(x, (left, right)), weight, bias, dilation=dilation)
        return unit(longer[:, :, : x.shape[2]])

    alternating = sums[:, ::2].tanh() * sums[:, 1::2].sigmoid()
    wrapped = F.conv1d(torch.cat([x, x], 2)[:, :, x.shape[2] - reach % x.shape[2] :], weight, bias, dilation=dilation) if 0 < reach < x.shape[2] else None  # fmt: skip
    known = [
        (unit(sums.roll(3, 1)), "You take the gates for filters: the filters are the first half of the channels."),
        (alternating, "You take channels by turns. The first half of them are filters, the second are gates."),
        (unit(causal(x, weight, bias)), "Where does the dilation come in?"),
        (unit(causal(x, weight.flip(2), bias, dilation=dilation)), "Your taps are the wrong way round: the *last* one reads step t."),
        (unit(without), "You leave the biases out."),
        (unit(causal(x, weight, filter_only, dilation=dilation)), "The gates have lost their bias."),
        (unit(causal(x, weight, gate_only, dilation=dilation)), "The filters have lost their bias."),
        (to_filter.tanh() * to_gate.tanh(), "A gate lies between 0 and 1. Which function gives that?"),
        (to_filter.sigmoid() * to_gate.sigmoid(), "A filter lies between -1 and 1. Which function gives that?"),
        (to_filter * to_gate.sigmoid(), "Your filter is not squashed."),
        (to_filter.tanh() + to_gate.sigmoid(), "A gate lets through or holds back. By which operation?"),
        (unit(sums) + x, "You add the residual. That is done outside of the unit."),
        (to_filter.tanh(), "Where is the gate?"),
        (padded(reach // 2, reach), "Your zeros stand on both sides, so the outputs look ahead. Where must all of them be?"),
        (padded(0, reach), "Your zeros stand at the end, so the outputs look ahead."),
        (padded(reach + 1, 0), "You pad one zero more than the reach: output t reads up to t - 1. The unit reads step t itself."),
    ]  # fmt: skip
    if wrapped is not None:
        known.append((unit(wrapped), "Before the beginning your outputs read the *end* of the sequence."))
    for wrong, message in known:
        if wrong.shape == got.shape and torch.allclose(got, wrong.double(), atol=1e-4):
            return message
    return "Compute its sum by hand first: which inputs does each tap read, and are there zeros among them?"
