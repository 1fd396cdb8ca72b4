"""Samplers map explicit noise to observations. All map the same noise to the same observation; each has its own way.

"cached" walks through the model's incremental view, "naive" makes one full pass for every variable. Another one joins
by `register` below, or by an entry point of your package (`armod.plugins`), or goes to `sample` as an object.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from typing import Any, Protocol, Self

import torch
from torch import Tensor, distributions, nn

from armod.likelihoods import pick
from armod.plugins import plugins
from armod.sampling.adjust import Adjustment
from armod.sampling.threads import one_thread
from armod.sampling.walk import Incremental, draw_all, row_indices


class Sampled(Protocol):
    """What samplers need of a model: the two views, and the order of its variables."""

    event_shape: torch.Size

    def conditionals(self, x: Tensor, context: Tensor | None = None) -> distributions.Distribution:
        """Every conditional in one pass."""

    def incremental(self, num_samples: int, context: Tensor | None = None) -> Incremental:
        """One conditional at a time."""

    def ordering_for(self, num_variables: int) -> Tensor:
        """The ordering ``(D,)`` of observations of D variables."""


class Sampler(Protocol):
    """Any callable that maps noise ``(N, D)`` in generation order to levels ``(N, *event_shape)``."""

    def __call__(
        self,
        model: Any,
        uniform: Tensor,
        context: Tensor | None,
        known: Tensor | None,
        mask: Tensor | None,
        **options: Any,
    ) -> Tensor:
        """`known` and `mask` have the shape of the result, or both are None; `options` are those of `sample`."""


SAMPLERS: dict[str, Sampler] = {}


def register(name: str) -> Callable[[Sampler], Sampler]:
    """Let ``model.sample(..., method=name)`` use the sampler below.

    >>> @register("always first")
    ... def first_levels(model, uniform, context=None, known=None, mask=None, **options):
    ...     return torch.zeros(len(uniform), *model.event_shape, dtype=torch.int64)
    >>> sampler_named("always first") is SAMPLERS.pop("always first")
    True
    """

    def registered(sampler: Sampler) -> Sampler:
        SAMPLERS[name] = sampler
        return sampler

    return registered


def sampler_named(name: str) -> Sampler:
    """The sampler of this name, registered here or added by another package.

    Raises:
        ValueError: naming all there are, if there is none.
    """
    of_packages = plugins("armod.samplers")
    for known in (SAMPLERS, of_packages):
        if name in known:
            return known[name]
    names = ", ".join(f'"{known}"' for known in [*SAMPLERS, *of_packages])
    raise ValueError(f"method is {names} or a sampler object, not {name!r}.")


@register("cached")
def sample_cached(
    model: Sampled,
    uniform: Tensor,
    context: Tensor | None = None,
    known: Tensor | None = None,
    mask: Tensor | None = None,
    **options: Any,
) -> Tensor:
    """Sample through the model's own incremental view."""
    with one_thread(uniform.device):
        return _sample_through(model, model.incremental(len(uniform), context), uniform, known, mask, options)


@register("naive")
def sample_naive(
    model: Sampled,
    uniform: Tensor,
    context: Tensor | None = None,
    known: Tensor | None = None,
    mask: Tensor | None = None,
    **options: Any,
) -> Tensor:
    """Sample by one full pass of `conditionals` per variable: slow, and the oracle of every faster sampler."""
    view = Recomputing(model, len(uniform), context, _event_shape(model, uniform.shape[1]))
    return _sample_through(model, view, uniform, known, mask, options)


class Recomputing(Incremental):
    """The textbook loop: every step is one full-length pass of `conditionals`, of which one variable is used.

    Args:
        model: gives the conditionals.
        num_samples: N, observations to be made.
        context: of the model.
        event_shape: of the observations, if it is not the model's own.
    """

    def __init__(
        self,
        model: Sampled,
        num_samples: int,
        context: Tensor | None = None,
        event_shape: Sequence[int] | None = None,
    ) -> None:
        self.num_samples, self._model, self._context = num_samples, model, context
        shape = model.event_shape if event_shape is None else event_shape
        self._order = model.ordering_for(math.prod(shape)).tolist()
        self._x = torch.zeros(num_samples, *shape, dtype=torch.int64, device=device_of(model))
        self._step = 0

    def conditional(self) -> distributions.Distribution:
        """One pass over the whole, still unfinished observation."""
        return pick(self._model.conditionals(self._x, self._context), self._next_variable())

    def append(self, value: Tensor) -> None:
        """Write the value into its place."""
        self._x.flatten(1)[:, self._next_variable()] = value.long()
        self._step += 1

    def select(self, rows: Tensor | Sequence[int]) -> Self:
        """Nothing remembers the past but the observations themselves."""
        chosen = row_indices(rows, self.num_samples).to(self._x.device)
        context = None if self._context is None else self._context[chosen]
        other = type(self)(self._model, len(chosen), context, self._x.shape[1:])
        other._x, other._step = self._x[chosen], self._step
        return other

    def _next_variable(self) -> int:
        if self._step == len(self._order):
            raise ValueError(f"All {self._step} variables of these observations are known already.")
        return self._order[self._step]


def device_of(model: object) -> torch.device:
    """Where a model's parameters and buffers live; the CPU if it has none."""
    tensors = itertools.chain(model.parameters(), model.buffers()) if isinstance(model, nn.Module) else ()
    first = next(iter(tensors), None)
    return torch.device("cpu") if first is None else first.device


def _sample_through(
    model: Sampled,
    view: Incremental,
    uniform: Tensor,
    known: Tensor | None,
    mask: Tensor | None,
    options: dict[str, Any],
) -> Tensor:
    """Bring a completion into generation order, draw, and put the variables in their places."""
    adjustment = Adjustment(**options)
    ordering = model.ordering_for(uniform.shape[1])
    if known is not None and mask is not None:
        known, mask = known.flatten(1)[:, ordering], mask.flatten(1)[:, ordering]
    drawn = draw_all(view, uniform, known, mask, adjustment)
    x = torch.empty_like(drawn)
    x[:, ordering] = drawn
    return x.view(len(x), *_event_shape(model, uniform.shape[1]))


def _event_shape(model: Sampled, num_variables: int) -> Sequence[int]:
    """The model's own, or a sequence of another length."""
    return model.event_shape if num_variables == math.prod(model.event_shape) else (num_variables,)
