"""What the oracle does to a model: copies with random weights, random observations, and looks at what changes."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable

import torch
from torch import Tensor, distributions

from armod import likelihoods
from armod.inputs import conditionals_of, tensor_of
from armod.models.base import AutoregressiveModel, device_of
from armod.models.conditional import Conditional

Given = Callable[[torch.Generator], Tensor | None]

WEIGHT_DRAWS = 2  # of each kind
POINTS = 3  # observations for each draw of weights
BATCH = 256
# how much rounding may change, in units of the last bit; any path through a network in float64 changes far more
_TOLERANCE = 500


def given_to(model: AutoregressiveModel, context: object) -> Given:
    """Decide what a model is given beside the levels.

    Args:
        model: the model.
        context: an example of a user, what one observation is given or a batch of one; or None for random numbers.

    Returns:
        A function of a generator that gives a context of one row, or None for a model without a context.

    Raises:
        ValueError: if the model can't read the example, or needs one.
    """
    if context is None:
        if isinstance(model, Conditional):
            raise ValueError(
                "Nobody but its encoder knows what this Conditional reads: give an example, context=..., the raw input of one "
                "observation."
            )
        return lambda generator: _random_context(model, generator)
    example = tensor_of(context, "context", "what one observation is given").to(device_of(model))
    batches = [example] if example.dim() and len(example) == 1 else []
    reason = ""
    for batch in (*batches, example[None]):
        try:
            with torch.no_grad():
                conditionals_at(model, one_observation(model), batch)
        except ValueError as error:
            reason = reason or str(error).rstrip(".")
        else:
            return lambda generator: batch
    raise ValueError(
        f"context is what one observation is given, or a batch of one, but of shape {tuple(example.shape)} it does not fit: "
        f"{reason}."
    )


def in_float64(model: AutoregressiveModel, given: Given) -> AutoregressiveModel:
    """Copy a model in evaluation mode, in float64 unless the model casts its inputs to another dtype.

    Args:
        model: the model.
        given: its context.

    Returns:
        The copy.
    """
    precise = copy.deepcopy(model).double().eval()
    try:
        conditionals_at(precise, one_observation(model), given(torch.Generator()))
    except (RuntimeError, ValueError):
        return copy.deepcopy(model).eval()
    return precise


def randomise(model: AutoregressiveModel, generator: torch.Generator, is_positive: bool) -> None:
    """Give a model new random parameters.

    Args:
        model: a copy of the model, which changes.
        generator: source of the weights.
        is_positive: whether all of them are positive.
    """
    with torch.no_grad():
        for parameter in model.parameters():
            fan_in = parameter[0].numel() if parameter.dim() > 1 else 4
            noise = torch.randn(parameter.shape, generator=generator, dtype=torch.float64)
            # both scales keep the signal of a ReLU network at its size from layer to layer
            parameter.copy_(noise.abs() / fan_in if is_positive else noise * math.sqrt(2 / fan_in))


def differ(before: distributions.Distribution, after: distributions.Distribution, levels: Tensor) -> Tensor:
    """Find where two sets of conditionals give the same levels different log-probabilities.

    Args:
        before: conditionals ``(N, *event_shape)``.
        after: as many others.
        levels: levels of one observation.

    Returns:
        Booleans ``(N, D)``.
    """
    old = before.log_prob(levels.expand(before.batch_shape)).flatten(1)
    new = after.log_prob(levels.expand(after.batch_shape)).flatten(1)
    scale = torch.maximum(old.abs(), new.abs()).clamp(min=1)
    is_close = (old - new).abs() <= _TOLERANCE * torch.finfo(old.dtype).eps * scale
    # where a level is impossible in both, minus infinity equals minus infinity
    return ~(is_close | (old == new))


def random_values(
    num_levels: int | None, shape: tuple[int, ...], generator: torch.Generator, lowest: int = 0
) -> Tensor:
    """Draw random levels, or random real numbers for a model of these.

    Args:
        num_levels: K, or None for real numbers.
        shape: the shape.
        generator: source of the values.
        lowest: the lowest level.

    Returns:
        The values.
    """
    if num_levels is None:
        return torch.randn(shape, generator=generator, dtype=torch.float64)
    return torch.randint(lowest, num_levels, shape, generator=generator)


def num_levels_of(model: AutoregressiveModel, given: Given) -> int | None:
    """Find out how many levels a model has, if need be from its conditionals.

    Args:
        model: the model.
        given: its context.

    Returns:
        K, or None for real numbers.
    """
    if model.likelihood is not None:
        return model.likelihood.num_levels
    conditionals = conditionals_at(model, one_observation(model), given(torch.Generator()))
    return likelihoods.num_levels(conditionals) or 2


def conditionals_at(
    model: AutoregressiveModel, x: Tensor, context: Tensor | None
) -> distributions.Distribution:
    """Compute a model's conditionals at observations that are all given the same.

    Args:
        model: the model.
        x: observations ``(N, *event_shape)``.
        context: one row, or None.

    Returns:
        The conditionals.

    Raises:
        ValueError: if they are no distribution of each variable.
    """
    everywhere = None if context is None else context.expand(len(x), *context.shape[1:])
    return conditionals_of(model.conditionals(x, everywhere), x.shape, model)


def one_observation(model: AutoregressiveModel) -> Tensor:
    """Return an observation of zeros, ``(1, *event_shape)``."""
    return torch.zeros(1, *model.event_shape, dtype=torch.int64, device=device_of(model))


def _random_context(model: AutoregressiveModel, generator: torch.Generator) -> Tensor | None:
    """One context ``(1, C, T)`` or ``(1, C, H, W)`` for a model that needs one; it differs at every position."""
    if not model.context_size:
        return None
    positions = model.event_shape[1:] if len(model.event_shape) >= 3 else model.event_shape
    hop = getattr(model, "context_hop", 1)
    context = torch.randn(
        1,
        model.context_size,
        *(-(-size // hop) for size in positions),
        generator=generator,
        dtype=torch.float64,
    )
    return context.to(next(model.parameters()))
