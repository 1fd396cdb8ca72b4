"""What every likelihood can do, and what can be done with a ready-made distribution of any model.

A likelihood knows three things: how levels enter a network (`encode`), how a network's outputs become a distribution
(`distribution`), and how one explicit uniform number becomes a level (`draw`, the inverse of the cumulative
distribution). Explicit noise makes sampling a deterministic map, so that two samplers with the same noise can be compared
bit by bit.

`inverse_cdf`, `temper`, `pick`, `num_levels` and `log_prob` work on a distribution without its likelihood. Each family of
distributions registers its own version.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from functools import singledispatch

import torch
from torch import Tensor, distributions


class Likelihood(ABC):
    """The family of distributions to which every conditional of a model belongs.

    Attributes:
        num_levels: K, the number of values that a variable can take.
        num_parameters: how many outputs of a network describe one variable.
        num_features: how many inputs of a network describe one level (see `encode`).

    >>> from armod.likelihoods import Categorical
    >>> parameters, uniform = torch.tensor([[0.2, 0.5, 0.3]]).log(), torch.tensor([0.6])
    >>> likelihood = Categorical(3)
    >>> likelihood.draw(parameters, likelihood.noise(uniform, torch.float32))
    tensor([1])
    """

    num_levels: int
    num_parameters: int
    num_features: int

    @abstractmethod
    def encode(self, levels: Tensor, dtype: torch.dtype) -> Tensor:
        """Turn levels into inputs of a network.

        Args:
            levels: tensor ``(...)`` of any dtype.
            dtype: dtype of the result.

        Returns:
            A tensor ``(..., num_features)``.
        """

    @abstractmethod
    def distribution(self, parameters: Tensor) -> distributions.Distribution:
        """Turn outputs of a network into a distribution.

        Args:
            parameters: tensor ``(..., num_parameters)``.

        Returns:
            A distribution over levels with batch shape ``(...)`` and event shape ``()``.
        """

    @abstractmethod
    def decode(self, features: Tensor) -> Tensor:
        """Invert `encode`.

        Args:
            features: inputs of a network ``(..., num_features)``.

        Returns:
            Levels, int64 ``(...)``.
        """

    @abstractmethod
    def noise(self, uniform: Tensor, dtype: torch.dtype) -> Tensor:
        """Prepare uniform numbers for `draw`; this is done once for many draws.

        Args:
            uniform: numbers in [0, 1) ``(...)``.
            dtype: dtype of the parameters that will be compared with them.

        Returns:
            A tensor ``(..., 1)``.
        """

    @abstractmethod
    def draw(self, parameters: Tensor, noise: Tensor) -> Tensor:
        """Find the smallest level whose cumulative probability exceeds the uniform number behind `noise`.

        Args:
            parameters: outputs of a network ``(..., num_parameters)``.
            noise: what `noise` returned, ``(..., 1)``.

        Returns:
            Levels, int64 ``(...)``.
        """

    def tempered(self, parameters: Tensor, temperature: float) -> Tensor:
        """Change parameters in the same way as `temper` changes a distribution.

        Args:
            parameters: outputs of a network ``(..., num_parameters)``.
            temperature: below 1 makes the distribution sharper, above 1 flatter.

        Returns:
            Parameters of the same shape.
        """
        return parameters / temperature

    @abstractmethod
    def marginal(self, levels: Tensor) -> Tensor:
        """Fit each variable by itself, with half an observation added to each level so that no level is impossible.

        Args:
            levels: tensor ``(N, D)``.

        Returns:
            Parameters ``(D, num_parameters)``.
        """

    def draw_features(self, parameters: Tensor, noise: Tensor, out: Tensor) -> None:
        """Draw levels and write them, encoded, into `out`.

        Args:
            parameters: outputs of a network ``(..., num_parameters)``.
            noise: what `noise` returned, ``(..., 1)``.
            out: tensor ``(..., num_features)`` that receives the result.
        """
        out.copy_(self.encode(self.draw(parameters, noise), out.dtype))


@singledispatch
def inverse_cdf(distribution: distributions.Distribution, uniform: Tensor) -> Tensor:
    """Find the smallest level whose cumulative probability exceeds `uniform`, for any distribution over levels.

    Args:
        distribution: a distribution over levels.
        uniform: numbers in [0, 1) of the distribution's batch shape.

    Returns:
        Levels of the same shape, int64.

    Raises:
        TypeError: if no inverse CDF is registered for this type of distribution.

    >>> inverse_cdf(distributions.Categorical(probs=torch.tensor([0.2, 0.5, 0.3])), torch.tensor(0.6))
    tensor(1)
    """
    raise TypeError(
        f"No inverse CDF is known for {type(distribution).__name__}; "
        "register one with armod.likelihoods.inverse_cdf.register."
    )


@singledispatch
def num_levels(distribution: distributions.Distribution) -> int | None:
    """Find the number of levels of a distribution.

    Args:
        distribution: a distribution over levels ``0..K-1``.

    Returns:
        K, or None if it is unknown.

    >>> num_levels(distributions.Categorical(logits=torch.zeros(4, 3)))
    3
    """
    return None


@singledispatch
def log_prob(distribution: distributions.Distribution, levels: Tensor) -> Tensor:
    """Compute the log-probability of levels of any dtype; torch's own Bernoulli accepts only the dtype of its logits.

    Args:
        distribution: a distribution over levels.
        levels: tensor that broadcasts with the batch shape.

    Returns:
        Log-probabilities in nats, one for each level.

    >>> log_prob(distributions.Bernoulli(logits=torch.zeros(2)), torch.tensor([0, 1], dtype=torch.uint8)).exp()
    tensor([0.5000, 0.5000])
    """
    logits = getattr(distribution, "logits", None)
    dtype = logits.dtype if isinstance(logits, Tensor) else torch.get_default_dtype()
    return distribution.log_prob(levels.to(dtype))


@singledispatch
def temper(distribution: distributions.Distribution, temperature: float) -> distributions.Distribution:
    """Divide all logits of a distribution by `temperature`.

    Args:
        distribution: a distribution over levels.
        temperature: below 1 makes the distribution sharper, above 1 flatter.

    Returns:
        A distribution of the same type.

    Raises:
        TypeError: if no temperature is registered for this type of distribution.

    >>> temper(distributions.Bernoulli(logits=torch.tensor(1.0)), 0.5).logits
    tensor(2.)
    """
    raise TypeError(
        f"No temperature is known for {type(distribution).__name__}; "
        "register one with armod.likelihoods.temper.register."
    )


@singledispatch
def pick(distribution: distributions.Distribution, variable: int) -> distributions.Distribution:
    """Select the conditional of one variable.

    Args:
        distribution: all conditionals, of batch shape ``(N, *event_shape)``.
        variable: flat index of the variable.

    Returns:
        A distribution of batch shape ``(N,)``.

    Raises:
        TypeError: if no way to select a variable is registered for this type of distribution.

    >>> pick(distributions.Bernoulli(logits=torch.tensor([[1.0, 2.0]])), 1).logits
    tensor([2.])
    """
    raise TypeError(
        f"No way to pick one variable of {type(distribution).__name__} is known; "
        "register one with armod.likelihoods.pick.register."
    )


def rescale(levels: Tensor, num_levels: int, dtype: torch.dtype) -> Tensor:
    """Map levels to numbers from -1 to 1, for networks that read levels as quantities.

    Args:
        levels: tensor ``(...)`` of levels ``0..num_levels-1``, of any dtype.
        num_levels: K, the number of levels.
        dtype: dtype of the result.

    Returns:
        A tensor ``(...)``; zeros if there is only one level.

    >>> rescale(torch.tensor([0, 1, 2]), 3, torch.float32)
    tensor([-1.,  0.,  1.])
    """
    highest = max(num_levels - 1, 1)
    # everything before the division is a whole number, so the ends are exactly -1 and 1
    return (2 * levels.to(dtype) - (num_levels - 1)) / highest
