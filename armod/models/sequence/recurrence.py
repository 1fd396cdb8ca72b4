"""The recurrent part of a `RecurrentModel`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from armod.models.checks import transforms_are_active


class Recurrence(nn.RNNBase):
    """`torch.nn.RNN`, `LSTM` or `GRU` that starts from zeros, in a form that `torch.compile` accepts.

    The parameters have torch's names, so that state dicts of torch's modules fit.

    Args:
        cell: "rnn", "lstm" or "gru".
        size: number of inputs and of units in each layer.
        num_layers: number of layers.

    >>> Recurrence("lstm", 8, num_layers=2)(torch.zeros(3, 5, 8)).shape
    torch.Size([3, 5, 8])
    """

    def __init__(self, cell: str, size: int, num_layers: int) -> None:
        super().__init__(CELLS[cell], size, size, num_layers, batch_first=True)
        self.cell = cell

    def forward(self, inputs: Tensor) -> Tensor:
        """Map inputs ``(N, T, size)`` to the states of the last layer, ``(N, T, size)``."""
        if transforms_are_active():
            return self.step_by_step(inputs)
        zeros = inputs.new_zeros(self.num_layers, len(inputs), self.hidden_size)
        state = (zeros, zeros) if self.cell == "lstm" else zeros  # an LSTM also has its memory
        weights = [weight for layer in range(self.num_layers) for weight in self.weights_of(layer)]
        rest = dict(has_biases=True, dropout=0.0, bidirectional=False, batch_first=True)
        run = _FUNCTIONS[self.cell]
        return run(inputs, state, weights, num_layers=self.num_layers, train=self.training, **rest)[0]

    def _init_flat_weights(self) -> None:
        """Keep torch's own list of the weights, unless they are computed: it would stop copies, and nothing reads it."""
        super()._init_flat_weights()
        if any(weight is not None and not weight.is_leaf for weight in self._flat_weights):
            self._flat_weights = [None] * len(self._flat_weights)

    def step_by_step(self, inputs: Tensor) -> Tensor:
        """Compute the same with a loop over time, which the transforms of `torch.func` need.

        Args:
            inputs: ``(N, T, size)``.

        Returns:
            The states of the last layer, ``(N, T, size)``.
        """
        for layer in range(self.num_layers):
            from_input, from_past, input_bias, past_bias = self.weights_of(layer)
            of_steps = F.linear(inputs, from_input, input_bias).unbind(1)
            state = memory = torch.zeros_like(of_steps[0][..., : self.hidden_size])
            states = []
            for below in of_steps:
                state, memory = _STEPS[self.cell](below, F.linear(state, from_past, past_bias), state, memory)
                states.append(state)
            inputs = torch.stack(states, 1)
        return inputs

    def weights_of(self, layer: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Return a layer's weights for its inputs and for its past, and their biases.

        They are looked up by name, because a parametrization or pruning computes them anew from other parameters.

        Args:
            layer: number of the layer, from 0.

        Returns:
            Two weights ``(gates, size)`` and two biases ``(gates,)``.
        """
        names = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
        below, past, bias_below, bias_past = (getattr(self, f"{name}_l{layer}") for name in names)
        return below, past, bias_below, bias_past


def _rnn(below: Tensor, past: Tensor, state: Tensor, memory: Tensor) -> tuple[Tensor, Tensor]:
    return torch.tanh(below + past), memory


def _lstm(below: Tensor, past: Tensor, state: Tensor, memory: Tensor) -> tuple[Tensor, Tensor]:
    input_gate, forget_gate, candidate, output_gate = (below + past).chunk(4, -1)
    memory = forget_gate.sigmoid() * memory + input_gate.sigmoid() * candidate.tanh()
    return output_gate.sigmoid() * memory.tanh(), memory


def _gru(below: Tensor, past: Tensor, state: Tensor, memory: Tensor) -> tuple[Tensor, Tensor]:
    (reset, update, candidate), (past_reset, past_update, past_candidate) = (
        below.chunk(3, -1),
        past.chunk(3, -1),
    )
    candidate = torch.tanh(candidate + (reset + past_reset).sigmoid() * past_candidate)
    kept = (update + past_update).sigmoid()
    return (1 - kept) * candidate + kept * state, memory


# torch's names for the cells, and its functions
CELLS = {"rnn": "RNN_TANH", "lstm": "LSTM", "gru": "GRU"}
_FUNCTIONS: dict[str, Callable[..., Any]] = {"rnn": torch.rnn_tanh, "lstm": torch.lstm, "gru": torch.gru}
# one step: what the gates get from below and from the past, state and memory -> the new state and memory
_STEPS: dict[str, Callable[..., tuple[Tensor, Tensor]]] = {"rnn": _rnn, "lstm": _lstm, "gru": _gru}
