"""Levels without an order, each with its own logit: a bit, or one of K values. The distributions are torch's own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, distributions
from torch.distributions.utils import lazy_property
from torch.nn import functional as F

from armod.likelihoods.base import Likelihood, parameters_of
from armod.likelihoods.precision import at_least_single, in_single, next_above
from armod.likelihoods.ready_made import by_logits, inverse_cdf, log_prob, num_levels, pick, table, temper
from armod.settings import check_whole


@dataclass(frozen=True)
class Bernoulli(Likelihood):
    """A bit that is 1 with probability ``sigmoid(logit)``; a network has one output for each variable.

    >>> Bernoulli().distribution(torch.zeros(3, 1)).probs
    tensor([0.5000, 0.5000, 0.5000])
    """

    num_levels = 2
    num_parameters = 1
    draws_features = True

    def encode(self, levels: Tensor, dtype: torch.dtype) -> Tensor:
        """Return the bit itself, 0 or 1, as ``(..., 1)``."""
        return levels.to(dtype).unsqueeze(-1)

    def decode(self, features: Tensor) -> Tensor:
        """Return the only feature, which is the bit."""
        return features.squeeze(-1).long()

    def distribution(self, parameters: Tensor) -> distributions.Bernoulli:
        """Use the only output as the logit."""
        return distributions.Bernoulli(
            logits=parameters_of(parameters, self).squeeze(-1), validate_args=False
        )

    def noise(self, uniform: Tensor, dtype: torch.dtype) -> Tensor:
        """Return minus the logit of the noise, so that a draw is a single comparison."""
        return -torch.logit(uniform).to(at_least_single(dtype)).unsqueeze(-1)

    def draw(self, parameters: Tensor, noise: Tensor) -> Tensor:
        """Return 1 where ``uniform >= P(0)``, which means ``logit >= -logit(uniform)``."""
        return (parameters >= noise).squeeze(-1).long()

    def tempered(self, parameters: Tensor, temperature: float) -> Tensor:
        """Divide the logit by the temperature."""
        return in_single(parameters) / temperature

    def marginal(self, levels: Tensor) -> Tensor:
        """Return the log-odds of each bit."""
        return ((levels.double().sum(0) + 0.5) / (len(levels) + 1)).logit().unsqueeze(-1)

    def draw_features(self, parameters: Tensor, noise: Tensor, out: Tensor) -> None:
        """Let the comparison write the bit: a single operation, which saves time in a loop over variables."""
        torch.ge(parameters, noise, out=out)


@dataclass(frozen=True)
class Categorical(Likelihood):
    """One of K values; a network has K logits for each variable and reads a level as a one-hot vector.

    Args:
        num_levels: K, at least 1.

    Raises:
        ValueError: if there are fewer than 1 level, or no whole number of them.

    >>> Categorical(4).distribution(torch.zeros(3, 4)).batch_shape
    torch.Size([3])
    """

    num_levels: int

    def __post_init__(self) -> None:
        object.__setattr__(self, "num_levels", *check_whole(num_levels=self.num_levels))
        if self.num_levels < 1:
            raise ValueError(f"A categorical variable needs at least 1 level, not {self.num_levels}.")

    @property
    def num_parameters(self) -> int:  # type: ignore[override]
        """One logit per level."""
        return self.num_levels

    @property
    def num_features(self) -> int:  # type: ignore[override]
        """One input per level."""
        return self.num_levels

    def encode(self, levels: Tensor, dtype: torch.dtype) -> Tensor:
        """Return one-hot vectors, because levels need not have an order."""
        # faster than torch's one_hot, which makes int64 first, and unlike that it can be mapped by torch.func.vmap
        zeros = torch.zeros(*levels.shape, self.num_levels, dtype=dtype, device=levels.device)
        return zeros.scatter(-1, levels.long().unsqueeze(-1), 1)

    def decode(self, features: Tensor) -> Tensor:
        """Return the position of the 1."""
        return features.argmax(-1)

    def distribution(self, parameters: Tensor) -> distributions.Categorical:
        """Use the outputs as logits, which are normalised on demand."""
        return _Categorical(parameters_of(parameters, self))

    def noise(self, uniform: Tensor, dtype: torch.dtype) -> Tensor:
        """Return the least numbers above the uniform ones, so that a sum has to reach them."""
        return next_above(uniform, dtype).unsqueeze(-1)

    def draw(self, parameters: Tensor, noise: Tensor) -> Tensor:
        """Find the first level whose cumulative probability exceeds the uniform number."""
        if parameters.dtype != noise.dtype:
            parameters = parameters.to(noise.dtype)
        cumulative = parameters.softmax(-1).cumsum_(-1)
        # The last sum may round to just below 1. What is left goes to the first level with this sum: those after it have no
        # probability to speak of.
        reached = torch.minimum(noise, cumulative.narrow(-1, self.num_levels - 1, 1))
        return torch.searchsorted(cumulative, reached.contiguous()).squeeze(-1)

    def for_noise(self, noise: Tensor) -> Likelihood:
        """Leave the look at the last sum out if no number is so close to 1 that rounding could keep the sum below it."""
        rounding = (self.num_levels + 8) * torch.finfo(noise.dtype).eps  # twice what K sums can lose
        if type(self) is Categorical and noise.numel() and bool((noise <= 1 - rounding).all()):
            return _AlwaysReached(self.num_levels)
        return self

    def tempered(self, parameters: Tensor, temperature: float) -> Tensor:
        """Divide all logits by the temperature."""
        return in_single(parameters) / temperature

    def marginal(self, levels: Tensor) -> Tensor:
        """Return the logarithm of each level's frequency."""
        counts = torch.stack([(levels == level).sum(0) for level in range(self.num_levels)], dim=-1)
        return ((counts.double() + 0.5) / (len(levels) + 0.5 * self.num_levels)).log()


