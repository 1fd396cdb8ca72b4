"""Exercise 1: what one new sample costs a dilated stack that keeps nothing, and what must be kept."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from armod.course.exercises import Exercise

caching_work = Exercise(
    name="caching-work",
    number=1,
    title="Computed again and again",
    difficulty="easy",
    minutes=8,
    names=("columns_naive", "columns_kept"),
    hints=(
        "Draw the stack of dilations 1, 2, 4, and begin at the top: one column of the top layer is needed. Which columns does "
        "it read of the layer below?",
        "A layer with dilation d reads each column that it needs at two steps: its own, and d before. Go from the top down, and "
        "keep a set of steps: what is needed twice is computed once.",
        "`steps = {0}`; for the layers from the top: note `len(steps)`, then `steps = {s + back for s in steps for back in (0, "
        "d)}`. What a layer keeps: the input that it will want `d` steps later, and all younger ones.",
    ),
)


def columns_naive(
    dilations: list[int],
    *,
    onward: Callable[[set[int], int], set[int]] = lambda steps, d: steps.union(map(d.__add__, steps)),
    from_top: bool = True,
    before: bool = True,
) -> list[int]:
    """From the top down, the steps at which each layer is needed; every option is a mistake."""
    steps, found = {0}, []
    for dilation in reversed(dilations) if from_top else dilations:
        if before:
            found.append(len(steps))
        steps = onward(steps, dilation)
        if not before:
            found.append(len(steps))
    return found[::-1] if from_top else found


def _paths(dilations: list[int]) -> list[int]:
    return [2 ** (len(dilations) - 1 - layer) for layer in range(len(dilations))]


def _stretch(dilations: list[int]) -> list[int]:
    return [1 + sum(dilations[layer + 1 :]) for layer in range(len(dilations))]


def columns_kept(dilations: list[int]) -> list[int]:
    """A layer with dilation d wants what it read d steps ago, and meanwhile it must not forget the younger ones."""
    return list(dilations)


def _stacks(generator: np.random.Generator) -> list[tuple[list[int]]]:
    """Stacks in which steps coincide, and one that doubles."""
    return [([1, 2, 4],), (generator.integers(1, 4, 4).tolist(),), (generator.integers(1, 6, 3).tolist(),)]


caching_work.asks(
    columns_naive,
    "what a sample costs when nothing is kept",
    points=2,
    instances=_stacks,
    wrong={
        "That is right the other way round: the list begins with the lowest layer.": lambda dilations: columns_naive(dilations)[::-1],
        "Those are the paths. Two of them may meet at one step of a layer, and its column is computed once.": _paths,
        "That is how wide the stretch is. Which of the steps in it does the layer above really read?": _stretch,
        "You seem to begin at the lowest layer, as if one column of it were needed. Where does a new sample come out?": dict(from_top=False),
        "Those are the columns that each layer *reads*. How many of its own does it compute?": dict(before=False),
        "One column of each layer is what a cached step computes. What is needed if nothing is there?": lambda dilations: [1] * len(dilations),
    },
    otherwise="Take the top layer alone, then the two upper layers: which steps of the lower one does the upper one read?",
)  # fmt: skip
caching_work.asks(
    columns_kept,
    "what must be kept instead",
    instances=_stacks,
    wrong={
        "One column is what a layer wants next. But what does it want in the step after that?": lambda dilations: [1] * len(dilations),
        "One place less would do: the newest input comes in as the oldest goes out.": lambda dilations: [d + 1 for d in dilations],
        "One place is missing: what came in `d` steps ago would have been overwritten one step too early.": lambda dilations: [d - 1 for d in dilations],
        "You count the whole stack below. A layer reads only the layer right below it.": lambda dilations: np.cumsum(dilations).tolist(),
        "Those are what a sample costs without a cache.": columns_naive,
    },
    otherwise="A layer has just read its input of step t. Until which step must somebody remember it?",
)  # fmt: skip
