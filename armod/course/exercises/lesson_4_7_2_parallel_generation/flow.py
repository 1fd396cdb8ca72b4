"""Exercise 3: find the bug: a flow whose scale reads the noise that it scales."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from armod.course.exercises import Exercise
from armod.course.exercises.engine.draws import normal

parallel_flow = Exercise(
    name="parallel-flow",
    number=3,
    title="Find the bug: a flow that reads too far",
    difficulty="hard",
    minutes=20,
    names=("flow",),
    hints=(
        "The formula for log q(x) is right only if x_t depends on z_t by the factor s_t alone. Follow z_t through the convolution: "
        "where else does it come in?",
        "Output t of a causal convolution reads the steps t, t - 1, ... Then s_t is a function of z_t itself. Shift: give the "
        "convolution the noise of one step before.",
        "`earlier = F.pad(z, (1, 0))[:, :-1]`, and pad `earlier` with k - 1 zeros on the left for the convolution. Then x = m + s z, and "
        "log q(x) is the sum over t of log p(z_t) - log s_t; the logistic density is `F.logsigmoid(z) + F.logsigmoid(-z)`.",
    ),
)

Result = tuple[Tensor, Tensor]


def _logistic(z: Tensor) -> Tensor:
    return F.logsigmoid(z) + F.logsigmoid(-z)


def flow(
    z: Tensor,
    weight: Tensor,
    bias: Tensor,
    *,
    lag: int = 1,
    sign: int = -1,
    density: Callable[[Tensor], Tensor] = _logistic,
    at_sample: bool = False,
    halves: Callable[[Tensor], tuple[Tensor, ...]] = lambda outputs: outputs.chunk(2, dim=1),
    reach: Callable[[Tensor], Tensor] = lambda weight: weight,
) -> Result:
    """The sound ``(N, T)`` and its log-density ``(N,)``; every option is a mistake."""
    k = weight.shape[2]
    shifted = F.pad(z, (k - 1 + lag, 0))[:, : z.shape[1] + k - 1]
    outputs = F.conv1d(shifted[:, None], reach(weight), bias)
    m, log_s = (half.squeeze(1) for half in halves(outputs))
    x = m + log_s.exp() * z
    return x, (density(x if at_sample else z) + sign * log_s).sum(1)


def _cases(generator: np.random.Generator) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
    """Biases far from 0, and lengths below and beyond the field."""
    for num, length, k in ((2, 5, 2), (1, 7, 3), (2, 2, 3)):
        yield (
            normal(generator, num, length),
            normal(generator, 2, 1, k, scale=0.5),
            normal(generator, 2, scale=0.5),
        )


asked_flow = parallel_flow.asks(
    flow,
    "the sound and its density",
    points=3,
    instances=_cases,
    called=lambda z, weight, bias: f"`flow` for noise of shape {tuple(z.shape)} and {weight.shape[2]} taps",
    seen=lambda got, right, z, weight, bias: (
        f"For noise of shape {tuple(z.shape)} and {weight.shape[2]} taps the "
        + (
            f"sound is {got[0][0].tolist()}, right is {right[0][0].tolist()}."
            if not torch.allclose(got[0].double(), right[0], atol=1e-4)
            else f"sound is right, but its log-density is {got[1].tolist()}; by the change of variables it is {right[1].tolist()}."
        )
    ),
    wrong={
        "m and s at step t still read z of the same step. That is the bug: then the density is that of no flow.": dict(lag=0),
        "m and s now begin two steps back. One is enough.": dict(lag=2),
        "Where s is large, the noise is spread out: does that make the density larger, or smaller?": dict(sign=1),
        "The stretch by s is missing in the density.": dict(sign=0),
        "You take the logistic density of the sound. It belongs to the noise that made the sound.": dict(at_sample=True),
        "That is the density of normal noise; ours is logistic.": dict(density=lambda z: -(z.square() + torch.tensor(2 * torch.pi).log()) / 2),
        "The first output of the convolution is m, the second log s.": dict(halves=lambda outputs: outputs.flip(1).chunk(2, dim=1)),
        "The taps run the wrong way: the last one reads the youngest step.": dict(reach=lambda weight: weight.flip(2)),
    },
    otherwise="Write down for T = 2 what x_0 and x_1 depend on.",
)  # fmt: skip
