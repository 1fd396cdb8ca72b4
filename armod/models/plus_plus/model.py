"""PixelCNN++ (Salimans, Karpathy, Chen, Kingma 2017): levels as quantities, two streams, three resolutions.

The network of a pixel sees the earlier pixels and nothing of its own pixel. The channels of one pixel depend on each other
only through the mixture (`armod.models.plus_plus.pixel_mixture`). The layers, and what each of them sees, are in
`armod.models.plus_plus.layers`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import cast

import torch
from torch import Tensor, distributions, nn
from torch.nn import functional as F

from armod import orderings
from armod.likelihoods import LogisticMixture, in_own_precision, rescale
from armod.models.base import AutoregressiveModel
from armod.models.coordinates import NUM_PLANES, with_coordinates
from armod.models.orientation import Orientation, keep_orientation
from armod.models.plus_plus.field import field
from armod.models.plus_plus.layers import Block, Gated, Pair, build_layers
from armod.models.plus_plus.pixel_mixture import PixelMixture
from armod.models.plus_plus.walk import PixelCNNPlusPlusWalk
from armod.settings import check_event_shape, check_number, check_sizes, check_switches, generator_of


class PixelCNNPlusPlus(AutoregressiveModel):
    """PixelCNN++: two streams of shifted convolutions, down- and up-sampled, with a mixture of logistics for each pixel.

    The weights have no separate norms. Weight normalisation with its data-dependent start, which the paper uses, changes
    how a network learns, not which distributions it can represent.

    Args:
        event_shape: ``(C, H, W)`` with C = 1, 2 or 3. If down-sampling needs a multiple of 4, the image is padded below and to
            the right; an additional channel of ones marks the image itself.
        channels: width of each stream.
        num_resnets: blocks at each resolution on the way down.
        num_mixtures: M, the logistic components of a pixel.
        num_levels: K, at least 2.
        downsampling: False keeps all layers at full resolution, with the same number of parameters.
        shortcuts: False removes the connections from the way down to the way up. With `downsampling`, this hides close
            neighbours (see `reach`).
        channel_dependence: False makes the channels of a pixel independent given the earlier pixels.
        dropout: probability in each block while training; sampling never drops anything.
        context_channels: C' of a context ``(N, C')`` or ``(N, C', H, W)``, which shifts the gates of every block; lower
            resolutions see its averages over the image's own pixels, and padding sees those of the nearest pixels. So a
            local context that is the same everywhere is a global one. 0 for none.
        coordinates: whether constant planes of the row, the column and the distance from the middle column stand behind the
            context, so that the layers know where they are (`armod.models.coordinates`).
        ordering: raster (None), or one of its flips and transposes.
        seed: seed of the initial weights.

    Raises:
        ValueError: if the number of channels or the ordering is another, a size is below 1, or there are fewer than 2
            levels.

    >>> model = PixelCNNPlusPlus((3, 5, 6), channels=4, num_resnets=1)
    >>> model.log_prob(torch.zeros(2, 3, 5, 6)).shape
    torch.Size([2])
    """

    likelihood: LogisticMixture
    context_size: int
    layers: nn.ModuleList
    orientation: Orientation

    def __init__(
        self,
        event_shape: Sequence[int],
        channels: int,
        *,
        num_resnets: int = 2,
        num_mixtures: int = 5,
        num_levels: int = 256,
        downsampling: bool = True,
        shortcuts: bool = True,
        channel_dependence: bool = True,
        dropout: float = 0.0,
        context_channels: int = 0,
        coordinates: bool = False,
        ordering: Tensor | Sequence[int] | None = None,
        seed: int = 0,
    ) -> None:
        super().__init__()
        shape = check_event_shape(event_shape, "(C, H, W)")
        if shape[0] > 3:
            raise ValueError(f"PixelCNN++ takes images (C, H, W) with 1, 2 or 3 channels, not {event_shape}.")
        channels, num_resnets, num_mixtures = check_sizes(
            channels=channels, num_resnets=num_resnets, num_mixtures=num_mixtures
        )
        (num_levels,), (context_channels,) = (
            check_sizes(2, num_levels=num_levels),
            check_sizes(0, context_channels=context_channels),
        )
        dropout = check_number(
            "dropout", dropout, lambda share: 0 <= share < 1, "a probability from 0 to below 1"
        )
        check_switches(
            downsampling=downsampling,
            shortcuts=shortcuts,
            channel_dependence=channel_dependence,
            coordinates=coordinates,
        )
        self.event_shape = shape
        self.likelihood = LogisticMixture(num_levels, num_mixtures)
        self.context_size, self.coordinates = context_channels, coordinates
        self.mixture = PixelMixture(self.likelihood, shape[0], channel_dependence)
        self.layers = build_layers(
            shape[0] + 1,
            channels,
            num_resnets,
            downsampling=downsampling,
            shortcuts=shortcuts,
            context_channels=context_channels + NUM_PLANES * coordinates,
            dropout=dropout,
        )
        self.output = nn.utils.skip_init(nn.Conv2d, channels, self.mixture.num_parameters, 1)
        self.register_buffer("ordering", orderings.as_permutation(ordering, shape))
        keep_orientation(self)
        _start(self, generator_of(seed))

    def conditionals(self, x: Tensor, context: Tensor | None = None) -> distributions.Distribution:
        """Compute every ``p(x_d | x_<d)`` in one pass, as `AutoregressiveModel.conditionals`."""
        x = self.check_levels(x)
        context = self.check_context(context, len(x), x.shape[1:])
        image = self.orientation.turn(x)
        outputs = self._network(image, self._contexts(context)).movedim(1, -1)
        outputs = in_own_precision(outputs, self.output.weight)
        parameters = self.mixture.conditionals(outputs, image.movedim(1, -1))
        return self.likelihood.distribution(self.orientation.turn_back(parameters.movedim(-2, 1)))

    def cached_view(self, num_samples: int, context: Tensor | None) -> PixelCNNPlusPlusWalk:
        """Generate one variable at a time; each activation of the network is computed once."""
        height, width = self._padded_size
        contexts = {
            scale: c.expand(-1, -1, height // scale, width // scale)
            for scale, c in self._contexts(context).items()
        }
        return PixelCNNPlusPlusWalk(
            self.layers, self.output, self.mixture, self._image_size, self._padded_size, num_samples, contexts
        )

    def reach(self) -> Tensor:
        """Tell which earlier variables lie in the windows of each variable's layers.

        The shapes and strides of all convolutions determine this, and nothing inside is hidden. The earlier channels of the
        same pixel belong to it if the channels depend on each other. Without shortcuts everything that a pixel knows has
        passed through the lowest resolution, so its closest neighbours can be *out* of its reach.

        Returns:
            A boolean tensor ``(D, D)``, as `AutoregressiveModel.reach`.
        """
        height, width = self._image_size
        padded_height, padded_width = self._padded_size
        seen = field(self.layers, padded_height, padded_width)
        seen = seen.view(padded_height, padded_width, padded_height, padded_width)
        seen = seen[:height, :width, :height, :width].reshape(height * width, height * width)
        num_channels = self.mixture.num_channels
        in_order = seen.repeat_interleave(num_channels, 0).repeat_interleave(num_channels, 1)
        if self.mixture.channel_dependence:
            within_pixel = torch.ones(num_channels, num_channels, device=seen.device).tril(-1)
            in_order |= torch.kron(torch.eye(height * width, device=seen.device), within_pixel).bool()
        reach = torch.empty_like(in_order)
        reach[self.ordering[:, None], self.ordering] = in_order
        return reach

    def extra_repr(self) -> str:
        """Return the arguments that `print(model)` shows."""
        return f"event_shape={tuple(self.event_shape)}, likelihood={self.likelihood}"

    @property
    def _image_size(self) -> tuple[int, int]:
        """Height and width as the raster sees them."""
        height, width = self.event_shape[1:]
        return (width, height) if self.orientation.is_transposed else (height, width)

    @property
    def _scales(self) -> list[int]:
        return sorted({cast(int, layer.scale) for layer in self.layers})

    @property
    def _padded_size(self) -> tuple[int, int]:
        multiple = self._scales[-1]
        height, width = (math.ceil(size / multiple) * multiple for size in self._image_size)
        return height, width

    def _padding(self) -> tuple[int, int, int, int]:
        (height, width), (padded_height, padded_width) = self._image_size, self._padded_size
        return (0, padded_width - width, 0, padded_height - height)

    def _contexts(self, context: Tensor | None) -> dict[int, Tensor]:
        """The context at each scale of the layers, ``(N or 1, C', H or 1, W or 1)`` of the padded size."""
        if self.coordinates:
            context = with_coordinates(context, self.event_shape[1:], self.output.weight)
        if context is None:
            return {}
        context = context.to(self.output.weight.dtype)
        if context.dim() == 2:
            return {scale: context[:, :, None, None] for scale in self._scales}
        turned = self.orientation.turn_context(context)
        # windows beyond the edge count the image's own pixels only
        pooled = {scale: F.avg_pool2d(turned, scale, ceil_mode=True) for scale in self._scales}
        return {
            scale: _extended(cells, [n // scale for n in self._padded_size])
            for scale, cells in pooled.items()
        }

    def _network(self, image: Tensor, contexts: dict[int, Tensor]) -> Tensor:
        """The outputs for each pixel, ``(N, num_parameters, H, W)``, from turned levels ``(N, C, H, W)``."""
        height, width = image.shape[2:]
        numbers = rescale(image, self.likelihood.num_levels, self.output.weight.dtype)
        inputs = F.pad(torch.cat([numbers, torch.ones_like(numbers[:, :1])], 1), self._padding())
        start, *others = iter(self.layers)
        pairs: list[Pair] = [start(inputs)]
        for layer in others:
            if isinstance(layer, Block):
                shortcut = None if layer.shortcut is None else pairs[layer.shortcut]
                pairs.append(layer(pairs[-1], shortcut, contexts.get(layer.scale)))
            else:
                pairs.append(layer(pairs[-1]))
        return self.output(F.elu(pairs[-1].right.values))[:, :, :height, :width]


def _extended(cells: Tensor, size: Sequence[int]) -> Tensor:
    """Cells ``(N, C', h, w)`` extended below and to the right by the last ones, so that one value stays one everywhere."""
    rows, columns = (
        torch.arange(n, device=cells.device).clamp(max=own - 1)
        for n, own in zip(size, cells.shape[2:], strict=True)
    )
    return cells[:, :, rows[:, None], columns] if cells.shape[2:] != tuple(size) else cells


@torch.no_grad()
def _start(model: PixelCNNPlusPlus, generator: torch.Generator) -> None:
    """Set torch's usual initial weights of convolutions, drawn from this generator, but with gates that are almost closed.

    A block is then almost the identity at first, as in the authors' code, so that the network can be deep.
    """
    bound = 1.0
    for parameter in model.parameters():
        if parameter.dim() > 1:  # a bias comes after its weight and has the same bound
            bound = 1 / math.sqrt(parameter[0].numel())
        parameter.uniform_(-bound, bound, generator=generator)
    for module in model.modules():
        if isinstance(module, Gated):
            for parameter in module.second.parameters():
                parameter.mul_(0.1)
