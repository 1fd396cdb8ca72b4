"""A recurrent network one variable at a time: one step of each cell.

What the gates of the first layer get from the value before is a row of a table, because embedding and input weights are
multiplied once for every level; the values before that one have tables, too. What the gates of a later layer get from the layer below and from its own past is one
product, because the two states lie side by side. So a layer costs one product and a few elementwise operations.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from armod.likelihoods import Likelihood
from armod.models.sequence.recurrence import Recurrence
from armod.models.sequence.recurrent_kernel import CELLS, recurrent_steps
from armod.models.sequence.sequence_walk import Beginning, SequenceWalk
from armod.models.sequence.step_inputs import StepConstants
from armod.sampling.compiled import draw_sequence

_MOST_ROWS = 8  # from there on, products of many rows read the weights once for all of them


class RecurrentWalk(SequenceWalk):
    """The incremental view of a `RecurrentModel`, with a copy of its weights.

    Args:
        beginning: what the walk begins with.
        recurrence: the cells.
        head: maps the last layer's state to parameters.

    >>> from armod.likelihoods import Bernoulli
    >>> from armod.models.sequence.recurrent import RecurrentModel
    >>> view = RecurrentModel((3,), 4, likelihood=Bernoulli()).incremental(2)
    >>> isinstance(view, RecurrentWalk), view.conditional().batch_shape
    (True, torch.Size([2]))
    """

    def __init__(self, beginning: Beginning, recurrence: Recurrence, head: nn.Linear) -> None:
        self._cell, self._size = recurrence.cell, recurrence.hidden_size
        (self._from_inputs, from_past, bias), *later = _gate_weights(recurrence)
        with torch.no_grad():
            self._table = F.linear(beginning.inputs.table(), self._from_inputs, bias)
            older = beginning.inputs.older_tables()
            self._lookback = 1 if older is None else 1 + len(older)
            # one table below the other
            self._older = None if older is None else F.linear(older, self._from_inputs).flatten(0, 1)
        # for each layer the bias (None if the table includes it) and the weights (below and past, gates)
        self._weights: list[tuple[Tensor | None, Tensor]] = [(None, from_past.T.contiguous())]
        for from_below, from_past, bias in later:
            self._weights.append((bias, torch.cat([from_below, from_past], dim=1).T.contiguous()))
        self._head = head.weight.detach().T.clone(memory_format=torch.contiguous_format)
        self._head_bias = head.bias.detach().clone()
        super().__init__(beginning)

    def allocate(self) -> None:
        """Make the states of all layers side by side, an LSTM's memories, and the gates of each layer."""
        self._constants = StepConstants(
            self.inputs, self.context, partial(F.linear, weight=self._from_inputs)
        )
        size, num_samples, num_levels = self._size, self.num_samples, len(self._table) - 1
        # the values two steps back, three, ..., each as its row of the tables; there, K is before the beginning
        first_rows = (num_levels + 1) * torch.arange(self._lookback - 1, device=self.device)
        self._recent = (first_rows + num_levels).repeat(num_samples, 1)
        self._states = self._head.new_zeros(num_samples, len(self._weights) * size)
        self._memories = self._head.new_zeros(len(self._weights), num_samples, size)
        self._layers: list[tuple[Tensor | None, Tensor, Tensor, Tensor, Callable[[], None]]] = []
        for layer, (bias, weight) in enumerate(self._weights):
            below_and_past = self._states[:, max(0, layer - 1) * size : (layer + 1) * size]
            state = below_and_past[:, -size:]
            gates = state.new_empty(num_samples, weight.shape[1])
            update = _UPDATES[self._cell](gates, state, self._memories[layer])
            self._layers.append((bias, below_and_past, weight, gates, update))
        self._top = self._states[:, -size:]

    def state(self) -> dict[str, tuple[Tensor, int]]:
        """Name what a cell passes on to its next step, as `Walk.state`."""
        return {"states": (self._states, 0), "memories": (self._memories, 1), "recent": (self._recent, 0)}

    def advance(self, step: int, value: Tensor) -> Tensor:
        """Make one step of each cell, from the input up, as `SequenceWalk.advance`."""
        # what the value before gives to the first layer's gates is one row of a table
        first = torch.index_select(self._table, 0, value)
        if not self._constants.is_empty:
            first += self._constants(step)
        if self._older is not None:
            rows = torch.index_select(self._older, 0, self._recent.flatten())
            first += rows.view(self.num_samples, self._lookback - 1, rows.shape[1]).sum(1)
            farther = self._recent[:, :-1] + len(self._table)
            self._recent[:, 1:] = farther
            self._recent[:, 0] = value
        for bias, states, weight, gates, update in self._layers:
            # the state below (of this step) and the own state (of the step before) lie side by side
            torch.addmm(first if bias is None else bias, states, weight, out=gates)
            update()  # overwrites the own state
        return torch.addmm(self._head_bias, self._top, self._head)

    def own_loop(
        self, likelihood: Likelihood, noise: Tensor, known: Tensor | None, mask: Tensor | None
    ) -> Tensor | None:
        """Draw through `recurrent_steps`, which is quickest for a few rows, as `Walk.own_loop`."""
        if self.num_samples > _MOST_ROWS or not self.is_native:
            return None
        (_, first), *later = self._weights
        num_gates, num_levels = first.shape[1], len(self._table) - 1
        new, num_samples = self._table.new_zeros, self.num_samples
        older = new(0, num_levels + 1, num_gates)
        if self._older is not None:
            older = self._older.view(-1, num_levels + 1, num_gates)
        tensors = (
            first.T,
            torch.stack([weight.T for _, weight in later]) if later else new(0, num_gates, 2 * self._size),
            torch.stack([bias for bias, _ in later if bias is not None]) if later else new(0, num_gates),
            self._head.T,
            self._head_bias,
            torch.zeros_like(self._states),
            torch.zeros_like(self._states),
            torch.full((num_samples, self._lookback - 1), num_levels),
        )
        weights: list[Any] = [each.contiguous().numpy() for each in (self._table, older, *tensors)]
        weights.insert(2, CELLS.index(self._cell))

        def arguments(begin: int, end: int) -> list[Any]:
            constants = self.inputs.constants(self.context, begin, end)
            projected = new(1, 1, num_gates) if constants is None else F.linear(constants, self._from_inputs)
            return [projected.contiguous().numpy(), *weights]

        return draw_sequence(recurrent_steps, likelihood, noise, known, mask, num_levels, arguments)


