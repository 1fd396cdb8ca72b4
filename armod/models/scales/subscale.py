"""Subscale networks: one interleaved slice after the other, each given all slices before it (Menick, Kalchbrenner 2019).

A raster model must remember everything that it has seen above. Here the first slice is a small image of the whole, and the
pixels of later slices lie between pixels that are known on all sides. So they are easier to predict, and the network that
predicts them can be small.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, distributions

from armod import orderings
from armod.likelihoods import Likelihood, in_own_precision, rescale
from armod.likelihoods.base import check_likelihood
from armod.models.base import AutoregressiveModel
from armod.models.coordinates import NUM_PLANES, with_coordinates
from armod.models.raster.pixelcnn import PixelCNN
from armod.models.scales.slices import NUM_CONTEXT_LAYERS, Surroundings, grouped, planes_of, slices
from armod.models.scales.subscale_walk import SubscaleWalk
from armod.settings import check_event_shape, check_sizes, check_switches, generator_of


class Subscale(AutoregressiveModel):
    """Interleaved slices of an image, each a small PixelCNN's image whose context are the slices before it (section 3).

    All slices share one `armod.PixelCNN`. Its local context comes from convolutions without a mask over the pixels of the
    earlier slices. The ordering is `armod.orderings.subscale`. Any size works: if the scale does not divide it, the later
    slices are smaller, and nothing is padded that counts.

    Args:
        event_shape: ``(C, H, W)``; the channels of a pixel are generated one after another.
        scale: S, the distance of neighbours in a slice; there are S * S slices.
        channels: h, the width of the PixelCNN (`armod.PixelCNN`), and of its local context.
        num_layers: residual blocks of the PixelCNN.
        kernel_size: odd size of the PixelCNN's masked kernels, in pixels of a slice.
        likelihood: family of the conditionals, such as `armod.likelihoods.Bernoulli()`.
        context_channels: C' of a context ``(N, C')`` or ``(N, C', H, W)``; 0 for none.
        coordinates: whether constant planes of the row, the column and the distance from the middle column stand behind the
            context, so that the layers know where they are (`armod.models.coordinates`).
        seed: seed of the initial weights.

    Raises:
        ValueError: if a size is below 1, or the kernel size is even.

    >>> from armod.likelihoods import Bernoulli
    >>> model = Subscale((1, 5, 7), 2, 4, 2, likelihood=Bernoulli())
    >>> model.sample(3).shape, model.log_prob(torch.zeros(3, 1, 5, 7)).shape
    (torch.Size([3, 1, 5, 7]), torch.Size([3]))
    """

    likelihood: Likelihood
    context_size: int
    pixelcnn: PixelCNN
    _position: Tensor

    def __init__(
        self,
        event_shape: Sequence[int],
        scale: int,
        channels: int,
        num_layers: int,
        *,
        kernel_size: int = 3,
        likelihood: Likelihood,
        context_channels: int = 0,
        coordinates: bool = False,
        seed: int = 0,
    ) -> None:
        super().__init__()
        self.event_shape = check_event_shape(event_shape, "(C, H, W)")
        check_likelihood(likelihood)
        self.scale, channels = check_sizes(scale=scale, channels=channels)
        (self.context_size,) = check_sizes(0, context_channels=context_channels)
        check_switches(coordinates=coordinates)
        self.likelihood, self.coordinates = likelihood, coordinates
        num_channels, height, width = self.event_shape
        self.slices = slices(self.scale, height, width)
        num_planes = num_channels + 1 + self.context_size + NUM_PLANES * coordinates
        self.surroundings = Surroundings(num_planes, channels, self.scale, generator_of(seed))
        self.pixelcnn = PixelCNN(
            (num_channels, *self.slices[0].size),
            channels,
            num_layers,
            kernel_size=kernel_size,
            likelihood=likelihood,
            context_channels=channels,
            seed=seed,
        )
        self.register_buffer("ordering", orderings.subscale(self.event_shape, self.scale), persistent=False)
        self.register_buffer("_position", torch.argsort(self.ordering), persistent=False)

    def conditionals(self, x: Tensor, context: Tensor | None = None) -> distributions.Distribution:
        """Compute every ``p(x_d | x_<d)`` in one pass over all slices, as `AutoregressiveModel.conditionals`."""
        x = self.check_levels(x)
        constant = self._constant_planes(self.check_context(context, len(x), x.shape[1:]))
        quantities = rescale(x, self.likelihood.num_levels, self.pixelcnn.dtype)
        of_slices: dict[int, Tensor] = {}
        for numbers in grouped(self.slices):  # those of one size go through the network together
            own = torch.cat([self.slices[number].of(quantities) for number in numbers])
            planes = torch.cat([planes_of(quantities, self.slices[number], constant) for number in numbers])
            parameters = self.pixelcnn.parameters_of(own, self.surroundings(planes))
            of_slices |= zip(numbers, parameters.flatten(1, 3).chunk(len(numbers)), strict=True)
        in_order = torch.cat([of_slices[number] for number in range(len(self.slices))], 1)
        parameters = in_own_precision(in_order, self.pixelcnn.output.weight)[:, self._position]
        return self.likelihood.distribution(parameters.unflatten(1, self.event_shape))

    def cached_view(self, num_samples: int, context: Tensor | None) -> SubscaleWalk:
        """Generate one variable at a time: slice after slice, each by the walk of the PixelCNN."""
        return SubscaleWalk(
            self.slices,
            self.ordering,
            self.surroundings,
            self.pixelcnn,
            num_samples,
            self._constant_planes(context),
        )

    def reach(self) -> Tensor:
        """Tell which earlier variables are near enough for the kernels of both networks; masks may hide some of them.

        Returns:
            A boolean tensor ``(D, D)``, as `AutoregressiveModel.reach`.
        """
        _, height, width = self.event_shape
        pixel = torch.arange(self.num_variables, device=self.ordering.device) % (height * width)
        row, column = pixel // width, pixel % width
        own = self.scale * self.pixelcnn.num_masked_layers * (self.pixelcnn.kernel_size // 2)
        around = self.scale * NUM_CONTEXT_LAYERS
        below, across = row - row[:, None], (column - column[:, None]).abs()
        # the PixelCNN looks up and to both sides, and what it sees there knows its own surroundings
        is_near = (below >= -own - around) & (below <= around) & (across <= own + around)
        number = row % self.scale * self.scale + column % self.scale
        is_own = (number[:, None] == number) & (below >= -own) & (across <= own)
        return super().reach() & torch.where(number[:, None] == number, is_own, is_near)

    def extra_repr(self) -> str:
        """Return the arguments that `print(model)` shows."""
        return (
            f"event_shape={tuple(self.event_shape)}, scale={self.scale}, likelihood={self.likelihood}, "
            f"context_channels={self.context_size}, coordinates={self.coordinates}"
        )

    def _constant_planes(self, context: Tensor | None) -> Tensor | None:
        """The planes ``(N or 1, C', H, W)`` of a checked context and of the coordinates."""
        size = self.event_shape[1:]
        if self.coordinates:
            return with_coordinates(context, size, self.pixelcnn.output.weight)
        if context is None:
            return None
        if context.dim() == 2:
            context = context[:, :, None, None].expand(-1, -1, *size)
        return context.to(self.pixelcnn.dtype)
