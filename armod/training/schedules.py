"""Learning rates that change in the course of a run: ready-made schedules, and what `fit` does with any."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.optim.lr_scheduler import LRScheduler, ReduceLROnPlateau

from armod.settings import check_number, check_whole

Schedule = Callable[[int], float] | LRScheduler | Callable[[torch.optim.Optimizer], LRScheduler]


@dataclass(frozen=True)
class WarmUp:
    """A learning rate that grows by equal steps and then stays (Goyal et al. 2017, section 2.2).

    Args:
        num_steps: how many steps it takes to arrive; the first one already has a rate above 0.

    Raises:
        ValueError: if there is no step.

    >>> [WarmUp(4)(step) for step in range(6)]
    [0.25, 0.5, 0.75, 1.0, 1.0, 1.0]
    """

    num_steps: int

    def __post_init__(self) -> None:
        check_whole(num_steps=self.num_steps)
        if self.num_steps < 1:
            raise ValueError(f"num_steps is at least 1, not {self.num_steps!r}.")

    def __call__(self, step: int) -> float:
        """Return the factor of a step, counted from 0."""
        return min(1.0, (step + 1) / self.num_steps)


@dataclass(frozen=True)
class Cosine:
    """A learning rate that falls along half a cosine (Loshchilov and Hutter 2017, equation 5), after a warm-up if wanted.

    Args:
        num_steps: steps of the whole run, warm-up included: epochs times ``ceil(observations / batch_size)``. Afterwards
            the factor stays at `final`.
        warm_up: steps of a `WarmUp` before the fall.
        final: the factor at the end.

    Raises:
        ValueError: if the warm-up is as long as the run, or `final` lies outside 0..1.

    >>> [round(Cosine(6, warm_up=2, final=0.1)(step), 3) for step in range(8)]
    [0.5, 1.0, 1.0, 0.868, 0.55, 0.232, 0.1, 0.1]
    """

    num_steps: int
    warm_up: int = 0
    final: float = 0.0

    def __post_init__(self) -> None:
        check_whole(num_steps=self.num_steps, warm_up=self.warm_up)
        if not 0 <= self.warm_up < self.num_steps:
            raise ValueError(
                f"warm_up lies from 0 to below num_steps ({self.num_steps!r}), unlike {self.warm_up!r}."
            )
        check_number("final", self.final, lambda factor: 0 <= factor <= 1, "a factor from 0 to 1")

    def __call__(self, step: int) -> float:
        """Return the factor of a step, counted from 0."""
        if step < self.warm_up:
            return WarmUp(self.warm_up)(step)
        done = min(1.0, (step - self.warm_up) / (self.num_steps - self.warm_up))
        return self.final + (1 - self.final) * (1 + math.cos(math.pi * done)) / 2


class Rates:
    """The learning rates of an optimiser during a run.

    Args:
        optimizer: the optimiser.
        decay: factor of each epoch.
        schedule: None; a function that gives the factor of each step; a torch scheduler of this very optimiser; or a
            function that makes one from the optimiser.

    Raises:
        ValueError: if the schedule is none of these, belongs to another optimiser, waits for a metric, or comes beside a
            decay that changes the rates, too.

    >>> optimizer = torch.optim.SGD([torch.zeros(1)], lr=0.5)
    >>> rates = Rates(optimizer, 1.0, WarmUp(2))
    >>> rates.set(epoch=0, step=0)
    >>> optimizer.param_groups[0]["lr"]
    0.25
    """

    def __init__(self, optimizer: torch.optim.Optimizer, decay: float, schedule: Any) -> None:
        self._optimizer, self._decay = optimizer, decay
        self._before = [_settings(group) for group in optimizer.param_groups]
        self._had_own_step = "step" in vars(optimizer)
        self._is_users_own = isinstance(schedule, LRScheduler)
        self._factor: Callable[[int], float] | None = None
        self._scheduler: LRScheduler | None = None
        if schedule is not None:
            self._take(schedule)

    def _take(self, schedule: Any) -> None:
        made = schedule
        if not self._is_users_own:
            if not callable(schedule):
                raise ValueError(
                    "schedule is a function of the step, a torch scheduler, or a function that makes one from the "
                    f"optimizer, not {schedule!r}."
                )
            made = self._tried(schedule)
            if not isinstance(made, LRScheduler):
                self._factor = schedule
                return
        if isinstance(made, ReduceLROnPlateau):
            raise ValueError(
                "ReduceLROnPlateau waits for a metric once an epoch, but a schedule moves once a step: call it in a callback."
            )
        if made.optimizer is not self._optimizer:
            raise ValueError(
                "The schedule belongs to another optimizer: give its own optimizer instance, too, as `optimizer`."
            )
        if self._decay != 1:
            raise ValueError(
                "learning_rate_decay and a torch scheduler both set the learning rate: leave one of them out."
            )
        self._scheduler = made

    def _tried(self, schedule: Callable[[Any], Any]) -> Any:
        """What a function gives for step 0, if that is a number, or for the optimiser."""
        try:
            value = schedule(0)
            if _is_number(value):
                return value
            failure = f"schedule(0) is {value!r}"
        except Exception as error:
            failure = f"schedule(0) raises {type(error).__name__}: {next(iter(str(error).splitlines()), '')}"
        made, problem = None, None
        try:
            made = schedule(self._optimizer)
        except Exception as error:
            problem = error
        if not isinstance(made, LRScheduler):
            raise ValueError(
                "schedule gives a number for each step, counted from 0, or a torch scheduler for the optimizer, but "
                f"{failure.rstrip('. ')}."
            ) from problem
        return made

    def set(self, *, epoch: int, step: int) -> None:
        """Set the rates of the next step.

        Args:
            epoch: the epoch, from 0.
            step: optimiser steps before it in all epochs.

        Raises:
            ValueError: if the schedule's factor is no finite number, or below 0.
        """
        if self._factor is None and self._decay == 1:
            return  # a callback or the user's scheduler may change them
        factor = self._decay**epoch
        if self._factor is not None:
            own = self._factor(step)
            if not _is_number(own) or not 0 <= own < math.inf:
                raise ValueError(
                    f"The factor of a schedule is a number, 0 or more, but in step {step} it is {own!r}."
                )
            factor *= float(own)
        for group, before in zip(self._optimizer.param_groups, self._before, strict=True):
            group["lr"] = before["lr"] * factor

    def moved_on(self) -> None:
        """Note that the optimiser has made a step."""
        if self._scheduler is not None:
            self._scheduler.step()

    @contextmanager
    def restored(self) -> Iterator[None]:
        """Put the rates back at the end of a ``with`` block, unless they follow the user's own scheduler."""
        try:
            yield
        finally:
            is_changed = self._factor is not None or self._decay != 1 or self._scheduler is not None
            if is_changed and not self._is_users_own:
                for group, before in zip(self._optimizer.param_groups, self._before, strict=True):
                    for name in set(group) - {"params", *before}:
                        del group[name]
                    group.update(before)
                if not self._had_own_step:
                    vars(self._optimizer).pop("step", None)  # a torch scheduler wraps it to count

    def state(self) -> dict[str, Any] | None:
        """Return the state of a torch scheduler, for a checkpoint; a function needs none."""
        return None if self._scheduler is None else self._scheduler.state_dict()

    def load(self, state: dict[str, Any] | None) -> None:
        """Continue from a checkpoint.

        Args:
            state: what `state` returned.
        """
        if self._scheduler is not None and state is not None:
            self._scheduler.load_state_dict(state)

    def __str__(self) -> str:
        if self._scheduler is not None:
            return type(self._scheduler).__name__
        known = isinstance(self._factor, WarmUp | Cosine)
        return (
            repr(self._factor)
            if known
            else getattr(self._factor, "__qualname__", type(self._factor).__name__)
        )


def _settings(group: dict[str, Any]) -> dict[str, Any]:
    """The numbers of a parameter group, which a scheduler may change in place if they are tensors."""
    return {
        name: value.clone() if isinstance(value, Tensor) else value
        for name, value in group.items()
        if name != "params"
    }


def _is_number(value: Any) -> bool:
    if isinstance(value, Tensor):
        return value.ndim == 0
    return hasattr(value, "__float__") and not isinstance(value, bool)
