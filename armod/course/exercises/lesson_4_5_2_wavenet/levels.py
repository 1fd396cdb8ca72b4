"""Exercise 2: the mu-law and back, its edges included."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor

from armod.course.exercises.engine import reading
from armod.course.exercises.engine.answer import Answer
from armod.course.exercises.engine.exercise import Exercise, Mistake
from armod.course.exercises.engine.showing import shown
from armod.mu_law import mu_law_decode, mu_law_encode

wavenet_levels = Exercise(
    name="wavenet-levels",
    number=2,
    title="256 levels and back",
    difficulty="easy",
    minutes=7,
    names=("my_encode", "my_decode"),
    hints=(
        "Do it with 2 levels on paper. Which waves are level 0, which are level 1, and what is the middle of each bin before "
        "it is expanded?",
        "Compress, then bring [-1, 1] to [0, K], then take the floor. Only one wave ends up outside of 0 to K - 1: which? "
        "To decode, the middle of bin b is at b + 1/2 on the scale from 0 to K.",
        "`wave.sign() * torch.log1p(mu * wave.abs()) / math.log(1 + mu)`, with `mu = K - 1`; then `((y + 1) / 2 * K).floor()` "
        "and `clamp(0, K - 1)`. Back: `y = (2 * levels + 1) / K - 1` and then the inverse of the first line.",
    ),
)


@wavenet_levels.check("from a wave to levels", points=2)
def encode_is_right(answer: Answer, generator: np.random.Generator) -> None:
    """Quiet, loud, of both signs; of 256 and of other numbers of levels."""
    for num_levels in (256, 16):
        # near the bins' edges, where a wrong mu shows, but not so near that a float's last digit decides
        edges = generator.permutation(num_levels - 1)[:12] + 1
        bins = torch.from_numpy(edges + generator.choice([-1, 1], 12) * generator.uniform(0.003, 0.01, 12))
        quiet = num_levels / 2 + torch.tensor([-0.3, 0.3, -1.3, 1.3])
        _compare_levels(
            answer, _expanded(torch.cat([bins, quiet]) / num_levels * 2 - 1, num_levels), num_levels
        )


@wavenet_levels.check("the edges and silence")
def edges_are_right(answer: Answer, generator: np.random.Generator) -> None:
    """-1, 0 and 1."""
    for num_levels in (256, 2):
        _compare_levels(answer, torch.tensor([-1.0, 0.0, 1.0]), num_levels)


@wavenet_levels.check("from levels to a wave", points=2)
def decode_is_right(answer: Answer, generator: np.random.Generator) -> None:
    """The middle of each bin, expanded."""
    for num_levels in (2, 256, int(generator.integers(10, 40)) * 2):
        levels = torch.arange(num_levels)
        if num_levels > 2:
            levels = torch.from_numpy(generator.permutation(num_levels)[:8])
        call = f"`my_decode({shown(levels)}, {num_levels})`"
        got = reading.tensor(answer.call("my_decode", levels, num_levels), call, shape=levels.shape)
        right = mu_law_decode(levels, num_levels, dtype=torch.float64)
        wrong = (~torch.isclose(got, right, rtol=1e-3, atol=1e-6)).nonzero()
        if len(wrong):
            place = int(wrong[0])
            raise Mistake(
                f"Of {num_levels} levels you decode level {int(levels[place])} to {shown(float(got[place]))}. "
                f"{_why_decoded(got, levels, num_levels)}"
            )


@wavenet_levels.check("levels survive the way out and back")
def round_trip_is_right(answer: Answer, generator: np.random.Generator) -> None:
    """All levels, through the learner's own two functions."""
    for num_levels in (256, 5):
        levels = torch.arange(num_levels)
        wave = answer.call("my_decode", levels, num_levels)
        reading.tensor(wave, "`my_decode` of all levels", shape=levels.shape)
        got = _asked(answer, torch.as_tensor(wave), num_levels)
        if not torch.equal(got, levels):
            place = int((got != levels).nonzero()[0])
            raise Mistake(
                f"Of {num_levels} levels, {place} is decoded to {shown(float(wave[place]))}, and that is encoded as "
                f"{int(got[place])}. Do both functions mean the same bins?"
            )


