"""Gated PixelCNN one variable at a time: the vertical stack works row by row, the horizontal stack pixel by pixel.

Everything that the vertical stack sees is known when a row begins. So it is computed for the whole row, layer by layer,
together with what it passes to the horizontal stack. For each pixel and layer a chain of two products remains: the
horizontal kernel, and the 1x1 after the gate. The outputs of a layer's pixels follow each other in memory, so all that the
kernel sees, from the left to the centre, is one matrix. In a colour image each product is made group by group, as the
channels become known.

Since ``sigmoid(b) = (1 + tanh(b / 2)) / 2``, a gate is ``a' + a' * b'`` with a single tanh, ``(a', b') = tanh(a, b / 2)``.
The factors 1/2 are folded into the weights before and after it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from armod.models.raster.gated_pixelcnn_layers import GatedLayer
from armod.models.raster.pixel_masks import channel_groups
from armod.models.raster.raster_walk import RasterWalk, rotate, spans


class GatedPixelCNNWalk(RasterWalk):
    """The incremental view of a Gated PixelCNN, with a copy of its weights.

    Args:
        layers: the gated layers, from the input up.
        **arguments: those of `RasterWalk`.

    >>> from armod.likelihoods import Bernoulli
    >>> from armod.models.raster.gated_pixelcnn import GatedPixelCNN
    >>> view = GatedPixelCNN((1, 2, 2), 2, 2, likelihood=Bernoulli()).incremental(3)
    >>> isinstance(view, GatedPixelCNNWalk), view.conditional().batch_shape
    (True, torch.Size([3]))
    """

    def __init__(self, layers: Sequence[GatedLayer], **arguments: Any) -> None:
        with torch.no_grad():
            self._copy_vertical_weights(layers)
            self._copy_horizontal_weights(layers, arguments["shape"][0], arguments["kernel_size"] // 2)
        super().__init__(**arguments)

    def _copy_vertical_weights(self, layers: Sequence[GatedLayer]) -> None:
        """Copy each layer's kernel ``(rows, columns, 2p, features below)``, nearest row first, its bias and its context."""
        halves = _halves(layers)[:, None]
        self._vertical, self._vertical_bias, self._vertical_context = [], [], []
        for number, layer in enumerate(layers):
            # ``a' + a' * b'`` is twice the gated features
            weight = layer.vertical.masked_weight() * (0.5 if number else 1)
            rows = (weight.permute(2, 3, 0, 1) * halves).flip(0)
            # mask A of the first layer leaves out the own row
            self._vertical.append((rows if number else rows[1:]).contiguous())
            self._vertical_bias.append(layer.vertical.bias[:, None] * halves)
            if layer.vertical.context is not None:
                self._vertical_context.append(layer.vertical.context * halves)

    def _copy_horizontal_weights(self, layers: Sequence[GatedLayer], num_channels: int, half: int) -> None:
        """Copy the same of the horizontal stack, with features sorted by group, and filters before gates in a group."""
        halves = _halves(layers)
        p = len(halves) // 2
        groups = channel_groups(p, num_channels)
        order = torch.cat([groups, groups]).argsort(stable=True).to(halves.device)
        scale = halves[order][:, None]
        kernels = [layer.horizontal.masked_weight()[order, :, 0] * scale[:, :, None] for layer in layers]
        self._first = kernels[0].permute(2, 0, 1).contiguous()
        # all layers after the first are one tensor (columns, L - 1, 2p, p)
        later = torch.stack(kernels[1:]) if kernels[1:] else halves.new_zeros(0, 2 * p, p, half + 1)
        self._horizontal = later.permute(3, 0, 1, 2).contiguous()
        # dividing by `halves` undoes those of the vertical stack
        self._link = [layer.link.weight[order, :, 0, 0] * scale / halves for layer in layers]
        self._link_bias = [(layer.link.bias + layer.horizontal.bias)[order, None] * scale for layer in layers]
        self._link_context = [
            layer.horizontal.context[order] * scale
            for layer in layers
            if layer.horizontal.context is not None
        ]
        # the first of the gated features is always 1, so the bias is a column of the weight
        self._mix = [
            torch.cat([layer.mix.bias[:, None], layer.mix.masked_weight()[:, :, 0, 0] / 2], 1)
            for layer in layers
        ]

    def allocate(self) -> None:
        """Make the buffers of a row, and all views into them that a pixel needs."""
        super().allocate()
        p, num_layers, batch = len(self._mix[0]), len(self._mix), self.num_samples
        self._vertical_rows = [[self._row(p) for _ in range(self._half + 1)] for _ in range(num_layers - 1)]
        self._above = self._new(2 * p, self._width * batch)
        self._links = self._new(num_layers, 2 * p, self._width * batch)  # what the horizontal sums begin with
        self._sums = self._new(self._width, num_layers, 2 * p, batch)
        self._gated = [self._new(1 + p, batch) for _ in range(num_layers)]
        for gated in self._gated:
            gated[0] = 1
        # of the horizontal stack's layers, which see zeros to the left of the row
        self._outputs = self._new(num_layers, self._half + self._width, p, batch)
        self._output_rows = self._row(num_layers, p)

    def _plan_pixels(self) -> None:
        p = len(self._mix[0])
        channels = range(self._num_channels)
        groups = spans(channel_groups(p, len(channels)), len(channels))
        self._plans = list(zip(*(self._chains(c, groups[c]) for c in channels), strict=True))
        self._rectified = [self._features[group] for group in groups]
        self._rightward = self._to_the_right(self._sums[:, 0], self._first)

    def state(self) -> dict[str, tuple[Tensor, int]]:
        """Name sums and outputs of the row, gated features of the pixel, and the vertical stack's rows, as `Walk.state`."""
        above = {
            f"vertical {number}, {distance}": (row, 2)
            for number, rows in enumerate(self._vertical_rows)
            for distance, row in enumerate(rows)
        }
        gated = {f"gated {number}": (features, 1) for number, features in enumerate(self._gated)}
        row = {"sums": (self._sums, 3), "outputs": (self._outputs, 3), "output rows": (self._output_rows, 3)}
        links = {"links": (self._links.unflatten(2, (self._width, self.num_samples)), 3)}
        return {**super().state(), **row, **links, **above, **gated}

    def _weights_of(self, channel: int, group: slice) -> list[tuple[Tensor, Tensor]]:
        """The rows of each layer's two matrices that compute one group, and the columns that this group may see."""
        rows = slice(2 * group.start, 2 * group.stop)
        centres = [self._first[-1, rows, :channel], *self._own_row(self._horizontal[:, :, rows], group.stop)]
        mixes = [mix[group, : 1 + group.stop] for mix in self._mix]
        return [(a.contiguous(), b.contiguous()) for a, b in zip(centres, mixes, strict=True)]

    def _chains(self, channel: int, group: slice) -> list[tuple[tuple[Tensor, ...], ...]]:
        """For each column and each layer what `_compute` reads and writes, and the weights between."""
        size = group.stop - group.start
        # the first layer reads levels, and is not residual, so it adds zeros
        below: Sequence[Tensor] = self._places[:, :channel].unbind()
        residual: Sequence[Tensor] = [self._new(1, 1)] * self._width
        of_layers = []
        for number, (kernel, mix) in enumerate(self._weights_of(channel, group)):
            sums = self._sums[:, number, 2 * group.start : 2 * group.stop]
            gated, outputs = self._gated[number], self._outputs[number]
            gating = (gated[1 + group.start : 1 + group.stop], mix, gated[: 1 + group.stop])
            written = outputs[self._half :, group].unbind()
            of_columns = zip(
                *(sums.unbind(), below, sums[:, :size].unbind(), sums[:, size:].unbind(), residual, written),
                strict=True,
            )
            of_layers.append([(kernel, *gating, *of_column) for of_column in of_columns])
            below, residual = self._seen(outputs, group.stop), written
        return list(zip(*of_layers, strict=True))

    def _plan_rest(self, begin: int) -> Callable[[], Tensor]:
        p, links = len(self._mix[0]), self._links[..., begin * self.num_samples :]
        sums, gated = torch.empty_like(links[0]), self._new(1 + p, links.shape[2])
        gated[0] = 1
        # filters and gates of one channel after the other
        groups = spans(channel_groups(p, self._num_channels), self._num_channels)
        gates = [
            (*sums[2 * group.start : 2 * group.stop].chunk(2), gated[1 + group.start : 1 + group.stop])
            for group in groups
            if group.start < group.stop
        ]
        # the own row of every kernel, from the left to the centre; mask A sees of the pixel itself only other channels
        first = list(zip(self._first, self._taps(self._pixels, begin), strict=False))
        if self._num_channels == 1:
            del first[-1]
        taps = self._taps(self._output_rows, begin)[: self._half + 1]
        seen = [
            [(weights[number], tap[number]) for weights, tap in zip(self._horizontal, taps, strict=True)]
            for number in range(len(self._mix) - 1)
        ]
        layers = list(zip(links, [first, *seen], self._mix, taps[-1], strict=True))
        features = torch.empty_like(sums[:p])
        last_layers = self._plan_last_layers(features, begin)

        def rest() -> Tensor:
            """As `_compute`, for many columns."""
            residual: Tensor | None = None  # the first layer is not residual
            for link, products, mix, outputs in layers:
                sums.copy_(link)
                for weight, below in products:
                    sums.addmm_(weight, below)
                sums.tanh_()
                for filters, of_filters, out in gates:
                    torch.addcmul(filters, filters, of_filters, out=out)
                if residual is None:
                    torch.mm(mix, gated, out=outputs)
                else:
                    torch.addmm(residual, mix, gated, out=outputs)
                residual = outputs
            features.copy_(outputs)
            return last_layers()

        return rest

    def _open_row(self, row: int) -> None:
        super()._open_row(row)
        context = self._context_of(row)
        p = self._above.shape[0] // 2
        rows_seen = self._pixels_above
        for number, kernel in enumerate(self._vertical):
            # the vertical convolution: the k // 2 rows above (and from the second layer on the own one), k taps each
            above = self._above.copy_(self._vertical_bias[number])
            for weights, seen in zip(kernel, rows_seen, strict=True):
                for weight, tap in zip(weights, self._taps(seen), strict=True):
                    above.addmm_(weight, tap)
            linked = self._links[number].copy_(self._link_bias[number])
            if context is not None:
                above.addmm_(self._vertical_context[number], context)
                linked.addmm_(self._link_context[number], context)
            # the link from the vertical to the horizontal stack, for all columns; the horizontal sums begin with it
            linked.addmm_(self._link[number], above)
            if number < len(self._vertical_rows):
                # gated, the row is what the next layer's vertical convolution sees
                rows_seen, inside = self._vertical_rows[number], slice(self._half, self._half + self._width)
                filters, gates = above.tanh_().unflatten(1, (self._width, -1)).split(p)
                rotate(rows_seen)[:, inside] = torch.addcmul(filters, filters, gates)

    def _spread_row(self) -> None:
        self._sums.copy_(self._links.unflatten(2, (self._width, -1)).permute(2, 0, 1, 3))

    def _keep_columns(self, begin: int, end: int) -> None:
        columns = slice(self._half + begin, self._half + end)
        self._output_rows[:, :, columns] = self._outputs[:, columns].transpose(1, 2)

    def _compute(self, column: int, channel: int) -> Tensor:
        chain = self._plans[column][channel]
        for kernel, gated, mix, all_gated, sums, below, filters, gates, residual, outputs in chain:
            # the sums hold the link, and in the first layer all taps to the left; the kernel completes them
            sums.addmm_(kernel, below).tanh_()
            torch.addcmul(filters, filters, gates, out=gated)  # twice tanh(filter) * sigmoid(gate)
            torch.addmm(residual, mix, all_gated, out=outputs)  # the 1x1 and the residual
        torch.clamp_min(outputs, 0, out=self._rectified[channel])
        return self._parameters_of(channel)

    def _close_pixel(self, column: int) -> None:
        # for a pixel further right this one is a tap of the first layer
        for sums, first in self._rightward[column]:
            sums.addmm_(first, self._columns[column])


def _halves(layers: Sequence[GatedLayer]) -> Tensor:
    """1 for every filter and 1/2 for every gate, ``(2p,)``."""
    ones = torch.ones_like(layers[0].vertical.bias)
    ones[len(ones) // 2 :] = 0.5
    return ones
