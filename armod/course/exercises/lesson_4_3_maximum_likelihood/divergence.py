"""Exercise 4: what a model loses, and the least that any model can reach, on a source that is known."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

from armod.course.exercises import Answer, Exercise, Mistake, shown

likelihood_divergence = Exercise(
    name="likelihood-divergence",
    number=4,
    title="How far from the best possible?",
    difficulty="medium",
    minutes=6,
    names=("kl", "lowest_bits"),
    hints=(
        "Cross-entropy is the mean of -log model, entropy the mean of -log source, and both means are taken over the "
        "source. What is their difference?",
        "Given the symbol before, the best model has the entropy of that row. How often will each row be needed in a long "
        "sequence?",
        "The shares of the symbols in the long run satisfy `shares @ table == shares`. They are any row of a high power of "
        "the table. `torch.xlogy(s, s)` is 0 where s is 0.",
    ),
)


def kl(source: Tensor, model: Tensor) -> float:
    """Cross-entropy minus entropy, in nats."""
    return float((torch.xlogy(source, source) - torch.xlogy(source, model)).sum())


def lowest_bits(table: Tensor) -> float:
    """The entropies of the rows, each as often as it is needed."""
    return float(_shares(table) @ _entropies(table))


def _shares(table: Tensor) -> Tensor:
    """Of the symbols in a long sequence."""
    return torch.linalg.matrix_power(table, 4096)[0]


def _entropies(table: Tensor) -> Tensor:
    """Of each row, in bits."""
    return -torch.xlogy(table, table).sum(-1) / math.log(2)


def _distribution(generator: np.random.Generator, size: int) -> Tensor:
    """Probabilities ``(size,)`` that differ clearly."""
    weights = torch.from_numpy(generator.permutation(size) + generator.uniform(0.3, 0.8, size))
    return weights / weights.sum()


def _pairs(generator: np.random.Generator) -> Iterator[tuple[Tensor, Tensor]]:
    """A source and a model; and the source itself."""
    for size in (2, 4):
        source = _distribution(generator, size)
        yield from ((source, _distribution(generator, size)), (source, source))


def _sources(generator: np.random.Generator) -> Iterator[tuple[Tensor]]:
    """The first symbol likes to stay: the shares are far from equal."""
    for size in (2, 3):
        table = torch.stack([_distribution(generator, size) for _ in range(size)])
        table[0] = 0.02 / (size - 1)
        table[0, 0] = 0.98
        yield (table,)


asked_kl = likelihood_divergence.asks(
    kl,
    "cross-entropy minus entropy",
    points=2,
    instances=_pairs,
    finite=False,
    wrong={
        "That is the cross-entropy. What would the source itself pay?": lambda source, model: -float(torch.xlogy(source, model).sum()),
        "The two are exchanged: the mean is taken over the *source*, where the data come from.": lambda source, model: kl(model, source),
        "Those are bits; nats are asked for.": lambda source, model: kl(source, model) / math.log(2),
        "It is negative, as if the model were better than the source itself. Which of the two is subtracted?": lambda source, model: -kl(source, model),
        "You take a mean over the symbols. In a mean over the source each has its own weight.": lambda source, model: kl(source, model) / len(source),
        "You add up log ratios without weights. How often does each symbol occur?": lambda source, model: float((source.log() - model.log()).sum()),
        "That is the sum of the differences. Entropies need logarithms.": lambda source, model: float((source - model).abs().sum()),
    },
    otherwise=lambda got, right, source, model: f"The cross-entropy is {-float(torch.xlogy(source, model).sum()):.4g} nats, and the entropy of the source is {-float(torch.xlogy(source, source).sum()):.4g}.",
)  # fmt: skip
asked_bits = likelihood_divergence.asks(
    lowest_bits,
    instances=_sources,
    finite=False,
    atol=1e-4,
    wrong={
        "Those are nats. Bits are asked for.": lambda table: lowest_bits(table) * math.log(2),
        "You give every row the same weight. Simulate a long sequence: how often does each symbol come?": lambda table: float(_entropies(table).mean()),
        "That is the entropy of one symbol, if you know nothing of what came before. But the model knows it.": lambda table: float(_entropies(_shares(table))),
        "You add up the rows' entropies. Each symbol needs one row only.": lambda table: float(_entropies(table).sum()),
        "Your shares belong to the table read the other way round: rows are for the symbol *before*.": lambda table: float(_shares(table.T / table.T.sum(1, keepdim=True)) @ _entropies(table)),
    },
    otherwise=lambda got, right, table: f"The entropies of its rows are {shown(_entropies(table))} bits, and in a long sequence the symbols have the shares {shown(_shares(table))}.",
)  # fmt: skip


@likelihood_divergence.check("where a probability is 0")
def zeros_are_right(answer: Answer, generator: np.random.Generator) -> None:
    """What never happens costs nothing; what the model calls impossible costs everything."""
    source, model = _distribution(generator, 4), _distribution(generator, 4)
    source[1] = 0
    source /= source.sum()
    got = asked_kl.reply(answer, source, model)
    if not math.isfinite(got):
        raise Mistake(
            f"For the source {shown(source)} you say {got}. Its symbol 1 never occurs: how much does it add to a mean over "
            f"the source?"
        )
    asked_kl.on(lambda generator: [(source, model)])(answer, generator)
    full, gap = _distribution(generator, 4), model.clone()
    gap[2] = 0
    gap /= gap.sum()
    got = asked_kl.reply(answer, full, gap)
    if got != math.inf:
        raise Mistake(
            f"The source {shown(full)} gives symbol 2, which the model {shown(gap)} calls impossible, and you say {got:.4g}. "
            f"What is the log-likelihood of data in which it occurs?"
        )


@likelihood_divergence.check("the least bits per symbol, where it is plain")
def plain_sources_are_right(answer: Answer, generator: np.random.Generator) -> None:
    """A fair coin has 1 bit, a wheel that turns by one has none."""
    wheel = torch.eye(3, dtype=torch.float64).roll(1, 1)
    fair = torch.full((2, 2), 0.5, dtype=torch.float64)
    for table, due, what in ((fair, 1.0, "a fair coin"), (wheel, 0.0, "a wheel that always turns by one")):
        got = asked_bits.reply(answer, table)
        if math.isnan(got):
            raise Mistake(f"For {what}, {shown(table)}, you say NaN. What should 0 log 0 be?")
        if abs(got - due * math.log(2)) < 1e-4 < abs(got - due):
            raise Mistake(
                f"For {what}, {shown(table)}, you say {got:.4g}: those are nats. Bits are asked for."
            )
        if abs(got - due) > 1e-4:
            raise Mistake(
                f"For {what}, {shown(table)}, you say {got:.4g} bits. If you know the symbol before, how many yes-or-no "
                f"questions do you need for the next?"
            )


likelihood_divergence.add("the least bits per symbol, in general", asked_bits.examine, points=2)
