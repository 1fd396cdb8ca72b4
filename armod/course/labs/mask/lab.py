"""The mask lab: turn the knobs of a MADE and watch who sees whom.

Python computes every state once, with `armod.models.made.masks`; the page reads them from a table, walks the graph and
draws. The degrees of hidden units do not depend on the ordering, and another ordering only permutes the columns of the
first mask and the rows of the last. So the table holds the natural ordering alone, and the page takes any permutation.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from itertools import product
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from armod import orderings
from armod.course.labs.mask.facts import MaskFacts, mask_facts
from armod.course.labs.mask.own import mask_lab_of, network_page
from armod.course.labs.mask.picture import mask_figure
from armod.course.labs.own import takes_models
from armod.course.labs.page import Widget, check_knobs, lab_page, packed
from armod.models.made.masks import hidden_degrees, masks

if TYPE_CHECKING:
    from armod.course.labs.live.widget import LiveLab

VARIABLES = range(1, 17)
LIVE_SIZES = range(1, 65)  # no table has to hold these
SIZES = (1, 4, 8, 12, 16)
MAX_LAYERS = 3
SEEDS = range(6)
DRAWS: tuple[str | int, ...] = ("sequential", *SEEDS)


@takes_models(mask_lab_of)
def mask_lab(
    num_variables: int = 8,
    hidden_sizes: Sequence[int] = (12, 12),
    *,
    ordering: Tensor | Sequence[int] | None = None,
    degrees: str = "random",
    seed: int = 0,
    output: int | None = None,
    live: bool = False,
) -> Widget | LiveLab:
    """The lab as one notebook output, its knobs set to these values at first; ``mask_lab.of(model)`` shows a model of yours.

    Args:
        num_variables: D, 1 to 16.
        hidden_sizes: units of each hidden layer.
        ordering: permutation ``(D,)``; None for the variables' own order.
        degrees: how the hidden units get their degrees, "random" or "sequential".
        seed: of random degrees.
        output: the chosen variable, from 0; left out, one a little past the middle of the ordering.
        live: whether to make an ipywidget, in which the network can be edited; its traits are ``ordering``, ``degrees``,
            ``masks`` and ``output``, and any number of variables and units up to 64 will do.

    Returns:
        The output.

    Raises:
        ValueError: for a value that the lab's knobs do not have.
    """
    if live:
        return _live(num_variables, hidden_sizes, ordering, degrees, seed, output)
    facts = lab_state(
        num_variables, hidden_sizes, ordering=ordering, degrees=degrees, seed=seed, output=output
    )
    start = {
        "size": num_variables,
        "ordering": facts.ordering.tolist(),
        "layers": list(hidden_sizes),
        "degrees": degrees,
        "seed": seed if degrees == "random" else 0,
        "output": facts.output,
    }
    picture = mask_figure(facts.ordering, facts.degrees[1:-1], facts.output)
    return lab_page(__file__, {**_table(), "start": start}, picture)


def _live(
    num_variables: int,
    hidden_sizes: Sequence[int],
    ordering: Tensor | Sequence[int] | None,
    degrees: str,
    seed: int,
    output: int | None,
) -> LiveLab:
    # only who asks for it needs ipywidgets
    from armod.course.labs.mask.live import LiveMaskLab

    check_knobs("mask lab", num_variables=(num_variables, LIVE_SIZES))
    for units in hidden_sizes:
        check_knobs("mask lab", hidden_sizes=(units, LIVE_SIZES))
    order = orderings.as_permutation(ordering, (num_variables,))
    hidden = hidden_degrees(num_variables, hidden_sizes, degrees=degrees, seed=seed)
    return LiveMaskLab(mask_facts(order, hidden, output), network_page)


def lab_state(
    num_variables: int,
    hidden_sizes: Sequence[int],
    *,
    ordering: Tensor | Sequence[int] | None = None,
    degrees: str = "random",
    seed: int = 0,
    output: int | None = None,
) -> MaskFacts:
    """What the lab shows at one setting of its knobs; ValueError for a value that they do not have."""
    depth = {"the number of hidden layers": (len(hidden_sizes), range(1, MAX_LAYERS + 1))}
    kinds = ("random", "sequential")
    check_knobs(
        "mask lab",
        num_variables=(num_variables, VARIABLES),
        **depth,
        degrees=(degrees, kinds),
        seed=(seed, SEEDS),
    )
    for units in hidden_sizes:
        check_knobs("mask lab", hidden_sizes=(units, SIZES))
    order = orderings.as_permutation(ordering, (num_variables,))
    return mask_facts(order, hidden_degrees(num_variables, hidden_sizes, degrees=degrees, seed=seed), output)


def settings() -> Iterator[tuple[int, str | int, tuple[int, ...]]]:
    """All (number of variables, draw of the degrees, hidden sizes) of the table, in its order."""
    for num_variables, draw in product(VARIABLES, DRAWS):
        for sizes in _layer_choices():
            yield num_variables, draw, sizes


@cache
def _table() -> dict[str, object]:
    """Every state of the lab, packed.

    A setting adds the degrees of its last hidden layer (a byte a unit) and the two masks beside it (a bit a weight,
    row by row, each mask from a new byte). What lies below is that of the same setting with fewer layers.
    """
    degrees, hidden_masks, output_masks = bytearray(), bytearray(), bytearray()
    for num_variables, draw, sizes in settings():
        kind, seed = ("sequential", 0) if draw == "sequential" else ("random", int(draw))
        layers = hidden_degrees(num_variables, sizes, degrees=kind, seed=seed)
        *_, below, above = masks(torch.arange(num_variables), layers)
        degrees += bytes(layers[-1].tolist())
        hidden_masks += np.packbits(below.numpy()).tobytes()
        output_masks += np.packbits(above.numpy()).tobytes()
    named = {
        "natural": [orderings.raster((size,)) for size in VARIABLES],
        "reversed": [orderings.reversed((size,)) for size in VARIABLES],
        **{f"random, seed {seed}": [orderings.random((size,), seed) for size in VARIABLES] for seed in SEEDS},
    }
    return {
        "variables": list(VARIABLES),
        "sizes": SIZES,
        "maxLayers": MAX_LAYERS,
        "draws": DRAWS,
        "layers": _layer_choices(),
        "orderings": {name: [order.tolist() for order in each] for name, each in named.items()},
        "degrees": packed(bytes(degrees)),
        "hiddenMasks": packed(bytes(hidden_masks)),
        "outputMasks": packed(bytes(output_masks)),
    }


def _layer_choices() -> list[tuple[int, ...]]:
    return [sizes for depth in range(1, MAX_LAYERS + 1) for sizes in product(SIZES, repeat=depth)]
