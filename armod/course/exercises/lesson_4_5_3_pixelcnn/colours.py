"""Exercise 3: masks for features that belong to colours, in any order and of any number."""

from __future__ import annotations

from itertools import product

import numpy as np
import torch
from torch import Tensor

from armod.course.exercises.engine.answer import Answer
from armod.course.exercises.engine.exercise import Exercise, Mistake
from armod.course.exercises.engine.showing import shown
from armod.course.exercises.lesson_4_5_3_pixelcnn.masks import as_mask, pixel_taps, where_it_lies

pixelcnn_colours = Exercise(
    name="pixelcnn-colours",
    number=3,
    title="Red, then green, then blue",
    difficulty="medium",
    minutes=6,
    names=("colour_mask",),
    hints=(
        "Take one pixel that was read before the centre's. May a red feature of the centre see its blue? And the blue of the "
        "centre's own pixel?",
        "Colours matter in the centre of the filter alone. There, take one feature above and one below, and compare the "
        "numbers of their groups: what does mask A ask for, and what mask B?",
        "Fill the rows above and the left for all pairs of features. For the centre make a square of all pairs at once: "
        "`above.unsqueeze(1)` compared with `below`.",
    ),
)

_ITSELF = torch.arange(3)


@pixelcnn_colours.check("the first layer, from the colours of the image", points=2)
def first_layer_is_right(answer: Answer, generator: np.random.Generator) -> None:
    """Mask A: from R, G, B to features of the three groups, some sizes unequal."""
    for above, size in ((_ITSELF, 3), (torch.tensor([0, 0, 1, 2, 2]), 5)):
        _compare(answer, above, _ITSELF, size, "A")


@pixelcnn_colours.check("later layers, 1×1 included", points=2)
def later_layers_are_right(answer: Answer, generator: np.random.Generator) -> None:
    """Mask B between features whose groups are mixed."""
    for width, size in ((4, 3), (5, 1)):
        above, below = (_mixed(generator, width + extra) for extra in (0, 2))
        _compare(answer, above, below, size, "B")


@pixelcnn_colours.check("any groups")
def any_groups_are_right(answer: Answer, generator: np.random.Generator) -> None:
    """Both types; one group only; an image of two channels."""
    one, two = torch.zeros(2, dtype=torch.int64), torch.tensor([1, 0, 1])
    for (above, below), mask_type in product(((one, one[:1]), (two, two.flip(0)[:2])), "AB"):
        _compare(answer, above, below, 3, mask_type)
    _compare(answer, _mixed(generator, 5), _mixed(generator, 4), 1, "A")


def _mixed(generator: np.random.Generator, width: int) -> Tensor:
    """Groups ``(width,)`` of features, each of the three at least once, in no order."""
    groups = torch.arange(width) % 3
    while True:
        found = groups[torch.from_numpy(generator.permutation(width))]
        if not torch.equal(found, groups) and bool((found.diff() < 0).any()):
            return found


def _compare(answer: Answer, above: Tensor, below: Tensor, size: int, mask_type: str) -> None:
    call = f'`colour_mask` from features of the groups {shown(below)} to {shown(above)}, {size}×{size}, "{mask_type}",'
    shape = (len(above), len(below), size, size)
    got = as_mask(answer.call("colour_mask", above, below, size, mask_type), call, shape)
    right = _mask(above, below, size, mask_type)
    if torch.equal(got, right):
        return
    half = size // 2
    centre = got[:, :, half, half]
    elsewhere = got.clone()
    elsewhere[:, :, half, half] = right[:, :, half, half]
    if torch.equal(elsewhere, right):
        raise Mistake(
            f"{call} has the centre {shown(centre.int())}. {_about_centre(centre, above, below, mask_type)}"
        )
    feature, source, row, column = (elsewhere != right).nonzero()[0].tolist()
    place = where_it_lies(row - half, column - half)
    verb = "hides" if right[feature, source, row, column] else "keeps"
    seen = f"{call} {verb} {place}, from a feature of the group {below[source]} to one of the group {above[feature]}."
    if bool(elsewhere[:, :, half, half + 1 :].any()) or bool(elsewhere[:, :, half + 1 :].any()):
        raise Mistake(
            f"{seen} When in the raster does it come? That is a matter of the pixel, not of its colours."
        )
    raise Mistake(f"{seen} Of a pixel that was read before, which colours are known?")


def _mask(above: Tensor, below: Tensor, size: int, mask_type: str) -> Tensor:
    mask = pixel_taps(size, size, "A").expand(len(above), len(below), size, size).clone()
    mask[:, :, size // 2, size // 2] = _centre(above, below, mask_type)
    return mask


def _centre(above: Tensor, below: Tensor, mask_type: str) -> Tensor:
    return above.unsqueeze(1) >= below if mask_type == "B" else above.unsqueeze(1) > below


def _about_centre(got: Tensor, above: Tensor, below: Tensor, mask_type: str) -> str:
    """What is wrong with the centre's square ``(features above, features below)``."""
    right, other = _centre(above, below, mask_type), _centre(above, below, "A" if mask_type == "B" else "B")
    rows, columns = torch.arange(len(above)), torch.arange(len(below))
    in_blocks = rows * 3 // len(above), columns * 3 // len(below)
    known = [
        (
            torch.zeros_like(right),
            "It hides every colour of the pixel itself. When green is predicted, is red known?",
        ),
        (
            torch.ones_like(right),
            "It shows every group to every other, as for a grey image. May a red feature read what knows green?",
        ),
        (other, 'That is the centre of the other mask. Which of the two must hide a feature\'s own group, "A" or "B"?'),
        (_centre(-above, -below, mask_type), "That is the order blue, green, red. Or have you exchanged above and below?"),
        (~right, "It keeps exactly what must go."),
        (
            _centre(*in_blocks, mask_type),
            "You seem to divide the features into three blocks by yourself. Their groups are given, in any order.",
        ),
        (_centre(rows, columns, mask_type), "You seem to compare the features' numbers. Their groups count."),
        (above.unsqueeze(1) == below, "It lets each group see itself alone. What of the colours before it?"),
    ]  # fmt: skip
    for wrong, message in known:
        if torch.equal(got, wrong):
            return message
    feature, source = (got != right).nonzero()[0].tolist()
    verb = "hides" if right[feature, source] else "shows"
    return (
        f"Feature {feature} above is of the group {above[feature]}, feature {source} below of the group {below[source]}, and your "
        f"mask {verb} the one to the other. What does each of the two know of their own pixel?"
    )
