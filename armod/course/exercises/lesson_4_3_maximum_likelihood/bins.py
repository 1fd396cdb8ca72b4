"""Exercise 6: the discretized logistic mixture, bin by bin, with its two ends and its far tails."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor

from armod.course.exercises.engine import reading
from armod.course.exercises.engine.answer import Answer
from armod.course.exercises.engine.exercise import Exercise, Mistake
from armod.course.exercises.engine.showing import shown
from armod.likelihoods import LogisticMixture

likelihood_bins = Exercise(
    name="likelihood-bins",
    number=6,
    title="Stretch: the mass in a bin",
    difficulty="stretch",
    minutes=9,
    names=("bin_log_prob",),
    hints=(
        "Draw three levels as bars of width 1 under one bell. What lies left of the first bar and right of the last one?",
        "The mass of a bin is F(upper end) - F(lower end), where F is the sigmoid of (end - mean) / scale; the first bin has no "
        "lower end, the last one no upper. Mix probabilities, not logarithms. Far out, both F are 1 up to rounding: "
        "rewrite the difference.",
        "With a = (v + ½ - mean) / scale and b = (v - ½ - mean) / scale the logarithm of the difference is logsigmoid(a) + "
        "logsigmoid(-b) + log(1 - exp(b - a)). An end that is missing takes its terms with it. Then a `logsumexp` over the "
        "components, with `log_softmax` of the logits.",
    ),
)
Mixture = tuple[Tensor, Tensor, Tensor]  # logits, means, scales: each (M,)


@likelihood_bins.check("all bins together have the mass 1", points=2)
def the_total_is_one(answer: Answer, generator: np.random.Generator) -> None:
    """One component or three, also where the means lie outside of the range."""
    for num_levels, num_components, shift in ((4, 1, 0.0), (6, 3, 0.0), (3, 2, 3.5)):
        mixture = _mixture(generator, num_components, num_levels)
        mixture[1].add_(shift)
        got = _asked(answer, torch.arange(num_levels), mixture, num_levels)
        total = float(got.exp().sum())
        if abs(total - 1) > 1e-5:
            raise Mistake(
                f"{_about(mixture, num_levels)} your {num_levels} bins add up to {total:.4g}. {_why(got, mixture)}"
            )


@likelihood_bins.check("each bin has its own mass", points=2)
def each_bin_is_right(answer: Answer, generator: np.random.Generator) -> None:
    """Against the mixture of armod; any levels in any order."""
    for num_levels, num_components in ((4, 1), (6, 3), (2, 2)):
        mixture = _mixture(generator, num_components, num_levels)
        levels = torch.from_numpy(generator.permutation(num_levels))
        got, right = _asked(answer, levels, mixture, num_levels), _right(levels, mixture, num_levels)
        if not torch.allclose(got, right, atol=1e-5):
            place = int((got - right).abs().argmax())
            level = int(levels[place])
            at_end = ", an end," if level in (0, num_levels - 1) else ""
            in_order = got[torch.argsort(levels)]
            raise Mistake(
                f"{_about(mixture, num_levels)} level {level}{at_end} gets the probability {math.exp(float(got[place])):.4g} from "
                f"you. {_why(in_order, mixture)}"
            )


@likelihood_bins.check("far out in the tails", points=2)
def far_tails_are_right(answer: Answer, generator: np.random.Generator) -> None:
    """Unlikely, not impossible: 256 levels, a narrow bell at either end."""
    for mean in (20.0, 235.0):
        one = torch.ones(1, dtype=torch.float64)
        mixture = (one, mean * one, float(generator.uniform(0.4, 0.7)) * one)
        levels = torch.tensor([0, 5, 128, 250, 255])
        got, right = _asked(answer, levels, mixture, 256, finite=False), _right(levels, mixture, 256)
        if torch.allclose(got, right, rtol=1e-4):
            continue
        place = int((~torch.isclose(got, right, rtol=1e-4)).nonzero()[0])
        seen = (
            f"With 256 levels, a mean of {mean:g} and a scale of {float(mixture[2]):.3f}, level {int(levels[place])} has the "
            f"log-probability {float(right[place]):.4g}; you say {shown(float(got[place]))}."
        )
        if not math.isfinite(float(got[place])):
            raise Mistake(
                f"{seen} Two numbers so close to 1 (or to 0) differ by nothing on a computer. Subtract in another way."
            )
        raise Mistake(f"{seen} What is added to the mass, or cut off, so that it does not get smaller?")


def _mixture(generator: np.random.Generator, num_components: int, num_levels: int) -> Mixture:
    """Components with means within the range and tails beyond it."""
    logits = torch.from_numpy(generator.normal(size=num_components))
    means = torch.from_numpy(generator.uniform(0, num_levels - 1, num_components))
    return logits, means, torch.from_numpy(generator.uniform(0.6, 1.4, num_components))


def _right(levels: Tensor, mixture: Mixture, num_levels: int) -> Tensor:
    """By armod's own family, whose units are half the range."""
    logits, means, scales = mixture
    half = (num_levels - 1) / 2
    parameters = torch.cat([logits, means / half - 1, (scales / half).log()])
    distribution = LogisticMixture(num_levels, len(logits)).distribution(parameters.expand(len(levels), -1))
    return distribution.log_prob(levels)


