"""Exercise 2: top-p by hand, with the symbol that crosses the line."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from armod.course.exercises import Exercise

sequence_nucleus = Exercise(
    name="sequence-nucleus",
    number=2,
    title="The fewest symbols that reach p",
    difficulty="medium",
    minutes=10,
    names=("nucleus",),
    hints=(
        "Sort the probabilities, the largest first. After which symbol may you stop?",
        "A symbol stays if those *before* it have not reached p yet. So the symbol that crosses the line stays, and at least one symbol does.",
        "`sorted_probs, order = probs.sort(descending=True)`; `stays = sorted_probs.cumsum(0) - sorted_probs < p`. Bring what stays "
        "back to its place, and divide by the sum.",
    ),
)


def nucleus(
    probs: Tensor,
    p: float,
    *,
    crosses: bool = True,
    largest_first: bool = True,
    is_scaled: bool = True,
    is_put_back: bool = True,
) -> Tensor:
    """Top-p (Holtzman and others 2020, section 3.1); the options are mistakes.

    Args:
        probs: probabilities ``(K,)``.
        p: what the symbols that stay must reach.
        crosses: whether the symbol that reaches p stays.
        largest_first: the order in which symbols are taken.
        is_scaled: whether what stays sums to 1.
        is_put_back: whether each probability is in its symbol's place.

    Returns:
        Probabilities ``(K,)``.
    """
    taken, order = probs.sort(descending=largest_first)
    reached = taken.cumsum(0)
    stays = reached - taken < p - 1e-9 if crosses else reached < p
    kept = taken * stays
    result = torch.zeros_like(probs).scatter(0, order, kept) if is_put_back else kept
    return result / result.sum().clamp(min=1e-9) if is_scaled else result


def _cases(generator: np.random.Generator) -> list[tuple[Tensor, float]]:
    found: list[tuple[Tensor, float]] = []
    while len(found) < 3:
        probs = torch.from_numpy(generator.dirichlet([0.8] * 6))
        p = round(float(generator.uniform(0.5, 0.9)), 2)
        sums = probs.sort(descending=True).values.cumsum(0)
        # no symbol lies on the line, where rounding would decide
        if probs.min() > 0.01 and sums[0] < p and (sums - p).abs().min() > 0.01:
            found.append((probs, p))
    return found


asked_nucleus = sequence_nucleus.asks(
    nucleus,
    "the distribution after top-p",
    points=2,
    instances=_cases,
    called=lambda probs, p: f"`nucleus({[round(each, 2) for each in probs.tolist()]}, {p})`",
    wrong={
        "The symbol that crosses the line is missing: what you keep does not reach p.": dict(crosses=False),
        "You begin with the least probable symbols. The fewest that reach p are the most probable ones.": dict(largest_first=False),
        "What stays has to sum to 1 again.": dict(is_scaled=False),
        "The probabilities are right, but they stand in sorted order. Each belongs to a symbol.": dict(is_put_back=False),
        "You keep each symbol whose own probability is above 1 - p. Add them up, the largest first.": lambda probs, p: torch.where(probs > 1 - p, probs, 0) / torch.where(probs > 1 - p, probs, 0).sum().clamp(min=1e-9),
        "Only the most probable symbol stays. Does it reach p by itself?": lambda probs, p: (probs == probs.max()).double(),
        "Nothing is left out: those are the probabilities as they were.": lambda probs, p: probs.clone(),
    },
    otherwise="Sort, add up from the largest, keep the symbols up to the one that reaches p, and divide by their sum.",
)  # fmt: skip


def _extremes(generator: np.random.Generator) -> list[tuple[Tensor, float]]:
    """One symbol is enough, or all are needed."""
    probs = torch.tensor([0.125, 0.625, 0.25]).double()
    return [(probs, 0.5), (probs, 0.1), (probs, 0.95)]


sequence_nucleus.add("one symbol is enough, or all are needed", asked_nucleus.on(_extremes))
