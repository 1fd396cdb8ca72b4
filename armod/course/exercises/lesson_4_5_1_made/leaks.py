"""Exercise 4, find the bug: the output mask that is missing, or lets equal degrees through."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor
from torch.distributions import Bernoulli
from torch.nn import functional as F

from armod.course.exercises.engine import reading
from armod.course.exercises.engine.answer import Answer
from armod.course.exercises.engine.exercise import Exercise, Mistake
from armod.course.exercises.engine.showing import shown
from armod.course.exercises.lesson_4_5_1_made.instances import every_observation, in_two_batches, normal
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
Network = tuple[list[Tensor], list[Tensor], Tensor]  # weights, biases, degrees


@made_leaks.check("how much leaks without an output mask")
def leaks_without_are_right(answer: Answer, generator: np.random.Generator) -> None:
    """Inputs up to the largest degree M reach every output: 1 + 2 + ... + M forbidden pairs."""
    got = reading.integer(answer.value("leaks_without"), "`leaks_without`")
    degrees = own_degrees(answer.student)
    largest = int(degrees.max())
    if got == largest * (largest - 1) // 2:
        raise Mistake(
            f"You count {got} forbidden pairs. May output d see variable d itself? Look at the diagonal."
        )
    if got == D * largest:
        raise Mistake(f"{got} pairs are connected, but some of them are allowed. Which ones are forbidden?")
    if got == int((degrees * (degrees + 1) // 2).sum()):
        raise Mistake(f"{got} is the number of forbidden paths. Several paths may connect the same pair.")
    if got == D * (D + 1) // 2 and largest < D:
        raise Mistake(
            f"There are {got} forbidden pairs in all. Which inputs does no hidden unit look at, so that no path begins "
            f"there?"
        )
    if got != largest * (largest + 1) // 2:
        raise Mistake(
            f"You count {got} forbidden pairs. Your largest degree is {largest}: which inputs reach a hidden unit at all? "
            f"For each of those, to which outputs must it not go?"
        )


@made_leaks.check("how much leaks in the published code")
def leaks_published_are_right(answer: Answer, generator: np.random.Generator) -> None:
    """With >= output d sees itself wherever a unit of degree d exists."""
    got = reading.integer(answer.value("leaks_published"), "`leaks_published`")
    degrees = own_degrees(answer.student)
    right = len(degrees.unique())
    if got == len(degrees) != right:
        raise Mistake(f"{got} is the number of hidden units. Two units of one degree leak the same variable.")
    if got == 0:
        raise Mistake(
            "You count none. Take a hidden unit of degree 3: may it look at input 3? Does output 3 use it?"
        )
    if got == D:
        raise Mistake(f"You let all {D} outputs leak. Take a degree that does not occur in your layer.")
    if got != right:
        raise Mistake(
            f"You count {got} forbidden pairs. A path from input j through a unit of degree m to output d needs d >= m >= "
            f"j, and it is forbidden if j >= d. Which j, m and d do both?"
        )


@made_leaks.check("all probabilities add up to 1", points=2)
def the_total_is_one(answer: Answer, generator: np.random.Generator) -> None:
    """Enumerated, for sizes from one variable on, with biases far from 0."""
    for size in (4, 1, 3):
        network = _network(generator, size)
        got = _mended(answer, network)
        total = float(got.exp().sum())
        if abs(total - 1) > 1e-4:
            raise Mistake(
                f"{_about(network)} the {2**size} probabilities add up to {total:.4g}. {_why(got, network)}"
            )


@made_leaks.check("every output still sees all that it may", points=2)
def nothing_is_lost(answer: Answer, generator: np.random.Generator) -> None:
    """Equal to an independent computation."""
    for size in (4, 5):
        network = _network(generator, size)
        got, right = _mended(answer, network), _log_prob(network)
        if torch.allclose(got, right, atol=1e-4):
            continue
        total = float(got.exp().sum())
        if abs(total - 1) > 1e-4:
            raise Mistake(
                f"{_about(network)} the {2**size} probabilities add up to {total:.4g}, not to 1. That comes first."
            )
        if torch.allclose(got, _log_prob(network, hidden=torch.gt, output=torch.ge), atol=1e-4):
            raise Mistake(
                f"{_about(network)} nothing leaks, but a hidden unit of degree m means something else in your network: it sees "
                f"inputs below m only. In the lesson it sees input m too; which of the two masks had the bug?"
            )
        if torch.allclose(got, _log_prob(network, hidden=torch.gt), atol=1e-4):
            raise Mistake(
                f"{_about(network)} nothing leaks, but too much is hidden: a unit of degree m does not see input m. Which "
                f"of the two masks had the bug?"
            )
        row = int((got - right).abs().argmax())
        raise Mistake(
            f"{_about(network)} nothing leaks, but x = {shown(every_observation(size)[row].long())} gets {float(got[row]):.3f} "
            f"nats, and by the right masks {float(right[row]):.3f}. Are all biases and all allowed weights still in use?"
        )


def own_degrees(student: int) -> Tensor:
    """Degrees ``(8,)``, as the given cell of the notebook draws them: 1 to 6, so that no wrong count is right by chance."""
    return hidden_degrees(D - 1, [8], seed=student)[0]


def _network(generator: np.random.Generator, size: int) -> Network:
    """Weights, biases and degrees of one hidden layer in which every degree occurs."""
    (degrees,) = hidden_degrees(size, [size + 2], degrees="sequential")
    degrees = degrees[torch.from_numpy(generator.permutation(len(degrees)))]
    weights = [normal(generator, len(degrees), size), normal(generator, size, len(degrees))]
    # no hidden unit is dead at x = 0: a dead one would hide what leaks through it
    return weights, [1 + normal(generator, len(degrees)).abs(), normal(generator, size)], degrees


def _mended(answer: Answer, network: Network) -> Tensor:
    """The learner's log-likelihoods of every observation."""
    weights, biases, degrees = network

    def ask(x: Tensor) -> Tensor:
        reply = answer.call("mended_log_prob", x, weights, biases, degrees)
        return reading.tensor(reply, f"`mended_log_prob` of x with shape {tuple(x.shape)}", shape=(len(x),))

    return in_two_batches(ask, every_observation(weights[0].shape[1]))


