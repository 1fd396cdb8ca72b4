"""Levels as quantities: a mixture of logistic distributions, cut into one bin for each level.

PixelCNN++ (Salimans, Karpathy, Chen, Kingma 2017), section 2.1. Levels ``0..K-1`` are read as K equally spaced numbers
from -1 to 1. The probability of a level is the mass of the mixture between half a step below it and half a step above.
The first level also takes all the mass below it, and the last level all the mass above it, so that nothing is lost.

A bin far out in a tail has so little mass that the difference of two cumulative probabilities rounds to zero. So
everything is computed in logarithms. If a and b are the ends of a bin, in scales from the mean, then exactly

    log(sigmoid(a) - sigmoid(b)) = log sigmoid(a) + log sigmoid(-b) + log(1 - exp(b - a))

where a - b is the width of the bin in scales, which is known without subtracting large numbers. For the same reason the
mean and the scale are measured in levels: the ends of the bins are then half-integers, which floats represent exactly.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import Size, Tensor, distributions
from torch.distributions import constraints
from torch.nn import functional as F

from armod.inputs import tensor_of
from armod.likelihoods.base import Likelihood, parameters_of, rescale
from armod.likelihoods.precision import in_single, next_above
from armod.likelihoods.ready_made import inverse_cdf, log_prob, pick, table, temper
from armod.settings import check_sizes, check_whole

# Far beyond what data can ask for; with them no product below leaves the range of float32.
LARGEST_MEAN = 1e9
LARGEST_LOG_SCALE = 40.0


@dataclass(frozen=True)
class LogisticMixture(Likelihood):
    """K ordered values as a mixture of M discretized logistic distributions (PixelCNN++, section 2.1).

    A network has 3 M outputs for each variable: first the M logits of the mixture, then the M means, then the M logarithms
    of the scales. Means and scales are in units of half the range of levels. A level enters a network as one number from
    -1 to 1 (`armod.likelihoods.rescale`).

    Args:
        num_levels: K, at least 1.
        num_components: M, at least 1.

    Raises:
        ValueError: if there are fewer than 1 level or 1 component, or no whole number of them.

    >>> LogisticMixture(256, 5).distribution(torch.zeros(3, 15)).batch_shape
    torch.Size([3])
    """

    num_levels: int
    num_components: int

    def __post_init__(self) -> None:
        sizes = {"num_levels": self.num_levels, "num_components": self.num_components}
        for name, size in zip(sizes, check_whole(**sizes), strict=True):
            object.__setattr__(self, name, size)
        if self.num_levels < 1 or self.num_components < 1:
            raise ValueError(
                "A logistic mixture needs at least 1 level and 1 component, "
                f"not {self.num_levels} and {self.num_components}."
            )

    @property
    def num_parameters(self) -> int:  # type: ignore[override]
        """A logit, a mean and a log scale for each component."""
        return 3 * self.num_components

    def decode(self, features: Tensor) -> Tensor:
        """Return the nearest level."""
        return ((in_single(features).squeeze(-1) + 1) * ((self.num_levels - 1) / 2)).round().long()

    def distribution(self, parameters: Tensor) -> DiscretizedLogisticMixture:
        """Convert outputs of half precision to single first, because a CDF needs the digits."""
        logits, means, log_scales = parameters_of(parameters, self).split(self.num_components, dim=-1)
        return DiscretizedLogisticMixture(logits, means, log_scales, self.num_levels, validate_args=False)

    def noise(self, uniform: Tensor, dtype: torch.dtype) -> Tensor:
        """Return the least numbers above the uniform ones, so that a sum has to reach them."""
        return next_above(uniform, dtype).unsqueeze(-1)

    def draw(self, parameters: Tensor, noise: Tensor) -> Tensor:
        """Search as the distribution's own inverse CDF does, so that there is only one way to draw."""
        return self.distribution(parameters.contiguous())._first_level_reaching(noise)

    def tempered(self, parameters: Tensor, temperature: float) -> Tensor:
        """Divide the logits by the temperature and multiply the scales by it."""
        logits, means, log_scales = in_single(parameters).split(self.num_components, dim=-1)
        return torch.cat([logits / temperature, means, log_scales + math.log(temperature)], dim=-1)

    def marginal(self, levels: Tensor) -> Tensor:
        """Place equal components at evenly spaced quantiles, at least one level wide and wide enough to leave no gap."""
        numbers = rescale(levels, self.num_levels, torch.float64)
        return equal_components(numbers, self.num_components, narrowest=2 / max(self.num_levels - 1, 1))


