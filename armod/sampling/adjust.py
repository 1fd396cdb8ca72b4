"""What sampling changes in a conditional before it draws from it; likelihoods do not change."""

from __future__ import annotations

import math
import numbers
from dataclasses import dataclass, fields
from typing import Any, Self

import torch
from torch import Tensor, distributions

from armod.likelihoods import Likelihood, table, temper
from armod.sampling.filters import Filter, filtered
from armod.settings import shown

_LOWEST, _HIGHEST = 1e-30, 1e30  # what a float32 can be divided by


@dataclass(frozen=True)
class Adjustment:
    """The options of `AutoregressiveModel.sample`, which are applied to one conditional after the other.

    Args:
        temperature: divides the logits; below 1 makes the distribution sharper, above 1 flatter. A logistic mixture keeps its form:
            the logits of its components are divided, and their scales multiplied.
        top_k: only this many levels stay, the most probable ones; among equal ones the lowest.
        top_p: only the smallest set of most probable levels stays whose probability, after `top_k`, reaches this ("nucleus
            sampling", Holtzman et al. 2020, section 3.1); at least one level.
        greedy: whether to take the most probable level, or the lowest of several, whatever the noise.
        filter: a rule of your own, which is applied before the others: ``f(distribution, step, values)`` returns a distribution
            over the same levels (`armod.sampling.without` leaves some out). ``distribution`` is the next variable's, of batch
            shape ``(N,)``. ``step`` is k, how many variables are made, known ones included; the next one is
            ``model.ordering[k]``. ``values`` are their levels ``(N, k)`` in the order of generation. It is not called for a
            variable that is known in every row. N is the number of rows that are drawn together: an ensemble of MADEs draws
            those of each member by themselves.

    Raises:
        ValueError: if an option has an impossible value.

    >>> fair = distributions.Categorical(probs=torch.tensor([0.4, 0.3, 0.2, 0.1]))
    >>> Adjustment(top_k=3, top_p=0.7).distribution(fair).probs
    tensor([0.5714, 0.4286, 0.0000, 0.0000])

    An adjustment is itself a filter. A rule of your own, that no level may follow itself:

    >>> from armod import NGram
    >>> from armod.sampling import without
    >>> def no_repeats(distribution, step, values):
    ...     if step == 0:
    ...         return distribution
    ...     return without(distribution, torch.nn.functional.one_hot(values[:, -1], 3).bool())
    >>> model = NGram((6,), 2, num_levels=3).fit(torch.tensor([[0, 0, 0, 1, 1, 2]]))
    >>> x = model.sample(50, filter=no_repeats)
    >>> bool((x[:, 1:] == x[:, :-1]).any())
    False
    """

    temperature: float = 1.0
    top_k: int | None = None
    top_p: float | None = None
    greedy: bool = False
    filter: Filter | None = None

    def __post_init__(self) -> None:
        if not _is_number(self.temperature) or not _LOWEST <= self.temperature <= _HIGHEST:
            raise ValueError(
                f"temperature must be above 0 (from {_LOWEST:g} to {_HIGHEST:g}), not {self.temperature!r}; "
                "greedy=True takes the most probable level."
            )
        is_whole = isinstance(self.top_k, numbers.Integral) and not isinstance(self.top_k, bool)
        if self.top_k is not None and not (is_whole and self.top_k >= 1):
            raise ValueError(f"top_k is a number of levels, 1 or more, or None for all, not {self.top_k!r}.")
        if self.top_p is not None and (not _is_number(self.top_p) or not 0 < self.top_p <= 1):
            raise ValueError(
                f"top_p is a probability above 0 and at most 1, or None for all levels, not {self.top_p!r}."
            )
        if not isinstance(self.greedy, bool):
            raise ValueError(f"greedy is True or False, not {self.greedy!r}.")
        if self.filter is not None and not callable(self.filter):
            raise ValueError(
                f"filter is a function of a distribution, a step and values, or None, not {shown(self.filter)}."
            )

    def __call__(
        self,
        distribution: distributions.Distribution,
        step: int,
        values: Tensor,
        is_drawn: Tensor | None = None,
    ) -> distributions.Distribution:
        """Adjust the next variable's distribution, as every filter.

        Args:
            distribution: of batch shape ``(N,)``.
            step: k, how many variables are made.
            values: their levels ``(N, k)``, in the order of generation.
            is_drawn: which rows are drawn from the result, boolean ``(N,)``; None is all.

        Returns:
            A distribution of the same batch shape.

        Raises:
            ValueError: if `filter` returns no distribution over the same levels, or leaves no level of a row that is drawn.
        """
        if self.filter is not None:
            if is_drawn is None:
                is_drawn = torch.ones(len(values), dtype=torch.bool)
            distribution = filtered(self.filter, distribution, step, values, is_drawn)
        return self.distribution(distribution)

    @classmethod
    def of(cls, **options: Any) -> Self:
        """Take the options of a call.

        Args:
            **options: options by their names.

        Returns:
            The adjustment.

        Raises:
            ValueError: if there is no option of a name, or it has an impossible value.

        >>> Adjustment.of(topk=3)
        Traceback (most recent call last):
        ValueError: topk is no option of sample; the options are temperature, top_k, top_p, greedy, filter, stop and callback.
        """
        names = [field.name for field in fields(cls)]
        for name in options:
            if name not in names:
                raise ValueError(
                    f"{name} is no option of sample; the options are {', '.join(names)}, stop and callback."
                )
        return cls(**options)

    @property
    def changes(self) -> bool:
        """Whether any option changes the conditionals."""
        return self.temperature != 1 or self.selects or self.filter is not None

    def likelihood(self, likelihood: Likelihood) -> Likelihood:
        """Make the likelihood whose draws are those of adjusted conditionals, but for `filter`, which needs values.

        Args:
            likelihood: that of the conditionals.

        Returns:
            A likelihood of the same parameters, levels and features.

        >>> from armod.likelihoods import Bernoulli
        >>> greedy, logits = Adjustment(greedy=True).likelihood(Bernoulli()), torch.tensor([[-0.1], [0.1]])
        >>> greedy.draw(logits, greedy.noise(torch.tensor([0.99, 0.01]), torch.float32))
        tensor([0, 1])
        """
        if not self.changes:
            return likelihood
        if not self.selects:
            trial = torch.zeros(1, likelihood.num_parameters)
            if likelihood.tempered(trial, self.temperature) is not None:
                return _Tempered(likelihood, self)
        return _Adjusted(likelihood, self)

    def distribution(self, conditional: distributions.Distribution) -> distributions.Distribution:
        """Adjust a ready-made distribution by everything but `filter`.

        Args:
            conditional: a distribution over levels.

        Returns:
            A distribution of the same batch shape.
        """
        if self.temperature != 1:
            conditional = temper(conditional, self.temperature)
        if not self.selects:
            return conditional
        log_probs = table(conditional)
        stays = self._stays(log_probs)
        return distributions.Categorical(
            logits=log_probs.masked_fill(~stays, -torch.inf), validate_args=False
        )

    @property
    def selects(self) -> bool:
        """Whether levels are left out."""
        return self.greedy or self.top_k is not None or (self.top_p is not None and self.top_p < 1)

    def _stays(self, log_probs: Tensor) -> Tensor:
        """Which levels are not left out, ``(..., K)``."""
        num_levels = log_probs.shape[-1]
        if self.greedy:
            levels = torch.arange(num_levels, device=log_probs.device)
            return levels == log_probs.argmax(-1, keepdim=True)
        # a stable order keeps the lowest of equal levels first
        in_order, order = log_probs.sort(dim=-1, descending=True, stable=True)
        ranks = torch.arange(num_levels, device=log_probs.device).expand_as(order)
        stays = ranks < (num_levels if self.top_k is None else self.top_k)
        if self.top_p is not None:
            probs = in_order.masked_fill(~stays, -torch.inf).softmax(-1)
            before = probs.cumsum(-1) - probs
            # what reaches top_p but for rounding reaches it; the first level always stays
            stays = stays & ((before < self.top_p - 4 * torch.finfo(probs.dtype).eps) | (ranks == 0))
        return torch.zeros_like(stays).scatter(-1, order, stays)


