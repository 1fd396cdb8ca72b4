"""The coin lab: choose how many of n flips are heads, move p or let it climb, and watch the likelihood and its maximiser.

The page takes the logarithms of its curves from a table and adds them up.
"""

from __future__ import annotations

import math

from armod.course.labs.coin.climb import AT_REST, MOST_STEPS, STEP_SIZES
from armod.course.labs.coin.facts import WAYS
from armod.course.labs.coin.picture import DEPTH, STEPS, coin_figure
from armod.course.labs.page import Widget, lab_page

MOST_FLIPS = 40


def coin_lab(heads: int = 7, flips: int = 10, p: float = 0.5) -> Widget:
    """The lab as one notebook output.

    Args:
        heads: how many flips are heads at first.
        flips: how many flips there are at first.
        p: the candidate at first, in whole hundredths.

    Returns:
        The output.

    Raises:
        ValueError: for values that a coin or the lab's knobs do not have.
    """
    if flips > MOST_FLIPS or abs(100 * p - round(100 * p)) > 1e-9:
        raise ValueError(
            f"The coin lab shows up to {MOST_FLIPS} flips and a p in whole hundredths; got {flips} flips, p = {p}."
        )
    data = {
        "steps": STEPS,
        "depth": DEPTH,
        "mostFlips": MOST_FLIPS,
        # log(1/200), ..., log(200/200); the logarithm of 0 never takes part
        "logs": [math.log(step / STEPS) for step in range(1, STEPS + 1)],
        "ways": WAYS,
        "sizes": STEP_SIZES,
        "climb": {"most": MOST_STEPS, "atRest": AT_REST},
        "start": {"heads": heads, "flips": flips, "p": p, "way": 0, "size": STEP_SIZES.index(1 / 16)},
    }
    return lab_page(__file__, data, coin_figure(heads, flips, p))
