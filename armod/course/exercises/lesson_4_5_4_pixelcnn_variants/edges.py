"""Exercise 4, find the bug: a discretized logistic that is right for 8 bits only, and blind where it is sure."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from armod.course.exercises import Answer, Exercise, Handle, Mistake, reading, shown
from armod.likelihoods import DiscretizedLogisticMixture

variants_edges = Exercise(
    name="variants-edges",
    number=4,
    title="Find the bug: eight bits for ever",
    difficulty="medium",
    minutes=7,
    names=("published_masses", "component_log_prob"),
    hints=(
        "How far apart are K equally spaced numbers from -1 to 1? Compare that with the width of the published bins, and print "
        "how many levels it takes for an end.",
        "The first level is level 0 and the last one is level K - 1: ask the levels, not the numbers. For the tails: the "
        "difference of two sigmoids of a > b is sigmoid(a) sigmoid(-b) (1 - exp(b - a)).",
        "Half a bin is 1 / (K - 1). Take logarithms of that product, and leave out for each end the factors that it lacks: "
        "`masked_fill` with 0 does it without a trace in the gradient. b - a is -2 / (K - 1) over the scale: no subtraction needed.",
    ),
)


def own_logistic(student: int) -> tuple[int, float, float]:
    """A small number of levels, a mean and a log scale, as the given cell of the notebook draws them."""
    return 10 + student % 7, 0.1 * (student % 5), -1.5 + 0.1 * (student % 3)


def published(levels: Tensor, means: Tensor, log_scales: Tensor, num_levels: int) -> Tensor:
    """The published function of the notebook's given cell: ``(N, M)``."""
    return _cut(levels, means, log_scales, num_levels, half=1 / 255, nearness=0.999)


def _cut(
    levels: Tensor,
    means: Tensor,
    log_scales: Tensor,
    num_levels: int,
    *,
    half: float,
    nearness: float | None = None,
) -> Tensor:
    """Bins of half-width `half`; ends by how near the numbers are to ±1, or by level."""
    x = 2 * levels[:, None] / (num_levels - 1) - 1
    above, below = ((x + side - means) / log_scales.exp() for side in (half, -half))
    first = x < -nearness if nearness else levels[:, None] == 0
    last = x > nearness if nearness else levels[:, None] == num_levels - 1
    bins = (above.sigmoid() - below.sigmoid()).clamp(min=1e-12).log()
    return torch.where(first, F.logsigmoid(above), torch.where(last, F.logsigmoid(-below), bins))


def published_masses(few: int, mean: float, log_scale: float) -> Tensor:
    """What the published bins of few levels and of 4096 add up to."""
    return _published(few, mean, log_scale).exp().sum(1)


def _published(few: int, mean: float, log_scale: float) -> Tensor:
    """``(2, 4096)``: the published log-probabilities, minus infinity where there is no level."""
    found = torch.full((2, 4096), -torch.inf, dtype=torch.float64)
    for row, num_levels in enumerate((few, 4096)):
        levels = torch.arange(num_levels).double()
        found[row, :num_levels] = published(levels, _one(mean), _one(log_scale), num_levels)[:, 0]
    return found


def component_log_prob(levels: Tensor, means: Tensor, log_scales: Tensor, num_levels: int) -> Tensor:
    """Log-probabilities ``(N, M)`` of bins, by the library's own mixture."""
    logistic = DiscretizedLogisticMixture(torch.zeros_like(means), means, log_scales, num_levels)
    return logistic.component_log_prob(levels)


def _one(value: float) -> Tensor:
    return torch.tensor([value], dtype=torch.float64)


