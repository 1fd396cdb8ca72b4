"""Multi-scale group by group: the network runs once for each group, over the cells of its grid only.

The channels of a pixel depend on each other, and the pixels of a group do not. So a group is drawn channel by channel, each for
all its pixels at once: a *block* of variables that are independent given the past.

Most planes of cells are tiny, so what costs most is to start operations. That is why a pass here has as few as possible:
everything that does not depend on the image is at hand, and a plane is read by one index.
"""

from __future__ import annotations

import copy
from bisect import bisect_left
from collections.abc import Sequence
from itertools import accumulate, islice
from typing import Self, TypeVar

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from armod.likelihoods import rescale
from armod.models.scales.network import Network
from armod.models.scales.passes import Pass, Scale, average_of
from armod.models.scales.pixel_head import LinkedPixel, Pixel, PixelHead
from armod.sampling.walk import Steps, Walk

Module = TypeVar("Module", bound=nn.Module)


class MultiScaleWalk(Walk):
    """The incremental view of a multi-scale model, with a copy of its weights.

    Args:
        network: the network.
        head: what makes conditionals from its features.
        scales: the passes.
        neighbours: the known neighbours of each pixel, as `armod.models.scales.passes.known_neighbours` returns them.
        event_shape: ``(C, H, W)``.
        num_samples: N, the number of images.
        context: the context of the network, or None.

    >>> from armod.likelihoods import Bernoulli
    >>> from armod.models.scales.multi_scale import MultiScale
    >>> view = MultiScale((1, 4, 4), 8, 2, likelihood=Bernoulli()).incremental(2)
    >>> isinstance(view, MultiScaleWalk), view.conditional().batch_shape
    (True, torch.Size([2]))
    """

    def __init__(
        self,
        network: Network,
        head: PixelHead,
        scales: Sequence[Scale],
        neighbours: tuple[Tensor, Tensor],
        event_shape: Sequence[int],
        num_samples: int,
        context: Tensor | None,
    ) -> None:
        self._network, self._head = _copied(network), _copied(head)
        self._event_shape, (self._neighbours, self._is_known) = event_shape, neighbours
        like = next(network.parameters())
        self._blocks = [
            (scale, one, one.pixels.to(like.device), channel)
            for scale in scales
            for one in scale.passes
            for channel in range(event_shape[0])
        ]
        self._sizes = [len(pixels) for *_, pixels, _ in self._blocks]
        self._starts = list(accumulate(self._sizes[:-1], initial=0))
        num_levels = head.likelihood.num_levels
        self._quantities = rescale(torch.arange(num_levels, device=like.device), num_levels, like.dtype)
        super().__init__(head.likelihood, like, num_samples, sum(self._sizes), context)

    def allocate(self) -> None:
        """Make the image, whose pixels are zero while they are unknown, and one place more that stays zero."""
        num_channels, height, width = self._event_shape
        size = num_channels, height * width + 1
        self._image = torch.zeros(self.num_samples, *size, dtype=self.dtype, device=self.device)
        self._values, self._flat = self._image[:, :, :-1], self._image.flatten(1)
        self._pixel: Pixel | LinkedPixel | None = None  # the pixels of the current group
        self._told: tuple[Scale | None, Sequence[Tensor | None]] = (
            None,
            (),
        )  # what the context adds on a scale

    def state(self) -> dict[str, tuple[Tensor, int]]:
        """Name the image, as `Walk.state`."""
        return {"image": (self._image, 0)}

    def steps(self) -> Steps:
        """Run the network once for a group, then go through the channels of its pixels."""
        first = bisect_left(self._starts, self.step)
        for scale, one, pixels, channel in islice(self._blocks, first, None):
            if self.parameters is None:
                if channel == 0:
                    if self._told[0] is not scale:
                        self._told = scale, self._network.told(self.context, scale)
                    features = self._run(one)
                    centre = None
                    if self._head.reads_neighbours:
                        centre = average_of(self._values, self._neighbours[pixels], self._is_known[pixels])
                    self._pixel = self._head.pixel(features, centre)
                assert self._pixel is not None
                self.parameters = self._pixel.conditional().transpose(0, 1)
            levels = yield self.parameters
            self.parameters = None
            assert self._pixel is not None
            self._pixel.append(levels.T)
            self._values[:, channel].index_copy_(1, pixels, self._quantities[levels.T])
            self.step += len(pixels)

    def _run(self, one: Pass) -> Tensor:
        """The features ``(N, pixels, channels)`` of the pixels that a pass makes, as `Network.forward`."""
        places, flags = self._network.planes(one)
        size, padding = flags.shape[-2:], self._network.first.weight.shape[-1] // 2
        known = self._flat.index_select(1, places).unflatten(1, (-1, *size))
        x = torch.cat([known, flags.expand(self.num_samples, -1, -1, -1)], 1)
        first, *rest = zip([self._network.first, *self._network.layers], self._told[1], strict=True)
        layer, told = first
        x = F.conv2d(x, layer.weight, layer.bias[one.number], padding=padding)
        if told is not None:
            x.add_(told)
        for layer, told in rest:
            below, x = x, F.conv2d(x.relu(), layer.weight, layer.bias[one.number], padding=padding)
            if told is not None:
                x.add_(told)
            x.add_(below)
        own = x.relu_().permute(0, 2, 3, 1)[:, : one.size[0], : one.size[1]]
        return own.flatten(1, 2)

    def pieces(self, rows: Tensor) -> Sequence[Tensor]:
        """Cut ``(D, ...)`` into blocks."""
        return rows.split(self._sizes)

    def joined(self, drawn: Sequence[Tensor]) -> Tensor:
        """Join the blocks."""
        return torch.cat(tuple(drawn)).T

    def take_over(self, view: Self, chosen: Tensor) -> None:
        """Remember what another view remembers, as `Walk.take_over`, together with its current pixels."""
        super().take_over(view, chosen)
        self._pixel = None if view._pixel is None else view._pixel.select(chosen)


def _copied(module: Module) -> Module:
    """A copy with weights of its own, which no training changes; `copy.deepcopy` would take a tenth of the time of a sample.

    Its kernels have the input channels last, because torch convolves small planes in half the time so.
    """
    other = copy.copy(module)
    weights = {
        name: None if weight is None else weight.detach().clone(memory_format=_layout(weight))
        for name, weight in module._parameters.items()
    }
    modules = {name: None if part is None else _copied(part) for name, part in module._modules.items()}
    vars(other).update(_parameters=weights, _modules=modules)
    return other


def _layout(weight: Tensor) -> torch.memory_format:
    return torch.channels_last if weight.dim() == 4 else torch.contiguous_format