class DiscretizedLogisticMixture(distributions.Distribution):
    """A distribution over the levels ``0..num_levels-1``; batch shape ``(...)``, event shape ``()``.

    Means beyond ±1e9 and log scales beyond ±40 are clamped and have no gradient. So every log-probability and every
    gradient is finite for any finite parameters, in float32 and in float64. An almost impossible level has a very negative
    log-probability, never minus infinity.

    Args:
        logits: logits of the M components, ``(..., M)``; they need not be normalised.
        means: means of the components, ``(..., M)``; level 0 is -1 and the last level is 1.
        log_scales: logarithms of the scales, ``(..., M)``, in the same unit.
        num_levels: K.
        validate_args: whether the arguments are checked; None is torch's default.

    Raises:
        ValueError: if a parameter is no tensor of numbers, their shapes don't broadcast, or there are fewer than 1 level.

    >>> coin = DiscretizedLogisticMixture(torch.zeros(1), torch.zeros(1), torch.zeros(1), num_levels=2)
    >>> coin.log_prob(torch.tensor([0, 1])).exp()
    tensor([0.5000, 0.5000])
    """

    arg_constraints = {  # noqa: RUF012 - torch's own way to declare them
        "logits": constraints.real_vector,
        "means": constraints.real_vector,
        "log_scales": constraints.real_vector,
    }
    has_enumerate_support = True

    def __init__(
        self,
        logits: Tensor,
        means: Tensor,
        log_scales: Tensor,
        num_levels: int,
        validate_args: bool | None = None,
    ) -> None:
        if validate_args is not False:
            logits, means, log_scales = of_one_shape(logits=logits, means=means, log_scales=log_scales)
            (num_levels,) = check_sizes(num_levels=num_levels)
        self.logits, self.means, self.log_scales = map(in_single, (logits, means, log_scales))
        self.num_levels = num_levels
        super().__init__(logits.shape[:-1], validate_args=validate_args)

    @property
    def support(self) -> constraints.Constraint:
        """Whole numbers ``0..num_levels-1``."""
        return constraints.integer_interval(0, self.num_levels - 1)

    @property
    def probs(self) -> Tensor:
        """The probability of every level, ``(..., K)``."""
        return self._table().exp()

    @property
    def mean(self) -> Tensor:
        """The expected level ``(...)``; it takes a table of all levels, like `probs`."""
        return (self.probs * self._all_levels()).sum(-1)

    @property
    def variance(self) -> Tensor:
        """The variance ``(...)`` in squared levels; it takes a table of all levels, like `probs`."""
        return (self.probs * (self._all_levels() - self.mean.unsqueeze(-1)).square()).sum(-1)

    @property
    def mode(self) -> Tensor:
        """The most probable level ``(...)``, int64, and the lowest one if there are several."""
        return self._table().argmax(-1)

    def entropy(self) -> Tensor:
        """Compute the entropy ``(...)`` in nats; it takes a table of all levels, like `probs`."""
        log_probs = self._table()
        return -(log_probs.exp() * log_probs).sum(-1)

    def enumerate_support(self, expand: bool = True) -> Tensor:
        """List all levels.

        Args:
            expand: whether to repeat them for each element of the batch.

        Returns:
            Levels, int64 ``(K, *batch_shape)``, or ``(K, 1, ..., 1)`` if they are not repeated.
        """
        levels = torch.arange(self.num_levels, device=self.logits.device)
        levels = levels.view(-1, *[1] * len(self.batch_shape))
        return levels.expand(-1, *self.batch_shape) if expand else levels

    def log_prob(self, value: Tensor) -> Tensor:
        """Compute the log-probability of levels.

        Args:
            value: levels of any dtype that broadcast with the batch shape.

        Returns:
            Log-probabilities in nats.
        """
        if self._validate_args:
            self._validate_sample(value)
        return (self.logits.log_softmax(-1) + self.component_log_prob(value)).logsumexp(-1)

    def component_log_prob(self, value: Tensor) -> Tensor:
        """Compute the log-probability that each single component gives to the levels.

        Args:
            value: levels of any dtype that broadcast with the batch shape.

        Returns:
            Log-probabilities in nats, ``(..., M)``.
        """
        means, sharpness = self._in_levels()
        level = value.to(self.logits.dtype).unsqueeze(-1)
        from_centre = level - (self.num_levels - 1) / 2
        is_first, is_last = level <= 0, level >= self.num_levels - 1
        # an outer bin has no lower or no upper end; the terms of the missing end are left out
        below_upper_end = F.logsigmoid((from_centre + 0.5 - means) * sharpness).masked_fill(is_last, 0)
        above_lower_end = F.logsigmoid((means - (from_centre - 0.5)) * sharpness).masked_fill(is_first, 0)
        within_width = torch.log(-torch.expm1(-sharpness)).masked_fill(is_first | is_last, 0)
        return below_upper_end + above_lower_end + within_width

    def cdf(self, value: Tensor) -> Tensor:
        """Compute the probability of the levels `value` and all lower ones."""
        level = value.to(self.logits.dtype)
        from_centre = level + 0.5 - (self.num_levels - 1) / 2
        below = self._mass_below(self._weights())(from_centre.unsqueeze(-1)).squeeze(-1)
        return below.masked_fill(level < 0, 0).masked_fill(level >= self.num_levels - 1, 1)

    def icdf(self, value: Tensor) -> Tensor:
        """Find the smallest level whose cumulative probability exceeds a uniform number.

        Args:
            value: uniform numbers in [0, 1) of the batch shape.

        Returns:
            Levels, int64.
        """
        return self._first_level_reaching(next_above(value, self.logits.dtype).unsqueeze(-1))

    @torch.no_grad()
    def sample(self, sample_shape: Any = Size()) -> Tensor:  # noqa: B008 - torch's own signature
        """Draw levels, int64 ``(*sample_shape, *batch_shape)``, from torch's global generator."""
        shape = self._extended_shape(sample_shape)
        return self.icdf(torch.rand(shape, dtype=self.logits.dtype, device=self.logits.device))

    def expand(self, batch_shape: Any, _instance: Any = None) -> DiscretizedLogisticMixture:
        """Return the same distribution over a larger batch."""
        return self._each(lambda parameter: parameter.expand(*batch_shape, parameter.shape[-1]))

    def _each(self, change: Callable[[Tensor], Tensor]) -> DiscretizedLogisticMixture:
        """The distribution whose three parameters have all been changed in the same way."""
        parameters = change(self.logits), change(self.means), change(self.log_scales)
        return DiscretizedLogisticMixture(*parameters, self.num_levels, validate_args=False)

    def _first_level_reaching(self, mass: Tensor) -> Tensor:
        """Find the smallest level ``(...)`` with which the cumulative probability reaches `mass`, ``(..., 1)``.

        The search makes two passes over about sqrt(K) levels each: first every `stride`-th level, then those in between.
        For 16 rows, 256 levels and 5 components that is faster than one table of all levels, and faster than bisection.
        """
        weights = self._weights()
        # All the mass together may round to less than is asked for. What is left goes to the first level that has it all:
        # those after it have no probability to speak of.
        mass = mass.to(weights.dtype).minimum(weights.sum(-1))
        stride, centre = math.ceil(math.sqrt(self.num_levels)), (self.num_levels - 1) / 2
        mass_below = self._mass_below(weights)
        numbers = partial(torch.arange, dtype=weights.dtype, device=weights.device)
        ends_of_strides = numbers(stride - 0.5 - centre, centre + 0.5, stride)
        passed = (mass_below(ends_of_strides) < mass).sum(-1, keepdim=True) * stride
        ends_within = passed + numbers(0.5 - centre, stride - 0.5 - centre)
        level = passed.squeeze(-1) + (mass_below(ends_within) < mass).sum(-1)
        # the last level also has all the mass above it
        return level.clamp(max=self.num_levels - 1)

    def _weights(self) -> Tensor:
        """The probabilities of the components, ``(..., 1, M)``."""
        return self.logits.softmax(-1).unsqueeze(-2)

    def _mass_below(self, weights: Tensor) -> Callable[[Tensor], Tensor]:
        """The mixture's cumulative distribution, as a function of ends of bins ``(..., L)``, in levels from the centre."""
        means, sharpness = (parameter.unsqueeze(-2) for parameter in self._in_levels())

        def mass_below(ends: Tensor) -> Tensor:
            by_component = torch.sigmoid((ends.unsqueeze(-1) - means) * sharpness) * weights
            # equal masses have equal sums only if components are always added in the same order, which follows the layout
            return by_component.contiguous().sum(-1)

        return mass_below

    def _in_levels(self) -> tuple[Tensor, Tensor]:
        """Means in levels from the middle of the range, and the inverse scales in levels."""
        half_range = max(self.num_levels - 1, 1) / 2
        means = self.means.clamp(-LARGEST_MEAN, LARGEST_MEAN) * half_range
        log_scales = self.log_scales.clamp(-LARGEST_LOG_SCALE, LARGEST_LOG_SCALE)
        return means, torch.exp(-log_scales) / half_range

    def _table(self) -> Tensor:
        """The log-probability of every level, ``(..., K)``."""
        return self.log_prob(self.enumerate_support()).movedim(0, -1)

    def _all_levels(self) -> Tensor:
        return torch.arange(self.num_levels, dtype=self.logits.dtype, device=self.logits.device)


