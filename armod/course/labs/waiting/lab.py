"""Who waits for whom: slide through the passes of several models, and press a variable to see the chain that it waits for.

What each variable reads lies in the page, a bit for each pair, beside its pass and the last link of its chain.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike

from armod.course.labs.page import Widget, check_knobs, lab_page, packed
from armod.course.labs.waiting.facts import WaitingFacts, Waits
from armod.course.labs.waiting.picture import waiting_figure

MOST_VARIABLES = 400


def waiting_lab(
    models: Mapping[str, tuple[ArrayLike, Sequence[int]]],
    *,
    model: str | None = None,
    number: int = 1,
    place: int | None = None,
) -> Widget:
    """The lab as one notebook output, its knobs set to these values at first.

    Args:
        models: for each name who reads whom, a boolean ``(D, D)`` such as `armod.dependency_matrix`, and the shape ``(H, W)`` of an
            image or ``(T,)`` of a sequence.
        model: the model; None is the first one.
        number: the pass, from 0 to the last one of this model.
        place: the flat index of the chosen variable; None is the last variable.

    Returns:
        The output.

    Raises:
        ValueError: if there is no model, one has more than 400 variables or does not fit its shape, or for a value that the lab's
            knobs do not have.
    """
    waits = {}
    for name, (reads, shape) in models.items():
        table = np.asarray(reads, dtype=bool)
        if len(table) > MOST_VARIABLES:
            raise ValueError(f"The lab shows up to {MOST_VARIABLES} variables; {name} has {len(table)}.")
        height, width = (1, *shape)[-2:]
        waits[name] = Waits(table, (int(height), int(width)))
    if not waits:
        raise ValueError("The lab needs at least one model.")
    model = next(iter(waits)) if model is None else model
    check_knobs("waiting lab", model=(model, waits))
    place = len(waits[model].waves) - 1 if place is None else place
    facts = WaitingFacts(waits, model, number, place)
    check_knobs(
        "waiting lab", number=(number, range(facts.last + 1)), place=(place, range(len(waits[model].waves)))
    )
    data = {
        "models": {
            name: {
                "height": each.shape[0],
                "width": each.shape[1],
                "waves": each.waves.tolist(),
                "before": each.before.tolist(),
                "reads": packed(np.packbits(each.reads, axis=1).tobytes()),
            }
            for name, each in waits.items()
        },
        "start": {"model": model, "number": number, "place": place},
    }
    return lab_page(__file__, data, waiting_figure(facts))
