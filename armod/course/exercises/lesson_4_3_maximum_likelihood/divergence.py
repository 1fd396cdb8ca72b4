"""Exercise 4: what a model loses, and the least that any model can reach, on a source that is known."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor

from armod.course.exercises.engine import reading
from armod.course.exercises.engine.answer import Answer
from armod.course.exercises.engine.exercise import Exercise, Mistake
from armod.course.exercises.engine.showing import shown

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


@likelihood_divergence.check("cross-entropy minus entropy", points=2)
def kl_is_right(answer: Answer, generator: np.random.Generator) -> None:
    """Random tables; not symmetric, 0 for the source itself."""
    for size in (2, 4):
        source, model = _distribution(generator, size), _distribution(generator, size)
        got, right = _kl(answer, source, model), _right(source, model)
        _refuse(got, right, source, model)
        _refuse(_kl(answer, source, source), 0.0, source, source)


@likelihood_divergence.check("where a probability is 0")
def zeros_are_right(answer: Answer, generator: np.random.Generator) -> None:
    """What never happens costs nothing; what the model calls impossible costs everything."""
    source, model = _distribution(generator, 4), _distribution(generator, 4)
    source[1] = 0
    source /= source.sum()
    got = _kl(answer, source, model)
    if not math.isfinite(got):
        raise Mistake(
            f"For the source {shown(source)} you say {got}. Its symbol 1 never occurs: how much does it add to a mean over "
            f"the source?"
        )
    _refuse(got, _right(source, model), source, model)
    full, gap = _distribution(generator, 4), model.clone()
    gap[2] = 0
    gap /= gap.sum()
    got = _kl(answer, full, gap)
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
        got = _lowest(answer, table)
        if math.isnan(got):
            raise Mistake(f"For {what}, {shown(table)}, you say NaN. What is 0 log 0 to be?")
        if abs(got - due * math.log(2)) < 1e-4 < abs(got - due):
            raise Mistake(f"For {what}, {shown(table)}, you say {got:.4g}: those are nats. Bits are asked.")
        if abs(got - due) > 1e-4:
            raise Mistake(
                f"For {what}, {shown(table)}, you say {got:.4g} bits. If you know the symbol before, how many questions of yes "
                f"or no do you need for the next?"
            )


@likelihood_divergence.check("the least bits per symbol, in general", points=2)
def lowest_bits_are_right(answer: Answer, generator: np.random.Generator) -> None:
    """Rows weighed by how often they are needed."""
    for size in (2, 3):
        table = torch.stack([_distribution(generator, size) for _ in range(size)])
        table[0] = 0.02 / (size - 1)
        table[0, 0] = 0.98  # the first symbol likes to stay: the shares are far from equal
        got = _lowest(answer, table)
        shares = torch.linalg.matrix_power(table, 4096)[0]
        entropies = -torch.xlogy(table, table).sum(1) / math.log(2)
        if abs(got - float(shares @ entropies)) < 1e-4:
            continue
        left = torch.linalg.matrix_power(table.T / table.T.sum(1, keepdim=True), 4096)[0]
        known = [
            (shares @ entropies * math.log(2), "Those are nats. Bits are asked."),
            (
                entropies.mean(),
                "You give every row the same weight. Simulate a long sequence: how often does each symbol come?",
            ),
            (
                -torch.xlogy(shares, shares).sum() / math.log(2),
                "That is the entropy of one symbol, if you know nothing of what came before. But the model knows it.",
            ),
            (entropies.sum(), "You add up the rows' entropies. Each symbol needs one row only."),
            (
                left @ entropies,
                "Your shares belong to the table read the other way round: rows are for the symbol *before*.",
            ),
        ]
        for wrong, message in known:
            if abs(got - float(wrong)) < 1e-4:
                raise Mistake(f"For the table {shown(table)} you say {got:.4g} bits. {message}")
        raise Mistake(
            f"For the table {shown(table)} you say {got:.4g} bits. The entropies of its rows are {shown(entropies)} bits, and in "
            f"a long sequence the symbols have the shares {shown(shares)}."
        )


def _distribution(generator: np.random.Generator, size: int) -> Tensor:
    """Probabilities ``(size,)`` that differ clearly."""
    weights = torch.from_numpy(generator.permutation(size) + generator.uniform(0.3, 0.8, size))
    return weights / weights.sum()


def _right(source: Tensor, model: Tensor) -> float:
    return float((torch.xlogy(source, source) - torch.xlogy(source, model)).sum())


def _kl(answer: Answer, source: Tensor, model: Tensor) -> float:
    reply = answer.call("kl", source, model)
    return reading.number(reply, f"`kl({shown(source)}, {shown(model)})`", finite=False)


def _lowest(answer: Answer, table: Tensor) -> float:
    return reading.number(answer.call("lowest_bits", table), f"`lowest_bits({shown(table)})`", finite=False)


def _refuse(got: float, right: float, source: Tensor, model: Tensor) -> None:
    if abs(got - right) < 1e-5:
        return
    seen = f"For the source {shown(source)} and the model {shown(model)} you say {got:.4g}."
    known = [
        (
            -float(torch.xlogy(source, model).sum()),
            "That is the cross-entropy. What would the source itself pay?",
        ),
        (
            _right(model, source),
            "The two are exchanged: the mean is taken over the *source*, where the data come from.",
        ),
        (right / math.log(2), "Those are bits; nats are asked."),
        (
            -right,
            "It is negative, as if the model were better than the source itself. Which of the two is subtracted?",
        ),
        (
            right / len(source),
            "You take a mean over the symbols. In a mean over the source each has its own weight.",
        ),
        (
            float((source.log() - model.log()).sum()),
            "You add up log ratios without weights. How often does each symbol occur?",
        ),
        (
            float((source - model).abs().sum()),
            "That is the sum of the differences. Entropies need logarithms.",
        ),
    ]
    for wrong, message in known:
        if abs(got - wrong) < 1e-5:
            raise Mistake(f"{seen} {message}")
    raise Mistake(
        f"{seen} The cross-entropy is {-float(torch.xlogy(source, model).sum()):.4g} nats, and the entropy of the source is "
        f"{-float(torch.xlogy(source, source).sum()):.4g}."
    )
