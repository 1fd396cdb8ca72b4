"""Mu-law: sound as a few hundred levels, fine where it is quiet and coarse where it is loud.

The ear hears loudness as ratios, so a wave is companded by ``f(x) = sign(x) ln(1 + mu |x|) / ln(1 + mu)`` with
``mu = num_levels - 1`` (ITU-T G.711; WaveNet, section 2.2), and the companded range [-1, 1] is cut into `num_levels` bins
of equal width. A level stands for the centre of its bin.

>>> mu_law_encode(torch.tensor([-1.0, 0.0, 0.01, 1.0])).tolist()
[0, 128, 157, 255]
"""

from __future__ import annotations

import math

import torch
from torch import Tensor


def mu_law_encode(wave: Tensor, num_levels: int = 256) -> Tensor:
    """Levels 0..num_levels-1 of a wave, the loudest negative sample 0 (WaveNet, section 2.2).

    ``wave``: floats in [-1, 1] of any shape; returns int64 of that shape. Computed in float64, so that a wave has the same
    levels whatever its dtype. A sample that lies between two bins takes the upper; for an even number of levels 0.0 does.

    Raises:
        ValueError: for integers, for a sample outside [-1, 1] (nothing is clipped in silence), or fewer than 2 levels.

    >>> mu_law_encode(torch.tensor([-0.5, 0.5]), num_levels=2)
    tensor([0, 1])
    """
    _check_num_levels(num_levels)
    if not wave.is_floating_point():
        raise ValueError(
            f"A wave holds floats in [-1, 1], not {wave.dtype}: divide 16-bit samples by 32768 first."
        )
    loudest = float(wave.abs().max()) if wave.numel() else 0.0
    if not loudest <= 1:
        raise ValueError(
            f"A wave lies in [-1, 1]; the largest sample here is {loudest:g}: scale or clip it first."
        )
    mu = num_levels - 1
    exact = wave.double()
    companded = exact.sign() * (mu * exact.abs()).log1p() / math.log(num_levels)
    bins = ((companded + 1) / 2 * num_levels).floor().long()
    return bins.clamp(0, num_levels - 1)


def mu_law_decode(levels: Tensor, num_levels: int = 256, *, dtype: torch.dtype | None = None) -> Tensor:
    """The wave that these levels stand for: of each the centre of its bin, expanded again (WaveNet, section 2.2).

    ``levels``: 0..num_levels-1 of any shape and dtype; returns `dtype` (torch's default) of that shape, inside (-1, 1).
    Encoding the result gives the same levels.

    Raises:
        ValueError: for a level outside 0..num_levels-1, or fewer than 2 levels.

    >>> mu_law_decode(torch.tensor([0, 127, 128, 255])).mul(10_000).round().tolist()
    [-9785.0, -1.0, 1.0, 9785.0]
    """
    _check_num_levels(num_levels)
    exact = levels.double()
    if levels.numel() and not (exact.min() >= 0 and exact.max() <= num_levels - 1):
        raise ValueError(
            f"Levels lie in 0..{num_levels - 1}; got {levels.min().item()}..{levels.max().item()}: "
            "decode with the num_levels they were encoded with."
        )
    mu = num_levels - 1
    companded = (2 * exact + 1) / num_levels - 1
    wave = companded.sign() * (companded.abs() * math.log(num_levels)).expm1() / mu
    return wave.to(dtype or torch.get_default_dtype())


def _check_num_levels(num_levels: int) -> None:
    if num_levels < 2:
        raise ValueError(f"Mu-law coding needs at least 2 levels; got {num_levels}.")
