"""The histogram lab: choose bins, dimensions, digits and smoothing, and watch the cells fill or stay empty.

Python computes every state once, with `armod.models.histogram`: both likelihoods and all sentences. The page reads them
from tables. Of its own it sorts the digits' levels into cells, and asks the histogram and a small MADE (`made`) about twelve
pixels that are painted there.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from functools import cache
from itertools import product

from armod.course.labs.histogram.facts import ONE_EACH, HistogramFacts
from armod.course.labs.histogram.made import NUM_LEVELS, NUM_UNITS, pixels, weights
from armod.course.labs.histogram.picture import MOST_NATS, SHADES, histogram_figure, shade_names
from armod.course.labs.page import Widget, check_knobs, lab_page, packed

BINS = (2, 4, 8, 16)
DIMENSIONS = range(1, 13)
OBSERVATIONS = (25, 50, 100, 200, 400, 800, 1444)
IMAGINARY: tuple[float | str, ...] = (0, 0.1, 1, 10, 100, 1000, 10000, ONE_EACH)


def histogram_lab(
    num_bins: int = 8,
    num_variables: int = 2,
    num_observations: int = 1444,
    imaginary: float | str = 0,
) -> Widget:
    """The lab as one notebook output, its knobs set to these values at first.

    Args:
        num_bins: how many bins each variable has.
        num_variables: how many of twelve pixels are taken: rows 3 to 5 and columns 3 to 6 of the 8x8 digits, on 16
            levels.
        num_observations: how many digits are counted.
        imaginary: as in `HistogramFacts`.

    Returns:
        The output.

    Raises:
        ValueError: for a value that the lab's knobs do not have.
    """
    lab_state(num_bins, num_variables, num_observations, imaginary)
    train, test = pixels()
    picture = histogram_figure(train[:num_observations], test, num_bins, num_variables, NUM_LEVELS, imaginary)
    start = {
        "bins": BINS.index(num_bins),
        "dimensions": DIMENSIONS.index(num_variables),
        "observations": OBSERVATIONS.index(num_observations),
        "imaginary": IMAGINARY.index(imaginary),
    }
    return lab_page(__file__, {**_table(), "start": start}, picture)


def lab_state(
    num_bins: int, num_variables: int, num_observations: int, imaginary: float | str
) -> HistogramFacts:
    """What the lab shows at one setting of its knobs; ValueError for a value that they do not have."""
    check_knobs(
        "histogram lab",
        num_bins=(num_bins, BINS),
        num_variables=(num_variables, DIMENSIONS),
        num_observations=(num_observations, OBSERVATIONS),
        imaginary=(imaginary, IMAGINARY),
    )
    train, test = pixels()
    return HistogramFacts(
        train[:num_observations, :num_variables], test[:, :num_variables], num_bins, NUM_LEVELS, imaginary
    )


def settings() -> Iterator[tuple[int, int, float | str, int]]:
    """All (bins, observations, imaginary observations, dimensions) of the table, in its order."""
    yield from product(BINS, OBSERVATIONS, IMAGINARY, DIMENSIONS)


@cache
def _table() -> dict[str, object]:
    """Every state of the lab, packed: two 4-byte floats each, and a line of text for its finding and for its detail."""
    numbers, findings, details = bytearray(), [], []
    for num_bins, num_observations, imaginary, num_variables in settings():
        counted = _counted(num_bins, num_variables, num_observations)
        facts = counted.smoothed(imaginary)
        numbers += struct.pack("<2f", *facts.nats)
        findings.append(_finding(counted))  # smoothing changes no cell
        details.append(facts.detail)
    train, test = pixels()
    return {
        "numLevels": NUM_LEVELS,
        "bins": BINS,
        "dimensions": list(DIMENSIONS),
        "observations": OBSERVATIONS,
        "imaginary": IMAGINARY,
        "oneEach": ONE_EACH,
        "shades": SHADES,
        "shadeNames": shade_names(),
        "mostNats": MOST_NATS,
        "levels": packed(train.numpy().tobytes() + test.numpy().tobytes()),
        "numTrain": len(train),
        "made": packed(weights().tobytes()),
        "units": NUM_UNITS,
        "nats": packed(bytes(numbers)),
        "findings": packed("\n".join(findings).encode()),
        "details": packed("\n".join(details).encode()),
    }


@cache
def _counted(num_bins: int, num_variables: int, num_observations: int) -> HistogramFacts:
    return lab_state(num_bins, num_variables, num_observations, 0)


@cache
def _finding(counted: HistogramFacts) -> str:
    return counted.finding
