"""The recurrent part of a `RecurrentModel`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn


class Recurrence(nn.RNNBase):
    """`torch.nn.RNN`, `LSTM` or `GRU` from a state of zeros, in a form that `torch.compile` accepts.

    It has torch's parameters with torch's names, so that a state dict of theirs fits.

    >>> Recurrence("lstm", 8, num_layers=2)(torch.zeros(3, 5, 8)).shape
    torch.Size([3, 5, 8])
    """

    def __init__(self, cell: str, size: int, num_layers: int) -> None:
        super().__init__(CELLS[cell], size, size, num_layers, batch_first=True)
        self.cell = cell

    def forward(self, inputs: Tensor) -> Tensor:
        """Inputs ``(N, T, size)`` -> states of the last layer ``(N, T, size)``."""
        zeros = inputs.new_zeros(self.num_layers, len(inputs), self.hidden_size)
        state = (zeros, zeros) if self.cell == "lstm" else zeros  # an LSTM also has its memory
        weights = list(self.parameters())
        rest = dict(has_biases=True, dropout=0.0, bidirectional=False, batch_first=True)
        run = _FUNCTIONS[self.cell]
        return run(inputs, state, weights, num_layers=self.num_layers, train=self.training, **rest)[0]


# torch's words for the cells, and its functions
CELLS = {"rnn": "RNN_TANH", "lstm": "LSTM", "gru": "GRU"}
_FUNCTIONS: dict[str, Callable[..., Any]] = {"rnn": torch.rnn_tanh, "lstm": torch.lstm, "gru": torch.gru}
