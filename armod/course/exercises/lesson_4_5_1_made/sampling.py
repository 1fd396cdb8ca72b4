"""Exercise 7: draw observations in the model's own ordering, from given noise."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from math import prod
from typing import Any

import numpy as np
import torch
from torch import Tensor

from armod.course.exercises import Answer, Exercise, Mistake, reading, shown
from armod.course.exercises.engine.draws import uneven_ordering
from armod.course.exercises.lesson_4_5_1_made.small_networks import (
    conditionals,
    every_probability,
    on_the_other_side,
    strong_made,
)
from armod.models.made import MADE
from armod.orderings import positions

made_sampling = Exercise(
    name="made-sampling",
    number=7,
    title="Sample in a random ordering",
    difficulty="medium",
    minutes=15,
    names=("my_sample",),
    hints=(
        "One pass gives the conditionals of all variables. After the first pass you may believe just one of them. Which?",
        "Begin with zeros. In step k: a pass over what you have so far, the conditional of variable `ordering[k]`, one "
        "draw by `noise[:, k]`, and the bit goes to its place before the next pass.",
        "`model.conditionals(x).probs.flatten(1)[:, d]` is the probability of a 1. The bit is 0 on the first P(0) = 1 - p "
        "of the way from 0 to 1. `x.flatten(1)[:, d] = ...` writes into `x` itself.",
    ),
)


Case = tuple[MADE, Tensor]


def my_sample(
    model: MADE,
    noise: Tensor,
    *,
    sequence: Callable[[Tensor], Tensor] = lambda ordering: ordering,
    noise_of: Callable[[Tensor], Tensor] = lambda ordering: torch.arange(len(ordering)),
    keeps: Tensor | None = None,
    known: Tensor | None = None,
    blind: bool = False,
    rule: Callable[[Tensor, Tensor], Tensor] = lambda u, p: u >= 1 - p,
    num_steps: int | None = None,
) -> Tensor:
    """The textbook loop, or a completion by it; the other options are mistakes.

    What a pass over x would give is looked up in a table of all observations: a model is asked for it once, not in each step.

    Args:
        model: the model.
        noise: uniform numbers ``(N, D)``.
        sequence: the variables in the order of drawing, from the ordering.
        noise_of: the column of noise for each step, from the ordering.
        keeps: flat mask ``(D,)`` of the known bits of a completion.
        known: bits ``(N, D)`` of a completion.
        blind: whether every pass sees zeros only.
        rule: where noise u and probability p make a 1.
        num_steps: all if None, all but the last if -1.

    Returns:
        Observations ``(N, *event_shape)``.
    """
    x = torch.zeros(len(noise), model.num_variables, dtype=torch.float64)
    table, powers = every_probability(model), 2.0 ** torch.arange(model.num_variables - 1, -1, -1).double()
    columns = noise_of(model.ordering).tolist()
    for k, variable in enumerate(sequence(model.ordering).tolist()[:num_steps]):
        p = table[(torch.zeros_like(x) if blind else x).mv(powers).long(), variable]
        x[:, variable] = rule(noise[:, columns[k]], p).double()
        if keeps is not None and known is not None and keeps[variable]:
            x[:, variable] = known[:, variable]
    return x.view(-1, *model.event_shape)


def read_bits(reply: Any, what: str, right: Tensor) -> Tensor:
    """Zeros and ones ``(N, *event_shape)``."""
    found = reading.tensor(reply, what, shape=right.shape, integers=True)
    if bool(((found != 0) & (found != 1)).any()):
        raise Mistake(f"{what} gave {shown(found[0])} among others; bits are 0 or 1.")
    return found


def explained(model: MADE, x: Tensor, noise: Tensor, *, keeps: Tensor | None = None) -> str:
    """Look for the first bit that does not follow from its noise and the bits before it.

    Args:
        model: the model.
        x: one observation ``(D,)``.
        noise: its uniform numbers ``(D,)``.
        keeps: mask ``(D,)`` of variables that were known and not drawn.

    Returns:
        A sentence about this bit, or that there is none.
    """
    probs = conditionals(model, x.unsqueeze(0)).probs[0]
    for k, variable in enumerate(model.ordering.tolist()):
        zero, u, bit = 1 - float(probs[variable]), float(noise[k]), int(x[variable])
        is_drawn = keeps is None or not keeps[variable]
        if is_drawn and bit != (u >= zero):
            return (
                f"Step {k} draws variable {variable}: given your bits before it, P(0) = {zero:.3f}; the noise is {u:.3f}, and "
                f"you drew a {bit}."
            )
    return "Each bit follows from its noise."


def _cases(generator: np.random.Generator, *shapes: tuple[int, ...], natural: bool = False) -> Iterator[Case]:
    """Models in orderings that are not their own inverse, and 60 rows of noise."""
    for shape in shapes:
        ordering = None if natural else uneven_ordering(generator, prod(shape))
        model = strong_made(generator, shape, 6, ordering=ordering)
        yield model, torch.from_numpy(generator.random((60, prod(shape))))


def _seen(got: Tensor, right: Tensor, model: MADE, noise: Tensor) -> str:
    mine = got.flatten(1)
    row = int((mine != right.flatten(1)).any(1).nonzero()[0])
    return (
        f"For the ordering {shown(model.ordering)} and the noise {shown(noise[row])} you drew {shown(mine[row].long())}. "
        f"{explained(model, mine[row].double(), noise[row])}"
    )


asked_sample = made_sampling.asks(
    my_sample,
    instances=lambda generator: _cases(generator, (4,), (1, 2, 2)),
    ask=lambda answer, model, noise: answer.call("my_sample", on_the_other_side(answer, model), noise),
    called=lambda model, noise: f"`my_sample` for the event shape {tuple(model.event_shape)} and noise of shape {tuple(noise.shape)}",
    read=read_bits,
    seen=_seen,
    wrong={
        "You take the likelier bit. That is no draw: what is the noise for?": dict(rule=lambda u, p: p > 0.5),
        "All bits of all your samples are 0. Do the draws reach `x` itself, or a copy?": dict(num_steps=0),
        "You draw a 1 where the noise is small. That is just as random, but the question asks for the inverse CDF: small noise gives the small level.": dict(rule=lambda u, p: u < p),
        "You draw a 1 where the noise lies below P(0). There the bit is 0.": dict(rule=lambda u, p: u < 1 - p),
        "With which of the two probabilities do you compare the noise?": dict(rule=lambda u, p: u >= p),
        "You compare the noise, which lies between 0 and 1, with a logit.": dict(rule=lambda u, p: u >= 1 - p.logit()),
        "You seem to draw the variables as 0, 1, 2, ...": dict(sequence=lambda ordering: torch.arange(len(ordering))),
        "You seem to draw them as the inverse of `ordering` says: is the first variable `ordering[0]`?": dict(sequence=positions),
        "You seem to take the noise by the variable's number: column k is for step k.": dict(noise_of=lambda ordering: ordering),
        "All your conditionals come from a pass over zeros. Which x must the pass of step k see?": dict(blind=True),
        "The variable that comes last is 0 in all your samples. How many steps are there?": dict(num_steps=-1),
    },
    otherwise="What did `x` hold at that moment, and which column of noise did you take?",
)  # fmt: skip


@made_sampling.check("bits, of the right shape")
def samples_are_bits(answer: Answer, generator: np.random.Generator) -> None:
    """Zeros and ones ``(N, *event_shape)``, for images and for a single variable too."""
    for case in _cases(generator, (3,), (1, 2, 2), (1,), natural=True):
        asked_sample.reply(answer, *case)


@made_sampling.check("each bit follows from its noise and from the bits before", points=2)
def natural_ordering_is_right(answer: Answer, generator: np.random.Generator) -> None:
    """In the natural ordering, from one variable to four."""
    for case in _cases(generator, (3,)):
        if not torch.equal(*(asked_sample.reply(answer, *case) for _ in range(2))):
            raise Mistake(
                "Asked twice with the same noise, `my_sample` drew different bits. All chance is in `noise`: what else do you "
                "draw from?"
            )
    asked_sample.on(lambda generator: _cases(generator, (3,), (1,), (1, 2, 2), natural=True))(
        answer, generator
    )


made_sampling.add("the same in any ordering", asked_sample.examine, points=2)
