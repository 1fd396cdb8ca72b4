"""Exercise 1: how many numbers a pixel takes, as a softmax and as a mixture with one indicator."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from armod.course.exercises import Exercise
from armod.likelihoods import LogisticMixture
from armod.models.plus_plus.pixel_mixture import PixelMixture

variants_counts = Exercise(
    name="variants-counts",
    number=1,
    title="What a pixel takes",
    difficulty="easy",
    minutes=4,
    names=("softmax_head", "mixture_head", "most_levels"),
    hints=(
        "Count the outputs of one pixel first. How many weights lead from p features to one output, and what else does it have?",
        "One component of a colour pixel needs a mean and a scale for each channel, and a slope for each pair of an earlier and "
        "a later channel. What does it need only once?",
        "A softmax takes C K outputs, a mixture M (1 + 2 C + C (C - 1) / 2); each output has p weights and a bias. For "
        "`most_levels` compare outputs at C = 3, and round down.",
    ),
)


def softmax_head(p: int, C: int, K: int) -> int:
    """K logits for each channel, each with p weights and a bias."""
    return C * K * (p + 1)


def mixture_head(p: int, C: int, M: int) -> int:
    """One indicator; means, scales, and slopes for pairs."""
    return PixelMixture(LogisticMixture(256, M), C).num_parameters * (p + 1)


def most_levels(M: int) -> int:
    """3 K against 10 M."""
    return 10 * M // 3


def _heads(generator: np.random.Generator, *channels: int) -> Iterator[tuple[int, int, int]]:
    for num_channels in channels:
        yield int(generator.integers(17, 40)), num_channels, int(generator.integers(3, 10))


def _pairs(C: int) -> int:
    return C * (C - 1) // 2


variants_counts.asks(
    softmax_head,
    "a softmax for each channel",
    instances=lambda generator: _heads(generator, 3, 1),
    wrong={
        "Those are the outputs. How many parameters make one of them?": lambda p, C, K: C * K,
        "You count the weights. What else does a convolution add to each output?": lambda p, C, K: C * K * p,
        "Is a single bias enough for all outputs?": lambda p, C, K: C * K * p + 1,
        "That is one channel.": lambda p, C, K: K * (p + 1),
        "That is a softmax over all colours at once. By the chain rule each channel has a softmax of its own.": lambda p, C, K: K**C * (p + 1),
        "How many pixels does a 1x1 convolution look at?": lambda p, C, K: C * K * 9 * (p + 1),
    },
    otherwise="How many logits does one channel take, and how many numbers make one logit?",
)  # fmt: skip
variants_counts.asks(
    mixture_head,
    "a mixture for the whole pixel",
    points=2,
    instances=lambda generator: _heads(generator, 4, 3, 1),
    wrong={
        "Those are the outputs. How many parameters make one of them?": lambda p, C, M: mixture_head(0, C, M),
        "You count the weights. What else does a convolution add to each output?": lambda p, C, M: mixture_head(0, C, M) * p,
        "A mixture for each channel by itself takes that many, or one whose channels move with the channel just before only. Blue moves with red, too.": lambda p, C, M: M * 3 * C * (p + 1),
        "For three channels you are right. How many pairs are there among more channels?": lambda p, C, M: M * (1 + 3 * C) * (p + 1),
        "You count a slope for each channel on each. On which ones may a mean depend?": lambda p, C, M: M * (1 + 2 * C + C * C) * (p + 1),
        "You count each pair twice: green moves with red, but not red with green.": lambda p, C, M: M * (1 + 2 * C + 2 * _pairs(C)) * (p + 1),
        "You give each channel an indicator of its own. How many does the pixel have?": lambda p, C, M: M * (3 * C + _pairs(C)) * (p + 1),
        "Where are the slopes?": lambda p, C, M: M * (1 + 2 * C) * (p + 1),
        "Do all components share their means, scales and slopes?": lambda p, C, M: (M + 2 * C + _pairs(C)) * (p + 1),
    },
    otherwise="Write down what one component needs: what once, what for each channel, what for each pair of channels?",
)  # fmt: skip
variants_counts.asks(
    most_levels,
    "where the softmax is the smaller one",
    instances=lambda generator: [(3,), (1,), (10,), (int(generator.integers(11, 30)),)],
    seen=lambda got, right, M: f"For {M} component{'s' * (M > 1)} you say {got} levels: a softmax has {3 * got} outputs then, the mixture {10 * M}.",
    wrong={"How many channels does the softmax have to serve?": lambda M: 10 * M},
    otherwise=lambda got, right, M: "Could there be more levels?" if got < right else "Which of the two needs more?",
)  # fmt: skip
