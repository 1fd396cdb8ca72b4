"""Levels without an order, each with its own logit: a bit, or one of K values. The distributions are torch's own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, distributions
from torch.distributions.utils import lazy_property
from torch.nn import functional as F

from armod.likelihoods.base import Likelihood, inverse_cdf, log_prob, num_levels, pick, temper


@dataclass(frozen=True)
class Bernoulli(Likelihood):
    """A bit that is 1 with probability ``sigmoid(logit)``; a network has one output for each variable.

    >>> Bernoulli().distribution(torch.zeros(3, 1)).probs
    tensor([0.5000, 0.5000, 0.5000])
    """

    num_levels = 2
    num_parameters = 1
    num_features = 1

    def encode(self, levels: Tensor, dtype: torch.dtype) -> Tensor:
        """Return the bit itself, 0 or 1, as ``(..., 1)``."""
        return levels.to(dtype).unsqueeze(-1)

    def decode(self, features: Tensor) -> Tensor:
        """Return the only feature, which is the bit."""
        return features.squeeze(-1).long()

    def distribution(self, parameters: Tensor) -> distributions.Bernoulli:
        """Use the only output as the logit."""
        return distributions.Bernoulli(logits=parameters.squeeze(-1), validate_args=False)

    def noise(self, uniform: Tensor, dtype: torch.dtype) -> Tensor:
        """Return minus the logit of the noise, so that a draw is a single comparison."""
        return -torch.logit(uniform).to(dtype).unsqueeze(-1)

    def draw(self, parameters: Tensor, noise: Tensor) -> Tensor:
        """Return 1 where ``uniform >= P(0)``, which means ``logit >= -logit(uniform)``."""
        return (parameters >= noise).squeeze(-1).long()

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
        ValueError: if there are fewer than 1 level.

    >>> Categorical(4).distribution(torch.zeros(3, 4)).batch_shape
    torch.Size([3])
    """

    num_levels: int

    def __post_init__(self) -> None:
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
        return _Categorical(parameters)

    def noise(self, uniform: Tensor, dtype: torch.dtype) -> Tensor:
        """Return the uniform numbers themselves, as ``(..., 1)``."""
        return uniform.to(dtype).unsqueeze(-1)

    def draw(self, parameters: Tensor, noise: Tensor) -> Tensor:
        """Count the levels whose cumulative probability does not exceed the uniform number."""
        cumulative = parameters.softmax(-1).cumsum(-1)
        level = torch.searchsorted(cumulative, noise.contiguous(), right=True).squeeze(-1)
        # the last sum may round to just below 1; the last level takes what is left
        return level.clamp_(max=self.num_levels - 1)

    def marginal(self, levels: Tensor) -> Tensor:
        """Return the logarithm of each level's frequency."""
        counts = torch.stack([(levels == level).sum(0) for level in range(self.num_levels)], dim=-1)
        return ((counts.double() + 0.5) / (len(levels) + 0.5 * self.num_levels)).log()


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


@inverse_cdf.register
def _(distribution: distributions.Bernoulli, uniform: Tensor) -> Tensor:
    bit = Bernoulli()
    return bit.draw(distribution.logits.unsqueeze(-1), bit.noise(uniform, distribution.logits.dtype))


@inverse_cdf.register
def _(distribution: distributions.Categorical, uniform: Tensor) -> Tensor:
    levels = Categorical(distribution.logits.shape[-1])
    return levels.draw(distribution.logits, levels.noise(uniform, distribution.logits.dtype))


@temper.register
def _(distribution: distributions.Bernoulli, temperature: float) -> distributions.Bernoulli:
    return distributions.Bernoulli(logits=distribution.logits / temperature, validate_args=False)


@temper.register
def _(distribution: distributions.Categorical, temperature: float) -> distributions.Categorical:
    return distributions.Categorical(logits=distribution.logits / temperature, validate_args=False)


@pick.register
def _(distribution: distributions.Bernoulli, variable: int) -> distributions.Bernoulli:
    return distributions.Bernoulli(logits=distribution.logits.flatten(1)[:, variable], validate_args=False)


@pick.register
def _(distribution: distributions.Categorical, variable: int) -> distributions.Categorical:
    logits = distribution.logits.flatten(1, -2)
    return distributions.Categorical(logits=logits[:, variable], validate_args=False)


@num_levels.register
def _(distribution: distributions.Bernoulli) -> int:
    return 2


@num_levels.register
def _(distribution: distributions.Categorical) -> int:
    return distribution.logits.shape[-1]
