"""Exercise 3, find the bug: teacher forcing whose inputs leak what is to be foreseen."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator

import numpy as np
import torch
from torch import Tensor

from armod.course.exercises import Answer, Exercise, Mistake, reading, shown
from armod.course.exercises.lesson_4_4_recurrent_networks.small_network import Network, random_network

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


Inputs = Callable[[Tensor, Tensor], Tensor]
FUNCTIONS = ("unshifted", "rolled", "early")


def own_length(student: int) -> tuple[int]:
    """T, as the given cell of the notebook draws it."""
    return (6 + student % 5,)


def leaks(T: int) -> list[int]:
    """Each step its own symbol; each step the last symbol; the own symbol but in step 0, the next but in the last step."""
    return [T, T, 2 * (T - 1)]


def _first_wrong(got: list[int], right: list[int]) -> int:
    return next(place for place in range(3) if got[place] != right[place])


def _leaks_seen(got: list[int], right: list[int], T: int) -> str:
    place = _first_wrong(got, right)
    return f"For `{FUNCTIONS[place]}` and T = {T} you count {got[place]} forbidden pair{'s' * (got[place] != 1)}."


def _leaks_otherwise(got: list[int], right: list[int], T: int) -> str:
    """A known mistake in the first wrong number, whatever stands behind it."""
    place = _first_wrong(got, right)
    for said, wrong in asked_leaks.mistakes:
        if wrong(T)[place] == got[place]:
            return said
    return "Take T = 3, write down for each of the steps 0, 1, 2 which symbols it has read, and cross out those that are known."


asked_leaks = recurrent_shift.asks(
    leaks,
    "how much leaks",
    points=2,
    own=own_length,
    seen=_leaks_seen,
    wrong={
        "Those are all pairs that the network sees. It may see what comes *before*.": lambda T: [T * (T + 1) // 2, T, 2 * T - 2],
        "Look at the first column of the rolled inputs. Who reads it, and who still remembers it later?": (lambda T: [T, 0, 2 * T - 2], lambda T: [T, 1, 2 * T - 2]),
        "The last step, too, has read what it must foresee.": lambda T: [T, T - 1, 2 * T - 2],
        "Does the first symbol ever enter the network? And what does the last step read?": lambda T: [T, T, 2 * T - 1],
        "Step t reads symbol t + 1, and it remembers what it read in the step before: is that known already?": (lambda T: [T, T, T], lambda T: [T, T, T - 1]),
    },
    otherwise=_leaks_otherwise,
)  # fmt: skip


def _shifted(x: Tensor, start: Tensor) -> Tensor:
    return torch.cat([start, x[:, :-1]], dim=1)


def mended_log_prob(x: Tensor, network: Network, inputs: Inputs = _shifted) -> Tensor:
    """Log-likelihoods ``(N,)``; ``inputs`` makes what is read from x and a column of the start symbol."""
    log_probs = network.logits(inputs(x, torch.full_like(x[:, :1], network.start))).log_softmax(2)
    return log_probs.gather(2, x.unsqueeze(2)).squeeze(2).sum(1)


def _all_sequences(
    generator: np.random.Generator, *sizes: tuple[int, int]
) -> Iterator[tuple[Tensor, Network]]:
    """All ``K**T`` sequences of T symbols, and a network of K symbols."""
    for num_symbols, length in sizes:
        every = itertools.product(range(num_symbols), repeat=length)
        yield torch.tensor(list(every)), random_network(generator, num_symbols)


def _ask(answer: Answer, x: Tensor, network: Network) -> Tensor:
    """The first sequence is asked alone, or a likelihood over the batch would pass."""
    twin, found = network.on_the_other_side(answer), []
    for rows in (x[:1], x[1:]):
        reply = answer.call("mended_log_prob", rows, twin)
        found.append(reading.tensor(reply, f"`mended_log_prob` of x {tuple(rows.shape)}", shape=(len(rows),)))
    return torch.cat(found)


def _seen(got: Tensor, right: Tensor, x: Tensor, network: Network) -> str:
    row = int((got - right).abs().argmax())
    return f"x = {shown(x[row])} gets {float(got[row]):.3f} nats; step by step it is {float(right[row]):.3f}."


def _otherwise(got: Tensor, right: Tensor, x: Tensor, network: Network) -> str:
    if abs(float(got[0])) < 1e-6:
        return (
            "The first sequence, asked alone, gets a probability of 1. Do you look at the rest of the batch?"
        )
    return "What does the network read in the first step, and what in the second?"


asked_log_prob = recurrent_shift.asks(
    mended_log_prob,
    instances=lambda generator: _all_sequences(generator, (3, 3), (4, 2)),
    ask=_ask,
    seen=_seen,
    atol=1e-4,
    wrong={
        "Each step still reads its own symbol: these are the inputs of `unshifted`.": dict(inputs=lambda x, start: x),
        "These are the inputs of `rolled`: what stands in their first column?": dict(inputs=lambda x, start: x.roll(1, dims=1)),
        "These are the inputs of `early`: step t reads symbol t + 1. Which way must the shift go?": dict(inputs=lambda x, start: torch.cat([x[:, 1:], start], dim=1)),
        "Those are probabilities; logarithms are asked for.": lambda x, network: mended_log_prob(x, network).exp(),
        "You take a mean over the steps. What does the chain rule do with the conditionals?": lambda x, network: mended_log_prob(x, network) / x.shape[1],
        "Nothing leaks, but you begin with symbol 0, which is a symbol like others. What does the network have for the start?": dict(inputs=lambda x, start: _shifted(x, 0 * start)),
        "Nothing leaks, and nothing is read: every step reads the start.": dict(inputs=lambda x, start: start.expand_as(x)),
        "You shift twice: each step is one symbol behind.": dict(inputs=lambda x, start: _shifted(_shifted(x, start), start)),
        "The first symbol has no conditional in your sum. What is read before it?": lambda x, network: mended_log_prob(x[:, 1:], network, lambda *_: x[:, :-1]),
        "The last symbol has no conditional in your sum.": lambda x, network: mended_log_prob(x[:, :-1], network),
    },
    otherwise=_otherwise,
)  # fmt: skip


@recurrent_shift.check("all probabilities add up to 1", points=2)
def the_total_is_one(answer: Answer, generator: np.random.Generator) -> None:
    """Enumerated, from one symbol on."""
    for x, network in _all_sequences(generator, (3, 3), (2, 4), (3, 1)):
        total = float(asked_log_prob.reply(answer, x, network).exp().sum())
        if abs(total - 1) > 1e-4:
            raise Mistake(
                f"With {network.start} symbols the probabilities of all {len(x)} sequences of length {x.shape[1]} add up to "
                f"{total:.4g}. {asked_log_prob.why(answer, generator, (x, network))}"
            )


recurrent_shift.add("each step reads the symbol before its own", asked_log_prob.examine, points=2)
