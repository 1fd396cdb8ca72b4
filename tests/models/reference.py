"""Slow and independent: MADE's probabilities from the paper's equations, in plain Python loops over single weights.

Nothing here uses `armod`'s masks, networks or distributions; a network is handed over as numbers (`Numbers`).
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

Vector = list[float]
Levels = Sequence[int]


@dataclass(frozen=True)
class Numbers:
    """A MADE as plain numbers.

    weights: one matrix (units above x units below) for each layer, inputs first; biases: one vector for each.
    degrees: of the hidden layers; ordering: ordering[k] is the variable generated k-th; num_levels: K.
    is_binary: one input and one logit a variable, instead of K of each.
    """

    weights: list[list[Vector]]
    biases: list[Vector]
    degrees: list[list[int]]
    ordering: list[int]
    num_levels: int
    is_binary: bool

    @property
    def width(self) -> int:
        return 1 if self.is_binary else self.num_levels


def log_prob(net: Numbers, x: Levels) -> float:
    """The chain rule: the sum over variables of log p(x_d | what comes before d)."""
    return sum(math.log(table[level]) for table, level in zip(conditionals(net, x), x, strict=True))


def conditionals(net: Numbers, x: Levels) -> list[Vector]:
    """For each variable the probabilities of its levels."""
    values: Vector = []
    for level in x:
        values += [float(level)] if net.is_binary else [float(level == k) for k in range(net.num_levels)]
    # equation 8: m(d) of an input is its place in the ordering, from 1
    place = {variable: k + 1 for k, variable in enumerate(net.ordering)}
    degrees = [place[unit // net.width] for unit in range(len(values))]
    for weights, biases, degrees_above in zip(net.weights, net.biases, net.degrees, strict=False):
        sums = [
            bias
            + sum(
                weight * value
                for weight, value, below in zip(row, values, degrees, strict=True)
                if above >= below  # equations 8 and 11: a hidden unit sees degrees up to its own
            )
            for row, bias, above in zip(weights, biases, degrees_above, strict=True)
        ]
        values, degrees = [max(0.0, s) for s in sums], degrees_above
    outputs = [
        bias
        + sum(
            weight * value
            for weight, value, below in zip(row, values, degrees, strict=True)
            if place[unit // net.width] > below  # equation 9: an output sees smaller degrees only
        )
        for unit, (row, bias) in enumerate(zip(net.weights[-1], net.biases[-1], strict=True))
    ]
    return [
        _bit(outputs[d]) if net.is_binary else _softmax(outputs[d * net.width : (d + 1) * net.width])
        for d in range(len(x))
    ]


def sees(net: Numbers) -> set[tuple[int, int]]:
    """Pairs (i, j) for which a path leads from input j to output i; found by walking, not by multiplying."""
    place = {variable: k + 1 for k, variable in enumerate(net.ordering)}
    pairs = set()
    for j in net.ordering:
        reached = {place[j]}
        for layer in net.degrees:
            reached = {above for above in layer if any(above >= below for below in reached)}
        pairs |= {(i, j) for i in net.ordering if any(place[i] > below for below in reached)}
    return pairs


def observations(num_variables: int, num_levels: int) -> Iterator[tuple[int, ...]]:
    return itertools.product(range(num_levels), repeat=num_variables)


def given_the_past(
    probability: Callable[[Levels], float], x: Levels, ordering: Levels, k: int, num_levels: int
) -> Vector:
    """p(next variable | the first k in the ordering), as a ratio of sums of joint probabilities."""
    past, now = ordering[:k], ordering[k]
    mass = [0.0] * num_levels
    for y in observations(len(x), num_levels):
        if all(y[d] == x[d] for d in past):
            mass[y[now]] += probability(y)
    return [part / sum(mass) for part in mass]


def _bit(logit: float) -> Vector:
    one = 1 / (1 + math.exp(-logit))
    return [1 - one, one]


def _softmax(logits: Vector) -> Vector:
    weights = [math.exp(logit) for logit in logits]
    return [weight / sum(weights) for weight in weights]
