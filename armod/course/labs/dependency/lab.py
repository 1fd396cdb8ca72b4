"""The labs of a model of one's own: the oracle asks it once, and the page needs no kernel afterwards.

`dependency_lab` shows every pair of variables. The same page, for images without the matrix, is what `field_lab.of` and, for
models without dilations or masks of their own, `dilation_lab.of` and `mask_lab.of` give.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from torch import Tensor

from armod.course.labs.dependency.facts import Dependencies, DependencyFacts, dependencies
from armod.course.labs.dependency.picture import dependency_figure
from armod.course.labs.page import Widget, check_knobs, lab_page, packed
from armod.models.base import AutoregressiveModel

if TYPE_CHECKING:
    from armod.course.labs.live.widget import LiveLab


def dependency_lab(
    model: AutoregressiveModel,
    *,
    context: Tensor | None = None,
    seed: int = 0,
    output: int | None = None,
    live: bool = False,
) -> Widget | LiveLab:
    """Show who sees whom in a model, whatever its class, as `armod.check_autoregressive` finds it.

    Args:
        model: a model of up to 64 variables, or of images of up to 16 x 16 pixels; it does not change.
        context: what one observation is given; an `armod.Conditional` needs such an example of its raw input.
        seed: seed of the oracle's random weights and observations.
        output: the variable chosen at first, a flat index from 0; left out, one with most leaks or the largest blind spot.
        live: whether to make an ipywidget, with the traits ``output`` and ``pixel``.

    Returns:
        The lab as one notebook output.

    Raises:
        ValueError: if it is no model, has more variables or no conditionals, such as an ensemble of several orderings, can't
            read the context, or has no such variable.

    >>> from armod import MADE, likelihoods
    >>> print(dependency_lab(MADE((3,), [8], likelihood=likelihoods.Bernoulli()), output=2))
    Dependency lab, what the oracle finds in this MADE. At first: Variable 3 sees both variables before it. ...
    """
    found = dependencies(model, "dependency lab", context=context, seed=seed)
    return own_page(found, "Dependency lab", output, live=live)


def own_page(
    found: Dependencies, lab: str, output: int | None = None, *, matrix: bool = True, live: bool = False
) -> Widget | LiveLab:
    """The page of what the oracle found, under the name of a lab.

    Args:
        found: what it found.
        lab: the name.
        output: the variable chosen at first; None is the most interesting one.
        matrix: whether the matrix of all pairs stands beside the variables.
        live: whether to make an ipywidget.

    Returns:
        The output.

    Raises:
        ValueError: if there is no such variable.
    """
    chosen, name = found.interesting if output is None else output, lab[:1].lower() + lab[1:]
    check_knobs(name, output=(chosen, range(len(found.kinds))))
    page = partial(_page, found, lab, matrix)
    if not live:
        return page(chosen)
    # only who asks for it needs ipywidgets
    from armod.course.labs.dependency.live import LiveDependencyLab

    return LiveDependencyLab(found, name, page, chosen)


def _page(found: Dependencies, lab: str, matrix: bool, chosen: int) -> Widget:
    still = dependency_figure(DependencyFacts(found, chosen))
    data = {**page_data(found), "matrixShown": matrix, "start": {"variable": chosen}}
    return lab_page(__file__, data, still, lab=lab, model=found.model)


def page_data(found: Dependencies) -> dict[str, object]:
    """What a page gets of the oracle's findings: a byte for each pair, packed, and the sentence."""
    return {
        "shape": found.shape,
        "eventShape": found.event_shape,
        "ordering": found.ordering.tolist(),
        "kinds": found.names(),
        "known": found.field_is_known,
        "leaks": found.leaks > 0,
        "matrix": packed(np.ascontiguousarray(found.kinds).tobytes()),
        "verdict": found.sentence,
    }
