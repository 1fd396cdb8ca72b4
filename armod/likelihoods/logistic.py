"""Real-valued observations: a logistic density, or a mixture of several, whose logarithm is differentiable in everything.

A logistic variable is ``x = mean + scale * log(u / (1 - u))`` for a uniform u: explicit noise becomes an observation by two
operations that can be differentiated. That is why Parallel WaveNet (van den Oord et al. 2018) distils through this density.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Size, Tensor, distributions
from torch.distributions import constraints
from torch.nn import functional as F

from armod.likelihoods.base import Likelihood, parameters_of
from armod.likelihoods.logistic_mixture import equal_components, of_one_shape
from armod.likelihoods.precision import at_least_single, in_single
from armod.likelihoods.ready_made import inverse_cdf, pick, table, temper
from armod.settings import check_sizes

TRUNCATION = 2.0**-20
_LARGEST_LOG_SCALE = (
    40.0  # far beyond what data can ask for; with it no product below leaves the range of float32
)
_PARTS = 64  # into which the search for a mixture's quantile cuts an interval at a time
_NO_TABLE = "A Logistic is a density over real numbers, so there is no table of levels, and no top_k, top_p or greedy."


@dataclass(frozen=True)
class Logistic(Likelihood):
    """Real numbers, as a mixture of M logistic densities; a `log_prob` is a log-density in nats.

    A network has 3 M outputs for each variable: the M logits of the mixture, the M means, and the M logarithms of the
    scales, in the unit of the observations. An observation enters a network as it is. `armod.WaveNet` reads it by a linear
    layer; the other models read levels and refuse this likelihood.

    Sampling is the inverse CDF: ``mean + scale * logit(u)``, and for a mixture a search for the number at which its CDF
    reaches u, to the last digits of the dtype. Noise is clamped to [2**-20, 1 - 2**-20], about 1e-6. So a draw of one
    component lies within 13.9 scales of its mean. A temperature divides the logits and multiplies the scales.

    Args:
        num_components: M, at least 1.

    Raises:
        ValueError: if there are fewer than 1 component, or no whole number of them.

    >>> normal = Logistic()
    >>> normal.distribution(torch.zeros(1, 3)).log_prob(torch.zeros(1)).exp()  # 1 / (4 scale) at the mean
    tensor([0.2500])
    >>> normal.draw(torch.zeros(1, 3), normal.noise(torch.tensor([0.75]), torch.float32))
    tensor([1.0986])
    """

    num_components: int = 1

    num_levels = None  # type: ignore[assignment]
    num_features = 1

    def __post_init__(self) -> None:
        (number,) = check_sizes(num_components=self.num_components)
        object.__setattr__(self, "num_components", number)

    @property
    def num_parameters(self) -> int:  # type: ignore[override]
        """A logit, a mean and a log scale for each component."""
        return 3 * self.num_components

    def encode(self, levels: Tensor, dtype: torch.dtype) -> Tensor:
        """Return the numbers themselves, as ``(..., 1)``."""
        return levels.to(dtype).unsqueeze(-1)

    def decode(self, features: Tensor) -> Tensor:
        """Return the only feature, which is the number."""
        return features.squeeze(-1)

    def distribution(self, parameters: Tensor) -> LogisticDensity:
        """Split the outputs into logits, means and log scales."""
        logits, means, log_scales = parameters_of(parameters, self).split(self.num_components, dim=-1)
        return LogisticDensity(logits, means, log_scales, validate_args=False)

    def noise(self, uniform: Tensor, dtype: torch.dtype) -> Tensor:
        """Return logits of the noise for one component, so that a draw is a product and a sum."""
        prepared = _logit(uniform) if self.num_components == 1 else _clamped(uniform)
        return prepared.to(at_least_single(dtype)).unsqueeze(-1)

    def draw(self, parameters: Tensor, noise: Tensor) -> Tensor:
        """Invert the CDF, as the distribution's own `LogisticDensity.icdf` does."""
        density = self.distribution(parameters)
        return density._scaled(noise) if self.num_components == 1 else density._search(noise)

    def tempered(self, parameters: Tensor, temperature: float) -> Tensor:
        """Divide the logits by the temperature and multiply the scales by it."""
        logits, means, log_scales = in_single(parameters).split(self.num_components, dim=-1)
        return torch.cat([logits / temperature, means, log_scales + math.log(temperature)], dim=-1)

    def marginal(self, levels: Tensor) -> Tensor:
        """Place equal components at evenly spaced quantiles, wide enough to leave no gap."""
        return equal_components(levels.double(), self.num_components, narrowest=math.exp(-_LARGEST_LOG_SCALE))


