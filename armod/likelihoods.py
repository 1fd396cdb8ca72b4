"""Likelihoods: what a network's outputs say about one variable, as a distribution over its levels ``0..K-1``.

A likelihood knows three things: how levels enter a network (`encode`), how a network's outputs become a distribution
(`distribution`), and how one explicit uniform number becomes a level (`draw`, the inverse of the cumulative
distribution). Drawing by explicit noise makes sampling a deterministic map: two samplers that are given the same
noise can be compared bit by bit.

`inverse_cdf` and `temper` do the same for a ready-made distribution of any model.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import singledispatch

import torch
from torch import Tensor, distributions


class Likelihood(ABC):
    """The family of every conditional of a model.

    num_levels: K, the number of values a variable can take.
    num_parameters: outputs a network must give for each variable.
    num_features: inputs by which `encode` hands one level to a network.
    """

    num_levels: int
    num_parameters: int
    num_features: int

    @abstractmethod
    def encode(self, levels: Tensor, dtype: torch.dtype) -> Tensor:
        """Levels ``(...)`` of any dtype as network inputs ``(..., num_features)`` of `dtype`."""

    @abstractmethod
    def distribution(self, parameters: Tensor) -> distributions.Distribution:
        """Network outputs ``(..., num_parameters)`` as a distribution with batch shape ``(...)``."""

    @abstractmethod
    def decode(self, features: Tensor) -> Tensor:
        """The inverse of `encode`: network inputs ``(..., num_features)`` as int64 levels ``(...)``."""

    @abstractmethod
    def noise(self, uniform: Tensor, dtype: torch.dtype) -> Tensor:
        """Uniform numbers in [0, 1) ``(...)``, prepared once for any number of draws: ``(..., 1)``."""

    @abstractmethod
    def draw(self, parameters: Tensor, noise: Tensor) -> Tensor:
        """The smallest level ``(...)`` whose cumulative probability exceeds the uniform number behind `noise`."""

    @abstractmethod
    def marginal(self, levels: Tensor) -> Tensor:
        """Parameters ``(D, num_parameters)`` that fit each variable of ``(N, D)`` levels by itself.

        Frequencies with half an observation added to each level, so that nothing is impossible.
        """

    def draw_features(self, parameters: Tensor, noise: Tensor, out: Tensor) -> None:
        """Draw, and write the encoded draws ``(..., num_features)`` into `out`."""
        out.copy_(self.encode(self.draw(parameters, noise), out.dtype))


@dataclass(frozen=True)
class Bernoulli(Likelihood):
    """A bit with probability ``sigmoid(logit)`` of being 1; one output per variable.

    >>> Bernoulli().distribution(torch.zeros(3, 1)).probs
    tensor([0.5000, 0.5000, 0.5000])
    """

    num_levels = 2
    num_parameters = 1
    num_features = 1

    def encode(self, levels: Tensor, dtype: torch.dtype) -> Tensor:
        """The bit itself, 0 or 1."""
        return levels.to(dtype).unsqueeze(-1)

    def decode(self, features: Tensor) -> Tensor:
        """The only feature is the bit."""
        return features.squeeze(-1).long()

    def distribution(self, parameters: Tensor) -> distributions.Bernoulli:
        """The only output is the logit."""
        return distributions.Bernoulli(logits=parameters.squeeze(-1), validate_args=False)

    def noise(self, uniform: Tensor, dtype: torch.dtype) -> Tensor:
        """Minus the logit of the noise: then a draw is one comparison."""
        return -torch.logit(uniform).to(dtype).unsqueeze(-1)

    def draw(self, parameters: Tensor, noise: Tensor) -> Tensor:
        """1 where ``uniform >= P(0)``, that is where ``logit >= -logit(uniform)``."""
        return (parameters >= noise).squeeze(-1).long()

    def marginal(self, levels: Tensor) -> Tensor:
        """The log-odds of each bit."""
        return ((levels.double().sum(0) + 0.5) / (len(levels) + 1)).logit().unsqueeze(-1)

    def draw_features(self, parameters: Tensor, noise: Tensor, out: Tensor) -> None:
        """The comparison itself writes the bit: one small operation, which counts in a loop over variables."""
        torch.ge(parameters, noise, out=out)


@dataclass(frozen=True)
class Categorical(Likelihood):
    """One of `num_levels` values; as many logits per variable, and a one-hot vector as input.

    Raises:
        ValueError: for fewer than 1 level.

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
        """One-hot vectors: levels need not have an order."""
        return torch.nn.functional.one_hot(levels.long(), self.num_levels).to(dtype)

    def decode(self, features: Tensor) -> Tensor:
        """The place of the one."""
        return features.argmax(-1)

    def distribution(self, parameters: Tensor) -> distributions.Categorical:
        """The outputs are the logits, normalised by the distribution."""
        return distributions.Categorical(logits=parameters, validate_args=False)

    def noise(self, uniform: Tensor, dtype: torch.dtype) -> Tensor:
        """The uniform numbers themselves."""
        return uniform.to(dtype).unsqueeze(-1)

    def draw(self, parameters: Tensor, noise: Tensor) -> Tensor:
        """Counts the levels whose cumulative probability does not exceed the uniform number."""
        cumulative = parameters.softmax(-1).cumsum(-1)
        # the last sum may round to just below 1: the last level takes what is left
        return (cumulative[..., :-1] <= noise).sum(-1)

    def marginal(self, levels: Tensor) -> Tensor:
        """The logarithm of each level's frequency."""
        counts = torch.stack([(levels == level).sum(0) for level in range(self.num_levels)], dim=-1)
        return ((counts.double() + 0.5) / (len(levels) + 0.5 * self.num_levels)).log()


