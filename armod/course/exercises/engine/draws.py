"""What exercises draw for their instances: numbers and orderings on which wrong answers show."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from armod.orderings import positions


def normal(generator: np.random.Generator, *shape: int, scale: float = 1.0) -> Tensor:
    """Normal numbers, float64."""
    return torch.from_numpy(generator.normal(scale=scale, size=shape))


def bits(generator: np.random.Generator, *shape: int) -> Tensor:
    """Zeros and ones, float64."""
    return torch.from_numpy(generator.integers(0, 2, shape) * 1.0)


def uneven_ordering(generator: np.random.Generator, size: int) -> Tensor:
    """A permutation ``(size,)`` that is not its own inverse; size is at least 3."""
    ordering = torch.arange(size)
    while torch.equal(positions(ordering), ordering):
        ordering = torch.from_numpy(generator.permutation(size))
    return ordering
