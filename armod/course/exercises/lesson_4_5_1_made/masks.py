"""Exercise 3: the masks, for any ordering and any degrees."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from armod.course.exercises.engine import reading
from armod.course.exercises.engine.answer import Answer
from armod.course.exercises.engine.exercise import Exercise, Mistake
from armod.course.exercises.engine.showing import shown
from armod.course.exercises.lesson_4_5_1_made.instances import uneven_ordering
from armod.models.made.masks import hidden_degrees, masks, who_sees_whom
from armod.orderings import positions

made_masks = Exercise(
    name="made-masks",
    number=3,
    title="Masks for any ordering",
    difficulty="medium",
    minutes=15,
    names=("my_masks",),
    hints=(
        "A mask has one row for each unit above and one column for each unit below. Write down both degrees of one "
        "weight: may the unit above look at what the unit below has seen?",
        "The degree of variable `d` is its place in the ordering, counted from 1: variable `ordering[0]` has degree 1. "
        "`torch.argsort` turns “who comes k-th” into “when does d come”.",
        "Compare the degrees of two neighbouring layers as a column against a row, `above[:, None]` and "
        "`below[None, :]`. Between inputs and hidden layers equal degrees may connect. Ask of the last mask alone: "
        "would equal degrees let a variable see itself?",
    ),
)


@made_masks.check("one mask for each weight matrix, of the right shape")
def masks_have_the_right_shapes(answer: Answer, generator: np.random.Generator) -> None:
    """Inputs to hidden, hidden to hidden, hidden to outputs."""
    _my_masks(answer, *_instance(generator, num_layers=2))


@made_masks.check("hidden units look at what they may, and at no more", points=2)
def hidden_masks_are_right(answer: Answer, generator: np.random.Generator) -> None:
    """``above >= below`` in every mask but the last, in the natural ordering."""
    for num_layers in (1, 2):
        ordering, degrees = _instance(generator, num_layers=num_layers, natural=True)
        mine = _my_masks(answer, ordering, degrees)
        below = torch.arange(1, len(ordering) + 1)
        for layer, (got, due) in enumerate(zip(mine[:-1], masks(ordering, degrees)[:-1], strict=True)):
            wrong = torch.nonzero(got != due)
            if len(wrong):
                unit, source = wrong[0].tolist()
                raise Mistake(
                    f"For {_called(ordering, degrees)}, mask {layer} {_kept(got[unit, source])} the weight to a hidden "
                    f"unit of degree {int(degrees[layer][unit])} from {'an input' if layer == 0 else 'a unit'} of degree "
                    f"{int(below[source])}. A unit of degree m may look at everything of degree up to and including m; "
                    f"which of the two degrees belongs to the row?"
                )
            below = degrees[layer]


@made_masks.check("no output sees itself or a later variable", points=2)
def output_mask_is_strict(answer: Answer, generator: np.random.Generator) -> None:
    """The product of the masks, strictly lower-triangular in the natural ordering and nowhere emptier than it must be."""
    ordering, degrees = _instance(generator, num_layers=1, natural=True)
    mine = _my_masks(answer, ordering, degrees)
    seen = who_sees_whom([mask.long() for mask in mine]) > 0
    _refuse_leaks(seen, ordering, degrees)
    _refuse_blindness(seen, ordering, degrees)


@made_masks.check("the same holds in any ordering", points=2)
def any_ordering_will_do(answer: Answer, generator: np.random.Generator) -> None:
    """The same property where the ordering is no identity and not its own inverse."""
    for num_layers in (1, 2):
        ordering, degrees = _instance(generator, num_layers=num_layers)
        mine = _my_masks(answer, ordering, degrees)
        inverse = masks(positions(ordering), degrees)
        if all(torch.equal(got, other.long()) for got, other in zip(mine, inverse, strict=True)):
            raise Mistake(
                f"For {_called(ordering, degrees)} your masks are those of the ordering {shown(positions(ordering))}: "
                f"`ordering[k]` names the variable that comes k-th, and a mask asks when variable d comes."
            )
        seen = who_sees_whom(mine) > 0
        _refuse_leaks(seen, ordering, degrees)
        _refuse_blindness(seen, ordering, degrees)


def _instance(
    generator: np.random.Generator, *, num_layers: int, natural: bool = False
) -> tuple[Tensor, list[Tensor]]:
    """A small ordering that is no inverse of itself, and degrees in which every degree of a hidden layer occurs."""
    size = int(generator.integers(4, 6))
    ordering = torch.arange(size) if natural else uneven_ordering(generator, size)
    degrees = hidden_degrees(size, [size + 1] * num_layers, degrees="sequential")
    return ordering, [layer[torch.from_numpy(generator.permutation(size + 1))] for layer in degrees]


def _my_masks(answer: Answer, ordering: Tensor, degrees: list[Tensor]) -> list[Tensor]:
    """The learner's masks as int64 tensors of zeros and ones, their number and shapes checked."""
    reply = answer.call("my_masks", ordering, degrees)
    question = _called(ordering, degrees)
    sizes = [len(ordering), *map(len, degrees), len(ordering)]
    if not isinstance(reply, list | tuple) or len(reply) != len(sizes) - 1:
        raise Mistake(
            f"{question} gave {_amount(reply)}. A list of {len(sizes) - 1} masks is due: one for each weight matrix, "
            f"from the inputs up, the outputs' included."
        )
    found = []
    for layer, (mask, below, above) in enumerate(zip(reply, sizes[:-1], sizes[1:], strict=True)):
        what = f"Mask {layer} of {question}"
        if getattr(mask, "shape", ()) == (below, above) and below != above:
            raise Mistake(
                f"{what} has the shape {(below, above)}: one row for each unit below. A weight matrix of torch has a "
                f"row for each unit above."
            )
        read = reading.tensor(mask, what, shape=(above, below), integers=True)
        if bool(((read != 0) & (read != 1)).any()):
            raise Mistake(f"{what} is {shown(read)}; a mask holds nothing but 0 and 1.")
        found.append(read)
    return found


def _refuse_leaks(seen: Tensor, ordering: Tensor, degrees: list[Tensor]) -> None:
    rank = positions(ordering)
    for i in range(len(ordering)):
        for j in range(len(ordering)):
            if seen[i, j] and i == j:
                raise Mistake(
                    f"For {_called(ordering, degrees)} output {i} sees variable {i}: itself. Follow the path down from "
                    f"output {i}: at which layer may equal degrees not be connected?"
                )
            if seen[i, j] and rank[j] > rank[i]:
                raise Mistake(
                    f"For {_called(ordering, degrees)} output {i} sees variable {j}, which comes only later in the "
                    f"ordering. What is the degree of variable {j}, and which weight should have stopped it?"
                )


def _refuse_blindness(seen: Tensor, ordering: Tensor, degrees: list[Tensor]) -> None:
    due = who_sees_whom(masks(ordering, degrees)) > 0
    blind = torch.nonzero(due & ~seen)
    if len(blind):
        i, j = blind[0].tolist()
        raise Mistake(
            f"For {_called(ordering, degrees)} output {i} does not see variable {j}, though that comes before it and "
            f"the degrees allow a path. Masks may forbid too much: which weights on this path did yours remove?"
        )


def _called(ordering: Tensor, degrees: list[Tensor]) -> str:
    return f"`my_masks({shown(ordering)}, {shown(degrees)})`"


def _kept(entry: Tensor) -> str:
    return "keeps" if entry else "removes"


def _amount(reply: object) -> str:
    return f"a list of {len(reply)}" if isinstance(reply, list | tuple) else shown(reply)
