"""Exercise 6, find the bug: averaged logits are no likelihood."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor
from torch.distributions import Bernoulli

from armod import likelihoods
from armod.course.exercises.engine import reading
from armod.course.exercises.engine.answer import Answer
from armod.course.exercises.engine.draws import normal
from armod.course.exercises.engine.exercise import Exercise, Mistake
from armod.course.exercises.engine.showing import shown
from armod.course.exercises.lesson_4_5_1_made.small_networks import (
    conditionals,
    every_observation,
    in_two_batches,
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


@made_ensemble.check("the total of the averaged logits")
def mass_is_right(answer: Answer, generator: np.random.Generator) -> None:
    """The learner's own ensemble, enumerated."""
    got = reading.number(answer.value("mass"), "`mass`")
    log_prob = _published(own_logits(answer.student), every_observation(4))
    right = float(log_prob.exp().sum())
    if abs(got - right) < 2e-3:
        return
    if abs(got - 1) < 2e-3:
        raise Mistake(
            "You say 1. So it would be for a distribution; but is `averaged_log_prob` one? Add up, do not assume."
        )
    if abs(got - right / 16) < 2e-4:
        raise Mistake(f"{got:.4g} is the mean of the 16 probabilities; the total is their sum.")
    if abs(got - float(log_prob.sum())) < 1e-2:
        raise Mistake(
            f"{got:.4g} is the sum of the logarithms. Probabilities add up to something near 1, logarithms do not."
        )
    if abs(got - 3) < 2e-3:
        raise Mistake(
            "You say 3: so much do the three members have in all. What has their averaged likelihood?"
        )
    raise Mistake(
        f"You say {got:.4g}. Give `averaged_log_prob` the logits of all 16 observations of `everything`: what does it "
        f"return, and how do you get from there to probabilities?"
    )


@made_ensemble.check("the mended likelihood adds up to 1", points=2)
def the_total_is_one(answer: Answer, generator: np.random.Generator) -> None:
    """Enumerated over ensembles of different orderings."""
    for size, num_masks in ((3, 2), (4, 3), (1, 2)):
        logits, x = _ensemble(generator, size, num_masks)
        got = _in_two_batches(answer, logits, x)
        total = float(got.exp().sum())
        if abs(total - 1) > 1e-4:
            raise Mistake(
                f"For {num_masks} members over {size} {'bit' if size == 1 else 'bits'} your {2**size} probabilities add up to "
                f"{total:.4g}. {_why(got, logits, x)}"
            )


@made_ensemble.check("it is the mixture of the members", points=2)
def it_is_the_mixture(answer: Answer, generator: np.random.Generator) -> None:
    """One member alone, and two whose probabilities can be compared."""
    for num_masks in (1, 2, 3):
        logits, x = _ensemble(generator, 3, num_masks)
        got, right = _mended(answer, logits, x), _mixture(logits, x)
        if torch.allclose(got, right, atol=1e-4):
            continue
        row = int((got.exp() - right.exp()).abs().argmax())
        members = _members(logits, x)[:, row].exp()
        raise Mistake(
            f"The {num_masks} members give x = {shown(x[row].long())} the "
            f"{'probability' if num_masks == 1 else 'probabilities'} {shown(members)}, and you make "
            f"{float(got[row].exp()):.4g} of it. {_why(got, logits, x)}"
        )


@made_ensemble.check("it holds for a whole image")
def long_observations_are_fine(answer: Answer, generator: np.random.Generator) -> None:
    """784 variables: probabilities far below the smallest float."""
    logits, x = (
        normal(generator, 2, 3, 784, scale=3),
        torch.from_numpy(generator.integers(0, 2, (3, 784)) * 1.0),
    )
    right = _mixture(logits, x)
    got = _mended(answer, logits, x, finite=False)
    if not bool(got.isfinite().all()):
        raise Mistake(
            f"An image of 784 bits, to which the right mixture gives {float(right[0]):.0f} nats, gets {shown(got[0].item())} from you. "
            f"What is `exp` of such a number in a computer? Stay with logarithms all the way."
        )
    if not torch.allclose(got, right, rtol=1e-4):
        raise Mistake(
            f"An image of 784 bits gets {float(got[0]):.1f} nats from you; the mixture gives it {float(right[0]):.1f}."
        )


