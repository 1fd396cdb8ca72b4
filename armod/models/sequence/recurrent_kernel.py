"""The steps of a recurrent network as one loop over numbers: what `RecurrentWalk` does by small operations."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy

from armod.machine_code import kernel
from armod.machine_code.arithmetic import add_product, next_level, set_product, sigmoids, tanhs

Array: TypeAlias = Any

CELLS = ("rnn", "lstm", "gru")


@kernel("the loop of a recurrent network")
def recurrent_steps(
    begin: int,
    end: int,
    constants: Array,
    table: Array,
    older: Array,
    cell: int,
    first: Array,
    later: Array,
    biases: Array,
    to_outputs: Array,
    outputs_bias: Array,
    states: Array,
    memories: Array,
    recent: Array,
    values: Array,
    temperature: Any,
    noise: Array,
    known: Array,
    mask: Array,
    levels: Array,
) -> bool:
    """Draw the steps from `begin` to `end` of every row, one row after the other.

    Args:
        begin: the first step.
        end: the step after the last.
        constants: what positions and context give to the first layer's gates, ``(N or 1, steps or 1, gates)``.
        table: what each value before gives to them, and the start, with the bias, ``(K + 1, gates)``.
        older: the same of the values before that, ``(lookback - 1, K + 1, gates)``.
        cell: the number of the cell in `CELLS`.
        first: the first layer's gates from its past, ``(gates, size)``.
        later: gates of each layer after it, from below and from the past, ``(layers - 1, gates, 2 * size)``.
        biases: of the layers after the first, ``(layers - 1, gates)``.
        to_outputs: ``(outputs, size)``.
        outputs_bias: ``(outputs,)``.
        states: of all layers side by side, ``(N, layers * size)``, brought up to date.
        memories: of an LSTM, of the same shape, brought up to date.
        recent: the values two steps back, three, ..., ``(N, lookback - 1)``, K before the beginning; brought up to date.
        values: the levels before, ``(N,)``, brought up to date.
        temperature: divides the outputs.
        noise: ``(T, N)``.
        known: known levels, ``(T, N)`` or ``(0, N)``.
        mask: where they are kept, of the same shape.
        levels: ``(T, N)``, written.

    Returns:
        Whether all outputs were numbers.
    """
    num_gates, size = first.shape
    gates, squashed, outputs = (
        numpy.zeros_like(table[0]),
        numpy.zeros_like(first[0]),
        numpy.zeros_like(outputs_bias),
    )
    one = table.dtype.type(1)
    for row in range(len(values)):
        value = values[row]
        for step in range(begin, end):
            constant = constants[
                row if len(constants) > 1 else 0, step - begin if constants.shape[1] > 1 else 0
            ]
            for i in range(num_gates):
                gates[i] = table[value, i] + constant[i]
            for lag in range(len(older)):
                for i in range(num_gates):
                    gates[i] += older[lag, recent[row, lag], i]
            for lag in range(len(older) - 1, 0, -1):
                recent[row, lag] = recent[row, lag - 1]
            if len(older):
                recent[row, 0] = value
            for layer in range(len(biases) + 1):
                state = states[row, layer * size : (layer + 1) * size]
                memory = memories[row, layer * size : (layer + 1) * size]
                if layer > 0:
                    both = states[row, (layer - 1) * size : (layer + 1) * size]
                    set_product(later[layer - 1], biases[layer - 1], both, gates)
                elif cell == 2:  # the past gives nothing to the third quarter
                    add_product(first[: 2 * size], state, gates[: 2 * size])
                    add_product(first[3 * size :], state, gates[3 * size :])
                else:
                    add_product(first, state, gates)
                if cell == 0:
                    tanhs(gates)
                    for i in range(size):
                        state[i] = gates[i]
                elif cell == 1:
                    sigmoids(gates[: 3 * size])
                    tanhs(gates[3 * size :])
                    for i in range(size):
                        memory[i] = memory[i] * gates[size + i] + gates[i] * gates[3 * size + i]
                        squashed[i] = memory[i]
                    tanhs(squashed)
                    for i in range(size):
                        state[i] = gates[2 * size + i] * squashed[i]
                else:
                    sigmoids(gates[: 2 * size])
                    for i in range(size):
                        squashed[i] = gates[2 * size + i] + gates[i] * gates[3 * size + i]
                    tanhs(squashed)
                    for i in range(size):
                        update = gates[size + i]
                        state[i] = (one - update) * squashed[i] + update * state[i]
            set_product(to_outputs, outputs_bias, states[row, len(biases) * size :], outputs)
            value = next_level(outputs, temperature, noise, known, mask, step, row)
            if value < 0:
                return False
            levels[step, row] = value
        values[row] = value
    return True
