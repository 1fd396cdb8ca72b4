"""Exercise 2: draw the degrees of the hidden units, so that none is wasted."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import torch
from torch import Tensor

from armod.course.exercises import Answer, Exercise, Mistake, reading, shown

made_degrees = Exercise(
    name="made-degrees",
    number=2,
    title="Degrees that waste no unit",
    difficulty="medium",
    minutes=10,
    names=("my_degrees",),
    hints=(
        "Which degree would make a unit that sees nothing? Which one would make a unit that no output may use?",
        "In the second hidden layer a unit may look at units of at most its own degree. If its degree is smaller than "
        "all degrees below it, what is left to look at?",
        "`torch.randint(low, high, (size,), generator=...)` draws from low up to high - 1, and it refuses an empty "
        "range. Begin with low = 1; after each layer, low becomes the smallest degree that was drawn.",
    ),
)

Question = tuple[int, list[int], int]


@made_degrees.check("no degree is below 1 or above D - 1", points=2)
def degrees_are_of_use(answer: Answer, generator: np.random.Generator) -> None:
    """A unit of degree 0 sees no input, one of degree D serves no output."""
    for size in generator.permutation([2, 3, 4, 5, 7]).tolist():
        question = (size, [30, 20], _seed(generator))
        for number, layer in enumerate(_my_degrees(answer, question), 1):
            lowest, highest = int(layer.min()), int(layer.max())
            if lowest < 1:
                raise Mistake(
                    f"{_called(question)} has a unit of degree {lowest} in hidden layer {number}. Which inputs may it look "
                    f"at?"
                )
            if highest >= size:
                raise Mistake(
                    f"{_called(question)} has a unit of degree {highest} in hidden layer {number}. The largest place is "
                    f"{size}: which output is strictly beyond that unit?"
                )


@made_degrees.check("no unit is cut off from all inputs", points=2)
def no_unit_is_cut_off(answer: Answer, generator: np.random.Generator) -> None:
    """No degree lies below the smallest of the layer underneath."""
    for _ in range(6):
        question = (int(generator.integers(7, 10)), [2, 3, 40], _seed(generator))
        layers = _my_degrees(answer, question)
        for number, (below, above) in enumerate(pairwise(layers), 2):
            if above.min() < below.min():
                raise Mistake(
                    f"{_called(question)} has a unit of degree {int(above.min())} in hidden layer {number}, and the degrees "
                    f"in the layer under it are {shown(below)}. Which of those units may it look at?"
                )


@made_degrees.check("every useful degree is equally likely")
def every_degree_occurs(answer: Answer, generator: np.random.Generator) -> None:
    """Uniform from the smallest degree below up to D - 1, in every layer."""
    size = int(generator.integers(5, 7))
    # in so many units a range shows that is too long by one, and one of so many first units has degree 2 or more
    for sizes in ([20_000, 20_000], *[[1, 10_000]] * 8):
        question = (size, sizes, _seed(generator))
        layers = _my_degrees(answer, question)
        lowest = 1
        for number, layer in enumerate(layers, 1):
            if len(layer) > 1:
                _refuse_uneven(layer, range(lowest, size), f"{_called(question)}, hidden layer {number}")
            lowest = int(layer.min())


@made_degrees.check("the seed decides, and nothing else")
def the_seed_decides(answer: Answer, generator: np.random.Generator) -> None:
    """The same seed gives the same degrees, another seed others."""
    question, other = (9, [30, 30], seed := _seed(generator)), (9, [30, 30], seed + 1)
    raw, _, moved = answer.watched("my_degrees", *question)
    first = _read(raw, question)
    if not all(map(torch.equal, first, _my_degrees(answer, question))):
        raise Mistake(
            f"Asked twice, {_called(question)} gave two different answers. From which generator do your numbers come, and "
            f"who else draws from it?"
        )
    if moved:
        raise Mistake(
            f"{_called(question)} seeds the global generator of `{moved[0]}`, or draws from it. Whoever calls it gets other random "
            f"numbers from then on. Where does your own `torch.Generator` come in?"
        )
    if all(map(torch.equal, first, _my_degrees(answer, other))):
        raise Mistake(
            f"{_called(question)} and {_called(other)} gave the same degrees. Where does the seed go in?"
        )
    if torch.equal(*first):
        raise Mistake(
            f"{_called(question)} gave both hidden layers the same degrees, unit for unit. How often do you make a generator, and "
            f"what does a new one with the same seed draw?"
        )


@made_degrees.check("one variable has nothing to look at")
def one_variable_works(answer: Answer, generator: np.random.Generator) -> None:
    """D = 1: every degree is 0."""
    question = (1, [3, 2], _seed(generator))
    for layer in _my_degrees(answer, question):
        if layer.any():
            raise Mistake(
                f"{_called(question)} has the degrees {shown(layer)}. A unit of degree 1 looks at the only variable there "
                f"is: whom could it tell?"
            )


def _my_degrees(answer: Answer, question: Question) -> list[Tensor]:
    """The learner's degrees as int64 tensors, their number and sizes checked."""
    return _read(answer.call("my_degrees", *question), question)


def _read(reply: Any, question: Question) -> list[Tensor]:
    sizes = question[1]
    if not isinstance(reply, list | tuple) or len(reply) != len(sizes):
        amount = (
            f"a list of {len(reply)}" if isinstance(reply, list | tuple) else "something other than a list"
        )
        raise Mistake(
            f"{_called(question)} gave {amount}; a list of {len(sizes)} tensors is due, one for each hidden layer and none for "
            f"inputs or outputs."
        )
    return [
        reading.tensor(layer, f"{_called(question)}[{number}]", shape=(size,), integers=True)
        for number, (layer, size) in enumerate(zip(reply, sizes, strict=True))
    ]


def _refuse_uneven(layer: Tensor, due: range, where: str) -> None:
    counts = torch.bincount(layer.clamp(min=0), minlength=due.stop).tolist()
    for degree in due:
        if counts[degree] == 0:
            raise Mistake(
                f"{where}: none of the {len(layer)} units has degree {degree}, though such a unit would be of use. From "
                f"which range do you draw, and are both of its ends in it?"
            )
    expected = len(layer) / len(due)
    often = {degree: counts[degree] for degree in due}
    # five standard deviations of a count: chance does not get there
    if max(abs(count - expected) for count in often.values()) > 5 * expected**0.5:
        raise Mistake(
            f"{where}: the degrees occur this often: {shown(list(often.items()))}. Each should be about as frequent as any "
            f"other. Do you move numbers after you have drawn them?"
        )


def _seed(generator: np.random.Generator) -> int:
    return int(generator.integers(1000))


def _called(question: Question) -> str:
    return f"`my_degrees({', '.join(map(shown, question))})`"
