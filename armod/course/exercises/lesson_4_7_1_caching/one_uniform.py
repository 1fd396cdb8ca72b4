"""Exercise 5: speculate, accept, correct; all with one uniform number."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from armod.course.exercises import Answer, Exercise, Mistake

caching_one_uniform = Exercise(
    name="caching-one-uniform",
    number=5,
    title="One number is enough",
    difficulty="hard",
    minutes=20,
    names=("speculate",),
    hints=(
        "Draw y from the draft q by the inverse CDF. What do you still know of u? It lies somewhere between two sums of q, and "
        "anywhere between them is equally likely.",
        "So r = u - (the sum of q below y) is uniform on [0, q(y)). Then r < p(y) happens with probability min(1, p(y) / q(y)). If "
        "it does not, r is uniform between p(y) and q(y): that is a fresh number, once it is stretched to [0, 1).",
        "`v = (r - p[y]) / (q[y] - p[y])`, and `residual = (p - q).clamp(min=0)`, divided by its sum. The level is the first one "
        "whose cumulative residual exceeds v.",
    ),
)

Result = tuple[int, int]


def _inverse_cdf(probs: Tensor, u: float) -> int:
    """The first level whose cumulative probability exceeds u."""
    return min(int((probs.cumsum(0) <= u).sum()), len(probs) - 1)


def speculate(
    p: Tensor,
    q: Tensor,
    u: float,
    *,
    left: Callable[[float, Tensor, int], float] = lambda u, q, y: u - float(q[:y].sum()),
    accepts: Callable[[float, float, float], bool] = lambda r, p, q: r < p,
    again: Callable[[float, float, float, float], float] = lambda r, p, q, u: (r - p) / (q - p),
    residual: Callable[[Tensor, Tensor], Tensor] = lambda p, q: (p - q).clamp(min=0),
) -> Result:
    """The level, and 1 if it is the draft's; the options are mistakes.

    Args:
        p: probabilities of the model ``(K,)``.
        q: probabilities of the draft ``(K,)``.
        u: a uniform number.
        left: what the draft did not use of u.
        accepts: from that, p(y) and q(y).
        again: what acceptance did not use, between 0 and 1.
        residual: what corrections are drawn from.

    Returns:
        The level, and whether it was the draft's.
    """
    y = _inverse_cdf(q, u)
    r, p_y, q_y = left(u, q, y), float(p[y]), float(q[y])
    if accepts(r, p_y, q_y):
        return y, 1
    weights = residual(p, q)
    return _inverse_cdf(weights / weights.sum(), again(r, p_y, q_y, u)), 0


def _cases(generator: np.random.Generator) -> list[tuple[Tensor, Tensor, float]]:
    """Numbers that are short enough to follow by hand; u ends in 3, and every threshold has fewer digits or endless ones.

    For everybody, one draft lacks a level that the model likes, and no draft agrees with its model: that has a check of its own.
    """
    pairs: list[tuple[Tensor, Tensor]] = []
    while len(pairs) < 7:
        p, q = (torch.from_numpy(generator.multinomial(10, [0.2] * 5) / 10) for _ in range(2))
        pairs += [] if torch.equal(p, q) else [(p, q)]
    is_liked = np.arange(5) == generator.integers(5)
    others = np.where(is_liked, 0, 0.25)
    likes, lacks = generator.multinomial(5, others) + 5 * is_liked, generator.multinomial(10, others)
    pairs.append((torch.from_numpy(likes / 10), torch.from_numpy(lacks / 10)))
    return [
        (p, q, round(float(u) // 0.001 / 1000 + 0.0003, 4))
        for p, q in pairs
        for u in (np.arange(12) + 0.5 + 0.3 * generator.random()) / 12.5
    ]


asked_speculate = caching_one_uniform.asks(
    speculate,
    "the right level for every u",
    points=3,
    instances=_cases,
    wrong={
        "You believe every draft. Then you sample from q, whatever the model says.": dict(accepts=lambda r, p, q: True),
        "You draw from p and leave the draft out. That is a right sample, but nothing was won.": lambda p, q, u: (_inverse_cdf(p, u), 0),
        "Where the draft is refused you draw from p. But p's mass up to q was given away already, by accepting: what is still owed?": dict(residual=lambda p, q: p),
        "You draw corrections where the draft has *more* than the model. Which levels has the draft neglected?": dict(residual=lambda p, q: (q - p).clamp(min=0)),
        "You draw corrections from |p - q|. Levels on which the draft has too much get none.": dict(residual=lambda p, q: (p - q).abs()),
        "You draw the correction from u itself, and u has been used up: it lies where the draft's level lies.": dict(again=lambda r, p, q, u: u),
        "What is left of u lies between p(y) and q(y). Stretch it to [0, 1): subtract p(y) before you divide.": dict(again=lambda r, p, q, u: r / q),
        "You subtract p(y), but you do not divide by the width q(y) - p(y): large numbers never come up.": dict(again=lambda r, p, q, u: r - p),
        "You compare u itself with p(y). Only what the draft did not use of u is fresh.": dict(left=lambda u, q, y: u, again=lambda r, p, q, u: min(max((r - p) / (q - p), 0.0), 1.0)),
        "You accept where r < p(y) / q(y). But r goes only up to q(y): compare it with p(y).": dict(accepts=lambda r, p, q: r < p / q, again=lambda r, p, q, u: min(max((r - p) / (q - p), 0.0), 1.0)),
    },
    otherwise="Which part of u has the draft used, which part the acceptance, and what is left?",
    seen=lambda got, right, p, q, u: (
        f"For p = {p.tolist()}, q = {q.tolist()} and u = {u} you gave the level {got[0]}, "
        f"{'accepted' if got[1] else 'refused'}; right is {right[0]}, {'accepted' if right[1] else 'refused'}."
    ),
)  # fmt: skip


@caching_one_uniform.check("a draft that is right is always accepted")
def right_draft_is_accepted(answer: Answer, generator: np.random.Generator) -> None:
    """And then the level is the model's own draw from the same number."""
    for p, _, u in _cases(generator)[:8]:
        level, accepted = asked_speculate.reply(answer, p, p, u)
        if (level, accepted) != (_inverse_cdf(p, u), 1):
            raise Mistake(
                f"For p = q = {p.tolist()} and u = {u} you gave the level {level}, {'accepted' if accepted else 'refused'}. Draft and "
                f"model agree here: what is there to correct?"
            )


@caching_one_uniform.check("a level that the draft never proposes still comes")
def neglected_level_comes(answer: Answer, generator: np.random.Generator) -> None:
    """The draft knows two of three levels, in equal parts; the model likes the third."""
    p, q = torch.tensor([0.25, 0.125, 0.625]).double(), torch.tensor([0.5, 0.5, 0.0]).double()
    asked_speculate.on(lambda generator: [(p, q, (k + 0.5) / 16) for k in range(16)])(answer, generator)