def _asked(
    answer: Answer, levels: Tensor, mixture: Mixture, num_levels: int, *, finite: bool = True
) -> Tensor:
    reply = answer.call("bin_log_prob", levels, *mixture, num_levels)
    what = f"`bin_log_prob` of the levels {shown(levels) if len(levels) < 10 else '0, 1, ...'}"
    return reading.tensor(reply, what, shape=levels.shape, finite=finite)


def _about(mixture: Mixture, num_levels: int) -> str:
    logits, means, scales = mixture
    weights = f", weights {shown(logits.softmax(0))}" if len(logits) > 1 else ""
    return f"With {num_levels} levels, means {shown(means)}, scales {shown(scales)}{weights},"


def _why(got: Tensor, mixture: Mixture) -> str:
    """``got``: log-probabilities of all levels in their order."""
    logits, means, scales = mixture
    num_levels = len(got)
    levels = torch.arange(num_levels, dtype=torch.float64).unsqueeze(1)
    weights = logits.softmax(0)
    upper, lower = ((levels + side - means).div(scales).sigmoid() for side in (0.5, -0.5))
    whole, below = ((levels + side - means).div(scales).sigmoid() for side in (1.0, 0.0))
    first, last = levels == 0, levels == num_levels - 1
    bins = torch.where(last, 1.0, upper) - torch.where(first, 0.0, lower)
    shifted = torch.where(last, 1.0, whole) - torch.where(first, 0.0, below)
    density = (
        upper * 0 + ((levels - means) / scales).sigmoid() * ((means - levels) / scales).sigmoid() / scales
    )
    plain = (upper - lower) @ weights
    known = [
        (
            plain.log(),
            "What lies below the first bin and above the last one gets lost. To whom should it go?",
        ),
        (
            (plain / plain.sum()).log(),
            "You stretch all bins until the total is 1. But the tails belong to the two ends.",
        ),
        (
            (density @ weights).log(),
            "You take the height of the curve. What is asked is the area above the bin.",
        ),
        (bins.log() @ weights, "You average logarithms. Of what is a mixture the average?"),
        ((bins @ logits.exp()).log(), "Do the weights of your components add up to 1?"),
        (bins.mean(1).log(), "You give all components the same weight."),
        (bins @ weights, "Those are the probabilities. Their logarithms are asked."),
        ((shifted @ weights).log(), "Your bin of level v goes from v to v + 1. Where is its middle?"),
        (
            ((torch.where(last, 1.0, upper) - lower) @ weights).log(),
            "What lies below the first bin gets lost.",
        ),
        (
            ((upper - torch.where(first, 0.0, lower)) @ weights).log(),
            "What lies above the last bin gets lost.",
        ),
    ]
    for wrong, message in known:
        if torch.allclose(got, wrong, atol=1e-5):
            return message
    return f"Its bins of one component at a time: {shown(bins.T)}."
