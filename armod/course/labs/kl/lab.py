"""The KL lab: drag a bell q against a source p, and watch the loss, its two parts, and the divergence the other way round.

The page does the sums itself, as facts.py does them; the bells of least divergence come from a table.
"""

from __future__ import annotations

from armod.course.labs.kl.facts import (
    DISTANCES,
    FIRST,
    HEAP_WIDTH,
    LEVELS,
    MEANS,
    SAME,
    SHARES,
    WAYS,
    WIDTHS,
    KLFacts,
    least_bells,
)
from armod.course.labs.kl.picture import HIGHEST, LEAST_TERMS, kl_figure
from armod.course.labs.page import Widget, check_knobs, lab_page


def kl_lab(
    mean: float = 15.0, width: float = 4.0, *, share: int = 40, distance: int = 15, least: str | None = None
) -> Widget:
    """The lab as one notebook output, its knobs set to these values at first.

    Args:
        mean: of q in levels, in quarters from 0 to 31.
        width: of q in levels, in tenths from 1 to 12.
        share: percent of p's mass in its second heap, 0 to 50 in steps of 5.
        distance: levels between p's two heaps, 0 to 18.
        least: "p‖q" or "q‖p" to put q where this divergence is least, instead of at `mean` and `width`.

    Returns:
        The output.

    Raises:
        ValueError: for a value that the lab's knobs do not have.
    """
    means, widths = MEANS.tolist(), WIDTHS.tolist()
    check_knobs(
        "KL lab",
        mean=(mean, means),
        width=(width, widths),
        share=(share, SHARES),
        distance=(distance, DISTANCES),
        least=(least, (None, *WAYS)),
    )
    facts = KLFacts(mean, width, share, distance)
    if least is not None:
        facts = KLFacts.at_least(WAYS.index(least), share, distance)
    data = {
        "levels": LEVELS,
        "first": FIRST,
        "heapWidth": HEAP_WIDTH,
        "means": means,
        "widths": widths,
        "shares": SHARES,
        "distances": DISTANCES,
        "ways": WAYS,
        "same": SAME,
        "highest": HIGHEST,
        "leastTerms": LEAST_TERMS,
        "least": least_bells().tolist(),
        "start": {
            "mean": means.index(facts.mean),
            "width": widths.index(facts.width),
            "share": SHARES.index(share),
            "distance": distance,
            "held": facts.held,
        },
    }
    return lab_page(__file__, data, kl_figure(facts))
