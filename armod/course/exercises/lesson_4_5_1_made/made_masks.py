"""Exercise 3: the masks, for any ordering and any degrees."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from torch import Tensor

from armod.course.exercises import Answer, Exercise, Mistake, reading, shown
from armod.course.exercises.engine.draws import uneven_ordering
from armod.models.made.masks import hidden_degrees, who_sees_whom
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


Comparison = Callable[[Tensor, Tensor], Tensor]
Case = tuple[Tensor, list[Tensor]]


def my_masks(
    ordering: Tensor,
    degrees: Sequence[Tensor],
    *,
    rank: Callable[[Tensor], Tensor] = positions,
    hidden: Comparison = torch.ge,
    output: Comparison = torch.gt,
) -> list[Tensor]:
    """One mask for each weight matrix; every option is a mistake."""
    inputs = rank(ordering) + 1
    below_hidden = [hidden(above[:, None], below) for below, above in pairwise([inputs, *degrees])]
    return [mask.long() for mask in (*below_hidden, output(inputs[:, None], degrees[-1]))]


def _case(generator: np.random.Generator, num_layers: int, *, natural: bool = False) -> Case:
    """A small ordering that is no inverse of itself, and degrees in which every degree of a hidden layer occurs."""
    size = int(generator.integers(4, 6))
    ordering = torch.arange(size) if natural else uneven_ordering(generator, size)
    degrees = hidden_degrees(size, [size + 1] * num_layers, degrees="sequential")
    return ordering, [layer[torch.from_numpy(generator.permutation(size + 1))] for layer in degrees]


def _read(reply: Any, what: str, right: list[Tensor]) -> list[Tensor]:
    """Masks of zeros and ones, their number and shapes checked."""
    if not isinstance(reply, list | tuple) or len(reply) != len(right):
        amount = f"a list of {len(reply)}" if isinstance(reply, list | tuple) else shown(reply)
        raise Mistake(
            f"{what} gave {amount}. A list of {len(right)} masks is due: one for each weight matrix, from the inputs up, the "
            f"outputs' included."
        )
    found = []
    for layer, (mask, due) in enumerate(zip(reply, right, strict=True)):
        about = f"Mask {layer} of {what}"
        if getattr(mask, "shape", ()) == due.T.shape != due.shape:
            raise Mistake(
                f"{about} has the shape {tuple(due.T.shape)}: one row for each unit below. A weight matrix of torch has a row "
                f"for each unit above."
            )
        read = reading.tensor(mask, about, shape=due.shape, integers=True)
        if bool(((read != 0) & (read != 1)).any()):
            raise Mistake(f"{about} is {shown(read)}; a mask holds nothing but 0 and 1.")
        found.append(read)
    return found


asked_masks = made_masks.asks(
    my_masks,
    instances=lambda generator: [_case(generator, 1), _case(generator, 2)],
    called=lambda ordering, degrees: f"`my_masks({shown(ordering)}, {shown(degrees)})`",
    read=_read,
    wrong={
        "Follow the path down from an output to its own variable: at which layer may equal degrees not be connected?": dict(output=torch.ge),
        "A hidden unit of degree m may look at everything of degree up to and including m.": dict(hidden=torch.gt),
        "You seem to read the ordering as its inverse: `ordering[k]` names the variable that comes k-th, and a mask asks when variable d comes.": dict(rank=lambda ordering: ordering),
        "Your masks are those of the natural ordering, whatever the ordering is.": dict(rank=lambda ordering: torch.arange(len(ordering))),
    },
    otherwise="Write a degree on each unit, and follow that path from layer to layer: which comparison of two degrees is wrong?",
)  # fmt: skip


@made_masks.check("one mask for each weight matrix, of the right shape")
def masks_have_the_right_shapes(answer: Answer, generator: np.random.Generator) -> None:
    """Inputs to hidden, hidden to hidden, hidden to outputs."""
    asked_masks.reply(answer, *_case(generator, 2))


@made_masks.check("hidden units look at what they may, and at no more", points=2)
def hidden_masks_are_right(answer: Answer, generator: np.random.Generator) -> None:
    """``above >= below`` in every mask but the last, in the natural ordering."""
    for num_layers in (1, 2):
        ordering, degrees = _case(generator, num_layers, natural=True)
        mine, right = asked_masks.reply(answer, ordering, degrees), my_masks(ordering, degrees)
        below = torch.arange(1, len(ordering) + 1)
        for layer, (got, due) in enumerate(zip(mine[:-1], right[:-1], strict=True)):
            wrong = torch.nonzero(got != due)
            if len(wrong):
                unit, source = wrong[0].tolist()
                raise Mistake(
                    f"For {asked_masks.call_in_words(ordering, degrees)}, mask {layer} {'keeps' if got[unit, source] else 'removes'} "
                    f"the weight to a hidden unit of degree {int(degrees[layer][unit])} from {'a unit' if layer else 'an input'} of "
                    f"degree {int(below[source])}. Which of the two degrees belongs to the row? {asked_masks.why(answer, generator)}"
                )
            below = degrees[layer]


@made_masks.check("no output sees itself or a later variable", points=2)
def output_mask_is_strict(answer: Answer, generator: np.random.Generator) -> None:
    """The product of the masks, strictly lower-triangular in the natural ordering and nowhere emptier than it must be."""
    _refuse_wrong_paths(answer, generator, _case(generator, 1, natural=True))


@made_masks.check("the same holds in any ordering", points=2)
def any_ordering_will_do(answer: Answer, generator: np.random.Generator) -> None:
    """The same property where the ordering is no identity and not its own inverse."""
    for num_layers in (1, 2):
        _refuse_wrong_paths(answer, generator, _case(generator, num_layers))


def _refuse_wrong_paths(answer: Answer, generator: np.random.Generator, case: Case) -> None:
    """Which output sees which variable, by the product of the masks."""
    rank = positions(case[0])
    seen, due = (who_sees_whom(masks) > 0 for masks in (asked_masks.reply(answer, *case), my_masks(*case)))
    leaks, blind = (seen & (rank[:, None] <= rank)).nonzero(), (due & ~seen).nonzero()
    if not len(leaks) and not len(blind):
        return
    i, j = (leaks if len(leaks) else blind)[0].tolist()
    what = f"output {i} does not see variable {j}, though that comes before it and the degrees allow a path"
    if len(leaks):
        what = f"output {i} sees variable {j}{': itself' if i == j else ', which comes only later in the ordering'}"
    raise Mistake(f"For {asked_masks.call_in_words(*case)} {what}. {asked_masks.why(answer, generator)}")
