"""Exercise 4: what a stack of masked layers sees, by its paths, and what of the past is on none."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import reduce

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from armod.course.exercises import Exercise, shown
from armod.course.exercises.lesson_4_5_3_pixelcnn.pixelcnn_masks import as_mask, my_mask

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


Case = tuple[list[Tensor], int, int]
EQUAL = ([3], [3, 3], [3] * 4, [5] * 3)
UNEQUAL = ([7, 3, 3], [3, 5, 5], [5, 1, 3, 1, 3])


def sees(
    masks: Sequence[Tensor],
    height: int,
    width: int,
    *,
    wraps: bool = False,
    join: Callable[[Tensor, Tensor], Tensor] = torch.matmul,
    counts: Callable[[Tensor], Tensor] = lambda paths: paths > 0,
) -> Tensor:
    """What the last of the layers sees of the image: boolean ``(D, D)``; every option is a mistake."""
    layers = [_layer(mask, height, width, wraps=wraps) for mask in reversed(masks)]
    return counts(reduce(join, layers))


def _layer(mask: Tensor, height: int, width: int, *, wraps: bool) -> Tensor:
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


def blind_count(kernel_sizes: Sequence[int], later: str = "B") -> int:
    """The earlier pixels inside of the reach that are not seen; another type of the ``later`` masks is a mistake."""
    earlier = _earlier(kernel_sizes, later)
    return len(earlier) - _num_seen(kernel_sizes, later)


def _num_seen(kernel_sizes: Sequence[int], later: str = "B") -> int:
    return int(_earlier(kernel_sizes, later).sum())


def _earlier(kernel_sizes: Sequence[int], later: str = "B") -> Tensor:
    """For all pixels inside of the reach that come earlier: is each seen by a pixel with room around it?"""
    reach = _reach(kernel_sizes)
    seen = torch.zeros(1, 1, reach + 1, 2 * reach + 1, dtype=torch.float64)
    seen[..., -1, reach] = 1
    for mask in reversed(_stack(kernel_sizes, later)):
        # from the pixel back to the image: each tap carries what was reached to where it reads
        half = len(mask) // 2
        seen = F.conv2d(seen, mask.flip(0, 1)[None, None].to(seen), padding=half).clamp(max=1)
    return seen.flatten()[: seen.numel() - reach - 1] > 0


def _reach(kernel_sizes: Sequence[int]) -> int:
    return sum(size // 2 for size in kernel_sizes)


def _stack(sizes: Sequence[int], later: str = "B") -> list[Tensor]:
    return [my_mask(size, size, later if number else "A") for number, size in enumerate(sizes)]


def _triangle(size: int, depth: int) -> int:
    """The lesson's formula."""
    return size // 2 * depth * (depth - 1) // 2


def _single_layers(generator: np.random.Generator) -> Iterator[Case]:
    """Masks A and B, margins, images that are no squares."""
    for size, mask_type, height, width in ((3, "A", 2, 3), (3, "B", 3, 2), (5, "B", 3, 4)):
        yield [my_mask(size, size, mask_type)], height, width


def _stacks(generator: np.random.Generator) -> Iterator[Case]:
    """A, then B; and masks of any kind, unequal and in their order."""
    yield _stack([5, 3, 3]), 4, 5
    for sizes in ((3, 5), (1, 3, 3)):
        yield [_any_mask(generator, size) for size in sizes], 3, 4


def _any_mask(generator: np.random.Generator, size: int) -> Tensor:
    """A mask ``(k, k)`` with three taps or fewer, not its own mirror image; True alone for 1×1."""
    mask = torch.ones(size, size, dtype=torch.bool)
    while size > 1 and (int(mask.sum()) != 3 or torch.equal(mask, mask.flip(0, 1))):
        mask = torch.from_numpy(generator.random((size, size)) < 0.35)
    return mask


def _called(masks: list[Tensor], height: int, width: int) -> str:
    return f"`sees` of {len(masks)} mask{'s' * (len(masks) > 1)} in an image of {height}×{width} pixels"


