"""Small recurrent networks on which wrong answers show: each symbol changes the state much."""

from __future__ import annotations

from dataclasses import astuple, dataclass

import numpy as np
import torch
from torch import Tensor

from armod.course.exercises import Answer, Handle, Mistake, shown
from armod.course.exercises.engine.draws import normal


@dataclass(frozen=True)
class Network:
    """The recurrent network of the notebook's given cell: ``h = tanh(embedding[s] + U h)``, ``logits = V h + bias``."""

    embedding: Tensor  # (K + 1, H): the last row is for the start
    recurrence: Tensor  # (H, H)
    readout: Tensor  # (K, H)
    bias: Tensor  # (K,)

    @property
    def start(self) -> int:
        """The number of the start symbol; also K, the number of the others."""
        return len(self.bias)

    def first_state(self, num: int) -> Tensor:
        """Zeros ``(N, H)``."""
        return self.recurrence.new_zeros(num, len(self.recurrence))

    def step(self, symbols: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        """Logits ``(N, K)`` of the next symbol and the state ``(N, H)`` after reading symbols ``(N,)``."""
        state = torch.tanh(self.embedding[symbols] + state @ self.recurrence.T)
        return state @ self.readout.T + self.bias, state

    def logits(self, inputs: Tensor) -> Tensor:
        """Logits ``(N, T, K)``, each after the inputs ``(N, T)`` up to its own."""
        state, found = self.first_state(len(inputs)), []
        for symbols in inputs.T:
            logits, state = self.step(symbols, state)
            found.append(logits)
        return torch.stack(found, dim=1)

    def on_the_other_side(self, answer: Answer) -> Handle:
        """The same network where the learner's code runs."""
        found = answer.call("Network", *astuple(self))
        if not isinstance(found, Handle):
            raise Mistake(
                f"`Network(...)` gave {shown(found)}. Leave the given cell above as it is, and run it."
            )
        return found


def random_network(generator: np.random.Generator, num_symbols: int, hidden_size: int = 5) -> Network:
    """A network of K symbols whose every symbol depends strongly on all before it."""
    return Network(
        normal(generator, num_symbols + 1, hidden_size),
        normal(generator, hidden_size, hidden_size, scale=0.8),
        normal(generator, num_symbols, hidden_size, scale=1.2),
        normal(generator, num_symbols, scale=0.5),
    )
