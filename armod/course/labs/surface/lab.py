"""The surface lab: put points on levels and watch the log-likelihood of every mean and scale.

Python tables the log-probability of each level under each mean and scale; the page adds up those of the points.
"""

from __future__ import annotations

from collections.abc import Sequence

from armod.course.labs.coin.climb import AT_REST, MOST_STEPS, STEP_SIZES
from armod.course.labs.page import Widget, lab_page, packed
from armod.course.labs.surface.facts import (
    BAND_COLOURS,
    BANDS,
    LEVELS,
    MEANS,
    SCALES,
    WAYS,
    SurfaceFacts,
    log_masses,
)
from armod.course.labs.surface.picture import surface_figure

MOST_POINTS = 6
DATA_SETS = {
    "one heap": (0, 0, 0, 0, 1, 0, 2, 3, 2, 0, 1, 0, 0, 0, 0, 0),
    "one heap and a stray point": (0, 0, 0, 0, 1, 0, 2, 3, 2, 0, 1, 0, 0, 0, 0, 1),
    "two heaps": (0, 1, 3, 1, 0, 0, 0, 0, 0, 0, 0, 1, 3, 2, 0, 0),
    "heaped on the edge": (6, 1, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0),
    "all on one level": (0, 0, 0, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0),
    "none": (0,) * LEVELS,
}


def surface_lab(counts: Sequence[int] | None = None, *, mean: float = 3.0, scale: int = 14) -> Widget:
    """The lab as one notebook output, its knobs set to these values at first.

    Args:
        counts: how many points each of the 16 levels has; None for one heap.
        mean: the candidate's mean in levels, in quarters from -3 to 18.
        scale: the candidate's scale, an index in `armod.course.labs.surface.facts.SCALES`.

    Returns:
        The output.

    Raises:
        ValueError: for counts or a candidate that the lab does not have.
    """
    counts = tuple(DATA_SETS["one heap"] if counts is None else counts)
    if mean not in MEANS:
        raise ValueError(
            f"Means of the surface lab go in quarters from {MEANS[0]} to {MEANS[-1]}; got {mean}."
        )
    facts = SurfaceFacts(counts, MEANS.index(mean), scale)
    if max(counts) > MOST_POINTS:
        raise ValueError(f"A level of the surface lab holds up to {MOST_POINTS} points; got {max(counts)}.")
    data = {
        "means": MEANS,
        "scales": SCALES,
        "levels": LEVELS,
        "bands": BANDS,
        "colours": BAND_COLOURS,
        "mostPoints": MOST_POINTS,
        "logMasses": packed(log_masses().astype("<f4").tobytes()),
        "dataSets": DATA_SETS,
        "ways": WAYS,
        "sizes": STEP_SIZES,
        "climb": {"most": MOST_STEPS, "atRest": AT_REST},
        "start": {
            "counts": counts,
            "mean": facts.mean,
            "scale": facts.scale,
            "way": 0,
            "size": STEP_SIZES.index(1.0),
        },
    }
    return lab_page(
        __file__, data, surface_figure(counts, (facts.mean, facts.scale)), others=["coin/climb.js"]
    )
