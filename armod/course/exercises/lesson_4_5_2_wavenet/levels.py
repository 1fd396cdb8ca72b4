"""Exercise 2: the mu-law and back, its edges included."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import numpy as np
import torch
from torch import Tensor

from armod.course.exercises import Answer, Exercise, Mistake, reading, shown
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


Case = tuple[Tensor, int]


def my_encode(wave: Tensor, K: int) -> Tensor:
    """By armod's own."""
    return mu_law_encode(wave, K)


def my_decode(levels: Tensor, K: int) -> Tensor:
    """By armod's own."""
    return mu_law_decode(levels, K, dtype=torch.float64)


def _compressed(wave: Tensor, K: float) -> Tensor:
    exact = wave.double()
    return exact.sign() * torch.log1p((K - 1) * exact.abs()) / math.log(K)


def _expanded(y: Tensor, K: float) -> Tensor:
    return y.sign() * torch.expm1(y.abs() * math.log(K)) / (K - 1)


def _binned(y: Tensor, K: int) -> Tensor:
    return ((y + 1) / 2 * K).floor().clamp(0, K - 1)


def _of_compressed(bins: Callable[[Tensor, int], Tensor]) -> Callable[[Tensor, int], Tensor]:
    """Wrong levels, from compressed waves."""
    return lambda wave, K: bins(_compressed(wave, K), K)


def _of_middles(
    wave: Callable[[Tensor, int], Tensor], offset: float = 1.0
) -> Callable[[Tensor, int], Tensor]:
    """Wrong waves, from the middles of bins; with the ``offset`` 0 from their lower edges."""
    return lambda levels, K: wave((2 * levels.double() + offset) / K - 1, K)


def _waves(generator: np.random.Generator) -> Iterator[Case]:
    """Quiet, loud, of both signs; of 256 and of other numbers of levels."""
    for K in (256, 16):
        # near the bins' edges, where a wrong mu shows, but not so near that a float's last digit decides
        edges = generator.permutation(K - 1)[:12] + 1
        bins = torch.from_numpy(edges + generator.choice([-1, 1], 12) * generator.uniform(0.003, 0.01, 12))
        quiet = K / 2 + torch.tensor([-0.3, 0.3, -1.3, 1.3])
        yield _expanded(torch.cat([bins, quiet]) / K * 2 - 1, K), K


def _ends(generator: np.random.Generator) -> Iterator[Case]:
    for K in (256, 2):
        yield torch.tensor([-1.0, 0.0, 1.0]), K


def _some_levels(generator: np.random.Generator) -> Iterator[Case]:
    """The two of 2 levels, eight of 256, eight of some even number."""
    yield torch.arange(2), 2
    for K in (256, int(generator.integers(10, 40)) * 2):
        yield torch.from_numpy(generator.permutation(K)[:8]), K


def _seen_level(got: Tensor, right: Tensor, wave: Tensor, K: int) -> str:
    place = int((got != right).nonzero()[0])
    return f"Of {K} levels the wave {shown(float(wave[place]))} gets level {int(got[place])} from you."


def _seen_wave(got: Tensor, right: Tensor, levels: Tensor, K: int) -> str:
    place = int((~torch.isclose(got, right, rtol=1e-3, atol=1e-6)).nonzero()[0])
    return f"Of {K} levels you decode level {int(levels[place])} to {shown(float(got[place]))}."