class _Adjusted(Likelihood):
    """The likelihood of adjusted conditionals, which are made anew for each draw."""

    def __init__(self, likelihood: Likelihood, adjustment: Adjustment) -> None:
        self._likelihood, self._adjustment = likelihood, adjustment
        self.num_levels, self.num_features = likelihood.num_levels, likelihood.num_features
        self.num_parameters = likelihood.num_parameters

    def distribution(self, parameters: Tensor) -> distributions.Distribution:
        return self._adjustment.distribution(self._likelihood.distribution(parameters))

    def encode(self, levels: Tensor, dtype: torch.dtype) -> Tensor:
        return self._likelihood.encode(levels, dtype)

    def decode(self, features: Tensor) -> Tensor:
        return self._likelihood.decode(features)


class _Tempered(_Adjusted):
    """The same for a likelihood whose parameters express a temperature, so that its own draws serve."""

    def __init__(self, likelihood: Likelihood, adjustment: Adjustment) -> None:
        super().__init__(likelihood, adjustment)
        self.draws_features = likelihood.draws_features
        self.below, self.temperature = likelihood, adjustment.temperature

    def noise(self, uniform: Tensor, dtype: torch.dtype) -> Tensor:
        return self._likelihood.noise(uniform, dtype)

    def draw(self, parameters: Tensor, noise: Tensor) -> Tensor:
        return self._likelihood.draw(self._own(parameters), noise)

    def draw_features(self, parameters: Tensor, noise: Tensor, out: Tensor) -> None:
        self._likelihood.draw_features(self._own(parameters), noise, out)

    def _own(self, parameters: Tensor) -> Tensor:
        tempered = self._likelihood.tempered(parameters, self._adjustment.temperature)
        assert tempered is not None
        return tempered


def without_temperature(likelihood: Likelihood) -> tuple[Likelihood, float]:
    """Take a likelihood apart that `Adjustment.likelihood` made of one whose parameters express a temperature.

    Args:
        likelihood: any likelihood.

    Returns:
        The likelihood below and the temperature that divides its parameters, which is 1 if it is itself.

    >>> from armod.likelihoods import Bernoulli
    >>> without_temperature(Adjustment(temperature=2.0).likelihood(Bernoulli()))
    (Bernoulli(), 2.0)
    """
    if isinstance(likelihood, _Tempered):
        return likelihood.below, likelihood.temperature
    return likelihood, 1.0


def _is_number(value: object) -> bool:
    return isinstance(value, numbers.Real) and not isinstance(value, bool) and not math.isnan(value)
