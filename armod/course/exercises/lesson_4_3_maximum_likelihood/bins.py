"""Exercise 6: the discretized logistic mixture, bin by bin, with its two ends and its far tails."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from armod.course.exercises import Answer, Exercise, Mistake, shown
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


Case = tuple[Tensor, Tensor, Tensor, Tensor, int]


def bin_log_prob(levels: Tensor, logits: Tensor, means: Tensor, scales: Tensor, num_levels: int) -> Tensor:
    """By armod's own family, whose units are half the range."""
    half = (num_levels - 1) / 2
    parameters = torch.cat([logits, means / half - 1, (scales / half).log()])
    distribution = LogisticMixture(num_levels, len(logits)).distribution(parameters.expand(len(levels), -1))
    return distribution.log_prob(levels)


def _mass(
    mixed: Callable[[Tensor, Tensor], Tensor] = lambda mass, logits: (mass @ logits.softmax(0)).log(),
    *,
    first: bool = True,
    last: bool = True,
    below: float = -0.5,
) -> Callable[[Tensor, Tensor, Tensor, Tensor, int], Tensor]:
    """From the masses ``(N, M)`` of bins that begin at ``level + below``; whether the first and the last reach on."""

    def function(levels: Tensor, logits: Tensor, means: Tensor, scales: Tensor, num_levels: int) -> Tensor:
        v = levels.double().unsqueeze(1)
        lower, upper = ((v + side - means).div(scales).sigmoid() for side in (below, below + 1))
        lower = lower.masked_fill((v == 0) & first, 0)
        return mixed(upper.masked_fill((v == num_levels - 1) & last, 1) - lower, logits)

    return function


def _stretched(levels: Tensor, *mixture: Any) -> Tensor:
    everything = _mass(first=False, last=False)(torch.arange(mixture[-1]), *mixture)
    return everything.log_softmax(0)[levels]


def _heights(levels: Tensor, logits: Tensor, means: Tensor, scales: Tensor, num_levels: int) -> Tensor:
    z = (levels.double().unsqueeze(1) - means) / scales
    return (z.sigmoid() * (-z).sigmoid() / scales @ logits.softmax(0)).log()


def _fallback(levels: Tensor, logits: Tensor, means: Tensor, scales: Tensor, num_levels: int) -> Tensor:
    """As in the official code of PixelCNN++: the height of the curve where the difference of two sigmoids is small."""
    v, last = levels.double().unsqueeze(1), num_levels - 1
    masses = _mass(lambda mass, logits: mass)(levels, logits, means, scales, num_levels)
    z, half = (v - means) / scales, 0.5 / scales
    heights = F.logsigmoid(z) + F.logsigmoid(-z) - scales.log()
    found = torch.where(masses > 1e-5, masses.clamp(min=1e-12).log(), heights)
    found = torch.where(v == 0, F.logsigmoid(z + half), torch.where(v == last, F.logsigmoid(half - z), found))
    return (found + logits.log_softmax(0)).logsumexp(1)


def _narrowest(num_levels: int) -> float:
    """The scale, in levels, below which that code lets none fall: a logarithm of -7 in half ranges."""
    return math.exp(-7) * (num_levels - 1) / 2


def _mixture(generator: np.random.Generator, num_components: int, num_levels: int) -> Mixture:
    """Components with means within the range and tails beyond it."""
    logits = torch.from_numpy(generator.normal(size=num_components))
    means = torch.from_numpy(generator.uniform(0, num_levels - 1, num_components))
    return logits, means, torch.from_numpy(generator.uniform(0.6, 1.4, num_components))


def _about(logits: Tensor, means: Tensor, scales: Tensor, num_levels: int) -> str:
    weights = f", weights {shown(logits.softmax(0))}" if len(logits) > 1 else ""
    return f"With {num_levels} levels, means {shown(means)}, scales {shown(scales)}{weights},"


def _permuted(generator: np.random.Generator) -> Iterator[Case]:
    """Any levels in any order."""
    for num_levels, num_components in ((4, 1), (6, 3), (2, 2)):
        mixture = _mixture(generator, num_components, num_levels)
        yield torch.from_numpy(generator.permutation(num_levels)), *mixture, num_levels


def _seen(got: Tensor, right: Tensor, levels: Tensor, *mixture: Any) -> str:
    place = int((got - right).abs().argmax())
    level, num_levels = int(levels[place]), mixture[-1]
    at_end = ", an end," if level in (0, num_levels - 1) else ""
    return f"{_about(*mixture)} level {level}{at_end} gets the probability {math.exp(float(got[place])):.4g} from you."


def _otherwise(got: Tensor, right: Tensor, levels: Tensor, *mixture: Any) -> str:
    masses = _mass(lambda mass, logits: mass)(levels.sort().values, *mixture)
    return f"Its bins of one component at a time: {shown(masses.T)}."


