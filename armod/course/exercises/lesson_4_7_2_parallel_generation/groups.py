"""Exercise 2: the groups of a multi-scale model, for images of any size."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from armod.course.exercises import Exercise

RIGHT, BELOW, DIAGONAL = (0, 1), (1, 0), (1, 1)

parallel_groups = Exercise(
    name="parallel-groups",
    number=2,
    title="From one pixel to all",
    difficulty="medium",
    minutes=15,
    names=("groups",),
    hints=(
        "Which pixels of a row of 8 are there after the first pass, after the first doubling, after the second? Write down their columns.",
        "Before a doubling the known pixels lie on a grid of spacing 2s, afterwards on one of spacing s. New are those whose row or column "
        "is an odd multiple of s. The first spacing is the smallest power of two that leaves only pixel (0, 0).",
        "With `s` going from the largest spacing down to 1: group `right` is `[0::2 * s, s::2 * s]`, `below` is `[s::2 * s, 0::2 * s]`, "
        "`diagonal` is `[s::2 * s, s::2 * s]`. An empty group still takes its number.",
    ),
)


def groups(
    height: int,
    width: int,
    *,
    sequence: Sequence[tuple[int, int]] = (RIGHT, BELOW, DIAGONAL),
    finest_first: bool = False,
    together: bool = False,
    first: int = 1,
) -> Tensor:
    """The pass ``(H, W)`` of each pixel; every option is a mistake."""
    doublings = (max(height, width) - 1).bit_length()
    spacings = [2**k for k in range(doublings)]
    found = torch.full((height, width), first)
    number = first
    for s in spacings if finest_first else spacings[::-1]:
        for row, column in sequence:
            number += not together or (row, column) == sequence[0]
            found[row * s :: 2 * s, column * s :: 2 * s] = number
    return found


def _by_smaller_side(height: int, width: int) -> Tensor:
    """As if the shorter side said how often the image is doubled."""
    short = (min(height, width) - 1).bit_length()
    everything = groups(height, width)
    begin = 3 * ((max(height, width) - 1).bit_length() - short)
    return (everything - begin).clamp(min=1)


def _skips_empty(height: int, width: int) -> Tensor:
    return torch.unique(groups(height, width), return_inverse=True)[1] + 1


def _sizes(generator: np.random.Generator) -> list[tuple[int, int]]:
    return [(4, 4), (3, int(generator.integers(6, 9))), (int(generator.integers(5, 8)), 2)]


asked_groups = parallel_groups.asks(
    groups,
    "the pass of each pixel",
    points=3,
    instances=_sizes,
    wrong={
        "The diagonal pixels come last: they see neighbours on all four sides then.": (dict(sequence=(DIAGONAL, RIGHT, BELOW)), dict(sequence=(DIAGONAL, BELOW, RIGHT))),
        "`right` comes before `below`.": dict(sequence=(BELOW, RIGHT, DIAGONAL)),
        "The three groups of a doubling come one after the other: `below` has seen `right`.": dict(together=True),
        "You begin with the finest grid. The first doubling leads from one pixel to the coarsest one.": dict(finest_first=True),
        "The first pass has the number 1.": dict(first=0),
        "The longer side says how often the grid is doubled.": _by_smaller_side,
        "A group that has no pixel in this image still has its number.": _skips_empty,
    },
    otherwise="Take an image of 4 x 4: the corner, then three groups of one pixel each, then three groups of four.",
)  # fmt: skip
parallel_groups.add(
    "one pixel, one row, 28 x 28",
    asked_groups.on(lambda generator: [(1, 1), (1, 5), (6, 1), (28, 28)]),
)
