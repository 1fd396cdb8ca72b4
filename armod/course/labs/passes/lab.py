"""The map of passes: move through the passes of a fixed-point iteration, and see which pixels are final.

All guesses lie in the page, a bit for each pixel, beside the waves of the pixels.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from armod.course.labs.page import Widget, check_knobs, lab_page, packed
from armod.course.labs.passes.facts import PassesFacts
from armod.course.labs.passes.picture import SHADES, passes_figure


def passes_lab(
    guesses: ArrayLike, waves: ArrayLike, *, number: int = 8, row: int = 0, column: int = 0
) -> Widget:
    """The lab as one notebook output, its knobs set to these values at first.

    Args:
        guesses: the black and white image after each pass, 0 or 1, ``(P, H, W)``; the last one is the sample.
        waves: the pass in which each pixel is certain, from 1, ``(H, W)``; such as `armod.waves` of the model.
        number: the pass, 0 to P.
        row: of the chosen pixel, from 0.
        column: of the chosen pixel, from 0.

    Returns:
        The output.

    Raises:
        ValueError: for guesses or waves of another form, or a value that the lab's knobs do not have.
    """
    facts = PassesFacts(np.asarray(guesses), np.asarray(waves), number, row, column)
    num_passes, height, width = facts.guesses.shape
    check_knobs(
        "map of passes",
        number=(number, range(num_passes + 1)),
        row=(row, range(height)),
        column=(column, range(width)),
    )
    data = {
        "height": height,
        "width": width,
        "last": num_passes,
        "guesses": packed(
            np.packbits(facts.guesses.astype(np.uint8).reshape(num_passes, -1), axis=1).tobytes()
        ),
        "final": facts.final.flatten().tolist(),
        "waves": facts.waves.flatten().tolist(),
        "shades": SHADES,
        "start": {"number": number, "row": row, "column": column},
    }
    return lab_page(__file__, data, passes_figure(facts))
