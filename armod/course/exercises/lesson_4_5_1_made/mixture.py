"""Exercise 10, stretch: what does the mixture of members with one ordering say about the next variable?"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.distributions import Bernoulli

from armod.course.exercises import Answer, Exercise, Mistake, reading, shown
from armod.course.exercises.engine.draws import bits, normal, uneven_ordering
from armod.course.exercises.lesson_4_5_1_made.small_networks import member_logits
from armod.orderings import positions

made_mixture = Exercise(
    name="made-mixture",
    number=10,
    title="Stretch: the mixture's own conditionals",
    difficulty="stretch",
    minutes=25,
    names=("mixture_probs",),
    hints=(
        "Before anything is known, all members count the same. Then the first variable turns up. One member had given it a "
        "probability of 0.9, another 0.1. Do you still trust both equally?",
        "By Bayes, the weight of a member at a variable is proportional to the probability that it gave to all variables "
        "*before* it in the ordering. With these weights average the members' probabilities of a 1.",
        "Bring each member's log-probabilities of the bits into the ordering, `log_prob[:, :, ordering]`. A `cumsum` minus "
        "the term itself is the sum over what came before; a `softmax` over the members makes weights of it. Then back "
        "into the variables' own numbering.",
    ),
)


Case = tuple[Tensor, Tensor, Tensor]


def mixture_probs(
    logits: Tensor,
    x: Tensor,
    ordering: Tensor,
    *,
    before: Callable[[Tensor], Tensor] = lambda seen: seen.cumsum(2) - seen,
    weigh: Callable[[Tensor], Tensor] = lambda before: before.softmax(0),
    average: Callable[[Tensor, Tensor], Tensor] = lambda weights, logits: (weights * logits.sigmoid()).sum(0),
    back: Callable[[Tensor], Tensor] = positions,
) -> Tensor:
    """The conditionals of a mixture; every option is a mistake, and the defaults are right.

    Args:
        logits: ``(M, N, D)``, the members' own conditionals.
        x: observations ``(N, D)``.
        ordering: permutation ``(D,)``.
        before: what each variable knows, from log-probabilities ``(M, N, D)`` in the ordering.
        weigh: the members' weights by that.
        average: of the members, from weights and logits.
        back: from the ordering to the variables' own numbering.

    Returns:
        Probabilities ``(N, D)``.
    """
    seen = Bernoulli(logits=logits).log_prob(x)[:, :, ordering]
    return average(weigh(before(seen))[:, :, back(ordering)], logits)


def _case(generator: np.random.Generator, size: int, num_masks: int) -> Case:
    """Logits ``(M, 2**D, D)`` of members that share an ordering, every observation, and the ordering."""
    ordering = uneven_ordering(generator, size)
    return *member_logits(generator, [ordering] * num_masks), ordering


def _read(reply: Any, what: str, right: Tensor) -> Tensor:
    got = reading.tensor(reply, what, shape=right.shape, finite=right.shape[1] < 20)
    if bool((got < -1e-6).any() | (got > 1 + 1e-6).any()):
        raise Mistake(
            f"{what} gave {float(got.min()):.4g} and {float(got.max()):.4g} among others; probabilities of a 1 are due. "
            f"{'Are these logits?' if bool((got < 0).any()) else 'Do the weights of the members add up to 1 at each variable?'}"
        )
    return got


def _otherwise(got: Tensor, right: Tensor, logits: Tensor, x: Tensor, ordering: Tensor) -> str:
    wrong = (~torch.isclose(got, right, atol=1e-5)).any(0)[ordering].nonzero()
    step = int(wrong[0]) if len(wrong) else 0
    return (
        f"The first wrong one is that of step {step}, variable {int(ordering[step])}. Which bits had a say in the members' weights "
        f"there, and what did you average?"
    )


asked_probs = made_mixture.asks(
    mixture_probs,
    instances=lambda generator: [_case(generator, 4, 3)],
    called=lambda logits, x, ordering: f"`mixture_probs` of {len(x)} observations",
    read=_read,
    wrong={
        "You give all members the same weight all the way, however badly they foresaw the bits before.": dict(before=torch.zeros_like),
        "You average logits without weights: that is a distribution here, as all share one ordering, but it is not the mixture.": lambda logits, x, ordering: logits.mean(0).sigmoid(),
        "You average logits. What does a mixture average?": dict(average=lambda weights, logits: (weights * logits).sum(0).sigmoid()),
        "You give the probability of the bit that x has; the question asks for that of a 1, whatever x has there.": lambda logits, x, ordering: torch.where(x > 0, mixture_probs(logits, x, ordering), 1 - mixture_probs(logits, x, ordering)),
        "Your weights know the variable itself, too. At each variable only what came before it counts.": dict(before=lambda seen: seen.cumsum(2)),
        "You weigh the members by the whole x. At each variable only what came before it counts.": dict(before=lambda seen: seen.sum(2, keepdim=True).expand_as(seen)),
        "You seem to go through the variables as 0, 1, 2, ..., whatever the ordering is.": lambda logits, x, ordering: mixture_probs(logits, x, torch.arange(len(ordering))),
        "Your weights are in the order of the steps: bring them back into the variables' own numbering.": dict(back=lambda ordering: torch.arange(len(ordering))),
    },
    otherwise=_otherwise,
)  # fmt: skip


@made_mixture.check("before anything is known, members count the same")
def the_first_variable_is_the_mean(answer: Answer, generator: np.random.Generator) -> None:
    """The first variable's probability is the plain mean."""
    members = torch.zeros(2)
    while members.max() - members.min() < 0.2:  # so alike, any average would do
        logits, x, ordering = _case(generator, 3, 2)
        first = int(ordering[0])
        members = logits[:, 0, first].sigmoid()
    got = asked_probs.reply(answer, logits, x, ordering)[:, first]
    if not torch.allclose(got, members.mean(), atol=1e-5):
        raise Mistake(
            f"In the ordering {shown(ordering)} variable {first} comes first. The two members give it a 1 with the "
            f"probabilities {shown(members)}, and you give {shown(got.unique())}. Nothing is known yet: how much does each member "
            f"count, and do the weights add up to 1? {asked_probs.why(answer, generator)}"
        )


