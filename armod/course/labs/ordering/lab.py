"""The ordering explorer: make one pattern of pixels, one pixel at a time, in any ordering.

Python counts once: every beginning (each pixel 0, 1 or unknown) with its share and its log-probability, and the pattern
that each row of uniform numbers leads to in each ordering. The page reads these tables and draws.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

import torch
from torch import Tensor

from armod.course.labs.ordering.facts import (
    OrderingFacts,
    all_orderings,
    count_of,
    ordering_facts,
    signed,
)
from armod.course.labs.ordering.picture import ordering_figure
from armod.course.labs.page import Widget, asset, page

PIXELS = range(2, 5)
NUM_NOISE = 12
UNKNOWN = 2


def ordering_explorer(
    patterns: Tensor, *, ordering: Sequence[int] | None = None, noise: int = 0, step: int | None = None
) -> Widget:
    """The explorer as one notebook output, over the counts of `patterns`, zeros and ones ``(N, D)`` with D from 2 to 4.

    ``ordering``, ``noise`` (the row of uniform numbers, from 0) and ``step`` (how many pixels are known) are where its
    knobs stand at first; left out, from left to right, and complete.

    Raises:
        ValueError: for patterns of another kind, or a value that the knobs do not have.
    """
    facts = explorer_state(patterns, ordering=ordering, noise=noise, step=step)
    start = {
        "ordering": all_orderings(facts.num_pixels).index(facts.ordering),
        "noise": noise,
        "step": facts.step,
    }
    html = page(
        asset("ordering/facts.js") + asset("ordering/drawing.js") + asset("ordering/lab.js"),
        {**_table(facts.counts), "start": start},
        ordering_figure(facts).img(dots_per_inch=100),
        label="Ordering explorer: one pattern, one pixel at a time",
        css=asset("ordering/lab.css"),
    )
    return Widget(
        html, f"Ordering explorer, an interactive picture of the chain rule. At first: {facts.description}"
    )


def explorer_state(
    patterns: Tensor, *, ordering: Sequence[int] | None = None, noise: int = 0, step: int | None = None
) -> OrderingFacts:
    """What the explorer shows at one setting of its knobs.

    Raises:
        ValueError: for patterns of another kind, or a value that the knobs do not have.
    """
    size = patterns.shape[1] if patterns.dim() == 2 else 0
    if size not in PIXELS:
        raise ValueError(
            f"The ordering explorer takes patterns (N, D) with D from {PIXELS[0]} to {PIXELS[-1]}; "
            f"got shape {tuple(patterns.shape)}."
        )
    for knob, value, most in (("noise", noise, NUM_NOISE - 1), ("step", step or 0, size)):
        if value not in range(most + 1):
            raise ValueError(f"In the ordering explorer, {knob} is one of 0..{most}; got {value}.")
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
    total = int(counts.sum())
    beginnings = []
    for values in itertools.product((0, 1, UNKNOWN), repeat=size):
        known = {pixel: value for pixel, value in enumerate(values) if value != UNKNOWN}
        count = count_of(counts, known)
        log_prob = math.log(count / total) if count else None
        shares: list[tuple[str, str] | None] = []
        for pixel in range(size):
            if pixel in known or not count:
                shares.append(None)
                continue
            black = count_of(counts, {**known, pixel: 1})
            shares.append((f"{(count - black) / count:.3f}", f"{black / count:.3f}"))
        beginnings.append(
            {
                "count": count,
                "logProb": log_prob,
                "shown": None if log_prob is None else signed(log_prob),
                "share": f"{count / total:.3f}",
                "next": shares,
            }
        )
    orders, noise = all_orderings(size), uniform_numbers(size)
    return {
        "beginnings": beginnings,
        "orderings": orders,
        "noise": [[f"{number:.3f}" for number in row] for row in noise],
        "patterns": [[OrderingFacts(counts, order, row, size).pattern for row in noise] for order in orders],
    }
