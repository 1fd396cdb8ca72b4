"""A linear layer with a fixed mask, ``x @ (weight * mask).T + bias``, which skips most of the masked work.

If the units of a MADE are sorted by degree, a mask looks like a staircase: the first units see few columns, and the last
ones see nearly all. So the mask is cut into a few bands of rows. Each band ends at the last column that any of its rows
sees, and its first columns, which all of its rows see, need no mask. A masked step then costs less than an unmasked one.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from armod.models.checks import transforms_are_active

_BANDS = 5
_SMALL = 2**15  # with fewer weights, starting more products costs more time than they save


class Band(NamedTuple):
    """Some rows of a mask, all of which see the columns before `full`, and none of which sees a column from `end` on.

    Args:
        begin: the first row.
        last: the row after the last one.
        full: the number of columns that all rows see.
        end: the number of columns that any row sees.

    >>> Band(begin=0, last=40, full=1, end=40).last
    40
    """

    begin: int
    last: int
    full: int
    end: int


def bands(mask: Tensor) -> tuple[Band, ...]:
    """Cut a mask into a few bands of rows.

    Args:
        mask: zeros and ones ``(units, units below)``.

    Returns:
        The bands from the top to the bottom.

    >>> bands(torch.ones(200, 200).tril())[1]
    Band(begin=40, last=80, full=41, end=80)
    """
    count = 1 if mask.numel() < _SMALL else _BANDS
    edges = [len(mask) * edge // count for edge in range(count + 1)]
    sees = mask.bool()
    found = []
    for begin, last in pairwise(edges):
        seen_by_any, seen_by_all = sees[begin:last].any(0), sees[begin:last].all(0)
        end = int(seen_by_any.nonzero().max()) + 1 if seen_by_any.any() else 0
        full = int(seen_by_all.cumprod(0).sum())
        found.append(Band(begin, last, min(full, end), end))
    return tuple(found)


def masked_linear(
    x: Tensor, weight: Tensor, mask: Tensor, bias: Tensor, mask_bands: tuple[Band, ...]
) -> Tensor:
    """Apply a masked linear layer; masked weights have gradients of exactly zero.

    Args:
        x: inputs ``(N, units below)``.
        weight: ``(units, units below)``.
        mask: zeros and ones of the same shape and dtype.
        bias: ``(units,)``.
        mask_bands: `bands` of the mask.

    Returns:
        Outputs ``(N, units)``.

    >>> masked_linear(torch.ones(1, 2), torch.ones(1, 2), torch.tensor([[0.0, 1.0]]), torch.zeros(1), (Band(0, 1, 0, 2),))
    tensor([[1.]])
    """
    device = x.device.type
    if torch.is_autocast_enabled(device) and weight.dtype != torch.float64:  # autocast leaves float64 alone
        # the product is made in the smaller dtype, because reading memory is what takes the time in a small layer
        dtype = torch.get_autocast_dtype(device)
        return F.linear(x, weight.to(dtype) * mask.to(dtype), bias)
    # function transforms and compilers only work with torch's own operations
    if torch.compiler.is_compiling() or transforms_are_active():
        return F.linear(x, weight * mask, bias)
    return _MaskedLinear.apply(x, weight, mask, bias, mask_bands)


class _MaskedLinear(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, x: Tensor, weight: Tensor, mask: Tensor, bias: Tensor, mask_bands: tuple[Band, ...]
    ) -> Tensor:
        y = x.new_empty(len(x), len(weight))
        masked = []
        for begin, last, full, end in mask_bands:
            rows = weight[begin:last, :end].clone()
            rows[:, full:].mul_(mask[begin:last, full:end])
            torch.addmm(bias[begin:last], x[:, :end], rows.T, out=y[:, begin:last])
            masked.append(rows)
        ctx.save_for_backward(x, weight, mask, *masked)
        ctx.mask_bands = mask_bands
        return y

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, Tensor, None, Tensor, None]:
        x, weight, mask, *masked = ctx.saved_tensors
        wants_x = ctx.needs_input_grad[0]
        if torch.is_grad_enabled():  # this gradient will be differentiated again
            for_x = gradient @ (weight * mask) if wants_x else None
            return for_x, (gradient.T @ x) * mask, None, gradient.sum(0), None
        for_x = torch.zeros_like(x) if wants_x else None
        for_weight = torch.empty_like(weight)
        for (begin, last, full, end), rows in zip(ctx.mask_bands, masked, strict=True):
            of_band = gradient[:, begin:last]
            if for_x is not None:
                for_x[:, :end].addmm_(of_band, rows)
            torch.mm(of_band.T, x[:, :end], out=for_weight[begin:last, :end])
            for_weight[begin:last, full:end].mul_(mask[begin:last, full:end])
            for_weight[begin:last, end:] = 0
        return for_x, for_weight, None, gradient.sum(0), None
