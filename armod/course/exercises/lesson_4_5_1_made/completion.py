"""Exercise 8: keep the known pixels, draw the others, and say when that is exact."""

from __future__ import annotations

import itertools

import numpy as np
import torch
from torch import Tensor

from armod.course.exercises.engine import reading
from armod.course.exercises.engine.answer import Answer
from armod.course.exercises.engine.draws import uneven_ordering
from armod.course.exercises.engine.exercise import Exercise, Mistake
from armod.course.exercises.engine.showing import shown
from armod.course.exercises.lesson_4_5_1_made.sampling import drawn, explained
from armod.course.exercises.lesson_4_5_1_made.small_networks import on_the_other_side, strong_made
from armod.models.made import MADE
from armod.orderings import positions

made_completion = Exercise(
    name="made-completion",
    number=8,
    title="Complete a digit",
    difficulty="hard",
    minutes=20,
    names=("my_completion", "completion_is_exact"),
    hints=(
        "Take your loop of exercise 7. What changes at a variable whose value is known already?",
        "A drawn variable has looked at all that came before it in the ordering, and at nothing else. So which known "
        "variables did it miss?",
        "In step k the value is the known one where the mask is True, else the drawn one; it must be in `x` before the "
        "next pass. For the predicate bring the mask into the ordering, `mask[ordering]`: may a True follow a False?",
    ),
)


@made_completion.check("known pixels stay as they are")
def known_stay(answer: Answer, generator: np.random.Generator) -> None:
    """Whatever the mask, in any ordering."""
    for kept in ([0, 2], [1, 2, 3]):
        ordering, mask, by_step = _telling_case(generator, kept)
        model = strong_made(generator, (4,), 6, ordering=ordering)
        noise, known = _instance(generator, 4)
        got = _my_completion(answer, model, known, mask, noise)
        changed = ((got != known) & mask).nonzero()
        if len(changed):
            row, variable = changed[0].tolist()
            if torch.equal(got, drawn(model, noise, keeps=~mask, known=known)):
                question = "And all unknown ones were kept: what does True mean here?"
            elif torch.equal(got, drawn(model, noise, keeps=by_step, known=known)):
                question = "You seem to read the mask by step; its entries belong to variables, by their own numbers."
            else:
                question = "When did its value go in, and did anything overwrite it?"
            raise Mistake(
                f"For the ordering {shown(ordering)}, known was {shown(known[row].long())} with the mask {shown(mask)}; you gave "
                f"{shown(got[row].long())}. Variable {variable} was known and has changed. {question}"
            )


@made_completion.check("what comes later has seen what was known", points=2)
def known_first_is_right(answer: Answer, generator: np.random.Generator) -> None:
    """Known variables first in the ordering: the exact case, for vectors and images."""
    for shape in ((4,), (1, 2, 2)):
        ordering = uneven_ordering(generator, 4)
        mask = torch.zeros(4, dtype=torch.bool)
        mask[ordering[:2]] = True
        _refuse_differences(answer, generator, strong_made(generator, shape, 6, ordering=ordering), mask)


@made_completion.check("the same loop for any mask")
def any_mask_is_right(answer: Answer, generator: np.random.Generator) -> None:
    """Known and unknown variables mixed; none known; all known."""
    for kept in ([1, 3], [0, 2, 3], [], [0, 1, 2, 3, 4]):
        ordering = uneven_ordering(generator, 5)
        mask = torch.zeros(5, dtype=torch.bool)
        mask[ordering[kept]] = True
        _refuse_differences(answer, generator, strong_made(generator, (5,), 6, ordering=ordering), mask)


@made_completion.check("you know for which masks it is exact", points=2)
def predicate_is_right(answer: Answer, generator: np.random.Generator) -> None:
    """All masks of four variables, in the natural and in another ordering."""
    for ordering in (torch.arange(4), uneven_ordering(generator, 4), uneven_ordering(generator, 3)):
        every_mask = [torch.tensor(mask) for mask in itertools.product([False, True], repeat=len(ordering))]
        got = [_is_exact(answer, ordering, mask) for mask in every_mask]
        right = [_known_first(mask[ordering]) for mask in every_mask]
        if got == right:
            continue
        number = next(
            number for number, (mine, due) in enumerate(zip(got, right, strict=True)) if mine != due
        )
        mask = every_mask[number]
        seen = f"`completion_is_exact({shown(ordering)}, {shown(mask)})` says that it is {'' if got[number] else 'not '}exact."
        if got == [_known_first(mask) for mask in every_mask]:
            raise Mistake(
                f"{seen} So it would be in the ordering 0, 1, 2, ...; which variable comes first here?"
            )
        if got == [_known_first(mask[positions(ordering)]) for mask in every_mask]:
            raise Mistake(f"{seen} Do you read the ordering the right way round? `ordering[k]` comes k-th.")
        if not got[number]:
            raise Mistake(f"{seen} {_reassurance(mask)} Which known variable is looked at too late?")
        in_order = mask[ordering].tolist()
        unknown = in_order.index(False)
        late, early = int(ordering[in_order.index(True, unknown)]), int(ordering[unknown])
        raise Mistake(
            f"{seen} Variable {early} is drawn, and variable {late} is known. When variable {early} is drawn, has the model "
            f"looked at variable {late}?"
        )


