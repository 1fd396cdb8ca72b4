"""Exercise 6: what weighted particles say about the known pixels, and which of them go on."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from armod.course.exercises import Exercise
from armod.course.exercises.engine.draws import normal

images_particles = Exercise(
    name="images-particles",
    number=6,
    title="Weigh, and draw again",
    difficulty="hard",
    minutes=15,
    names=("log_prob_known", "effective_size", "go_on"),
    hints=(
        "Each particle was drawn by the model itself. The mean of p(known | particle) over such draws is p(known).",
        "A mean of weights, not of their logarithms: `logsumexp`, and the number of particles. Of n equal weights the effective size is n, and of one weight "
        "that outweighs all others it is 1: (sum of w) squared over the sum of w squared.",
        "For the particles that go on, let each be copied in proportion to its share: the inverse CDF of the shares at `(u + j) / n` for j = 0, 1, ..., n - 1. "
        "`torch.searchsorted(cumulative, positions, right=True)` finds them.",
    ),
)


def log_prob_known(
    log_weights: Tensor, *, mean: Callable[[Tensor], Tensor] = lambda w: w.logsumexp(0) - math.log(len(w))
) -> float:
    """The estimate of log p(known); the option is a mistake."""
    return float(mean(log_weights))


def effective_size(log_weights: Tensor) -> float:
    """How many equal weights would be worth as much."""
    shares = log_weights.softmax(0)
    return float(1 / shares.square().sum())


def go_on(
    log_weights: Tensor,
    u: float,
    *,
    positions: Callable[[int, float], Tensor] = lambda n, u: (torch.arange(n) + u) / n,
) -> list[int]:
    """The particles that go on, n of them; the option is a mistake."""
    cumulative = log_weights.softmax(0).cumsum(0)
    found = torch.searchsorted(cumulative, positions(len(log_weights), u).double(), right=True)
    return [int(each) for each in found.clamp(max=len(log_weights) - 1)]


def _weights(generator: np.random.Generator) -> list[tuple[Tensor]]:
    """Logarithms as small as those of many pixels: their exponentials are 0 in float64."""
    return [(normal(generator, 4) - 3,), (normal(generator, 6, scale=2.0) - 900,)]


def _with_uniform(generator: np.random.Generator) -> list[tuple[Tensor, float]]:
    return [(normal(generator, n, scale=1.5) - 2, float(generator.uniform(0.05, 0.95))) for n in (5, 7)]


images_particles.asks(
    log_prob_known,
    "the estimate of log p(known)",
    points=2,
    instances=_weights,
    wrong={
        "That is the mean of the logarithms. The mean of the *weights* estimates p(known).": dict(mean=lambda w: w.mean()),
        "That is the sum of the weights. How many particles are there?": dict(mean=lambda w: w.logsumexp(0)),
        "That is the best particle alone.": dict(mean=lambda w: w.max()),
        "The logarithm of a mean of zeros is minus infinity: these weights are too small for `exp`. Use `logsumexp`.": dict(mean=lambda w: w.exp().mean().log()),
    },
    finite=False,
    otherwise="Take two particles with the weights 0.2 and 0.4: p(known) is estimated as 0.3.",
)  # fmt: skip
images_particles.asks(
    effective_size,
    "the effective size",
    points=2,
    instances=_weights,
    wrong={
        "That is its inverse: the sum of the squared shares.": lambda w: float(w.softmax(0).square().sum()),
        "That is the number of particles. Some of them have next to no weight.": lambda w: float(len(w)),
        "That is one over the largest share. The other particles count as well.": lambda w: float(1 / w.softmax(0).max()),
        "That is the exponential of the entropy of the shares, another measure of their number.": lambda w: float(torch.special.entr(w.softmax(0)).sum().exp()),
        "All weights became 0, and that is 0 / 0: they are too small for `exp`. What changes if all are multiplied by the same number?": lambda w: float(w.exp().sum().square() / w.exp().square().sum()),
        "That takes the weights' logarithms for weights.": lambda w: float(w.sum().square() / w.square().sum()),
    },
    rtol=1e-3,  # near -900 float32 rounds a logarithm by 3e-5, and with it a weight
    otherwise="For the weights 1, 1 and 2 it is (1 + 1 + 2)^2 / (1 + 1 + 4).",
)  # fmt: skip
asked_go_on = images_particles.asks(
    go_on,
    "the particles that go on",
    points=2,
    instances=_with_uniform,
    wrong={
        "You take the n particles as they are: nothing is drawn again.": lambda w, u: list(range(len(w))),
        "You copy the best particle only. The others should go on in proportion to their weight.": lambda w, u: [int(w.argmax())] * len(w),
        "All positions are the same, so that one particle takes all places.": dict(positions=lambda n, u: torch.full((n,), u)),
        "The positions run from u/n on in steps of 1/n. Yours begin at 0 whatever u is.": dict(positions=lambda n, u: torch.arange(n) / n),
        "The positions have to be divided by n: they lie between 0 and 1.": dict(positions=lambda n, u: torch.arange(n) + u),
    },
    otherwise="For two particles with the shares 0.75 and 0.25 and u = 0.4 the positions are 0.2 and 0.7: the first particle goes on twice.",
)  # fmt: skip
images_particles.add(
    "equal weights, and one that has all",
    asked_go_on.on(
        lambda generator: [
            (torch.zeros(12).double(), 0.5),  # so many that chance does not draw each of them once
            (torch.tensor([-800.0, 0.0, -800.0]).double(), 0.9),
            (torch.zeros(1).double(), 0.3),
        ]
    ),
)
