"""PixelCNN one variable at a time: each feature of each pixel is computed once.

A residual block sees other pixels only through its k x k convolution. When a row begins, the part of that convolution that
reads the rows above is computed for the whole row and all blocks at once. So for each pixel and block only a chain of three
products remains: 2h to h, the kernel's own row, and h to 2h. The features of a block's pixels follow each other in memory, so
all that the own row sees, from the left to the centre, is one matrix. In a colour image each product is made group by group,
as the channels become known. Where machine code can be had, the chains of all blocks are one loop.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from itertools import repeat
from typing import Any

import torch
from torch import Tensor

from armod.models.raster.masked_convolution import MaskedConvolution
from armod.models.raster.pixel_masks import channel_groups
from armod.models.raster.pixelcnn_kernel import pixel_blocks
from armod.models.raster.pixelcnn_layers import ResidualBlock
from armod.models.raster.raster_walk import RasterWalk, rotate, spans

_MOST_ROWS = 256  # from there on, the library's products are as quick


class PixelCNNWalk(RasterWalk):
    """The incremental view of a PixelCNN, with a copy of its weights.

    Args:
        first: the layer with mask A.
        blocks: the residual blocks, from the input up.
        **arguments: those of `RasterWalk`.

    >>> from armod.likelihoods import Bernoulli
    >>> from armod.models.raster.pixelcnn import PixelCNN
    >>> view = PixelCNN((1, 2, 2), 2, 1, likelihood=Bernoulli()).incremental(3)
    >>> isinstance(view, PixelCNNWalk), view.conditional().batch_shape
    (True, torch.Size([3]))
    """

    def __init__(self, first: MaskedConvolution, blocks: Sequence[ResidualBlock], **arguments: Any) -> None:
        with torch.no_grad():
            self._copy_weights(first, blocks)
        super().__init__(**arguments)

    def _copy_weights(self, first: MaskedConvolution, blocks: Sequence[ResidualBlock]) -> None:
        """Copy masked weights as matrices of all blocks ``(L, above, below)`` and kernels ``(rows, columns, ...)`` of them.

        The first sum of a kernel is always 1, so the bias of the next layer is a column of its weight and needs no
        operation.
        """
        self._first = first.masked_weight().permute(2, 3, 0, 1).contiguous()
        self._first_bias = first.bias[:, None].clone()
        self._reduce = torch.stack([block.reduce.masked_weight()[:, :, 0, 0] for block in blocks])
        self._reduce_bias = torch.stack([block.reduce.bias for block in blocks])[:, :, None]
        spread = torch.stack([block.spread.masked_weight() for block in blocks]).permute(3, 4, 0, 1, 2)
        self._spread = torch.nn.functional.pad(spread, (0, 0, 1, 0)).contiguous()
        bias = torch.stack([block.spread.bias for block in blocks])[:, :, None]
        self._spread_bias = torch.cat([torch.ones_like(bias[:, :1]), bias], 1)
        expand = torch.stack([block.expand.masked_weight()[:, :, 0, 0] for block in blocks])
        bias = torch.stack([block.expand.bias for block in blocks])[:, :, None]
        self._expand = torch.cat([bias, expand], 2)
        if first.context is not None:
            self._first_context = first.context.clone()
            spread_context = torch.stack(
                [c for c in (block.spread.context for block in blocks) if c is not None]
            )
            self._spread_context = torch.nn.functional.pad(spread_context, (0, 0, 1, 0))

    def allocate(self) -> None:
        """Make the buffers of a row, and all views into them that a pixel needs."""
        super().allocate()
        num_blocks, h = self._reduce.shape[:2]
        batch = self.num_samples
        self._wide = self._new(self._width, 2 * h, batch)  # runs from block to block and is changed in place
        self._all_rectified = self._new(num_blocks, 2 * h, batch)  # read by a block's first 1x1
        self._rectified = self._all_rectified.unbind()
        # read by the k x k convolutions, which see zeros to the left of the row
        self._narrow = self._new(num_blocks, self._half + self._width, h, batch)
        self._sums = self._new(self._width, num_blocks, 1 + h, batch)  # written by the k x k convolutions
        self._narrow_above = [self._row(num_blocks, h) for _ in range(self._half)]
        self._wide_row = self._new(2 * h, self._width * batch)
        self._sums_row = self._new(num_blocks, 1 + h, self._width * batch)
        self._narrow_row = self._row(num_blocks, h)

    def _plan_pixels(self) -> None:
        h = self._reduce.shape[1]
        channels = range(self._num_channels)
        wide = spans(channel_groups(2 * h, len(channels)), len(channels))
        narrow = spans(channel_groups(h, len(channels)), len(channels))
        starts = [self._starts(c, wide[c]) for c in channels]
        chains = [self._chains(wide[c], narrow[c]) for c in channels]
        plans = [list(zip(*of_channel, strict=True)) for of_channel in zip(starts, chains, strict=True)]
        self._plans = list(zip(*plans, strict=True))
        self._rightward = self._to_the_right(self._wide, self._first[-1])
        self._loops = self._compiled_chains(wide, narrow)

    def _compiled_chains(self, wide: list[slice], narrow: list[slice]) -> list[Callable[[int], None]]:
        """For each channel a loop in machine code that takes the place of its chains, or an empty list if there is none."""
        if not self.is_native or self.num_samples > _MOST_ROWS:
            return []
        buffers = [self._wide, self._all_rectified, self._narrow.flatten(1, 2), self._sums]
        arrays = [buffer.numpy() for buffer in buffers]
        groups = []
        for of_wide, of_narrow in zip(wide, narrow, strict=True):
            weights = zip(*self._weights_of(of_wide, of_narrow), strict=True)
            matrices = [torch.stack(of_blocks).numpy() for of_blocks in weights]
            groups.append((of_wide.start, of_narrow.start, *matrices, *arrays))
        num_variables = self.num_samples * self._height * self._width * self._num_channels
        trial = (*groups[0][:2], *(matrix[:0] for matrix in groups[0][2:5]), *arrays, 0)
        run = pixel_blocks.compiled(num_variables, *trial)
        return [] if run is None else [partial(run, *group) for group in groups]

    def state(self) -> dict[str, tuple[Tensor, int]]:
        """Name sums and features of the row, those of the rows above, and those of the current pixel, as `Walk.state`."""
        above = {f"narrow {distance} above": (row, 3) for distance, row in enumerate(self._narrow_above, 1)}
        rectified = {f"block {number}": (features, 1) for number, features in enumerate(self._rectified)}
        row = {"wide": (self._wide, 2), "narrow": (self._narrow, 3), "sums": (self._sums, 3)}
        of_row = {"narrow row": (self._narrow_row, 3)}
        for name, buffer in (("wide row", self._wide_row), ("sums row", self._sums_row)):
            of_row[name] = buffer.unflatten(-1, (self._width, self.num_samples)), buffer.dim()
        return {**super().state(), **row, **of_row, **above, **rectified}

    def _weights_of(self, wide: slice, narrow: slice) -> list[tuple[Tensor, Tensor, Tensor]]:
        """The rows of each block's three matrices that compute one group, and the columns that this group may see."""
        matrices = (
            self._reduce[:, narrow, : wide.stop],
            self._own_row(self._spread[-1, :, :, 1 + narrow.start : 1 + narrow.stop], narrow.stop),
            self._expand[:, wide, : 1 + narrow.stop],
        )
        return list(zip(*(matrix.contiguous() for matrix in matrices), strict=True))

    def _starts(self, channel: int, wide: slice) -> list[tuple[Tensor, ...]]:
        """For each column one group's features, the weight for the pixel's earlier channels, these channels, the features."""
        own = self._first[-1, self._half, wide, :channel].contiguous()
        features, earlier = self._wide[:, wide].unbind(), self._places[:, :channel].unbind()
        return [(*of_column, self._features[wide]) for of_column in zip(features, repeat(own), earlier)]

    def _chains(self, wide: slice, narrow: slice) -> list[tuple[tuple[Tensor, ...], ...]]:
        """For each column and each block what `_compute` reads and writes, and the weights between."""
        of_blocks = []
        for block, (reduce, spread, expand) in enumerate(self._weights_of(wide, narrow)):
            rectified, sums = self._rectified[block], self._sums[:, block, : 1 + narrow.stop]
            reading = (rectified[wide], reduce, rectified[: wide.stop])
            of_columns = zip(
                self._narrow[block, self._half :, narrow].unbind(),
                self._seen(self._narrow[block], narrow.stop),
                sums[:, 1 + narrow.start :].unbind(),
                sums.unbind(),
                strict=True,
            )
            of_blocks.append(
                [
                    (*reading, narrows, spread, seen, written, expand, read)
                    for narrows, seen, written, read in of_columns
                ]
            )
        return list(zip(*of_blocks, strict=True))

    def _plan_rest(self, begin: int) -> Callable[[], Tensor]:
        start, sums = (row[..., begin * self.num_samples :] for row in (self._wide_row, self._sums_row))
        wide, rectified, mixed = torch.empty_like(start), torch.empty_like(start), torch.empty_like(sums[0])
        # the own row of every kernel, from the left to the centre
        first = list(zip(self._first[-1], self._taps(self._pixels, begin)[: self._half + 1], strict=False))
        if self._num_channels == 1:  # mask A sees nothing of the pixel itself
            del first[-1]
        taps = self._taps(self._narrow_row, begin)
        blocks = [
            (
                *(self._reduce_bias[block], self._reduce[block], taps[self._half][block], sums[block]),
                *(self._spread[-1, self._half, block], self._expand[block]),
                [(self._spread[-1, tap, block], taps[tap][block]) for tap in range(self._half)],
            )
            for block in range(len(self._reduce))
        ]
        last_layers = self._plan_last_layers(wide, begin)

        def rest() -> Tensor:
            """As `_compute`, for many columns."""
            wide.copy_(start)
            for weight, pixels in first:
                wide.addmm_(weight, pixels)
            for bias, reduce, narrow, begun, centre, expand, to_the_left in blocks:
                torch.clamp_min(wide, 0, out=rectified)
                torch.addmm(bias, reduce, rectified, out=narrow).relu_()
                torch.addmm(begun, centre, narrow, out=mixed)
                for weight, features in to_the_left:
                    mixed.addmm_(weight, features)
                wide.addmm_(expand, mixed.relu_())
            return last_layers()

        return rest

    def _open_row(self, row: int) -> None:
        super()._open_row(row)
        # every sum of the row begins as its bias, plus what the context gives
        wide, sums = self._wide_row.copy_(self._first_bias), self._sums_row.copy_(self._spread_bias)
        context = self._context_of(row)
        if context is not None:
            wide.addmm_(self._first_context, context)
            sums += self._spread_context @ context
        # the rows above are final: each tap of a kernel is one product for all columns, and for all blocks
        rows_above = zip(self._pixels_above, self._narrow_above, strict=True)
        for distance, (pixels, narrow) in enumerate(rows_above, 1):
            for weight, tap in zip(self._first[-1 - distance], self._taps(pixels), strict=True):
                wide.addmm_(weight, tap)
            for weight, tap in zip(self._spread[-1 - distance], self._taps(narrow), strict=True):
                sums.baddbmm_(weight, tap)

    def _spread_row(self) -> None:
        # from rows of features to a column of features for each pixel, where the small products read them
        self._wide.copy_(self._wide_row.unflatten(1, (self._width, -1)).transpose(0, 1))
        self._sums.copy_(self._sums_row.unflatten(2, (self._width, -1)).permute(2, 0, 1, 3))
        self._narrow[:, self._half :] = self._reduce_bias[:, None]

    def _keep_columns(self, begin: int, end: int) -> None:
        columns = slice(self._half + begin, self._half + end)
        self._narrow_row[:, :, columns] = self._narrow[:, columns].transpose(1, 2)

    def _compute(self, column: int, channel: int) -> Tensor:
        (wide, own, earlier, features), chain = self._plans[column][channel]
        if channel > 0:  # mask A lets green see red, and blue see both
            wide.addmm_(own, earlier)
        # figure 5 (left) of the paper, block by block; the rows above are in the sums already
        if self._loops:
            self._loops[channel](column)
            chain = ()
        for rectified, reduce, below, narrow, spread, narrows, written, expand, sums in chain:
            torch.clamp_min(wide, 0, out=rectified)
            narrow.addmm_(reduce, below).relu_()  # 1x1, 2h -> h
            written.addmm_(spread, narrows).relu_()  # the own row of the k x k: all that was missing
            wide.addmm_(expand, sums)  # 1x1, h -> 2h, added to the block's input
        torch.clamp_min(wide, 0, out=features)
        return self._parameters_of(channel)

    def _close_pixel(self, column: int) -> None:
        # for a pixel further right this one is a tap of the first layer
        for wide, first in self._rightward[column]:
            wide.addmm_(first, self._columns[column])

    def _close_piece(self) -> None:
        super()._close_piece()
        if self._half:
            above = rotate(self._narrow_above)
            if self._columns_are_current:
                inside = slice(self._half, self._half + self._width)
                above[:, :, inside] = self._narrow[:, self._half :].transpose(1, 2)
            else:
                above.copy_(self._narrow_row)
