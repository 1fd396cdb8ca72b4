"""How far a gradient reaches back: what of the log-probability's gradient arrives k steps earlier.

A network with random weights reads random inputs. From its last state h_t a random gradient runs back, and we measure
its length at the input that was read k steps ago: x_{t-k}, since h_t reads x_{t-1}. At every step on the way back it is
multiplied by one more Jacobian, dh_t / dh_{t-1}; so it shrinks or grows about exponentially (Bengio, Simard, Frasconi
1994; Pascanu, Mikolov, Bengio 2013, section 2).
"""

from __future__ import annotations

import math
from typing import cast

import torch
from torch import Tensor

from armod.models.sequence.recurrent import Recurrence

CELL_NAMES = {"rnn": "simple RNN", "lstm": "LSTM", "gru": "GRU"}
LAGS = 24
_SIZE, _SEQUENCES = 64, 16


def random_recurrence(
    cell: str, *, scale: float, gate_bias: float = 0.0, size: int = _SIZE, seed: int = 0
) -> Recurrence:
    """One layer in float64 whose recurrent weights are ``scale / sqrt(size)`` times standard normal numbers.

    gate_bias: what is added to the gate that keeps the past, an LSTM's forget gate or a GRU's update gate (z); a simple
        RNN has none. The weights from the inputs are normal too, ``0.5 / sqrt(size)``; all other biases are 0.

    Raises:
        ValueError: for an unknown cell, or a gate bias for a cell without gates.
    """
    if cell not in CELL_NAMES:
        raise ValueError(f'cell is "rnn", "lstm" or "gru", not {cell!r}.')
    if gate_bias and cell == "rnn":
        raise ValueError("A simple RNN has no gates, so its gate_bias can only be 0.")
    generator = torch.Generator().manual_seed(seed)
    recurrence = Recurrence(cell, size, 1).double()
    # torch's rows: input, forget, candidate, output of an LSTM; reset, update, candidate of a GRU
    keeps = slice(size, 2 * size)
    with torch.no_grad():
        for name, factor in {"weight_ih_l0": 0.5, "weight_hh_l0": scale}.items():
            weight = getattr(recurrence, name)
            normal = torch.randn(weight.shape, generator=generator, dtype=torch.float64)
            weight.copy_(factor / math.sqrt(size) * normal)
        for bias in (recurrence.bias_ih_l0, recurrence.bias_hh_l0):
            torch.nn.init.zeros_(cast(Tensor, bias))
        # a simple RNN has no such rows, and no gate bias
        cast(Tensor, recurrence.bias_ih_l0)[keeps] = gate_bias
    return recurrence


def gradient_reach(recurrence: torch.nn.Module, *, lags: int = LAGS, seed: int = 0) -> Tensor:
    """Length of the gradient of the last state at the inputs 1, 2, ..., `lags` steps back: ``(lags,)``.

    recurrence: maps inputs ``(N, T, width)`` to states ``(N, T, size)``, or to a pair whose first part they are, as
        torch's layers do. Lengths are means over some sequences of twice as many random inputs as `lags`, so that the
        state has forgotten that it began at 0.

    >>> reach = gradient_reach(random_recurrence("rnn", scale=0.5))
    >>> bool(reach[10] < reach[0] / 1000)
    True
    """
    generator = torch.Generator().manual_seed(seed)
    weight = next(recurrence.parameters())
    shape = (_SEQUENCES, 2 * lags, weight.shape[1])
    inputs = torch.randn(shape, generator=generator, dtype=torch.float64).to(weight).requires_grad_()
    states = recurrence(inputs)
    last = (states[0] if isinstance(states, tuple) else states)[:, -1]
    arriving = torch.randn(last.shape, generator=generator, dtype=torch.float64).to(last)
    (gradient,) = torch.autograd.grad((last * arriving).sum(), inputs)
    return gradient.norm(dim=2).mean(dim=0).flip(0)[:lags]
