"""Exercise 5, find the bug: a log-likelihood of bits that goes through probabilities, and dies where they are sure."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

from armod.course.exercises import Answer, Exercise, Mistake, shown

likelihood_logits = Exercise(
    name="likelihood-logits",
    number=5,
    title="Find the bug: sure, and wrong",
    difficulty="medium",
    minutes=6,
    names=("mended_nll", "nll_gradient"),
    hints=(
        "Try the published function at the logits -10, -30, -100 with a bit of 1. How much should each cost, and how much does "
        "it say?",
        "With p = 1 / (1 + exp(-a)) write -log p and -log(1 - p) as functions of a, and simplify before you compute. The "
        "derivative becomes very short.",
        "-log p = log(1 + exp(-a)) and -log(1 - p) = log(1 + exp(a)): `F.softplus` computes log(1 + exp(.)) for any number. Its "
        "derivative is the sigmoid.",
    ),
)


def mended_nll(logits: Tensor, x: Tensor) -> Tensor:
    """One number for each observation: a sum over its bits."""
    # log(1 + exp(a)) with an `a` of the sign for which the bit is unlikely
    a = torch.where(x > 0, -logits, logits)
    return (a.clamp(min=0) + torch.log1p((-a.abs()).exp())).sum(1)


def nll_gradient(logits: Tensor, x: Tensor) -> Tensor:
    """Never vanishes where the network is wrong."""
    return logits.sigmoid() - x


def _instances(generator: np.random.Generator) -> Iterator[tuple[Tensor, Tensor]]:
    for shape in ((3, 4), (2, 1)):
        logits = torch.from_numpy(generator.normal(scale=1.5, size=shape))
        yield logits, torch.from_numpy(generator.integers(0, 2, shape) * 1.0)


def _seen(got: Tensor, right: Tensor, logits: Tensor, x: Tensor) -> str:
    return f"For the bits {shown(x[0])} and the logits {shown(logits[0])} you say {shown(got[0])}."


asked_nll = likelihood_logits.asks(
    mended_nll,
    "where nothing is extreme",
    instances=_instances,
    called=lambda logits, x: f"`mended_nll` for logits of shape {tuple(logits.shape)}",
    seen=_seen,
    finite=False,
    wrong={
        "You give one number for all. The question asks for the sum over the bits for each of the observations: which dimension is that? (`sum(dim=())` adds up everything.)": (
            lambda logits, x: mended_nll(logits, x).sum(),
            lambda logits, x: mended_nll(logits, x).mean(),
            lambda logits, x: mended_nll(logits, x).mean() / x.shape[1],
        ),
        "That is the log-likelihood; the question asks for the *negative* one.": lambda logits, x: -mended_nll(logits, x),
        "Those are bits; nats are asked for.": lambda logits, x: mended_nll(logits, x) / math.log(2),
        "You take a mean over the bits. What does the chain rule do with the conditionals?": lambda logits, x: mended_nll(logits, x) / x.shape[1],
        "You pay for the zeros what the ones cost. Which sign?": lambda logits, x: mended_nll(logits, 1 - x),
        "You take the sigmoid twice: the function receives logits.": lambda logits, x: mended_nll(logits.sigmoid(), x),
        "You pay as if every bit were a 1.": lambda logits, x: mended_nll(logits, torch.ones_like(x)),
    },
    otherwise=lambda got, right, logits, x: f"By hand: the probabilities of a 1 are {shown(logits[0].sigmoid())}. What do these bits cost in nats?",
)  # fmt: skip
asked_gradient = likelihood_logits.asks(
    nll_gradient,
    instances=_instances,
    seen=_seen,
    atol=1e-6,
    finite=False,
    wrong={
        "It has the wrong sign: a step *against* the gradient must make the bit more likely.": lambda a, x: x - a.sigmoid(),
        "That is the probability of a 1. What if the bit is 1?": lambda a, x: a.sigmoid(),
        "You divide by the number of observations. The question asks for the gradient of their sum.": lambda a, x: nll_gradient(a, x) / len(x),
        "You take a mean. The question asks for the gradient of the sum.": lambda a, x: nll_gradient(a, x) / x.numel(),
        "That is the derivative by p. Go on to the logit by the chain rule.": lambda a, x: (1 - x) / (1 - a.sigmoid()) - x / a.sigmoid(),
        "That is the gradient of a squared error: where the network is sure, it dies.": lambda a, x: nll_gradient(a, x) * a.sigmoid() * (-a).sigmoid(),
    },
    otherwise="Move one logit a little by hand: how does the cost change?",
)  # fmt: skip


@likelihood_logits.check("where the network is sure, and wrong", points=2)
def wrong_and_sure_is_right(answer: Answer, generator: np.random.Generator) -> None:
    """The cost grows with the logit, without end."""
    for size in (20.0, 120.0, 5_000.0):
        x = torch.tensor([[0.0], [1.0]], dtype=torch.float64)
        logits = size * (1 - 2 * x) * float(generator.uniform(1, 1.2))
        got, right = asked_nll.reply(answer, logits, x), mended_nll(logits, x)
        if torch.allclose(got, right, rtol=1e-5):
            continue
        seen = f"For the bits {shown(x)} and the logits {shown(logits)} you say {shown(got)}."
        if not bool(got.isfinite().all()):
            raise Mistake(
                f"{seen} Somewhere an `exp` overflows, or a logarithm meets a 0. Did you go through p?"
            )
        if bool((got < right - 1e-3).any()):
            raise Mistake(
                f"{seen} The network pays too little for being so wrong: what stops the cost from growing?"
            )
        raise Mistake(f"{seen} What does -log p become if p = 1 / (1 + exp(-a)) and a is very negative?")


@likelihood_logits.check("where the network is sure, and right")
def right_and_sure_is_right(answer: Answer, generator: np.random.Generator) -> None:
    """A cost that is almost nothing, and never below 0; float32, and what rounds it to 0, will do."""
    x = torch.tensor([[0.0], [1.0]], dtype=torch.float64)
    logits = 20 * (2 * x - 1) * float(generator.uniform(1, 1.1))
    got, right = asked_nll.reply(answer, logits, x), mended_nll(logits, x)
    seen = f"For the bits {shown(x)} and the logits {shown(logits)} you say {shown(got)}."
    if bool((got < 0).any()):
        raise Mistake(f"{seen} A cost below 0 is a probability above 1: what was added to p?")
    if not torch.allclose(got, right, rtol=1e-3, atol=1e-5):
        raise Mistake(
            f"{seen} Here the network is right, and what it pays is almost nothing: {shown(right)}."
        )


@likelihood_logits.check("the gradient that the network receives", points=2)
def gradient_is_right(answer: Answer, generator: np.random.Generator) -> None:
    """Ordinary logits, then sure and wrong ones."""
    asked_gradient.examine(answer, generator)
    logits, x = torch.tensor([[-200.0, 200.0], [1.0, 0.0]], dtype=torch.float64).split(1)
    got = asked_gradient.reply(answer, logits, x)
    if not bool(got.isfinite().all()) or bool((got == 0).any()):
        raise Mistake(
            f"{_seen(got, got, logits, x)} The network is sure and wrong, and learns nothing. Simplify before you compute."
        )
    asked_gradient.on(lambda generator: [(logits, x)])(answer, generator)
