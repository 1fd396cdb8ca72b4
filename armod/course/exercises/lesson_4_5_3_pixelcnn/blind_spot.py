"""Exercise 4: what a stack of masked layers sees, by its paths, and what of the past is on none."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from armod.course.exercises.engine import reading
from armod.course.exercises.engine.answer import Answer
from armod.course.exercises.engine.exercise import Exercise, Mistake
from armod.course.exercises.engine.showing import shown
from armod.course.exercises.lesson_4_5_3_pixelcnn.masks import as_mask, pixel_taps

pixelcnn_blind_spot = Exercise(
    name="pixelcnn-blind-spot",
    number=4,
    title="Measure the blind spot",
    difficulty="medium",
    minutes=9,
    names=("sees", "blind_count"),
    hints=(
        "One layer: which pixels j does pixel i read? Write that as a matrix of D rows and D columns for an image of 2×2 "
        "pixels. And two layers: pixel i reads some m, and m reads some j.",
        "Two layers in a row are a product of two matrices; the last layer stands on the left. For the blind spot make an "
        "image in which nothing is cut off, and look at one row of the matrix, as an image.",
        "For one layer: pixel j lies `rows[j] - rows[i]` rows below pixel i; add `half` and you have the tap's row in the mask. "
        "With the reach R the sum of all halves, the pixel (R, R) of an image of R + 1 rows and 2R + 1 columns has room. "
        "Blind is what comes before it and is not seen.",
    ),
)


@pixelcnn_blind_spot.check("what one layer sees")
def one_layer_is_right(answer: Answer, generator: np.random.Generator) -> None:
    """Masks A and B, margins, images that are no squares."""
    for size, mask_type, height, width in ((3, "A", 2, 3), (3, "B", 3, 2), (5, "B", 3, 4)):
        _compare(answer, [pixel_taps(size, size, mask_type)], height, width)


@pixelcnn_blind_spot.check("what a stack sees", points=2)
def stacks_are_right(answer: Answer, generator: np.random.Generator) -> None:
    """A, then B; and masks of any kind, unequal and in their order."""
    _compare(answer, _stack([5, 3, 3]), 4, 5)
    for sizes in ((3, 5), (1, 3, 3)):
        _compare(answer, [_any_mask(generator, size) for size in sizes], 3, 4)


@pixelcnn_blind_spot.check("the blind spot of equal layers grows with depth")
def blind_spot_grows(answer: Answer, generator: np.random.Generator) -> None:
    """3×3 and 5×5."""
    for sizes in ([3], [3, 3], [3] * 4, [5] * 3):
        _compare_count(answer, sizes)


@pixelcnn_blind_spot.check("the blind spot of unequal layers", points=2)
def unequal_layers_are_right(answer: Answer, generator: np.random.Generator) -> None:
    """A large first kernel as in the paper, a small one, 1×1 layers between."""
    for sizes in ([7, 3, 3], [3, 5, 5], [5, 1, 3, 1, 3]):
        _compare_count(answer, sizes)


def _layer(mask: Tensor, height: int, width: int, *, wraps: bool = False) -> Tensor:
    """What one layer reads: ``(D, D)``, [i, j] is 1.0 if pixel i reads pixel j."""
    half = len(mask) // 2
    found = torch.zeros(height, width, height, width, dtype=torch.float64)
    for row, column in mask.nonzero().tolist():
        for i in range(height):
            for j in range(width):
                y, x = i + row - half, j + column - half
                if wraps or (0 <= y < height and 0 <= x < width):
                    found[i, j, y % height, x % width] = 1
    return found.view(height * width, height * width)


def _seen(masks: Sequence[Tensor], height: int, width: int) -> Tensor:
    """What the last of the layers sees of the image: boolean ``(D, D)``."""
    layers = [_layer(mask, height, width) for mask in reversed(masks)]
    return reduce(torch.matmul, layers) > 0


def _stack(sizes: Sequence[int], later: str = "B") -> list[Tensor]:
    return [pixel_taps(size, size, later if number else "A") for number, size in enumerate(sizes)]


def _any_mask(generator: np.random.Generator, size: int) -> Tensor:
    """A mask ``(k, k)`` with three taps or fewer, not its own mirror image; True alone for 1×1."""
    mask = torch.ones(size, size, dtype=torch.bool)
    while size > 1 and (int(mask.sum()) != 3 or torch.equal(mask, mask.flip(0, 1))):
        mask = torch.from_numpy(generator.random((size, size)) < 0.35)
    return mask


def _compare(answer: Answer, masks: list[Tensor], height: int, width: int) -> None:
    call = f"`sees` of {len(masks)} mask{'s' * (len(masks) > 1)} in an image of {height}×{width} pixels"
    num_pixels = height * width
    got = as_mask(answer.call("sees", masks, height, width), call, (num_pixels, num_pixels))
    right = _seen(masks, height, width)
    if torch.equal(got, right):
        return
    layers = [_layer(mask, height, width) for mask in masks]
    known = [
        (right.T, "Row i is for what pixel i sees. Either your matrix has that in its columns, or your filters are turned round."),
        (_seen([mask.flip(0, 1) for mask in masks], height, width), "Your filters are turned round: the tap above the centre reads the pixel above."),
        (reduce(torch.matmul, [_layer(mask, height, width, wraps=True) for mask in reversed(masks)]) > 0, "At the margin you go on at the other side of the image. What lies there are zeros."),
        (reduce(torch.matmul, layers) > 0, "Your layers stand in the reverse order: the first mask is the one that reads the image."),
        (layers[-1] > 0, "That is the last layer alone. What do the pixels see that it reads?"),
        (layers[0] > 0, "That is the first layer alone. Who reads what it has computed?"),
        (torch.stack(layers).sum(0) > 0, "That is what any *one* of the layers reads. A path goes through all of them, one after another."),
        (reduce(torch.matmul, layers[::-1]) % 2 > 0, "Where an even number of paths leads, yours has a False."),
        (reduce(torch.matmul, layers[::-1]) == 1, "Where several paths lead to a pixel, yours has a False."),
    ]  # fmt: skip
    for wrong, message in known:
        if torch.equal(got, wrong):
            raise Mistake(f"{call} is wrong. {message}")
    i, j = (divmod(number, width) for number in (got != right).nonzero()[0].tolist())
    seen = (
        f"{call}, {shown([mask.int() for mask in masks])}, says that the pixel in row {i[0]}, column {i[1]} "
    )
    if right[i[0] * width + i[1], j[0] * width + j[1]]:
        raise Mistake(
            f"{seen}does not see the one in row {j[0]}, column {j[1]}. There is a path, one step a layer: from the pixel, "
            f"through the last mask first."
        )
    raise Mistake(
        f"{seen}sees the one in row {j[0]}, column {j[1]}. Which tap of which mask leads there, inside of the image?"
    )


def _field(sizes: Sequence[int], later: str = "B") -> Tensor:
    """What a pixel with room around it sees: boolean ``(R + 1, 2R + 1)``, its own place in the last row's middle."""
    reach = sum(size // 2 for size in sizes)
    seen = torch.zeros(1, 1, reach + 1, 2 * reach + 1, dtype=torch.float64)
    seen[..., -1, reach] = 1
    for mask in reversed(_stack(sizes, later)):
        # from the pixel back to the image: each tap carries what was reached to where it reads
        half = len(mask) // 2
        seen = F.conv2d(seen, mask.flip(0, 1)[None, None].to(seen), padding=half).clamp(max=1)
    return seen[0, 0] > 0


def _blind(sizes: Sequence[int], later: str = "B") -> int:
    field = _field(sizes, later)
    return len(_earlier(field)) - int(_earlier(field).sum())


def _earlier(field: Tensor) -> Tensor:
    """The entries of what comes before the pixel, flat."""
    return field.flatten()[: field.numel() - field.shape[1] // 2 - 1]


def _compare_count(answer: Answer, sizes: list[int]) -> None:
    call = f"`blind_count({sizes})`"
    got = reading.integer(answer.call("blind_count", sizes), call)
    right, halves = _blind(sizes), [size // 2 for size in sizes]
    if got == right:
        return
    depth, reach, field = len(sizes), sum(halves), _field(sizes)
    num_seen, num_earlier = int(_earlier(field).sum()), len(_earlier(field))
    known = [
        (_blind(sizes, "A"), "That is the blind spot of a stack whose every layer has mask A. What do the later ones have?"),
        *((half * depth * (depth - 1) // 2, f"That is h L (L - 1) / 2 with h = {half}. Do all layers have that?") for half in halves),
        (right + 1, "Do you count the pixel itself? It is not generated yet: that is no blindness."),
        (num_seen, "Those are the pixels that it sees."),
        (num_earlier, "Those are all earlier pixels inside of the reach, the seen ones too."),
        (right + reach + 1, "You count what lies to the right in the pixel's own row, and the pixel too: that comes later."),
        (right + reach, "You count what lies to the right in the pixel's own row: that comes later."),
        ((2 * reach + 1) ** 2 - num_seen, "You count the whole square. What of it comes before the pixel?"),
    ]  # fmt: skip
    for wrong, message in known:
        if got == wrong:
            raise Mistake(f"{call} is {got}. {message}")
    if got < right:
        raise Mistake(
            f"{call} is {got}; there are more. Has the pixel that you look at {reach} rows above it, and {reach} columns "
            f"on either side?"
        )
    raise Mistake(
        f"{call} is {got}; there are fewer. Inside of the reach of {reach} rows and columns {num_earlier} pixels come earlier. "
        f"Which of them are on a path?"
    )
