"""What the incremental views of PixelCNN and Gated PixelCNN share: the walk through rows, columns and channels.

What a row gets from the rows above is computed for the whole row at once, in a few large products of matrices
``(features, W * N)``. For each pixel only a chain of small products of matrices ``(features, N)`` remains. Both views keep
the *current* row in buffers that never move, so that all views into them are made once, and a copy of the k // 2 rows
above.
"""

from __future__ import annotations

from abc import abstractmethod
from itertools import islice, product

import torch
from torch import Tensor

from armod.likelihoods import Likelihood, rescale
from armod.models.raster.masked_convolution import MaskedConvolution
from armod.models.raster.pixel_masks import channel_groups
from armod.sampling.walk import Steps, Walk


class RasterWalk(Walk):
    """The incremental view of a raster model; a subclass computes the features.

    Args:
        likelihood: likelihood of every variable.
        shape: ``(C, H, W)`` as the network sees it.
        kernel_size: k of every masked convolution.
        hidden: the last layer but one, a 1x1.
        output: the last layer, a 1x1.
        num_samples: N, the number of images.
        context: a checked and turned context ``(N, H, W, C')`` or ``(N, 1, 1, C')``, with N = 1 if it is the same for all, or
            None.

    >>> from armod.likelihoods import Bernoulli
    >>> from armod.models.raster.pixelcnn import PixelCNN
    >>> view = PixelCNN((1, 2, 2), 2, 1, likelihood=Bernoulli()).incremental(3)
    >>> isinstance(view, RasterWalk), view.conditional().batch_shape
    (True, torch.Size([3]))
    """

    def __init__(
        self,
        likelihood: Likelihood,
        shape: tuple[int, int, int],
        kernel_size: int,
        hidden: MaskedConvolution,
        output: MaskedConvolution,
        num_samples: int,
        context: Tensor | None,
    ) -> None:
        weight = hidden.weight.detach()
        self._num_channels, self._height, self._width = shape
        self._half = kernel_size // 2
        self._new = weight.new_zeros
        levels = torch.arange(likelihood.num_levels, device=weight.device)
        self._quantities = rescale(levels, likelihood.num_levels, weight.dtype)
        with torch.no_grad():
            self._last_weights = [
                self._last_weights_of(hidden, output, channel, likelihood.num_parameters)
                for channel in range(self._num_channels)
            ]
        context = None if context is None else context.detach()
        super().__init__(
            likelihood, weight, num_samples, self._num_channels * self._height * self._width, context
        )

    def allocate(self) -> None:
        """Make the current row of levels, those above it, and what the last two layers read and write."""
        self._pixels = self._row(self._num_channels)
        self._pixels_above = [self._row(self._num_channels) for _ in range(self._half)]
        inside = self._pixels[:, self._half : self._half + self._width]
        self._columns = inside.unbind(1)  # levels (C, N) of each pixel of the row
        self._slots = [column.unbind() for column in self._columns]
        self._context_rows = self._context_by_rows()
        num_features = self._last_weights[-1][-1].stop
        # what the last two layers read at the current pixel
        self._features = self._new(num_features, self.num_samples)
        self._hidden_features = torch.zeros_like(self._features)
        self._last_layers = [
            (
                bias,
                weight,
                self._features[: group.stop],
                self._hidden_features[group],
                output_bias,
                self._hidden_features[: group.stop].T,
                output,
                self._new(self.num_samples, len(output_bias)),
            )
            for bias, weight, output_bias, output, group in self._last_weights
        ]

    def state(self) -> dict[str, tuple[Tensor, int]]:
        """Name the rows of levels that kernels still see, and the features of the current pixel, as `Walk.state`."""
        rows = {f"pixels {distance} above": (row, 2) for distance, row in enumerate(self._pixels_above, 1)}
        features = {"features": (self._features, 1), "hidden features": (self._hidden_features, 1)}
        return {"pixels": (self._pixels, 2), **rows, **features}

    def steps(self) -> Steps:
        """Go row by row, pixel by pixel, channel by channel, as `Walk.steps`."""
        positions = product(range(self._height), range(self._width), range(self._num_channels))
        for row, column, channel in islice(positions, self.step, None):
            if self.parameters is None:
                if column == channel == 0:  # all rows above are known now
                    self._open_row(row)
                self.parameters = self._compute(column, channel)
            levels = yield self.parameters
            self.parameters = None
            # the level as a quantity from -1 to 1, where later pixels will read it
            torch.index_select(self._quantities, 0, levels, out=self._slots[column][channel])
            self.step += 1
            if channel == self._num_channels - 1:  # all features of the pixel are final
                self._close_pixel(column)
                if column == self._width - 1:
                    self._close_row()

    def _row(self, *features: int) -> Tensor:
        """A row of zeros ``(*features, W + padding, N)``, because a kernel reaches k // 2 columns beyond both edges."""
        return self._new(*features, self._width + 2 * self._half, self.num_samples)

    def _taps(self, row: Tensor) -> list[Tensor]:
        """What each of the k columns of a kernel sees from every column of a row, ``(..., features, W * N)``."""
        return [row[..., tap : tap + self._width, :].flatten(-2) for tap in range(2 * self._half + 1)]

    def _context_by_rows(self) -> Tensor | None:
        """The context ``(N or 1, H or 1, W or 1, C')`` as rows ``(H or 1, C', W * N)``."""
        if self.context is None:
            return None
        return self.context.expand(self.num_samples, -1, self._width, -1).permute(1, 3, 2, 0).flatten(2)

    def _context_of(self, row: int) -> Tensor | None:
        """The context ``(C', W * N)`` of one row."""
        rows = self._context_rows
        return None if rows is None else rows[row if len(rows) > 1 else 0]

    @abstractmethod
    def _open_row(self, row: int) -> None:
        """Add what the row's features get from the rows above, the context and the biases."""

    @abstractmethod
    def _compute(self, column: int, channel: int) -> Tensor:
        """Compute all features of one group at one pixel, up to the parameters ``(N, num_parameters)``."""

    @abstractmethod
    def _close_pixel(self, column: int) -> None:
        """Add what the columns to the right get from this pixel, whose features are final."""

    def _close_row(self) -> None:
        """Keep a copy of the row for the rows below."""
        if self._half:
            rotate(self._pixels_above).copy_(self._pixels)

    def _last_weights_of(
        self, hidden: MaskedConvolution, output: MaskedConvolution, channel: int, size: int
    ) -> tuple[Tensor, Tensor, Tensor, Tensor, slice]:
        """The biases and weights of the last two layers for one channel, and the features of its group."""
        group = spans(channel_groups(len(hidden.bias), self._num_channels), self._num_channels)[channel]
        outputs = slice(channel * size, (channel + 1) * size)
        return (
            hidden.bias[group, None].clone(),
            hidden.masked_weight()[group, : group.stop, 0, 0].contiguous(),
            output.bias[outputs].clone(),
            output.masked_weight()[outputs, : group.stop, 0, 0].T.contiguous(),
            group,
        )

    def _parameters_of(self, channel: int) -> Tensor:
        """The parameters ``(N, num_parameters)``, from the rectified features of all groups up to this channel's."""
        bias, weight, below, hidden, output_bias, features, output, parameters = self._last_layers[channel]
        torch.addmm(bias, weight, below, out=hidden).relu_()
        return torch.addmm(output_bias, features, output, out=parameters)


def rotate(above: list[Tensor]) -> Tensor:
    """Make the farthest of the rows above the nearest one, which comes first, and return it to be overwritten."""
    above.insert(0, above.pop())
    return above[0]


def spans(groups: Tensor, num_groups: int) -> list[slice]:
    """Find the features of each group.

    Args:
        groups: the group of each feature, ascending.
        num_groups: number of groups.

    Returns:
        One slice of the features for each group.

    >>> spans(torch.tensor([0, 0, 2]), 3)
    [slice(0, 2, None), slice(2, 2, None), slice(2, 3, None)]
    """
    ends = torch.searchsorted(groups, torch.arange(num_groups), right=True).tolist()
    return [slice(start, end) for start, end in zip([0, *ends[:-1]], ends, strict=True)]