@made_mixture.check("no conditional sees its own variable or a later one", points=2)
def nothing_leaks(answer: Answer, generator: np.random.Generator) -> None:
    """Observations with one past have one conditional."""
    logits, x, ordering = _case(generator, 4, 3)
    got = asked_probs.reply(answer, logits, x, ordering)
    place = positions(ordering)
    for variable, other in itertools.product(range(4), repeat=2):
        if place[other] < place[variable]:
            continue
        flipped = torch.arange(len(x)) ^ 2 ** (3 - other)  # the row that differs in this one bit
        moved = (got - got[flipped])[:, variable].abs()
        row = int(moved.argmax())
        if moved[row] > 1e-5:
            what = "that variable itself" if other == variable else f"variable {other}, which comes later"
            raise Mistake(
                f"In the ordering {shown(ordering)}, x = {shown(x[row].long())} and {shown(x[flipped[row]].long())} differ only in "
                f"variable {other}. Yet you give variable {variable} a 1 with the probabilities {float(got[row, variable]):.4g} "
                f"and {float(got[flipped[row], variable]):.4g}: your weights have looked at {what}. {asked_probs.why(answer, generator)}"
            )


@made_mixture.check("the conditionals multiply to the mixture", points=3)
def they_multiply_to_the_mixture(answer: Answer, generator: np.random.Generator) -> None:
    """The chain rule against the average of the members' probabilities."""
    for size, num_masks in ((3, 2), (4, 3), (3, 1)):
        logits, x, ordering = _case(generator, size, num_masks)
        got = asked_probs.reply(answer, logits, x, ordering)
        bit = torch.where(x > 0, got, 1 - got)
        right = (Bernoulli(logits=logits).log_prob(x).sum(2).logsumexp(0) - math.log(num_masks)).exp()
        if not torch.allclose(bit.prod(1), right, atol=1e-5):
            row = int((bit.prod(1) - right).abs().argmax())
            raise Mistake(
                f"In the ordering {shown(ordering)} your conditionals of x = {shown(x[row].long())} multiply to "
                f"{float(bit[row].prod()):.4g}; the mean of the {num_masks} members' probabilities of this x is {float(right[row]):.4g}. "
                f"{asked_probs.why(answer, generator)}"
            )


@made_mixture.check("it holds for a whole image")
def long_observations_are_fine(answer: Answer, generator: np.random.Generator) -> None:
    """784 variables: no underflow."""
    case = normal(generator, 2, 2, 784, scale=3), bits(generator, 2, 784), torch.arange(784)
    got, right = asked_probs.reply(answer, *case), mixture_probs(*case)
    wrong = (~torch.isclose(got, right, atol=1e-5)).any(0).nonzero()
    if not len(wrong):
        return
    step = int(wrong[0])
    if step < 20:
        raise Mistake(
            f"For an image of 784 bits variable {step} is wrong already: you give {shown(got[:, step])}. Look at the checks above "
            f"first."
        )
    raise Mistake(
        f"For an image of 784 bits all is well up to variable {step}; there you give {shown(got[:, step])}. How small is the "
        f"product of {step} probabilities? Weigh the members by their logarithms."
    )
