"""Exercise 5: the sampling loop, one symbol at a time, with a state that goes along and an end that ends."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from armod.course.exercises import Answer, Exercise, Mistake, reading, shown
from armod.course.exercises.lesson_4_4_recurrent_networks.small_network import Network, random_network

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


def _exceeds(probs: Tensor, u: Tensor) -> Tensor:
    """The smallest symbol whose cumulative probability exceeds the noise; what rounding leaves belongs to the last one."""
    return (probs.cumsum(1)[:, :-1] <= u.unsqueeze(1)).sum(1)


def my_sample(
    network: Network,
    noise: Tensor,
    *,
    draw: Callable[[Tensor, Tensor], Tensor] = _exceeds,
    first: int | None = None,
    keeps_state: bool = True,
    reads: bool = True,
    stops: bool = True,
) -> Tensor:
    """Sequences ``(N, T)``; every option is a mistake, the defaults are right."""
    state = network.first_state(len(noise))
    symbols = torch.full((len(noise),), network.start if first is None else first)
    has_ended = torch.zeros(len(noise), dtype=torch.bool)
    drawn = []
    for u in noise.T:
        logits, new_state = network.step(symbols, state)
        symbol = draw(logits.softmax(1), u)
        if stops:
            symbol = symbol.masked_fill(has_ended, END)
            has_ended |= symbol == END
        symbols = symbol if reads else symbols
        state = new_state if keeps_state else state
        drawn.append(symbol)
    return torch.stack(drawn, dim=1)


def _case(
    generator: np.random.Generator, num_symbols: int, *shape: int, end: float = 0.0
) -> tuple[Network, Tensor]:
    """A network of so many symbols and noise ``(N, T)``; ``end`` is added to the logit of the end."""
    network = random_network(generator, num_symbols)
    network.bias[END] += end
    return network, torch.from_numpy(generator.random(shape))


def _ask(answer: Answer, network: Network, noise: Tensor) -> Tensor:
    """Twice: the same noise gives the same symbols."""
    what = f"`my_sample` for noise of shape {tuple(noise.shape)}"
    found, again = (
        reading.tensor(
            answer.call("my_sample", network.on_the_other_side(answer), noise),
            what,
            shape=noise.shape,
            integers=True,
        )
        for _ in range(2)
    )
    if not torch.equal(found, again):
        raise Mistake(
            "Asked twice with the same noise, `my_sample` drew different symbols. All chance is in `noise`: what else do you "
            "draw from?"
        )
    outside = ((found < 0) | (found >= network.start)).any(1)
    if outside.any():
        raise Mistake(
            f"{what} gave {shown(found[outside][0])} among others; the symbols are 0 to {network.start - 1}. Is the CDF complete, and "
            f"does the start symbol stay out of what you return?"
        )
    return found


def _first_wrong(got: Tensor, right: Tensor) -> list[int]:
    return (got != right).nonzero()[0].tolist()


def _seen(got: Tensor, right: Tensor, network: Network, noise: Tensor) -> str:
    row, step = _first_wrong(got, right)
    return f"For the noise {shown(noise[row])} you drew {shown(got[row])}. The first wrong symbol is that of step {step}."


def _otherwise(got: Tensor, right: Tensor, network: Network, noise: Tensor) -> str:
    row, step = _first_wrong(got, right)
    if (right[row, :step] == END).any():
        return "The sequence has ended before that step. What has to follow an end?"
    read = torch.cat([torch.tensor([network.start]), right[row, :step]])
    probs = network.logits(read.unsqueeze(0))[0, -1].softmax(0)
    return (
        f"In step {step} the probabilities are {shown(probs)} and the noise is {float(noise[row, step]):.3f}. What did the "
        f"network read in that step, and in which state was it?"
    )


asked_sample = recurrent_sampling.asks(
    my_sample,
    instances=lambda generator: [_case(generator, 4, 60, 7, end=0.7)],
    ask=_ask,
    seen=_seen,
    wrong={
        "You take the likeliest symbol. That is no draw: what is the noise for?": dict(draw=lambda probs, u: probs.argmax(1)),
        "You go on after an end. What has to follow it?": dict(stops=False),
        "Each step begins with the first state again: who remembers what was read?": dict(keeps_state=False),
        "Each step reads the start again. What was drawn just now?": dict(reads=False),
        "You begin with the end symbol. What does the network have for the start?": dict(first=END),
        "Small noise gives you the late symbols: the CDF counts from symbol 0.": lambda network, noise: my_sample(network, 1 - noise),
        "Every step takes the first column of noise.": lambda network, noise: my_sample(network, noise[:, :1].expand_as(noise)),
        "Your columns of noise run backwards.": lambda network, noise: my_sample(network, noise.flip(1)),
    },
    otherwise=_otherwise,
)  # fmt: skip
recurrent_sampling.add("the first symbol", asked_sample.on(lambda generator: [_case(generator, 4, 40, 1)]))
recurrent_sampling.add(
    "each symbol follows from its noise and all before it",
    asked_sample.on(lambda generator: [_case(generator, number, 40, 6, end=-60) for number in (4, 3)]),
    points=3,
)
recurrent_sampling.add("after the end there are only ends", asked_sample.examine, points=2)
