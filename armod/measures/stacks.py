"""Which pixels one stack of masked 3x3 layers can see, and which pixels two stacks can see.

A layer is a set of *steps*: (rows, columns) from a pixel to a pixel that the layer reads. Several layers together reach
every sum of one step from each. There are no weights here; `armod.dependency_matrix` answers the same for networks.
"""

from __future__ import annotations

Step = tuple[int, int]
Field = frozenset[Step]

LEFT: Step = (0, -1)
ROW_ABOVE: Field = frozenset((-1, column) for column in (-1, 0, 1))
OWN_ROW: Field = frozenset((0, column) for column in (-1, 0, 1))
SELF: Step = (0, 0)


def one_stack(depth: int) -> Field:
    """Return what a plain PixelCNN sees: mask A in the first layer, then mask B (PixelRNN, section 3.4).

    Args:
        depth: number of masked layers.

    Returns:
        The steps from the predicted pixel to each pixel that it sees.

    >>> sorted(one_stack(1))
    [(-1, -1), (-1, 0), (-1, 1), (0, -1)]
    """
    seen = ROW_ABOVE | {LEFT}
    for _ in range(depth - 1):
        seen = carried(seen, ROW_ABOVE | {LEFT, SELF})
    return seen


def two_stacks(depth: int) -> Field:
    """Return what a Gated PixelCNN sees: whole rows above, and its own row up to the pixel.

    (van den Oord et al. 2016, "Conditional Image Generation with PixelCNN Decoders", section 2.3.)

    Args:
        depth: number of masked layers.

    Returns:
        The steps from the predicted pixel to each pixel that it sees.

    >>> two_stacks(3) - one_stack(3) == {(-1, 2), (-1, 3), (-2, 3)}
    True
    """
    vertical, horizontal = ROW_ABOVE, ROW_ABOVE | {LEFT}
    for _ in range(depth - 1):
        vertical = carried(vertical, ROW_ABOVE | OWN_ROW)
        horizontal = carried(horizontal, frozenset({LEFT, SELF})) | vertical
    return horizontal


def carried(seen: Field, steps: Field) -> Field:
    """Return what is seen through one more layer with these steps."""
    return frozenset((up + rows, aside + columns) for up, aside in seen for rows, columns in steps)
