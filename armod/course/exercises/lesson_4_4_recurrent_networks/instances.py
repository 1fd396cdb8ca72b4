"""Small recurrent networks on which wrong answers show: each symbol changes the state much."""

from __future__ import annotations

import itertools
from dataclasses import astuple, dataclass

import numpy as np
import torch
from torch import Tensor

from armod.course.exercises.engine.answer import Answer, Handle
from armod.course.exercises.engine.exercise import Mistake
from armod.course.exercises.engine.showing import shown


def normal(generator: np.random.Generator, *shape: int, scale: float = 1.0) -> Tensor:
    """Normal numbers, float64."""
    return torch.from_numpy(generator.normal(scale=scale, size=shape))


def every_sequence(num_symbols: int, length: int) -> Tensor:
    """All ``K**T`` sequences of T symbols, int64 ``(K**T, T)``."""
    return torch.tensor(list(itertools.product(range(num_symbols), repeat=length)))


@dataclass(frozen=True)
class Network:
    """The recurrent network of the notebook's given cell: ``h = tanh(embedding[s] + U h)``, ``logits = V h + bias``."""

    embedding: Tensor  # (K + 1, H): the last row is for the start
    recurrence: Tensor  # (H, H)
    readout: Tensor  # (K, H)
    bias: Tensor  # (K,)

    @property
    def num_symbols(self) -> int:
        """K; also the number of the start symbol."""
        return len(self.bias)

    def step(self, symbols: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        """Logits ``(N, K)`` of the next symbol and the state ``(N, H)`` after reading symbols ``(N,)``."""
        state = torch.tanh(self.embedding[symbols] + state @ self.recurrence.T)
        return state @ self.readout.T + self.bias, state

    def first_state(self, num: int) -> Tensor:
        """Zeros ``(N, H)``."""
        return self.recurrence.new_zeros(num, len(self.recurrence))

    def log_prob(self, inputs: Tensor, targets: Tensor) -> Tensor:
        """Log-likelihood ``(N,)`` of targets ``(N, T)``, each from the inputs ``(N, T)`` up to its own."""
        state, total = self.first_state(len(inputs)), torch.zeros(len(inputs), dtype=torch.float64)
        for symbols, target in zip(inputs.T, targets.T, strict=True):
            logits, state = self.step(symbols, state)
            total = total + logits.log_softmax(1).gather(1, target.unsqueeze(1)).squeeze(1)
        return total

    def on_the_other_side(self, answer: Answer) -> Handle:
        """The same network where the learner's code runs."""
        found = answer.call("Network", *astuple(self))
        if not isinstance(found, Handle):
            raise Mistake(
                f"`Network(...)` gave {shown(found)}. Leave the given cell above as it is, and run it."
            )
        return found


def network(generator: np.random.Generator, num_symbols: int, hidden_size: int = 5) -> Network:
    """A network of K symbols whose every symbol depends strongly on all before it."""
    return Network(
        normal(generator, num_symbols + 1, hidden_size),
        normal(generator, hidden_size, hidden_size, scale=0.8),
        normal(generator, num_symbols, hidden_size, scale=1.2),
        normal(generator, num_symbols, scale=0.5),
    )
