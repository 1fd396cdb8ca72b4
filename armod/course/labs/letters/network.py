"""A small recurrent network as plain numbers, which the page can run: network.js takes the same steps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from armod.likelihoods import Categorical
from armod.models.base import AutoregressiveModel
from armod.models.sequence.recurrent import RecurrentModel

MOST_NUMBERS = 100_000

Numbers = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Network:
    """One layer of a simple RNN, LSTM or GRU between a table of inputs and a linear head.

    All numbers are rounded to 16 bits, and the sums are done with 64.

    Args:
        cell: "rnn", "lstm" or "gru".
        inputs: what each level brings to the sums of a step, and last what the start does, ``(K + 1, G H)``.
        past: ``(G H, H)``, the recurrent weights, in torch's order of the gates.
        past_bias: ``(G H,)``.
        head: ``(K, H)``.
        head_bias: ``(K,)``.
    """

    cell: str
    inputs: Numbers
    past: Numbers
    past_bias: Numbers
    head: Numbers
    head_bias: Numbers

    @classmethod
    def of(cls, model: AutoregressiveModel) -> Network:
        """The numbers of a model.

        Args:
            model: a recurrent network that fits into a page.

        Returns:
            Its weights and biases, gate by gate.

        Raises:
            ValueError: unless it is a `RecurrentModel` of a sequence with one layer, categorical and without context, of up to
                100,000 numbers.
        """
        fits = (
            isinstance(model, RecurrentModel)
            and isinstance(model.likelihood, Categorical)
            and model.recurrence.num_layers == 1
            and model.any_length
            and not model.context_size
        )
        if not fits:
            raise ValueError(
                "The letters lab runs a RecurrentModel of a sequence: one layer, a categorical likelihood, no context."
            )
        assert isinstance(model, RecurrentModel)
        with torch.no_grad():
            from_input, past, input_bias, past_bias = (
                weight.double() for weight in model.recurrence.weights_of(0)
            )
            inputs = model.inputs.table().double() @ from_input.T + input_bias
            tensors = (inputs, past, past_bias, model.head.weight, model.head.bias)
            numbers = [tensor.half().double().cpu().numpy() for tensor in tensors]
        count = sum(each.size for each in numbers)
        if count > MOST_NUMBERS:
            raise ValueError(
                f"The letters lab takes its network along, up to {MOST_NUMBERS:,} numbers; this one has {count:,}."
            )
        return cls(model.recurrence.cell, *numbers)

    @property
    def num_levels(self) -> int:
        """K."""
        return len(self.head_bias)

    def logits(self, levels: Sequence[int]) -> Numbers:
        """Of the next level, ``(K,)``, after these ones."""
        state = memory = np.zeros(self.head.shape[1])
        for level in (self.num_levels, *levels):
            state, memory = self._step(self.inputs[level], self.past @ state + self.past_bias, state, memory)
        logits: Numbers = self.head @ state + self.head_bias
        return logits

    def _step(self, a: Numbers, u: Numbers, state: Numbers, memory: Numbers) -> tuple[Numbers, Numbers]:
        if self.cell == "rnn":
            return np.tanh(a + u), memory
        if self.cell == "lstm":
            i, f, g, o = np.split(a + u, 4)
            memory = _sigmoid(f) * memory + _sigmoid(i) * np.tanh(g)
            return _sigmoid(o) * np.tanh(memory), memory
        (r, z, a_new), (r_past, z_past, u_new) = np.split(a, 3), np.split(u, 3)
        keep = _sigmoid(z + z_past)
        new = np.tanh(a_new + _sigmoid(r + r_past) * u_new)
        return (1 - keep) * new + keep * state, memory

    def raw(self) -> bytes:
        """All numbers as float16: inputs, past, past_bias, head, head_bias."""
        parts = (self.inputs, self.past, self.past_bias, self.head, self.head_bias)
        return b"".join(part.astype("<f2").tobytes() for part in parts)


def _sigmoid(x: Numbers) -> Numbers:
    return np.asarray(1 / (1 + np.exp(-x)))
