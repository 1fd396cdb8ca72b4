"""How far a gradient reaches back in a recurrent network: how much of it arrives k steps earlier.

A network with random weights reads random inputs. A random gradient runs back from its last state h_t, and we measure its
length at the input of k steps ago, which is x_{t-k} because h_t reads x_{t-1}. Every step back multiplies it by one more
Jacobian, dh_t / dh_{t-1}, so it shrinks or grows about exponentially (Bengio, Simard, Frasconi 1994; Pascanu, Mikolov,
Bengio 2013, section 2).
"""

from __future__ import annotations

import math
from typing import cast

import torch
from torch import Tensor

from armod.inputs import described
from armod.models.sequence.recurrent import Recurrence
from armod.settings import check_number, check_sizes, generator_of

CELL_NAMES = {"rnn": "simple RNN", "lstm": "LSTM", "gru": "GRU"}
LAGS = 24
_SIZE, _SEQUENCES = 64, 16


def random_recurrence(
    cell: str, *, scale: float, gate_bias: float = 0.0, size: int = _SIZE, seed: int = 0
) -> Recurrence:
    """Build one recurrent layer in float64 with random weights.

    The weights from the inputs are ``0.5 / sqrt(size)`` times standard normal numbers. All biases but the gate's are 0.

    Args:
        cell: "rnn", "lstm" or "gru".
        scale: the recurrent weights are ``scale / sqrt(size)`` times standard normal numbers.
        gate_bias: bias of the gate that keeps the past, which is an LSTM's forget gate or a GRU's update gate (z).
        size: number of hidden units and of inputs.
        seed: seed of the weights.

    Returns:
        The layer.

    Raises:
        ValueError: if the cell is unknown, a number is none, or a simple RNN gets a gate bias.
    """
    if not isinstance(cell, str) or cell not in CELL_NAMES:
        raise ValueError(f'cell is "rnn", "lstm" or "gru", not {cell!r}.')
    if gate_bias and cell == "rnn":
        raise ValueError("A simple RNN has no gates, so its gate_bias can only be 0.")
    scale = check_number("scale", scale, lambda factor: True, "a number")
    generator, (size,) = generator_of(seed), check_sizes(size=size)
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
        # a simple RNN has no such rows; its gate_bias of 0 goes to an empty slice
        cast(Tensor, recurrence.bias_ih_l0)[keeps] = gate_bias
    return recurrence


def gradient_reach(recurrence: torch.nn.Module, *, lags: int = LAGS, seed: int = 0) -> Tensor:
    """Measure the gradient of the last state at the inputs 1, 2, ..., `lags` steps back.

    The lengths are means over 16 random sequences, which are twice as long as `lags` so that the first state is forgotten.

    Args:
        recurrence: maps inputs ``(N, T, width)`` to states ``(N, T, size)``, or, like torch's layers, to a pair that begins
            with them.
        lags: how far back to measure.
        seed: seed of the inputs and of the gradient at the last state.

    Returns:
        The length of the gradient at each lag, ``(lags,)``.

    Raises:
        ValueError: if the layer has no weights, or there is no lag.

    >>> reach = gradient_reach(random_recurrence("rnn", scale=0.5))
    >>> bool(reach[10] < reach[0] / 1000)
    True
    """
    generator, (lags,) = generator_of(seed), check_sizes(lags=lags)
    parameters = list(recurrence.parameters()) if isinstance(recurrence, torch.nn.Module) else []
    if not parameters or parameters[0].dim() != 2:
        raise ValueError(f"recurrence is a recurrent layer, not {described(recurrence)}.")
    weight = parameters[0]
    shape = (_SEQUENCES, 2 * lags, weight.shape[1])
    inputs = torch.randn(shape, generator=generator, dtype=torch.float64).to(weight).requires_grad_()
    states = recurrence(inputs)
    last = (states[0] if isinstance(states, tuple) else states)[:, -1]
    arriving = torch.randn(last.shape, generator=generator, dtype=torch.float64).to(last)
    (gradient,) = torch.autograd.grad((last * arriving).sum(), inputs)
    return gradient.norm(dim=2).mean(dim=0).flip(0)[:lags]
