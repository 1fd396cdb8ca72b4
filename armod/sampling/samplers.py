"""Samplers map explicit noise to observations. All of them map the same noise to the same observation in different ways.

"cached" uses the model's incremental view, and "naive" makes one full pass for every variable. You can add a sampler with
`register` below, or with an entry point of your package (`armod.plugins`), or pass it to `sample` as an object.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from typing import Any, Protocol, Self

import torch
from torch import Tensor, distributions, nn

from armod.inputs import conditionals_of, next_levels
from armod.likelihoods import Likelihood, pick
from armod.plugins import plugins
from armod.sampling.adjust import Adjustment
from armod.sampling.drawing import Callback, draw_all
from armod.sampling.threads import one_thread
from armod.sampling.walk import Incremental, check_room, row_indices
from armod.settings import whole_numbers


class Sampled(Protocol):
    """What samplers need of a model: its two views, and the order of its variables.

    >>> from armod.models.histogram import Histogram
    >>> coin: Sampled = Histogram((2,), 2, smoothing=1.0)
    >>> sample_naive(coin, torch.tensor([[0.1, 0.9]], dtype=torch.float64))
    tensor([[0, 1]])
    """

    event_shape: torch.Size
    likelihood: Likelihood | None

    def conditionals(self, x: Tensor, context: Tensor | None = None) -> distributions.Distribution:
        """Compute every conditional in one pass, as `AutoregressiveModel.conditionals`."""

    def incremental(self, num_samples: int, context: Tensor | None = None) -> Incremental:
        """Generate one variable at a time, as `AutoregressiveModel.incremental`."""

    def ordering_for(self, num_variables: int) -> Tensor:
        """Return the ordering ``(D,)`` of observations of D variables."""


class Sampler(Protocol):
    """Any callable that maps noise ``(N, D)`` in the order of generation to levels ``(N, *event_shape)``.

    >>> from armod.models.histogram import Histogram
    >>> sampler: Sampler = sampler_named("cached")
    >>> sampler(Histogram((2,), 2, smoothing=1.0), torch.tensor([[0.1, 0.9]], dtype=torch.float64))
    tensor([[0, 1]])
    """

    def __call__(
        self,
        model: Any,
        uniform: Tensor,
        context: Tensor | None,
        known: Tensor | None,
        mask: Tensor | None,
        **options: Any,
    ) -> Tensor:
        """Draw levels from noise.

        Args:
            model: the model.
            uniform: noise in [0, 1), float64 ``(N, D)``.
            context: a checked context, or None.
            known: levels in the shape of the result, or None.
            mask: booleans in the shape of the result, True where the level of `known` is kept; or None.
            **options: the options of `AutoregressiveModel.sample`.

        Returns:
            Levels, int64 ``(N, *event_shape)``.
        """


SAMPLERS: dict[str, Sampler] = {}


def register(name: str) -> Callable[[Sampler], Sampler]:
    """Register a sampler, as a decorator, so that ``model.sample(..., method=name)`` uses it.

    Args:
        name: the name of the method.

    Returns:
        The decorator.

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
    """Find a sampler that is registered here or added by another package.

    Args:
        name: the name of the method.

    Returns:
        The sampler.

    Raises:
        ValueError: if there is no sampler of this name; the message lists all names.
    """
    of_packages = plugins("armod.samplers")
    for known in (SAMPLERS, of_packages):
        if isinstance(name, str) and name in known:
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
    view = model.incremental(len(uniform), context)
    if isinstance(view, Recomputing):  # it does not know the length of these observations
        return sample_naive(model, uniform, context, known, mask, **options)
    with one_thread(uniform.device):
        return _sample_through(model, view, uniform, known, mask, options)


@register("naive")
def sample_naive(
    model: Sampled,
    uniform: Tensor,
    context: Tensor | None = None,
    known: Tensor | None = None,
    mask: Tensor | None = None,
    **options: Any,
) -> Tensor:
    """Sample with one full pass of `conditionals` per variable, which is slow; faster samplers are tested against it."""
    view = Recomputing(model, len(uniform), context, event_shape_of(model, uniform.shape[1]))
    return _sample_through(model, view, uniform, known, mask, options)


