"""The blocks of a MADE's chunk as one loop over numbers: what `MADEWalk` does by small operations."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy

from armod.machine_code import kernel
from armod.machine_code.arithmetic import add_mixed_rows, next_level

Array: TypeAlias = Any


# a variable takes a few microseconds even without it, and to load numba half a second
@kernel("the loop of a MADE", enough=300_000)
def made_blocks(
    begin: int,
    end: int,
    weights: Array,
    places: Array,
    sizes: Array,
    num_features: int,
    num_parameters: int,
    units: Array,
    values: Array,
    temperature: Any,
    noise: Array,
    known: Array,
    mask: Array,
    levels: Array,
) -> bool:
    """Draw the variables from `begin` to `end`, which are those of a chunk, block by block.

    Everything that the chunk's units get from units before the chunk has been added to them.

    Args:
        begin: the first variable, in the order of generation.
        end: the variable after the last.
        weights: of all layers one after the other, each ``(units of the chunk, units below in the chunk)``.
        places: of each layer the chunk's first unit and the first one below, as rows of `units`; how many there are below; and
            where its weights begin; ``(layers, 4)``.
        sizes: how many variables become known with each block, and how many units of each layer become final,
            ``(layers + 1, blocks)``; the last layer is the output.
        num_features: inputs of a variable, 1 or one for each level.
        num_parameters: outputs of a variable.
        units: inputs, units of all layers and outputs, ``(rows, N)``, brought up to date.
        values: not used.
        temperature: divides the outputs.
        noise: ``(D, N)``.
        known: known levels, ``(D, N)`` or ``(0, N)``.
        mask: where they are kept, of the same shape.
        levels: ``(D, N)``, written.

    Returns:
        Whether all outputs were numbers.
    """
    num, num_layers = units.shape[1], len(places)
    zero, one = weights.dtype.type(0), weights.dtype.type(1)
    outputs = numpy.zeros_like(units[:num_parameters, 0])
    # variables and units of each layer that are final, counted from the first one that the chunk reads
    done = numpy.zeros(num_layers + 1, numpy.int64)
    start = places[0, 1] // num_features  # the last block of the chunk before was not read there
    done[0], next_step = begin - start, begin
    for block in range(sizes.shape[1] if end > begin else 0):
        for layer in range(num_layers):
            first, below, num_below, begin_weights = places[layer]
            for unit in range(done[layer + 1], done[layer + 1] + sizes[layer + 1, block]):
                sums, place = units[first + unit], begin_weights + unit * num_below
                if layer == 0 and num_features > 1:  # of one-hot inputs only the 1 counts
                    for step in range(start, next_step):
                        for row in range(num):
                            sums[row] += weights[place + levels[step, row]]
                        place += num_features
                else:
                    count = done[layer]
                    add_mixed_rows(weights[place : place + count], units[below : below + count], sums)
                if layer + 1 < num_layers:
                    for row in range(num):
                        sums[row] = zero if sums[row] < zero else sums[row]
            done[layer + 1] += sizes[layer + 1, block]
        for step in range(next_step, next_step + sizes[0, block]):
            first = places[num_layers - 1, 0] + (step - begin) * num_parameters
            for row in range(num):
                for k in range(num_parameters):
                    outputs[k] = units[first + k, row]
                level = next_level(outputs, temperature, noise, known, mask, step, row)
                if level < 0:
                    return False
                levels[step, row] = level
                if num_features > 1:
                    units[step * num_features + level, row] = one
                else:
                    units[step, row] = level
        done[0] += sizes[0, block]
        next_step += sizes[0, block]
    return True
