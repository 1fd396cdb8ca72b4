"""Exercise 7: draw observations in the model's own ordering, from given noise."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor

from armod.course.exercises.engine import reading
from armod.course.exercises.engine.answer import Answer
from armod.course.exercises.engine.draws import uneven_ordering
from armod.course.exercises.engine.exercise import Exercise, Mistake
from armod.course.exercises.engine.showing import shown
from armod.course.exercises.lesson_4_5_1_made.small_networks import (
    conditionals,
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


@made_sampling.check("bits, of the right shape")
def samples_are_bits(answer: Answer, generator: np.random.Generator) -> None:
    """Zeros and ones ``(N, *event_shape)``, for images and for a single variable too."""
    for shape in ((3,), (1, 2, 2), (1,)):
        _my_sample(answer, strong_made(generator, shape, 4), _noise(generator, 5, shape))


@made_sampling.check("each bit follows from its noise and from the bits before", points=2)
def natural_ordering_is_right(answer: Answer, generator: np.random.Generator) -> None:
    """In the natural ordering, from one variable to four."""
    for shape in ((3,), (1,), (1, 2, 2)):
        _refuse_differences(answer, strong_made(generator, shape, 6), _noise(generator, 200, shape))


@made_sampling.check("the same in any ordering", points=2)
def any_ordering_is_right(answer: Answer, generator: np.random.Generator) -> None:
    """Orderings that are not their own inverse."""
    for shape in ((4,), (5,), (1, 2, 2)):
        ordering = uneven_ordering(generator, int(np.prod(shape)))
        model = strong_made(generator, shape, 6, ordering=ordering)
        _refuse_differences(answer, model, _noise(generator, 200, shape))


def drawn(
    model: MADE,
    noise: Tensor,
    *,
    sequence: Tensor | None = None,
    noise_of: Tensor | None = None,
    keeps: Tensor | None = None,
    known: Tensor | None = None,
    blind: bool = False,
    rule: Callable[[Tensor, Tensor], Tensor] = lambda u, p: u >= 1 - p,
) -> Tensor:
    """The textbook loop on flat observations ``(N, D)``, or what becomes of it by a known mistake.

    sequence: variables in the order of drawing; the model's own if None. noise_of: the column of noise for each step.
    keeps, known: flat mask ``(D,)`` and bits ``(N, D)`` of a completion. blind: every pass sees zeros only. rule:
    where noise u and probability p make a 1.
    """
    x = torch.zeros(len(noise), model.num_variables, dtype=torch.float64)
    sequence = model.ordering if sequence is None else sequence
    for k, variable in enumerate(sequence.tolist()):
        seen = torch.zeros_like(x) if blind else x
        p = conditionals(model, seen).probs[:, variable]
        u = noise[:, k if noise_of is None else int(noise_of[k])]
        x[:, variable] = rule(u, p).double()
        if keeps is not None and known is not None and keeps[variable]:
            x[:, variable] = known[:, variable]
    return x


def explained(model: MADE, x: Tensor, noise: Tensor, *, keeps: Tensor | None = None) -> str:
    """The first bit of one observation ``(D,)`` that does not follow from its noise ``(D,)`` and the bits before it.

    keeps: mask ``(D,)`` of variables that were known and not drawn.
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


def _noise(generator: np.random.Generator, num_samples: int, shape: Sequence[int]) -> Tensor:
    return torch.from_numpy(generator.random((num_samples, int(np.prod(shape)))))


def _my_sample(answer: Answer, model: MADE, noise: Tensor) -> Tensor:
    """The learner's samples as flat float64 bits ``(N, D)``."""
    reply = answer.call("my_sample", on_the_other_side(answer, model), noise)
    shape = tuple(model.event_shape)
    what = f"`my_sample` for the event shape {shape} and noise of shape {tuple(noise.shape)}"
    found = reading.tensor(reply, what, shape=(len(noise), *shape), integers=True)
    if bool(((found != 0) & (found != 1)).any()):
        raise Mistake(f"{what} gave {shown(found[0])} among others; bits are 0 or 1.")
    return found.flatten(1).double()


def _refuse_differences(answer: Answer, model: MADE, noise: Tensor) -> None:
    got, right = _my_sample(answer, model, noise), drawn(model, noise)
    if torch.equal(got, right):
        return
    if not torch.equal(got, _my_sample(answer, model, noise)):
        raise Mistake(
            "Asked twice with the same noise, `my_sample` drew different bits. All chance is in `noise`: what else do you "
            "draw from?"
        )
    ordering, place = model.ordering, positions(model.ordering)
    natural = torch.arange(len(ordering))
    row = int((got != right).any(1).nonzero()[0])
    seen = (
        f"For the ordering {shown(ordering)} and the noise {shown(noise[row])} you drew {shown(got[row].long())}. "
        f"{explained(model, got[row], noise[row])}"
    )
    last_missing = right.clone()
    last_missing[:, ordering[-1]] = 0
    known = [
        (
            drawn(model, noise, rule=lambda u, p: p > 0.5),
            "You take the likelier bit. That is no draw: what is the noise for?",
        ),
        (
            torch.zeros_like(right),
            "All bits of all your samples are 0. Do the draws reach `x` itself, or a copy?",
        ),
        (
            drawn(model, noise, rule=lambda u, p: u < p),
            "You draw a 1 where the noise is small. That is as random, but asked is the inverse CDF: small noise gives "
            "the small level.",
        ),
        (
            drawn(model, noise, rule=lambda u, p: u < 1 - p),
            "You draw a 1 where the noise lies below P(0). There the bit is 0.",
        ),
        (
            drawn(model, noise, rule=lambda u, p: u >= p),
            "With which of the two probabilities do you compare the noise?",
        ),
        (
            drawn(model, noise, rule=lambda u, p: u >= 1 - p.logit()),
            "You compare the noise, which lies between 0 and 1, with a logit.",
        ),
        (drawn(model, noise, sequence=natural), "You seem to draw the variables as 0, 1, 2, ..."),
        (
            drawn(model, noise, sequence=place),
            "You seem to draw them as the inverse of `ordering` says: is the first variable `ordering[0]`?",
        ),
        (
            drawn(model, noise, noise_of=ordering),
            "You seem to take the noise by the variable's number: column k is for step k.",
        ),
        (
            drawn(model, noise, blind=True),
            "All your conditionals come from a pass over zeros. Which x must the pass of step k see?",
        ),
        (last_missing, "The variable that comes last is 0 in all your samples. How many steps are there?"),
    ]
    for wrong, message in known:
        if torch.equal(got, wrong):
            raise Mistake(f"{seen} {message}")
    raise Mistake(f"{seen} What did `x` hold at that moment, and which column of noise did you take?")
