"""One variable at a time: what an incremental view is, the textbook's, and the samplers that walk through them.

A sampler maps explicit noise to observations. All of them map the same noise to the same observation; they differ in
what they compute on the way.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any, Protocol

import torch
from threadpoolctl import ThreadpoolController
from torch import Tensor, distributions, nn
from tqdm import tqdm

from armod.likelihoods import inverse_cdf, pick, temper

if TYPE_CHECKING:
    from armod.models.base import AutoregressiveModel


class Incremental:
    """Observations in the making: alternate `conditional` and `append`, in the order of the model's `ordering`."""

    def conditional(self) -> distributions.Distribution:
        """The distribution of the next variable, batch shape ``(N,)``, given all that were appended."""
        raise NotImplementedError(f"{type(self).__name__} must say how to compute its next conditional.")

    def append(self, value: Tensor) -> None:
        """Fix the next variable to the levels `value`, ``(N,)``."""
        raise NotImplementedError(f"{type(self).__name__} must say how to take in a value.")

    def generate(
        self, uniform: Tensor, known: Tensor | None, mask: Tensor | None, temperature: float
    ) -> Tensor:
        """Draw every variable from its noise: all arguments and the result are ``(N, D)``, in generation order."""
        drawn = torch.empty(uniform.shape, dtype=torch.int64, device=uniform.device)
        for k in tqdm(range(uniform.shape[1]), desc="sampling", unit="variable", delay=2, leave=False):
            conditional = self.conditional()
            if temperature != 1:
                conditional = temper(conditional, temperature)
            value = inverse_cdf(conditional, uniform[:, k])
            if known is not None and mask is not None:
                value = torch.where(mask[:, k], known[:, k], value)
            self.append(value)
            drawn[:, k] = value
        return drawn


class Recomputing(Incremental):
    """The textbook loop: every step is one full-length pass of `conditionals`, of which one variable is used."""

    def __init__(
        self,
        model: AutoregressiveModel,
        num_samples: int,
        context: Tensor | None = None,
        event_shape: Sequence[int] | None = None,
    ) -> None:
        """`num_samples` observations of `model`, all still to be made; `event_shape` if they are not of its own."""
        self._model, self._context = model, context
        shape = model.event_shape if event_shape is None else event_shape
        self._x = torch.zeros(num_samples, *shape, dtype=torch.int64, device=device_of(model))
        self._order = model.ordering_for(math.prod(shape)).tolist()
        self._step = 0

    def conditional(self) -> distributions.Distribution:
        """One pass over the whole, still unfinished observation."""
        return pick(self._model.conditionals(self._x, self._context), self._next_variable())

    def append(self, value: Tensor) -> None:
        """Write the value into its place."""
        self._x.flatten(1)[:, self._next_variable()] = value.long()
        self._step += 1

    def _next_variable(self) -> int:
        if self._step == len(self._order):
            raise ValueError(f"All {self._step} variables of these observations are known already.")
        return self._order[self._step]


class Sampler(Protocol):
    """Any callable that maps noise ``(N, D)`` in generation order to levels ``(N, *event_shape)``."""

    def __call__(
        self,
        model: AutoregressiveModel,
        uniform: Tensor,
        context: Tensor | None,
        known: Tensor | None,
        mask: Tensor | None,
        **options: Any,
    ) -> Tensor:
        """`known` and `mask` have the shape of the result, or both are None."""


def sample_cached(
    model: AutoregressiveModel,
    uniform: Tensor,
    context: Tensor | None = None,
    known: Tensor | None = None,
    mask: Tensor | None = None,
    *,
    temperature: float = 1.0,
) -> Tensor:
    """Sample through the model's own incremental view."""
    with one_thread(uniform.device):
        view = model.incremental(len(uniform), context)
        return _generate(model, view, uniform, known, mask, temperature)


def sample_naive(
    model: AutoregressiveModel,
    uniform: Tensor,
    context: Tensor | None = None,
    known: Tensor | None = None,
    mask: Tensor | None = None,
    *,
    temperature: float = 1.0,
) -> Tensor:
    """Sample by one full pass of `conditionals` per variable: slow, and the oracle of every faster sampler."""
    view = Recomputing(model, len(uniform), context, _event_shape(model, uniform.shape[1]))
    return _generate(model, view, uniform, known, mask, temperature)


SAMPLERS: dict[str, Callable[..., Tensor]] = {"cached": sample_cached, "naive": sample_naive}


def device_of(model: nn.Module) -> torch.device:
    """Where a model's parameters and buffers live; the CPU if it has none."""
    first = next(itertools.chain(model.parameters(), model.buffers()), None)
    return torch.device("cpu") if first is None else first.device


@contextmanager
def one_thread(device: torch.device) -> Iterator[None]:
    """Run a loop of small CPU operations on one thread: forking threads for each costs more than it saves."""
    if device.type != "cpu":
        yield
        return
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with _numpys_threads().limit(limits=1, user_api="blas"):
            yield
    finally:
        torch.set_num_threads(before)


@cache
def _numpys_threads() -> ThreadpoolController:
    """Which libraries are loaded takes milliseconds to find out, so it is asked once."""
    return ThreadpoolController()


def _generate(
    model: AutoregressiveModel,
    view: Incremental,
    uniform: Tensor,
    known: Tensor | None,
    mask: Tensor | None,
    temperature: float,
) -> Tensor:
    """Bring a completion into generation order, let the view generate, and put its variables in their places."""
    if not temperature > 0:
        raise ValueError(f"temperature must be above 0, not {temperature}.")
    ordering = model.ordering_for(uniform.shape[1])
    if known is not None and mask is not None:
        known, mask = known.flatten(1)[:, ordering], mask.flatten(1)[:, ordering]
    generate = getattr(type(view), "generate", Incremental.generate)
    drawn = generate(view, uniform, known, mask, temperature)
    x = torch.empty_like(drawn)
    x[:, ordering] = drawn
    return x.view(len(x), *_event_shape(model, uniform.shape[1]))


def _event_shape(model: AutoregressiveModel, num_variables: int) -> Sequence[int]:
    """The model's own, or a sequence of another length."""
    return model.event_shape if num_variables == model.num_variables else (num_variables,)
