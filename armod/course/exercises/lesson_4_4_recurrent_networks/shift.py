"""Exercise 3, find the bug: teacher forcing whose inputs leak what is to be foreseen."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from armod.course.exercises.engine import reading
from armod.course.exercises.engine.answer import Answer
from armod.course.exercises.engine.exercise import Exercise, Mistake
from armod.course.exercises.engine.showing import shown
from armod.course.exercises.lesson_4_4_recurrent_networks.instances import Network, every_sequence, network

recurrent_shift = Exercise(
    name="recurrent-shift",
    number=3,
    title="Find the bug: the shift that leaks",
    difficulty="medium",
    minutes=8,
    names=("leaks", "mended_log_prob"),
    hints=(
        "Write the inputs and the targets of five steps below each other, as two rows. Which symbols has the network read when "
        "it must foresee the third one?",
        "For each step list the symbols of x that the inputs up to there hold, and underline those that are not yet known: "
        "its own and later ones. Before the very first step nothing is known: what does the network read then?",
        "The inputs are a column of `network.start`, then all symbols of x but the last: `torch.cat`, `torch.full_like` of one "
        "column, `x[:, :-1]`.",
    ),
)


@recurrent_shift.check("how much leaks", points=2)
def leaks_are_right(answer: Answer, generator: np.random.Generator) -> None:
    """Unshifted T, rolled T, shifted the other way 2T - 2."""
    got = reading.tensor(answer.value("leaks"), "`leaks`", shape=(3,), integers=True).tolist()
    length = own_length(answer.student)
    due = [length, length, 2 * length - 2]
    names = ("unshifted", "rolled", "early")
    for which, (mine, right) in enumerate(zip(got, due, strict=True)):
        if mine == right:
            continue
        seen = f"For `{names[which]}` and T = {length} you count {mine} forbidden pairs."
        if mine == length * (length + 1) // 2 and which == 0:
            raise Mistake(
                f"{seen} Those are all pairs that the network sees. It may see what comes *before*."
            )
        if which == 1 and mine in (0, 1):
            raise Mistake(
                f"{seen} Look at the first column of the rolled inputs. Who reads it, and who still remembers it later?"
            )
        if which == 1 and mine == length - 1:
            raise Mistake(f"{seen} The last step, too, has read what it must foresee.")
        if which == 2 and mine == 2 * length - 1:
            raise Mistake(
                f"{seen} Does the first symbol ever enter the network? And what does the last step read?"
            )
        if which == 2 and mine in (length, length - 1):
            raise Mistake(
                f"{seen} Step t reads symbol t + 1, and it remembers what it read in the step before: is that known already?"
            )
        raise Mistake(
            f"{seen} Take T = 3, write down for each of the steps 0, 1, 2 which symbols it has read, and cross out those "
            f"that are known."
        )


@recurrent_shift.check("all probabilities add up to 1", points=2)
def the_total_is_one(answer: Answer, generator: np.random.Generator) -> None:
    """Enumerated, from one symbol on."""
    for num_symbols, length in ((3, 3), (2, 4), (3, 1)):
        net = network(generator, num_symbols)
        x = every_sequence(num_symbols, length)
        got = _asked(answer, net, x)
        total = float(got.exp().sum())
        if abs(total - 1) > 1e-4:
            raise Mistake(
                f"With {num_symbols} symbols the probabilities of all {len(x)} sequences of length {length} add up to "
                f"{total:.4g}. {_why(got, net, x)}"
            )


@recurrent_shift.check("each step reads the symbol before its own", points=2)
def nothing_is_lost(answer: Answer, generator: np.random.Generator) -> None:
    """Equal to an independent computation."""
    for num_symbols, length in ((3, 3), (4, 2)):
        net = network(generator, num_symbols)
        x = every_sequence(num_symbols, length)
        got, right = _asked(answer, net, x), net.log_prob(_shifted(net, x), x)
        if not torch.allclose(got, right, atol=1e-4):
            row = int((got - right).abs().argmax())
            raise Mistake(
                f"x = {shown(x[row])} gets {float(got[row]):.3f} nats; step by step it is {float(right[row]):.3f}. {_why(got, net, x)}"
            )


def own_length(student: int) -> int:
    """T, as the given cell of the notebook draws it."""
    return 6 + student % 5


def _shifted(net: Network, x: Tensor, start: int | None = None) -> Tensor:
    first = torch.full_like(x[:, :1], net.num_symbols if start is None else start)
    return torch.cat([first, x[:, :-1]], dim=1)


def _asked(answer: Answer, net: Network, x: Tensor) -> Tensor:
    """The learner's log-likelihoods; the first one is asked alone, or a likelihood over the batch would pass."""
    twin = net.on_the_other_side(answer)
    found = []
    for rows in (x[:1], x[1:]):
        reply = answer.call("mended_log_prob", rows, twin)
        found.append(reading.tensor(reply, f"`mended_log_prob` of x {tuple(rows.shape)}", shape=(len(rows),)))
    return torch.cat(found)


def _why(got: Tensor, net: Network, x: Tensor) -> str:
    right = net.log_prob(_shifted(net, x), x)
    early = torch.cat([x[:, 1:], torch.full_like(x[:, :1], net.num_symbols)], dim=1)
    known = [
        (net.log_prob(x, x), "Each step still reads its own symbol: these are the inputs of `unshifted`."),
        (
            net.log_prob(x.roll(1, dims=1), x),
            "These are the inputs of `rolled`: what stands in their first column?",
        ),
        (
            net.log_prob(early, x),
            "These are the inputs of `early`: step t reads symbol t + 1. Which way must the shift go?",
        ),
        (right.exp(), "Those are probabilities; logarithms are due."),
        (
            right / x.shape[1],
            "You take a mean over the steps. What does the chain rule do with the conditionals?",
        ),
        (
            net.log_prob(_shifted(net, x, 0), x),
            "Nothing leaks, but you begin with symbol 0, which is a symbol like others. What has the network for the "
            "start?",
        ),
        (
            net.log_prob(torch.full_like(x, net.num_symbols), x),
            "Nothing leaks, and nothing is read: every step reads the start.",
        ),
        (
            net.log_prob(_shifted(net, _shifted(net, x)), x),
            "You shift twice: each step is one symbol behind.",
        ),
    ]
    if x.shape[1] > 1:
        known += [
            (net.log_prob(x[:, :-1], x[:, 1:]), "The first symbol has no conditional in your sum. What is read before it?"),
            (
                net.log_prob(_shifted(net, x)[:, :-1], x[:, :-1]),
                "The last symbol has no conditional in your sum.",
            ),
        ]  # fmt: skip
    for wrong, message in known:
        if torch.allclose(got, wrong, atol=1e-4):
            return message
    if bool(got[0].abs() < 1e-6):
        return (
            "The first sequence, asked alone, gets a probability of 1. Do you look at the rest of the batch?"
        )
    return "What does the network read in the first step, and what in the second?"
