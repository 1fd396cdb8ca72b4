"""Exercise 6, find the bug: averaged logits are no likelihood."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import numpy as np
import torch
from torch import Tensor
from torch.distributions import Bernoulli

from armod import likelihoods
from armod.course.exercises import Answer, Exercise, Mistake, shown
from armod.course.exercises.engine.draws import bits, normal
from armod.course.exercises.lesson_4_5_1_made.small_networks import (
    conditionals,
    every_observation,
    member_logits,
)
from armod.models.made import MADE

made_ensemble = Exercise(
    name="made-ensemble",
    number=6,
    title="Find the bug: averaging logits is no likelihood",
    difficulty="medium",
    minutes=15,
    names=("mass", "ensemble_log_prob"),
    hints=(
        "The total of a likelihood is a sum over *all* observations of p(x). There are 16 of four bits.",
        "Each member is a distribution over whole observations: first its own log-likelihood of x, a sum over the "
        "variables. Only then comes the average over the members, and it is one of probabilities.",
        "The mean of M probabilities, given their logarithms: `torch.logsumexp` over the members, and then the division by "
        "M as a difference of logarithms.",
    ),
)


def own_logits(student: int) -> tuple[Tensor]:
    """Logits ``(3, 16, 4)`` of the learner's own ensemble, as the given cells of the notebook compute them."""
    model = MADE((4,), [32], likelihood=likelihoods.Bernoulli(), num_masks=3, seed=student).double()
    with torch.no_grad():
        for layer in model.linear_layers:
            layer.weight.abs_().mul_(5)
        model.linear_layers[-1].bias.sub_(3)
    return (torch.stack([conditionals(member, every_observation(4)).logits for member in model.members]),)


def mass(logits: Tensor) -> float:
    """The total of the published likelihood."""
    return float(_published(logits, every_observation(4)).exp().sum())


def _published(logits: Tensor, x: Tensor) -> Tensor:
    return Bernoulli(logits=logits.mean(0)).log_prob(x).sum(1)


def ensemble_log_prob(logits: Tensor, x: Tensor) -> Tensor:
    """The log-likelihood ``(N,)`` of the members' mixture."""
    return _members(logits, x).logsumexp(0) - math.log(len(logits))


def _members(logits: Tensor, x: Tensor) -> Tensor:
    """Log-likelihood ``(M, N)`` of each member."""
    return Bernoulli(logits=logits).log_prob(x).sum(2)


def _of(members: Callable[[Tensor], Tensor]) -> Callable[[Tensor, Tensor], Tensor]:
    """A wrong likelihood, made of those of the members."""
    return lambda logits, x: members(_members(logits, x))


Case = tuple[Tensor, Tensor]


def _ensemble(generator: np.random.Generator, size: int, num_masks: int) -> Case:
    """Logits ``(M, 2**D, D)`` of members with orderings of their own, and every observation."""
    return member_logits(generator, [torch.from_numpy(generator.permutation(size)) for _ in range(num_masks)])


def _in_two_batches(generator: np.random.Generator, size: int, num_masks: int) -> list[Case]:
    """The first observation alone, then the others: so it is found out who normalises over the batch."""
    logits, x = _ensemble(generator, size, num_masks)
    return [(logits[:, rows], x[rows]) for rows in (slice(1), slice(1, None))]


def _mixtures(generator: np.random.Generator) -> Iterator[Case]:
    """One member alone, and two whose probabilities can be compared."""
    for num_masks in (1, 2, 3):
        yield _ensemble(generator, 3, num_masks)


def _seen(got: Tensor, right: Tensor, logits: Tensor, x: Tensor) -> str:
    row = int((got.exp() - right.exp()).nan_to_num().abs().argmax())
    members = _members(logits, x)[:, row].exp()
    return f"By each member in turn the probability of x = {shown(x[row].long())} is {shown(members)}, and you make {float(got[row].exp()):.4g} of it."


