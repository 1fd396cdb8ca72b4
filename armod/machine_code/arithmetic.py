"""The arithmetic of the inner loops: products, exponentials, draws.

These functions are plain Python, and that is how their tests call them. Inside an inner loop they are compiled with it. They
write into their arguments, as there is no time to ask for memory, and a loop of them becomes vector instructions: several
numbers a clock. The functions of C's library take one number at a time, so for float32 the exponential is a polynomial here
(Cephes' expf and tanhf, correct to the last digit but one).
"""

from __future__ import annotations

import math
from typing import Any, TypeAlias

import numpy
from numpy import float32, int32

from armod.machine_code.loading import part

Array: TypeAlias = Any


@part
def add_product(weights: Array, x: Array, sums: Array) -> None:
    """Add the product of a matrix ``(outputs, inputs)`` and a vector to `sums`."""
    outputs, inputs = weights.shape
    even = outputs - outputs % 4
    for j in range(0, even, 4):  # four outputs at a time read each input once
        a = b = c = d = weights.dtype.type(0)
        for i in range(inputs):
            value = x[i]
            a += weights[j, i] * value
            b += weights[j + 1, i] * value
            c += weights[j + 2, i] * value
            d += weights[j + 3, i] * value
        sums[j] += a
        sums[j + 1] += b
        sums[j + 2] += c
        sums[j + 3] += d
    for j in range(even, outputs):
        a = weights.dtype.type(0)
        for i in range(inputs):
            a += weights[j, i] * x[i]
        sums[j] += a


@part
def add_columns(weights: Array, x: Array, sums: Array) -> None:
    """Add the product of a matrix that is stored by inputs, ``(inputs, outputs)``, and a vector to `sums`."""
    inputs, outputs = weights.shape
    even = inputs - inputs % 8
    for i in range(0, even, 8):  # eight inputs at a time write the sums once
        a, b, c, d = x[i], x[i + 1], x[i + 2], x[i + 3]
        e, f, g, h = x[i + 4], x[i + 5], x[i + 6], x[i + 7]
        for j in range(outputs):
            first = a * weights[i, j] + b * weights[i + 1, j] + c * weights[i + 2, j] + d * weights[i + 3, j]
            second = (
                e * weights[i + 4, j] + f * weights[i + 5, j] + g * weights[i + 6, j] + h * weights[i + 7, j]
            )
            sums[j] += first + second
    for i in range(even, inputs):
        a = x[i]
        for j in range(outputs):
            sums[j] += a * weights[i, j]


@part
def add_many_columns(weights: Array, xs: Array, sums: Array) -> None:
    """Add the products of a matrix ``(inputs, outputs)`` and vectors ``(N, inputs)`` to the first N rows of `sums`."""
    inputs, outputs = weights.shape
    even, fours = inputs - inputs % 4, len(xs) - len(xs) % 4
    for n in range(0, fours, 4):  # four vectors at a time read each weight once
        p, q, r, s = xs[n], xs[n + 1], xs[n + 2], xs[n + 3]
        for i in range(0, even, 4):
            p0, p1, p2, p3 = p[i], p[i + 1], p[i + 2], p[i + 3]
            q0, q1, q2, q3 = q[i], q[i + 1], q[i + 2], q[i + 3]
            r0, r1, r2, r3 = r[i], r[i + 1], r[i + 2], r[i + 3]
            s0, s1, s2, s3 = s[i], s[i + 1], s[i + 2], s[i + 3]
            for j in range(outputs):
                a, b, c, d = weights[i, j], weights[i + 1, j], weights[i + 2, j], weights[i + 3, j]
                sums[n, j] += a * p0 + b * p1 + c * p2 + d * p3
                sums[n + 1, j] += a * q0 + b * q1 + c * q2 + d * q3
                sums[n + 2, j] += a * r0 + b * r1 + c * r2 + d * r3
                sums[n + 3, j] += a * s0 + b * s1 + c * s2 + d * s3
        for i in range(even, inputs):
            for k in range(n, n + 4):
                for j in range(outputs):
                    sums[k, j] += weights[i, j] * xs[k, i]
    for n in range(fours, len(xs)):
        add_columns(weights, xs[n], sums[n])


@part
def add_mixed_rows(weights: Array, rows: Array, sums: Array) -> None:
    """Add the rows ``(inputs, N)``, each times its weight, to `sums`, ``(N,)``: one unit of a network for N observations."""
    inputs, num = rows.shape
    if num == 1:
        total = weights.dtype.type(0)
        for i in range(inputs):
            total += weights[i] * rows[i, 0]
        sums[0] += total
        return
    even = inputs - inputs % 8
    for i in range(0, even, 8):  # eight rows at a time write the sums once
        a, b, c, d = weights[i], weights[i + 1], weights[i + 2], weights[i + 3]
        e, f, g, h = weights[i + 4], weights[i + 5], weights[i + 6], weights[i + 7]
        for n in range(num):
            first = a * rows[i, n] + b * rows[i + 1, n] + c * rows[i + 2, n] + d * rows[i + 3, n]
            second = e * rows[i + 4, n] + f * rows[i + 5, n] + g * rows[i + 6, n] + h * rows[i + 7, n]
            sums[n] += first + second
    for i in range(even, inputs):
        a = weights[i]
        for n in range(num):
            sums[n] += a * rows[i, n]


