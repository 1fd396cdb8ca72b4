"""The mixture of the knobs that explains data best, found one knob at a time; fit.js takes the same steps."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

MOST_SWEEPS = 30
SAME = 1e-9  # bits; a smaller gain is none, so that two ways of adding up find the same


def fitted(
    masses: NDArray[np.float64],
    weights: Sequence[int],
    shares: Sequence[float],
    start: Sequence[Sequence[int]],
) -> list[list[int]]:
    """Coordinate descent on the mean code length: each knob in turn takes its best value, until none moves.

    It ends where no single knob can better, which need not be the best of all.

    Args:
        masses: of every level under every mean and scale, ``(means, scales, levels)``.
        weights: the values of the weights.
        shares: of the data on every level.
        start: for each component the indices of mean, scale and weight.

    Returns:
        The indices, in the order of `start`.
    """
    components = [list(component) for component in start]
    seen = np.array(shares, dtype=float)
    choices = (masses.shape[0], masses.shape[1], len(weights))

    def bits() -> float:
        total = sum(weights[weight] for _, _, weight in components)
        mixed = sum(weights[weight] / total * masses[mean, scale] for mean, scale, weight in components)
        with np.errstate(divide="ignore"):
            return float(-(seen[seen > 0] * np.log2(np.asarray(mixed)[seen > 0])).sum())

    lowest = bits()
    for _ in range(MOST_SWEEPS):
        before = lowest
        for component in components:
            for knob in range(3):
                best = component[knob]
                for value in range(choices[knob]):
                    component[knob] = value
                    if (now := bits()) < lowest - SAME:
                        best, lowest = value, now
                component[knob] = best
        if lowest == before:
            break
    return components
