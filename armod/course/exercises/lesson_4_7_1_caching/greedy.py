"""Exercise 6: find the bug that two large libraries shipped: a greedy draft, accepted as if it had been drawn."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from armod.course.exercises import Exercise

caching_greedy = Exercise(
    name="caching-greedy",
    number=6,
    title="Find the bug: the greedy draft",
    difficulty="hard",
    minutes=15,
    names=("outcome", "total_variation"),
    hints=(
        "There are two ways to a level: the draft proposes it and it is accepted, or the draft is refused and the correction is this "
        "level. How likely is each way?",
        "The greedy draft proposes y = argmax q, always. It is accepted with probability a = min(1, p(y) / q(y)). With probability "
        "1 - a the level comes from max(p - q, 0), divided by its sum.",
        "`result = (1 - a) * residual / residual.sum()`, then `result[y] += a`. Where p = q nothing is refused, and the residual's sum is 0: "
        "don't divide by it. The total variation is half the sum of the absolute differences.",
    ),
)


def outcome(
    p: Tensor,
    q: Tensor,
    *,
    accepts_as: str = "sampled",
    residual: str = "above",
) -> Tensor:
    """The distribution ``(K,)`` of the level that the faulty loop returns; every option is a mistake."""
    y = int(q.argmax())
    accepted = {"sampled": min(1.0, float(p[y] / q[y])), "model": float(p[y]), "always": 1.0}[accepts_as]
    weights = {"above": (p - q).clamp(min=0), "model": p, "below": (q - p).clamp(min=0), "none": 0 * p}[
        residual
    ]
    total = float(weights.sum())
    result = (1 - accepted) * weights / total if total > 1e-9 else torch.zeros_like(p)
    result[y] += accepted
    return result


def total_variation(p: Tensor, q: Tensor) -> float:
    """Half the sum of all absolute differences."""
    return float((p - q).abs().sum() / 2)


def _pairs(generator: np.random.Generator) -> list[tuple[Tensor, Tensor]]:
    """Pairs in which the greedy level is refused at times; each has one likeliest level."""
    found: list[tuple[Tensor, Tensor]] = []
    while len(found) < 3:
        p, q = (torch.from_numpy(generator.dirichlet([1.0] * 4)).round(decimals=2) for _ in range(2))
        p, q = p / p.sum(), q / q.sum()
        y = int(q.argmax())
        likeliest = [int((each > each.max() - 0.005).sum()) for each in (p, q)]
        if 0.02 < float(p[y]) < 0.8 * float(q[y]) and likeliest == [1, 1]:
            found.append((p, q))
    return found


caching_greedy.asks(
    outcome,
    "what the faulty loop samples",
    points=3,
    instances=_pairs,
    wrong={
        "That is the model's own distribution. It would come out if the draft were drawn from q; but it is the likeliest level of q, always.": lambda p, q: p.clone(),
        "That is the draft's distribution. Nothing is drawn from q here: it only names its likeliest level.": lambda p, q: q.clone(),
        "The draft is refused at times. What does the level come from then?": (dict(residual="none"), dict(accepts_as="always")),
        "A refused draft is corrected from what the model has above q, and not from the model itself.": dict(residual="model"),
        "A refused draft is corrected where the *model* has more than q.": dict(residual="below"),
        "The draft is accepted with probability p(y) / q(y), as if it had been drawn from q. That is the bug: keep it.": dict(accepts_as="model"),
    },
    otherwise="Which level does the draft propose, how likely is it to be accepted, and what happens otherwise?",
)  # fmt: skip
caching_greedy.add(
    "a draft that agrees with the model",
    caching_greedy.asked[0].on(
        lambda generator: (
            [(p, p) for p, _ in _pairs(generator)]
            + [(torch.tensor([0.5, 0.25, 0.25]).double(), torch.tensor([0.4375, 0.3125, 0.25]).double())]
        )
    ),
)
caching_greedy.asks(
    total_variation,
    "how far two distributions lie apart",
    instances=_pairs,
    wrong={
        "What one has too much, the other has too little, and you count both: take half.": lambda p, q: 2 * total_variation(p, q),
        "That is the largest difference of a single level. Of a set of levels it may be more.": lambda p, q: float((p - q).abs().max()),
        "That is a Kullback-Leibler divergence, which is another distance.": lambda p, q: float((p * (p / q).log()).sum()),
        "You sum squares. The total variation sums absolute differences.": lambda p, q: float((p - q).square().sum()),
        "Without absolute values everything cancels.": lambda p, q: float((p - q).sum()),
    },
    otherwise="Sum the absolute differences of all levels, and take half.",
)  # fmt: skip
