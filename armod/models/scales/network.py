"""The network of a multi-scale model: unmasked convolutions over cells of 2 x 2 pixels.

Nothing needs a mask, because a pass reads only what was made before it: all other pixels enter as zeros. Four planes say which
pixels of the cells are known. All passes share the convolutions; each has biases of its own.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from armod.models.scales.passes import Pass, Scale


class Layer(nn.Module):
    """A convolution, and what each pass and the context add to its results.

    Args:
        inputs: features below.
        outputs: features above.
        kernel_size: odd size of the kernel.
        num_passes: how many passes have biases of their own.
        context_channels: numbers that a context has for a cell; 0 for none.
        generator: draws the initial weights.

    >>> layer = Layer(8, 2, 3, num_passes=7, context_channels=0, generator=torch.Generator().manual_seed(0))
    >>> layer(torch.zeros(2 * 5, 8, 4, 4), [1, 2], None).shape
    torch.Size([10, 2, 4, 4])
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        kernel_size: int,
        *,
        num_passes: int,
        context_channels: int,
        generator: torch.Generator,
    ) -> None:
        super().__init__()
        # torch's usual initial weights, drawn from this generator
        bound = 1 / math.sqrt(inputs * kernel_size**2)
        self.weight = _uniform((outputs, inputs, kernel_size, kernel_size), bound, generator)
        self.bias = _uniform((num_passes, outputs), bound, generator)
        self.context = None
        if context_channels:
            self.context = _uniform((outputs, context_channels, 1, 1), bound, generator)

    def forward(self, x: Tensor, passes: Sequence[int], told: Tensor | None) -> Tensor:
        """Convolve features.

        Args:
            x: features of several passes, one after the other, ``(passes * N, inputs, rows, columns)``.
            passes: the numbers of the passes.
            told: what the context adds to each cell, ``(N or 1, outputs, rows or 1, columns or 1)``, or None.

        Returns:
            Features ``(passes * N, outputs, rows, columns)``.
        """
        padding = self.weight.shape[-1] // 2
        if len(passes) == 1:
            result = F.conv2d(x, self.weight, self.bias[passes[0]], padding=padding)
            return result if told is None else result + told
        plus = self.bias[passes[0] : passes[-1] + 1, None, :, None, None]
        if told is not None:
            plus = plus + told
        result = F.conv2d(x, self.weight, padding=padding)
        return (result.unflatten(0, (len(passes), -1)) + plus).flatten(0, 1)


