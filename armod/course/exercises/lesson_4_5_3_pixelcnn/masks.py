"""Exercise 1: masks A and B over a filter of any odd height and width."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import torch
from torch import Tensor

from armod.course.exercises.engine import reading
from armod.course.exercises.engine.answer import Answer
from armod.course.exercises.engine.exercise import Exercise, Mistake
from armod.course.exercises.engine.showing import shown

pixelcnn_masks = Exercise(
    name="pixelcnn-masks",
    number=1,
    title="Masks A and B",
    difficulty="easy",
    minutes=4,
    names=("my_mask",),
    hints=(
        "Draw a filter of 3 rows and 5 columns, put your finger on its centre, and cross out what you have not read yet.",
        "Three parts stay or go as one: the rows above the centre, what lies left of it in its own row, the centre itself. "
        "The middle row is number `height // 2`, the middle column number `width // 2`.",
        "Begin with `torch.zeros(height, width, dtype=torch.bool)`, and set the three parts by slices; the centre is True "
        'for "B" only.',
    ),
)


@pixelcnn_masks.check("3×3, both types")
def small_squares_are_right(answer: Answer, generator: np.random.Generator) -> None:
    """The masks of the lesson."""
    for mask_type in "AB":
        _compare(answer, 3, 3, mask_type)


@pixelcnn_masks.check("any odd square, 1×1 included")
def squares_are_right(answer: Answer, generator: np.random.Generator) -> None:
    """From a single weight to a large filter."""
    for size, mask_type in product((1, 5, 7), "AB"):
        _compare(answer, size, size, mask_type)


@pixelcnn_masks.check("filters that are no squares")
def rectangles_are_right(answer: Answer, generator: np.random.Generator) -> None:
    """Wide, high, a single row, a single column."""
    for (height, width), mask_type in product(((3, 5), (5, 3), (1, 5), (7, 1)), "AB"):
        _compare(answer, height, width, mask_type)


def pixel_taps(height: int, width: int, mask_type: str) -> Tensor:
    """The boolean mask ``(height, width)``, written by the raster alone: which taps come before the centre?"""
    taps = torch.arange(height * width).view(height, width)
    centre = taps[height // 2, width // 2]
    return taps <= centre if mask_type == "B" else taps < centre


def as_mask(reply: Any, what: str, shape: tuple[int, ...]) -> Tensor:
    """The reply as a boolean mask of this shape; Mistake for anything else."""
    found = reading.tensor(reply, what, shape=shape, integers=True)
    if bool(((found != 0) & (found != 1)).any()):
        raise Mistake(
            f"{what} is {shown(found)}. A mask holds True and False, or ones and zeros, and nothing else."
        )
    return found.bool()


def where_it_lies(rows: int, columns: int) -> str:
    """A tap's place in words, seen from the centre: rows count downwards, columns to the right."""
    if rows == columns == 0:
        return "the centre"
    parts = []
    if rows:
        parts.append(f"{abs(rows)} row{'s' * (abs(rows) > 1)} {'below' if rows > 0 else 'above'}")
    if columns:
        side = "to the right" if columns > 0 else "to the left"
        parts.append(f"{abs(columns)} column{'s' * (abs(columns) > 1)} {side}")
    return "the tap " + " and ".join(parts)


def _compare(answer: Answer, height: int, width: int, mask_type: str) -> None:
    call = f'`my_mask({height}, {width}, "{mask_type}")`'
    got = as_mask(answer.call("my_mask", height, width, mask_type), call, (height, width))
    right = pixel_taps(height, width, mask_type)
    if torch.equal(got, right):
        return
    seen = f"{call} is {shown(got.int())}."
    for wrong, message in _known(height, width, mask_type):
        if torch.equal(got, wrong):
            raise Mistake(f"{seen} {message}")
    row, column = (got != right).nonzero()[0].tolist()
    place = where_it_lies(row - height // 2, column - width // 2)
    if right[row, column]:
        raise Mistake(f"{seen} It hides {place}. Has that been read when the centre's pixel is predicted?")
    raise Mistake(f"{seen} It keeps {place}. When in the raster does that come?")


def _known(height: int, width: int, mask_type: str) -> list[tuple[Tensor, str]]:
    """Known mistakes, the commonest first."""
    right = pixel_taps(height, width, mask_type)
    rows = torch.arange(height).unsqueeze(1).expand(height, width) - height // 2
    columns = torch.arange(width).expand(height, width) - width // 2
    is_centre = (rows == 0) & (columns == 0)
    own_row_hidden = (
        rows != 0
    )  # published: the last line of the mask sets the row of the centre to 0, not those below it
    own_row_open = (rows < 0) | ((rows == 0) & ((columns != 0) | (mask_type == "B")))
    return [
        (
            pixel_taps(height, width, "A" if mask_type == "B" else "B"),
            "That is the mask of the other type: which of the two must not see the centre?",
        ),
        (
            own_row_hidden & (rows < 1) if mask_type == "A" else own_row_hidden & (rows < 1) | is_centre,
            "What is to the left in the centre's own row has been read, too.",
        ),
        (
            own_row_hidden,
            "All of the centre's own row is gone, and all rows below it are open. Which of the two was to go?",
        ),
        (own_row_open, "In the centre's own row you keep what lies to the right. Has that been read?"),
        (~right, "It keeps exactly what must go: what does True mean here?"),
        (right.flip(0, 1), "It looks down and to the right, at all that comes later. Torch does not flip a filter."),
        (
            (columns < 0) | ((columns == 0) & (rows < 0)) | (is_centre & (mask_type == "B")),
            "That is the mask of an image that is read column by column. Is the raster?",
        ),
    ]  # fmt: skip