asked_encode = wavenet_levels.asks(
    my_encode,
    instances=lambda generator: [*_waves(generator), *_ends(generator)],
    seen=_seen_level,
    wrong={
        "The levels are 0 to K - 1. Which bin is the loudest wave in?": _of_compressed(lambda y, K: ((y + 1) / 2 * K).floor()),
        "You multiply by K - 1 and round. That is another convention, with bins of half a width at both ends; the question asks for K equal bins.": (
            _of_compressed(lambda y, K: ((y + 1) / 2 * (K - 1)).round()),
            _of_compressed(lambda y, K: ((y + 1) / 2 * (K - 1) + 0.5).floor()),
        ),
        "You cut the compressed range into K - 1 bins.": _of_compressed(lambda y, K: ((y + 1) / 2 * (K - 1)).floor()),
        "You cut the wave itself into equal bins. What compresses it?": lambda wave, K: _binned(wave.double(), K),
        "What has become of the sign?": _of_compressed(lambda y, K: _binned(y.abs(), K)),
        "There are K levels, so which number is mu?": lambda wave, K: _binned(_compressed(wave, K + 1), K),
        "You compress with mu = 255 whatever K is.": lambda wave, K: _binned(_compressed(wave, 256), K),
        "You cut before you shift, and towards 0: what is the bin of a quiet negative wave?": (
            _of_compressed(lambda y, K: (y * K / 2).trunc() + K / 2),
            _of_compressed(lambda y, K: ((y * K / 2).trunc() + K / 2).clamp(0, K - 1)),
        ),
        "You round. A bin reaches from one whole number to the next: which function finds it?": _of_compressed(lambda y, K: ((y + 1) / 2 * K).round().clamp(0, K - 1)),
        "You have not shifted: the lowest level is 0.": _of_compressed(lambda y, K: (y * K / 2).floor()),
        "Your levels are upside down: the lowest wave is level 0.": _of_compressed(lambda y, K: K - 1 - _binned(y, K)),
    },
    otherwise="Write down what it is after the compression, and where that lies between -1 and 1.",
)  # fmt: skip
asked_decode = wavenet_levels.asks(
    my_decode,
    instances=_some_levels,
    seen=_seen_wave,
    rtol=1e-3,
    atol=1e-6,
    wrong={
        "That is the lower edge of its bin. Which point of a bin does the question ask for?": _of_middles(_expanded, offset=0),
        "You divide by K - 1, as for rounded levels. Where is the middle of one of K equal bins?": lambda levels, K: _expanded(2 * levels.double() / (K - 1) - 1, K),
        "Those are the middles of the bins, not yet expanded.": _of_middles(lambda y, K: y),
        "Those are edges of bins, not yet expanded.": _of_middles(lambda y, K: y, offset=0),
        "There are K levels, so which number is mu?": _of_middles(lambda y, K: _expanded(y, K + 1)),
        "You expand with mu = 255 whatever K is.": _of_middles(lambda y, K: _expanded(y, 256)),
        "What has become of the sign?": _of_middles(lambda y, K: _expanded(y, K).abs()),
        "You compress once more. How is the logarithm undone?": _of_middles(_compressed),
        "Is something missing between the power and the division?": _of_middles(lambda y, K: y.sign() * K ** y.abs() / (K - 1)),
        "How large may a wave be? Look at the division by mu.": _of_middles(lambda y, K: _expanded(y, K) * (K - 1)),
    },
    otherwise="Write down the middle of its bin, between -1 and 1, before you expand it.",
)  # fmt: skip
wavenet_levels.add("from a wave to levels", asked_encode.on(_waves), points=2)
wavenet_levels.add("the edges and silence", asked_encode.on(_ends))
wavenet_levels.add("from levels to a wave", asked_decode.examine, points=2)


@wavenet_levels.check("levels survive the way out and back")
def round_trip_is_right(answer: Answer, generator: np.random.Generator) -> None:
    """All levels, through the learner's own two functions."""
    for K in (256, 5):
        levels = torch.arange(K)
        wave = asked_decode.reply(answer, levels, K)
        reply = answer.call("my_encode", wave, K)
        got = reading.tensor(reply, "`my_encode` of what you decode", shape=wave.shape, integers=True)
        if not torch.equal(got, levels):
            place = int((got != levels).nonzero()[0])
            raise Mistake(
                f"Of {K} levels, {place} is decoded to {shown(float(wave[place]))}, and that is encoded as {int(got[place])}. Do "
                f"both functions mean the same bins?"
            )
