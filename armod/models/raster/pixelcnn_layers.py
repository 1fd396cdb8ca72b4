"""The residual block of PixelCNN ("Pixel Recurrent Neural Networks", figure 5, left)."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from armod.models.raster.masked_convolution import MaskedConvolution
from armod.models.raster.pixel_masks import channel_groups, pixel_mask


class ResidualBlock(nn.Module):
    """A 1x1 from 2h to h features, a masked k x k, and a 1x1 back to 2h, added to the input (figure 5, left).

    Args:
        channels: h.
        num_channels: channels of the image.
        kernel_size: k.
        generator: draws the initial weights.
        context_channels: C' of the context; 0 for none.

    >>> ResidualBlock(2, 1, 3, torch.Generator())(torch.zeros(1, 5, 5, 4)).shape
    torch.Size([1, 5, 5, 4])
    """

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
        """Map features ``(N, H, W, 2h)``, with a context ``(N, H or 1, W or 1, C')``, to the same shape."""
        inside = self.spread(F.relu(self.reduce(F.relu(x))), context)
        return x + self.expand(F.relu(inside))
