"""What every likelihood can do, and what can be done with a ready-made distribution of any model.

A likelihood knows three things: how levels enter a network (`encode`), how a network's outputs become a distribution
(`distribution`), and how one explicit uniform number becomes a level (`draw`, the inverse of the cumulative
distribution). Drawing by explicit noise makes sampling a deterministic map: two samplers that are given the same
noise can be compared bit by bit.

`inverse_cdf`, `temper`, `pick`, `num_levels` and `log_prob` do their work for a distribution by itself; each family
registers its own way.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
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

    def tempered(self, parameters: Tensor, temperature: float) -> Tensor:
        """Parameters of the same distribution made sharper (below 1) or flatter (above 1), as `temper` does."""
        return parameters / temperature

    @abstractmethod
    def marginal(self, levels: Tensor) -> Tensor:
        """Parameters ``(D, num_parameters)`` that fit each variable of ``(N, D)`` levels by itself.

        Frequencies with half an observation added to each level, so that nothing is impossible.
        """

    def draw_features(self, parameters: Tensor, noise: Tensor, out: Tensor) -> None:
        """Draw, and write the encoded draws ``(..., num_features)`` into `out`."""
        out.copy_(self.encode(self.draw(parameters, noise), out.dtype))


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


@singledispatch
def num_levels(distribution: distributions.Distribution) -> int | None:
    """K of a distribution over levels ``0..K-1``; None where it does not tell.

    >>> num_levels(distributions.Categorical(logits=torch.zeros(4, 3)))
    3
    """
    return None


@singledispatch
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


def rescale(levels: Tensor, num_levels: int, dtype: torch.dtype) -> Tensor:
    """Levels ``0..K-1`` of any dtype as numbers from -1 to 1 in `dtype`; zeros if there is but one level.

    For networks that read levels as quantities.

    >>> rescale(torch.tensor([0, 1, 2]), 3, torch.float32)
    tensor([-1.,  0.,  1.])
    """
    highest = max(num_levels - 1, 1)
    # whole numbers until the division: the ends are -1 and 1 exactly
    return (2 * levels.to(dtype) - (num_levels - 1)) / highest
