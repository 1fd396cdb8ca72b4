"""Mu-law: sound as a few hundred levels, which are fine where the sound is quiet and coarse where it is loud.

The ear hears ratios of loudness, so a wave is companded by ``f(x) = sign(x) ln(1 + mu |x|) / ln(1 + mu)`` with
``mu = num_levels - 1`` (ITU-T G.711; WaveNet, section 2.2). The companded range [-1, 1] is then cut into `num_levels` bins
of equal width. A level stands for the centre of its bin.

>>> mu_law_encode(torch.tensor([-1.0, 0.0, 0.01, 1.0])).tolist()
[0, 128, 157, 255]
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from armod.inputs import tensor_of
from armod.settings import check_whole


def mu_law_encode(wave: Tensor, num_levels: int = 256) -> Tensor:
    """Turn a wave into levels (WaveNet, section 2.2).

    The result is computed in float64, so that a wave has the same levels in every dtype. A sample on the border of two
    bins takes the upper bin, as 0.0 does if the number of levels is even.

    Args:
        wave: floats in [-1, 1] of any shape.
        num_levels: K, at least 2.

    Returns:
        Levels 0..K-1, int64 of the wave's shape; -1.0 becomes level 0.

    Raises:
        ValueError: if the wave holds integers or a sample outside [-1, 1] (nothing is clipped silently), or if there are
            fewer than 2 levels.

    >>> mu_law_encode(torch.tensor([-0.5, 0.5]), num_levels=2)
    tensor([0, 1])
    """
    num_levels = _checked(num_levels)
    wave = tensor_of(wave, "wave", "floats in [-1, 1]")
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
    """Turn levels back into a wave: each level becomes the centre of its bin, expanded again (WaveNet, section 2.2).

    Args:
        levels: 0..K-1 of any shape and dtype.
        num_levels: K, at least 2.
        dtype: dtype of the result; None is torch's default.

    Returns:
        Floats inside (-1, 1) of the levels' shape; encoding them gives the same levels.

    Raises:
        ValueError: if a level is no whole number 0..K-1, if there are fewer than 2 levels, or if the dtype is not one.

    >>> mu_law_decode(torch.tensor([0, 127, 128, 255])).mul(10_000).round().tolist()
    [-9785.0, -1.0, 1.0, 9785.0]
    """
    num_levels = _checked(num_levels)
    levels = tensor_of(levels, "levels", f"levels 0..{num_levels - 1}")
    if dtype is not None and not (isinstance(dtype, torch.dtype) and dtype.is_floating_point):
        raise ValueError(f"dtype is a floating dtype of torch or None, not {dtype!r}.")
    exact = levels.double()
    if not torch.equal(exact, exact.floor()):
        raise ValueError(f"Levels are whole numbers 0..{num_levels - 1}, but levels has fractions or NaN.")
    if levels.numel() and not (exact.min() >= 0 and exact.max() <= num_levels - 1):
        raise ValueError(
            f"Levels lie in 0..{num_levels - 1}; got {levels.min().item()}..{levels.max().item()}: "
            "decode with the num_levels they were encoded with."
        )
    mu = num_levels - 1
    companded = (2 * exact + 1) / num_levels - 1
    wave = companded.sign() * (companded.abs() * math.log(num_levels)).expm1() / mu
    return wave.to(dtype or torch.get_default_dtype())


def _checked(num_levels: int) -> int:
    (number,) = check_whole(num_levels=num_levels)
    if number < 2:
        raise ValueError(f"Mu-law coding needs at least 2 levels; got {number}.")
    return number