def equal_components(numbers: Tensor, num_components: int, narrowest: float) -> Tensor:
    """Fit a mixture of equal logistic components to each variable by itself, at evenly spaced quantiles.

    Args:
        numbers: observations, float64 ``(N, D)``.
        num_components: M.
        narrowest: the least scale.

    Returns:
        Logits, means and log scales ``(D, 3 M)``.
    """
    places = (torch.arange(num_components, dtype=torch.float64) + 0.5) / num_components
    means = torch.quantile(numbers, places.to(numbers.device), dim=0).T
    # a logistic distribution has standard deviation pi/sqrt(3) in units of its scale
    scales = numbers.std(0, correction=0) * (math.sqrt(3) / math.pi / num_components)
    log_scales = scales.clamp(min=narrowest).log().unsqueeze(-1).expand_as(means)
    return torch.cat([torch.zeros_like(means), means, log_scales], dim=-1)


def of_one_shape(**parameters: Tensor) -> Sequence[Tensor]:
    """Take the parameters of a mixture as tensors, broadcast to one shape.

    Args:
        **parameters: each by the name of its argument.

    Returns:
        The tensors ``(..., M)``.

    Raises:
        ValueError: if one is no tensor or has no dimension, or their shapes don't broadcast.
    """
    found = {name: tensor_of(given, name, "shape (..., M)") for name, given in parameters.items()}
    for name, tensor in found.items():
        if not tensor.dim():
            raise ValueError(f"{name} has shape (..., M), not ().")
    try:
        return torch.broadcast_tensors(*found.values())
    except RuntimeError:
        shapes = ", ".join(f"{name} {tuple(tensor.shape)}" for name, tensor in found.items())
        raise ValueError(
            f"The parameters of a mixture must broadcast to one shape (..., M): {shapes}."
        ) from None


@inverse_cdf.register
def _(distribution: DiscretizedLogisticMixture, uniform: Tensor) -> Tensor:
    return distribution.icdf(uniform)


@log_prob.register
def _(distribution: DiscretizedLogisticMixture, levels: Tensor) -> Tensor:
    return distribution.log_prob(levels)


@table.register
def _(distribution: DiscretizedLogisticMixture) -> Tensor:
    return distribution._table()


@temper.register
def _(distribution: DiscretizedLogisticMixture, temperature: float) -> DiscretizedLogisticMixture:
    return DiscretizedLogisticMixture(
        distribution.logits / temperature,
        distribution.means,
        distribution.log_scales + math.log(temperature),
        distribution.num_levels,
        validate_args=False,
    )


@pick.register
def _(distribution: DiscretizedLogisticMixture, variable: int | Sequence[int]) -> DiscretizedLogisticMixture:
    return distribution._each(lambda parameter: parameter.flatten(1, -2)[:, variable])
