"""Exercise 1: how much does each output see? Numbers of the learner's own."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from armod import orderings
from armod.course.exercises.engine import reading
from armod.course.exercises.engine.answer import Answer
from armod.course.exercises.engine.exercise import Exercise, Mistake
from armod.course.exercises.engine.showing import shown
from armod.orderings import positions

D = 6

made_counts = Exercise(
    name="made-counts",
    number=1,
    title="Count before you build",
    difficulty="easy",
    minutes=8,
    names=("inputs_seen", "weights_kept", "fewest_units"),
    hints=(
        "Draw the three rows of units: inputs, hidden units, outputs. Write a degree on each. What does the ordering say "
        "about the degree of an input?",
        "For one output: cross out the hidden units that it may not use. Which inputs do the others see, all together? "
        "An input that is seen twice is still one input.",
        "The unit with the largest degree sees all that the others see, and perhaps more. So an output sees as many "
        "inputs as the largest degree that it may use. In a mask, count unit by unit: how many weights to inputs "
        "does a hidden unit of degree m keep, and how many to outputs?",
    ),
)


def own_network(student: int) -> tuple[Tensor, Tensor]:
    """Ordering ``(6,)`` and degrees ``(6,)``, as the given cell of the notebook draws them."""
    return orderings.random((D,), seed=student), (orderings.random((5,), seed=student)[:3] + 1).repeat(2)


@made_counts.check("how many inputs each output sees", points=2)
def inputs_seen_are_right(answer: Answer, generator: np.random.Generator) -> None:
    """The largest degree strictly below the output's place."""
    got = reading.tensor(answer.value("inputs_seen"), "`inputs_seen`", shape=(D,), integers=True)
    ordering, degrees = own_network(answer.student)
    place = positions(ordering) + 1
    usable = place[:, None] > degrees
    right = _largest(usable, degrees)
    if torch.equal(got, right):
        return
    output = int((got != right).nonzero()[0])
    seen = (
        f"In your network output {output} stands at place {int(place[output])} of the ordering, and you let it see "
        f"{int(got[output])} inputs."
    )
    natural = torch.arange(1, D + 1)
    known = [
        (
            _largest(place[:, None] >= degrees, degrees),
            "Some hidden unit that you let it use has seen this very variable. Look at the inequality of the output "
            "mask once more.",
        ),
        (
            _largest(natural[:, None] > degrees, degrees),
            "You seem to have taken its number for its place. Entry d of your list belongs to variable d; look up in "
            "`ordering` when that one comes.",
        ),
        (
            _largest(ordering[:, None] + 1 > degrees, degrees),
            "You seem to have read `ordering` the wrong way round: `ordering[k]` is the variable that comes k-th.",
        ),
        (
            (usable * degrees).sum(1),
            "That is the number of paths. Two hidden units may bring the same input: how many *different* ones arrive?",
        ),
        (
            usable.sum(1),
            "That is the number of hidden units that it may use. How many inputs do those units see together?",
        ),
        (
            place - 1,
            "So many come before it. Do the degrees in your hidden layer bring all of them up to it?",
        ),
    ]
    for wrong, message in known:
        if torch.equal(got, wrong):
            raise Mistake(f"{seen} {message}")
    raise Mistake(f"{seen} Which hidden units may it use, and which inputs do those see together?")


@made_counts.check("how many weights survive in each mask", points=2)
def weights_kept_are_right(answer: Answer, generator: np.random.Generator) -> None:
    """A unit of degree m keeps m weights below and D - m above."""
    got = reading.tensor(answer.value("weights_kept"), "`weights_kept`", shape=(2,), integers=True)
    _, degrees = own_network(answer.student)
    below, above = int(degrees.sum()), int((D - degrees).sum())
    hidden, output = got.tolist()
    if (hidden, output) == (above, below) != (below, above):
        raise Mistake(
            f"`weights_kept` is {shown(got)}: these are the right numbers the other way round. The hidden layer's first."
        )
    if hidden == D * len(degrees):
        raise Mistake(
            f"Into the hidden layer you keep all {hidden} weights. Which of them does the mask remove?"
        )
    if hidden == below - len(degrees):
        raise Mistake(
            f"Into the hidden layer you keep {hidden} weights. Take a unit of degree 1: by your count it sees nothing. "
            f"What does the inequality say when both degrees are equal?"
        )
    if hidden != below:
        raise Mistake(
            f"Into the hidden layer you keep {hidden} weights. The first unit of your layer has degree "
            f"{int(degrees[0])}: how many of the {D} inputs may it see? Then add up over the units."
        )
    if output == above + len(degrees):
        raise Mistake(
            f"Into the outputs you keep {output} weights. Take a unit of degree m: may the output at place m use it?"
        )
    if output != above:
        raise Mistake(
            f"Into the outputs you keep {output} weights. The first unit of your layer has degree "
            f"{int(degrees[0])}: how many of the {D} outputs may use it? Then add up over the units."
        )


@made_counts.check("how few hidden units are enough")
def fewest_units_are_right(answer: Answer, generator: np.random.Generator) -> None:
    """One for each degree from 1 to D - 1."""
    got = reading.integer(answer.value("fewest_units"), "`fewest_units`")
    if got == D:
        raise Mistake(
            f"{D} units would do, but one of them does nothing. What does a unit of degree {D} see, and which output may "
            f"use it?"
        )
    if got == D * (D - 1) // 2:
        raise Mistake(
            f"There are {got} pairs of an output and an earlier variable. But one unit serves many pairs: which ones does "
            f"a unit of degree 3 serve?"
        )
    if got >= D:
        raise Mistake(
            f"{got} units are more than needed. Which degrees do they have, and which of those twice?"
        )
    if got < D - 1:
        raise Mistake(
            f"With {got} hidden {'unit' if got == 1 else 'units'} some degree between 1 and {D - 1} does not occur; call "
            f"it m. How many inputs does the output at place m + 1 see then?"
        )


def _largest(usable: Tensor, degrees: Tensor) -> Tensor:
    """The largest usable degree for each output; 0 where no unit is usable."""
    return (usable * degrees).max(1).values
