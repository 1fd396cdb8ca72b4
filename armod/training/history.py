"""The progress of a run in numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import torch


@dataclass
class History:
    """The progress of a run of `fit`: bits per dimension, one number for each epoch and one for each step.

    Args:
        train_bits_per_dim: means over the training data while the model learnt.
        valid_bits_per_dim: means over the held-out data after each epoch; empty without held-out data.
        stopped_early: whether the run ended before its last epoch.
        seconds: how long it took.
        step_bits_per_dim: means over each batch before its step, of all epochs in a row.

    >>> History([1.0, 0.8, 0.7], [0.9, 0.85, 0.95]).best_epoch
    1
    """

    train_bits_per_dim: list[float] = field(default_factory=list)
    valid_bits_per_dim: list[float] = field(default_factory=list)
    stopped_early: bool = False
    seconds: float = field(default=0.0, repr=False, compare=False)
    step_bits_per_dim: list[float] = field(default_factory=list, repr=False)

    def __len__(self) -> int:
        return len(self.train_bits_per_dim)

    @property
    def best_epoch(self) -> int:
        """The epoch, from 0, whose weights the model has: the best one on held-out data, or else the last one."""
        held_out = self.valid_bits_per_dim
        return min(range(len(held_out)), key=held_out.__getitem__) if held_out else len(self) - 1

    def latest(self) -> dict[str, str]:
        """Return the numbers of the last epoch, for a progress bar."""
        columns = {"train": self.train_bits_per_dim, "valid": self.valid_bits_per_dim}
        return {name: f"{values[-1]:.4f} bits/dim" for name, values in columns.items() if values}

    def state(self) -> dict[str, Any]:
        """Return everything for a checkpoint; the steps, which are many, as one tensor."""
        return vars(self) | {"step_bits_per_dim": torch.tensor(self.step_bits_per_dim, dtype=torch.float64)}

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> History:
        """Return the history in a checkpoint.

        Args:
            state: what `state` returned.

        Returns:
            The history.
        """
        steps = state.get("step_bits_per_dim", torch.zeros(0))
        return cls(**{**state, "step_bits_per_dim": steps.tolist()})
