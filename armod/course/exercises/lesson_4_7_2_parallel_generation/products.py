"""Exercise 5: what a student loses that makes all variables at once, independently."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from armod.course.exercises import Exercise

parallel_products = Exercise(
    name="parallel-products",
    number=5,
    title="What independence costs",
    difficulty="medium",
    minutes=12,
    names=("independent", "lost_nats"),
    hints=(
        "The best independent student has the teacher's marginals. Sum the table over all variables but one.",
        "KL(p || q) = sum of p (log p - log q). With q a product of marginals this becomes the sum of the marginals' entropies minus the "
        "entropy of p.",
        "For each variable: `p.sum(dim=[other for other in range(p.dim()) if other != d])`. For the entropies `-(m * m.log()).sum()`, where a "
        "probability of 0 counts nothing: `torch.special.entr` does that.",
    ),
)


def independent(p: Tensor) -> Tensor:
    """The product ``(K, ..., K)`` of the marginals."""
    found = torch.ones_like(p)
    for d in range(p.dim()):
        marginal = p.sum(dim=[other for other in range(p.dim()) if other != d])
        found = found * marginal.view([-1 if other == d else 1 for other in range(p.dim())])
    return found


def lost_nats(p: Tensor, *, of: Callable[[Tensor, Tensor], Tensor] = lambda p, q: _divergence(p, q)) -> float:
    """KL(p || product of marginals); the option is a mistake."""
    return float(of(p, independent(p)))


def _divergence(p: Tensor, q: Tensor) -> Tensor:
    return -torch.special.entr(p).sum() - torch.special.xlogy(p, q).sum()


def _root(p: Tensor) -> Tensor:
    """As if every variable had the average marginal."""
    marginals = torch.stack(
        [p.sum(dim=[other for other in range(p.dim()) if other != d]) for d in range(p.dim())]
    )
    mean, found = marginals.mean(0), torch.ones_like(p)
    for d in range(p.dim()):
        found = found * mean.view([-1 if other == d else 1 for other in range(p.dim())])
    return found


def _tables(generator: np.random.Generator) -> list[tuple[Tensor]]:
    """Joint distributions of two and three variables."""
    return [
        (torch.from_numpy(generator.dirichlet([0.6] * 9).reshape(3, 3)),),
        (torch.from_numpy(generator.dirichlet([0.6] * 8).reshape(2, 2, 2)),),
    ]


asked_independent = parallel_products.asks(
    independent,
    "the best independent student",
    points=2,
    instances=_tables,
    wrong={
        "That is the teacher itself.": lambda p: p.clone(),
        "That knows nothing of the teacher. Its variables may be independent, but each has a distribution.": lambda p: torch.full_like(p, 1 / p.numel()),
        "That does not add up to 1. A marginal is a sum over the other variables, and not their mean.": lambda p: independent(p) / math.prod(p.numel() // size for size in p.shape),
        "You use the first variable's marginal for all.": lambda p: _first(p),
        "You use one marginal, averaged over the variables, for all of them. Each has its own.": _root,
    },
    otherwise="Multiply the marginals, each along its own dimension.",
)  # fmt: skip


def _first(p: Tensor) -> Tensor:
    marginal = p.sum(dim=list(range(1, p.dim())))
    found = torch.ones_like(p)
    for d in range(p.dim()):
        found = found * marginal.view([-1 if other == d else 1 for other in range(p.dim())])
    return found


asked_lost = parallel_products.asks(
    lost_nats,
    "what it loses, in nats",
    points=2,
    instances=_tables,
    wrong={
        "That is the divergence the other way round: the mean is over the *teacher's* samples.": dict(of=lambda p, q: _divergence(q, p)),
        "Those are bits.": lambda p: lost_nats(p) / float(torch.tensor(2.0).log()),
        "That is the entropy of the student. Subtract the teacher's.": dict(of=lambda p, q: torch.special.entr(q).sum()),
        "That is the entropy of the teacher. How much larger is the student's?": dict(of=lambda p, q: torch.special.entr(p).sum()),
        "The sign is the wrong way round: a divergence is not negative.": lambda p: -lost_nats(p),
    },
    otherwise="Sum p (log p - log q) over the whole table.",
)  # fmt: skip
parallel_products.add(
    "nothing is lost where nothing depends, all where variables are copies",
    asked_lost.on(
        lambda generator: [
            (torch.full((2, 2), 0.25).double(),),
            (torch.eye(2).double() / 2,),
            (torch.diag(torch.tensor([0.5, 0.25, 0.25])).double(),),
        ]
    ),
)
