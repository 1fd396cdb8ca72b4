"""The steps of a Transformer as one loop over numbers: what `TransformerWalk` does by small operations."""

from __future__ import annotations

import math
from typing import Any, TypeAlias

import numpy

from armod.machine_code import kernel
from armod.machine_code.arithmetic import add_mixed_rows, exponentials, next_level, tanhs
from armod.machine_code.loading import part

Array: TypeAlias = Any


@part
def normalise(x: Array, epsilon: Any, out: Array) -> None:
    """Write numbers of mean 0 and variance 1 into `out`; `epsilon` is added to the variance before."""
    mean, variance = x.dtype.type(0), x.dtype.type(0)
    for i in range(len(x)):
        mean += x[i]
    mean /= x.dtype.type(len(x))
    for i in range(len(x)):
        out[i] = x[i] - mean
        variance += out[i] * out[i]
    scale = x.dtype.type(1) / x.dtype.type(math.sqrt(variance / x.dtype.type(len(x)) + epsilon))
    for i in range(len(x)):
        out[i] *= scale


@part
def gelus(x: Array, room: Array) -> None:
    """Replace each number by GELU's approximation by a tanh; `room` is as large."""
    one, half = x.dtype.type(1), x.dtype.type(0.5)
    scale, cubic = x.dtype.type(0.7978845608028654), x.dtype.type(0.044715)
    for i in range(len(x)):
        room[i] = scale * (x[i] + cubic * x[i] * x[i] * x[i])
    tanhs(room)
    for i in range(len(x)):
        x[i] = half * x[i] * (one + room[i])


@part
def turn(x: Array, cosines: Array, sines: Array) -> None:
    """Turn each pair of numbers, one of the first half and one of the second, as `rotated`."""
    half = len(cosines)
    for i in range(half):
        first, second = x[i], x[half + i]
        x[i] = first * cosines[i] - second * sines[i]
        x[half + i] = first * sines[i] + second * cosines[i]


@part
def attend(query: Array, keys: Array, values: Array, scores: Array, means: Array) -> None:
    """Write the mean of the values ``(steps, size)`` with softmax weights by keys ``(size, steps)``; `scores` is room."""
    for i in range(len(scores)):
        scores[i] = query[0] * keys[0, i]
    add_mixed_rows(query[1:], keys[1:], scores)
    highest, total = scores[0], scores.dtype.type(0)
    for i in range(len(scores)):
        highest = max(highest, scores[i])
    for i in range(len(scores)):
        scores[i] -= highest
    exponentials(scores)
    for i in range(len(scores)):
        total += scores[i]
    for i in range(len(means)):
        means[i] = scores.dtype.type(0)
    add_mixed_rows(scores, values, means)
    for i in range(len(means)):
        means[i] /= total


@kernel("the loop of a Transformer")
def transformer_steps(
    begin: int,
    end: int,
    constants: Array,
    table: Array,
    num_heads: int,
    epsilon: float,
    turns: Array,
    attention_in: Array,
    attention_in_bias: Array,
    attention_out: Array,
    attention_out_bias: Array,
    network_in: Array,
    network_in_bias: Array,
    network_out: Array,
    network_out_bias: Array,
    head: Array,
    head_bias: Array,
    keys: Array,
    past_values: Array,
    values: Array,
    temperature: Any,
    noise: Array,
    known: Array,
    mask: Array,
    levels: Array,
) -> bool:
    """Draw the steps from `begin` to `end` of every row, one row after the other.

    Norms and the scale of attention are folded into the weights, which are ``(layers, inputs, outputs)``.

    Args:
        begin: the first step.
        end: the step after the last.
        constants: what positions and context add to the states, ``(N or 1, steps or 1, width)``.
        table: the vectors of all levels and of the start, ``(K + 1, width)``.
        num_heads: attention heads.
        epsilon: of the normalisations.
        turns: cosines and sines of rotary positions, ``(2, T, size / 2)``, or ``(2, 0, 0)``.
        attention_in: to queries, keys and values.
        attention_in_bias: ``(layers, 3 * width)``.
        attention_out: from the means of the values.
        attention_out_bias: ``(layers, width)``.
        network_in: to the hidden units.
        network_in_bias: ``(layers, 4 * width)``.
        network_out: from the hidden units.
        network_out_bias: ``(layers, width)``.
        head: ``(width, outputs)``.
        head_bias: ``(outputs,)``.
        keys: of all steps before, ``(layers, N, heads, size, T)``, brought up to date.
        past_values: values of all steps before, ``(layers, N, heads, T, size)``, brought up to date.
        values: the levels before, ``(N,)``, brought up to date.
        temperature: divides the outputs.
        noise: ``(T, N)``.
        known: known levels, ``(T, N)`` or ``(0, N)``.
        mask: where they are kept, of the same shape.
        levels: ``(T, N)``, written.

    Returns:
        Whether all outputs were numbers.
    """
    width, size = table.shape[1], table.shape[1] // num_heads
    states, normed, means = numpy.zeros_like(table[0]), numpy.zeros_like(table[0]), numpy.zeros_like(table[0])
    joint, hidden = numpy.zeros_like(attention_in_bias[0]), numpy.zeros_like(network_in_bias[0])
    room, outputs = numpy.zeros_like(hidden), numpy.zeros_like(head_bias)
    scores = numpy.zeros_like(keys[0, 0, 0, 0])
    small = table.dtype.type(epsilon)
    for row in range(len(values)):
        value = values[row]
        for step in range(begin, end):
            constant = constants[
                row if len(constants) > 1 else 0, step - begin if constants.shape[1] > 1 else 0
            ]
            for i in range(width):
                states[i] = table[value, i] + constant[i]
            for layer in range(len(attention_in)):
                normalise(states, small, normed)
                for i in range(3 * width):
                    joint[i] = attention_in_bias[layer, i]
                add_mixed_rows(normed, attention_in[layer], joint)
                for number in range(num_heads):
                    first = number * size
                    query, key = joint[first : first + size], joint[width + first : width + first + size]
                    if turns.shape[1]:
                        turn(query, turns[0, step], turns[1, step])
                        turn(key, turns[0, step], turns[1, step])
                    of_head, of_values = keys[layer, row, number], past_values[layer, row, number]
                    for i in range(size):
                        of_head[i, step] = key[i]
                        of_values[step, i] = joint[2 * width + first + i]
                    past = step + 1
                    attend(
                        query, of_head[:, :past], of_values[:past], scores[:past], means[first : first + size]
                    )
                for i in range(width):
                    states[i] += attention_out_bias[layer, i]
                add_mixed_rows(means, attention_out[layer], states)
                normalise(states, small, normed)
                for i in range(4 * width):
                    hidden[i] = network_in_bias[layer, i]
                add_mixed_rows(normed, network_in[layer], hidden)
                gelus(hidden, room)
                for i in range(width):
                    states[i] += network_out_bias[layer, i]
                add_mixed_rows(hidden, network_out[layer], states)
            normalise(states, small, normed)
            for i in range(len(outputs)):
                outputs[i] = head_bias[i]
            add_mixed_rows(normed, head, outputs)
            value = next_level(outputs, temperature, noise, known, mask, step, row)
            if value < 0:
                return False
            levels[step, row] = value
        values[row] = value
    return True
