"""Exercise 8: keep the known pixels, draw the others, and say when that is exact."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from armod.course.exercises import Answer, Exercise, Mistake, shown
from armod.course.exercises.engine.draws import bits, uneven_ordering
from armod.course.exercises.lesson_4_5_1_made.sampling import explained, my_sample, read_bits
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


Case = tuple[MADE, Tensor, Tensor, Tensor]


def my_completion(model: MADE, known: Tensor, mask: Tensor, noise: Tensor, **mistakes: Any) -> Tensor:
    """The loop of exercise 7, in which known variables keep their values."""
    return my_sample(model, noise, keeps=mask.flatten(), known=known.flatten(1), **mistakes)


def completion_is_exact(ordering: Tensor, mask: Tensor) -> bool:
    """Whether no True follows a False in the ordering."""
    return bool((mask[ordering].int().diff() <= 0).all())


def _cases(
    generator: np.random.Generator, *known_steps: Sequence[int], shape: tuple[int, ...] = (4,)
) -> Iterator[Case]:
    """Models, known bits, masks by which these steps of the ordering are known, and 60 rows of noise.

    What the mask hides of the known bits is random as well.
    """
    size = int(np.prod(shape))
    for steps in known_steps:
        ordering = uneven_ordering(generator, size)
        mask = torch.zeros(size, dtype=torch.bool)
        mask[ordering[list(steps)]] = True
        known, noise = bits(generator, 60, size), torch.from_numpy(generator.random((60, size)))
        yield (
            strong_made(generator, shape, 6, ordering=ordering),
            known.view(-1, *shape),
            mask.view(shape),
            noise,
        )


def _known_first(generator: np.random.Generator) -> Iterator[Case]:
    """The exact case, for vectors and images."""
    for shape in ((4,), (1, 2, 2)):
        yield from _cases(generator, [0, 1], shape=shape)


def _any_mask(generator: np.random.Generator) -> Iterator[Case]:
    """Known and unknown variables mixed; none known; all known."""
    yield from _cases(generator, [1, 3], [0, 2, 3], [], range(5), shape=(5,))


def _by_step(model: MADE, known: Tensor, mask: Tensor, noise: Tensor) -> Tensor:
    steps = torch.empty_like(mask.flatten())
    steps[model.ordering] = mask.flatten()
    return my_completion(model, known, steps, noise)


def _noise_for_drawn(model: MADE, known: Tensor, mask: Tensor, noise: Tensor) -> Tensor:
    def column(ordering: Tensor) -> Tensor:
        return ((~mask.flatten()[ordering]).cumsum(0) - 1).clamp(min=0)

    return my_completion(model, known, mask, noise, noise_of=column)


def _seen(got: Tensor, right: Tensor, model: MADE, known: Tensor, mask: Tensor, noise: Tensor) -> str:
    mine, given, keeps = got.flatten(1).double(), known.flatten(1), mask.flatten()
    changed = ((mine != given) & keeps).nonzero()
    row = int(changed[0, 0] if len(changed) else (mine != right.flatten(1)).any(1).nonzero()[0])
    seen = (
        f"For the ordering {shown(model.ordering)}, the mask {shown(keeps)} and known {shown(given[row].long())} you gave "
        f"{shown(mine[row].long())}."
    )
    if len(changed):
        return f"{seen} Variable {int(changed[0, 1])} was known and has changed."
    return f"{seen} {explained(model, mine[row], noise[row], keeps=keeps)}"


asked_completion = made_completion.asks(
    my_completion,
    instances=lambda generator: _cases(generator, [0, 2], [1, 2, 3], [1]),
    ask=lambda answer, model, *rest: answer.call("my_completion", on_the_other_side(answer, model), *rest),
    called=lambda model, *_: f"`my_completion` for the event shape {tuple(model.event_shape)}",
    read=read_bits,
    seen=_seen,
    wrong={
        "And all unknown ones were kept: what does True mean here?": lambda model, known, mask, noise: my_completion(model, known, ~mask, noise),
        "You seem to read the mask by step; its entries belong to variables, by their own numbers.": _by_step,
        "When did its value go in, and did anything overwrite it?": lambda model, known, mask, noise: my_sample(model, noise),
        "You seem to draw all variables first and to paste the known ones in at the end. What did the drawn ones look at?": lambda model, known, mask, noise: torch.where(mask, known, my_sample(model, noise)),
        "You seem to go through the variables as 0, 1, 2, ..., whatever the model's ordering is.": dict(sequence=lambda ordering: torch.arange(len(ordering))),
        "Column k of the noise belongs to step k, even if an earlier step needed none.": _noise_for_drawn,
        "All your conditionals come from a pass over zeros. Which x must the pass of step k see?": dict(blind=True),
    },
    otherwise="Go through the ordering step by step: at a known variable, what must be in `x` before the next pass?",
)  # fmt: skip


@made_completion.check("known pixels stay as they are")
def known_stay(answer: Answer, generator: np.random.Generator) -> None:
    """Whatever the mask, in any ordering."""
    for case in _cases(generator, [0, 2], [1, 2, 3]):
        got = asked_completion.reply(answer, *case)
        right = my_completion(*case)
        _, known, mask, _ = case
        if bool(((got != known) & mask).any()):
            raise Mistake(f"{_seen(got, right, *case)} {asked_completion.why(answer, generator)}")


made_completion.add("what comes later has seen what was known", asked_completion.on(_known_first), points=2)
made_completion.add("the same loop for any mask", asked_completion.on(_any_mask))


def _every_mask(generator: np.random.Generator) -> Iterator[tuple[Tensor, Tensor]]:
    """All masks of four variables, in the natural and in another ordering, and of three."""
    for ordering in (torch.arange(4), uneven_ordering(generator, 4), uneven_ordering(generator, 3)):
        for mask in itertools.product([False, True], repeat=len(ordering)):
            yield ordering, torch.tensor(mask)


def _read_word(reply: Any, what: str, right: bool) -> bool:
    if isinstance(reply, Tensor) and reply.numel() == 1:
        reply = reply.item()
    if not isinstance(reply, bool | int | float) or reply not in (True, False):
        raise Mistake(f"{what} gave {shown(reply)}; one word is due for the whole mask, True or False.")
    return bool(reply)


def _where_to_look(got: bool, right: bool, ordering: Tensor, mask: Tensor) -> str:
    in_order = mask[ordering].tolist()
    if got:
        unknown = in_order.index(False)
        late, early = int(ordering[in_order.index(True, unknown)]), int(ordering[unknown])
        return (
            f"Variable {early} is drawn, and variable {late} is known. When variable {early} is drawn, has the model looked at "
            f"variable {late}?"
        )
    if not mask.any():
        return "Nothing is known: this is plain sampling. Which known variable is looked at too late?"
    if mask.all():
        return "Everything is known, and nothing is drawn. Which known variable is looked at too late?"
    return "Go through the ordering step by step, and note at each drawn variable what is known by then. Which known variable is looked at too late?"


made_completion.asks(
    completion_is_exact,
    "you know for which masks it is exact",
    points=2,
    instances=_every_mask,
    called=lambda ordering, mask: f"`completion_is_exact({shown(ordering)}, {shown(mask)})`",
    read=_read_word,
    seen=lambda got, right, ordering, mask: f"`completion_is_exact({shown(ordering)}, {shown(mask)})` says that it is {'' if got else 'not '}exact.",
    wrong={
        "That would be so in the ordering 0, 1, 2, ...; which variable comes first here?": lambda ordering, mask: completion_is_exact(torch.arange(len(mask)), mask),
        "Do you read the ordering the right way round? `ordering[k]` comes k-th.": lambda ordering, mask: completion_is_exact(positions(ordering), mask),
    },
    otherwise=_where_to_look,
)  # fmt: skip