class _AlwaysReached(Categorical):
    """The same draws in two operations less, for noise that the last sum is known to reach."""

    def draw(self, parameters: Tensor, noise: Tensor) -> Tensor:
        if parameters.dtype != noise.dtype:
            parameters = parameters.to(noise.dtype)
        return torch.searchsorted(parameters.softmax(-1).cumsum_(-1), noise).squeeze(-1)


class _Categorical(distributions.Categorical):
    """A categorical distribution of torch with logits that are normalised only on demand.

    A likelihood needs one logit out of K, and training asks for nothing else. The argument is the network's own output
    ``(..., K)``.
    """

    def __init__(self, unnormalized: Tensor) -> None:
        self.unnormalized = unnormalized
        self._num_events = unnormalized.shape[-1]
        distributions.Distribution.__init__(self, unnormalized.shape[:-1], validate_args=False)

    @lazy_property
    def logits(self) -> Tensor:
        return self.unnormalized.log_softmax(-1)

    @property
    def _param(self) -> Tensor:  # type: ignore[override]
        return self.logits

    def expand(self, batch_shape: Sequence[int], _instance: object = None) -> _Categorical:
        return _Categorical(self.unnormalized.expand(*batch_shape, self._num_events))


@log_prob.register
def _(distribution: _Categorical, levels: Tensor) -> Tensor:
    if levels.shape != distribution.batch_shape:
        return distribution.log_prob(levels)  # broadcasts
    logits, levels = distribution.unnormalized.flatten(0, -2), levels.long()
    return -F.cross_entropy(logits, levels.flatten(), reduction="none").view(levels.shape)


@log_prob.register
def _(distribution: distributions.Bernoulli, levels: Tensor) -> Tensor:
    logits = in_single(distribution.logits)
    if logits is not distribution.logits:
        distribution = distributions.Bernoulli(logits=logits, validate_args=False)
    return distribution.log_prob(levels.to(logits.dtype))


@log_prob.register
def _(distribution: distributions.Categorical, levels: Tensor) -> Tensor:
    if distribution.logits.dtype != at_least_single(distribution.logits.dtype):
        distribution = by_logits(in_single(distribution.logits))
    return distribution.log_prob(levels)


@inverse_cdf.register
def _(distribution: distributions.Bernoulli, uniform: Tensor) -> Tensor:
    bit = Bernoulli()
    return bit.draw(distribution.logits.unsqueeze(-1), bit.noise(uniform, distribution.logits.dtype))


@inverse_cdf.register
def _(distribution: distributions.Categorical, uniform: Tensor) -> Tensor:
    levels = Categorical(distribution.logits.shape[-1])
    return levels.draw(distribution.logits, levels.noise(uniform, distribution.logits.dtype))


@table.register
def _(distribution: distributions.Bernoulli) -> Tensor:
    logits = in_single(distribution.logits)
    return F.logsigmoid(torch.stack([-logits, logits], dim=-1))


@table.register
def _(distribution: distributions.Categorical) -> Tensor:
    return in_single(distribution.logits).log_softmax(-1)


@temper.register
def _(distribution: distributions.Bernoulli, temperature: float) -> distributions.Bernoulli:
    return distributions.Bernoulli(logits=in_single(distribution.logits) / temperature, validate_args=False)


@temper.register
def _(distribution: distributions.Categorical, temperature: float) -> distributions.Categorical:
    return by_logits(in_single(distribution.logits) / temperature)


@pick.register
def _(distribution: distributions.Bernoulli, variable: int | Sequence[int]) -> distributions.Bernoulli:
    return distributions.Bernoulli(logits=distribution.logits.flatten(1)[:, variable], validate_args=False)


@pick.register
def _(distribution: distributions.Categorical, variable: int | Sequence[int]) -> distributions.Categorical:
    return by_logits(distribution.logits.flatten(1, -2)[:, variable])


@num_levels.register
def _(distribution: distributions.Bernoulli) -> int:
    return 2


@num_levels.register
def _(distribution: distributions.Categorical) -> int:
    return distribution.logits.shape[-1]