@singledispatch
def inverse_cdf(distribution: distributions.Distribution, uniform: Tensor) -> Tensor:
    """The smallest level whose cumulative probability exceeds `uniform`, for any distribution over levels.

    uniform: numbers in [0, 1) of the distribution's batch shape. Returns levels of that shape.

    Raises:
        TypeError: for a distribution that nobody has registered here.

    >>> inverse_cdf(distributions.Categorical(probs=torch.tensor([0.2, 0.5, 0.3])), torch.tensor(0.6))
    tensor(1)
    """
    raise TypeError(
        f"No inverse CDF is known for {type(distribution).__name__}; "
        "register one with armod.likelihoods.inverse_cdf.register."
    )


@inverse_cdf.register
def _(distribution: distributions.Bernoulli, uniform: Tensor) -> Tensor:
    bit = Bernoulli()
    return bit.draw(distribution.logits.unsqueeze(-1), bit.noise(uniform, distribution.logits.dtype))


@inverse_cdf.register
def _(distribution: distributions.Categorical, uniform: Tensor) -> Tensor:
    levels = Categorical(distribution.logits.shape[-1])
    return levels.draw(distribution.logits, levels.noise(uniform, distribution.logits.dtype))


def num_levels(distribution: distributions.Distribution) -> int | None:
    """K of a distribution over levels ``0..K-1``; None where it does not tell.

    >>> num_levels(distributions.Categorical(logits=torch.zeros(4, 3)))
    3
    """
    if isinstance(distribution, distributions.Categorical):
        return distribution.logits.shape[-1]
    return 2 if isinstance(distribution, distributions.Bernoulli) else None


def log_prob(distribution: distributions.Distribution, levels: Tensor) -> Tensor:
    """Log-probability of `levels` of any dtype; torch's own Bernoulli accepts none but its logits'.

    >>> log_prob(distributions.Bernoulli(logits=torch.zeros(2)), torch.tensor([0, 1], dtype=torch.uint8)).exp()
    tensor([0.5000, 0.5000])
    """
    logits = getattr(distribution, "logits", None)
    dtype = logits.dtype if isinstance(logits, Tensor) else torch.get_default_dtype()
    return distribution.log_prob(levels.to(dtype))


@singledispatch
def temper(distribution: distributions.Distribution, temperature: float) -> distributions.Distribution:
    """The distribution with all logits divided by `temperature`: below 1 sharper, above 1 flatter.

    Raises:
        TypeError: for a distribution that nobody has registered here.

    >>> temper(distributions.Bernoulli(logits=torch.tensor(1.0)), 0.5).logits
    tensor(2.)
    """
    raise TypeError(
        f"No temperature is known for {type(distribution).__name__}; "
        "register one with armod.likelihoods.temper.register."
    )


@temper.register
def _(distribution: distributions.Bernoulli, temperature: float) -> distributions.Bernoulli:
    return distributions.Bernoulli(logits=distribution.logits / temperature, validate_args=False)


@temper.register
def _(distribution: distributions.Categorical, temperature: float) -> distributions.Categorical:
    return distributions.Categorical(logits=distribution.logits / temperature, validate_args=False)


@singledispatch
def pick(distribution: distributions.Distribution, variable: int) -> distributions.Distribution:
    """The conditional ``(N,)`` of one variable, by flat index, out of all conditionals ``(N, *event_shape)``.

    Raises:
        TypeError: for a distribution that nobody has registered here.

    >>> pick(distributions.Bernoulli(logits=torch.tensor([[1.0, 2.0]])), 1).logits
    tensor([2.])
    """
    raise TypeError(
        f"No way to pick one variable of {type(distribution).__name__} is known; "
        "register one with armod.likelihoods.pick.register."
    )


@pick.register
def _(distribution: distributions.Bernoulli, variable: int) -> distributions.Bernoulli:
    return distributions.Bernoulli(logits=distribution.logits.flatten(1)[:, variable], validate_args=False)


@pick.register
def _(distribution: distributions.Categorical, variable: int) -> distributions.Categorical:
    logits = distribution.logits.flatten(1, -2)
    return distributions.Categorical(logits=logits[:, variable], validate_args=False)
