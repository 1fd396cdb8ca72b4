"""The field lab of a model of one's own: what each pixel sees, as the oracle finds it in this very model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from torch import Tensor

from armod.course.labs.dependency.facts import dependencies
from armod.course.labs.dependency.lab import own_page
from armod.course.labs.page import Widget, check_knobs
from armod.models.base import AutoregressiveModel
from armod.models.checks import check_model

if TYPE_CHECKING:
    from armod.course.labs.live.widget import LiveLab


def field_lab_of(
    model: AutoregressiveModel,
    *,
    pixel: Sequence[int] | None = None,
    channel: int = 0,
    context: Tensor | None = None,
    seed: int = 0,
    live: bool = False,
) -> Widget | LiveLab:
    """Show what each pixel of a model sees, misses, and must not see.

    Args:
        model: a model of images of up to 16 x 16 pixels; it does not change.
        pixel: row and column of the pixel chosen at first, from 0; left out, one with most leaks or the largest blind spot.
        channel: of the chosen pixel.
        context: as in `armod.check_autoregressive`.
        seed: as there.
        live: whether to make an ipywidget, with the traits ``pixel``, row and column, and ``output``, the flat index.

    Returns:
        The lab as one notebook output.

    Raises:
        ValueError: if it is no model of such images, or has no such pixel.
    """
    check_model(model)
    if len(model.event_shape) not in (2, 3):
        raise ValueError(
            f"field_lab.of shows models of images, (C, H, W); event_shape is {tuple(model.event_shape)}. "
            f"Take {'dilation_lab.of' if len(model.event_shape) == 1 else 'dependency_lab'}(model)."
        )
    found = dependencies(model, "field lab", context=context, seed=seed)
    output = None
    if pixel is not None:
        channels, height, width = found.shape
        row, column = pixel
        check_knobs(
            "field lab",
            row=(row, range(height)),
            column=(column, range(width)),
            channel=(channel, range(channels)),
        )
        output = (channel * height + row) * width + column
    return own_page(found, "Field lab", output, matrix=False, live=live)