def _rnn(gates: Tensor, state: Tensor, memory: Tensor) -> Callable[[], None]:
    """``h' = tanh(a)``."""

    def update() -> None:
        torch.tanh(gates, out=state)

    return update


def _lstm(gates: Tensor, state: Tensor, memory: Tensor) -> Callable[[], None]:
    """``c' = f c + i g`` and ``h' = o tanh(c')``, where i, f and o are sigmoids and g is a tanh."""
    size = state.shape[1]
    sigmoids, candidate = gates.split([3 * size, size], dim=1)
    input_gate, forget_gate, output_gate = sigmoids.chunk(3, dim=1)
    squashed = gates.new_empty(candidate.shape)

    def update() -> None:
        sigmoids.sigmoid_()
        candidate.tanh_()
        memory.mul_(forget_gate).addcmul_(input_gate, candidate)
        torch.tanh(memory, out=squashed)
        torch.mul(output_gate, squashed, out=state)

    return update


def _gru(gates: Tensor, state: Tensor, memory: Tensor) -> Callable[[], None]:
    """``n = tanh(a + r b)`` and ``h' = (1 - z) n + z h``, with sigmoids r and z, a from below and b from the past."""
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
    """The weights of each layer's gates from below and from the past, and their bias, in the order of the updates above."""
    for layer in range(recurrence.num_layers):
        below, past, bias_below, bias_past = (weight.detach() for weight in recurrence.weights_of(layer))
        from_below, from_past = _in_order(recurrence.cell, below, past)
        bias = sum(_in_order(recurrence.cell, bias_below, bias_past), start=torch.zeros_like(bias_below[0]))
        yield from_below, from_past, bias


def _in_order(cell: str, below: Tensor, past: Tensor) -> tuple[Tensor, Tensor]:
    """Torch's rows, gate after gate, in the order of the updates."""
    if cell == "lstm":  # torch's order is input, forget, candidate, output; here the sigmoids come together
        (i, f, g, o), (past_i, past_f, past_g, past_o) = below.chunk(4), past.chunk(4)
        return torch.cat([i, f, o, g]), torch.cat([past_i, past_f, past_o, past_g])
    if (
        cell == "gru"
    ):  # the two parts of the candidate stay apart, because the reset gate multiplies only the past's part
        (r, z, n), (past_r, past_z, past_n) = below.chunk(3), past.chunk(3)
        nothing = torch.zeros_like(n)
        return torch.cat([r, z, n, nothing]), torch.cat([past_r, past_z, nothing, past_n])
    return below.clone(), past.clone()