asked_bins = likelihood_bins.asks(
    bin_log_prob,
    instances=_permuted,
    called=lambda levels, *_: f"`bin_log_prob` of the levels {shown(levels) if len(levels) < 10 else '0, 1, ...'}",
    seen=_seen,
    finite=False,
    wrong={
        "Everything below the first bin and above the last one gets lost. Where should it go?": _mass(first=False, last=False),
        "You stretch all bins until the total is 1. But the tails belong to the two ends.": _stretched,
        "You take the height of the curve. What is asked is the area above the bin.": _heights,
        "You average logarithms. What does a mixture average?": _mass(lambda mass, logits: mass.log() @ logits.softmax(0)),
        "Do the weights of your components add up to 1?": _mass(lambda mass, logits: (mass @ logits.exp()).log()),
        "You give all components the same weight.": _mass(lambda mass, logits: mass.mean(1).log()),
        "Those are the probabilities. Their logarithms are asked for.": _mass(lambda mass, logits: mass @ logits.softmax(0)),
        "Your bin of level v goes from v to v + 1. Where is its middle?": _mass(below=0.0),
        "Everything below the first bin gets lost.": _mass(first=False),
        "Everything above the last bin gets lost. (Or is 255 written somewhere, in the place of `num_levels` - 1?)": _mass(last=False),
    },
    otherwise=_otherwise,
)  # fmt: skip


@likelihood_bins.check("all bins together have the mass 1", points=2)
def the_total_is_one(answer: Answer, generator: np.random.Generator) -> None:
    """One component or three, also where the means lie outside of the range."""
    for num_levels, num_components, shift in ((4, 1, 0.0), (6, 3, 0.0), (3, 2, 3.5)):
        mixture = _mixture(generator, num_components, num_levels)
        mixture[1].add_(shift)
        got = asked_bins.reply(answer, torch.arange(num_levels), *mixture, num_levels)
        total = float(got.exp().sum())
        if not abs(total - 1) <= 1e-5:
            raise Mistake(
                f"{_about(*mixture, num_levels)} your {num_levels} bins add up to {total:.4g}. {asked_bins.why(answer, generator)}"
            )


likelihood_bins.add("each bin has its own mass", asked_bins.examine, points=2)


@likelihood_bins.check("far out in the tails", points=2)
def far_tails_are_right(answer: Answer, generator: np.random.Generator) -> None:
    """Unlikely, not impossible: 256 levels, a narrow bell at either end, and one that is far narrower than a level."""
    for mean in (20.0, 235.0):
        one = torch.ones(1, dtype=torch.float64)
        mixture = (one, mean * one, float(generator.uniform(0.4, 0.7)) * one)
        levels = torch.tensor([0, 5, 128, 250, 255])
        got, right = asked_bins.reply(answer, levels, *mixture, 256), bin_log_prob(levels, *mixture, 256)
        if torch.allclose(got, right, rtol=1e-4):
            continue
        place = int((~torch.isclose(got, right, rtol=1e-4)).nonzero()[0])
        seen = (
            f"With 256 levels, a mean of {mean:g} and a scale of {float(mixture[2]):.3f}, level {int(levels[place])} has the "
            f"log-probability {float(right[place]):.4g}; you say {shown(float(got[place]))}."
        )
        if torch.allclose(got, _fallback(levels, *mixture, 256), rtol=1e-6):
            raise Mistake(
                f"{seen} That is the height of the curve in the middle of the bin, as published code takes it where the "
                f"difference is small. The bin is as wide as the curve is steep there: what is the area?"
            )
        if not math.isfinite(float(got[place])):
            raise Mistake(
                f"{seen} Two numbers so close to 1 (or to 0) differ by nothing on a computer. Subtract in another way."
            )
        raise Mistake(f"{seen} What is added to the mass, or cut off, so that it does not get smaller?")
    one, levels = torch.ones(1, dtype=torch.float64), torch.tensor([20, 24, 28])
    mixture = (one, 20.3 * one, float(generator.uniform(0.4, 0.7)) * _narrowest(256) * one)
    got, right = asked_bins.reply(answer, levels, *mixture, 256), bin_log_prob(levels, *mixture, 256)
    if not torch.allclose(got, right, rtol=1e-4, atol=1e-4):
        clamped = bin_log_prob(levels, *mixture[:2], mixture[2].clamp(min=_narrowest(256)), 256)
        seen = f"With 256 levels, a mean of 20.3 and a scale of {float(mixture[2]):.3f}, the levels {shown(levels)} get {shown(got)}."
        if torch.allclose(got, clamped, rtol=1e-4, atol=1e-4):
            raise Mistake(
                f"{seen} A scale of {_narrowest(256):.3f}, 127.5 times exp(-7), would give these. Where is it "
                f"kept from becoming smaller, as in published code?"
            )
        raise Mistake(f"{seen} Narrow scales are allowed, too. What limits yours?")
