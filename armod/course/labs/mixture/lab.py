"""The mixture lab: turn the means, scales and weights of up to three components, and watch the mass of every level.

The page takes the logistic CDF at the ends of bins from a table and subtracts neighbours; it gives the outer levels
what lies beyond.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch

from armod.course.labs.mixture.facts import BEYOND, Component
from armod.course.labs.mixture.fit import MOST_SWEEPS, SAME
from armod.course.labs.mixture.picture import COMPONENT_COLOURS, mixture_figure
from armod.course.labs.page import Widget, lab_page

LEVELS = 32
MEANS = [-BEYOND + step / 2 for step in range(2 * (LEVELS - 1 + 2 * BEYOND) + 1)]
SCALES = (0.2, 0.3, 0.5, 0.7, 1.0, 1.5, 2.0, 3.0, 5.0, 7.0, 10.0)
WEIGHTS = tuple(range(1, 11))
EXAMPLES: dict[str, list[Component]] = {
    "one in the middle": [(15.5, 2.0, 5)],
    "one near the edge": [(1.0, 2.0, 5)],
    "one beyond the edge": [(-4.0, 1.0, 5)],
    "narrower than a level": [(9.5, 0.2, 5), (20.0, 0.2, 5)],
    "both edges and the middle": [(-1.0, 0.5, 5), (32.0, 0.5, 5), (15.5, 7.0, 4)],
}


def mixture_lab(components: Sequence[Component] | None = None, counts: Sequence[int] = ()) -> Widget:
    """The lab as one notebook output, on 32 levels.

    Args:
        components: (mean, scale, weight) of each at first, of `MEANS`, `SCALES` and `WEIGHTS`; means and scales
            in levels.
        counts: of real data on the 32 levels; the lab then tells how many bits a pixel the mixture needs, and can fit it.

    Returns:
        The output.

    Raises:
        ValueError: for components that the knobs do not have, or counts that are not 32.
    """
    components = tuple(EXAMPLES["one in the middle"] if components is None else components)
    for component in components:
        for name, value, choices in zip(
            ("means", "scales", "weights"), component, (MEANS, SCALES, WEIGHTS), strict=True
        ):
            if value not in choices:
                raise ValueError(
                    f"In the mixture lab {name} are among {choices[0]}, {choices[1]}, ..., {choices[-1]}; got {value}."
                )
    # CDFs at half levels from the mean, as far as from a mean beyond one edge to the last bin beyond the other
    reach = 2 * (LEVELS + 2 * BEYOND)
    halves = torch.arange(-reach, reach + 1, dtype=torch.float64) / 2
    data = {
        "levels": LEVELS,
        "beyond": BEYOND,
        "means": MEANS,
        "scales": SCALES,
        "weights": WEIGHTS,
        "cdf": [torch.sigmoid(halves / scale).tolist() for scale in SCALES],
        "counts": list(counts),
        "fit": {"mostSweeps": MOST_SWEEPS, "same": SAME},
        "colours": COMPONENT_COLOURS,
        "examples": {name: [_indices(each) for each in example] for name, example in EXAMPLES.items()},
        "start": [_indices(each) for each in components],
    }
    return lab_page(__file__, data, mixture_figure(components, LEVELS, counts))


def _indices(component: Component) -> list[int]:
    mean, scale, weight = component
    return [MEANS.index(mean), SCALES.index(scale), WEIGHTS.index(int(weight))]
