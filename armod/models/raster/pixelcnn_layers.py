"""The residual block of PixelCNN ("Pixel Recurrent Neural Networks", figure 5, left)."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from armod.models.raster.masked_convolution import MaskedConvolution
from armod.models.raster.pixel_masks import channel_groups, pixel_mask


class ResidualBlock(nn.Module):
    """1x1 from 2h to h features, a masked k x k on h, 1x1 back to 2h, added to the input (figure 5, left)."""

    def __init__(
        self,
        channels: int,
        num_channels: int,
        kernel_size: int,
        generator: torch.Generator,
        context_channels: int = 0,
    ) -> None:
        super().__init__()
        narrow, wide = channel_groups(channels, num_channels), channel_groups(2 * channels, num_channels)
        self.reduce = MaskedConvolution(pixel_mask(1, "B", narrow, wide), generator)
        self.spread = MaskedConvolution(
            pixel_mask(kernel_size, "B", narrow, narrow), generator, context_channels
        )
        self.expand = MaskedConvolution(pixel_mask(1, "B", wide, narrow), generator)

    def forward(self, x: Tensor, context: Tensor | None = None) -> Tensor:
        """Features ``(N, H, W, 2h)`` -> the same shape."""
        inside = self.spread(F.relu(self.reduce(F.relu(x))), context)
        return x + self.expand(F.relu(inside))
