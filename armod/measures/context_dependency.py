"""The oracle for contexts: which conditionals react to which number of what the model is given?

A model reads its context at the place of each variable. An encoder can bring more there: what lies below, to the right, or in the
future. This is where it is tested that it does.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from armod.inputs import conditionals_of
from armod.measures.probing import (
    BATCH,
    POINTS,
    WEIGHT_DRAWS,
    differ,
    given_to,
    in_float64,
    num_levels_of,
    random_values,
    randomise,
)
from armod.models.base import AutoregressiveModel, device_of
from armod.models.checks import check_model
from armod.settings import generator_of


def context_dependency_matrix(
    model: AutoregressiveModel, *, context: Tensor | None = None, seed: int = 0
) -> Tensor:
    """Find which conditionals react to which number of the context, as `armod.dependency_matrix` does for variables.

    A real number changes at random, and a whole number (a symbol) becomes another one that is in the example.

    Args:
        model: the model to test, which does not change.
        context: what one observation is given, or a batch of one; an `armod.Conditional` needs such an example of its raw input.
            None gives random numbers, one for each channel and position.
        seed: seed of the random weights and observations.

    Returns:
        A boolean tensor ``(D, M)`` on the CPU for a context of M numbers: [i, m] is True where the conditional of variable i
        reacts to number m (row-major).

    Raises:
        ValueError: as `armod.dependency_matrix`; also if the model has no context, or all symbols of the example are the same.

    A PixelCNN reads its context at its own pixel and at those before it in its field. An encoder also looks ahead:

    >>> import armod
    >>> pixels = armod.PixelCNN((1, 1, 3), 8, 1, likelihood=armod.likelihoods.Bernoulli(), context_channels=2)
    >>> context_dependency_matrix(pixels).view(3, 2, 3).any(1).int().tolist()
    [[1, 0, 0], [1, 1, 0], [0, 1, 1]]
    >>> model = armod.Conditional(armod.encoders.images(1, 2, channels=8, num_layers=1), pixels)
    >>> context_dependency_matrix(model, context=torch.rand(1, 1, 3)).int().tolist()
    [[1, 1, 1], [1, 1, 1], [1, 1, 1]]
    """
    check_model(model)
    if model.context_size == 0:
        raise ValueError(
            f"This {type(model).__name__} was built without a context, so nothing depends on one."
        )
    generator, given = generator_of(seed), given_to(model, context)
    precise = in_float64(model, given)
    num_levels, num_variables = num_levels_of(precise, given), math.prod(model.event_shape)
    reacts: Tensor | None = None
    for is_positive in [False, True] * WEIGHT_DRAWS:
        randomise(precise, generator, is_positive)
        for _ in range(POINTS):
            row = given(generator)
            if row is None:
                raise ValueError(
                    "What this model reads as its context is unknown: give an example, context=..."
                )
            x = random_values(num_levels, (1, *model.event_shape), generator).to(device_of(model))
            found = _reactions(precise, x, row, _changed(row, generator), generator)
            reacts = found if reacts is None else reacts | found
    return torch.zeros(num_variables, 0, dtype=torch.bool) if reacts is None else reacts


def _changed(row: Tensor, generator: torch.Generator) -> Tensor:
    """Other numbers in the place of all numbers of a context ``(1, ...)``."""
    if row.is_floating_point():
        return row + torch.randn(row.shape, generator=generator, dtype=torch.float64).to(row)
    symbols, places = row.unique(return_inverse=True)
    if len(symbols) < 2:
        raise ValueError("context is an example with several symbols, so that one can take another's place.")
    return symbols[(places + 1) % len(symbols)]


def _reactions(
    model: AutoregressiveModel, x: Tensor, row: Tensor, other: Tensor, generator: torch.Generator
) -> Tensor:
    """[i, m]: did the conditional of variable i change when only number m of the context did?

    A row of a batch is compared with an unchanged row at the same position in a batch of the same size, so that even the order
    of summation is the same.
    """
    num_levels = None if model.likelihood is None else model.likelihood.num_levels
    probes = random_values(num_levels or 2, (2, *model.event_shape), generator).to(x.device).double()
    columns = []
    with torch.no_grad():
        for numbers in torch.arange(row.numel(), device=x.device).split(BATCH):
            unchanged = row.expand(len(numbers), *row.shape[1:]).clone()
            changed = unchanged.clone()
            rows = torch.arange(len(numbers), device=x.device)
            changed.flatten(1)[rows, numbers] = other.flatten()[numbers]
            xs = x.expand(len(numbers), *x.shape[1:])
            before, after = (
                conditionals_of(model.conditionals(xs, context), xs.shape, model)
                for context in (unchanged, changed)
            )
            moved = [differ(before, after, probe) for probe in probes]
            columns.append(torch.stack(moved).any(0).T.cpu())
    return torch.cat(columns, 1)