class Network(nn.Module):
    """The features of the pixels that a pass makes.

    Args:
        scales: the scales of the image.
        num_channels: C, numbers of a pixel.
        channels: features of each layer.
        num_layers: residual layers after the first one.
        kernel_size: odd size of every kernel, in cells.
        context_channels: numbers that a context has for a pixel; 0 for none.
        generator: draws the initial weights.

    >>> from armod.models.scales.passes import scales_of
    >>> scales = scales_of(4, 4, ("right", "below", "diagonal"))
    >>> network = Network(scales, 1, 8, 2, 3, 0, torch.Generator().manual_seed(0))
    >>> told = network.told(None, scales[-1])
    >>> [features.shape for features in network(torch.zeros(5, 1, 4, 4), scales[-1], scales[-1].passes, told)]
    [torch.Size([5, 4, 8]), torch.Size([5, 4, 8]), torch.Size([5, 4, 8])]
    """

    def __init__(
        self,
        scales: Sequence[Scale],
        num_channels: int,
        channels: int,
        num_layers: int,
        kernel_size: int,
        context_channels: int,
        generator: torch.Generator,
    ) -> None:
        super().__init__()
        num_passes = sum(len(scale.passes) for scale in scales)
        inputs = [4 * (num_channels + 1)] + [channels] * num_layers
        self.first, *layers = (
            Layer(
                below,
                channels,
                kernel_size,
                num_passes=num_passes,
                context_channels=4 * context_channels,
                generator=generator,
            )
            for below in inputs
        )
        self.layers = nn.ModuleList(layers)
        for scale in scales:
            seen = scale.exists & torch.tensor([one.known for one in scale.passes])[:, :, None, None]
            self.register_buffer(f"cells_{scale.stride}", scale.pixels, persistent=False)
            self.register_buffer(f"seen_{scale.stride}", seen, persistent=False)
        size = sum(len(one.pixels) for scale in scales for one in scale.passes)
        begins = torch.arange(num_channels)[:, None, None] * (size + 1)
        for grid, one in ((scale, one) for scale in scales for one in scale.passes):
            is_known = grid.exists & torch.tensor(one.known)[:, None, None]
            places = begins + grid.pixels.where(is_known, size)[:, None]
            self.register_buffer(f"places_{one.number}", places.flatten(), persistent=False)
            self.register_buffer(
                f"flags_{one.number}", is_known[None].to(self.first.weight), persistent=False
            )

    def planes(self, one: Pass) -> tuple[Tensor, Tensor]:
        """Tell a walk what a pass reads.

        Args:
            one: the pass.

        Returns:
            Places ``(4 * C * cells,)`` in a flat image with a zero behind each channel, which stands for unknown pixels, and
            flags ``(1, 4, rows, columns)`` that are 1 at known ones.
        """
        return getattr(self, f"places_{one.number}"), getattr(self, f"flags_{one.number}")

    def told(self, context: Tensor | None, scale: Scale) -> Sequence[Tensor | None]:
        """Compute what a context adds to each cell in each layer, which is the same for all passes of a scale.

        Args:
            context: ``(N or 1, C')`` or ``(N or 1, C', H, W)`` in the dtype of the weights, or None.
            scale: the scale.

        Returns:
            Features ``(N or 1, channels, rows or 1, columns or 1)`` for each layer, from the first one on, or None for each.
        """
        layers = [self.first, *self.layers]
        if context is None:
            return [None] * len(layers)
        # one large product for all layers
        weight = torch.cat([layer.context for layer in layers])
        return F.conv2d(self._of_cells(context, scale), weight).chunk(len(layers), 1)

    def forward(
        self, values: Tensor, scale: Scale, passes: Sequence[Pass], told: Sequence[Tensor | None]
    ) -> list[Tensor]:
        """Compute features for some passes of one scale.

        Args:
            values: numbers ``(N, C, H, W)``, of which each pass reads the known ones.
            scale: the scale.
            passes: neighbouring passes of it.
            told: what `told` says of the context.

        Returns:
            Features ``(N, pixels, channels)`` of the pixels that each pass makes.
        """
        first = passes[0].number - scale.passes[0].number
        seen = getattr(self, f"seen_{scale.stride}")[first : first + len(passes)].to(values.dtype)
        flags = seen[:, None].expand(-1, len(values), -1, -1, -1)
        known = self._of_cells(values, scale).unflatten(1, (4, -1)) * seen[:, None, :, None]
        x = torch.cat([known.flatten(2, 3), flags], 2).flatten(0, 1)
        numbers = [one.number for one in passes]
        x = self.first(x, numbers, told[0])
        for layer, from_context in zip(self.layers, told[1:], strict=True):
            x = x + layer(F.relu(x), numbers, from_context)
        features = F.relu(x).unflatten(0, (len(passes), len(values)))
        return [
            each[..., : one.size[0], : one.size[1]].flatten(2).mT
            for each, one in zip(features, passes, strict=True)
        ]

    def _of_cells(self, planes: Tensor, scale: Scale) -> Tensor:
        """The planes of the four pixels of each cell, ``(N, 4 * planes, rows, columns)``; missing pixels repeat the last ones."""
        if planes.dim() == 2:
            return planes.repeat(1, 4)[:, :, None, None]
        return planes.flatten(2)[:, :, getattr(self, f"cells_{scale.stride}")].transpose(1, 2).flatten(1, 2)


def _uniform(shape: tuple[int, ...], bound: float, generator: torch.Generator) -> nn.Parameter:
    return nn.Parameter(torch.empty(shape).uniform_(-bound, bound, generator=generator))
