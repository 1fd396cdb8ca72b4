"""Orderings: in which order a model generates the variables of one observation.

An ordering is an int64 permutation ``(D,)`` of flat (row-major) indices: ``ordering[k]`` is the variable generated k-th.
The named orderings take an event shape - ``(D,)``, ``(T,)``, ``(H, W)``, ``(C, H, W)``, or with more sizes such as
``(C, T, H, W)``, where the first one always counts channels - and keep the channels of one pixel together, in their own
order. Only `random` mixes everything.

>>> raster((3, 1, 2)).tolist()
[0, 2, 4, 1, 3, 5]
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

import torch
from torch import Tensor

from armod.settings import check_sizes, generator_of, shown, whole_numbers


def raster(event_shape: Sequence[int]) -> Tensor:
    """Go left to right, then top to bottom, and through R, G, B within each pixel (PixelRNN, section 2).

    Args:
        event_shape: shape of one observation.

    Returns:
        The ordering ``(D,)``.

    Raises:
        ValueError: if the event shape has no size, or a size below 1.

    >>> raster((5,)).tolist()
    [0, 1, 2, 3, 4]
    >>> raster((2, 3, 1, 1)).tolist()
    [0, 3, 1, 4, 2, 5]
    """
    return _channels_within_pixels(_pixel_grid(event_shape))


def column(event_shape: Sequence[int]) -> Tensor:
    """Go top to bottom, then left to right, within each frame if there are several; otherwise like `raster`.

    Args:
        event_shape: shape of one observation.

    Returns:
        The ordering ``(D,)``.

    >>> column((1, 2, 2)).tolist()
    [0, 2, 1, 3]
    """
    return _channels_within_pixels(_pixel_grid(event_shape).mT)


def checkerboard(event_shape: Sequence[int]) -> Tensor:
    """Take all pixels with an even sum of coordinates in raster order, then all the others; otherwise like `raster`.

    Args:
        event_shape: shape of one observation.

    Returns:
        The ordering ``(D,)``.

    >>> checkerboard((1, 2, 3)).tolist()
    [0, 2, 4, 1, 3, 5]
    """
    grid = _pixel_grid(event_shape)
    is_odd = (torch.ones(grid.shape[1:]).nonzero().sum(1) % 2).bool().view(grid.shape[1:])
    return _channels_within_pixels(torch.cat([grid[:, ~is_odd], grid[:, is_odd]], dim=1))


def subscale(event_shape: Sequence[int], scale: int = 2) -> Tensor:
    """Go through one interleaved slice after the other, each in raster order (Menick, Kalchbrenner 2019, section 3).

    A slice holds every `scale`-th row and column, beginning at one of the offsets, which follow each other in raster order.
    So the later slices are surrounded by what is known already.

    Args:
        event_shape: shape of one observation.
        scale: S, the distance of neighbours in a slice; an image has S * S slices.

    Returns:
        The ordering ``(D,)``.

    Raises:
        ValueError: if the event shape or the scale has a size below 1.

    >>> subscale((1, 2, 4), 2).tolist()
    [0, 2, 1, 3, 4, 6, 5, 7]
    """
    check_sizes(scale=scale)
    grid = _pixel_grid(event_shape)
    offsets = itertools.product(range(scale), repeat=grid.dim() - 1)
    return torch.cat([_channels_within_pixels(_every(grid, scale, offset)) for offset in offsets])


def coarse_to_fine(event_shape: Sequence[int]) -> Tensor:
    """Go from a single pixel to grids that become twice as fine again and again (Reed et al. 2017, section 3).

    Each doubling adds three groups of an image: the pixels to the right of known ones, those below, and those diagonally
    between.

    Args:
        event_shape: shape of one observation.

    Returns:
        The ordering ``(D,)``.

    Raises:
        ValueError: if the event shape has no size, or a size below 1.

    >>> coarse_to_fine((3, 3)).tolist()
    [0, 2, 6, 8, 1, 7, 3, 5, 4]
    """
    grid = _pixel_grid(event_shape)
    origin = (0,) * (grid.dim() - 1)
    stride = 1
    while _every(grid, stride, origin)[0].numel() > 1:
        stride *= 2
    groups = [_every(grid, stride, origin)]
    while stride > 1:
        stride //= 2
        offsets = list(itertools.product((0, stride), repeat=len(origin)))[1:]
        groups += [_every(grid, 2 * stride, offset) for offset in offsets]
    return torch.cat([_channels_within_pixels(group) for group in groups])


def random(event_shape: Sequence[int], seed: int = 0) -> Tensor:
    """Draw a uniformly random permutation of all variables.

    Args:
        event_shape: shape of one observation.
        seed: the same seed gives the same ordering.

    Returns:
        The ordering ``(D,)``.

    Raises:
        ValueError: if the event shape or the seed is not one.

    >>> sorted(random((4,), seed=3).tolist())
    [0, 1, 2, 3]
    """
    return torch.randperm(math.prod(_checked(event_shape)), generator=generator_of(seed))


def known_first(mask: Tensor, ordering: Tensor | Sequence[int] | None = None) -> Tensor:
    """Put the known variables of a mask first, and then the hidden ones.

    A completion with this ordering is exact. `armod.MADE.with_ordering` takes it.

    Args:
        mask: a boolean tensor of one observation's shape, True where a variable is known.
        ordering: the order among the known variables, and among the hidden ones; None is raster. A model that was trained with
            random orderings has seen none that is as regular as the raster.

    Returns:
        The ordering ``(D,)``.

    Raises:
        ValueError: if the mask is no boolean tensor, or the ordering no permutation.

    >>> mask = torch.tensor([[False, True], [True, False]])
    >>> known_first(mask).tolist(), known_first(mask, [3, 2, 1, 0]).tolist()
    ([1, 2, 0, 3], [2, 1, 3, 0])
    """
    if not isinstance(mask, Tensor) or mask.dtype != torch.bool:
        raise ValueError(f"mask is a boolean tensor, True where a variable is known, not {shown(mask)}.")
    before = as_permutation(ordering, mask.shape).to(mask.device)
    return before[torch.argsort(~mask.flatten()[before], stable=True)]


def reversed(event_shape: Sequence[int]) -> Tensor:
    """Go through the raster ordering from its end to its beginning.

    Args:
        event_shape: shape of one observation.

    Returns:
        The ordering ``(D,)``.

    >>> reversed((4,)).tolist()
    [3, 2, 1, 0]
    """
    return raster(event_shape).flip(0)


def as_permutation(ordering: Tensor | Sequence[int] | None, event_shape: Sequence[int]) -> Tensor:
    """Check an ordering that a user gave.

    Args:
        ordering: a permutation ``(D,)`` of any type, or None for the raster ordering.
        event_shape: shape of one observation.

    Returns:
        The ordering as an int64 tensor ``(D,)`` on the CPU.

    Raises:
        ValueError: if it is not a permutation: numbers, of which the values are 0..D-1, each exactly once.

    >>> as_permutation([2, 0, 1], (3,)).tolist()
    [2, 0, 1]
    """
    num_variables = math.prod(_checked(event_shape))
    if ordering is None:
        return raster(event_shape)
    given = _numbers(ordering).cpu().flatten()
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


def positions(ordering: Tensor | Sequence[int]) -> Tensor:
    """Invert an ordering: ``positions(ordering)[d]`` is the step, from 0, in which variable d is generated.

    Args:
        ordering: permutation ``(D,)`` of any type.

    Returns:
        The inverse permutation ``(D,)``, int64 on the same device.

    Raises:
        ValueError: if it is not a permutation.

    >>> positions(torch.tensor([2, 0, 1])).tolist()
    [1, 2, 0]
    """
    given = _numbers(ordering)
    return torch.argsort(as_permutation(given, (max(given.numel(), 1),)).to(given.device))


def is_straight(ordering: Tensor) -> bool:
    """Tell whether an ordering of a sequence runs forward or backward, so that it has a meaning for any length.

    Args:
        ordering: permutation ``(D,)``.

    Returns:
        Whether it is one of the two.

    >>> is_straight(torch.tensor([2, 1, 0])), is_straight(torch.tensor([1, 2, 0]))
    (True, False)
    """
    forward = torch.arange(len(ordering), device=ordering.device)
    return torch.equal(ordering, forward) or torch.equal(ordering, forward.flip(0))


def name(ordering: Tensor | Sequence[int], event_shape: Sequence[int]) -> str:
    """Name an ordering for a report.

    Args:
        ordering: permutation ``(D,)``.
        event_shape: shape of one observation.

    Returns:
        The name of a known ordering, or else the first variables.

    Raises:
        ValueError: if it is not a permutation of the variables.

    >>> name(torch.tensor([2, 1, 0]), (3,)), name(torch.tensor([1, 0, 2]), (3,))
    ('reversed', '1, 0, 2')
    """
    given = as_permutation(_numbers(ordering), event_shape)
    for known in (raster, reversed, column, checkerboard, subscale, coarse_to_fine):
        if torch.equal(known(event_shape), given):
            return known.__name__
    return ", ".join(map(str, given[:8].tolist())) + (", ..." if len(given) > 8 else "")


def _pixel_grid(event_shape: Sequence[int]) -> Tensor:
    """Flat indices as ``(C, ..., H, W)``; a sequence is one row, and a plane is one channel."""
    shape = _checked(event_shape)
    full = (1,) * (3 - len(shape)) + shape
    return torch.arange(math.prod(full)).view(full)


def _every(grid: Tensor, stride: int, offset: Sequence[int]) -> Tensor:
    """The indices ``(C, ...)`` of every `stride`-th row, column ..., beginning at the offset."""
    return grid[(slice(None), *(slice(begin, None, stride) for begin in offset))]


def _channels_within_pixels(grid: Tensor) -> Tensor:
    """``(C, ...)`` -> ``(D,)``: every channel of a pixel before the next pixel."""
    return grid.flatten(1).T.flatten()


def _numbers(ordering: object) -> Tensor:
    """The numbers of an ordering that a user gave, whatever they are."""
    try:
        given = torch.as_tensor(ordering).detach()
        if given.dtype != torch.bool and not given.is_complex():
            return given
    except (TypeError, ValueError, RuntimeError):
        pass
    what = shown(ordering)
    if callable(ordering):  # most often one of this module
        what = f"the function {getattr(ordering, '__name__', what)}; call it with the event shape"
    raise ValueError(f"ordering is a permutation, such as armod.orderings.column(event_shape), not {what}.")


def _checked(event_shape: Sequence[int]) -> tuple[int, ...]:
    shape = whole_numbers(event_shape)
    if not shape or min(shape) < 1:
        raise ValueError(
            "An event shape is (D,), (H, W), (C, H, W) or longer, with sizes of at least 1; "
            f"got {shown(event_shape)}."
        )
    return tuple(shape)
