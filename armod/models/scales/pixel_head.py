"""From the features of a pixel to the conditionals of its channels, one channel after the other.

The network runs once for a pixel, and the channels still depend on each other. Levels as quantities take PixelCNN++'s mixture
over the whole pixel (`armod.models.plus_plus.pixel_mixture`), with means relative to the average of the known neighbours. Any
other likelihood takes `LinkedChannels`, where a channel adds what it was to the features of those after it.
"""

from __future__ import annotations

import math
from typing import Self

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from armod.likelihoods import Likelihood, LogisticMixture, in_own_precision
from armod.models.plus_plus.pixel_mixture import Pixel, PixelMixture


class PixelHead(nn.Module):
    """What both kinds of heads share.

    Args:
        likelihood: likelihood of each channel.
        num_channels: C.

    Attributes:
        reads_neighbours: whether a pixel needs the average of its known neighbours.

    >>> from armod.likelihoods import Bernoulli
    >>> head = head_for(Bernoulli(), 3, 8, True, torch.Generator())
    >>> isinstance(head, PixelHead), head.conditionals(torch.zeros(2, 8), torch.zeros(2, 3), torch.zeros(2, 3)).shape
    (True, torch.Size([2, 3, 1]))
    """

    likelihood: Likelihood
    reads_neighbours = False

    def __init__(self, likelihood: Likelihood, num_channels: int) -> None:
        super().__init__()
        self.likelihood, self.num_channels = likelihood, num_channels

    def pixel(self, features: Tensor, centre: Tensor | None) -> Pixel | LinkedPixel:
        """Begin a pixel, or many at once.

        Args:
            features: features ``(..., channels)`` of the pixels.
            centre: the average of their known neighbours, ``(..., C)``, from -1 to 1; None if the head does not read it.

        Returns:
            A pixel without a known channel: alternate `conditional` and `append`.
        """
        raise NotImplementedError(f"{type(self).__name__} must say how a pixel begins.")

    def conditionals(self, features: Tensor, centre: Tensor | None, levels: Tensor) -> Tensor:
        """Compute the parameters of all channels, each given those before it.

        Args:
            features: as in `pixel`.
            centre: as in `pixel`.
            levels: levels of all channels, ``(..., C)``.

        Returns:
            Parameters ``(..., C, num_parameters)``.
        """
        pixel = self.pixel(features, centre)
        channels = []
        for channel in levels.unbind(-1):
            channels.append(pixel.conditional())
            if len(channels) < self.num_channels:
                pixel.append(channel)
        return torch.stack(channels, -2)


class MixtureHead(PixelHead):
    """A mixture whose components describe all channels together (PixelCNN++, section 2.2).

    Args:
        likelihood: likelihood of each channel.
        num_channels: C.
        channels: features of a pixel.
        is_linked: False makes the channels independent given the features.
        generator: draws the initial weights.

    >>> head = MixtureHead(LogisticMixture(256, 5), 3, 8, True, torch.Generator().manual_seed(0))
    >>> head.conditionals(torch.zeros(2, 8), torch.zeros(2, 3), torch.zeros(2, 3)).shape
    torch.Size([2, 3, 15])
    """

    reads_neighbours = True

    def __init__(
        self,
        likelihood: LogisticMixture,
        num_channels: int,
        channels: int,
        is_linked: bool,
        generator: torch.Generator,
    ) -> None:
        super().__init__(likelihood, num_channels)
        self.mixture = PixelMixture(likelihood, num_channels, is_linked)
        bound = 1 / math.sqrt(channels)
        self.weight = _uniform((self.mixture.num_parameters, channels), bound, generator)
        self.bias = _uniform((self.mixture.num_parameters,), bound, generator)

    def pixel(self, features: Tensor, centre: Tensor | None) -> Pixel:
        """Begin a pixel, as `PixelHead.pixel`."""
        outputs = in_own_precision(F.linear(features, self.weight, self.bias), self.weight)
        return self.mixture.pixel(outputs, centre)