class Recomputing(Incremental, takes_blocks=True):
    """The textbook loop: every step makes one full-length pass of `conditionals`, of which one variable is used.

    Args:
        model: computes the conditionals.
        num_samples: N, the number of observations.
        context: what the model needs beside the levels.
        event_shape: shape of the observations, if it is not the model's own.

    >>> from armod.models.histogram import Histogram
    >>> Recomputing(Histogram((2,), 2, smoothing=1.0), num_samples=3).conditional().batch_shape
    torch.Size([3])
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
        self.value_dtype = value_dtype_of(model)
        self._x = torch.zeros(num_samples, *shape, dtype=self.value_dtype, device=device_of(model))
        self._step = 0

    def conditional(self) -> distributions.Distribution:
        """Make one pass over the whole observation, which is still incomplete."""
        variable = self._next_variable()
        conditionals = self._model.conditionals(self._x, self._context)
        return pick(conditionals_of(conditionals, self._x.shape, self._model), variable)

    def append(self, value: Tensor) -> None:
        """Write the value, or a block of them, into the observation."""
        self._next_variable()
        levels = next_levels(value, self.num_samples, self._num_levels)
        self._x = self._with(levels, "value")
        self._step += levels.shape[1]

    def peek(self, values: Tensor) -> distributions.Distribution:
        """Look ahead as `Incremental.peek`, with one pass over the whole observation."""
        self._next_variable()
        levels = next_levels(values, self.num_samples, self._num_levels, "values")
        x = self._with(levels, "values")
        conditionals = conditionals_of(self._model.conditionals(x, self._context), x.shape, self._model)
        return pick(conditionals, self._order[self._step : self._step + levels.shape[1] + 1])

    def select(self, rows: Tensor | Sequence[int]) -> Self:
        """Select rows of the observations, which are all that it remembers."""
        chosen = row_indices(rows, self.num_samples).to(self._x.device)
        context = None if self._context is None else self._context[chosen]
        other = type(self)(self._model, len(chosen), context, self._x.shape[1:])
        other._x, other._step = self._x[chosen], self._step
        return other

    @property
    def _num_levels(self) -> int | None:
        return None if self._model.likelihood is None else self._model.likelihood.num_levels

    def _with(self, levels: Tensor, name: str) -> Tensor:
        """The observations with these levels ``(N, a)`` of the next variables."""
        check_room(levels.shape[1], len(self._order) - self._step, name)
        x = self._x.clone()
        x.flatten(1)[:, self._order[self._step : self._step + levels.shape[1]]] = levels.to(x)
        return x

    def _next_variable(self) -> int:
        if self._step == len(self._order):
            raise ValueError(f"All {self._step} variables of these observations are known already.")
        return self._order[self._step]


def device_of(model: object) -> torch.device:
    """Return the device of a model's parameters and buffers, or the CPU if it has none."""
    tensors = itertools.chain(model.parameters(), model.buffers()) if isinstance(model, nn.Module) else ()
    first = next(iter(tensors), None)
    return torch.device("cpu") if first is None else first.device


def check_can_guess(model: Sampled, adjustment: Adjustment) -> None:
    """Raise a ValueError for what guessing can't sample: real numbers, of which no guess is ever right, and filters."""
    if model.likelihood is not None and model.likelihood.num_levels is None:
        raise ValueError(
            f"A guess of a level can be right, but samples of {model.likelihood} are real numbers: use the method "
            '"cached" or "naive".'
        )
    if adjustment.filter is not None:
        raise ValueError(
            "A filter looks at the values so far, and a guess may never become one: use the method "
            '"cached" or "naive".'
        )


def value_dtype_of(model: Sampled) -> torch.dtype:
    """Return the dtype of a model's samples: int64 for levels, and for real numbers that of its parameters."""
    if model.likelihood is None:
        return torch.int64
    tensors = itertools.chain(model.parameters(), model.buffers()) if isinstance(model, nn.Module) else ()
    dtypes = (tensor.dtype for tensor in tensors if tensor.is_floating_point())
    return model.likelihood.value_dtype(next(dtypes, torch.float32))


def _sample_through(
    model: Sampled,
    view: Incremental,
    uniform: Tensor,
    known: Tensor | None,
    mask: Tensor | None,
    options: dict[str, Any],
) -> Tensor:
    """Arrange a completion in the order of generation, draw, and put the variables in their places."""
    ordering = model.ordering_for(uniform.shape[1])
    stop, callback, adjustment = options_of(options, model, ordering)
    if known is not None and mask is not None:
        known, mask = known.flatten(1)[:, ordering], mask.flatten(1)[:, ordering]
    drawn = draw_all(view, uniform, known, mask, adjustment, stop=stop, callback=callback)
    x = torch.empty_like(drawn)
    x[:, ordering] = drawn
    return x.view(len(x), *event_shape_of(model, uniform.shape[1]))


def options_of(
    options: dict[str, Any], model: Sampled, ordering: Tensor
) -> tuple[int | None, Callback | None, Adjustment]:
    """Take the options of `AutoregressiveModel.sample`, checked.

    Args:
        options: the options by their names.
        model: the model.
        ordering: permutation ``(D,)`` of the observations that will be drawn.

    Returns:
        The level that ends a row; the callback, which is called with steps instead of variables; and the adjustment.

    Raises:
        ValueError: if an option is unknown or has an impossible value.

    >>> from armod.models.histogram import Histogram
    >>> options_of({"stop": 1, "top_k": 2}, Histogram((2,), 3), torch.arange(2))[0]
    1
    """
    others = dict(options)
    stop, callback = others.pop("stop", None), others.pop("callback", None)
    num_levels = None if model.likelihood is None else model.likelihood.num_levels
    if stop is not None:
        level = whole_numbers([stop])
        if level is None or level[0] < 0 or (num_levels is not None and level[0] >= num_levels):
            last = "" if num_levels is None else f" to {num_levels - 1}"
            raise ValueError(f"stop is None or a level, a whole number from 0{last or ' on'}, not {stop!r}.")
    if callback is not None:
        if not callable(callback):
            raise ValueError(f"callback is a function of a variable and its levels, not {callback!r}.")
        variables, of_variables = ordering.tolist(), callback
        callback = lambda step, levels: of_variables(variables[step], levels)  # noqa: E731
    adjustment = Adjustment.of(**others)
    if model.likelihood is not None and num_levels is None and (stop is not None or adjustment.selects):
        raise ValueError(
            f"stop, top_k, top_p and greedy choose among levels, but samples of {model.likelihood} are real numbers."
        )
    return stop, callback, adjustment


def event_shape_of(model: Sampled, num_variables: int) -> Sequence[int]:
    """Find the event shape of observations of a length.

    Args:
        model: the model.
        num_variables: D.

    Returns:
        The model's own event shape, or that of a sequence of another length.
    """
    return model.event_shape if num_variables == math.prod(model.event_shape) else (num_variables,)
