"""Exercise 1: the numbers in a table and in networks, and how often networks are evaluated."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from armod.course.exercises import Answer, Exercise, Mistake, reading, shown

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


def own_hidden(student: int) -> int:
    """The hidden units of each network, as the given cell of the notebook has them."""
    return 8 + student % 9


def table_numbers(D: int) -> int:
    """2^D - 1: all entries add up to 1."""
    return 2**D - 1


def network_numbers(D: int, hidden: int, bias: int = 1, output_bias: int = 1, own: int = 0) -> int:
    """Weights and biases of a network for each pixel, the first one without an input; ``own`` is 1 if it sees its pixel."""
    return sum((d + own + bias + 1) * hidden + output_bias for d in range(D))


def evaluations(D: int, batch: int) -> list[int]:
    """D for a likelihood, D for the loop, D^2 for the textbook loop; a batch counts once."""
    return [D, D, D**2]


def _sizes(generator: np.random.Generator) -> Iterator[tuple[int, int]]:
    yield from ((3, 5), (1, 4))
    yield int(generator.integers(4, 10)), int(generator.integers(6, 20))


chain_cost.asks(
    table_numbers,
    "the free numbers of a table",
    instances=lambda generator: [(3,), (int(generator.integers(5, 12)),), (2,), (1,)],
    wrong={
        "The table has that many entries. If you know all entries but one, is there anything left to learn?": lambda D: 2**D,
        "That is the last conditional alone, one number for each past. The others need numbers too.": lambda D: 2 ** (D - 1),
        "That is one number for each pixel, enough if pixels knew nothing of each other.": lambda D: D,
    },
    otherwise="List the patterns of so many pixels, and ask which shares you may choose freely.",
)  # fmt: skip
chain_cost.asks(
    network_numbers,
    "the numbers of a network each",
    points=2,
    instances=_sizes,
    wrong={
        "You let each network see the pixel that it predicts.": dict(own=1),
        "Those are the weights. Each hidden unit and each output has a bias too.": dict(bias=0, output_bias=0),
        "You seem to forget the bias of each output.": dict(output_bias=0),
        "You seem to forget the biases of the hidden units.": dict(bias=0),
        "You seem to let every network see all pixels. What may it see?": lambda D, hidden: D * (D * hidden + 2 * hidden + 1),
        "That is the last network alone.": lambda D, hidden: (D - 1) * hidden + 2 * hidden + 1,
        "One network is missing. Even the first pixel, of which nothing is known, has one here.": lambda D, hidden: network_numbers(D, hidden) - 2 * hidden - 1,
    },
    otherwise="Count the weights and biases of each network, from the first one on.",
)  # fmt: skip


@chain_cost.check("from how many pixels on networks need fewer")
def break_even_is_right(answer: Answer, generator: np.random.Generator) -> None:
    """The learner's own hidden size."""
    hidden = own_hidden(answer.student)
    got = reading.integer(answer.value("fewest_pixels"), "`fewest_pixels`")
    if not 1 <= got <= 60:
        raise Mistake(f"`fewest_pixels` is {got}; try the sizes 1, 2, 3, ... one after the other.")
    seen = (
        f"With {hidden} hidden units and {got} pixels the table has {table_numbers(got)} free numbers and the networks "
        f"{network_numbers(got, hidden)}."
    )
    if network_numbers(got, hidden) >= table_numbers(got):
        raise Mistake(f"{seen} Who needs fewer?")
    if network_numbers(got - 1, hidden) < table_numbers(got - 1):
        raise Mistake(f"{seen} True, but is it the smallest such number of pixels?")


chain_cost.asks(
    evaluations,
    "how often a network is evaluated",
    points=2,
    instances=lambda generator: [(3, 1), (int(generator.integers(4, 9)), 100)],
    seen=lambda got, right, D, batch: f"For {D} pixels and a batch of {batch} you count {shown(got)}: for the likelihood, our loop and the textbook loop.",
    wrong={
        "A batch goes through a network together, and counts as one evaluation.": lambda D, batch: [D * batch, D * batch, D**2 * batch],
        "One network gives one conditional. How many conditionals are there?": lambda D, batch: [1, D, D**2],
        "In each step the textbook loop asks for all conditionals, and throws away all but one.": lambda D, batch: [D, D, D],
        "You seem to ask the networks of the pixels so far in each step. Which ones does each loop ask?": (
            lambda D, batch: [D, D * (D + 1) // 2, D**2],
            lambda D, batch: [D, D, D * (D + 1) // 2],
        ),
        "You ask all networks in each step of our loop: is there any step for which one would not do?": lambda D, batch: [D, D**2, D**2],
    },
    otherwise="How many steps are there, and how many networks does each one evaluate?",
)  # fmt: skip