def _seen(got: Tensor, right: Tensor, masks: list[Tensor], height: int, width: int) -> str:
    i, j = (got != right).nonzero()[0].tolist()
    return (
        f"{_called(masks, height, width)}, {shown([mask.int() for mask in masks])}, says that the pixel in row {i // width}, column "
        f"{i % width} {'sees' if got[i, j] else 'does not see'} the one in row {j // width}, column {j % width}."
    )


def _on_no_path(got: Tensor, right: Tensor, *_: object) -> str:
    if (right & ~got).any():
        return "There is a path, one step a layer: from the pixel, through the last mask first."
    return "Which tap of which mask leads there, inside of the image?"


def _more_or_fewer(got: int, right: int, kernel_sizes: list[int]) -> str:
    reach, num_earlier = _reach(kernel_sizes), len(_earlier(kernel_sizes))
    if got < right:
        return f"There are more. Has the pixel that you look at {reach} rows above it, and {reach} columns on either side?"
    return f"There are fewer. Inside of the reach of {reach} rows and columns {num_earlier} pixels come earlier. Which of them are on a path?"


asked_sees = pixelcnn_blind_spot.asks(
    sees,
    instances=_stacks,
    called=_called,
    read=as_mask,
    seen=_seen,
    wrong={
        "Row i is for what pixel i sees; your matrix has that in its columns.": lambda *case: sees(*case).T,
        "Your filters are turned round: the tap above the centre reads the pixel above.": lambda masks, *size: sees([mask.flip(0, 1) for mask in masks], *size),
        "At the margin you go on at the other side of the image. What lies there are zeros.": dict(wraps=True),
        "Your layers stand in the reverse order: the first mask is the one that reads the image.": lambda masks, *size: sees(masks[::-1], *size),
        "That is the last layer alone. What do the pixels see that it reads?": lambda masks, *size: sees(masks[-1:], *size),
        "That is the first layer alone. Who reads what it has computed?": lambda masks, *size: sees(masks[:1], *size),
        "That is what any *one* of the layers reads. A path goes through all of them, one after another.": dict(join=torch.add),
        "Where an even number of paths leads, yours has a False.": dict(counts=lambda paths: paths % 2 > 0),
        "Where several paths lead to a pixel, yours has a False.": dict(counts=lambda paths: paths == 1),
    },
    otherwise=_on_no_path,
)  # fmt: skip
asked_count = pixelcnn_blind_spot.asks(
    blind_count,
    instances=lambda generator: [(sizes,) for sizes in UNEQUAL],
    wrong={
        "That is the blind spot of a stack whose every layer has mask A. What do the later ones have?": dict(later="A"),
        "That is h L (L - 1) / 2, with the h of one of the layers. Do all layers have that?": (
            lambda sizes: _triangle(sizes[0], len(sizes)),
            lambda sizes: _triangle(sizes[-1], len(sizes)),
            lambda sizes: _triangle(max(sizes), len(sizes)),
        ),
        "Do you count the pixel itself? It is not generated yet: that is no blindness.": lambda sizes: blind_count(sizes) + 1,
        "Those are the pixels that it sees.": _num_seen,
        "Those are all earlier pixels within reach, also those that are seen.": lambda sizes: len(_earlier(sizes)),
        "You count what lies to the right in the pixel's own row, and the pixel too: that comes later.": lambda sizes: blind_count(sizes) + _reach(sizes) + 1,
        "You count what lies to the right in the pixel's own row: that comes later.": lambda sizes: blind_count(sizes) + _reach(sizes),
        "You count the whole square. Which part of it comes before the pixel?": lambda sizes: (2 * _reach(sizes) + 1) ** 2 - _num_seen(sizes),
    },
    otherwise=_more_or_fewer,
)  # fmt: skip
pixelcnn_blind_spot.add("what one layer sees", asked_sees.on(_single_layers))
pixelcnn_blind_spot.add("what a stack sees", asked_sees.examine, points=2)
pixelcnn_blind_spot.add(
    "the blind spot of equal layers grows with depth",
    asked_count.on(lambda generator: [(sizes,) for sizes in EQUAL]),
)
pixelcnn_blind_spot.add("the blind spot of unequal layers", asked_count.examine, points=2)
