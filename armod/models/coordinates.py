"""Coordinates: constant planes that tell a convolution where it stands.

A convolution does the same everywhere. Only the zeros beyond the edges tell it where the image ends, and only as far as its
field reaches. As part of a local context, planes of coordinates tell every layer at every pixel. (Liu et al. 2018, "An
Intriguing Failing of Convolutional Neural Networks and the CoordConv Solution", section 3.)
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

NUM_PLANES = 3


def coordinate_planes(
    height: int, width: int, *, dtype: torch.dtype | None = None, device: torch.device | None = None
) -> Tensor:
    """Make the planes row, column and distance from the middle column.

    Args:
        height: H.
        width: W.
        dtype: dtype of the planes; None is torch's default.
        device: where they are; None is torch's default.

    Returns:
        Rows and columns from -1 to 1 (0 where there is only one), and the absolute value of the columns, ``(3, H, W)``.

    >>> coordinate_planes(1, 3).tolist()
    [[[0.0, 0.0, 0.0]], [[-1.0, 0.0, 1.0]], [[1.0, 0.0, 1.0]]]
    """
    rows, columns = (
        torch.linspace(-1, 1, size, dtype=dtype, device=device)
        if size > 1
        else torch.zeros(1, dtype=dtype, device=device)
        for size in (height, width)
    )
    columns = columns.expand(height, width)
    return torch.stack([rows[:, None].expand(height, width), columns, columns.abs()])


def with_coordinates(context: Tensor | None, size: Sequence[int], like: Tensor) -> Tensor:
    """Put the planes behind a context.

    Args:
        context: a checked context ``(N, C')`` or ``(N, C', H, W)``, or None.
        size: ``(H, W)``.
        like: a tensor of the dtype and device of the result.

    Returns:
        A local context ``(N, C' + 3, H, W)``; without a context N is 1.

    >>> with_coordinates(torch.ones(5, 2), (4, 6), torch.zeros(())).shape
    torch.Size([5, 5, 4, 6])
    """
    height, width = size
    planes = coordinate_planes(height, width, dtype=like.dtype, device=like.device)[None]
    if context is None:
        return planes
    if context.dim() == 2:
        context = context[:, :, None, None].expand(-1, -1, height, width)
    return torch.cat([context.to(like.dtype), planes.expand(len(context), -1, -1, -1)], 1)
