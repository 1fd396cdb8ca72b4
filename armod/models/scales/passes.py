"""Which pixels are made together: one pixel, then grids that become twice as fine again and again.

A doubling puts three new pixels beside each known one: to the right, below, and diagonally between. All pixels of one kind
are a group, which one pass makes (Reed, van den Oord, Kalchbrenner, Gomez Colmenarejo, Wang, Belov, de Freitas 2017, "Parallel
Multiscale Autoregressive Density Estimation", section 3.1 and figure 2). An image of any size will do: where a grid ends at
the border, a group is smaller, or not there at all.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

KINDS = ("known", "right", "below", "diagonal")  # the four pixels of a cell, row by row


@dataclass(frozen=True)
class Pass:
    """The pixels of one group.

    Args:
        number: which pass of the network makes them, from 0.
        kind: index in `KINDS`; the first pixel of all is the only one of kind 0.
        known: which kinds of pixels of this grid are known before.
        pixels: flat indices of the pixels, int64 ``(rows * columns,)``.
        size: rows and columns of the group.

    >>> last = scales_of(2, 2, ("right", "below", "diagonal"))[-1].passes[-1]
    >>> KINDS[last.kind], last.known, last.pixels
    ('diagonal', (True, True, True, False), tensor([3]))
    """

    number: int
    kind: int
    known: tuple[bool, ...]
    pixels: Tensor
    size: tuple[int, int]


@dataclass(frozen=True)
class Scale:
    """One grid, seen as cells of 2 x 2 pixels, of which the first is known before.

    Args:
        stride: distance of neighbours on the grid, in pixels.
        pixels: flat indices of the pixels of each kind, int64 ``(4, rows, columns)``; the last ones stand for missing ones.
        exists: which of them lie inside the image, boolean ``(4, rows, columns)``.
        passes: the passes that complete the grid.

    >>> [(scale.stride, len(scale.passes)) for scale in scales_of(4, 4, ("right", "below", "diagonal"))]
    [(4, 1), (2, 3), (1, 3)]
    """

    stride: int
    pixels: Tensor
    exists: Tensor
    passes: tuple[Pass, ...]


def scales_of(height: int, width: int, order: Sequence[str]) -> list[Scale]:
    """Divide an image into passes, from the coarsest grid to the finest one.

    Args:
        height: H.
        width: W.
        order: "right", "below" and "diagonal" in the order in which a doubling makes them.

    Returns:
        The scales; the first one has the first pixel only.

    >>> finest = scales_of(3, 3, ("right", "below", "diagonal"))[-1]
    >>> [one.pixels.tolist() for one in finest.passes]
    [[1, 7], [3, 5], [4]]
    """
    grid = torch.arange(height * width).view(height, width)
    scales: list[Scale] = []
    count = 0
    for power in range(math.ceil(math.log2(max(height, width))), -1, -1):
        stride = 2**power
        rows, columns = (torch.arange(0, size, 2 * stride) for size in (height, width))
        pixels, exists = [], []
        for kind in range(4):
            row, column = rows + kind // 2 * stride, columns + kind % 2 * stride
            exists.append((row < height)[:, None] & (column < width))
            last_row, last_column = ((size - 1) // stride * stride for size in (height, width))
            pixels.append(grid[row.clamp(max=last_row)[:, None], column.clamp(max=last_column)])
        passes: list[Pass] = []
        known = [bool(scales), False, False, False]
        for kind in map(KINDS.index, order if scales else KINDS[:1]):
            if exists[kind].any():
                size = int(exists[kind][:, 0].sum()), int(exists[kind][0].sum())
                own = pixels[kind][: size[0], : size[1]].flatten()
                passes.append(Pass(count, kind, tuple(known), own, size))
                count += 1
            known[kind] = True
        scales.append(Scale(stride, torch.stack(pixels), torch.stack(exists), tuple(passes)))
    return scales


def known_neighbours(scales: Sequence[Scale], height: int, width: int) -> tuple[Tensor, Tensor]:
    """Find what lies next to each pixel, on its own grid and known before it: the pixels above, left, right and below.

    Args:
        scales: the scales of the image.
        height: H.
        width: W.

    Returns:
        Flat indices, int64 ``(H * W, 4)``, and whether there is such a neighbour, boolean ``(H * W, 4)``.

    >>> neighbours, is_known = known_neighbours(scales_of(2, 3, ("right", "below", "diagonal")), 2, 3)
    >>> [pixel[known].tolist() for pixel, known in zip(neighbours, is_known)]
    [[], [0, 2], [0], [0], [1, 3, 5], [2]]
    """
    stride, made_in = torch.empty(2, height * width, dtype=torch.int64)
    for scale in scales:
        for one in scale.passes:
            stride[one.pixels], made_in[one.pixels] = scale.stride, one.number
    steps = stride[:, None, None] * torch.tensor([[-1, 0], [0, -1], [0, 1], [1, 0]])
    pixel = torch.arange(height * width)
    place = torch.stack([pixel // width, pixel % width], -1)[:, None] + steps
    is_inside = ((place >= 0) & (place < torch.tensor([height, width]))).all(-1)
    neighbours = (place[..., 0] * width + place[..., 1]).where(is_inside, 0)
    return neighbours, is_inside & (made_in[neighbours] < made_in[:, None])


def average_of(values: Tensor, neighbours: Tensor, is_known: Tensor) -> Tensor:
    """Average the known neighbours of pixels.

    Args:
        values: numbers ``(N, C, H, W)``.
        neighbours: flat indices ``(pixels, 4)``.
        is_known: boolean ``(pixels, 4)``.

    Returns:
        Averages ``(N, pixels, C)``, which are 0 without a known neighbour.

    >>> some = torch.tensor([[0, 2, 0, 0]]), torch.tensor([[True, True, False, False]])
    >>> average_of(torch.tensor([1.0, 5.0, 2.0]).view(1, 1, 1, 3), *some)
    tensor([[[1.5000]]])
    """
    of_neighbours = values.flatten(2)[:, :, neighbours] * is_known
    return (of_neighbours.sum(-1) / is_known.sum(-1).clamp(min=1)).mT
