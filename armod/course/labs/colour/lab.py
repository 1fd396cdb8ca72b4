"""The colour lab: pick a grey patch, and look at one colouring after another, and at what surprised the model in it.

All colourings lie in the page as pixels, beside what each pixel of chroma cost.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import ArrayLike

from armod.course.labs.colour.facts import ColourFacts
from armod.course.labs.colour.picture import MOST, SHADES, colour_figure
from armod.course.labs.page import Widget, check_knobs, lab_page, packed
from armod.data.views import CHROMA_LEVELS, chroma_values, coloured


def colour_lab(
    greys: ArrayLike,
    levels: ArrayLike,
    nats: ArrayLike,
    *,
    num_levels: int = CHROMA_LEVELS,
    patch: int = 0,
    colouring: int = 0,
    row: int = 0,
    column: int = 0,
) -> Widget:
    """The lab as one notebook output, its knobs set to these values at first.

    Args:
        greys: grey patches from 0 to 255, ``(P, 1, H, W)``.
        levels: levels of chroma, ``(P, S + 1, 2, h, w)``: for each patch S colourings, and the true one at the end.
        nats: what each level cost the model, of the same shape.
        num_levels: K of the levels.
        patch: the patch, from 0.
        colouring: the colouring, from 0; S is the true one.
        row: of the chosen pixel of chroma, from 0.
        column: of the chosen pixel of chroma, from 0.

    Returns:
        The output.

    Raises:
        ValueError: for greys, levels or nats of another form, or a value that the lab's knobs do not have.
    """
    given, cells, cost = torch.as_tensor(greys), torch.as_tensor(levels), torch.as_tensor(nats)
    if cells.ndim != 5 or given.ndim != 4 or len(cells) != len(given) or cost.shape != cells.shape:
        raise ValueError(
            "The colour lab needs greys (P, 1, H, W), and levels and nats (P, S + 1, 2, h, w); got "
            f"{tuple(given.shape)}, {tuple(cells.shape)} and {tuple(cost.shape)}."
        )
    values = chroma_values(cells.flatten(0, 1), num_levels=num_levels)
    colours = coloured(given.repeat_interleave(cells.shape[1], dim=0), values).movedim(1, -1)
    facts = ColourFacts(
        np.rint(given[:, 0].double().numpy()).astype(np.uint8),
        colours.unflatten(0, cells.shape[:2]).numpy(),
        cost.double().numpy().round(2),
        patch,
        colouring,
        row,
        column,
    )
    height, width = cells.shape[-2:]
    check_knobs(
        "colour lab",
        patch=(patch, range(len(given))),
        colouring=(colouring, range(facts.num_samples + 1)),
        row=(row, range(height)),
        column=(column, range(width)),
    )
    data = {
        "height": facts.greys.shape[1],
        "width": facts.greys.shape[2],
        "rows": height,
        "columns": width,
        "greys": packed(facts.greys.tobytes()),
        "colours": packed(facts.colours.tobytes()),
        "nats": facts.nats.tolist(),
        "num_samples": facts.num_samples,
        "shades": SHADES,
        "most": MOST,
        "start": {"patch": patch, "colouring": colouring, "row": row, "column": column},
    }
    return lab_page(__file__, data, colour_figure(facts))