def own_logits(student: int) -> Tensor:
    """Logits ``(3, 16, 4)`` of the learner's own ensemble, as the given cells of the notebook compute them."""
    model = MADE((4,), [32], likelihood=likelihoods.Bernoulli(), num_masks=3, seed=student).double()
    with torch.no_grad():
        for layer in model.linear_layers:
            layer.weight.abs_().mul_(5)
        model.linear_layers[-1].bias.sub_(3)
    return torch.stack([conditionals(member, every_observation(4)).logits for member in model.members])


def _ensemble(generator: np.random.Generator, size: int, num_masks: int) -> tuple[Tensor, Tensor]:
    """Logits ``(M, 2**D, D)`` of members with orderings of their own, and every observation."""
    orderings = [torch.from_numpy(generator.permutation(size)) for _ in range(num_masks)]
    return member_logits(generator, orderings)


def _in_two_batches(answer: Answer, logits: Tensor, x: Tensor) -> Tensor:
    return in_two_batches(lambda rows: _mended(answer, logits[:, rows], x[rows]), torch.arange(len(x)))


def _mended(answer: Answer, logits: Tensor, x: Tensor, *, finite: bool = True) -> Tensor:
    reply = answer.call("ensemble_log_prob", logits, x)
    what = f"`ensemble_log_prob` for logits {tuple(logits.shape)} and x {tuple(x.shape)}"
    if finite and isinstance(reply, Tensor) and not bool(reply.isfinite().all()):
        raise Mistake(f"{what} holds NaN or infinity. Is there a logarithm of 0, or an `exp` that overflows?")
    return reading.tensor(reply, what, shape=(len(x),), finite=finite)


def _members(logits: Tensor, x: Tensor) -> Tensor:
    """Log-likelihood ``(M, N)`` of each member."""
    return Bernoulli(logits=logits).log_prob(x).sum(2)


def _mixture(logits: Tensor, x: Tensor) -> Tensor:
    return _members(logits, x).logsumexp(0) - math.log(len(logits))


def _published(logits: Tensor, x: Tensor) -> Tensor:
    return Bernoulli(logits=logits.mean(0)).log_prob(x).sum(1)


def _why(got: Tensor, logits: Tensor, x: Tensor) -> str:
    members = _members(logits, x)
    known = [
        (_published(logits, x), "These are still the averaged logits."),
        (
            members.logsumexp(0),
            "That is the sum of the members' probabilities. How many distributions did you add up?",
        ),
        (
            members.mean(0),
            "You average the members' *logarithms*: that is the logarithm of the geometric mean, and geometric means of "
            "distributions do not add up to 1.",
        ),
        (
            Bernoulli(probs=logits.sigmoid().mean(0)).log_prob(x).sum(1),
            "You average probabilities, but pixel by pixel. At one pixel the members have seen different pasts. "
            "Of what is each member a distribution?",
        ),
        (
            members.max(0).values,
            "You take the best member for each x. Choosing after having seen x counts probability twice.",
        ),
        (members.exp().mean(0), "These are probabilities; logarithms are due."),
        (members[0], "That is the first member alone."),
        (
            members.logsumexp(0) + math.log(len(logits)),
            "The sum of the members' probabilities is to be divided by M. What becomes of a division in logarithms?",
        ),
        (
            members.logsumexp(0) / len(logits),
            "You divide a logarithm by M: that is the M-th root of a probability.",
        ),
    ]
    for wrong, message in known:
        if torch.allclose(got, wrong, atol=1e-4):
            return message
    if bool(got[0].abs() < 1e-6):
        return (
            "The first observation, asked alone, gets a probability of 1. Does your p(x) depend on what else is in the "
            "batch?"
        )
    return "Of what does each member give a probability: of one bit, or of the whole x?"
