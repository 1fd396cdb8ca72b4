"""Exercise 6: from logits to bits, without the slips of published code."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import numpy as np
import torch
from torch import Tensor

from armod.course.exercises import Exercise, shown
from armod.course.exercises.engine.draws import normal

wavenet_bits = Exercise(
    name="wavenet-bits",
    number=6,
    title="From logits to bits",
    difficulty="easy",
    minutes=6,
    names=("bits_per_sample",),
    hints=(
        "A logit is no probability yet: what makes the exponentials of one sample's logits add up to 1? And which logarithm counts in "
        "bits?",
        "`logits.log_softmax(-1)` has the log-probabilities of all levels. Pick those of the levels that occurred, take the mean, "
        "change the sign, and the unit.",
        "`-logits.log_softmax(-1).gather(-1, x[..., None]).mean() / math.log(2)`.",
    ),
)


def bits_per_sample(
    logits: Tensor,
    x: Tensor,
    *,
    log: Callable[[Tensor], Tensor] = lambda logits: logits.log_softmax(-1),
    unit: float = math.log(2),
    mean: Callable[[Tensor], Tensor] = torch.mean,
) -> float:
    """Bits of each sample, on average; every option is a mistake, and the defaults are right."""
    log_p = log(logits.double()).gather(-1, x[..., None])[..., 0]
    return float(-mean(log_p) / unit)


def _levels(generator: np.random.Generator, *shape: int) -> Tensor:
    return torch.from_numpy(generator.integers(0, shape[-1], shape[:-1]))


def _logits(generator: np.random.Generator) -> Iterator[tuple[Tensor, Tensor]]:
    """Logits ``(N, T, K)`` that do not add up to anything, and levels ``(N, T)``."""
    for shape in ((2, 3, 4), (3, 5, 16)):
        yield 2 * normal(generator, *shape) + 0.7, _levels(generator, *shape)


def _far_apart(generator: np.random.Generator) -> Iterator[tuple[Tensor, Tensor]]:
    """Where a probability is 0 in every floating-point number, and its logarithm is not."""
    logits = 1000 * normal(generator, 2, 3, 4).sign()
    logits[0, 0] = torch.tensor([1500.0, 0, 0, 0])
    x = _levels(generator, 2, 3, 4)
    x[0, 0] = 1
    yield logits, x


asked_bits = wavenet_bits.asks(
    bits_per_sample,
    instances=_logits,
    called=lambda logits, x: f"`bits_per_sample` of logits {tuple(logits.shape)}",
    seen=lambda got, right, logits, x: f"`bits_per_sample` of logits {tuple(logits.shape)} gave {shown(got)}; {shown(right)} is due.",
    wrong={
        "Those are nats. How many bits is a nat?": dict(unit=1.0),
        "You turn nats into bits the wrong way round: a nat is more than a bit.": dict(unit=1 / math.log(2)),
        "You take logits for log-probabilities. What makes the probabilities of one sample add up to 1?": (
            dict(log=lambda logits: logits),
            dict(log=lambda logits: logits, unit=1.0),
        ),
        "You have probabilities. Where is their logarithm?": (
            dict(log=lambda logits: logits.softmax(-1)),
            dict(log=lambda logits: logits.softmax(-1), unit=1.0),
        ),
        "You take the softmax twice: `cross_entropy` and `log_softmax` want logits.": (
            dict(log=lambda logits: logits.softmax(-1).log_softmax(-1)),
            dict(log=lambda logits: logits.softmax(-1).log_softmax(-1), unit=1.0),
        ),
        "Your probabilities add up to 1 over time. Over which axis should they?": (
            dict(log=lambda logits: logits.log_softmax(1)),
            dict(log=lambda logits: logits.log_softmax(1), unit=1.0),
        ),
        "You average probabilities, and then take the logarithm. Which of the two comes first in a log-likelihood?": dict(
            mean=lambda log_p: log_p.exp().mean().log()
        ),
        "You add the samples up. The question asks for bits for one sample.": dict(mean=lambda log_p: log_p.sum(-1).mean()),
        "You add up everything. The question asks for bits for one sample.": dict(mean=torch.sum),
        "Is the sign right? A sample costs bits.": lambda logits, x: -bits_per_sample(logits, x),
    },
    otherwise="Take one sample and two levels, and work it out by hand.",
)  # fmt: skip
wavenet_bits.add("bits, from logits", asked_bits.examine, points=2)
wavenet_bits.add("a level that is nearly impossible", asked_bits.on(_far_apart))