def _is_exact(answer: Answer, ordering: Tensor, mask: Tensor) -> bool:
    """The learner's verdict on one mask."""
    reply = answer.call("completion_is_exact", ordering, mask)
    call = f"`completion_is_exact({shown(ordering)}, {shown(mask)})`"
    if isinstance(reply, Tensor) and reply.numel() == 1:
        reply = reply.item()
    if not isinstance(reply, bool | int | float) or reply not in (True, False):
        raise Mistake(f"{call} gave {shown(reply)}; one word is due for the whole mask, True or False.")
    return bool(reply)


def _known_first(in_order: Tensor) -> bool:
    """Whether no True follows a False."""
    return bool((in_order.int().diff() <= 0).all())


def _reassurance(mask: Tensor) -> str:
    if not mask.any():
        return "Nothing is known: this is plain sampling."
    if mask.all():
        return "Everything is known, and nothing is drawn."
    return "Go through the ordering step by step, and note at each drawn variable what is known by then."


def _telling_case(generator: np.random.Generator, kept: list[int]) -> tuple[Tensor, Tensor, Tensor]:
    """An ordering, a mask of the steps `kept`, and that mask misread as one of steps, which is another one."""
    while True:
        ordering = uneven_ordering(generator, 4)
        mask, by_step = torch.zeros(4, dtype=torch.bool), torch.zeros(4, dtype=torch.bool)
        mask[ordering[kept]] = True
        by_step[ordering[mask]] = True
        if not torch.equal(by_step, mask) and not torch.equal(by_step, ~mask):
            return ordering, mask, by_step


def _instance(generator: np.random.Generator, size: int) -> tuple[Tensor, Tensor]:
    """Noise and known bits ``(200, size)``; what the mask will hide of the bits is random as well."""
    noise = torch.from_numpy(generator.random((200, size)))
    return noise, torch.from_numpy(generator.integers(0, 2, (200, size)) * 1.0)


def _my_completion(answer: Answer, model: MADE, known: Tensor, mask: Tensor, noise: Tensor) -> Tensor:
    """The learner's completions as flat float64 bits ``(N, D)``; known and mask are given flat."""
    shape = tuple(model.event_shape)
    reply = answer.call(
        "my_completion",
        on_the_other_side(answer, model),
        known.view(-1, *shape),
        mask.view(shape),
        noise,
    )
    what = f"`my_completion` for the event shape {shape}"
    found = reading.tensor(reply, what, shape=(len(noise), *shape), integers=True)
    if bool(((found != 0) & (found != 1)).any()):
        raise Mistake(f"{what} gave {shown(found[0])} among others; bits are 0 or 1.")
    return found.flatten(1).double()


def _refuse_differences(answer: Answer, generator: np.random.Generator, model: MADE, mask: Tensor) -> None:
    noise, known = _instance(generator, len(mask))
    got = _my_completion(answer, model, known, mask, noise)
    right = drawn(model, noise, keeps=mask, known=known)
    if torch.equal(got, right):
        return
    ordering = model.ordering
    row = int((got != right).any(1).nonzero()[0])
    seen = (
        f"For the ordering {shown(ordering)}, the mask {shown(mask)} and known {shown(known[row].long())} you gave "
        f"{shown(got[row].long())}."
    )
    if bool(((got != known) & mask).any()):
        raise Mistake(f"{seen} Some known variable has changed, in this row or another: that comes first.")
    unused = torch.cumsum(~mask[ordering], 0) - 1
    known_mistakes = [
        (
            torch.where(mask, known, drawn(model, noise)),
            "You seem to draw all variables first and to paste the known ones in at the end. What had the drawn ones "
            "looked at?",
        ),
        (
            drawn(model, noise, sequence=torch.arange(len(mask)), keeps=mask, known=known),
            "You seem to go through the variables as 0, 1, 2, ..., whatever the model's ordering is.",
        ),
        (
            drawn(model, noise, noise_of=unused.clamp(min=0), keeps=mask, known=known),
            "Column k of the noise belongs to step k, even if an earlier step needed none.",
        ),
        (
            torch.where(mask, known, drawn(model, noise, keeps=mask, known=known, blind=True)),
            "All your conditionals come from a pass over zeros. Which x must the pass of step k see?",
        ),
    ]
    for wrong, message in known_mistakes:
        if torch.equal(got, wrong):
            raise Mistake(f"{seen} {message}")
    raise Mistake(f"{seen} {explained(model, got[row], noise[row], keeps=mask)}")
