"""Random numbers, and gated layers on which wrong answers show."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F


def normal(generator: np.random.Generator, *shape: int, scale: float = 1.0) -> Tensor:
    """Normal numbers, float32 as a learner's own."""
    return torch.from_numpy(generator.normal(scale=scale, size=shape)).float()


def causal(x: Tensor, weight: Tensor, bias: Tensor | None = None, *, dilation: int = 1) -> Tensor:
    """Inputs ``(N, C, T)`` and weights ``(C', C, k)`` to ``(N, C', T)``: the last tap reads t, those before it earlier ones."""
    return F.conv1d(F.pad(x, ((weight.shape[2] - 1) * dilation, 0)), weight, bias, dilation=dilation)


def unit(sums: Tensor) -> Tensor:
    """WaveNet's gated unit: sums ``(N, 2C, ...)``, filters first, to ``(N, C, ...)``."""
    to_filter, to_gate = sums.chunk(2, dim=1)
    return to_filter.tanh() * to_gate.sigmoid()
