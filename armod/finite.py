"""Are all numbers finite? A look that is quick enough to be taken before every sample."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn


def check_finite(model: nn.Module, context: Tensor | None) -> None:
    """Check that no weight and no number of the context is NaN or infinite, because every sample would be nonsense.

    Args:
        model: the model that is about to sample.
        context: a checked context, or None.

    Raises:
        ValueError: for the first parameter that is not finite, or for the context.

    >>> check_finite(nn.Linear(2, 2), torch.tensor([[0.0, torch.nan]]))
    Traceback (most recent call last):
    ValueError: The context has numbers that are not finite, so there is nothing to sample from.
    """
    if context is not None and not all_finite(context):
        raise ValueError("The context has numbers that are not finite, so there is nothing to sample from.")
    for name, parameter in model.named_parameters():
        if not all_finite(parameter.detach()):
            raise ValueError(
                f"The weights `{name}` are not all finite (did training diverge?), so there is nothing to sample from."
            )


def all_finite(numbers: Tensor) -> bool:
    """Tell whether no number is NaN or infinite.

    Args:
        numbers: a floating tensor.

    Returns:
        True if all are finite.

    >>> all_finite(torch.tensor([1e38, 3e38])), all_finite(torch.tensor([0.0, torch.nan]))
    (True, False)
    """
    # the sum takes one quick pass; only finite numbers whose sum overflows take a second one
    return math.isfinite(numbers.sum()) or bool(torch.isfinite(numbers).all())
