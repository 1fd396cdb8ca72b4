"""Which pixels a PixelCNN's layers carry to the one that they predict: one stack of masked 3x3 layers, or two.

A layer is a set of *steps*, (rows, columns) from a pixel to one that the layer reads. What several layers reach is every
sum of one step from each. Nothing here knows of weights: `armod.dependency_matrix` asks trained networks the same.
"""

from __future__ import annotations

Step = tuple[int, int]
Field = frozenset[Step]

LEFT: Step = (0, -1)
ROW_ABOVE: Field = frozenset((-1, column) for column in (-1, 0, 1))
OWN_ROW: Field = frozenset((0, column) for column in (-1, 0, 1))
SELF: Step = (0, 0)


def one_stack(depth: int) -> Field:
    """What a plain PixelCNN of `depth` masked layers sees: mask A once, then mask B (PixelRNN paper, section 3.4).

    >>> sorted(one_stack(1))
    [(-1, -1), (-1, 0), (-1, 1), (0, -1)]
    """
    seen = ROW_ABOVE | {LEFT}
    for _ in range(depth - 1):
        seen = carried(seen, ROW_ABOVE | {LEFT, SELF})
    return seen


def two_stacks(depth: int) -> Field:
    """What a Gated PixelCNN of `depth` layers sees: whole rows from above, and the own row up to the pixel.

    (van den Oord et al. 2016, "Conditional Image Generation with PixelCNN Decoders", section 2.3.)

    >>> two_stacks(3) - one_stack(3) == {(-1, 2), (-1, 3), (-2, 3)}
    True
    """
    vertical, horizontal = ROW_ABOVE, ROW_ABOVE | {LEFT}
    for _ in range(depth - 1):
        vertical = carried(vertical, ROW_ABOVE | OWN_ROW)
        horizontal = carried(horizontal, frozenset({LEFT, SELF})) | vertical
    return horizontal


def carried(seen: Field, steps: Field) -> Field:
    """What a further layer with these steps makes of what is seen below it."""
    return frozenset((up + rows, aside + columns) for up, aside in seen for rows, columns in steps)
