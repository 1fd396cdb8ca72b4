"""The channels of one pixel: a mixture whose components describe all channels together, divided by the chain rule.

PixelCNN++ (Salimans, Karpathy, Chen, Kingma 2017), section 2.2. One indicator k is drawn for the pixel. Within a
component, the mean of a channel depends linearly on the channels before it:

    p(r, g, b) = sum_k pi_k p_k(r) p_k(g | r) p_k(b | r, g)

Each scalar conditional is then a mixture again. Its weights are the posterior of the indicator given the earlier channels:
p(g | r) = sum_k w_k(r) p_k(g | r) with w_k(r) proportional to pi_k p_k(r).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from armod.likelihoods import LogisticMixture, in_single


@dataclass(frozen=True)
class PixelMixture:
    """The map from a network's outputs for one pixel to the conditionals of its channels.

    Args:
        likelihood: likelihood of one channel.
        num_channels: C, the number of channels.
        channel_dependence: False makes the channels independent given the earlier pixels, each with its own indicator.
    """

    likelihood: LogisticMixture
    num_channels: int
    channel_dependence: bool = True

    @property
    def num_parameters(self) -> int:
        """The number of outputs for one pixel: logits, means, log scales, and coefficients for each pair of channels."""
        return sum(self._sizes)

    def conditionals(self, parameters: Tensor, levels: Tensor) -> Tensor:
        """Compute the parameters of every channel's mixture, given the channels before it.

        Args:
            parameters: outputs of the network, ``(..., num_parameters)``.
            levels: levels of all channels, ``(..., C)``.

        Returns:
            Parameters ``(..., C, 3 M)``.

        >>> pixels = PixelMixture(LogisticMixture(256, 5), num_channels=3)
        >>> pixels.conditionals(torch.zeros(2, pixels.num_parameters), torch.zeros(2, 3)).shape
        torch.Size([2, 3, 15])
        """
        pixel = self.pixel(parameters)
        channels = []
        for channel in levels.unbind(-1):
            channels.append(pixel.conditional())
            pixel.append(channel)
        return torch.stack(channels, -2)

    def pixel(self, parameters: Tensor, centre: Tensor | None = None) -> Pixel:
        """Begin a pixel without a known channel, in float32 at least.

        Args:
            parameters: outputs of the network, ``(..., num_parameters)``.
            centre: what a guess says of each channel, from -1 to 1, ``(..., C)``: then all means, and the channels on which
                later means depend, are relative to the guess. None is no guess.

        Returns:
            The pixel.
        """
        logits, means, log_scales, coefficients = (list(part.unbind(-2)) for part in self.parts(parameters))
        if self.channel_dependence:
            logits = logits * self.num_channels
        slopes = [coefficient.tanh() for coefficient in coefficients]
        if centre is not None:
            guesses, relative = in_single(centre).split(1, -1), iter(slopes)
            means = [
                mean + guess - sum(next(relative) * guesses[j] for j in range(c if slopes else 0))
                for c, (mean, guess) in enumerate(zip(means, guesses, strict=True))
            ]
        return Pixel(self.likelihood, logits, means, log_scales, slopes)

    def parts(self, parameters: Tensor) -> list[Tensor]:
        """Take a network's outputs apart, in float32 at least.

        Args:
            parameters: outputs of the network, ``(..., num_parameters)``.

        Returns:
            The logits ``(..., C or 1, M)``, one row if the channels share an indicator; means and log scales ``(..., C, M)``;
            coefficients ``(..., pairs, M)``.
        """
        parts = in_single(parameters).split(self._sizes, -1)
        return [
            part.unflatten(-1, (-1 if part.shape[-1] else 0, self.likelihood.num_components))
            for part in parts
        ]

    @property
    def _sizes(self) -> list[int]:
        num_components, num_channels = self.likelihood.num_components, self.num_channels
        num_pairs = num_channels * (num_channels - 1) // 2 if self.channel_dependence else 0
        num_indicators = 1 if self.channel_dependence else num_channels
        return [num_components * n for n in (num_indicators, num_channels, num_channels, num_pairs)]


class Pixel:
    """One pixel, or many at once, that is generated channel by channel: alternate `conditional` and `append`.

    Args:
        likelihood: likelihood of one channel.
        logits: logits ``(..., M)`` for each channel.
        means: means ``(..., M)`` for each channel.
        log_scales: logarithms of the scales ``(..., M)`` for each channel.
        slopes: coefficients ``(..., M)`` for each pair of channels, (1, 0), (2, 0), (2, 1), or an empty list.

    >>> mixture = PixelMixture(LogisticMixture(256, 5), num_channels=3)
    >>> pixel = mixture.pixel(torch.zeros(2, mixture.num_parameters))
    >>> pixel.conditional().shape, pixel.append(torch.tensor([0, 255])).tolist()
    (torch.Size([2, 15]), [[-1.0], [1.0]])
    """

    def __init__(
        self,
        likelihood: LogisticMixture,
        logits: list[Tensor],
        means: list[Tensor],
        log_scales: list[Tensor],
        slopes: list[Tensor],
    ) -> None:
        self._likelihood = likelihood
        self._logits, self._means, self._log_scales, self._slopes = logits, means, log_scales, slopes
        self._earlier: list[Tensor] = []
        self._parameters: Tensor | None = None  # of the next channel, once they are computed

    def conditional(self) -> Tensor:
        """Compute the parameters of the next channel's mixture, ``(..., 3 M)``, with logits that are not normalised."""
        if self._parameters is not None:
            return self._parameters
        channel = len(self._earlier)
        mean = self._means[channel]
        if self._slopes:
            first = channel * (channel - 1) // 2
            for slope, value in zip(self._slopes[first : first + channel], self._earlier, strict=True):
                mean = mean + slope * value
        self._parameters = torch.cat([self._logits[channel], mean, self._log_scales[channel]], -1)
        return self._parameters

    def append(self, levels: Tensor) -> Tensor:
        """Fix the next channel to levels ``(...)``, and return them as numbers from -1 to 1, ``(..., 1)``."""
        channel = len(self._earlier)
        if self._slopes and channel + 1 < len(self._means):
            seen = self._likelihood.distribution(self.conditional()).component_log_prob(levels)
            self._logits[channel + 1] = self._logits[channel] + seen
        value = self._likelihood.encode(levels, self._means[channel].dtype)
        self._earlier.append(value)
        self._parameters = None
        return value

    def select(self, rows: Tensor) -> Pixel:
        """Select the pixels of some observations, by their indices ``(M,)``."""
        lists = (self._logits, self._means, self._log_scales, self._slopes, self._earlier)
        logits, means, log_scales, slopes, earlier = ([x[rows] for x in tensors] for tensors in lists)
        other = Pixel(self._likelihood, logits, means, log_scales, slopes)
        other._earlier = earlier
        return other
