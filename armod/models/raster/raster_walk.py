"""What the incremental views of PixelCNN and Gated PixelCNN share: the walk through rows, columns and channels.

What a row gets from the rows above is computed for the whole row at once, in a few large products of matrices
``(features, W * N)``. For each pixel only a chain of small products of matrices ``(features, N)`` remains. Both views keep
the *current* row in buffers that never move, so that all views into them are made once, and a copy of the k // 2 rows
above.

To look ahead, they compute the rest of the row at once from guessed levels, in matrices ``(features, columns * N)`` of their
own. These hold what is final for the row, and become those of a row above when it is complete. The columns of the pixel by
pixel way are made anew from them if a walk goes on in this way.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Sequence
from itertools import islice, product
from typing import Self

import torch
from torch import Tensor

from armod.likelihoods import Likelihood, rescale
from armod.models.raster.masked_convolution import MaskedConvolution
from armod.models.raster.pixel_masks import channel_groups
from armod.sampling.pieces import PieceWalk
from armod.sampling.walk import Steps

_COLUMNS_AT_A_TIME = 7  # a look ahead begins at one of these columns, so that few plans are made


class RasterWalk(PieceWalk):
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
            # the same for all channels at once
            self._hidden = hidden.masked_weight()[:, :, 0, 0].contiguous(), hidden.bias[:, None].clone()
            self._output = output.masked_weight()[:, :, 0, 0].T.contiguous(), output.bias.clone()
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
        self._places = inside.transpose(0, 1)  # (W, C, N)
        self._opened, self._num_final, self._columns_are_current = -1, 0, False
        self._has_plans = False
        self._rest_of_row: dict[int, Callable[[], Tensor]] = {}

    def state(self) -> dict[str, tuple[Tensor, int]]:
        """Name the rows of levels that kernels still see, and the features of the current pixel, as `Walk.state`."""
        rows = {f"pixels {distance} above": (row, 2) for distance, row in enumerate(self._pixels_above, 1)}
        features = {"features": (self._features, 1), "hidden features": (self._hidden_features, 1)}
        return {"pixels": (self._pixels, 2), **rows, **features}

    def steps(self) -> Steps:
        """Go row by row, pixel by pixel, channel by channel, as `Walk.steps`."""
        if not self._has_plans:
            self._plan_pixels()
            self._has_plans = True
        positions = product(range(self._height), range(self._width), range(self._num_channels))
        for row, column, channel in islice(positions, self.step, None):
            if self.parameters is None:
                if column == channel == 0 or not self._columns_are_current:
                    self._begin_columns(row, column * self._num_channels + channel)
                self.parameters = self._compute(column, channel)
            levels = yield self.parameters
            self.parameters = None
            # the level as a quantity from -1 to 1, where later pixels will read it
            torch.index_select(self._quantities, 0, levels, out=self._slots[column][channel])
            self.step += 1
            if channel == self._num_channels - 1:  # all features of the pixel are final
                self._close_pixel(column)
                if column == self._width - 1:
                    self._close_piece()

    def take_over(self, view: Self, chosen: Tensor) -> None:
        """Remember what another view remembers, as `Walk.take_over`, and how far it is in the row."""
        super().take_over(view, chosen)
        self._opened, self._num_final = view._opened, view._num_final
        self._columns_are_current = view._columns_are_current

    @property
    def at_hand(self) -> int:
        """The rest of the row."""
        size = self._width * self._num_channels
        return size - self.step % size

    def _rest(self, levels: Tensor) -> Tensor:
        row, place = divmod(self.step, self._width * self._num_channels)
        if self._opened != row:
            self._open_row(row)
        self._write(place, levels)
        if self._columns_are_current and place // self._num_channels > self._num_final:
            self._keep_columns(self._num_final, place // self._num_channels)
            self._num_final = place // self._num_channels
        begin = self._num_final - self._num_final % _COLUMNS_AT_A_TIME
        if begin not in self._rest_of_row:
            self._rest_of_row[begin] = self._plan_rest(begin)
        return self._rest_of_row[begin]()[place - begin * self._num_channels :]

    def _fix(self, levels: Tensor) -> None:
        place = self.step % (self._width * self._num_channels)
        self._write(place, levels)
        self._num_final = (place + len(levels) - 1) // self._num_channels
        self._columns_are_current = False

    def _write(self, place: int, levels: Tensor) -> None:
        """Write levels ``(b, N)`` as quantities into the row, from a place in it."""
        if self._num_channels == 1:
            self._places.squeeze(1)[place : place + len(levels)] = self._quantities[levels]
        else:
            row = self._places.clone(memory_format=torch.contiguous_format)
            row.flatten(0, 1)[place : place + len(levels)] = self._quantities[levels]
            self._places.copy_(row)

    def _plan_last_layers(self, features: Tensor, begin: int) -> Callable[[], Tensor]:
        """A function that maps features ``(F, columns * N)``, which it rectifies, to parameters of all their variables."""
        (hidden, bias), (output, output_bias) = self._hidden, self._output
        rectified = self._new(hidden.shape[0], features.shape[1])
        parameters = self._new(features.shape[1], len(output_bias))
        sizes = (self._width - begin, self.num_samples, self._num_channels, self.likelihood.num_parameters)
        in_order = parameters.view(sizes).transpose(1, 2)

        def last_layers() -> Tensor:
            torch.addmm(bias, hidden, features.clamp_min_(0), out=rectified).relu_()
            torch.addmm(output_bias, rectified.T, output, out=parameters)
            return in_order.flatten(0, 1)

        return last_layers

    def _begin_columns(self, row: int, place: int) -> None:
        """Begin with the columns of a row, up to a place in it whose variables are known."""
        if self._opened != row:
            self._open_row(row)
        self._spread_row()
        self._columns_are_current = True
        for column, channel in islice(product(range(self._width), range(self._num_channels)), place):
            self._compute(column, channel)
            if channel == self._num_channels - 1:
                self._close_pixel(column)

    def _row(self, *features: int) -> Tensor:
        """A row of zeros ``(*features, W + padding, N)``, because a kernel reaches k // 2 columns beyond both edges."""
        return self._new(*features, self._width + 2 * self._half, self.num_samples)

    def _taps(self, row: Tensor, begin: int = 0) -> list[Tensor]:
        """What each of the k columns of a kernel sees from every column of a row from `begin` on, ``(..., features, W * N)``."""
        return [row[..., begin + tap : tap + self._width, :].flatten(-2) for tap in range(2 * self._half + 1)]

    def _own_row(self, weights: Tensor, num_seen: int) -> Tensor:
        """Join the taps ``(columns, ..., above, below)`` of a kernel's own row; of the last only so many features are seen."""
        *left, centre = weights.unbind()[: self._half + 1]
        return torch.cat([*left, centre[..., :num_seen]], -1)

    def _seen(self, columns: Tensor, num_seen: int) -> Sequence[Tensor]:
        """What `_own_row` reads for each column, in a buffer of columns ``(k // 2 + W, features, N)``."""
        size = columns.shape[1]
        windows = columns.flatten(0, 1).unfold(0, self._half * size + num_seen, size)
        return windows[: self._width].transpose(1, 2).unbind()

    def _to_the_right(self, sums: Tensor, weights: Tensor) -> list[list[tuple[Tensor, Tensor]]]:
        """For each column the sums of the columns to the right that see its levels, and the taps that do."""
        begun, taps = sums.unbind(), weights.unbind()[: self._half]
        return [list(zip(begun[column + 1 :], reversed(taps), strict=False)) for column in range(self._width)]

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
    def _plan_pixels(self) -> None:
        """Make all views into the buffers that the pixel by pixel way needs."""

    @abstractmethod
    def _plan_rest(self, begin: int) -> Callable[[], Tensor]:
        """A function that computes a row from the column `begin` on, up to the parameters ``(variables, N, num_parameters)``."""

    def _open_row(self, row: int) -> None:
        """Compute what the row's features get from the rows above, the context and the biases."""
        self._opened, self._num_final = row, 0

    @abstractmethod
    def _spread_row(self) -> None:
        """Let the columns begin with what `_open_row` computed."""

    @abstractmethod
    def _keep_columns(self, begin: int, end: int) -> None:
        """Copy what the pixel by pixel way computed of these columns to where a look ahead reads it."""

    @abstractmethod
    def _compute(self, column: int, channel: int) -> Tensor:
        """Compute all features of one group at one pixel, up to the parameters ``(N, num_parameters)``."""

    @abstractmethod
    def _close_pixel(self, column: int) -> None:
        """Add what the columns to the right get from this pixel, whose features are final."""

    def _close_piece(self) -> None:
        """Keep a copy of the row for the rows below, from the columns if these are current."""
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
