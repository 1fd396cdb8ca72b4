"""Exercise 6: halve the resolution without a leak, and carry the right stream on the way up."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from armod.course.exercises import Answer, Exercise, Mistake, shown
from armod.course.exercises.engine.draws import normal

variants_streams = Exercise(
    name="variants-streams",
    number=6,
    title="Stretch: down, up and across",
    difficulty="stretch",
    minutes=8,
    names=("pool_leaks", "halve", "mended_way_up"),
    hints=(
        "A cell is used by four pixels. What does the *first* of the four not know yet? And in `published_way_up`: follow "
        "`horizontal` from one round of the loop to the next.",
        "In `pool_leaks` go through the four pixels of one cell: which pixels lie between it and the lower right one, itself "
        "included? For `halve` the window of the cell must end with its upper left pixel.",
        "Zeros above and to the left, `F.pad(features, (1, 0, 1, 0))`, move all windows by one; then pool as before, and drop what "
        "is left over. On the way up the horizontal stream is residual around itself.",
    ),
)
Streams = tuple[Tensor, Tensor]


def own_image(student: int) -> tuple[int, int]:
    """Height and width, as the given cell of the notebook draws them."""
    return 4 + 2 * (student % 3), 6 + 2 * (student % 4)


def pool_leaks(height: int, width: int) -> int:
    """Four pixels of each cell, which knows all that comes before its last one."""
    return height * width // 4 * (2 * width + 2)


def halve(features: Tensor) -> Tensor:
    """Means of four whose window ends with the upper left pixel of its cell."""
    return F.avg_pool2d(F.pad(features, (1, 0, 1, 0)), 2)


def way_down(image: Tensor, num_blocks: int) -> tuple[Tensor, Tensor, list[Streams]]:
    """The given cell's way down: both streams after it, and those before each block."""
    ones = image.new_ones(1, 1, 1, 3)
    vertical = F.conv2d(F.pad(image, (1, 1, 1, -1)), ones)
    horizontal = vertical + F.pad(image, (1, -1))
    kept = []
    for _ in range(num_blocks):
        kept.append((vertical, horizontal))
        vertical = vertical + _down(vertical)
        horizontal = horizontal + _right(horizontal) + vertical
    return vertical, horizontal, kept


def mended_way_up(
    vertical: Tensor,
    horizontal: Tensor,
    kept: list[Streams],
    *,
    convolved: str = "horizontal",
    passed: str = "horizontal",
    shortcut: int = 1,
    last_first: bool = True,
    told: str = "new",
) -> Tensor:
    """The horizontal features at the end, or what becomes of them by a known mistake.

    Args:
        vertical: features ``(N, 1, H, W)`` after the way down.
        horizontal: the same of the horizontal stream.
        kept: both streams before each block of the way down.
        convolved: which stream the horizontal one convolves.
        passed: which stream passes around.
        shortcut: the stream that the horizontal one gets from the way down; none if -1.
        last_first: whether the shortcut of the last block comes first.
        told: whether the horizontal stream is told of the "new" vertical features, the "old" ones or "none".

    Returns:
        Features ``(N, 1, H, W)``.
    """
    for pair in reversed(kept) if last_first else kept:
        before, vertical = vertical, vertical + _down(vertical) + pair[0]
        streams = {"horizontal": horizontal, "vertical": vertical, "none": 0 * horizontal}
        hears = {"new": vertical, "old": before, "none": 0 * vertical}[told]
        across = pair[shortcut] if shortcut >= 0 else 0
        horizontal = streams[passed] + _right(streams[convolved]) + hears + across
    return horizontal


def _down(x: Tensor) -> Tensor:
    return F.conv2d(F.pad(x, (1, 1, 1, 0)), x.new_ones(1, 1, 2, 3))


def _right(x: Tensor) -> Tensor:
    return F.conv2d(F.pad(x, (1, 0, 1, 0)), x.new_ones(1, 1, 2, 2))


def _place(pixel: int, width: int) -> str:
    return f"pixel ({pixel // width}, {pixel % width})"


def _features(generator: np.random.Generator) -> Iterator[tuple[Tensor]]:
    for shape in ((2, 3, 4, 6), (1, 1, 8, 2)):
        yield (normal(generator, *shape),)


def _streams(generator: np.random.Generator) -> Iterator[tuple[Tensor, Tensor, list[Streams]]]:
    for num_blocks in (3, 1):
        for shape in ((1, 1, 4, 5), (2, 1, 3, 3)):
            first, *kept = [
                (normal(generator, *shape), normal(generator, *shape)) for _ in range(num_blocks + 1)
            ]
            yield *first, kept


def _seen_cells(got: Tensor, right: Tensor, features: Tensor) -> str:
    mine, due = ([shown(float(means[0, 0, row, 0])) for row in (0, 1)] for means in (got, right))
    return (
        f"For one channel {shown(features[0, 0, :2, :2])} in the upper left corner cell (0, 0) is {mine[0]} and cell "
        f"(1, 0) {mine[1]}; due are {due[0]} and {due[1]}."
    )


def _seen_row(got: Tensor, right: Tensor, vertical: Tensor, horizontal: Tensor, kept: list[Streams]) -> str:
    return (
        f"With {len(kept)} block{'s' * (len(kept) > 1)} and random features the first row is {shown(got[0, 0, 0])} "
        f"instead of {shown(right[0, 0, 0])}."
    )


