"""Small sets of levels on which wrong answers show: some cells hold several observations, many hold none."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor


def some_levels(generator: np.random.Generator, num: int, num_variables: int, num_levels: int) -> Tensor:
    """Observations ``(N, D)`` of levels, int64; low levels are commoner than high ones."""
    shares = generator.beta(1.2, 2.5, size=(num, num_variables))
    return torch.from_numpy(np.floor(shares * num_levels).astype(np.int64).clip(0, num_levels - 1))


def cells_of(x: Tensor, num_bins: int, num_levels: int) -> list[tuple[int, ...]]:
    """The cell of each observation, as the bins of its variables."""
    return [tuple(cell) for cell in (x * num_bins // num_levels).tolist()]
