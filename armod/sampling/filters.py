"""Rules of your own for what is drawn next: filters, which `AutoregressiveModel.sample` applies to each conditional.

A filter is any function ``f(distribution, step, values)`` that returns a distribution over the same levels. Rules of harmony,
banned symbols and the library's own temperature, top-k and top-p (`armod.sampling.Adjustment`) are filters.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import torch
from torch import Tensor, distributions

from armod.inputs import described
from armod.likelihoods import num_levels, table
from armod.likelihoods.ready_made import by_logits

Filter: TypeAlias = Callable[[distributions.Distribution, int, Tensor], distributions.Distribution]


def without(distribution: distributions.Distribution, banned: Tensor) -> distributions.Distribution:
    """Leave levels out of a distribution, and let the others share their probability.

    Args:
        distribution: a distribution over levels ``0..K-1``, of batch shape ``(N,)``.
        banned: booleans that broadcast to ``(N, K)``, True for what is left out.

    Returns:
        A categorical distribution. A row whose levels are all left out has no probabilities, which `sample` reports.

    Raises:
        TypeError: if the distribution is not one over levels ``0..K-1``.
        ValueError: if `banned` is no boolean tensor that broadcasts.

    >>> fair = distributions.Categorical(probs=torch.tensor([[0.2, 0.3, 0.5]]))
    >>> without(fair, torch.tensor([False, False, True])).probs
    tensor([[0.4000, 0.6000, 0.0000]])
    """
    log_probs = table(distribution)
    due = f"banned is a boolean tensor that broadcasts to {tuple(log_probs.shape)}"
    if not (isinstance(banned, Tensor) and banned.dtype == torch.bool):
        raise ValueError(f"{due}, not {described(banned)}.")
    try:
        is_banned = banned.to(log_probs.device).expand_as(log_probs)
    except RuntimeError:
        raise ValueError(f"{due}, not one of shape {tuple(banned.shape)}.") from None
    return by_logits(log_probs.masked_fill(is_banned, -torch.inf))


def filtered(
    rule: Filter, conditional: distributions.Distribution, step: int, values: Tensor, is_drawn: Tensor
) -> distributions.Distribution:
    """Apply a filter to a conditional, and check what it returns.

    Args:
        rule: the filter.
        conditional: the next variable's distribution, of batch shape ``(N,)``.
        step: k, the number of variables that are made.
        values: their levels ``(N, k)`` in the order of generation.
        is_drawn: which rows are drawn from the result, boolean ``(N,)``; the others are known, or have stopped.

    Returns:
        The filter's distribution.

    Raises:
        ValueError: if it is none, has another batch shape or other levels, or leaves a row that is drawn without a level.

    >>> fair, nobody = distributions.Categorical(logits=torch.zeros(1, 2)), torch.zeros(1, 0).long()
    >>> filtered(lambda fair, step, values: without(fair, torch.tensor(True)), fair, 0, nobody, torch.tensor([True]))
    Traceback (most recent call last):
    ValueError: filter leaves no level for variable 0 (in the order of generation) of row 0.
    """
    try:
        found: Any = rule(conditional, step, values)
    except ValueError as error:
        if not str(error).startswith("Expected parameter"):  # how torch refuses what is no distribution
            raise
        raise ValueError(
            f"filter leaves no level for variable {step} (in the order of generation) of a row, or not probabilities."
        ) from error
    shape = conditional.batch_shape
    if not isinstance(found, distributions.Distribution):
        raise ValueError(
            f"filter returns a distribution of batch shape {tuple(shape)}, not {described(found)}."
        )
    if found is conditional:
        return found
    if found.batch_shape != shape or found.event_shape:
        own = tuple(found.batch_shape), tuple(found.event_shape)
        raise ValueError(
            f"filter returns a distribution of batch shape {tuple(shape)} and event shape (), not {own[0]} and {own[1]}."
        )
    due, own_levels = num_levels(conditional), num_levels(found)
    if own_levels != due:
        levels = ["real numbers" if each is None else f"{each} levels" for each in (due, own_levels)]
        raise ValueError(f"filter returns a distribution over {levels[0]}, not over {levels[1]}.")
    if due is not None:
        highest = table(found).amax(-1)  # not a number, or minus infinity, in a row without any level
        is_empty = ~highest.isfinite() & is_drawn.to(highest.device)
        if bool(is_empty.any()):
            row = int(is_empty.nonzero()[0])
            raise ValueError(
                f"filter leaves no level for variable {step} (in the order of generation) of row {row}."
            )
    return found
