"""The best mean and scale of one discretized logistic distribution, by Newton's method; maximiser.js does the same.

Each end of a bin lies ``end / scale - mean / scale`` scales from the mean. In these two unknowns, ``rise = 1 / scale`` and
``shift = mean / scale``, the log-likelihood is concave: it is a sum of log sigmoids of linear functions, and of
``log(1 - exp(-rise))``. So there is at most one maximum, and Newton's method with shortened steps climbs to it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence


def has_maximiser(counts: Sequence[int]) -> bool:
    """Whether one mean and scale is best: not for points that a scale of 0, or one without bounds, explains ever better."""
    used = [level for level, count in enumerate(counts) if count]
    return len(used) > 1 and used[-1] - used[0] > 1 and used != [0, len(counts) - 1]


def maximiser(counts: Sequence[int], mean: float, scale: float) -> tuple[float, float]:
    """The best mean and scale.

    Args:
        counts: how many points each level has; `has_maximiser` of them.
        mean: where to start, in levels.
        scale: where to start, in levels, above 0.

    Returns:
        Mean and scale, in levels.

    >>> [round(value, 3) for value in maximiser([0, 1, 2, 1, 0], 1.0, 3.0)]
    [2.0, 0.38]
    """
    at = (1 / scale, mean / scale)
    value = log_likelihood(counts, *at)
    for _ in range(100):
        (g, h), (gg, gh, hh) = _derivatives(counts, *at)
        determinant = gg * hh - gh * gh
        step = ((gh * h - hh * g) / determinant, (gh * g - gg * h) / determinant)
        if (
            g * step[0] + h * step[1] < 1e-9
        ):  # twice the nats to be gained: the next step is the last that counts
            at = (at[0] + step[0], at[1] + step[1])
            break
        size = 1.0
        while size > 1e-12:
            moved = (at[0] + size * step[0], at[1] + size * step[1])
            if moved[0] > 0 and log_likelihood(counts, *moved) >= value:
                break
            size /= 2
        at, value = moved, log_likelihood(counts, *moved)
    return at[1] / at[0], 1 / at[0]


def log_likelihood(counts: Sequence[int], rise: float, shift: float) -> float:
    """Nats of all points, minus."""
    return sum(
        count * log_mass(level, rise, shift, len(counts)) for level, count in enumerate(counts) if count
    )


def slopes(counts: Sequence[int], mean: float, scale: float) -> tuple[float, float]:
    """The derivatives of the log-likelihood by mean and by scale."""
    rise, shift = 1 / scale, mean / scale
    (by_rise, by_shift), _ = _derivatives(counts, rise, shift)
    return by_shift * rise, -(by_rise + by_shift * mean) * rise * rise


def log_mass(level: int, rise: float, shift: float, num_levels: int) -> float:
    """The log-probability of a level."""
    ends = _ends(level, num_levels)
    within = math.log(-math.expm1(-rise)) if len(ends) == 2 else 0.0
    return within + sum(_log_sigmoid(a * rise + b * shift) for a, b in ends)


def _ends(level: int, num_levels: int) -> list[tuple[float, float]]:
    """The ends of a bin as linear functions of rise and shift; the first and the last bin have one."""
    upper = [(level + 0.5, -1.0)] if level < num_levels - 1 else []
    return upper + ([(0.5 - level, 1.0)] if level > 0 else [])


def _derivatives(
    counts: Sequence[int], rise: float, shift: float
) -> tuple[tuple[float, float], tuple[float, float, float]]:
    """First and second derivatives of the log-likelihood by rise and shift."""
    g = h = gg = gh = hh = 0.0
    for level, count in enumerate(counts):
        if not count:
            continue
        ends = _ends(level, len(counts))
        for a, b in ends:
            x = a * rise + b * shift
            slope = math.exp(_log_sigmoid(-x))
            curvature = slope * math.exp(_log_sigmoid(x))
            g, h = g + count * slope * a, h + count * slope * b
            gg -= count * curvature * a * a
            gh -= count * curvature * a * b
            hh -= count * curvature * b * b
        if len(ends) == 2:
            g += count / math.expm1(rise)
            gg -= count / (2 * math.sinh(rise / 2)) ** 2
    return (g, h), (gg, gh, hh)


def _log_sigmoid(x: float) -> float:
    return min(x, 0.0) - math.log1p(math.exp(-abs(x)))
