"""Holes in images: which pixels are known, for completions and for a model that is told the mask.

A mask is boolean, True where a pixel is known, as in `armod.AutoregressiveModel.sample`. A model that is told the mask reads two
planes for each channel: the known levels, 0 where a pixel is hidden, and the mask itself, without which a hidden pixel
would look like a grey one (Pathak et al. 2016, "Context Encoders"; Ivanov, Figurnov, Vetrov 2019, "VAEAC", section 4).
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from armod.inputs import completion_of
from armod.settings import check_sizes, shown

HOLES = ("bottom", "top", "right", "left", "box", "everything")


def mask(hole: str, height: int = 28, width: int = 28) -> Tensor:
    """Make the mask of a hole: half of an image, a box in its middle, or everything.

    Args:
        hole: "bottom", "top", "right" or "left" (half of the image, the larger one of an odd size), "box" (3/7 of each side, which
            is 12 of 28), or "everything".
        height: H.
        width: W.

    Returns:
        A boolean tensor ``(1, H, W)``, True where a pixel is known.

    Raises:
        ValueError: for another hole.

    >>> mask("box", 7, 7).int()[0, 2].tolist(), mask("left", 1, 4).int()[0].tolist()
    ([1, 1, 0, 0, 0, 1, 1], [[0, 0, 1, 1]])
    """
    check_sizes(height=height, width=width)
    row, column = torch.arange(height)[:, None], torch.arange(width)
    half = {
        "bottom": row >= height // 2,
        "top": row < height - height // 2,
        "right": column >= width // 2,
        "left": column < width - width // 2,
        "box": _middle(row, height) & _middle(column, width),
        "everything": row >= 0,
    }
    if not isinstance(hole, str) or hole not in half:
        raise ValueError(f"hole is one of {', '.join(map(repr, HOLES))}, not {shown(hole)}.")
    return ~half[hole].expand(1, height, width)


def random_masks(
    num: int, height: int = 28, width: int = 28, *, generator: torch.Generator | None = None
) -> Tensor:
    """Draw masks of many kinds, for the training of a model that is told the mask.

    Of ten, four hide one side of a cut near the middle, three a box of any place and size, two some strokes of a thick brush,
    and one hides everything.

    Args:
        num: N.
        height: H.
        width: W.
        generator: source of the randomness; None is torch's global generator.

    Returns:
        Masks ``(N, 1, H, W)``, True where a pixel is known.

    >>> masks = random_masks(500, generator=torch.Generator().manual_seed(0))
    >>> 0.4 < masks.float().mean() < 0.7, masks.any(1).flatten(1).any(1).logical_not().float().mean() < 0.2
    (tensor(True), tensor(True))
    """
    check_sizes(0, num=num)
    check_sizes(height=height, width=width)
    row, column = torch.arange(height)[:, None], torch.arange(width)
    uniform = torch.rand(8, num, 1, 1, generator=generator)
    kind, side, *rest = uniform

    # one side of a cut between 0.35 and 0.65
    cut = 0.35 + 0.3 * rest[0]
    along_rows, along_columns = (row + 0.5) / height, (column + 0.5) / width
    place = torch.where(side < 0.5, along_rows, along_columns)
    half = torch.where(side % 0.5 < 0.25, place < cut, place > cut)

    # a box between a fifth and three quarters of each side
    sizes = [0.2 + 0.55 * part for part in rest[1:3]]
    begins = [(1 - size) * part for size, part in zip(sizes, rest[3:5], strict=True)]
    box = (along_rows >= begins[0]) & (along_rows < begins[0] + sizes[0])
    box = box & (along_columns >= begins[1]) & (along_columns < begins[1] + sizes[1])

    hidden = torch.where(kind < 0.4, half, box)
    hidden = torch.where((kind >= 0.7) & (kind < 0.9), _strokes(num, height, width, generator), hidden)
    return ~(hidden | (kind >= 0.9))[:, None]


def masked_input(x: Tensor, mask: Tensor, num_levels: int = 2) -> Tensor:
    """Make what a model that is told the mask reads: the known levels and the mask.

    Args:
        x: levels ``(N, C, H, W)``; those of hidden pixels have no influence.
        mask: booleans that broadcast to `x`, True where a level is known.
        num_levels: K.

    Returns:
        float32 ``(N, 2 C, H, W)``: levels from -1 to 1, and 0 where they are hidden; then the mask.

    Raises:
        ValueError: if an argument does not fit.

    >>> masked_input(torch.tensor([[[[0, 1, 1]]]]), torch.tensor([True, True, False])).tolist()
    [[[[-1.0, 1.0, 0.0]], [[1.0, 1.0, 0.0]]]]
    """
    levels, is_known = completion_of(
        x, mask, getattr(x, "shape", ()), getattr(x, "device", torch.device("cpu"))
    )
    assert levels is not None and is_known is not None
    numbers = levels.float() * 2 / max(1, num_levels - 1) - 1
    return torch.cat([numbers.masked_fill(~is_known, 0), is_known.float()], 1)


def _strokes(num: int, height: int, width: int, generator: torch.Generator | None) -> Tensor:
    """Three winding strokes of a round brush, hidden pixels ``(N, H, W)``."""
    scale, num_strokes, steps = min(height, width) / 28, 3, 10
    start = torch.rand(num, num_strokes, 1, 2, generator=generator)
    turns = torch.randn(num, num_strokes, steps, generator=generator) * 0.5
    angle = 2 * math.pi * torch.rand(num, num_strokes, 1, generator=generator) + turns.cumsum(2)
    moves = torch.stack([angle.sin(), angle.cos()], -1) * 1.8 * scale
    points = start * torch.tensor([height, width]) + moves.cumsum(2)
    points = points.flatten(1, 2)
    # squared distances add up over rows and columns
    rows = (torch.arange(height) - points[..., :1]).square()
    columns = (torch.arange(width) - points[..., 1:]).square()
    return ((rows[..., :, None] + columns[..., None, :]) <= (2.2 * scale) ** 2).any(1)


def _middle(place: Tensor, size: int) -> Tensor:
    """The middle 3/7 of a side."""
    length = max(1, round(3 * size / 7))
    begin = (size - length) // 2
    return (place >= begin) & (place < begin + length)
