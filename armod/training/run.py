"""The state of a run: everything that `fit` changes, which a checkpoint must therefore contain."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, cast

import torch
from torch import Tensor
from torch.optim.swa_utils import AveragedModel

from armod.models.base import AutoregressiveModel
from armod.training.history import History
from armod.training.schedules import Rates


@dataclass
class Run:
    """A run of `fit` between two steps.

    Args:
        model: the model that learns.
        optimizer: its optimiser.
        rates: the learning rates of the optimiser.
        averaged: the running average of the model's weights, if there is one.
        history: the numbers so far.
        best: the weights of the best epoch on held-out data.
        step: optimiser steps so far.

    >>> from armod import MADE, likelihoods
    >>> model = MADE((2,), [], likelihood=likelihoods.Bernoulli())
    >>> optimizer = torch.optim.Adam(model.parameters())
    >>> Run(model, optimizer, Rates(optimizer, 1.0, None)).judged is model
    True
    """

    model: AutoregressiveModel
    optimizer: torch.optim.Optimizer
    rates: Rates
    averaged: AveragedModel | None = None
    history: History = field(default_factory=History)
    best: dict[str, Tensor] | None = None
    step: int = 0

    @property
    def judged(self) -> AutoregressiveModel:
        """The model that is validated and that the run ends with: the average, if there is one."""
        return self.model if self.averaged is None else cast(AutoregressiveModel, self.averaged.module)

    def stepped(self, bits_per_dim: float) -> None:
        """Note a step.

        Args:
            bits_per_dim: the mean of its batch.
        """
        if self.averaged is not None:
            self.averaged.update_parameters(self.model)
        self.history.step_bits_per_dim.append(bits_per_dim)
        self.step += 1

    def keep_best(self) -> None:
        """Copy the weights of the present epoch."""
        self.best = {name: value.clone() for name, value in self.judged.state_dict().items()}

    def finish(self) -> None:
        """Give the model the weights that the run ends with."""
        self.model.load_state_dict(self.judged.state_dict() if self.best is None else self.best)

    def state(self) -> dict[str, Any]:
        """Return everything, for a checkpoint."""
        return {
            "model": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "averaged": None if self.averaged is None else self.averaged.state_dict(),
            "history": self.history.state(),
            "best": self.best,
            "step": self.step,
            "schedule": self.rates.state(),
        }

    def resume(self, state: dict[str, Any] | None) -> None:
        """Continue from a checkpoint.

        Args:
            state: what `state` returned, or None to begin anew.
        """
        if state is None:
            return
        self.model.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])
        if self.averaged is not None:
            self.averaged.load_state_dict(state["averaged"])
        self.history, self.best = History.from_state(state["history"]), state["best"]
        self.step = state.get("step", 0)
        self.rates.load(state.get("schedule"))


def average_of(model: AutoregressiveModel, decay: float) -> AveragedModel | None:
    """Copy the model; `update_parameters` moves the copy towards the present weights.

    Args:
        model: the model.
        decay: the decay of the average in the long run; 0 averages nothing.

    Returns:
        The average, or None.
    """
    if not decay:
        return None

    def moved(average: Tensor, present: Tensor, num_averaged: Tensor | int) -> Tensor:
        young = torch.as_tensor((1 + num_averaged) / (10 + num_averaged))
        return average.lerp(present, (1 - young.clamp(max=decay)).to(average))

    return AveragedModel(model, avg_fn=moved)