class LogisticDensity(distributions.Distribution):
    """A mixture of logistic densities over the real numbers; batch shape ``(...)``, event shape ``()``.

    Log scales beyond ±40 are clamped and have no gradient.

    Args:
        logits: logits of the M components, ``(..., M)``; they need not be normalised.
        means: means of the components, ``(..., M)``.
        log_scales: logarithms of the scales, ``(..., M)``; the standard deviation is pi / sqrt(3) = 1.81 scales.
        validate_args: whether the arguments are checked; None is torch's default.

    Raises:
        ValueError: if a parameter is no tensor of numbers, or their shapes don't broadcast.

    >>> density = LogisticDensity(torch.zeros(2), torch.tensor([-3.0, 3.0]), torch.zeros(2))
    >>> density.mean, density.icdf(torch.tensor(0.5)).abs() < 1e-5
    (tensor(0.), tensor(True))
    """

    arg_constraints = {  # noqa: RUF012 - torch's own way to declare them
        "logits": constraints.real_vector,
        "means": constraints.real_vector,
        "log_scales": constraints.real_vector,
    }
    support = constraints.real
    has_rsample = True

    def __init__(
        self, logits: Tensor, means: Tensor, log_scales: Tensor, validate_args: bool | None = None
    ) -> None:
        if validate_args is not False:
            logits, means, log_scales = of_one_shape(logits=logits, means=means, log_scales=log_scales)
        self.logits, self.means, self.log_scales = map(in_single, (logits, means, log_scales))
        super().__init__(logits.shape[:-1], validate_args=validate_args)

    @property
    def mean(self) -> Tensor:
        """The expected value ``(...)``."""
        return (self.logits.softmax(-1) * self.means).sum(-1)

    @property
    def variance(self) -> Tensor:
        """The variance ``(...)``: that inside the components, and that of their means."""
        inside = math.pi**2 / 3 * self._log_scales().mul(2).exp()
        spread = (self.means - self.mean.unsqueeze(-1)).square()
        return (self.logits.softmax(-1) * (inside + spread)).sum(-1)

    def entropy(self) -> Tensor:
        """Compute the entropy ``(...)`` in nats, which is the log scale + 2.

        Raises:
            NotImplementedError: for a mixture, whose entropy has no formula.
        """
        if self.logits.shape[-1] > 1:
            raise NotImplementedError(
                "The entropy of a mixture of several logistic densities has no formula; average its log_prob instead."
            )
        return self._log_scales().squeeze(-1) + 2

    def log_prob(self, value: Tensor) -> Tensor:
        """Compute the log-density of real numbers.

        Args:
            value: numbers that broadcast with the batch shape.

        Returns:
            Log-densities in nats.
        """
        if self._validate_args:
            self._validate_sample(value)
        log_scales = self._log_scales()
        z = (value.unsqueeze(-1) - self.means) * torch.exp(-log_scales)
        # the density of z is sigmoid(z) * sigmoid(-z)
        by_component = F.logsigmoid(z) + F.logsigmoid(-z) - log_scales
        if by_component.shape[-1] == 1:
            return by_component.squeeze(-1)
        return (self.logits.log_softmax(-1) + by_component).logsumexp(-1)

    def cdf(self, value: Tensor) -> Tensor:
        """Compute the probability of all numbers up to `value`."""
        return self._mass_below(value.unsqueeze(-1)).squeeze(-1)

    def icdf(self, value: Tensor) -> Tensor:
        """Find the number at which the CDF reaches a uniform number, which is clamped to [2**-20, 1 - 2**-20].

        Args:
            value: uniform numbers of the batch shape.

        Returns:
            Real numbers.
        """
        dtype = self.means.dtype
        if self.logits.shape[-1] == 1:
            return self._scaled(_logit(value).to(dtype).unsqueeze(-1))
        return self._search(_clamped(value).to(dtype).unsqueeze(-1))

    def rsample(self, sample_shape: Any = Size()) -> Tensor:  # noqa: B008 - torch's own signature
        """Draw numbers ``(*sample_shape, *batch_shape)`` from torch's global generator, with gradients.

        Raises:
            NotImplementedError: for a mixture, whose draws have no gradient here.
        """
        if self.logits.shape[-1] > 1:
            raise NotImplementedError("Draws from a mixture of several logistic densities have no gradient.")
        return self.icdf(self._uniform(sample_shape))

    @torch.no_grad()
    def sample(self, sample_shape: Any = Size()) -> Tensor:  # noqa: B008 - torch's own signature
        """Draw numbers ``(*sample_shape, *batch_shape)`` from torch's global generator."""
        return self.icdf(self._uniform(sample_shape))

    def expand(self, batch_shape: Any, _instance: Any = None) -> LogisticDensity:
        """Return the same density over a larger batch."""
        return self._each(lambda parameter: parameter.expand(*batch_shape, parameter.shape[-1]))

    def _each(self, change: Callable[[Tensor], Tensor]) -> LogisticDensity:
        """The density whose three parameters have all been changed in the same way."""
        parameters = change(self.logits), change(self.means), change(self.log_scales)
        return LogisticDensity(*parameters, validate_args=False)

    def _uniform(self, sample_shape: Sequence[int]) -> Tensor:
        shape = self._extended_shape(Size(sample_shape))
        return torch.rand(shape, dtype=torch.float64, device=self.means.device)

    def _log_scales(self) -> Tensor:
        return self.log_scales.clamp(-_LARGEST_LOG_SCALE, _LARGEST_LOG_SCALE)

    def _scaled(self, logits: Tensor) -> Tensor:
        """Noise that is a logit, ``(..., M)``, moved and scaled as each component says; ``(...)`` of one component."""
        return torch.addcmul(self.means, self._log_scales().exp(), logits).squeeze(-1)

    def _mass_below(self, places: Tensor) -> Tensor:
        """The CDF at several places ``(..., L)``."""
        z = (places.unsqueeze(-1) - self.means.unsqueeze(-2)) * torch.exp(-self._log_scales()).unsqueeze(-2)
        # equal masses have equal sums only if components are always added in the same order, which follows the layout
        return (z.sigmoid() * self.logits.softmax(-1).unsqueeze(-2)).contiguous().sum(-1)

    def _search(self, mass: Tensor) -> Tensor:
        """Find where the CDF reaches `mass`, ``(..., 1)``.

        That is between the least and the greatest of the components' own quantiles. The interval is cut into 64 parts
        again and again, until it is as narrow as the dtype can say.
        """
        quantiles = torch.addcmul(self.means, self._log_scales().exp(), torch.logit(mass))
        low, high = quantiles.amin(-1, keepdim=True), quantiles.amax(-1, keepdim=True)
        cuts = torch.arange(1, _PARTS, dtype=mass.dtype, device=mass.device) / _PARTS
        digits = (
            -math.log2(torch.finfo(mass.dtype).eps) + 8
        )  # a few more, as an interval may be wider than its result
        for _ in range(math.ceil(digits / math.log2(_PARTS))):
            width = high - low
            passed = (self._mass_below(low + width * cuts) < mass).sum(-1, keepdim=True)
            low, high = low + width * (passed / _PARTS), low + width * ((passed + 1) / _PARTS)
        return ((low + high) / 2).squeeze(-1)


def _clamped(uniform: Tensor) -> Tensor:
    """Noise in float64, away from 0 and 1, where a logit is infinite."""
    return uniform.double().clamp(TRUNCATION, 1 - TRUNCATION)


def _logit(uniform: Tensor) -> Tensor:
    return torch.logit(_clamped(uniform))


@inverse_cdf.register
def _(distribution: LogisticDensity, uniform: Tensor) -> Tensor:
    return distribution.icdf(uniform)


@table.register
def _(distribution: LogisticDensity) -> Tensor:
    raise TypeError(_NO_TABLE)


@temper.register
def _(distribution: LogisticDensity, temperature: float) -> LogisticDensity:
    log_scales = distribution.log_scales + math.log(temperature)
    return LogisticDensity(
        distribution.logits / temperature, distribution.means, log_scales, validate_args=False
    )


@pick.register
def _(distribution: LogisticDensity, variable: int | Sequence[int]) -> LogisticDensity:
    return distribution._each(lambda parameter: parameter.flatten(1, -2)[:, variable])