@part
def exponential(x: Any) -> Any:
    """Compute ``exp(x)`` of a float32 up to 88; of what is no number, no number."""
    power = numpy.floor(x * float32(1.44269504088896341) + float32(0.5))
    rest = (x - power * float32(0.693359375)) + power * float32(2.12194440e-4)
    value = float32(1.9875691500e-4)
    value = value * rest + float32(1.3981999507e-3)
    value = value * rest + float32(8.3334519073e-3)
    value = value * rest + float32(4.1665795894e-2)
    value = value * rest + float32(1.6666665459e-1)
    value = value * rest + float32(5.0000001201e-1)
    value = (value * rest) * rest + rest + float32(1)
    # a float32 that consists of an exponent alone
    scale = int32((int32(power) + int32(127)) << int32(23)).view(float32)
    if x > float32(-87):
        return value * scale
    return float32(0) if x <= float32(-87) else x


@part
def exponentials(x: Array) -> None:
    """Replace each number, none above 88, by its exponential."""
    if x.itemsize == 4:
        for i in range(len(x)):
            x[i] = exponential(float32(x[i]))
    else:
        for i in range(len(x)):
            x[i] = math.exp(x[i])


@part
def sigmoids(x: Array) -> None:
    """Replace each number by ``1 / (1 + exp(-x))``."""
    one = x.dtype.type(1)
    for i in range(len(x)):
        x[i] = min(-x[i], x.dtype.type(88)) if x[i] == x[i] else x[i]
    exponentials(x)
    for i in range(len(x)):
        x[i] = one / (one + x[i])


@part
def tanhs(x: Array) -> None:
    """Replace each number by its hyperbolic tangent."""
    if x.itemsize == 4:
        for i in range(len(x)):
            value = float32(x[i])
            square = value * value
            near = float32(-5.70498872745e-3)
            near = near * square + float32(2.06390887954e-2)
            near = near * square + float32(-5.37397155531e-2)
            near = near * square + float32(1.33314422036e-1)
            near = near * square + float32(-3.33332819422e-1)
            near = near * square * value + value
            size = abs(value)
            double = float32(2) * size
            far = float32(1) - float32(2) / (
                exponential(float32(40) if double > float32(40) else double) + float32(1)
            )
            far = far if value > float32(0) else -far
            x[i] = near if size < float32(0.625) else far
    else:
        for i in range(len(x)):
            x[i] = math.tanh(x[i])


@part
def set_product(weights: Array, bias: Array, x: Array, sums: Array) -> None:
    """Let `sums` be the bias and the product of a matrix ``(outputs, inputs)`` and a vector."""
    for i in range(len(sums)):
        sums[i] = bias[i]
    add_product(weights, x, sums)


@part
def next_level(
    outputs: Array, temperature: Any, noise: Array, known: Array, mask: Array, step: int, row: int
) -> int:
    """Draw a level, or keep what is known; `outputs` are overwritten.

    Args:
        outputs: the logits of all levels, or that of a bit.
        temperature: divides them.
        noise: of all steps and rows, ``(T, N)``.
        known: known levels, ``(T, N)`` or ``(0, N)``.
        mask: where they are kept, of the same shape.
        step: the step.
        row: the row.

    Returns:
        The level, or -1 if the outputs are no numbers.
    """
    if temperature != outputs.dtype.type(1):
        for i in range(len(outputs)):
            outputs[i] /= temperature
    level = level_of(outputs, noise[step, row])
    if level >= 0 and len(mask) and mask[step, row]:
        return known[step, row]
    return level


@part
def level_of(outputs: Array, noise: Any) -> int:
    """Draw a level as `armod.likelihoods.Categorical.draw`, or the bit of a single logit; `outputs` are overwritten.

    Args:
        outputs: the logits of all levels, or that of a bit.
        noise: what the likelihood's `noise` made of a uniform number.

    Returns:
        The level, or -1 if the outputs are no numbers.
    """
    if len(outputs) == 1:
        if outputs[0] != outputs[0]:
            return -1
        return 1 if outputs[0] >= noise else 0
    highest = outputs[0]
    for k in range(len(outputs)):
        highest = max(highest, outputs[k])
    for k in range(len(outputs)):
        outputs[k] -= highest
    exponentials(outputs)
    total = outputs.dtype.type(0)
    for k in range(len(outputs)):
        total += outputs[k]
    if not total > 0:
        return -1
    for k in range(len(outputs)):
        outputs[k] /= total
    cumulative = 0.0
    for k in range(len(outputs)):
        cumulative += outputs[k]
        if outputs.dtype.type(cumulative) >= noise:
            return k
    # all sums are below: the first level with the last sum, as those after it have no probability to speak of
    last, cumulative = outputs.dtype.type(cumulative), 0.0
    for k in range(len(outputs)):
        cumulative += outputs[k]
        if outputs.dtype.type(cumulative) >= last:
            return k
    return -1
