"""Exercise 1: how many numbers a pixel takes, as a softmax and as a mixture with one indicator."""

from __future__ import annotations

import numpy as np

from armod.course.exercises.engine import reading
from armod.course.exercises.engine.answer import Answer
from armod.course.exercises.engine.exercise import Exercise, Mistake
from armod.likelihoods import LogisticMixture
from armod.models.plus_plus.pixel_mixture import PixelMixture

variants_counts = Exercise(
    name="variants-counts",
    lesson="4_5_4_pixelcnn_variants",
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


@variants_counts.check("a softmax for each channel")
def softmax_is_right(answer: Answer, generator: np.random.Generator) -> None:
    """K logits for each channel."""
    for num_channels in (3, 1):
        p, num_levels = int(generator.integers(17, 40)), int(generator.integers(3, 10))
        got = reading.integer(
            answer.call("softmax_head", p, num_channels, num_levels),
            f"`softmax_head({p}, {num_channels}, {num_levels})`",
        )
        outputs = num_channels * num_levels
        if got == outputs * (p + 1):
            continue
        seen = f"For {p} features, {num_channels} channels and {num_levels} levels you count {got:,}."
        known = [
            (outputs, "Those are the outputs. How many parameters make one of them?"),
            (outputs * p, "You count the weights. What else does a convolution add to each output?"),
            (
                outputs * p + 1,
                "Does a single bias do for all outputs?",
            ),
            (num_levels * (p + 1), "That is one channel."),
            (
                num_levels**num_channels * (p + 1),
                "That is a softmax over all colours at once. By the chain rule each channel has one of its own.",
            ),
            (outputs * 9 * (p + 1), "How many pixels does a 1x1 convolution look at?"),
        ]
        raise Mistake(
            f"{seen} {_first(got, known, 'How many logits does one channel take, and how many numbers make one logit?')}"
        )


@variants_counts.check("a mixture for the whole pixel", points=2)
def mixture_is_right(answer: Answer, generator: np.random.Generator) -> None:
    """One indicator; means, scales, and slopes for pairs."""
    for num_channels in (4, 3, 1):
        p, num_components = int(generator.integers(17, 40)), int(generator.integers(3, 10))
        got = reading.integer(
            answer.call("mixture_head", p, num_channels, num_components),
            f"`mixture_head({p}, {num_channels}, {num_components})`",
        )
        outputs = PixelMixture(LogisticMixture(256, num_components), num_channels).num_parameters
        if got == outputs * (p + 1):
            continue
        m, c, pairs = num_components, num_channels, num_channels * (num_channels - 1) // 2
        seen = f"For {p} features, {c} channel{'s' * (c > 1)} and {m} components you count {got:,}."
        known = [
            (outputs, "Those are the outputs. How many parameters make one of them?"),
            (outputs * p, "You count the weights. What else does a convolution add to each output?"),
            (
                m * 3 * c * (p + 1),
                "So many takes a mixture for each channel by itself, and as many a slope on the channel just before only. Blue moves with "
                "red, too.",
            ),
            (
                m * (1 + 3 * c) * (p + 1),
                "For three channels you are right. How many pairs are there among so many?",
            ),
            (
                m * (1 + 2 * c + c * c) * (p + 1),
                "You count a slope for each channel on each. On which ones may a mean depend?",
            ),
            (
                m * (1 + 2 * c + 2 * pairs) * (p + 1),
                "You count each pair twice: green moves with red, but not red with green.",
            ),
            (
                m * (3 * c + pairs) * (p + 1),
                "You give each channel an indicator of its own. How many does the pixel have?",
            ),
            (m * (1 + 2 * c) * (p + 1), "Where are the slopes?"),
            (
                (m + 2 * c + pairs) * (p + 1),
                "Do all components share their means, scales and slopes?",
            ),
        ]
        fallback = "Write down what one component needs: what once, what for each channel, what for each pair of channels?"
        raise Mistake(f"{seen} {_first(got, known, fallback)}")


@variants_counts.check("where the softmax is the smaller one")
def most_levels_are_right(answer: Answer, generator: np.random.Generator) -> None:
    """3 K against 10 M."""
    for num_components in (3, 1, 10, int(generator.integers(11, 30))):
        got = reading.integer(answer.call("most_levels", num_components), f"`most_levels({num_components})`")
        due = 10 * num_components // 3
        if got == due:
            continue
        seen = f"For {num_components} component{'s' * (num_components > 1)} you say {got} levels: a softmax has {3 * got} outputs then, the mixture {10 * num_components}."
        if got == 10 * num_components:
            raise Mistake(f"{seen} How many channels does the softmax have to serve?")
        if 3 * got <= 10 * num_components:
            raise Mistake(f"{seen} Could there be more levels?")
        raise Mistake(f"{seen} Which of the two needs more?")


def _first(got: int, known: list[tuple[int, str]], fallback: str) -> str:
    """The message of the first known wrong number that this one is."""
    return next((message for wrong, message in known if got == wrong), fallback)
