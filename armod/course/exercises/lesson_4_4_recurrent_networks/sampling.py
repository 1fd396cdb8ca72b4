"""Exercise 5: the sampling loop, one symbol at a time, with a state that goes along and an end that ends."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from armod.course.exercises.engine import reading
from armod.course.exercises.engine.answer import Answer
from armod.course.exercises.engine.exercise import Exercise, Mistake
from armod.course.exercises.engine.showing import shown
from armod.course.exercises.lesson_4_4_recurrent_networks.instances import Network, network

recurrent_sampling = Exercise(
    name="recurrent-sampling",
    number=5,
    title="One character at a time",
    difficulty="hard",
    minutes=9,
    names=("my_sample",),
    hints=(
        "Two things go from one step to the next. Which ones, and what are they before the first step?",
        "In each step: `network.step`, then probabilities, then the symbol from this step's column of noise. A sequence that "
        "has ended gets the end again, whatever was drawn.",
        "`logits.softmax(1).cumsum(1)` is the CDF `(N, K)`; the number of its entries that are not above the noise is the "
        "symbol. Keep a boolean `(N,)` of what has ended.",
    ),
)
END = 0


@recurrent_sampling.check("the first symbol", points=1)
def the_first_symbol_is_right(answer: Answer, generator: np.random.Generator) -> None:
    """From the start symbol, the first state and the first noise."""
    _compare(answer, network(generator, 4), torch.from_numpy(generator.random((40, 1))))


@recurrent_sampling.check("each symbol follows from its noise and all before it", points=3)
def all_symbols_are_right(answer: Answer, generator: np.random.Generator) -> None:
    """Until the first end."""
    for num_symbols in (4, 3):
        net = network(generator, num_symbols)
        net.bias[END] = -60  # never
        _compare(answer, net, torch.from_numpy(generator.random((40, 6))))


@recurrent_sampling.check("after the end there are only ends", points=2)
def the_end_ends(answer: Answer, generator: np.random.Generator) -> None:
    """Whatever the noise says."""
    net = network(generator, 4)
    net.bias[END] += 0.7
    _compare(answer, net, torch.from_numpy(generator.random((60, 7))))


def _drawn(
    net: Network,
    noise: Tensor,
    *,
    keeps_state: bool = True,
    reads: bool = True,
    stops: bool = True,
    greedy: bool = False,
    first: int | None = None,
    columns: list[int] | None = None,
) -> Tensor:
    """The loop, or what becomes of it by a known mistake."""
    state = net.first_state(len(noise))
    symbols = torch.full((len(noise),), net.num_symbols if first is None else first)
    has_ended = torch.zeros(len(noise), dtype=torch.bool)
    drawn = []
    for column in columns or range(noise.shape[1]):
        logits, new_state = net.step(symbols, state)
        cdf = logits.softmax(1).cumsum(1)
        symbol = logits.argmax(1) if greedy else (cdf <= noise[:, column : column + 1]).sum(1)
        symbol = symbol.clamp(max=net.num_symbols - 1)
        if stops:
            symbol = symbol.masked_fill(has_ended, END)
            has_ended |= symbol == END
        symbols = symbol if reads else symbols
        state = new_state if keeps_state else state
        drawn.append(symbol)
    return torch.stack(drawn, dim=1)


def _asked(answer: Answer, net: Network, noise: Tensor) -> Tensor:
    reply = answer.call("my_sample", net.on_the_other_side(answer), noise)
    what = f"`my_sample` for noise of shape {tuple(noise.shape)}"
    found = reading.tensor(reply, what, shape=noise.shape, integers=True)
    if bool(((found < 0) | (found >= net.num_symbols)).any()):
        raise Mistake(
            f"{what} gave {shown(found[0])} among others; the symbols are 0 to {net.num_symbols - 1}. Is the CDF complete, and "
            f"does the start symbol stay out of what you return?"
        )
    return found


def _compare(answer: Answer, net: Network, noise: Tensor) -> None:
    got, right = _asked(answer, net, noise), _drawn(net, noise)
    if torch.equal(got, right):
        return
    if not torch.equal(got, _asked(answer, net, noise)):
        raise Mistake(
            "Asked twice with the same noise, `my_sample` drew different symbols. All chance is in `noise`: what else do you "
            "draw from?"
        )
    row, step = (got != right).nonzero()[0].tolist()
    seen = f"For the noise {shown(noise[row])} you drew {shown(got[row])}. The first wrong symbol is that of step {step}."
    ended = (right[row, :step] == END).any()
    length = noise.shape[1]
    known = [
        (_drawn(net, noise, greedy=True), "You take the likeliest symbol. That is no draw: what is the noise for?"),
        (_drawn(net, noise, stops=False), "You go on after an end. What shall follow it?"),
        (_drawn(net, noise, keeps_state=False), "Each step begins with the first state again: who remembers what was read?"),
        (_drawn(net, noise, reads=False), "Each step reads the start again. What was drawn just now?"),
        (_drawn(net, noise, first=END), "You begin with the end symbol. What has the network for the start?"),
        (_drawn(net, 1 - noise), "Small noise gives you the late symbols: the CDF counts from symbol 0."),
        (_drawn(net, noise, columns=[0] * length), "Every step takes the first column of noise."),
        (_drawn(net, noise, columns=list(reversed(range(length)))), "Your columns of noise run backwards."),
    ]  # fmt: skip
    for wrong, message in known:
        if torch.equal(got, wrong):
            raise Mistake(f"{seen} {message}")
    if ended:
        raise Mistake(f"{seen} The sequence has ended before that step. What shall follow an end?")
    raise Mistake(f"{seen} {_explained(net, right[row], noise[row], step)}")


def _explained(net: Network, x: Tensor, noise: Tensor, step: int) -> str:
    state, symbol = net.first_state(1), torch.tensor([net.num_symbols])
    for k in range(step + 1):
        logits, state = net.step(symbol, state)
        symbol = x[k : k + 1]
    probs = logits.softmax(1)[0]
    return (
        f"In step {step} the probabilities are {shown(probs)} and the noise is {float(noise[step]):.3f}. What did the network read in "
        f"that step, and in which state was it?"
    )