def _log_prob(
    network: Network, *, hidden: Comparison = torch.ge, output: Comparison | None = torch.gt
) -> Tensor:
    """The log-likelihood of every observation, by masks that compare degrees as told; None for no mask."""
    weights, biases, degrees = network
    place = torch.arange(1, weights[0].shape[1] + 1)
    x = every_observation(len(place))
    units = F.linear(x, weights[0] * hidden(degrees[:, None], place), biases[0]).relu()
    mask = 1 if output is None else output(place[:, None], degrees)
    return Bernoulli(logits=F.linear(units, weights[1] * mask, biases[1])).log_prob(x).sum(1)


def _why(got: Tensor, network: Network) -> str:
    if torch.allclose(got, _log_prob(network, output=None), atol=1e-4):
        return "This is the likelihood without any output mask: the outputs use every hidden unit."
    if torch.allclose(got, _log_prob(network, output=torch.ge), atol=1e-4):
        return "This is still the published likelihood. What may output 2 see if a hidden unit of degree 2 is open to it?"
    if torch.allclose(got, _log_prob(network, output=torch.le), atol=1e-4):
        return "The outputs use exactly the units that they must not use: which of the two degrees is the output's?"
    if torch.allclose(got, _log_prob(network).exp(), atol=1e-4):
        return "What you return are the right probabilities; logarithms are due."
    if torch.allclose(got, _log_prob(network) / network[0][0].shape[1], atol=1e-4):
        return "Per observation you take a mean over the variables. What does the chain rule do with the conditionals?"
    if bool(got[0].abs() < 1e-6):
        return (
            "The first observation, asked alone, gets a probability of 1. Does your p(x) depend on what else is in the "
            "batch?"
        )
    return "Follow the paths from input 1 up to output 1: where is each of them cut?"


def _about(network: Network) -> str:
    degrees = network[2]
    return f"With {network[0][0].shape[1]} bits and hidden units of degrees {shown(degrees)}"
