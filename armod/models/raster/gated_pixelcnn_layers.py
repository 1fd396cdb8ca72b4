"""The layer of Gated PixelCNN and its gate ("Conditional Image Generation with PixelCNN Decoders", figure 2)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor, nn

from armod.models.checks import transforms_are_active
from armod.models.raster.masked_convolution import MaskedConvolution
from armod.models.raster.pixel_masks import channel_groups, horizontal_mask, pixel_mask, vertical_mask

_ROWS_AT_A_TIME = 2048  # rows of the gate's input that are computed together


class GatedLayer(nn.Module):
    """One layer of both stacks (figure 2); the horizontal stack is residual in all layers but the first.

    Args:
        channels: p, the width of both stacks.
        num_channels: channels of the image.
        kernel_size: k.
        generator: draws the initial weights.
        context_channels: C' of the context; 0 for none.
        is_first: True for the first layer, which has mask A and reads the image.

    >>> layer = GatedLayer(4, 1, 3, torch.Generator(), 0, is_first=True)
    >>> image = torch.zeros(2, 5, 5, 1)
    >>> layer(layer.vertical(image), image).shape
    torch.Size([2, 5, 5, 4])
    """

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
        """Compute the horizontal stack.

        Args:
            above: result of `vertical`, ``(N, H, W, 2p)``.
            horizontal: the horizontal stack's features ``(N, H, W, p)``, or the image in the first layer.
            context: ``(N, H or 1, W or 1, C')``.

        Returns:
            The horizontal stack's new features ``(N, H, W, p)``.
        """
        features = self.link(above, plus=self.horizontal(horizontal, context))
        return self.mix(gate(features), plus=None if self.is_first else horizontal)


def gate(features: Tensor) -> Tensor:
    """Compute ``tanh(filter) * sigmoid(gate)`` (equation 2).

    Args:
        features: ``(..., 2p)``, first the filters, then the gates.

    Returns:
        A tensor ``(..., p)``.

    >>> torch.allclose(gate(torch.tensor([0.5, 0.0])), torch.tensor([0.5]).tanh() / 2)
    True
    """
    if torch.compiler.is_compiling() or transforms_are_active():  # a compiler fuses these itself
        filters, gates = features.chunk(2, dim=-1)
        return filters.tanh() * gates.sigmoid()
    return _Gate.apply(features)


class _Gate(torch.autograd.Function):
    """The gate, computed a few rows at a time, which stay in the processor's cache; it keeps only its input.

    New memory costs more time than arithmetic, so the gradient computes tanh t and sigmoid s again. If ``y = t s``, then
    ``dy / dfilter = s (1 - t^2)`` and ``dy / dgate = y (1 - s)``.
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
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        (features,) = ctx.saved_tensors
        if torch.is_grad_enabled():  # this gradient will be differentiated again
            filters, gates = features.chunk(2, dim=-1)
            filters, gates = filters.tanh(), gates.sigmoid()
            through = gradient * gates
            return torch.cat([through * (1 - filters.square()), through * filters * (1 - gates)], dim=-1)
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
    """Tensors ``(..., features)`` as ``(rows, features)``, a few rows of each at a time on the CPU, and all on a GPU."""
    rows = [tensor.reshape(-1, tensor.shape[-1]) for tensor in tensors]
    at_a_time = _ROWS_AT_A_TIME if tensors[0].device.type == "cpu" else max(1, len(rows[0]))
    return zip(*(matrix.split(at_a_time) for matrix in rows), strict=True)


def _tanh_and_sigmoid(features: Tensor) -> tuple[Tensor, Tensor]:
    """Tanh and sigmoid of the halves of ``(rows, 2p)``, at least in float32; ``2 sigmoid(2 a) - 1`` is a quicker tanh."""
    both = features.to(torch.promote_types(features.dtype, torch.float32), copy=True)
    filters, gates = both.chunk(2, dim=-1)
    filters.mul_(2)
    both.sigmoid_()
    return filters.mul_(2).sub_(1), gates
