"""Exercise 1: the numbers in a table and in networks, and how often networks are evaluated."""

from __future__ import annotations

import numpy as np

from armod.course.exercises.engine import reading
from armod.course.exercises.engine.answer import Answer
from armod.course.exercises.engine.exercise import Exercise, Mistake

chain_cost = Exercise(
    name="chain-cost",
    number=1,
    title="What the networks cost",
    difficulty="easy",
    minutes=8,
    names=("table_numbers", "network_numbers", "fewest_pixels", "evaluations"),
    hints=(
        "Do it with pencil and paper for two pixels first: write down all patterns, and draw the two networks.",
        "The last entry of a table follows from the others. In a network every line between two units is a weight, and every "
        "unit that is no input has a bias. Which pixels enter the network of the very first one?",
        "The network of pixel d (from 0) has `d * hidden` weights below, `hidden` above, and `hidden + 1` biases: sum over d. "
        "In the textbook loop each of the D steps evaluates all D networks.",
    ),
)


@chain_cost.check("the free numbers of a table")
def table_is_counted(answer: Answer, generator: np.random.Generator) -> None:
    """2^D - 1: they add up to 1."""
    for size in (3, int(generator.integers(5, 12)), 2, 1):
        got = reading.integer(answer.call("table_numbers", size), f"`table_numbers({size})`")
        if got == _table(size):
            continue
        known = {
            2**size: "So many entries has the table. If you know all entries but one, is there anything left to learn?",
            2 ** (size - 1): "That is the last conditional alone, one number for each past. The others need numbers too.",
            size: "That is one number for each pixel, enough if pixels knew nothing of each other.",
        }  # fmt: skip
        why = known.get(
            got, "List the patterns of so many pixels, and ask which shares you may choose freely."
        )
        raise Mistake(f"`table_numbers({size})` gave {got}. {why}")


@chain_cost.check("the numbers of a network each", points=2)
def networks_are_counted(answer: Answer, generator: np.random.Generator) -> None:
    """Weights and biases, the first network without an input."""
    for size, hidden in ((3, 5), (1, 4), (int(generator.integers(4, 10)), int(generator.integers(6, 20)))):
        call = f"`network_numbers({size}, {hidden})`"
        got = reading.integer(answer.call("network_numbers", size, hidden), call)
        weights = sum(d * hidden + hidden for d in range(size))
        right = _networks(size, hidden)
        if got == right:
            continue
        known = {
            right + size * hidden: "You let each network see the pixel that it predicts.",
            weights: "Those are the weights. Each hidden unit and each output has a bias too.",
            right - size: "You seem to forget the bias of each output.",
            right - size * hidden: "You seem to forget the biases of the hidden units.",
            size * (size * hidden + 2 * hidden + 1): "You seem to let every network see all pixels. What may it see?",
            (size - 1) * hidden + 2 * hidden + 1: "That is the last network alone.",
            right - 2 * hidden - 1: "One network is missing. Even the first pixel, of which nothing is known, has one here.",
        }  # fmt: skip
        why = known.get(got, "Count the weights and biases of each network, from the first one on.")
        raise Mistake(f"{call} gave {got}. {why}")


@chain_cost.check("from how many pixels on networks need fewer")
def break_even_is_right(answer: Answer, generator: np.random.Generator) -> None:
    """The learner's own hidden size."""
    hidden = own_hidden(answer.student)
    got = reading.integer(answer.value("fewest_pixels"), "`fewest_pixels`")
    if not 1 <= got <= 60:
        raise Mistake(f"`fewest_pixels` is {got}; try the sizes 1, 2, 3, ... one after the other.")
    seen = (
        f"With {hidden} hidden units and {got} pixels the table has {_table(got)} free numbers and the networks "
        f"{_networks(got, hidden)}."
    )
    if _networks(got, hidden) >= _table(got):
        raise Mistake(f"{seen} Who needs fewer?")
    if _networks(got - 1, hidden) < _table(got - 1):
        raise Mistake(f"{seen} True, but is it the smallest such number of pixels?")


@chain_cost.check("how often a network is evaluated", points=2)
def evaluations_are_counted(answer: Answer, generator: np.random.Generator) -> None:
    """D for a likelihood, D for the loop, D^2 for the textbook loop; a batch counts once."""
    names = ("the likelihood", "our loop", "the textbook loop")
    for size, batch in ((3, 1), (int(generator.integers(4, 9)), 100)):
        call = f"`evaluations({size}, {batch})`"
        got = reading.tensor(
            answer.call("evaluations", size, batch), call, shape=(3,), integers=True
        ).tolist()
        for name, mine, right in zip(names, got, (size, size, size**2), strict=True):
            if mine != right:
                raise Mistake(f"{call} gave {mine} for {name}. {_why_evaluations(mine, right, size, batch)}")


def own_hidden(student: int) -> int:
    """The hidden units of each network, as the given cell of the notebook has them."""
    return 8 + student % 9


def _table(size: int) -> int:
    return 2**size - 1


def _networks(size: int, hidden: int) -> int:
    return sum(d * hidden + hidden + hidden + 1 for d in range(size))


def _why_evaluations(mine: int, right: int, size: int, batch: int) -> str:
    if batch > 1 and mine == right * batch:
        return "A batch goes through a network together, and counts as one evaluation."
    if mine == 1:
        return "One network gives one conditional. How many conditionals are there?"
    if mine == size:
        return "In each step that loop asks for all conditionals, and throws away all but one."
    if mine == size * (size + 1) // 2:
        return (
            "You seem to ask the networks of the pixels so far in each step. Which ones does this loop ask?"
        )
    if mine == size**2:
        return "You ask all networks in each step: is there any step for which one would not do?"
    return "How many steps are there, and how many networks does each one evaluate?"
