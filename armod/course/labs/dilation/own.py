"""The dilation lab of a model of one's own: the paths through its dilations, and below them what the oracle finds in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from torch import Tensor

from armod.course.labs.dependency.facts import Dependencies, DependencyFacts, dependencies
from armod.course.labs.dependency.kinds import KINDS_OF_PAIRS
from armod.course.labs.dependency.lab import own_page, page_data
from armod.course.labs.dependency.picture import dependency_figure
from armod.course.labs.dilation.facts import (
    FEWEST_COLUMNS,
    LENGTH,
    MOST_DILATION,
    MOST_LAYERS,
    MOST_TAPS,
    RATES,
    DilationFacts,
    say,
)
from armod.course.labs.page import Widget, check_knobs, lab_page, packed
from armod.models.base import AutoregressiveModel
from armod.models.checks import check_model
from armod.models.sequence.wavenet import WaveNet

if TYPE_CHECKING:
    from armod.course.labs.live.widget import LiveLab

# what every page of the lab gets
KNOBS: dict[str, object] = {
    "columns": [FEWEST_COLUMNS, LENGTH],
    "mostLayers": MOST_LAYERS,
    "mostDilation": MOST_DILATION,
    "rates": RATES,
}


def dilation_lab_of(
    model: AutoregressiveModel,
    *,
    output: int | None = None,
    frame: int = 0,
    context: Tensor | None = None,
    seed: int = 0,
    live: bool = False,
) -> Widget | LiveLab:
    """Show which samples each output of a model of sequences depends on.

    A WaveNet shows the paths through its own dilations and, below them, what the oracle finds. Any other model shows what the
    oracle finds.

    Args:
        model: a model of sequences ``(T,)`` of up to 64 steps; it does not change.
        output: the sample above which the chosen output stands, from 1 to T - 1: it predicts the next one. Of a model without
            dilations, the chosen variable, from 0. Left out, it is the last, or one that leaks.
        frame: steps down that are lit already.
        context: as in `armod.check_autoregressive`.
        seed: as there.
        live: whether to make an ipywidget, with the traits ``output`` and, for a WaveNet, ``frame``, ``dilations`` and
            ``kernel_size``: with other dilations it shows a small WaveNet of the same length.

    Returns:
        The lab as one notebook output.

    Raises:
        ValueError: if it is no model of such sequences, or for a value that the lab's knobs do not have.
    """
    check_model(model)
    if len(model.event_shape) != 1:
        raise ValueError(
            f"dilation_lab.of shows models of sequences, (T,); event_shape is {tuple(model.event_shape)}. "
            f"Take {'field_lab.of' if len(model.event_shape) in (2, 3) else 'dependency_lab'}(model)."
        )
    found = dependencies(model, "dilation lab", context=context, seed=seed)
    length = len(found.ordering)
    if not isinstance(model, WaveNet) or length == 1:
        return own_page(found, "Dilation lab", output, live=live)
    facts = DilationFacts(tuple(model.dilations), model.kernel_size)
    at = output
    if at is None:
        at = max(1, int(found.position[found.interesting])) if found.leaks else length - 1
    check_knobs("dilation lab", output=(at, range(1, length)), frame=(frame, range(facts.num_layers + 1)))
    if not live:
        return dilation_page(found, facts, at, frame)
    # only who asks for it needs ipywidgets
    from armod.course.labs.dilation.live import LiveDilationLab

    return LiveDilationLab(found, facts, dilation_page, dilation_numbers, output=at, frame=frame)


def dilation_page(found: Dependencies, facts: DilationFacts, output: int, frame: int) -> Widget:
    """The page of paths through dilations above what the oracle found.

    Args:
        found: what it found.
        facts: the paths.
        output: the sample above which the chosen output stands.
        frame: steps down that are lit.

    Returns:
        The output.
    """
    numbers = dilation_numbers(found, facts)
    start = {"dilations": facts.dilations, "kernel": facts.kernel_size, "output": output, "frame": frame}
    data = {**numbers, "start": start}
    still = dependency_figure(DependencyFacts(found, int(found.ordering[output])))
    names = {"label": "own", "about": "own_about", "model": found.model}
    return lab_page(__file__, data, still, others=KINDS_OF_PAIRS, **names)


def dilation_numbers(found: Dependencies, facts: DilationFacts) -> dict[str, object]:
    """The numbers of the page, but for what is chosen in it."""
    return {
        **KNOBS,
        "kernels": [1, MOST_TAPS],
        "length": len(found.ordering),
        "own": _own(found),
        "start": {"dilations": facts.dilations, "kernel": facts.kernel_size},
    }


def _own(found: Dependencies) -> dict[str, object]:
    """The oracle's findings with samples in the order in which they are made."""
    order = found.ordering
    is_natural = np.array_equal(order, np.arange(len(order)))
    matrix = packed(np.ascontiguousarray(found.kinds[np.ix_(order, order)]).tobytes())
    own = {**page_data(found), "matrix": matrix, "axis": say["axis" if is_natural else "axis_ordering"]}
    if found.leaks:
        own["finding"] = say("finding_own_leak", model=found.model, leaks=found.leaks)
    return own
