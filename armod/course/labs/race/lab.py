"""The race: naive, cached, and guess and verify draw the same image side by side, their counters running.

The page holds the images and how many pixels each pass of guess and verify made final.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from armod.course.labs.page import Widget, check_knobs, lab_page
from armod.course.labs.race.facts import CLOCKS, RaceFacts
from armod.course.labs.race.picture import race_figure


def race_lab(
    images: ArrayLike,
    accepted: Sequence[Sequence[int]],
    positions: Sequence[int],
    *,
    clock: str = "passes",
    time: int = 40,
) -> Widget:
    """The lab as one notebook output.

    Args:
        images: black and white images that were drawn in raster order, 0 or 1, ``(N, H, W)``.
        accepted: for each image, how many pixels each pass of guess and verify made final, as in the report of
            `armod.sampling.GuessAndVerify`.
        positions: for each image, how many conditionals these passes computed together.
        clock: what is equal for all at first, "passes" or "conditionals".
        time: how many of these have gone by at first, 0 to the number of pixels.

    Returns:
        The output.

    Raises:
        ValueError: for numbers that do not fit together, or a value that the lab's knobs do not have.
    """
    several = [
        RaceFacts(image, [*map(int, passes)], int(total), clock, time)
        for image, passes, total in zip(np.asarray(images), accepted, positions, strict=True)
    ]
    first = several[0]
    check_knobs("race", clock=(clock, CLOCKS), time=(time, range(first.image.size + 1)))
    data = {
        "clocks": CLOCKS,
        "height": first.image.shape[0],
        "width": first.image.shape[1],
        "images": ["".join(map(str, facts.image.flatten().tolist())) for facts in several],
        "accepted": [facts.accepted for facts in several],
        "positions": [facts.positions for facts in several],
        "details": [facts.detail for facts in several],
        "start": {"clock": clock, "time": time, "image": 0},
    }
    return lab_page(__file__, data, race_figure(first))
