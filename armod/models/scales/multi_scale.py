"""Multi-scale: an image in about log2 of its size passes, each of which makes a whole group of pixels.

The price is an assumption: the pixels of a group are independent given all that was made before. The prize is that every pixel but
the first few knows pixels on all its sides. (Reed, van den Oord, Kalchbrenner, Gomez Colmenarejo, Wang, Belov, de Freitas 2017,
"Parallel Multiscale Autoregressive Density Estimation"; groups in `armod.models.scales.passes`.) In contrast to the paper, all
passes share one network, and each channel depends on those before it in its pixel.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, distributions

from armod.likelihoods import Likelihood, rescale
from armod.likelihoods.base import check_likelihood
from armod.models.base import AutoregressiveModel
from armod.models.coordinates import NUM_PLANES, with_coordinates
from armod.models.raster.pixel_masks import check_kernel_size
from armod.models.scales.multi_scale_walk import MultiScaleWalk
from armod.models.scales.network import Network
from armod.models.scales.passes import KINDS, average_of, known_neighbours, scales_of
from armod.models.scales.pixel_head import head_for
from armod.settings import check_event_shape, check_sizes, check_switches, generator_of, shown


class MultiScale(AutoregressiveModel):
    """An image from coarse to fine: a pixel, then grids that become twice as fine, each in three passes.

    An image takes ``1 + 3 ceil(log2 max(H, W))`` passes, or fewer if it is so narrow that a group has no pixel. In the order of
    generation, a group goes channel by channel, because its pixels are independent and the channels of a pixel are not: with
    the likelihood `armod.likelihoods.LogisticMixture` these are PixelCNN++'s mixture over the whole pixel, with means relative
    to the average of the known neighbours; with any other likelihood a channel reads the earlier ones through one layer. The
    network runs once for a group in either case.

    Args:
        event_shape: ``(C, H, W)``.
        channels: features of each layer.
        num_layers: residual layers, over cells of 2 x 2 pixels.
        likelihood: family of the conditionals.
        kernel_size: odd size of every kernel, in cells.
        context_channels: C' of a context ``(N, C')`` or ``(N, C', H, W)``, a linear map of which enters every layer; a pass
            reads it at the pixels of its grid. 0 for none.
        coordinates: whether constant planes (row, column, distance from the middle column) join the context.
        order: the groups of a doubling, in the order in which they are made.
        channel_dependence: False makes the channels of a pixel independent given the earlier groups.
        seed: seed of the initial weights.

    Attributes:
        groups: the pass that makes each variable, from 1 on, int64 ``(D,)`` by flat index.
        num_passes: how many times the network runs for a sample.

    Raises:
        ValueError: if a size is below 1, the kernel size is even, or the order is none of the three groups.

    >>> from armod.likelihoods import Bernoulli, LogisticMixture
    >>> model = MultiScale((1, 4, 4), 8, 2, likelihood=Bernoulli())
    >>> model.groups.view(4, 4).tolist()
    [[1, 5, 2, 5], [6, 7, 6, 7], [3, 5, 4, 5], [6, 7, 6, 7]]

    Colours take no more passes, but each channel of a pixel comes after the one before it:

    >>> colours = MultiScale((3, 16, 16), 8, 2, likelihood=LogisticMixture(256, 5))
    >>> colours.num_passes, colours.ordering[:6].tolist()
    (13, [0, 256, 512, 8, 264, 520])
    """

    likelihood: Likelihood
    context_size: int
    groups: Tensor
    neighbours: Tensor
    has_neighbour: Tensor
    _position: Tensor  # of each pixel in the order of generation

    def __init__(
        self,
        event_shape: Sequence[int],
        channels: int,
        num_layers: int,
        *,
        likelihood: Likelihood,
        kernel_size: int = 3,
        context_channels: int = 0,
        coordinates: bool = False,
        order: Sequence[str] = KINDS[1:],
        channel_dependence: bool = True,
        seed: int = 0,
    ) -> None:
        super().__init__()
        self.event_shape = check_event_shape(event_shape, "(C, H, W)")
        check_likelihood(likelihood)
        self.channels, self.num_layers = check_sizes(channels=channels, num_layers=num_layers)
        self.kernel_size = check_kernel_size(kernel_size)
        self.likelihood = likelihood
        (self.context_size,) = check_sizes(0, context_channels=context_channels)
        check_switches(coordinates=coordinates, channel_dependence=channel_dependence)
        self.coordinates, self.channel_dependence = coordinates, channel_dependence
        num_channels, height, width = self.event_shape
        self._scales = scales_of(height, width, _checked_order(order))
        generator = generator_of(seed)
        self.network = Network(
            self._scales,
            num_channels,
            self.channels,
            self.num_layers,
            self.kernel_size,
            self.context_size + NUM_PLANES * coordinates,
            generator,
        )
        self.head = head_for(likelihood, num_channels, self.channels, channel_dependence, generator)
        passes = [one for scale in self._scales for one in scale.passes]
        self.num_passes = len(passes)
        plane, in_plane = height * width, torch.arange(num_channels)[:, None] * height * width
        self.register_buffer("ordering", torch.cat([(in_plane + one.pixels).flatten() for one in passes]))
        groups = torch.empty(num_channels, plane, dtype=torch.int64)
        for one in passes:
            groups[:, one.pixels] = 1 + one.number
        self.register_buffer("groups", groups.flatten(), persistent=False)
        in_order = torch.cat([one.pixels for one in passes])
        self.register_buffer("_position", torch.argsort(in_order), persistent=False)
        neighbours, has_neighbour = known_neighbours(self._scales, height, width)
        self.register_buffer("neighbours", neighbours, persistent=False)
        self.register_buffer("has_neighbour", has_neighbour, persistent=False)

    def conditionals(self, x: Tensor, context: Tensor | None = None) -> distributions.Distribution:
        """Compute every ``p(x_d | x_<d)``, as `AutoregressiveModel.conditionals`; the passes of one grid go together."""
        x = self.check_levels(x)
        context = self._full_context(self.check_context(context, len(x), x.shape[1:]))
        values = rescale(x, self.likelihood.num_levels, self.dtype)
        features = [
            each
            for scale in self._scales
            for each in self.network(values, scale, scale.passes, self.network.told(context, scale))
        ]
        in_place = torch.cat(features, 1)[:, self._position]
        centre = None
        if self.head.reads_neighbours:
            centre = average_of(values, self.neighbours, self.has_neighbour)
        parameters = self.head.conditionals(in_place, centre, x.flatten(2).mT)
        return self.likelihood.distribution(parameters.transpose(1, 2).unflatten(2, self.event_shape[1:]))

    def cached_view(self, num_samples: int, context: Tensor | None) -> MultiScaleWalk:
        """Generate group by group; the network runs once for each."""
        return MultiScaleWalk(
            self.network,
            self.head,
            self._scales,
            (self.neighbours, self.has_neighbour),
            self.event_shape,
            num_samples,
            self._full_context(context),
        )

    def reach(self) -> Tensor:
        """Tell which variables of earlier groups lie in the windows of all layers around each variable's own cell.

        Earlier channels of the same pixel belong to it if the channels depend on each other.

        Returns:
            A boolean tensor ``(D, D)``, as `AutoregressiveModel.reach`.
        """
        num_channels, height, width = self.event_shape
        pixel = torch.arange(height * width, device=self.groups.device)
        row, column = pixel // width, pixel % width
        of_pixel = self.groups[: height * width]
        is_earlier = of_pixel < of_pixel[:, None]
        seen = torch.zeros_like(is_earlier)
        extent = (self.num_layers + 1) * (self.kernel_size // 2)
        for scale in self._scales:
            cell_row, cell_column = (place // (2 * scale.stride) for place in (row, column))
            far = (cell_row[:, None] - cell_row).abs().maximum((cell_column[:, None] - cell_column).abs())
            own = torch.cat([one.pixels for one in scale.passes]).to(pixel.device)
            seen[own] = (is_earlier & (far <= extent))[own]
        if self.head.reads_neighbours:
            seen[pixel[:, None], self.neighbours] |= self.has_neighbour
        reach = seen.repeat(num_channels, num_channels)
        if self.channel_dependence:
            within_pixel = torch.ones(num_channels, num_channels, device=pixel.device).tril(-1)
            reach |= torch.kron(within_pixel, torch.eye(height * width, device=pixel.device)).bool()
        return reach

    @property
    def dtype(self) -> torch.dtype:
        """The dtype of the parameters."""
        return next(self.parameters()).dtype

    def extra_repr(self) -> str:
        """Return the arguments that `print(model)` shows."""
        return (
            f"event_shape={tuple(self.event_shape)}, channels={self.channels}, num_layers={self.num_layers}, "
            f"kernel_size={self.kernel_size}, likelihood={self.likelihood}, context_channels={self.context_size}"
        )

    def _full_context(self, context: Tensor | None) -> Tensor | None:
        """A checked context in the dtype of the weights, with coordinates if the model has them."""
        if self.coordinates:
            return with_coordinates(context, self.event_shape[1:], self.network.first.weight)
        return None if context is None else context.to(self.dtype)


def _checked_order(order: object) -> tuple[str, ...]:
    """The three groups of a doubling in a user's order."""
    if not isinstance(order, list | tuple) or sorted(map(str, order)) != sorted(KINDS[1:]):
        raise ValueError(
            f'order has each of "right", "below" and "diagonal" once, in the order in which they are made, not {shown(order)}.'
        )
    return tuple(order)
