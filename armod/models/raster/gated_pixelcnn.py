"""Gated PixelCNN: two stacks of convolutions that together see every earlier pixel of their field, and gates.

The *vertical* stack sees whole rows above, without any mask on channels, for all of a row above is known. The
*horizontal* stack sees what lies to the left in the pixel's own row; each of its layers also reads the vertical stack
at the same place. (van den Oord, Kalchbrenner, Vinyals, Espeholt, Graves, Kavukcuoglu 2016, "Conditional Image
Generation with PixelCNN Decoders", sections 2.1 to 2.3 and figure 2.)
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn import functional as F

from armod.likelihoods import Likelihood
from armod.models.base import Incremental
from armod.models.raster.gated_pixelcnn_walk import GatedPixelCNNIncremental
from armod.models.raster.masked_convolution import MaskedConvolution, count_paths
from armod.models.raster.pixel_masks import channel_groups, horizontal_mask, pixel_mask, vertical_mask
from armod.models.raster.raster_model import RasterModel

_ROWS_AT_A_TIME = 2048  # of the gate's input


class GatedPixelCNN(RasterModel):
    """PixelCNN without a blind spot, with gated activations, conditional on classes or images if asked to be.

    event_shape: ``(C, H, W)``, any sizes from 1 on; the channels of a pixel are generated one after another.
    channels: p, the width of both stacks; a layer computes 2p features, half of them gates.
    num_layers: gated layers, the first one, of mask A, included.
    kernel_size: k, odd, of every layer: k // 2 rows above (and from the second layer on the own row) by k columns in
        the vertical stack, 1 by k // 2 + 1 in the horizontal one.
    likelihood: family of the conditionals, e.g. `armod.likelihoods.Bernoulli()`.
    context_channels: C' > 0 for a model that is given a context, ``(N, C')`` or local ``(N, C', H, W)``; a linear
        map of it enters every gate and filter (equation 4).
    ordering: raster (None), or one of its flips and transposes.
    seed: of the initial weights.

    Raises:
        ValueError: for sizes below 1, an even kernel, or another ordering.

    >>> from armod.likelihoods import Bernoulli
    >>> model = GatedPixelCNN((1, 4, 4), 8, 3, likelihood=Bernoulli(), context_channels=10)
    >>> model.sample(5, context=torch.eye(10)[:5]).shape
    torch.Size([5, 1, 4, 4])
    """

    def __init__(
        self,
        event_shape: Sequence[int],
        channels: int,
        num_layers: int,
        *,
        kernel_size: int = 3,
        likelihood: Likelihood,
        context_channels: int = 0,
        ordering: Tensor | Sequence[int] | None = None,
        seed: int = 0,
    ) -> None:
        super().__init__(
            event_shape,
            channels,
            num_layers,
            kernel_size=kernel_size,
            likelihood=likelihood,
            context_channels=context_channels,
            ordering=ordering,
        )
        generator = torch.Generator().manual_seed(seed)
        num_channels = self.event_shape[0]
        pixel, groups = torch.arange(num_channels), channel_groups(channels, num_channels)
        outputs = pixel.repeat_interleave(likelihood.num_parameters)
        self.num_masked_layers = num_layers
        self.layers = nn.ModuleList(
            GatedLayer(channels, num_channels, kernel_size, generator, context_channels, is_first=number == 0)
            for number in range(num_layers)
        )
        self.hidden = MaskedConvolution(pixel_mask(1, "B", groups, groups), generator)
        self.output = MaskedConvolution(pixel_mask(1, "B", outputs, groups), generator)

    def incremental(self, num_samples: int, context: Tensor | None = None) -> Incremental:
        """The conditionals one at a time: the vertical stack a row at a time, the horizontal one pixel by pixel.

        Raises:
            ValueError: for a context that is missing or of a wrong shape (`check_context`).
        """
        context = self.check_context(context, num_samples, self.event_shape)
        return GatedPixelCNNIncremental(self, num_samples, context)

    @property
    def gated_layers(self) -> list[GatedLayer]:
        """The layers from the input up."""
        return cast(list[GatedLayer], list(self.layers))

    def _network(self, x: Tensor, context: Tensor | None) -> Tensor:
        vertical = horizontal = x
        for layer in self.gated_layers:
            above = layer.vertical(vertical, context)
            horizontal = layer(above, horizontal, context)
            vertical = gate(above)
        return self.output(F.relu(self.hidden(F.relu(horizontal))))

    def _count_paths(self, x: Tensor) -> Tensor:
        num_channels = self.event_shape[0]
        pixel, groups = torch.arange(num_channels), channel_groups(self.channels, num_channels).unique()
        vertical, horizontal, below = x.sum(-1, keepdim=True), x, pixel
        for number in range(self.num_layers):
            mask_type = "A" if number == 0 else "B"
            vertical = count_paths(vertical, vertical_mask(self.kernel_size, mask_type))
            left = count_paths(horizontal, horizontal_mask(self.kernel_size, mask_type, groups, below))
            above = count_paths(left + vertical, pixel_mask(1, "B", groups, groups))
            horizontal, below = (above if number == 0 else horizontal + above), groups
        hidden = count_paths(horizontal, pixel_mask(1, "B", groups, groups))
        return count_paths(hidden, pixel_mask(1, "B", pixel, groups))


class GatedLayer(nn.Module):
    """One layer of both stacks (figure 2); the horizontal one is residual but in the first layer."""

    def __init__(
        self,
        channels: int,
        num_channels: int,
        kernel_size: int,
        generator: torch.Generator,
        context_channels: int,
        *,
        is_first: bool,
    ) -> None:
        super().__init__()
        self.is_first = is_first
        mask_type = "A" if is_first else "B"
        groups = channel_groups(channels, num_channels)
        below = torch.arange(num_channels) if is_first else groups
        filters_and_gates = torch.cat([groups, groups])
        whole_rows = vertical_mask(kernel_size, mask_type).expand(2 * channels, len(below), -1, -1)
        unmasked = torch.ones(2 * channels, 2 * channels, 1, 1, dtype=torch.bool)
        self.vertical = MaskedConvolution(whole_rows, generator, context_channels)
        self.horizontal = MaskedConvolution(
            horizontal_mask(kernel_size, mask_type, filters_and_gates, below), generator, context_channels
        )
        self.link = MaskedConvolution(unmasked, generator)
        self.mix = MaskedConvolution(pixel_mask(1, "B", groups, groups), generator)

    def forward(self, above: Tensor, horizontal: Tensor, context: Tensor | None = None) -> Tensor:
        """The horizontal stack: its features ``(N, H, W, p)``, or levels, and `vertical`'s ``(N, H, W, 2p)`` -> features."""
        features = self.link(above, plus=self.horizontal(horizontal, context))
        return self.mix(gate(features), plus=None if self.is_first else horizontal)


def gate(features: Tensor) -> Tensor:
    """``tanh(filter) * sigmoid(gate)`` of ``(..., 2p)`` features, filters first (equation 2).

    >>> torch.allclose(gate(torch.tensor([0.5, 0.0])), torch.tensor([0.5]).tanh() / 2)
    True
    """
    if torch.compiler.is_compiling():  # a compiler joins the passes by itself
        filters, gates = features.chunk(2, dim=-1)
        return filters.tanh() * gates.sigmoid()
    return _Gate.apply(features)


class _Gate(torch.autograd.Function):
    """The gate a few rows at a time, which stay in the processor's cache, and keeping nothing but its input.

    Fresh memory costs more than arithmetic, so that the gradient rather computes tanh t and sigmoid s once more. With
    ``y = t s``: ``dy / dfilter = s (1 - t^2)`` and ``dy / dgate = y (1 - s)``.
    """

    @staticmethod
    def forward(ctx: Any, features: Tensor) -> Tensor:
        ctx.save_for_backward(features)
        output = features.new_empty(*features.shape[:-1], features.shape[-1] // 2)
        for some, gated in _rows(features, output):
            filters, gates = _tanh_and_sigmoid(some)
            torch.mul(filters, gates, out=gated)
        return output

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        (features,) = ctx.saved_tensors
        to_features = features.new_empty(features.shape)
        for incoming, some, to_some in _rows(gradient, features, to_features):
            filters, gates = _tanh_and_sigmoid(some)
            to_filters, to_gates = to_some.chunk(2, dim=-1)
            weighted = incoming * gates
            through = weighted * filters
            torch.addcmul(weighted, through, filters, value=-1, out=to_filters)
            torch.addcmul(through, through, gates, value=-1, out=to_gates)
        return to_features


def _rows(*tensors: Tensor) -> Iterable[tuple[Tensor, ...]]:
    """Tensors ``(..., features)`` as ``(some, features)``: some rows of each at a time, on the CPU; all on a GPU."""
    rows = [tensor.reshape(-1, tensor.shape[-1]) for tensor in tensors]
    at_a_time = _ROWS_AT_A_TIME if tensors[0].device.type == "cpu" else max(1, len(rows[0]))
    return zip(*(matrix.split(at_a_time) for matrix in rows), strict=True)


def _tanh_and_sigmoid(features: Tensor) -> tuple[Tensor, Tensor]:
    """Of the two halves of ``(rows, 2p)``, at least in float32; tanh by ``2 sigmoid(2 a) - 1``, which costs a third."""
    both = features.to(torch.promote_types(features.dtype, torch.float32), copy=True)
    filters, gates = both.chunk(2, dim=-1)
    filters.mul_(2)
    both.sigmoid_()
    return filters.mul_(2).sub_(1), gates
