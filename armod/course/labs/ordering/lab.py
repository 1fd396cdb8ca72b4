"""The ordering explorer: make one pattern of pixels, one pixel at a time, in any ordering.

Python counts once: how many observations agree with every beginning (each pixel 0, 1 or unknown). The page divides these
counts, as facts.py and switches.py do it, and draws.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

import torch
from torch import Tensor

from armod.course.labs.ordering.facts import OrderingFacts, all_orderings, count_of, ordering_facts
from armod.course.labs.ordering.picture import ordering_figure
from armod.course.labs.page import Widget, check_knobs, lab_page

PIXELS = range(2, 5)
NUM_NOISE = 12
UNKNOWN = 2


def ordering_explorer(
    patterns: Tensor, *, ordering: Sequence[int] | None = None, noise: int = 0, step: int | None = None
) -> Widget:
    """The explorer as one notebook output, its knobs set to these values at first.

    Args:
        patterns: zeros and ones ``(N, D)`` with D from 2 to 4, which are counted.
        ordering: the pixels in their order; left out, from left to right.
        noise: the row of uniform numbers, from 0.
        step: how many pixels are known; left out, all.

    Returns:
        The output.

    Raises:
        ValueError: for patterns of another kind, or a value that the knobs do not have.
    """
    facts = explorer_state(patterns, ordering=ordering, noise=noise, step=step)
    start = {
        "ordering": all_orderings(facts.num_pixels).index(facts.ordering),
        "noise": noise,
        "step": facts.step,
    }
    return lab_page(__file__, {**_table(facts.counts), "start": start}, ordering_figure(facts))


def explorer_state(
    patterns: Tensor, *, ordering: Sequence[int] | None = None, noise: int = 0, step: int | None = None
) -> OrderingFacts:
    """What the explorer shows at one setting of its knobs; ValueError for a value that they do not have."""
    size = patterns.shape[1] if patterns.dim() == 2 else 0
    if size not in PIXELS:
        raise ValueError(
            f"The ordering explorer takes patterns (N, D) with D from {PIXELS[0]} to {PIXELS[-1]}; "
            f"got shape {tuple(patterns.shape)}."
        )
    check_knobs("ordering explorer", noise=(noise, range(NUM_NOISE)), step=(step or 0, range(size + 1)))
    return ordering_facts(patterns, ordering, uniform_numbers(size)[noise], step)


def uniform_numbers(num_pixels: int) -> list[tuple[float, ...]]:
    """The rows of uniform numbers among which a reader chooses, rounded to the three decimals that are shown."""
    numbers = torch.rand(
        NUM_NOISE, num_pixels, dtype=torch.float64, generator=torch.Generator().manual_seed(0)
    )
    return [tuple(math.floor(1000 * number) / 1000 for number in row) for row in numbers.tolist()]


def _table(counts: Tensor) -> dict[str, object]:
    """Every number of the page: `beginnings` in base 3, the first pixel most significant, 2 for an unknown pixel."""
    size = counts.dim()
    return {
        "beginnings": [
            count_of(counts, {pixel: value for pixel, value in enumerate(values) if value != UNKNOWN})
            for values in itertools.product((0, 1, UNKNOWN), repeat=size)
        ],
        "orderings": all_orderings(size),
        "noise": uniform_numbers(size),
    }