def _some_levels(generator: np.random.Generator) -> Iterator[tuple[Tensor, Tensor, Tensor, int]]:
    """Not all levels, in any order; of so many that several lie near an end."""
    for num_levels in (16, 3000):
        levels = generator.permutation([0, 1, 2, 5, num_levels // 2, num_levels - 2, num_levels - 1]) * 1.0
        means, log_scales = generator.uniform((-0.5, -1.5), (0.5, -0.7), (2, 2)).T
        yield torch.from_numpy(levels), torch.tensor(means), torch.tensor(log_scales), num_levels


def _seen_masses(got: Tensor, right: Tensor, few: int, mean: float, log_scale: float) -> str:
    place = int(torch.isclose(got[0], right[0], rtol=5e-3))
    return (
        f"For {(few, 4096)[place]} levels, a mean of {mean:.2f} and a log scale of {log_scale:.2f} you say "
        f"{shown(float(got[place]))}."
    )


variants_edges.asks(
    published_masses,
    "what the published bins add up to",
    points=2,
    own=own_logistic,
    seen=_seen_masses,
    wrong={
        "You add up logarithms.": lambda *own: _published(*own).nan_to_num(neginf=0).sum(1),
        "That is what it should be. Add up what the published function gives.": lambda *own: torch.ones(2).double(),
    },
    otherwise="Ask the published function for all levels, and add up probabilities.",
    rtol=5e-3,  # three digits
    atol=0,
)  # fmt: skip
asked_log_prob = variants_edges.asks(
    component_log_prob,
    instances=_some_levels,
    called=lambda levels, means, *_: f"`component_log_prob` for {len(levels)} levels and {len(means)} components",
    finite=False,
    wrong={
        "Your bins are as wide as those of 256 levels. How far apart are your levels?": lambda *case: _cut(*case, half=1 / 255),
        "Your bins are as wide as those of 256 levels, and too many levels count as an end.": published,
        "Your bins have the right width, but which levels do you take for an end? Count those with a number below -0.999.": lambda *case: _cut(*case, half=1 / (case[3] - 1), nearness=0.999),
        "K numbers from -1 to 1 leave K - 1 gaps. How wide is one?": lambda *case: _cut(*case, half=1 / case[3]),
        "Your bins overlap. How much of the gap to the next level belongs to each?": lambda *case: _cut(*case, half=2 / (case[3] - 1)),
        "There are gaps between your bins. How much of the gap to the next level belongs to each?": lambda *case: _cut(*case, half=0.5 / (case[3] - 1)),
        "What lies below the first bin and above the last one gets lost.": lambda *case: _cut(*case, half=1 / (case[3] - 1), nearness=2.0),
        "Those are probabilities. Their logarithms are asked for.": lambda *case: component_log_prob(*case).exp(),
        "Those are bits; nats are asked for.": lambda *case: component_log_prob(*case) / math.log(2),
        "You divide by the sum over the levels that happen to be asked for.": lambda *case: component_log_prob(*case).log_softmax(0),
        "You take the log scales for scales, or the other way round.": lambda levels, means, log_scales, K: component_log_prob(levels, means, log_scales.exp(), K),
        "Do you multiply by the scale, or divide by it?": lambda levels, means, log_scales, K: component_log_prob(levels, means, -log_scales, K),
        "You count the levels from above.": lambda levels, means, log_scales, K: component_log_prob(K - 1 - levels, means, log_scales, K),
    },
    otherwise="Which interval of numbers belongs to level 0, to level 1, and to the last level? Together they are the whole line.",
)  # fmt: skip


@variants_edges.check("the bins of any number of levels add up to 1", points=2)
def totals_are_one(answer: Answer, generator: np.random.Generator) -> None:
    """From 2 levels to thousands, each component by itself, also where a mean lies outside."""
    for num_levels in (5, 2, 256, 3000):
        means = torch.tensor([float(generator.uniform(-0.5, 0.5)), 1.3, -0.9], dtype=torch.float64)
        log_scales = torch.from_numpy(generator.uniform(-1.5, -0.7, 3))
        levels = torch.arange(num_levels, dtype=torch.float64)
        got = asked_log_prob.reply(answer, levels, means, log_scales, num_levels)
        totals = got.exp().sum(0)
        wrong = (~((totals - 1).abs() <= 1e-5)).nonzero().flatten().tolist()
        if wrong:
            at = wrong[0]
            raise Mistake(
                f"With {num_levels} levels, a mean of {float(means[at]):.3f} and a log scale of {float(log_scales[at]):.3f} all "
                f"probabilities add up to {shown(float(totals[at]))}. {asked_log_prob.why(answer, generator)}"
            )


@variants_edges.check("each bin, wherever it lies and however sure one is", points=2)
def bins_are_right(answer: Answer, generator: np.random.Generator) -> None:
    """Narrow bells far away, wide ones, any order of the levels."""
    for num_levels, log_scale in ((16, -1.0), (256, -7.0), (256, -12.0), (64, 6.0)):
        levels = torch.from_numpy(generator.permutation(num_levels)[: num_levels // 2 + 2] * 1.0)
        means = torch.from_numpy(generator.uniform(-0.8, 0.8, 2))
        log_scales = torch.full((2,), log_scale, dtype=torch.float64)
        got = asked_log_prob.reply(answer, levels, means, log_scales, num_levels)
        right = component_log_prob(levels, means, log_scales, num_levels)
        wrong = (~torch.isclose(got, right, rtol=1e-4, atol=1e-6)).nonzero()
        if not len(wrong):
            continue
        row, component = wrong[0].tolist()
        mine, due = float(got[row, component]), float(right[row, component])
        seen = (
            f"With {num_levels} levels, a mean of {float(means[component]):.3f} and a log scale of {log_scale:g} level "
            f"{int(levels[row])} has the log-probability {shown(due)}; you say {shown(mine)}."
        )
        if not math.isfinite(mine):
            raise Mistake(
                f"{seen} Both sigmoids are 0 or 1 there, to the last digit. What is the logarithm of their difference, without "
                f"the difference?"
            )
        if mine > due and abs(mine - math.log(1e-12)) < 1:
            raise Mistake(
                f"{seen} That is the logarithm of the 1e-12 at which the published function stops. How unlikely a level is must "
                f"not stop counting."
            )
        raise Mistake(f"{seen} {asked_log_prob.why(answer, generator)}")


@variants_edges.check("a gradient everywhere")
def gradients_are_right(answer: Answer, generator: np.random.Generator) -> None:
    """By the notebook's own autograd, ends and tails included."""
    num_levels, levels = 256, torch.tensor([0.0, 3.0, 128.0, 255.0], dtype=torch.float64)
    for log_scale in (-1.0, -9.0):
        means = torch.from_numpy(generator.uniform(-0.3, 0.3, 2))
        log_scales = torch.full((2,), log_scale, dtype=torch.float64)
        asked_log_prob.reply(answer, levels, means, log_scales, num_levels)
        function = answer.value("component_log_prob")
        if not isinstance(function, Handle):
            raise Mistake(f"`component_log_prob` is {shown(function)}; a function is due.")
        reply = answer.call("gradients", function, levels, means, log_scales, num_levels)
        got = reading.tensor(reply, "`gradients(component_log_prob, ...)`", shape=(2, 2), finite=False)
        m, s = means.clone().requires_grad_(), log_scales.clone().requires_grad_()
        right = torch.stack(torch.autograd.grad(component_log_prob(levels, m, s, num_levels).sum(), (m, s)))
        if torch.allclose(got, right, rtol=1e-3, atol=1e-6):
            continue
        seen = f"For the levels {shown(levels)} of 256, means {shown(means)} and log scales of {log_scale:g}"
        if not bool(got.isfinite().all()):
            raise Mistake(
                f"{seen} the derivatives by means and log scales are {shown(got)}. Even what `torch.where` does not choose is "
                f"differentiated, and 0 times infinity is NaN. Is each of your terms finite, also where it is left out?"
            )
        raise Mistake(
            f"{seen} the derivatives by means and log scales are {shown(got)} instead of {shown(right)}. Where a value is cut "
            f"off or detached, nothing is learned."
        )
