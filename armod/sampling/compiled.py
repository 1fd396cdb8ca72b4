"""Draw whole sequences through a loop in machine code, if there is one that fits.

The loop of a walk goes from value to value by small operations. Its compiled twin (armod.machine_code) does the same
arithmetic, with the same noise, in one call for many steps.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any, TypeAlias

import numpy
import torch
from torch import Tensor
from tqdm import tqdm

from armod.likelihoods import Bernoulli, Categorical, Likelihood
from armod.machine_code import Kernel
from armod.sampling.adjust import without_temperature
from armod.sampling.drawing import raise_no_numbers

Array: TypeAlias = Any

_STEPS_AT_A_TIME = 1_024  # between two looks at the progress and at Ctrl-C


def draw_sequence(
    kernel: Kernel,
    likelihood: Likelihood,
    noise: Tensor,
    known: Tensor | None,
    mask: Tensor | None,
    start: int,
    arguments: Callable[[int, int], Sequence[Any]],
    ends: Sequence[int] = (),
) -> Tensor | None:
    """Draw every variable of some sequences by a kernel.

    The kernel takes

    - the first step and the one after the last;
    - ``arguments(first, after the last)``;
    - the values before, int64 ``(N,)``, which it brings up to date; the temperature; the noise ``(T, N)``; known levels and
      where they are kept, ``(T, N)``, or ``(0, N)`` for none; and the levels int64 ``(T, N)`` that it writes.

    It returns whether all that it met was a number.

    Args:
        kernel: the loop.
        likelihood: what draws, with its temperature.
        noise: its noise, ``(T, N, 1)``.
        known: levels ``(N, T)``, or None.
        mask: True where they are kept, ``(N, T)``, or None.
        start: the level before the first.
        arguments: what else the kernel takes, by its steps.
        ends: the step after the last one of each call; usually there is one call for thousand steps.

    Returns:
        Levels, int64 ``(N, T)``, or None if there is no compiled loop for this.

    Raises:
        ValueError: if something was no number.
    """
    drawing, temperature = without_temperature(likelihood)
    num_steps, num_samples = noise.shape[:2]
    is_simple = type(drawing) is Bernoulli or (type(drawing) is Categorical and drawing.num_levels > 1)
    is_here = noise.device.type == "cpu" and num_steps and num_samples
    if not is_simple or not is_here:
        return None
    noises = noise.squeeze(-1).numpy()
    kept = [
        numpy.zeros((0, num_samples), dtype)
        if each is None
        else numpy.ascontiguousarray(each.T.numpy(), dtype)
        for each, dtype in ((known, numpy.int64), (mask, numpy.bool_))
    ]
    values = numpy.full(num_samples, start, numpy.int64)
    levels = numpy.empty((num_steps, num_samples), numpy.int64)
    rest = (values, noises.dtype.type(temperature), noises, *kept, levels)
    run = kernel.compiled(num_steps * num_samples, 0, 0, *arguments(0, 1), *rest)
    if run is None:
        return None
    with tqdm(total=num_steps, desc="sampling", unit="step", delay=2, leave=False) as bar:
        for begin, end in pairwise([0, *(ends or calls(num_steps))]):
            if not run(begin, end, *arguments(begin, end), *rest):
                raise_no_numbers()
            bar.update(end - begin)
    return torch.from_numpy(levels).T.contiguous()


def calls(num_steps: int, at_a_time: int = _STEPS_AT_A_TIME) -> list[int]:
    """Divide steps among calls.

    Args:
        num_steps: all of them.
        at_a_time: steps of one call at most.

    Returns:
        The step after the last one of each call.

    >>> calls(5, 2)
    [2, 4, 5]
    """
    return [*range(at_a_time, num_steps, at_a_time), num_steps]
