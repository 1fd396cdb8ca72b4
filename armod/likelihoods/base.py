"""What every likelihood can do.

A likelihood says how a network's outputs become a distribution over levels (`distribution`). All else follows from this: how
levels enter a network (`encode`), and how one explicit uniform number becomes a level (`draw`, the inverse of the cumulative
distribution). Explicit noise makes sampling a deterministic map, so that two samplers with the same noise can be compared
bit by bit.

Many of these have faster versions for a particular distribution, which are optional.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

import torch
from torch import Tensor, distributions

from armod.inputs import tensor_of
from armod.likelihoods.precision import at_least_single, below_one, in_single
from armod.likelihoods.ready_made import inverse_cdf, table
from armod.settings import check_sizes, shown


class Likelihood(ABC):
    """The family of distributions to which every conditional of a model belongs.

    A likelihood of your own needs `num_levels`, `num_parameters`, and the method `distribution`. Its distribution needs what
    torch's have, a ``support`` of the levels ``0..K-1`` and ``log_prob``. Whatever you inherit beside that from a likelihood
    with another `distribution` is derived anew.

    Attributes:
        num_levels: K, the number of values that a variable can take; None for real numbers (`armod.likelihoods.Logistic`).
        num_parameters: how many outputs of a network describe one variable.
        num_features: how many inputs of a network describe one level (see `encode`).
        draws_features: whether `draw_features` is quicker than `draw` followed by `encode`, and `decode` exact in any dtype.

    How many of 10 coins show heads:

    >>> class Heads(Likelihood):
    ...     num_levels, num_parameters = 11, 1
    ...     def distribution(self, parameters):
    ...         return distributions.Binomial(10, logits=parameters.squeeze(-1))
    >>> heads, parameters, uniform = Heads(), torch.zeros(1, 1), torch.tensor([0.6])
    >>> heads.draw(parameters, heads.noise(uniform, torch.float32))
    tensor([5])
    """

    num_levels: int
    num_parameters: int
    num_features: int = 1
    draws_features: bool = False

    def __init_subclass__(cls, **rest: Any) -> None:
        """Forget the faster versions that a subclass inherits, where they were written for what it says anew."""
        super().__init_subclass__(**rest)
        if _is_below(cls, "distribution", "draw"):
            _derive(cls, "draw")
            if _is_below(cls, "distribution", "noise"):
                _derive(cls, "noise")
        for name in ("tempered", "marginal"):
            if _is_below(cls, "distribution", name):
                _derive(cls, name)
        if _is_below(cls, "encode", "decode"):
            _derive(cls, "decode")
        if any(_is_below(cls, name, "draw_features") for name in ("draw", "noise", "encode", "decode")):
            _derive(cls, "draw_features", "draws_features")

    @abstractmethod
    def distribution(self, parameters: Tensor) -> distributions.Distribution:
        """Turn outputs of a network into a distribution.

        Args:
            parameters: tensor ``(..., num_parameters)``.

        Returns:
            A distribution over levels with batch shape ``(...)`` and event shape ``()``.
        """

    def encode(self, levels: Tensor, dtype: torch.dtype) -> Tensor:
        """Turn levels into inputs of a network; unless a likelihood says otherwise, numbers from -1 to 1 (`rescale`).

        Args:
            levels: tensor ``(...)`` of any dtype.
            dtype: dtype of the result.

        Returns:
            A tensor ``(..., num_features)``.
        """
        return rescale(levels, self.num_levels, dtype).unsqueeze(-1)

    def decode(self, features: Tensor) -> Tensor:
        """Invert `encode`, which means to find the level with the nearest features.

        Args:
            features: inputs of a network ``(..., num_features)``.

        Returns:
            Levels, int64 ``(...)``.
        """
        precise = in_single(features)
        every_level = torch.arange(self.num_levels, device=features.device)
        distances = torch.cdist(precise.flatten(0, -2), self.encode(every_level, precise.dtype), p=1)
        return distances.argmin(-1).view(features.shape[:-1])

    def value_dtype(self, dtype: torch.dtype) -> torch.dtype:
        """Tell the dtype of observations, which is int64 for levels, and float32 at least for real numbers.

        Args:
            dtype: dtype of the network.

        Returns:
            The dtype.
        """
        return at_least_single(dtype) if self.num_levels is None else torch.int64

    def noise(self, uniform: Tensor, dtype: torch.dtype) -> Tensor:
        """Prepare uniform numbers for `draw`; this is done once for many draws.

        Args:
            uniform: numbers in [0, 1) ``(...)``.
            dtype: dtype of the parameters that will be compared with them.

        Returns:
            A tensor ``(..., 1)``, in float32 at least.
        """
        return below_one(uniform, dtype).unsqueeze(-1)

    def draw(self, parameters: Tensor, noise: Tensor) -> Tensor:
        """Find the smallest level whose cumulative probability exceeds the uniform number behind `noise`.

        Args:
            parameters: outputs of a network ``(..., num_parameters)``.
            noise: what `noise` returned, ``(..., 1)``.

        Returns:
            Levels, int64 ``(...)``.
        """
        return inverse_cdf(self.distribution(in_single(parameters)), noise.squeeze(-1))

    def for_noise(self, noise: Tensor) -> Likelihood:
        """Choose the quickest way to draw from noise that is known in advance.

        Args:
            noise: what `noise` returned for all draws.

        Returns:
            A likelihood that draws the same levels from this noise.
        """
        return self

    def tempered(self, parameters: Tensor, temperature: float) -> Tensor | None:
        """Change parameters in the same way as `temper` changes a distribution, if parameters can express it.

        Args:
            parameters: outputs of a network ``(..., num_parameters)``.
            temperature: below 1 makes the distribution sharper, above 1 flatter.

        Returns:
            Parameters of the same shape, or None if there is no such change; samplers then change the distribution.
        """
        return None

    def marginal(self, levels: Tensor) -> Tensor:
        """Fit each variable by itself, with half an observation added to each level so that no level is impossible.

        Unless a likelihood has a formula, the likelihood of the counts is climbed from parameters close to zero.

        Args:
            levels: tensor ``(N, D)``.

        Returns:
            Parameters ``(D, num_parameters)``, float64.

        Raises:
            ValueError: if the climb ends at parameters that are not finite.
        """
        counts = torch.stack([(levels == level).sum(0) for level in range(self.num_levels)], dim=-1)
        shares = (counts.double() + 0.5) / (len(levels) + 0.5 * self.num_levels)
        # not all equal, so that equal parts of a mixture part
        start = torch.linspace(-0.1, 0.1, self.num_parameters, dtype=torch.float64, device=levels.device)
        parameters = start.repeat(len(shares), 1).requires_grad_()
        climb = torch.optim.LBFGS([parameters], max_iter=200, line_search_fn="strong_wolfe")

        def loss() -> Tensor:
            climb.zero_grad()
            log_probs = table(self.distribution(parameters))
            is_possible = log_probs > -torch.inf
            total = -(shares * log_probs.where(is_possible, 0)).sum()
            total.backward()
            return total

        with torch.enable_grad():
            climb.step(loss)
        fitted = parameters.detach()
        if not fitted.isfinite().all():
            raise ValueError(
                f"No parameters of {type(self).__name__} that fit each variable by itself were found; "
                "give it a method `marginal`."
            )
        return fitted

    def draw_features(self, parameters: Tensor, noise: Tensor, out: Tensor) -> None:
        """Draw levels and write them, encoded, into `out`.

        Args:
            parameters: outputs of a network ``(..., num_parameters)``.
            noise: what `noise` returned, ``(..., 1)``.
            out: tensor ``(..., num_features)`` that receives the result.
        """
        out.copy_(self.encode(self.draw(parameters, noise), out.dtype))


def check_likelihood(likelihood: object, *, reads_real_numbers: bool = False) -> None:
    """Check that a likelihood is an object, not a class or a name, and that the model can read its observations.

    Args:
        likelihood: what a user gave.
        reads_real_numbers: whether the model reads real numbers, or levels only.

    Raises:
        ValueError: if it is not a `Likelihood`, or one of real numbers for a model that reads levels.

    >>> check_likelihood("bernoulli")
    Traceback (most recent call last):
    ValueError: likelihood is an object such as armod.likelihoods.Bernoulli(), not 'bernoulli'.
    """
    if not isinstance(likelihood, Likelihood):
        raise ValueError(
            f"likelihood is an object such as armod.likelihoods.Bernoulli(), not {shown(likelihood)}."
        )
    if likelihood.num_levels is None and not reads_real_numbers:
        raise ValueError(
            f"likelihood {likelihood} is of real numbers, but this model reads levels; armod.WaveNet reads real numbers."
        )


def parameters_of(given: object, likelihood: Likelihood) -> Tensor:
    """Take the outputs of a network that a likelihood turns into a distribution.

    Args:
        given: what a user gave.
        likelihood: the likelihood.

    Returns:
        The outputs as a tensor ``(..., num_parameters)``, in float32 at least.

    Raises:
        ValueError: if they are no tensor, or not `num_parameters` for each variable.

    >>> from armod.likelihoods import Categorical
    >>> parameters_of(torch.zeros(3, 5), Categorical(4))
    Traceback (most recent call last):
    ValueError: parameters of Categorical(num_levels=4) have shape (..., 4), not (3, 5).
    """
    parameters = given
    if not isinstance(parameters, Tensor):
        parameters = tensor_of(given, "parameters", f"shape (..., {likelihood.num_parameters})")
    if not parameters.dim() or parameters.shape[-1] != likelihood.num_parameters:
        raise ValueError(
            f"parameters of {likelihood} have shape (..., {likelihood.num_parameters}), not {tuple(parameters.shape)}."
        )
    return in_single(parameters)


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
    if type(num_levels) is not int or num_levels < 1:
        (num_levels,) = check_sizes(num_levels=num_levels)
    levels = tensor_of(levels, "levels", "whole numbers")
    highest = max(num_levels - 1, 1)
    # everything before the division is a whole number, so the ends are exactly -1 and 1
    return ((2 * levels.to(at_least_single(dtype)) - (num_levels - 1)) / highest).to(dtype)


def _is_below(cls: type, name: str, faster: str) -> bool:
    """Whether `name` is defined by a class below that which defines `faster`, which therefore can't know of it."""
    first, second = (
        next(place for place, base in enumerate(cls.__mro__) if attribute in vars(base))
        for attribute in (name, faster)
    )
    return first < second


def _derive(cls: type[Likelihood], *names: str) -> None:
    """Give a class the derived versions back."""
    for name in names:
        if getattr(cls, name) is not getattr(Likelihood, name):
            setattr(cls, name, getattr(Likelihood, name))