def _asked(answer: Answer, wave: Tensor, num_levels: int) -> Tensor:
    call = f"`my_encode({shown(wave)}, {num_levels})`"
    return reading.tensor(answer.call("my_encode", wave, num_levels), call, shape=wave.shape, integers=True)


def _compare_levels(answer: Answer, wave: Tensor, num_levels: int) -> None:
    got, right = _asked(answer, wave, num_levels), mu_law_encode(wave, num_levels)
    wrong = (got != right).nonzero()
    if not len(wrong):
        return
    place = int(wrong[0])
    seen = (
        f"Of {num_levels} levels the wave {shown(float(wave[place]))} gets level {int(got[place])} from you."
    )
    raise Mistake(f"{seen} {_why_encoded(got, wave, num_levels)}")


def _compressed(wave: Tensor, num_levels: float) -> Tensor:
    exact = wave.double()
    return exact.sign() * torch.log1p((num_levels - 1) * exact.abs()) / math.log(num_levels)


def _expanded(y: Tensor, num_levels: float) -> Tensor:
    exact = y.double()
    return exact.sign() * torch.expm1(exact.abs() * math.log(num_levels)) / (num_levels - 1)


def _why_encoded(got: Tensor, wave: Tensor, num_levels: int) -> str:
    def binned(y: Tensor) -> Tensor:
        return ((y + 1) / 2 * num_levels).floor().clamp(0, num_levels - 1)

    y, half, top = _compressed(wave, num_levels), num_levels / 2, num_levels - 1
    known = [
        (((y + 1) / 2 * num_levels).floor(), f"The levels are 0 to {top}. Which bin is the loudest wave in?"),
        (((y + 1) / 2 * top).round(), "You multiply by K - 1 and round. That is another convention, with bins of half a width at both ends; asked are K equal bins."),
        (((y + 1) / 2 * top + 0.5).floor(), "You multiply by K - 1 and round. That is another convention, with bins of half a width at both ends; asked are K equal bins."),
        (((y + 1) / 2 * top).floor(), "You cut the compressed range into K - 1 bins."),
        (binned(wave.double()), "You cut the wave itself into equal bins. What compresses it?"),
        (binned(y.abs()), "What has become of the sign?"),
        (binned(_compressed(wave, num_levels + 1)), "There are K levels, so which number is mu?"),
        ((y * half).trunc() + half, "You cut before you shift, and towards 0: what is the bin of a quiet negative wave?"),
        (((y * half).trunc() + half).clamp(0, top), "You cut before you shift, and towards 0: what is the bin of a quiet negative wave?"),
        (((y + 1) / 2 * num_levels).round().clamp(0, top), "You round. A bin reaches from one whole number to the next: which function finds it?"),
        ((y * half).floor(), "You have not shifted: the lowest level is 0."),
        (top - binned(y), "Your levels are upside down: the lowest wave is level 0."),
    ]  # fmt: skip
    for wrong, message in known:
        if torch.equal(got.double(), wrong.double()):
            return message
    return "Write down what it is after the compression, and where that lies between -1 and 1."


def _why_decoded(got: Tensor, levels: Tensor, num_levels: int) -> str:
    middle, edge = (2 * levels + 1) / num_levels - 1, 2 * levels / num_levels - 1
    middle, edge = middle.double(), edge.double()
    mu = num_levels - 1
    known = [
        (_expanded(edge, num_levels), "That is the lower edge of its bin. Which point of a bin is asked?"),
        (_expanded(2 * levels / mu - 1, num_levels), "You divide by K - 1, as for rounded levels. Where is the middle of one of K equal bins?"),
        (middle, "Those are the middles of the bins, not yet expanded."),
        (edge, "Those are edges of bins, not yet expanded."),
        (_expanded(middle, num_levels + 1), "There are K levels, so which number is mu?"),
        (_expanded(middle, num_levels).abs(), "What has become of the sign?"),
        (_compressed(middle, num_levels), "You compress once more. How is the logarithm undone?"),
        (middle.sign() * num_levels**middle.abs() / mu, "Is something missing between the power and the division?"),
        (_expanded(middle, num_levels) * mu, "How large may a wave be? Look at the division by mu."),
    ]  # fmt: skip
    for wrong, message in known:
        if torch.allclose(got, wrong.double(), rtol=1e-3, atol=1e-6):
            return message
    return "Write down the middle of its bin, between -1 and 1, before you expand it."