def _otherwise(got: Tensor, right: Tensor, logits: Tensor, x: Tensor) -> str:
    if not bool(got.isfinite().all()):
        return "What is `exp` of a large number in a computer, and of one far below 0? Stay with logarithms all the way."
    if bool(got[0].abs() < 1e-6):
        return "The first observation, asked alone, gets a probability of 1. Does your p(x) depend on what else is in the batch?"
    return "What does each member give a probability of: one bit, or the whole x?"


made_ensemble.asks(
    mass,
    "the total of the averaged logits",
    own=own_logits,
    rtol=5e-3,  # so three digits are enough
    wrong={
        "That would be so for a distribution; but is `averaged_log_prob` one? Add up, do not assume.": lambda logits: 1.0,
        "That is the mean of the 16 probabilities; the total is their sum.": lambda logits: mass(logits) / 16,
        "That is the sum of the logarithms. Probabilities add up to something near 1, logarithms do not.": lambda logits: float(_published(logits, every_observation(4)).sum()),
        "The three members have that much in all. What does their averaged likelihood have?": lambda logits: 3.0,
    },
    otherwise="Give `averaged_log_prob` the logits of all 16 observations of `everything`: what does it return, and how do you get from there to probabilities?",
)  # fmt: skip
asked_log_prob = made_ensemble.asks(
    ensemble_log_prob,
    instances=lambda generator: _in_two_batches(generator, 4, 3),
    called=lambda logits, x: f"`ensemble_log_prob` for logits {tuple(logits.shape)} and x {tuple(x.shape)}",
    seen=_seen,
    finite=False,
    rtol=1e-4,
    atol=1e-4,
    wrong={
        "These are still the averaged logits.": _published,
        "That is the sum of the members' probabilities. How many distributions did you add up?": _of(lambda members: members.logsumexp(0)),
        "You average the members' *logarithms*: that is the logarithm of the geometric mean, and geometric means of distributions do not add up to 1.": _of(lambda members: members.mean(0)),
        "You average probabilities, but pixel by pixel. At one pixel the members have seen different pasts. What is each member a distribution over?": lambda logits, x: Bernoulli(probs=logits.sigmoid().mean(0)).log_prob(x).sum(1),
        "You take the best member for each x. Choosing after having seen x counts probability twice.": _of(lambda members: members.amax(0)),
        "These are probabilities; logarithms are due.": _of(lambda members: members.exp().mean(0)),
        "That is the first member alone.": _of(lambda members: members[0]),
        "The sum of the members' probabilities is to be divided by M. What becomes of a division in logarithms?": _of(lambda members: members.logsumexp(0) + math.log(len(members))),
        "You divide a logarithm by M: that is the M-th root of a probability.": _of(lambda members: members.logsumexp(0) / len(members)),
    },
    otherwise=_otherwise,
)  # fmt: skip


@made_ensemble.check("the mended likelihood adds up to 1", points=2)
def the_total_is_one(answer: Answer, generator: np.random.Generator) -> None:
    """Enumerated over ensembles of different orderings."""
    for size, num_masks in ((3, 2), (4, 3), (1, 2)):
        replies = [
            asked_log_prob.reply(answer, *case) for case in _in_two_batches(generator, size, num_masks)
        ]
        total = float(torch.cat(replies).exp().sum())
        if not abs(total - 1) <= 1e-4:
            raise Mistake(
                f"For {num_masks} members over {size} {'bit' if size == 1 else 'bits'} your {2**size} probabilities add up to "
                f"{total:.4g}. {asked_log_prob.why(answer, generator)}"
            )


made_ensemble.add("it is the mixture of the members", asked_log_prob.on(_mixtures), points=2)
made_ensemble.add(
    "it holds for a whole image",
    asked_log_prob.on(
        lambda generator: [(normal(generator, 2, 3, 784, scale=3), bits(generator, 3, 784))],
        seen=lambda got, right, logits, x: (
            f"An image of 784 bits, to which the right mixture gives {float(right[0]):.1f} nats, gets {shown(float(got[0]))} from you."
        ),
    ),
)
