"""Exercise 3: iterate whole passes until nothing changes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from math import prod

import numpy as np
import torch
from torch import Tensor

from armod.course.exercises import Answer, Exercise, Mistake
from armod.course.exercises.engine.draws import uneven_ordering
from armod.course.exercises.lesson_4_5_1_made.small_networks import (
    conditionals,
    on_the_other_side,
    strong_made,
)
from armod.models.made import MADE

caching_fixed_point = Exercise(
    name="caching-fixed-point",
    number=3,
    title="Guess all, draw all",
    difficulty="medium",
    minutes=15,
    names=("fixed_point",),
    hints=(
        "A pass gives all conditionals at once. Draw every variable from its own conditional, with its own noise. What do "
        "you give to the next pass?",
        "Begin with zeros. In each pass: conditionals of the levels so far, all draws at once, compare with the levels "
        "before. The noise stays the same in all passes; otherwise there is nothing to converge to.",
        "Column k of `noise` belongs to variable `ordering[k]`: `at_variable[:, model.ordering] = noise`. Then `drawn = "
        "(at_variable >= 1 - p)`; stop where `torch.equal(drawn, x)`, after you have counted this pass.",
    ),
)

Result = tuple[Tensor, int]


def fixed_point(
    model: MADE,
    noise: Tensor,
    *,
    start: float = 0.0,
    at_variable: Callable[[Tensor, Tensor], Tensor] = lambda noise, ordering: noise[:, ordering.argsort()],
    rule: Callable[[Tensor, Tensor], Tensor] = lambda u, p: u >= 1 - p,
    most: int | None = None,
    is_done: Callable[[Tensor, Tensor], bool] = torch.equal,
    counts: Callable[[int], int] = lambda passes: passes,
) -> Result:
    """Jacobi's iteration; the options are mistakes.

    Args:
        model: the model.
        noise: uniform numbers ``(N, D)`` in the order of generation.
        start: the level at which all variables begin.
        at_variable: brings noise to its variables.
        rule: where noise u and probability p make a 1.
        most: the most passes, if there is a limit.
        is_done: whether to stop, from the levels after and before a pass.
        counts: what is said of the number of passes.

    Returns:
        Levels ``(N, *event_shape)``, and how many passes there were, with the one that changed nothing.
    """
    x = torch.full((len(noise), model.num_variables), start, dtype=torch.float64)
    uniform, passes, done = at_variable(noise, model.ordering), 0, False
    while not done and passes < (most or model.num_variables + 1):
        drawn = rule(uniform, conditionals(model, x).probs).double()
        x, passes, done = drawn, passes + 1, is_done(drawn, x)
    return x.view(-1, *model.event_shape), counts(passes)


def _cases(
    generator: np.random.Generator, *shapes: tuple[int, ...], num: int = 4
) -> Iterator[tuple[MADE, Tensor]]:
    for shape in shapes:
        size = prod(shape)
        ordering = uneven_ordering(generator, size) if size > 2 else None
        model = strong_made(generator, shape, 2 * size, ordering=ordering)
        yield model, torch.from_numpy(generator.random((num, size)))


def _seen(got: Result, right: Result, model: MADE, noise: Tensor) -> str:
    if torch.equal(got[0].double(), right[0].double()):
        return f"The levels are right, but you counted {got[1]} passes where there are {right[1]}."
    wrong = (got[0].double() != right[0].double()).flatten(1)[:, model.ordering]
    place = int(wrong.any(0).nonzero()[0])
    return (
        f"For the ordering {model.ordering.tolist()} your level of the variable that comes {place}-th, counted from 0, is not what the "
        f"slow loop draws from the same noise."
    )


asked_fixed_point = caching_fixed_point.asks(
    fixed_point,
    "the sample of the slow loop, and the number of passes",
    points=3,
    instances=lambda generator: _cases(generator, (9,), (1, 3, 3), (8,)),
    ask=lambda answer, model, noise: answer.call("fixed_point", on_the_other_side(answer, model), noise),
    called=lambda model, noise: f"`fixed_point` for the event shape {tuple(model.event_shape)} and noise of shape {tuple(noise.shape)}",
    seen=_seen,
    wrong={
        "That is what a single pass draws, from zeros. What do its levels say to the next pass?": dict(most=1),
        "You stop as soon as some row does not change any more. The others are not done yet.": dict(is_done=lambda new, old: bool((new == old).all(1).any())),
        "You seem to compare the number of ones, and not the levels themselves.": dict(is_done=lambda new, old: bool(new.sum() == old.sum())),
        "Column k of the noise is for the variable that comes k-th, and not for variable k.": dict(at_variable=lambda noise, ordering: noise),
        "The noise goes the wrong way round: which variable does column k belong to?": dict(at_variable=lambda noise, ordering: noise[:, ordering]),
        "You take the likelier bit. What is the noise for?": dict(rule=lambda u, p: p > 0.5),
        "You draw a 1 where the noise is small. The inverse CDF gives the small level for small noise.": dict(rule=lambda u, p: u < p),
        "The last pass, which changed nothing, counts as well: without it you would not know that you are done.": dict(counts=lambda passes: passes - 1),
        "You make as many passes as there are variables. Where nothing changes any more you may stop.": dict(is_done=lambda new, old: False, most=9),
    },
    otherwise="Does every pass draw all variables, with the same noise, from the levels of the pass before?",
)  # fmt: skip


@caching_fixed_point.check("never more than D + 1 passes")
def it_ends(answer: Answer, generator: np.random.Generator) -> None:
    """Also for one variable, in so many rows that some draw a 1, and for many rows at once."""
    for model, noise in (*_cases(generator, (1,), num=40), *_cases(generator, (6,), num=100)):
        passes = int(asked_fixed_point.reply(answer, model, noise)[1])
        limit = model.num_variables + 1
        if not 1 <= passes <= limit:
            raise Mistake(
                f"You counted {passes} passes for {model.num_variables} variables. Each pass makes one more variable final at "
                f"least, and the last one changes nothing: there are {limit} at most. {asked_fixed_point.why(answer, generator)}"
            )