variants_streams.asks(
    pool_leaks,
    "how much pooling leaks",
    points=2,
    own=own_image,
    seen=lambda got, right, height, width: f"For {height} x {width} pixels you count {got} forbidden pairs.",
    wrong={
        "Does a pixel see itself, when its cell knows all that comes before the lower right pixel?": lambda H, W: H * W // 4 * (2 * W - 1),
        "One cell has that many. How many cells are there?": lambda H, W: 2 * W + 2,
        "You count one pair for each of three pixels. How many pixels of the raster lie between the first pixel of a cell and its last?": lambda H, W: H * W // 4 * 3,
        "You count the pixels of the same cell only. In the raster many others lie between its upper row and its lower one.": lambda H, W: H * W // 4 * 6,
        "You count the lower right pixel as seen. Its own features know what comes *before* it.": lambda H, W: H * W // 4 * (2 * W + 6),
        "That is the first of the four pixels. What about the others?": lambda H, W: H * W // 4 * (W + 1),
    },
    otherwise="Take an image of 2 x 2: one cell, and it knows pixels 0, 1 and 2. Which of the four pixels may know what?",
)  # fmt: skip
asked_halves = variants_streams.asks(
    halve,
    instances=_features,
    seen=_seen_cells,
    called=lambda features: f"`halve` of features {tuple(features.shape)}",
    wrong={
        "You take the one feature at the upper left. The mean of four is asked for.": lambda f: f[..., ::2, ::2],
        "That is the sum of the four. Their mean is asked for.": lambda f: 4 * halve(f),
        "You take the largest of the four. Their mean is asked for.": lambda f: F.max_pool2d(F.pad(f, (1, 0, 1, 0)), 2),
        "At the edge, too, a cell is the mean of four numbers, and what lies outside of the image counts as zeros.": lambda f: F.avg_pool2d(F.pad(f, (1, 0, 1, 0), mode="replicate"), 2),
    },
    otherwise="Which four features does a cell average?",
)  # fmt: skip
asked_way_up = variants_streams.asks(
    mended_way_up,
    instances=_streams,
    seen=_seen_row,
    wrong={
        "Those are the published features. What has the horizontal stream found on the way, and where does it go?": dict(convolved="vertical", passed="vertical"),
        "You convolve the right stream. Which one passes around?": dict(passed="vertical"),
        "The right stream passes around. Which one do you convolve?": dict(convolved="vertical"),
        "Nothing passes around your horizontal stream. Is it residual?": dict(passed="none"),
        "Each stream has a short-cut of its own. Which one do you give to the horizontal stream?": dict(shortcut=0),
        "Your horizontal stream gets nothing from the way down.": dict(shortcut=-1),
        "Your short-cuts come in the order of the way down. What is the mirror image of the last block?": dict(last_first=False),
        "The horizontal stream is told of what the vertical one has *just* found, not of what it had before.": dict(told="old"),
        "Your horizontal stream is not told of the vertical one any more.": dict(told="none"),
    },
    otherwise="In each block of the way up: which of the four tensors at hand does the new `horizontal` consist of?",
)  # fmt: skip


@variants_streams.check("half the resolution, without a leak", points=2)
def halving_is_right(answer: Answer, generator: np.random.Generator) -> None:
    """Each feature of a mark of its own; then random ones."""
    for height, width in ((4, 6), (2, 2)):
        marks = torch.eye(height * width, dtype=torch.float64).view(-1, 1, height, width)
        used = asked_halves.reply(answer, marks)[:, 0] > 1e-9  # [source, row, column]
        for row in range(height // 2):
            for column in range(width // 2):
                corner = 2 * row * width + 2 * column
                late = [
                    pixel for pixel in used[:, row, column].nonzero().flatten().tolist() if pixel > corner
                ]
                if late:
                    raise Mistake(
                        f"On {height} x {width} pixels cell ({row}, {column}) uses the features of {_place(late[-1], width)}, which "
                        f"may know all pixels before that one. But {_place(corner, width)} will be given this cell, too."
                    )
                if not used[corner, row, column]:
                    raise Mistake(
                        f"On {height} x {width} pixels cell ({row}, {column}) does not use the features of "
                        f"{_place(corner, width)}. They know nothing that the first pixel of the cell may not know: so "
                        f"you hide more than you must."
                    )
    asked_halves.examine(answer, generator)


@variants_streams.check("up again, each stream on its own", points=2)
def way_up_is_right(answer: Answer, generator: np.random.Generator) -> None:
    """What the last horizontal features are made of; then their numbers."""
    for num_blocks in (3, 1):
        image = torch.eye(48, dtype=torch.float64).view(-1, 1, 6, 8)
        streams = way_down(image, num_blocks)
        got, right = asked_way_up.reply(answer, *streams), mended_way_up(*streams)
        missing = ((right > 0) & ~(got > 0)).flatten(1).T.nonzero()
        if len(missing):
            pixel, unseen = missing[-1].tolist()
            raise Mistake(
                f"After {num_blocks} block{'s' * (num_blocks > 1)} down and as many up, {_place(pixel, 8)} does not see "
                f"{_place(unseen, 8)}; {len(missing)} such pairs on an image of 6 x 8. {asked_way_up.why(answer, generator, streams)}"
            )
    asked_way_up.examine(answer, generator)
