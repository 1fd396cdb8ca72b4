"""The residual blocks of one pixel as one loop over numbers: what `PixelCNNWalk` does by a chain of small products."""

from __future__ import annotations

from typing import Any, TypeAlias

from armod.machine_code import kernel
from armod.machine_code.arithmetic import add_mixed_rows

Array: TypeAlias = Any


@kernel("the blocks of a PixelCNN")
def pixel_blocks(
    wide_begin: int,
    narrow_begin: int,
    reduce: Array,
    spread: Array,
    expand: Array,
    wide: Array,
    rectified: Array,
    narrow: Array,
    sums: Array,
    column: int,
) -> None:
    """Compute a group of features of one pixel in all blocks, for N images.

    Args:
        wide_begin: the first of the group's 2h features that run from block to block.
        narrow_begin: the first of its h features inside each block.
        reduce: the first 1x1, ``(blocks, group's narrow features, wide ones up to the group's)``.
        spread: the own row of the kernel, ``(blocks, group's narrow features, what it sees)``.
        expand: the last 1x1, ``(blocks, group's wide features, 1 + narrow ones up to the group's)``.
        wide: features ``(columns, 2h, N)``, changed.
        rectified: what the first 1x1 reads, ``(blocks, 2h, N)``, written.
        narrow: inside the blocks ``(blocks, (columns to the left + columns) h, N)``, a column after the other; begun, changed.
        sums: of the kernel and, before them, a 1, ``(columns, blocks, 1 + h, N)``; begun, changed.
        column: of the pixel.
    """
    size, zero = sums.shape[2] - 1, wide.dtype.type(0)
    for block in range(len(reduce)):
        num_narrow, wide_end = reduce.shape[1], reduce.shape[2]
        num_seen, narrow_end = spread.shape[2], expand.shape[2] - 1
        first = column * size  # of what the kernel sees
        own = first + num_seen - narrow_end + narrow_begin  # its last features are the pixel's own
        for i in range(wide_begin, wide_end):
            for n in range(wide.shape[2]):
                value = wide[column, i, n]
                rectified[block, i, n] = zero if value < zero else value
        for i in range(num_narrow):
            add_mixed_rows(reduce[block, i], rectified[block, :wide_end], narrow[block, own + i])
            for n in range(wide.shape[2]):
                value = narrow[block, own + i, n]
                narrow[block, own + i, n] = zero if value < zero else value
        for i in range(num_narrow):
            place = 1 + narrow_begin + i
            add_mixed_rows(
                spread[block, i], narrow[block, first : first + num_seen], sums[column, block, place]
            )
            for n in range(wide.shape[2]):
                value = sums[column, block, place, n]
                sums[column, block, place, n] = zero if value < zero else value
        for i in range(wide_end - wide_begin):
            add_mixed_rows(
                expand[block, i], sums[column, block, : 1 + narrow_end], wide[column, wide_begin + i]
            )
