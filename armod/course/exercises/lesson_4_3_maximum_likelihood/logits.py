"""Exercise 5, find the bug: a log-likelihood of bits that goes through probabilities, and dies where they are sure."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor

from armod.course.exercises.engine import reading
from armod.course.exercises.engine.answer import Answer
from armod.course.exercises.engine.exercise import Exercise, Mistake
from armod.course.exercises.engine.showing import shown

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


@likelihood_logits.check("where nothing is extreme")
def ordinary_logits_are_right(answer: Answer, generator: np.random.Generator) -> None:
    """One number for each observation: a sum over its bits."""
    for shape in ((3, 4), (2, 1)):
        logits, x = _instance(generator, shape, 1.5)
        _compare(_asked(answer, logits, x), logits, x)


@likelihood_logits.check("where the network is sure, and wrong", points=2)
def wrong_and_sure_is_right(answer: Answer, generator: np.random.Generator) -> None:
    """The cost grows with the logit, without end."""
    for size in (20.0, 120.0, 5_000.0):
        x = torch.tensor([[0.0], [1.0]], dtype=torch.float64)
        logits = size * (1 - 2 * x) * float(generator.uniform(1, 1.2))
        got, right = _asked(answer, logits, x, finite=False), _right(logits, x)
        if torch.allclose(got, right, rtol=1e-6):
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
    """A cost that is tiny, but not 0."""
    x = torch.tensor([[0.0], [1.0]], dtype=torch.float64)
    logits = 38 * (2 * x - 1) * float(generator.uniform(1, 1.1))
    got, right = _asked(answer, logits, x), _right(logits, x)
    if not torch.allclose(got, right, rtol=1e-3, atol=0):
        raise Mistake(
            f"For the bits {shown(x)} and the logits {shown(logits)} you say {shown(got)}; it is {shown(right)}. Small costs "
            f"count too: 1 + 1e-17 is 1 on a computer, and its logarithm is 0. Is there a function for log(1 + ...)?"
        )


@likelihood_logits.check("the gradient that the network receives", points=2)
def gradient_is_right(answer: Answer, generator: np.random.Generator) -> None:
    """Never vanishes where the network is wrong."""
    ordinary = _instance(generator, (3, 4), 1.5)
    sure = (
        torch.tensor([[-200.0, 200.0]], dtype=torch.float64),
        torch.tensor([[1.0, 0.0]], dtype=torch.float64),
    )
    for logits, x in (ordinary, sure):
        got = reading.tensor(
            answer.call("nll_gradient", logits, x), "`nll_gradient`", shape=x.shape, finite=False
        )
        right = logits.sigmoid() - x
        if torch.allclose(got, right, atol=1e-6):
            continue
        seen = f"For the bits {shown(x[0])} and the logits {shown(logits[0])} you say {shown(got[0])}."
        if not bool(got.isfinite().all()) or bool((got == 0).any()):
            raise Mistake(
                f"{seen} The network is sure and wrong, and learns nothing. Simplify before you compute."
            )
        p = logits.sigmoid()
        known = [
            (-right, "It has the wrong sign: a step *against* the gradient must make the bit more likely."),
            (p, "That is the probability of a 1. What if the bit is 1?"),
            (right / len(x), "You divide by the number of observations. Asked is the gradient of their sum."),
            (right / x.numel(), "You take a mean. Asked is the gradient of the sum."),
            (
                -x / p + (1 - x) / (1 - p),
                "That is the derivative by p. Go on to the logit by the chain rule.",
            ),
            (
                right * p * (1 - p),
                "That is the gradient of a squared error: where the network is sure, it dies.",
            ),
        ]
        for wrong, message in known:
            if torch.allclose(got, wrong, atol=1e-6):
                raise Mistake(f"{seen} {message}")
        raise Mistake(f"{seen} Move one logit a little by hand: how does the cost change?")


def _instance(generator: np.random.Generator, shape: tuple[int, int], scale: float) -> tuple[Tensor, Tensor]:
    logits = torch.from_numpy(generator.normal(scale=scale, size=shape))
    return logits, torch.from_numpy(generator.integers(0, 2, shape) * 1.0)


def _right(logits: Tensor, x: Tensor) -> Tensor:
    # log(1 + exp(a)) with an `a` of the sign for which the bit is unlikely
    a = torch.where(x > 0, -logits, logits)
    return (a.clamp(min=0) + torch.log1p((-a.abs()).exp())).sum(1)


def _asked(answer: Answer, logits: Tensor, x: Tensor, *, finite: bool = True) -> Tensor:
    reply = answer.call("mended_nll", logits, x)
    what = f"`mended_nll` for logits of shape {tuple(logits.shape)}"
    return reading.tensor(reply, what, shape=(len(x),), finite=finite)


def _compare(got: Tensor, logits: Tensor, x: Tensor) -> None:
    right = _right(logits, x)
    if torch.allclose(got, right, rtol=1e-6, atol=1e-9):
        return
    seen = f"For the bits {shown(x[0])} and the logits {shown(logits[0])} you say {shown(got[0])}."
    p = logits.sigmoid()
    known = [
        (-right, "That is the log-likelihood; asked is the *negative* one."),
        (right / math.log(2), "Those are bits; nats are asked."),
        (
            right / x.shape[1],
            "You take a mean over the bits. What does the chain rule do with the conditionals?",
        ),
        (_right(logits, 1 - x), "You pay for the zeros what the ones cost. Which sign?"),
        (_right(p, x), "You take the sigmoid twice: the function receives logits."),
        (_right(logits, torch.ones_like(x)), "You pay as if every bit were a 1."),
    ]
    for wrong, message in known:
        if torch.allclose(got, wrong, rtol=1e-9, atol=1e-11):
            raise Mistake(f"{seen} {message}")
    raise Mistake(
        f"{seen} By hand: the probabilities of a 1 are {shown(p[0])}. What do these bits cost in nats?"
    )
