"""Orderings: in which order a model generates the variables of one observation.

An ordering is a permutation ``(D,)`` of flat (row-major) indices: ``ordering[k]`` is the variable generated k-th.
Every function takes an event shape - ``(D,)``, ``(T,)``, ``(H, W)`` or ``(C, H, W)`` - and returns such a permutation.
Channels of one pixel always stay together, in their own order, but for `random`, which mixes everything.

>>> raster((3, 1, 2)).tolist()
[0, 2, 4, 1, 3, 5]
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor


def raster(event_shape: Sequence[int]) -> Tensor:
    """Left to right, then top to bottom; the channels R, G, B within each pixel (PixelRNN, section 2).

    >>> raster((5,)).tolist()
    [0, 1, 2, 3, 4]
    """
    grid = _pixel_grid(event_shape)
    return _channels_within_pixels(grid.flatten(1))


def column(event_shape: Sequence[int]) -> Tensor:
    """Top to bottom, then left to right.

    >>> column((1, 2, 2)).tolist()
    [0, 2, 1, 3]
    """
    grid = _pixel_grid(event_shape)
    return _channels_within_pixels(grid.transpose(1, 2).flatten(1))


def checkerboard(event_shape: Sequence[int]) -> Tensor:
    """All pixels with even row + column in raster order, then all the others.

    >>> checkerboard((1, 2, 3)).tolist()
    [0, 2, 4, 1, 3, 5]
    """
    grid = _pixel_grid(event_shape)
    rows, columns = torch.arange(grid.shape[1])[:, None], torch.arange(grid.shape[2])
    is_odd = ((rows + columns) % 2).bool()
    return _channels_within_pixels(torch.cat([grid[:, ~is_odd], grid[:, is_odd]], dim=1))


def random(event_shape: Sequence[int], seed: int = 0) -> Tensor:
    """A uniformly random permutation of all the variables, the same one for the same seed.

    >>> sorted(random((4,), seed=3).tolist())
    [0, 1, 2, 3]
    """
    return torch.randperm(math.prod(event_shape), generator=torch.Generator().manual_seed(seed))


def reversed(event_shape: Sequence[int]) -> Tensor:
    """The raster ordering from its end to its beginning.

    >>> reversed((4,)).tolist()
    [3, 2, 1, 0]
    """
    return raster(event_shape).flip(0)


def as_permutation(ordering: Tensor | Sequence[int] | None, event_shape: Sequence[int]) -> Tensor:
    """Any permutation as an int64 tensor ``(D,)``; ``None`` is the raster ordering.

    Raises:
        ValueError: if the values are not 0..D-1, each exactly once.

    >>> as_permutation([2, 0, 1], (3,)).tolist()
    [2, 0, 1]
    """
    if ordering is None:
        return raster(event_shape)
    num_variables = math.prod(event_shape)
    if isinstance(ordering, str):
        raise ValueError(
            f"An ordering is a permutation, such as armod.orderings.column(event_shape), not {ordering!r}."
        )
    given = torch.as_tensor(ordering).detach().cpu().flatten()
    permutation = given.to(torch.int64)
    is_permutation = (
        len(given) == num_variables
        and bool((given == permutation).all())
        and torch.equal(permutation.sort().values, torch.arange(num_variables))
    )
    if not is_permutation:
        raise ValueError(
            f"An ordering of {num_variables} variables must hold each of 0..{num_variables - 1} exactly once; "
            f"got {given[:12].tolist()}{' ...' if len(given) > 12 else ''} of length {len(given)}."
        )
    return permutation


def positions(ordering: Tensor) -> Tensor:
    """The inverse permutation: ``positions(ordering)[d]`` says as which one, from 0, variable d is generated.

    >>> positions(torch.tensor([2, 0, 1])).tolist()
    [1, 2, 0]
    """
    return torch.argsort(ordering)


def name(ordering: Tensor, event_shape: Sequence[int]) -> str:
    """What to call an ordering in a report: its name, or its first variables.

    >>> name(torch.tensor([2, 1, 0]), (3,)), name(torch.tensor([1, 0, 2]), (3,))
    ('reversed', '1, 0, 2')
    """
    given = ordering.cpu()
    for known in (raster, reversed, column, checkerboard):
        if torch.equal(known(event_shape), given):
            return known.__name__
    return ", ".join(map(str, given[:8].tolist())) + (", ..." if len(given) > 8 else "")


def _pixel_grid(event_shape: Sequence[int]) -> Tensor:
    """Flat indices as ``(C, H, W)``; a sequence is one row, a plane one channel."""
    shape = tuple(event_shape)
    if not 1 <= len(shape) <= 3 or min(shape) < 1:
        raise ValueError(
            f"An event shape is (D,), (H, W) or (C, H, W) with sizes of at least 1; got {shape}."
        )
    channels, height, width = (1,) * (3 - len(shape)) + shape
    return torch.arange(channels * height * width).view(channels, height, width)


def _channels_within_pixels(planes: Tensor) -> Tensor:
    """``(C, pixels)`` -> ``(pixels * C,)``: every channel of a pixel before the next pixel."""
    return planes.T.flatten()
