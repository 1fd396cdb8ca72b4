"""The steps of a WaveNet as one loop over numbers: what `WaveNetWalk` does by small operations."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy

from armod.machine_code import kernel
from armod.machine_code.arithmetic import add_columns, add_many_columns, next_level, tanhs

Array: TypeAlias = Any

MOST_AHEAD = 16  # steps for which the older taps of a layer are multiplied together


@kernel("the loop of a WaveNet")
def wavenet_steps(
    begin: int,
    end: int,
    first_row: int,
    hop: int,
    constants: Array,
    table: Array,
    dilations: Array,
    places: Array,
    to_sums: Array,
    to_next: Array,
    has_residuals: bool,
    has_skips: bool,
    skip_bias: Array,
    to_hidden: Array,
    hidden_bias: Array,
    to_outputs: Array,
    outputs_bias: Array,
    rings: Array,
    ahead: Array,
    values: Array,
    temperature: Any,
    noise: Array,
    known: Array,
    mask: Array,
    levels: Array,
) -> bool:
    """Draw the steps from `begin` to `end` of every row, one row after the other.

    Filter and gate of a layer are tanh of its sums, those of the gate halved, and the gated unit is ``t_f (1 + t_g)``; the
    matrices after it include the half.

    The older taps look back `dilation` steps and more, so what they see is known as many steps before it is needed. For up to
    `MOST_AHEAD` steps at once their weights are read a single time.

    Args:
        begin: the first step.
        end: the step after the last.
        first_row: the row of the context that the first row of `constants` belongs to.
        hop: steps that share a row.
        constants: biases and contexts of all layers' sums, ``(rows or 1, N or 1, layers, 2C)``.
        table: the vectors of all levels and of the start, ``(K + 1, C)``.
        dilations: of each layer.
        places: where each layer's ring begins, and where the last one ends.
        to_sums: ``(layers, taps * C, 2C)``, oldest tap first.
        to_next: ``(layers, C, C)``, or ``(layers, C, 2C)`` with what goes to the skips behind what goes to the next layer.
        has_residuals: whether a layer's input is added to the next layer's.
        has_skips: whether the output reads all layers, or only the last.
        skip_bias: ``(C,)``.
        to_hidden: ``(C, C)``, as all matrices by inputs.
        hidden_bias: ``(C,)``.
        to_outputs: ``(C, outputs)``.
        outputs_bias: ``(outputs,)``.
        rings: what every layer read, ``(N, places, C)``.
        ahead: room for the sums of the next steps, ``(layers, MOST_AHEAD, 2C)``.
        values: the levels before, ``(N,)``.
        temperature: divides the outputs.
        noise: ``(T, N)``.
        known: known levels, ``(T, N)`` or ``(0, N)``.
        mask: where they are kept, of the same shape.
        levels: ``(T, N)``, written.

    Returns:
        Whether all outputs were numbers.
    """
    num_layers, channels = len(dilations), table.shape[1]
    num_past = to_sums.shape[1] // channels - 1
    oldest, stream = num_past * channels, numpy.zeros_like(table[0])
    seen = numpy.zeros((len(ahead[0]), oldest), table.dtype)
    both, output = numpy.zeros_like(to_next[0, 0]), numpy.zeros_like(skip_bias)
    hidden, outputs = numpy.zeros_like(hidden_bias), numpy.zeros_like(outputs_bias)
    one, zero = table.dtype.type(1), table.dtype.type(0)
    for row in range(len(values)):
        ring, value = rings[row], values[row]
        constants_row = row if constants.shape[1] > 1 else 0
        for step in range(begin, end):
            for i in range(channels):
                stream[i] = table[value, i]
                output[i] = skip_bias[i]
            for layer in range(num_layers):
                dilation, start = dilations[layer], places[layer]
                size = places[layer + 1] - start
                number = (step - begin) % min(dilation, len(ahead[layer]))
                if (
                    number == 0
                ):  # the older taps of this step and the next ones, and what depends on no sample
                    count = min(dilation, len(ahead[layer]), end - step)
                    for k in range(count):
                        constant = constants[0, constants_row, layer]
                        if constants.shape[0] > 1:
                            constant = constants[(step + k) // hop - first_row, constants_row, layer]
                        for i in range(2 * channels):
                            ahead[layer, k, i] = constant[i]
                        for tap in range(num_past):
                            place = start + (step + k - (num_past - tap) * dilation) % size
                            for i in range(channels):
                                seen[k, tap * channels + i] = ring[place, i]
                    add_many_columns(to_sums[layer, :oldest], seen[:count], ahead[layer])
                if num_past:  # takes the place of the oldest, which is not needed any more
                    place = start + step % size
                    for i in range(channels):
                        ring[place, i] = stream[i]
                sums = ahead[layer, number]
                add_columns(to_sums[layer, oldest:], stream, sums)
                tanhs(sums)
                for i in range(channels):
                    sums[i] *= one + sums[channels + i]
                    both[i] = stream[i] if has_residuals else zero
                if has_skips:
                    for i in range(channels):
                        both[channels + i] = output[i]
                add_columns(to_next[layer], sums[:channels], both)
                for i in range(channels):
                    stream[i] = both[i]
                    output[i] = both[channels + i] if has_skips else both[i]
            for i in range(channels):
                output[i] = zero if output[i] < zero else output[i]
                hidden[i] = hidden_bias[i]
            add_columns(to_hidden, output, hidden)
            for i in range(channels):
                hidden[i] = zero if hidden[i] < zero else hidden[i]
            for i in range(len(outputs)):
                outputs[i] = outputs_bias[i]
            add_columns(to_outputs, hidden, outputs)
            value = next_level(outputs, temperature, noise, known, mask, step, row)
            if value < 0:
                return False
            levels[step, row] = value
        values[row] = value
    return True
