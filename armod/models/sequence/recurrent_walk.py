"""A recurrent network one variable at a time: one step of each cell.

What the first layer's gates owe to the value before is a row of a table: embedding and input weights are multiplied
once, for every level. What a layer's gates owe to the layer below and to the layer's own past is one product, for
the two states lie side by side. So a layer costs one product and its gates' few elementwise operations.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from armod.models.sequence.sequence_model import SequenceIncremental, Steps
from armod.models.sequence.step_inputs import StepConstants

if TYPE_CHECKING:
    from armod.models.sequence.recurrent import Recurrence


class RecurrentIncremental(SequenceIncremental):
    """The incremental view of a `RecurrentModel`, with a copy of its weights."""

    def __init__(self, steps: Steps, recurrence: Recurrence, head: nn.Linear) -> None:
        super().__init__(steps)
        size = recurrence.hidden_size
        states = head.weight.new_zeros(steps.num_samples, recurrence.num_layers * size, requires_grad=False)
        self._layers: list[tuple[Tensor | None, Tensor, Tensor, Tensor, Callable[[], None]]] = []
        for layer, (from_below, from_past, bias) in enumerate(_gate_weights(recurrence)):
            state = states[:, layer * size : (layer + 1) * size]
            gates = states.new_empty(steps.num_samples, len(bias))
            update = _UPDATES[recurrence.cell](gates, state)
            if layer == 0:
                self._table = F.linear(steps.inputs.table(), from_below, bias)
                self._constants = StepConstants(
                    steps.inputs, steps.context, partial(F.linear, weight=from_below)
                )
                self._layers.append((None, state, from_past.T.contiguous(), gates, update))
            else:
                below_and_past = states[:, (layer - 1) * size : (layer + 1) * size]
                weight = torch.cat([from_below, from_past], dim=1).T.contiguous()
                self._layers.append((bias, below_and_past, weight, gates, update))
        self._top = states[:, -size:]
        self._head, self._head_bias = (
            head.weight.detach().T.clone(memory_format=torch.contiguous_format),
            head.bias.detach().clone(),
        )

    def _advance(self, step: int, value: Tensor) -> Tensor:
        first = torch.index_select(self._table, 0, value)
        if not self._constants.is_empty:
            first += self._constants(step)
        for bias, states, weight, gates, update in self._layers:
            torch.addmm(first if bias is None else bias, states, weight, out=gates)
            update()
        return torch.addmm(self._head_bias, self._top, self._head)


def _rnn(gates: Tensor, state: Tensor) -> Callable[[], None]:
    """``h' = tanh(a)``."""

    def update() -> None:
        torch.tanh(gates, out=state)

    return update


def _lstm(gates: Tensor, state: Tensor) -> Callable[[], None]:
    """``c' = f c + i g`` and ``h' = o tanh(c')``, where i, f, o are sigmoids and g is a tanh."""
    size = state.shape[1]
    sigmoids, candidate = gates.split([3 * size, size], dim=1)
    input_gate, forget_gate, output_gate = sigmoids.chunk(3, dim=1)
    memory, squashed = gates.new_zeros(candidate.shape), gates.new_empty(candidate.shape)

    def update() -> None:
        sigmoids.sigmoid_()
        candidate.tanh_()
        memory.mul_(forget_gate).addcmul_(input_gate, candidate)
        torch.tanh(memory, out=squashed)
        torch.mul(output_gate, squashed, out=state)

    return update


def _gru(gates: Tensor, state: Tensor) -> Callable[[], None]:
    """``n = tanh(a + r b)`` and ``h' = (1 - z) n + z h``, where r, z are sigmoids, a is from below, b from the past."""
    size = state.shape[1]
    sigmoids, from_below, from_past = gates.split([2 * size, size, size], dim=1)
    reset_gate, update_gate = sigmoids.chunk(2, dim=1)

    def update() -> None:
        sigmoids.sigmoid_()
        candidate = from_below.addcmul_(reset_gate, from_past).tanh_()
        torch.lerp(candidate, state, update_gate, out=state)

    return update


_UPDATES = {"rnn": _rnn, "lstm": _lstm, "gru": _gru}


def _gate_weights(recurrence: Recurrence) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
    """For each layer what its gates, in the order of the updates above, take from below, from the past, and anyway."""
    for layer in range(recurrence.num_layers):
        below, past, bias_below, bias_past = (
            getattr(recurrence, f"{name}_l{layer}").detach()
            for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
        )
        from_below, from_past = _in_order(recurrence.cell, below, past)
        bias = sum(_in_order(recurrence.cell, bias_below, bias_past), start=torch.zeros_like(bias_below[0]))
        yield from_below, from_past, bias


def _in_order(cell: str, below: Tensor, past: Tensor) -> tuple[Tensor, Tensor]:
    """Torch's rows, gate after gate, in the order of the updates."""
    if cell == "lstm":  # input, forget, candidate, output: here the sigmoids come together
        (i, f, g, o), (past_i, past_f, past_g, past_o) = below.chunk(4), past.chunk(4)
        return torch.cat([i, f, o, g]), torch.cat([past_i, past_f, past_o, past_g])
    if (
        cell == "gru"
    ):  # the candidate's two parts stay apart: its reset gate multiplies just the one from the past
        (r, z, n), (past_r, past_z, past_n) = below.chunk(3), past.chunk(3)
        nothing = torch.zeros_like(n)
        return torch.cat([r, z, n, nothing]), torch.cat([past_r, past_z, nothing, past_n])
    return below.clone(), past.clone()
