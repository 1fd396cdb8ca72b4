"""Exercise 2: the same log-likelihood in numbers, at the edges where its formula breaks, and how sure one may be."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor

from armod.course.exercises.engine import reading
from armod.course.exercises.engine.answer import Answer
from armod.course.exercises.engine.exercise import Exercise, Mistake
from armod.course.exercises.engine.showing import shown

likelihood_coin = Exercise(
    name="likelihood-coin",
    number=2,
    title="k ones in n tosses, edges included",
    difficulty="easy",
    minutes=5,
    names=("coin_log_likelihood", "standard_error"),
    hints=(
        "What is 0 times minus infinity on a computer? And what should five zeros add to a likelihood if ones are certain "
        "but none was expected?",
        "A term that counts *no* tosses adds nothing, whatever its logarithm is. The curvature of exercise 1 says "
        "how sharp the peak is: the standard error is one over the square root of minus the curvature.",
        "`torch.xlogy(k, p)` is k log p, and 0 where k is 0. Minus the curvature is n³ / (k (n - k)).",
    ),
)


@likelihood_coin.check("away from the edges")
def the_inside_is_right(answer: Answer, generator: np.random.Generator) -> None:
    """Ordinary p, k and n."""
    for _ in range(3):
        n = int(generator.integers(5, 12))
        k = int(generator.integers(1, (n + 1) // 2))  # never half: then p and 1 - p could be exchanged
        p = torch.from_numpy(generator.uniform(0.1, 0.4, 3))
        _compare(_asked(answer, p, k, n), p, k, n)


@likelihood_coin.check("at the edges", points=2)
def the_edges_are_right(answer: Answer, generator: np.random.Generator) -> None:
    """p of 0 and 1, no ones, no zeros."""
    n = int(generator.integers(4, 9))
    p = torch.tensor([0.0, 0.5, 1.0], dtype=torch.float64)
    for k in (0, n, 1):
        got, right = _asked(answer, p, k, n), _right(p, k, n)
        for at, mine, due in zip(p.tolist(), got.tolist(), right.tolist(), strict=True):
            seen = f"For p = {at:g}, k = {k}, n = {n} you say {shown(mine)}."
            if math.isnan(mine):
                raise Mistake(
                    f"{seen} There 0 meets an infinite logarithm. How many tosses does that term count?"
                )
            if due == -math.inf and mine != due:
                raise Mistake(
                    f"{seen} Such a coin cannot give what was seen. What is the logarithm of an impossible thing? (A "
                    f"small number added to p would hide it.)"
                )
            if due == 0 and mine == -math.inf:
                raise Mistake(f"{seen} Such a coin *must* give what was seen. What is the logarithm of 1?")
        _compare(got, p, k, n)


@likelihood_coin.check("for a great many tosses")
def many_tosses_are_right(answer: Answer, generator: np.random.Generator) -> None:
    """No product underflows."""
    n = 1_000_000
    k = int(generator.integers(200_000, 400_000))
    p = torch.tensor([0.25, 0.5], dtype=torch.float64)
    got = _asked(answer, p, k, n)
    if not bool(got.isfinite().all()):
        raise Mistake(
            f"For n = {n:,} tosses you say {shown(got)}. How small is a product of a million probabilities? Take logarithms "
            f"*before* you multiply."
        )
    _compare(got, p, k, n)


@likelihood_coin.check("how sure one may be")
def standard_error_is_right(answer: Answer, generator: np.random.Generator) -> None:
    """One over the root of minus the curvature."""
    for _ in range(2):
        n = int(generator.integers(20, 60))
        k = int(generator.integers(3, 9))
        got = reading.number(answer.call("standard_error", k, n), f"`standard_error({k}, {n})`", finite=False)
        variance = k * (n - k) / n**3
        if math.isclose(got, math.sqrt(variance), rel_tol=1e-5):
            continue
        seen = f"For k = {k}, n = {n} you say {shown(got)}."
        known = [
            (variance, "That is its square, the variance of the estimate."),
            (1 / variance, "That is minus the curvature. A sharper peak means a *smaller* error."),
            (-1 / variance, "That is the curvature itself. A sharper peak means a *smaller* error."),
            (math.sqrt(variance * n), "That is how much one toss varies. The estimate is a mean of n."),
            (math.sqrt(1 / variance), "That grows when the peak gets sharper. Which way round?"),
        ]
        for wrong, message in known:
            if math.isclose(got, wrong, rel_tol=1e-5):
                raise Mistake(f"{seen} {message}")
        raise Mistake(
            f"{seen} Minus the curvature is {shown(1 / variance)} there. What is one over its root?"
        )


def _right(p: Tensor, k: int, n: int) -> Tensor:
    return torch.xlogy(torch.tensor(float(k)), p) + torch.xlogy(torch.tensor(float(n - k)), 1 - p)


def _asked(answer: Answer, p: Tensor, k: int, n: int) -> Tensor:
    reply = answer.call("coin_log_likelihood", p, k, n)
    return reading.tensor(reply, f"`coin_log_likelihood(p, {k}, {n})`", shape=p.shape, finite=False)


def _compare(got: Tensor, p: Tensor, k: int, n: int) -> None:
    right = _right(p, k, n)
    if torch.allclose(got, right, rtol=1e-5, atol=1e-6):
        return
    seen = f"For p = {shown(p)}, k = {k}, n = {n} you say {shown(got)}."
    arrangements = math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)
    known = [
        (right / math.log(2), "Those are bits; nats are asked."),
        (right / n, "That is the mean of a toss. Asked is the sum over all n."),
        (-right, "That is the negative log-likelihood."),
        (_right(p, n - k, n), "You count k zeros, not k ones."),
        (right.exp(), "That is the likelihood. Its logarithm is asked."),
        (
            right + arrangements,
            "That is the log-probability of k ones in any order. Asked is that of the one sequence that was seen.",
        ),
        (torch.xlogy(torch.tensor(float(k)), p), "Only the ones count for you. What of the zeros?"),
    ]
    for wrong, message in known:
        if torch.allclose(got, wrong, rtol=1e-5, atol=1e-6):
            raise Mistake(f"{seen} {message}")
    raise Mistake(f"{seen} Put these numbers into your `log_likelihood` of exercise 1: what comes out?")
