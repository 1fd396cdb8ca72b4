"""Exercise 2: the same log-likelihood in numbers, at the edges where its formula breaks, and how sure one may be."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

from armod.course.exercises import Answer, Exercise, Mistake, shown

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


Tosses = tuple[Tensor, int, int]


def coin_log_likelihood(p: Tensor, k: int, n: int) -> Tensor:
    """What counts no tosses adds nothing, whatever its logarithm is."""
    return torch.xlogy(torch.tensor(float(k)), p) + torch.xlogy(torch.tensor(float(n - k)), 1 - p)


def standard_error(k: int, n: int) -> float:
    """One over the root of minus the curvature."""
    return math.sqrt(k * (n - k) / n**3)


def _arrangements(k: int, n: int) -> float:
    return math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)


def _ordinary(generator: np.random.Generator) -> Iterator[Tosses]:
    for _ in range(3):
        n = int(generator.integers(5, 12))
        yield torch.from_numpy(generator.uniform(0.1, 0.4, 3)), int(generator.integers(1, (n + 1) // 2)), n


asked_coin = likelihood_coin.asks(
    coin_log_likelihood,
    "away from the edges",
    instances=_ordinary,
    atol=1e-6,
    finite=False,
    wrong={
        "You give one number for all. The question asks for one for each entry of `p`. (`sum(dim=())` adds up everything.)": lambda p, k, n: coin_log_likelihood(p, k, n).sum(),
        "Those are bits; nats are asked for.": lambda p, k, n: coin_log_likelihood(p, k, n) / math.log(2),
        "That is the mean of a toss. The question asks for the sum over all n.": lambda p, k, n: coin_log_likelihood(p, k, n) / n,
        "That is the negative log-likelihood.": lambda p, k, n: -coin_log_likelihood(p, k, n),
        "You count k zeros, not k ones.": lambda p, k, n: coin_log_likelihood(p, n - k, n),
        "That is the likelihood. Its logarithm is asked for.": lambda p, k, n: coin_log_likelihood(p, k, n).exp(),
        "That is the log-probability of k ones in any order. The question asks for that of the one sequence that was seen.": lambda p, k, n: coin_log_likelihood(p, k, n) + _arrangements(k, n),
        "You count only the ones. What do the zeros contribute?": lambda p, k, n: coin_log_likelihood(p, k, k),
    },
    otherwise="Put these numbers into your `log_likelihood` of exercise 1: what comes out?",
)  # fmt: skip


@likelihood_coin.check("at the edges", points=2)
def the_edges_are_right(answer: Answer, generator: np.random.Generator) -> None:
    """The edges: p of 0 and 1, no ones, no zeros."""
    n = int(generator.integers(4, 9))
    p = torch.tensor([0.0, 0.5, 1.0], dtype=torch.float64)
    for k in (0, n, 1):
        got, right = asked_coin.reply(answer, p, k, n), coin_log_likelihood(p, k, n)
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
    asked_coin.on(lambda generator: [(p, k, n) for k in (0, n, 1)])(answer, generator)


@likelihood_coin.check("for a great many tosses")
def many_tosses_are_right(answer: Answer, generator: np.random.Generator) -> None:
    """No product underflows."""
    n = 1_000_000
    k = int(generator.integers(200_000, 400_000))
    p = torch.tensor([0.25, 0.5], dtype=torch.float64)
    got = asked_coin.reply(answer, p, k, n)
    if not bool(got.isfinite().all()):
        raise Mistake(
            f"For n = {n:,} tosses you say {shown(got)}. How small is a product of a million probabilities? Take logarithms "
            f"*before* you multiply."
        )
    asked_coin.on(lambda generator: [(p, k, n)])(answer, generator)


likelihood_coin.asks(
    standard_error,
    "how sure one may be",
    instances=lambda generator: [(int(generator.integers(3, 9)), int(generator.integers(20, 60))) for _ in range(2)],
    finite=False,
    atol=0,
    wrong={
        "That is its square, the variance of the estimate.": lambda k, n: standard_error(k, n) ** 2,
        "That is minus the curvature. A sharper peak means a *smaller* error.": lambda k, n: standard_error(k, n) ** -2,
        "That is the curvature itself. A sharper peak means a *smaller* error.": lambda k, n: -(standard_error(k, n) ** -2),
        "That is how much one toss varies. The estimate is a mean of n.": lambda k, n: standard_error(k, n) * math.sqrt(n),
        "That grows when the peak gets sharper. Which way round?": lambda k, n: 1 / standard_error(k, n),
    },
    otherwise=lambda got, right, k, n: f"Minus the curvature is {shown(right**-2)} there. What is one over its root?",
)  # fmt: skip
