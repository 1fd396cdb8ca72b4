"""Exercise 4, find the bug: the output mask that is missing, or lets equal degrees through."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.distributions import Bernoulli
from torch.nn import functional as F

from armod.course.exercises import Answer, Exercise, Mistake, shown
from armod.course.exercises.engine.draws import normal
from armod.course.exercises.lesson_4_5_1_made.small_networks import every_observation
from armod.models.made.masks import hidden_degrees

made_leaks = Exercise(
    name="made-leaks",
    number=4,
    title="Find the bug: a likelihood too good",
    difficulty="medium",
    minutes=12,
    names=("leaks_without", "leaks_published", "mended_log_prob"),
    hints=(
        "Add up the “probabilities” of all observations of two or three bits under each of the two functions.",
        "Without an output mask every output uses every hidden unit. So what do all outputs see, if the largest degree is "
        "M? In the published code follow one path only: from input d to a hidden unit of degree d, and up to output d.",
        "Masks multiply weights. `F.linear(hidden, weights[1] * mask, biases[1])` with a mask of one row for each output "
        "and one column for each hidden unit; the comparison of the two degrees is strict.",
    ),
)
D = 8
Comparison = Callable[[Tensor, Tensor], Tensor]
Case = tuple[Tensor, list[Tensor], list[Tensor], Tensor]  # x, weights, biases, degrees


def own_degrees(student: int) -> tuple[Tensor]:
    """Degrees ``(8,)``, as the given cell of the notebook draws them: 1 to 6, so that no wrong count is right by chance."""
    return (hidden_degrees(D - 1, [8], seed=student)[0],)


def leaks_without(degrees: Tensor) -> int:
    """Inputs up to the largest degree M reach every output: 1 + 2 + ... + M forbidden pairs."""
    return _triangle(int(degrees.max()))


def leaks_published(degrees: Tensor) -> int:
    """With >= output d sees itself wherever a unit of degree d exists."""
    return len(degrees.unique())


def mended_log_prob(
    x: Tensor,
    weights: list[Tensor],
    biases: list[Tensor],
    degrees: Tensor,
    *,
    hidden: Comparison = torch.ge,
    output: Comparison = torch.gt,
) -> Tensor:
    """The log-likelihood ``(N,)`` of observations, by masks that compare degrees in this way; both options are mistakes."""
    place = torch.arange(1, x.shape[1] + 1)
    units = F.linear(x, weights[0] * hidden(degrees[:, None], place), biases[0]).relu()
    logits = F.linear(units, weights[1] * output(place[:, None], degrees), biases[1])
    return Bernoulli(logits=logits).log_prob(x).sum(1)


def _triangle(number: int) -> int:
    return number * (number + 1) // 2


def _cases(generator: np.random.Generator, *sizes: int) -> list[Case]:
    """Every observation of networks in which every degree occurs; the first one alone, then the others.

    So it is found out who normalises over the batch.
    """
    found: list[Case] = []
    for size in sizes:
        (degrees,) = hidden_degrees(size, [size + 2], degrees="sequential")
        degrees = degrees[torch.from_numpy(generator.permutation(size + 2))]
        # weights of the outputs so small that 1 - sigmoid has digits enough for its logarithm
        weights = [normal(generator, size + 2, size, scale=1.5), normal(generator, size, size + 2, scale=0.4)]
        # no hidden unit is dead at x = 0: a dead one would hide what leaks through it
        biases = [1 + normal(generator, size + 2, scale=1.5).abs(), normal(generator, size, scale=1.5)]
        found += [(x, weights, biases, degrees) for x in every_observation(size).split([1, 2**size - 1])]
    return found


def _seen(got: Tensor, right: Tensor, *case: Any) -> str:
    row = int((got - right).abs().argmax())
    return (
        f"{_about(case)} x = {shown(case[0][row].long())} gets {float(got[row]):.3f} nats, and by the right masks "
        f"{float(right[row]):.3f}."
    )


def _about(case: Case) -> str:
    return f"With {case[0].shape[1]} bits and hidden units of degrees {shown(case[3])}"


def _otherwise(got: Tensor, right: Tensor, *_: Any) -> str:
    if bool(got[0].abs() < 1e-6):
        return "The first observation, asked alone, gets a probability of 1. Does your p(x) depend on what else is in the batch?"
    return "Follow the paths from input 1 up to output 1: where is each of them cut? Are all biases and all allowed weights still in use?"


made_leaks.asks(
    leaks_without,
    "how much leaks without an output mask",
    own=own_degrees,
    seen=lambda got, right, degrees: f"You count {got} forbidden pairs.",
    wrong={
        "May output d see variable d itself? Look at the diagonal.": lambda degrees: _triangle(int(degrees.max()) - 1),
        "That many pairs are connected, but some of them are allowed. Which ones are forbidden?": lambda degrees: D * int(degrees.max()),
        "That is the number of forbidden paths. Several paths may connect the same pair.": lambda degrees: int((degrees * (degrees + 1) // 2).sum()),
        "There are that many forbidden pairs in all. Which inputs does no hidden unit look at, so that no path begins there?": _triangle(D),
    },
    otherwise=lambda got, right, degrees: f"Your largest degree is {int(degrees.max())}: which inputs reach a hidden unit at all? For each of those, to which outputs must it not go?",
)  # fmt: skip
made_leaks.asks(
    leaks_published,
    "how much leaks in the published code",
    own=own_degrees,
    seen=lambda got, right, degrees: f"You count {got} forbidden pairs.",
    wrong={
        "Two units of one degree leak the same variable, and an output whose degree does not occur leaks none.": D,
        "Take a hidden unit of degree 3: may it look at input 3? Does output 3 use it?": 0,
    },
    otherwise="A path from input j through a unit of degree m to output d needs d >= m >= j, and it is forbidden if j >= d. Which j, m and d do both?",
)  # fmt: skip
asked_log_prob = made_leaks.asks(
    mended_log_prob,
    instances=lambda generator: _cases(generator, 4, 5),
    called=lambda x, *_: f"`mended_log_prob` of x with shape {tuple(x.shape)}",
    seen=_seen,
    atol=1e-4,
    wrong={
        "This is the likelihood without any output mask: the outputs use every hidden unit.": dict(output=lambda place, degrees: 1),
        "This is still the published likelihood. What may output 2 see if a hidden unit of degree 2 is open to it?": dict(output=torch.ge),
        "The outputs use exactly the units that they must not use: which of the two degrees is the output's?": dict(output=torch.le),
        "Those are the right probabilities; their logarithms are due.": lambda *case: mended_log_prob(*case).exp(),
        "For each observation you take a mean over the variables. What does the chain rule do with the conditionals?": lambda *case: mended_log_prob(*case) / case[0].shape[1],
        "Nothing leaks, but a hidden unit of degree m means something else in your network: it sees inputs below m only. In the lesson it sees input m too; which of the two masks had the bug?": dict(hidden=torch.gt, output=torch.ge),
        "Nothing leaks, but too much is hidden: a unit of degree m does not see input m. Which of the two masks had the bug?": dict(hidden=torch.gt),
    },
    otherwise=_otherwise,
)  # fmt: skip


@made_leaks.check("all probabilities add up to 1", points=2)
def the_total_is_one(answer: Answer, generator: np.random.Generator) -> None:
    """Enumerated, for sizes from one variable on, with biases far from 0."""
    for size in (4, 1, 3):
        cases = _cases(generator, size)
        total = float(torch.cat([asked_log_prob.reply(answer, *case) for case in cases]).exp().sum())
        if abs(total - 1) > 1e-4:
            raise Mistake(
                f"{_about(cases[0])} the {2**size} probabilities add up to {total:.4g}. {asked_log_prob.why(answer, generator)}"
            )


made_leaks.add("every output still sees all that it may", asked_log_prob.examine, points=2)
