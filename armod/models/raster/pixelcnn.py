"""PixelCNN: a convolutional network whose masks let each pixel see only earlier ones (van den Oord et al. 2016).

One layer with mask A is followed by residual blocks with mask B. Every layer looks up and to both sides, but in the
pixel's own row only to the left. So no path through the layers leads to a pixel from above *and far to the right*. This is
the well-known blind spot, which `GatedPixelCNN` removes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from armod.likelihoods import Likelihood
from armod.models.raster.masked_convolution import MaskedConvolution, count_paths
from armod.models.raster.pixel_masks import channel_groups, pixel_mask
from armod.models.raster.pixelcnn_layers import ResidualBlock
from armod.models.raster.pixelcnn_walk import PixelCNNWalk
from armod.models.raster.raster_model import RasterModel
from armod.settings import generator_of


class PixelCNN(RasterModel):
    """The plain PixelCNN with its blind spot ("Pixel Recurrent Neural Networks", sections 3.3 to 3.5, table 1).

    Args:
        event_shape: ``(C, H, W)``; the channels of a pixel are generated one after another.
        channels: h, the features inside a residual block; 2h features run from block to block (figure 5, left).
        num_layers: residual blocks after the first convolution.
        kernel_size: odd size of every masked kernel, including the first.
        likelihood: family of the conditionals, such as `armod.likelihoods.Bernoulli()`.
        context_channels: C' of a context ``(N, C')`` or ``(N, C', H, W)``; 0 for none.
        coordinates: whether constant planes of the row, the column and the distance from the middle column stand behind the
            context, so that the layers know where they are (`armod.models.coordinates`).
        ordering: raster (None), or one of its flips and transposes.
        seed: seed of the initial weights.

    Raises:
        ValueError: if a size is below 1, the kernel size is even, or the ordering is another.

    >>> from armod.likelihoods import Categorical
    >>> model = PixelCNN((3, 4, 4), 8, 2, likelihood=Categorical(16))
    >>> model.log_prob(torch.zeros(5, 3, 4, 4)).shape
    torch.Size([5])
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
        pixel, wide = torch.arange(num_channels), channel_groups(2 * channels, num_channels)
        outputs = pixel.repeat_interleave(likelihood.num_parameters)
        self.num_masked_layers = 1 + num_layers
        self.first = MaskedConvolution(
            pixel_mask(kernel_size, "A", wide, pixel), generator, self.context_width
        )
        self.blocks = nn.ModuleList(
            ResidualBlock(channels, num_channels, kernel_size, generator, self.context_width)
            for _ in range(num_layers)
        )
        self.hidden = MaskedConvolution(pixel_mask(1, "B", wide, wide), generator)
        self.output = MaskedConvolution(pixel_mask(1, "B", outputs, wide), generator)

    def cached_view(self, num_samples: int, context: Tensor | None) -> PixelCNNWalk:
        """Generate one variable at a time; each feature of each pixel is computed once."""
        return PixelCNNWalk(self.first, self.residual_blocks, **self.walk_arguments(num_samples, context))

    def walk(self, size: tuple[int, int], num_samples: int, context: Tensor) -> PixelCNNWalk:
        """Generate images of another size, one variable at a time, as one slice of a larger image.

        Args:
            size: ``(H, W)``.
            num_samples: N.
            context: a local context ``(N, C', H, W)``.

        Returns:
            The walk, at its beginning.
        """
        arguments = self.walk_arguments(num_samples, None)
        shape, local = (self.event_shape[0], *size), context.permute(0, 2, 3, 1)
        return PixelCNNWalk(
            self.first, self.residual_blocks, **arguments | {"shape": shape, "context": local}
        )

    def parameters_of(self, quantities: Tensor, context: Tensor) -> Tensor:
        """Compute the parameters of images of any size in one pass.

        Args:
            quantities: images ``(N, C, H, W)`` from -1 to 1.
            context: a local context ``(N, C', H, W)``.

        Returns:
            Parameters ``(N, H, W, C, num_parameters)``.
        """
        outputs = self._network(quantities.permute(0, 2, 3, 1), context.permute(0, 2, 3, 1))
        return outputs.unflatten(-1, (self.event_shape[0], -1))

    @property
    def residual_blocks(self) -> list[ResidualBlock]:
        """The blocks after the first layer, from the input up."""
        return cast(list[ResidualBlock], list(self.blocks))

    def _network(self, x: Tensor, context: Tensor | None) -> Tensor:
        features = self.first(x, context)
        for block in self.residual_blocks:
            features = block(features, context)
        return self.output(F.relu(self.hidden(F.relu(features))))

    def _count_paths(self, x: Tensor) -> Tensor:
        num_channels = self.event_shape[0]
        pixel = torch.arange(num_channels)
        wide = channel_groups(2 * self.channels, num_channels).unique()
        narrow = channel_groups(self.channels, num_channels).unique()
        paths = count_paths(x, pixel_mask(self.kernel_size, "A", wide, pixel))
        for _ in range(self.num_layers):
            inside = count_paths(paths, pixel_mask(1, "B", narrow, wide))
            inside = count_paths(inside, pixel_mask(self.kernel_size, "B", narrow, narrow))
            paths = paths + count_paths(inside, pixel_mask(1, "B", wide, narrow))
        return count_paths(
            count_paths(paths, pixel_mask(1, "B", wide, wide)), pixel_mask(1, "B", pixel, wide)
        )
