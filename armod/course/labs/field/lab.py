"""The field lab: choose a pixel, a stack of masked convolutions and its first mask; see what the pixel sees.

The page counts the paths through the masks, as `PathFacts` does; tests hold both against each other, against products of
matrices, and against what the oracle measured for every pixel of every stack (`armod.measures.field_table`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from armod.course.labs.dependency.kinds import KINDS, KINDS_OF_PAIRS
from armod.course.labs.field.facts import FieldFacts, planes_of
from armod.course.labs.field.layers import MOST_DILATION, MOST_LAYERS
from armod.course.labs.field.own import field_lab_of
from armod.course.labs.field.paths import CHANNELS, PathFacts
from armod.course.labs.field.picture import field_figure
from armod.course.labs.own import takes_models
from armod.course.labs.page import Widget, check_knobs, lab_page
from armod.measures.field_table import DEPTHS, FIRST_MASKS, KERNEL_SIZES, SIZE, STACKS

if TYPE_CHECKING:
    from armod.course.labs.live.widget import LiveLab


@takes_models(field_lab_of)
def field_lab(
    stack: str = "plain",
    first_mask: str = "A",
    *,
    kernel_size: int = 3,
    depth: int = 5,
    row: int = 7,
    column: int = 6,
    live: bool = False,
) -> Widget | LiveLab:
    """The lab as one notebook output, its knobs set to these values at first; ``field_lab.of(model)`` shows a model of yours.

    Args:
        stack: "plain", a PixelCNN, or "gated", a Gated PixelCNN with its two stacks.
        first_mask: "A", or "B", which leaks.
        kernel_size: 3, 5 or 7.
        depth: masked layers, 2 to 6.
        row: of the chosen pixel, 0 to 12.
        column: of the chosen pixel, 0 to 12.
        live: whether to make an ipywidget, whose traits are the knobs, ``pixel``, row and column, and more: ``layers``, typed one by
            one, their ``dilations``, ``channels``, 1 or 3, and the chosen ``channel``.

    Returns:
        The output.

    Raises:
        ValueError: for a value that the lab's knobs do not have.
    """
    facts = lab_state(stack, first_mask, kernel_size=kernel_size, depth=depth, row=row, column=column)
    if not live:
        return field_page(facts.paths)
    # only who asks for it needs ipywidgets
    from armod.course.labs.field.live import LiveFieldLab

    return LiveFieldLab(facts.paths, field_page)


def field_page(paths: PathFacts) -> Widget:
    """The page of one value and a stack; where the oracle has measured the stack, the picture shows what it found."""
    first, usual = paths.layers[0], FieldFacts.of(paths)
    start: dict[str, object] = {
        "stack": paths.stack,
        "first": first.mask,
        "kernel": first.kernel_size,
        "depth": len(paths.layers),
        "row": paths.row,
        "column": paths.column,
    }
    if usual:
        still = field_figure(usual)
    else:
        start |= {
            "typed": ", ".join(map(str, paths.layers)),
            "channels": paths.channels,
            "channel": paths.channel,
        }
        planes = planes_of(paths)
        still = field_figure(*planes, title=paths.finding if len(planes) > 1 else None)
    return lab_page(__file__, {**_TABLE, "start": start}, still, others=KINDS_OF_PAIRS)


def lab_state(
    stack: str, first_mask: str, *, kernel_size: int, depth: int, row: int, column: int
) -> FieldFacts:
    """What the lab shows at one setting of its knobs; ValueError for a value that they do not have."""
    check_knobs(
        "field lab",
        stack=(stack, STACKS),
        first_mask=(first_mask, FIRST_MASKS),
        kernel_size=(kernel_size, KERNEL_SIZES),
        depth=(depth, DEPTHS),
        row=(row, range(SIZE)),
        column=(column, range(SIZE)),
    )
    return FieldFacts(stack, first_mask, kernel_size, depth, row, column)


_TABLE: dict[str, object] = {
    "size": SIZE,
    "stacks": STACKS,
    "firstMasks": FIRST_MASKS,
    "kernelSizes": KERNEL_SIZES,
    "depths": list(DEPTHS),
    "kinds": KINDS,
    "limits": {"layers": MOST_LAYERS, "dilation": MOST_DILATION, "channels": CHANNELS},
}
