"""Gated PixelCNN: two stacks of gated convolutions, which together see every earlier pixel of their field.

The *vertical* stack sees whole rows above. It needs no mask on channels, because all of a row above is known. The
*horizontal* stack sees the pixels to the left in the pixel's own row, and each of its layers also reads the vertical stack
at the same pixel. (van den Oord, Kalchbrenner, Vinyals, Espeholt, Graves, Kavukcuoglu 2016, "Conditional Image Generation
with PixelCNN Decoders", sections 2.1 to 2.3 and figure 2.)
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
from armod.settings import generator_of


class GatedPixelCNN(RasterModel):
    """PixelCNN without a blind spot, with gated activations and an optional context such as a class or an image.

    Args:
        event_shape: ``(C, H, W)``; the channels of a pixel are generated one after another.
        channels: p, the width of both stacks; a layer computes 2p features, half of them gates.
        num_layers: gated layers, including the first one with mask A.
        kernel_size: k, odd. The vertical stack reads k columns of the k // 2 rows above (and of the own row from the
            second layer on), the horizontal stack k // 2 + 1 columns of the own row.
        likelihood: family of the conditionals, such as `armod.likelihoods.Bernoulli()`.
        context_channels: C' of a context ``(N, C')`` or ``(N, C', H, W)``, a linear map of which enters every gate and
            filter (equation 4); 0 for none.
        coordinates: whether constant planes of the row, the column and the distance from the middle column stand behind the
            context, so that the layers know where they are (`armod.models.coordinates`).
        ordering: raster (None), or one of its flips and transposes.
        seed: seed of the initial weights.

    Raises:
        ValueError: if a size is below 1, the kernel size is even, or the ordering is another.

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
        coordinates: bool = False,
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
            coordinates=coordinates,
            ordering=ordering,
        )
        generator, num_channels = generator_of(seed), self.event_shape[0]
        channels, num_layers, kernel_size = self.channels, self.num_layers, self.kernel_size
        pixel, groups = torch.arange(num_channels), channel_groups(channels, num_channels)
        outputs = pixel.repeat_interleave(likelihood.num_parameters)
        self.num_masked_layers = num_layers
        self.layers = nn.ModuleList(
            GatedLayer(
                channels, num_channels, kernel_size, generator, self.context_width, is_first=number == 0
            )
            for number in range(num_layers)
        )
        self.hidden = MaskedConvolution(pixel_mask(1, "B", groups, groups), generator)
        self.output = MaskedConvolution(pixel_mask(1, "B", outputs, groups), generator)

    def cached_view(self, num_samples: int, context: Tensor | None) -> GatedPixelCNNWalk:
        """Generate one variable at a time: the vertical stack works row by row, the horizontal one pixel by pixel."""
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
