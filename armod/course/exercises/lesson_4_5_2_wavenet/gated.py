"""Exercise 3: WaveNet's unit from its equation, causal by its padding."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from armod.course.exercises import Answer, Exercise, Mistake, reading, shown
from armod.course.exercises.engine.draws import normal

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


Case = tuple[Tensor, Tensor, Tensor, int]


def gated_unit(
    x: Tensor,
    weight: Tensor,
    bias: Tensor,
    dilation: int,
    *,
    pad: Callable[[Tensor, int], Tensor] = lambda x, reach: F.pad(x, (reach, 0)),
    combine: Callable[[Tensor, Tensor], Tensor] = lambda filters, gates: filters.tanh() * gates.sigmoid(),
    halves: tuple[int, int] = (1, 1),
) -> Tensor:
    """A gated unit; every option is a mistake, and the defaults are right.

    Args:
        x: inputs ``(N, C, T)``.
        weight: kernels ``(2C, C, taps)``.
        bias: ``(2C,)``.
        dilation: the distance of two taps.
        pad: puts zeros around the inputs, from the reach of the taps.
        combine: both halves of the sums.
        halves: 0 for that half of the biases which is lost.

    Returns:
        Outputs ``(N, C, T)``.
    """
    padded = pad(x, (weight.shape[2] - 1) * dilation)
    some = torch.cat([share * half for share, half in zip(halves, bias.chunk(2), strict=True)])
    sums = F.conv1d(padded, weight, some, dilation=dilation)[:, :, : x.shape[2]]
    return combine(*sums.chunk(2, dim=1))


def _cases(generator: np.random.Generator, *sizes: tuple[int, int, int]) -> Iterator[Case]:
    """Inputs ``(2, 3, T)``, weights ``(6, 3, k)``, biases ``(6,)`` far from 0; for T, k and the dilation."""
    for length, kernel_size, dilation in sizes:
        inputs, weight = normal(generator, 2, 3, length), normal(generator, 6, 3, kernel_size)
        yield inputs, weight, normal(generator, 6), dilation


def _by_turns(channels: Tensor) -> Tensor:
    return torch.cat([channels[::2], channels[1::2]])


def _read(reply: Any, what: str, right: Tensor) -> Tensor:
    found = reading.tensor(reply, what)
    num, channels, length = right.shape
    if found.shape == (num, 2 * channels, length):
        raise Mistake(
            f"{what} has {2 * channels} channels. They are filters and gates: what becomes of them?"
        )
    if found.shape[:2] == right.shape[:2] and found.shape != right.shape:
        raise Mistake(
            f"{what} has the length {found.shape[2]}, the inputs have {length}. How many zeros are due, so that both are equal?"
        )
    return reading.tensor(found, what, shape=right.shape)


def _about(weight: Tensor, dilation: int) -> str:
    return f"With {weight.shape[2]} tap{'s' * (weight.shape[2] > 1)} and dilation {dilation}"


def _seen(got: Tensor, right: Tensor, x: Tensor, weight: Tensor, bias: Tensor, dilation: int) -> str:
    step = int((got - right).abs().amax((0, 1)).gt(1e-4).nonzero()[0])
    return (
        f"{_about(weight, dilation)}, output {step} of {x.shape[2]} is {shown(got[0, :, step])} instead of "
        f"{shown(right[0, :, step])}."
    )


asked_unit = wavenet_gated.asks(
    gated_unit,
    instances=lambda generator: _cases(generator, (9, 3, 2), (9, 2, 1), (9, 2, 3)),
    called=lambda x, weight, bias, dilation: f"`gated_unit` of inputs {tuple(x.shape)} with {weight.shape[2]} taps and dilation {dilation}",
    read=_read,
    seen=_seen,
    atol=1e-4,
    wrong={
        "You take the gates for filters: the filters are the first half of the channels.": dict(combine=lambda f, g: g.tanh() * f.sigmoid()),
        "You take the channels in turns. The first half of them are filters, the second are gates.": lambda x, weight, bias, dilation: gated_unit(x, _by_turns(weight), _by_turns(bias), dilation),
        "Where does the dilation come in?": lambda x, weight, bias, dilation: gated_unit(x, weight, bias, 1),
        "Your taps are the wrong way round: the *last* one reads step t.": lambda x, weight, bias, dilation: gated_unit(x, weight.flip(2), bias, dilation),
        "You leave the biases out.": dict(halves=(0, 0)),
        "The gates have lost their bias.": dict(halves=(1, 0)),
        "The filters have lost their bias.": dict(halves=(0, 1)),
        "You take tanh twice, as several public copies of a popular WaveNet do. A gate lies between 0 and 1: which function gives that?": dict(combine=lambda f, g: f.tanh() * g.tanh()),
        "The filter goes through tanh twice. Once is due.": dict(combine=lambda f, g: f.tanh().tanh() * g.sigmoid()),
        "The gate's sums go through tanh before the sigmoid, so that it never opens or shuts by more than three quarters.": dict(combine=lambda f, g: f.tanh() * g.tanh().sigmoid()),
        "Filter and gate are functions of the same sums. Each has its own half of the channels.": dict(combine=lambda f, g: f.tanh() * f.sigmoid()),
        "A filter lies between -1 and 1. Which function gives that?": dict(combine=lambda f, g: f.sigmoid() * g.sigmoid()),
        "Your filter is not squashed.": dict(combine=lambda f, g: f * g.sigmoid()),
        "A gate lets through or holds back. Which operation does that?": dict(combine=lambda f, g: f.tanh() + g.sigmoid()),
        "You add the residual. That is done outside of the unit.": lambda x, *rest: gated_unit(x, *rest) + x,
        "Where is the gate?": dict(combine=lambda f, g: f.tanh()),
        "Your zeros stand on both sides, so the outputs look ahead. Where must all of them be?": dict(pad=lambda x, reach: F.pad(x, (reach // 2, reach))),
        "Your zeros stand at the end, so the outputs look ahead.": dict(pad=lambda x, reach: F.pad(x, (0, reach))),
        "You pad one zero more than the reach: output t reads up to t - 1. The unit reads step t itself.": dict(pad=lambda x, reach: F.pad(x, (reach + 1, 0))),
        "Before the beginning your outputs read the *end* of the sequence.": dict(pad=lambda x, reach: F.pad(x, (reach, 0), mode="circular")),
    },
    otherwise="Compute its sum by hand first: which inputs does each tap read, and are there zeros among them?",
)  # fmt: skip


@wavenet_gated.check("no output depends on later inputs")
def the_past_only(answer: Answer, generator: np.random.Generator) -> None:
    """Two inputs that differ at one step only."""
    for x, weight, bias, dilation in _cases(generator, (8, 2, 1), (8, 3, 2)):
        step = int(generator.integers(4, 6))
        other = x.clone()
        other[:, :, step] += 1
        before, after = (asked_unit.reply(answer, inputs, weight, bias, dilation) for inputs in (x, other))
        moved = ((after - before).abs() > 1e-5).any(0).any(0)
        early, about = moved[:step].nonzero().flatten().tolist(), _about(weight, dilation)
        if early:
            raise Mistake(
                f"{about}, input {step} has changed, and so have the outputs {early}. On which side do your zeros stand, and how "
                f"many are they? {asked_unit.why(answer, generator)}"
            )
        if not moved[step]:
            raise Mistake(
                f"{about}, input {step} has changed and output {step} has not. The unit reads step t itself; the shift by one "
                f"belongs to the network, not to the unit."
            )


def _short(generator: np.random.Generator) -> Iterator[Case]:
    """Where all but the newest tap read zeros."""
    return _cases(generator, (4, 1, 2), (3, 2, 4), (1, 3, 2))


wavenet_gated.add("the equation", asked_unit.examine, points=3)
wavenet_gated.add("one tap, and sequences shorter than the reach", asked_unit.on(_short))