class LinkedChannels(PixelHead):
    """A layer for each channel, which reads the features and the channels before it.

    Args:
        likelihood: likelihood of each channel.
        num_channels: C.
        channels: features of a pixel.
        is_linked: False makes the channels independent given the features.
        generator: draws the initial weights.

    >>> from armod.likelihoods import Bernoulli
    >>> head = LinkedChannels(Bernoulli(), 3, 8, True, torch.Generator().manual_seed(0))
    >>> head.conditionals(torch.zeros(2, 8), torch.zeros(2, 3), torch.zeros(2, 3)).shape
    torch.Size([2, 3, 1])
    """

    def __init__(
        self,
        likelihood: Likelihood,
        num_channels: int,
        channels: int,
        is_linked: bool,
        generator: torch.Generator,
    ) -> None:
        super().__init__(likelihood, num_channels)
        bound = 1 / math.sqrt(channels)
        self.weight = _uniform((num_channels, likelihood.num_parameters, channels), bound, generator)
        self.bias = _uniform((num_channels, likelihood.num_parameters), bound, generator)
        self.earlier = None
        if is_linked and num_channels > 1:
            self.earlier = _uniform((num_channels - 1, channels, likelihood.num_features), bound, generator)

    def pixel(self, features: Tensor, centre: Tensor | None) -> LinkedPixel:
        """Begin a pixel, as `PixelHead.pixel`; the neighbours are no help where levels are names."""
        return LinkedPixel(self, features)


class LinkedPixel:
    """One pixel, or many at once, that is generated channel by channel: alternate `conditional` and `append`.

    Args:
        head: the head, whose weights it reads.
        features: features ``(..., channels)``.
        channel: the next channel.

    >>> from armod.likelihoods import Bernoulli
    >>> head = LinkedChannels(Bernoulli(), 2, 8, True, torch.Generator().manual_seed(0))
    >>> pixel = LinkedPixel(head, torch.zeros(5, 8))
    >>> pixel.append(torch.zeros(5))
    >>> pixel.conditional().shape
    torch.Size([5, 1])
    """

    def __init__(self, head: LinkedChannels, features: Tensor, channel: int = 0) -> None:
        self._head, self._features, self._channel = head, features, channel

    def conditional(self) -> Tensor:
        """Compute the parameters of the next channel, ``(..., num_parameters)``."""
        weight, bias = self._head.weight[self._channel], self._head.bias[self._channel]
        return in_own_precision(F.linear(F.relu(self._features), weight, bias), weight)

    def append(self, levels: Tensor) -> None:
        """Fix the next channel to levels ``(...)``."""
        if self._head.earlier is not None and self._channel < len(self._head.earlier):
            weight = self._head.earlier[self._channel]
            encoded = self._head.likelihood.encode(levels, weight.dtype)
            self._features = self._features + F.linear(encoded, weight)
        self._channel += 1

    def select(self, rows: Tensor) -> Self:
        """Select the pixels of some observations, by their indices ``(M,)``."""
        return type(self)(self._head, self._features[rows], self._channel)


def head_for(
    likelihood: Likelihood, num_channels: int, channels: int, is_linked: bool, generator: torch.Generator
) -> PixelHead:
    """Make the head of a likelihood.

    Args:
        likelihood: likelihood of each channel.
        num_channels: C.
        channels: features of a pixel.
        is_linked: whether a channel depends on those before it in its pixel.
        generator: draws the initial weights.

    Returns:
        A `MixtureHead` for a `LogisticMixture`, else `LinkedChannels`.

    >>> type(head_for(LogisticMixture(4, 2), 1, 8, True, torch.Generator())).__name__
    'MixtureHead'
    """
    if type(likelihood) is LogisticMixture:
        return MixtureHead(likelihood, num_channels, channels, is_linked, generator)
    return LinkedChannels(likelihood, num_channels, channels, is_linked, generator)


def _uniform(shape: tuple[int, ...], bound: float, generator: torch.Generator) -> nn.Parameter:
    return nn.Parameter(torch.empty(shape).uniform_(-bound, bound, generator=generator))
