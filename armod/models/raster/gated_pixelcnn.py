"""Gated PixelCNN: two stacks of convolutions that together see every earlier pixel of their field, and gates.

The *vertical* stack sees whole rows above, without any mask on channels, for all of a row above is known. The
*horizontal* stack sees what lies to the left in the pixel's own row; each of its layers also reads the vertical stack
at the same place. (van den Oord, Kalchbrenner, Vinyals, Espeholt, Graves, Kavukcuoglu 2016, "Conditional Image
Generation with PixelCNN Decoders", sections 2.1 to 2.3 and figure 2.)
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from armod.likelihoods import Likelihood
from armod.models.raster.gated_pixelcnn_layers import GatedLayer, gate
from armod.models.raster.gated_pixelcnn_walk import GatedPixelCNNWalk
from armod.models.raster.masked_convolution import MaskedConvolution, count_paths
from armod.models.raster.pixel_masks import channel_groups, horizontal_mask, pixel_mask, vertical_mask
from armod.models.raster.raster_model import RasterModel


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

    def incremental(self, num_samples: int, context: Tensor | None = None) -> GatedPixelCNNWalk:
        """The conditionals one at a time: the vertical stack a row at a time, the horizontal one pixel by pixel.

        Raises:
            ValueError: for a context that is missing or of a wrong shape (`check_context`).
        """
        return GatedPixelCNNWalk(self.gated_layers, **self.walk_arguments(num_samples, context))

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
