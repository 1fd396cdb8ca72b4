"""All channels of a pixel drawn in one go: the arithmetic of `Pixel` in a third of the operations.

Scales and slopes of all channels are computed together, as they depend on no level, and NumPy starts an operation in half the
time that torch takes. `Pixel` stays what this has to agree with: both make the same sample of the same noise, unless a draw
lies within rounding of where one level ends and the next begins.
"""

from __future__ import annotations

import math
from typing import Any, TypeAlias

import numpy
from torch import Tensor

from armod.likelihoods.logistic_mixture import LARGEST_LOG_SCALE, LARGEST_MEAN
from armod.models.plus_plus.pixel_mixture import PixelMixture

Array: TypeAlias = Any


class PixelDraw:
    """Draws the pixels whose parameters a network writes, one after the other, into the same place.

    Args:
        mixture: the mixture of a pixel.
        outputs: where the network writes, ``(N, num_parameters)``, float32 or float64 on the CPU.
        temperature: as in `armod.sampling.Adjustment`.

    >>> import torch
    >>> from armod.likelihoods import LogisticMixture
    >>> mixture = PixelMixture(LogisticMixture(256, 5), num_channels=3)
    >>> cell = numpy.zeros((1, 3), numpy.float32)
    >>> draw = PixelDraw(mixture, torch.zeros(1, mixture.num_parameters))
    >>> draw(numpy.full((3, 1, 1), 1e-6, numpy.float32), cell).tolist(), cell.tolist()
    ([[0], [0], [0]], [[-1.0, -1.0, -1.0]])
    """

    def __init__(self, mixture: PixelMixture, outputs: Tensor, temperature: float = 1.0) -> None:
        parts = [part.numpy() for part in mixture.parts(outputs)]
        self._logits, self._means, self._log_scales, self._coefficients = parts
        likelihood, real = mixture.likelihood, parts[0].dtype.type
        self._num_levels, self._is_dependent = likelihood.num_levels, mixture.channel_dependence
        self._highest, self._centre = real(max(likelihood.num_levels - 1, 1)), (likelihood.num_levels - 1) / 2
        self._half_range, self._temperature = self._highest / real(2), real(temperature)
        # upper ends of bins, in levels from the centre: first of every `stride`-th level, then of those in between
        self._stride = math.ceil(math.sqrt(likelihood.num_levels))
        first = self._stride - 0.5 - self._centre
        self._coarse = numpy.arange(first, self._centre + 0.5, self._stride).astype(real)[:, None]
        self._fine = numpy.arange(0.5 - self._centre, first).astype(real)[:, None]
        self._ends = numpy.array([0.5, -0.5], real)[:, None, None]  # of one bin, from its level

    def __call__(self, noise: Array, cell: Array, known: Array = None, mask: Array = None) -> Array:
        """Draw one pixel.

        Args:
            noise: that of `LogisticMixture.noise`, ``(C, N, 1)``.
            cell: numbers from -1 to 1 that the network reads, ``(N, C)``, written.
            known: levels ``(C, N)``, or None.
            mask: where they are kept, of the same shape, or None.

        Returns:
            Levels, int64 ``(C, N)``.
        """
        num_channels, slopes = len(noise), numpy.tanh(self._coefficients)
        own = drawn = self._sharpness(self._log_scales)
        if self._temperature != 1:
            drawn = self._sharpness(self._log_scales + numpy.log(self._temperature))
        logits, levels, pair = self._logits[:, 0], numpy.empty(noise.shape[:2], numpy.int64), 0
        for channel in range(num_channels):
            mean = self._means[:, channel]
            if not self._is_dependent:
                logits = self._logits[:, channel]
            for earlier in range(channel if self._is_dependent else 0):
                mean = mean + slopes[:, pair] * cell[:, earlier, None]
                pair += 1
            mean = _clipped(mean, LARGEST_MEAN) * self._half_range
            level = self._search(logits / self._temperature, mean, drawn[:, channel], noise[channel])
            if mask is not None:
                level = numpy.where(mask[channel], known[channel], level)
            levels[channel] = level
            cell[:, channel] = (2 * level - (self._num_levels - 1)) / self._highest
            if self._is_dependent and channel + 1 < num_channels:
                logits = logits + self._log_prob(level, mean, own[:, channel])
        return levels

    def _search(self, logits: Array, mean: Array, sharpness: Array, noise: Array) -> Array:
        """The levels ``(N,)`` that `LogisticMixture.draw` finds, by the same two passes."""
        weights = numpy.exp(logits - numpy.maximum.reduce(logits, 1, keepdims=True))
        weights /= numpy.add.reduce(weights, 1, keepdims=True)
        mass = numpy.minimum(noise, numpy.add.reduce(weights, 1, keepdims=True))
        weights, sharpness = weights[:, None], sharpness[:, None]

        def passed(ends: Array, mean: Array) -> Array:
            """How many ends of bins lie below the mass."""
            below = (mean - ends) * sharpness
            numpy.exp(below, out=below)
            below += 1
            numpy.divide(weights, below, out=below)
            return numpy.add.reduce(numpy.add.reduce(below, 2) < mass, 1)

        level = passed(self._coarse, mean[:, None]) * self._stride
        level += passed(self._fine, mean[:, None] - level[:, None, None].astype(mean.dtype))
        return numpy.minimum(level, self._num_levels - 1)

    def _log_prob(self, level: Array, mean: Array, sharpness: Array) -> Array:
        """`DiscretizedLogisticMixture.component_log_prob` of levels ``(N,)``: what each component gives to them."""
        is_first, is_last = level[:, None] <= 0, level[:, None] >= self._num_levels - 1
        to_upper, to_lower = (
            self._ends + (level[:, None].astype(mean.dtype) - self._centre - mean)
        ) * sharpness
        within = numpy.where(is_first | is_last, 0, numpy.log(-numpy.expm1(-sharpness)))
        above = numpy.where(is_last, 0, numpy.logaddexp(0, -to_upper))
        below = numpy.where(is_first, 0, numpy.logaddexp(0, to_lower))
        return within - above - below

    def _sharpness(self, log_scales: Array) -> Array:
        """The inverse scales in levels, ``(N, C, M)``."""
        return numpy.exp(-_clipped(log_scales, LARGEST_LOG_SCALE)) / self._half_range


def _clipped(numbers: Array, limit: float) -> Array:
    return numpy.minimum(numpy.maximum(numbers, -limit), limit)
