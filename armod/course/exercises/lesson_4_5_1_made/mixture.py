"""Exercise 9, stretch: what does the mixture of members with one ordering say about the next variable?"""

from __future__ import annotations

import itertools
import math

import numpy as np
import torch
from torch import Tensor
from torch.distributions import Bernoulli

from armod.course.exercises.engine import reading
from armod.course.exercises.engine.answer import Answer
from armod.course.exercises.engine.draws import normal, uneven_ordering
from armod.course.exercises.engine.exercise import Exercise, Mistake
from armod.course.exercises.engine.showing import shown
from armod.course.exercises.lesson_4_5_1_made.small_networks import member_logits
from armod.orderings import positions

made_mixture = Exercise(
    name="made-mixture",
    number=9,
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


@made_mixture.check("before anything is known, members count the same")
def the_first_variable_is_the_mean(answer: Answer, generator: np.random.Generator) -> None:
    """The first variable's probability is the plain mean."""
    members = torch.zeros(2)
    while members.max() - members.min() < 0.2:  # so alike, any average would do
        ordering, logits, x = _instance(generator, 3, 2)
        first = int(ordering[0])
        members = logits[:, 0, first].sigmoid()
    got = _mixture_probs(answer, logits, x, ordering)
    mean = members.mean()
    if torch.allclose(got[:, first], mean.expand(len(x)), atol=1e-5):
        return
    if torch.allclose(got[:, first], members.logit().mean().sigmoid().expand(len(x)), atol=1e-5):
        raise Mistake(
            f"In the ordering {shown(ordering)} variable {first} comes first. The two members give it a 1 with the "
            f"probabilities {shown(members)}, and you give {float(got[0, first]):.4g}: you average their logits. Of what is a "
            f"mixture the average?"
        )
    if torch.allclose(got[:, first], torch.where(x[:, first] > 0, mean, 1 - mean), atol=1e-5):
        raise Mistake(
            f"You give variable {first}, which comes first, {float(1 - mean):.4g} where it is 0 and {float(mean):.4g} where it is 1. "
            f"Asked is the probability of a 1, whatever x has there."
        )
    raise Mistake(
        f"In the ordering {shown(ordering)} variable {first} comes first. The two members give it a 1 with the "
        f"probabilities {shown(members)}, and you give {shown(got[:, first].unique())}. Nothing is known yet: how much does "
        f"each member count, and do the weights add up to 1?"
    )


@made_mixture.check("no conditional sees its own variable or a later one", points=2)
def nothing_leaks(answer: Answer, generator: np.random.Generator) -> None:
    """Observations with one past have one conditional."""
    ordering, logits, x = _instance(generator, 4, 3)
    got = _mixture_probs(answer, logits, x, ordering)
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
                f"and {float(got[flipped[row], variable]):.4g}: your weights have looked at {what}."
            )


@made_mixture.check("the conditionals multiply to the mixture", points=3)
def they_multiply_to_the_mixture(answer: Answer, generator: np.random.Generator) -> None:
    """The chain rule against the average of the members' probabilities."""
    for size, num_masks in ((3, 2), (4, 3), (3, 1)):
        ordering, logits, x = _instance(generator, size, num_masks)
        got = _mixture_probs(answer, logits, x, ordering)
        bit = torch.where(x > 0, got, 1 - got)
        right = (Bernoulli(logits=logits).log_prob(x).sum(2).logsumexp(0) - math.log(num_masks)).exp()
        if torch.allclose(bit.prod(1), right, atol=1e-5):
            continue
        row = int((bit.prod(1) - right).abs().argmax())
        raise Mistake(
            f"In the ordering {shown(ordering)} your conditionals of x = {shown(x[row].long())} multiply to "
            f"{float(bit[row].prod()):.4g}; the mean of the {num_masks} members' probabilities of this x is {float(right[row]):.4g}. "
            f"{_why(got, logits, x, ordering)}"
        )


@made_mixture.check("it holds for a whole image")
def long_observations_are_fine(answer: Answer, generator: np.random.Generator) -> None:
    """784 variables: no underflow."""
    logits, x = (
        normal(generator, 2, 2, 784, scale=3),
        torch.from_numpy(generator.integers(0, 2, (2, 784)) * 1.0),
    )
    reply = answer.call("mixture_probs", logits, x, torch.arange(784))
    got = reading.tensor(reply, "`mixture_probs` of an image", shape=x.shape, finite=False)
    right = _right(logits, x, torch.arange(784))
    if not torch.allclose(got, right, atol=1e-5):
        step = int((~torch.isclose(got, right, atol=1e-5)).any(0).nonzero()[0])
        if step < 20:
            raise Mistake(
                f"For an image of 784 bits variable {step} is wrong already: you give {shown(got[:, step])}. Look at the checks "
                f"above first."
            )
        raise Mistake(
            f"For an image of 784 bits all is well up to variable {step}; there you give {shown(got[:, step])}. How small is the "
            f"product of {step} probabilities? Weigh the members by their logarithms."
        )


def _instance(generator: np.random.Generator, size: int, num_masks: int) -> tuple[Tensor, Tensor, Tensor]:
    """One ordering, logits ``(M, 2**D, D)`` of members that share it, and every observation."""
    ordering = uneven_ordering(generator, size)
    return ordering, *member_logits(generator, [ordering] * num_masks)


def _mixture_probs(answer: Answer, logits: Tensor, x: Tensor, ordering: Tensor) -> Tensor:
    reply = answer.call("mixture_probs", logits, x, ordering)
    got = reading.tensor(reply, f"`mixture_probs` of {len(x)} observations", shape=x.shape)
    if bool((got < -1e-6).any() | (got > 1 + 1e-6).any()):
        raise Mistake(
            f"`mixture_probs` gave {float(got.min()):.4g} and {float(got.max()):.4g} among others; probabilities of a 1 are due. "
            f"{'Are these logits?' if bool((got < 0).any()) else 'Do the weights of the members add up to 1 at each variable?'}"
        )
    return got


def _right(logits: Tensor, x: Tensor, ordering: Tensor) -> Tensor:
    """The conditionals of the mixture."""
    seen = Bernoulli(logits=logits).log_prob(x)[:, :, ordering]
    weights = (seen.cumsum(2) - seen).softmax(0)[:, :, positions(ordering)]
    return (weights * logits.sigmoid()).sum(0)


def _why(got: Tensor, logits: Tensor, x: Tensor, ordering: Tensor) -> str:
    right = _right(logits, x, ordering)
    known = [
        (
            logits.sigmoid().mean(0),
            "You give all members the same weight all the way, however badly they foresaw the bits before.",
        ),
        (
            logits.mean(0).sigmoid(),
            "You average logits: that is a distribution here, as all share one ordering, but it is not the mixture.",
        ),
        (
            torch.where(x > 0, right, 1 - right),
            "You give the probability of the bit that x has; asked is that of a 1, whatever x has there.",
        ),
    ]
    for wrong, message in known:
        if torch.allclose(got, wrong, atol=1e-5):
            return message
    for k, variable in enumerate(ordering.tolist()):
        if not torch.allclose(got[:, variable], right[:, variable], atol=1e-5):
            return (
                f"The first wrong one is that of step {k}, variable {variable}. Which bits had a say in the members' weights "
                f"there, and of what did you take the average?"
            )
    return "Are all of them probabilities of a 1?"
