"""What the incremental views of PixelCNN and Gated PixelCNN share: the walk through rows, columns and channels.

What a row owes to the rows above is computed for the whole row at once, in a few large products, of features as a
matrix ``(features, W * N)``. What remains for each pixel is a chain of small ones, of matrices ``(features, N)``. Both
views keep the *current* row in buffers that never move, a pixel after another, so that all views into them are made
once, and a copy of the k // 2 rows above.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING

import torch
from torch import Tensor, distributions
from tqdm import tqdm

from armod.likelihoods import rescale
from armod.models.base import Incremental
from armod.models.raster.pixel_masks import channel_groups

if TYPE_CHECKING:
    from armod.models.raster.raster_model import RasterModel


class RasterIncremental(Incremental):
    """Images in the making, in raster order; a subclass computes features."""

    def __init__(self, model: RasterModel, num_samples: int, context: Tensor | None) -> None:
        """`num_samples` images, all still to be made; `context` is checked already."""
        weight = model.hidden.weight.detach()
        self._likelihood, self._dtype = model.likelihood, weight.dtype
        self._num_channels, self._height, self._width = model.turned_shape
        self._num_samples, self._half = num_samples, model.kernel_size // 2
        self._new = weight.new_zeros
        levels = torch.arange(model.likelihood.num_levels, device=weight.device)
        self._quantities = rescale(levels, model.likelihood.num_levels, weight.dtype)
        self._pixels = self._row(self._num_channels)
        self._pixels_above = [self._row(self._num_channels) for _ in range(self._half)]
        inside = self._pixels[:, self._half : self._half + self._width]
        self._columns = inside.unbind(1)  # the levels (C, N) of each pixel of the row
        self._slots = [column.unbind() for column in self._columns]
        self._context = self._context_of_rows(model.turned_context(context))
        self._features = self._new(
            len(weight), num_samples
        )  # of the pixel at hand, what the last layers read
        with torch.no_grad():
            self._last_layers = [
                self._last_layers_of(model, channel) for channel in range(self._num_channels)
            ]
        self._step = 0
        self._opened = -1  # the step whose parameters are at hand
        self._parameters: Tensor

    def _row(self, *features: int) -> Tensor:
        """A row of zeros ``(*features, W + padding, N)``: a kernel reaches k // 2 columns beyond either edge."""
        return self._new(*features, self._width + 2 * self._half, self._num_samples)

    def _taps(self, row: Tensor) -> list[Tensor]:
        """For each of the k columns of a kernel what it sees from every column of a row: ``(..., features, W * N)``."""
        return [row[..., tap : tap + self._width, :].flatten(-2) for tap in range(2 * self._half + 1)]

    def conditional(self) -> distributions.Distribution:
        """The next variable's distribution; asking again costs nothing."""
        self._open()
        return self._likelihood.distribution(self._parameters.clone())

    def append(self, value: Tensor) -> None:
        """Write the level where the features of later variables will read it."""
        self._open()
        row, column, channel = self._place()
        self._slots[column][channel].copy_(self._quantities[value.long()])
        self._step += 1
        if channel == self._num_channels - 1:
            self._close_pixel(column)
            if column == self._width - 1 and row < self._height - 1:
                self._close_row()

    def generate(
        self, uniform: Tensor, known: Tensor | None, mask: Tensor | None, temperature: float
    ) -> Tensor:
        """The whole walk at once; the same draws as step by step."""
        likelihood = self._likelihood
        with torch.inference_mode():  # a fifth faster than no_grad on operations this small
            noise = likelihood.noise(uniform.T.contiguous(), self._dtype).unbind()
            drawn = torch.empty(uniform.T.shape, dtype=torch.int64, device=uniform.device)
            levels = drawn.unbind()
            if known is not None and mask is not None:
                masks, known_levels = mask.T.contiguous().unbind(), known.T.contiguous().unbind()
            step = 0
            for row in tqdm(range(self._height), desc="sampling", unit="row", delay=2, leave=False):
                self._open_row(row)
                for column in range(self._width):
                    for channel in range(self._num_channels):
                        parameters = self._compute(column, channel)
                        if temperature != 1:
                            parameters = likelihood.tempered(parameters, temperature)
                        level = likelihood.draw(parameters, noise[step])
                        if known is not None and mask is not None:
                            level = torch.where(masks[step], known_levels[step], level)
                        torch.index_select(self._quantities, 0, level, out=self._slots[column][channel])
                        levels[step].copy_(level)
                        step += 1
                    self._close_pixel(column)
                self._close_row()
        self._step = step
        return drawn.T

    def _open(self) -> None:
        """Compute the next variable's parameters unless that is done."""
        row, column, channel = self._place()
        if self._opened == self._step:
            return
        if column == channel == 0:
            self._open_row(row)
        self._parameters = self._compute(column, channel)
        self._opened = self._step

    def _place(self) -> tuple[int, int, int]:
        """Row, column and channel of the next variable."""
        if self._step == self._num_channels * self._height * self._width:
            raise ValueError(f"All {self._step} variables of these observations are known already.")
        pixel, channel = divmod(self._step, self._num_channels)
        return *divmod(pixel, self._width), channel

    def _context_of_rows(self, context: Tensor | None) -> Tensor | None:
        """``(N, H or 1, W or 1, C')`` -> ``(H, C', W * N)``, or ``(1, C', W * N)`` for one that is the same everywhere."""
        if context is None:
            return None
        expanded = context.detach().expand(-1, -1, self._width, -1)
        return expanded.permute(1, 3, 2, 0).flatten(2)

    def _context_of(self, row: int) -> Tensor | None:
        """The context ``(C', W * N)`` of one row."""
        return None if self._context is None else self._context[row if len(self._context) > 1 else 0]

    @abstractmethod
    def _open_row(self, row: int) -> None:
        """What the row's features owe to the rows above, to the context and to biases."""

    @abstractmethod
    def _compute(self, column: int, channel: int) -> Tensor:
        """All features of one group at one pixel, up to parameters ``(N, num_parameters)``."""

    @abstractmethod
    def _close_pixel(self, column: int) -> None:
        """What the columns to the right owe to this pixel, all of whose features are final."""

    def _close_row(self) -> None:
        """Keep a copy of the row for the rows below."""
        if self._half:
            rotate(self._pixels_above).copy_(self._pixels)

    def _last_layers_of(self, model: RasterModel, channel: int) -> tuple[Tensor, ...]:
        """Weights of the two last layers that give one channel's parameters, and what they read and write."""
        size, width = self._likelihood.num_parameters, len(self._features)
        group = spans(channel_groups(width, self._num_channels), self._num_channels)[channel]
        outputs = slice(channel * size, (channel + 1) * size)
        if channel == 0:
            self._hidden_features = torch.zeros_like(self._features)
        return (
            model.hidden.bias[group, None].detach().clone(),
            model.hidden.masked_weight()[group, : group.stop, 0, 0].contiguous(),
            self._features[: group.stop],
            self._hidden_features[group],
            model.output.bias[outputs].detach().clone(),
            self._hidden_features[: group.stop].T,
            model.output.masked_weight()[outputs, : group.stop, 0, 0].T.contiguous(),
            self._new(self._num_samples, size),
        )

    def _parameters_of(self, channel: int) -> Tensor:
        """The parameters ``(N, num_parameters)``, from rectified features of all groups up to this channel's."""
        bias, weight, below, hidden, output_bias, features, output, parameters = self._last_layers[channel]
        torch.addmm(bias, weight, below, out=hidden).relu_()
        return torch.addmm(output_bias, features, output, out=parameters)


def rotate(above: list[Tensor]) -> Tensor:
    """Let the farthest of the rows above become the nearest, the first, to be overwritten; returns it."""
    above.insert(0, above.pop())
    return above[0]


def spans(groups: Tensor, num_groups: int) -> list[slice]:
    """Where each group's features lie, for ascending `groups`.

    >>> spans(torch.tensor([0, 0, 2]), 3)
    [slice(0, 2, None), slice(2, 2, None), slice(2, 3, None)]
    """
    ends = torch.searchsorted(groups, torch.arange(num_groups), right=True).tolist()
    return [slice(start, end) for start, end in zip([0, *ends[:-1]], ends, strict=True)]
