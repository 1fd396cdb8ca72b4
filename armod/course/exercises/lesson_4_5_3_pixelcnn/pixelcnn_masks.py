"""Exercise 1: masks A and B over a filter of any odd height and width."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import product
from typing import Any

import torch
from torch import Tensor

from armod.course.exercises import Exercise, Mistake, reading, shown

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


Case = tuple[int, int, str]


def my_mask(height: int, width: int, mask_type: str) -> Tensor:
    """The boolean mask ``(height, width)``, written by the raster alone: which taps come before the centre?"""
    taps = torch.arange(height * width).view(height, width)
    centre = taps[height // 2, width // 2]
    return taps <= centre if mask_type == "B" else taps < centre


def as_mask(reply: Any, what: str, right: Tensor) -> Tensor:
    """The reply as a boolean mask of the right one's shape; Mistake for anything else."""
    found = reading.tensor(reply, what, shape=right.shape, integers=True)
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


def _taps(keeps: Callable[[Tensor, Tensor, bool], Tensor]) -> Callable[[int, int, str], Tensor]:
    """A wrong mask, from the rows and columns of its taps, counted from the centre, and whether the type is B."""

    def mask(height: int, width: int, mask_type: str) -> Tensor:
        rows, columns = torch.arange(height).unsqueeze(1) - height // 2, torch.arange(width) - width // 2
        return keeps(rows, columns, mask_type == "B").expand(height, width)

    return mask


def _both(*sizes: tuple[int, int]) -> Iterator[Case]:
    for (height, width), mask_type in product(sizes, "AB"):
        yield height, width, mask_type


def _where_to_look(got: Tensor, right: Tensor, height: int, width: int, mask_type: str) -> str:
    row, column = (got != right).nonzero()[0].tolist()
    place = where_it_lies(row - height // 2, column - width // 2)
    if right[row, column]:
        return f"It hides {place}. Has that been read when the centre's pixel is predicted?"
    return f"It keeps {place}. When in the raster does that come?"


asked_mask = pixelcnn_masks.asks(
    my_mask,
    instances=lambda generator: _both((3, 5), (5, 3), (1, 5), (7, 1)),
    called=lambda height, width, mask_type: f'`my_mask({height}, {width}, "{mask_type}")`',
    read=as_mask,
    seen=lambda got, right, height, width, mask_type: f'`my_mask({height}, {width}, "{mask_type}")` is {shown(got.int())}.',
    wrong={
        "That is the mask of the other type: which of the two must not see the centre?": (
            lambda height, width, mask_type: my_mask(height, width, "A" if mask_type == "B" else "B"),
            lambda height, width, mask_type: my_mask(height, width, "A"),
            lambda height, width, mask_type: my_mask(height, width, "B"),
        ),
        "What is to the left in the centre's own row has been read, too.": _taps(lambda rows, columns, is_b: (rows < 0) | ((rows == 0) & (columns == 0) & is_b)),
        # published: the last line of mask B sets the row of the centre to 0, not those below it
        "All of the centre's own row is gone, and all rows below it are open. Which of the two should go?": (
            lambda height, width, mask_type: my_mask(height, width, "A") if mask_type == "A" else _taps(lambda rows, columns, is_b: rows != 0)(height, width, "B"),
            _taps(lambda rows, columns, is_b: rows != 0),
        ),
        "In the centre's own row you keep what lies to the right. Has that been read?": _taps(lambda rows, columns, is_b: (rows < 0) | ((rows == 0) & ((columns != 0) | is_b))),
        "It keeps exactly what must go: what does True mean here?": lambda *case: ~my_mask(*case),
        "It looks down and to the right, at all that comes later. Torch does not flip a filter.": lambda *case: my_mask(*case).flip(0, 1),
        "That is the mask of an image that is read column by column. Is the raster?": _taps(lambda rows, columns, is_b: (columns < 0) | ((columns == 0) & ((rows < 0) | ((rows == 0) & is_b)))),
    },
    otherwise=_where_to_look,
)  # fmt: skip
pixelcnn_masks.add("3×3, both types", asked_mask.on(lambda generator: _both((3, 3))))
pixelcnn_masks.add(
    "any odd square, 1×1 included", asked_mask.on(lambda generator: _both((1, 1), (5, 5), (7, 7)))
)
pixelcnn_masks.add("filters that are no squares", asked_mask.examine)
