"""What several families and measurements check, each check written once."""

from __future__ import annotations

import torch
from torch.autograd import forward_ad

from armod.models.base import AutoregressiveModel


def check_model(model: object) -> None:
    """Check that a model is one.

    Args:
        model: what a user gave.

    Raises:
        ValueError: if it is something else.

    >>> check_model(torch.nn.Linear(2, 2))
    Traceback (most recent call last):
    ValueError: model is an AutoregressiveModel, not Linear.
    """
    if not isinstance(model, AutoregressiveModel):
        what = f"the class {model.__name__}" if isinstance(model, type) else type(model).__name__
        raise ValueError(f"model is an AutoregressiveModel, not {what}.")


def transforms_are_active() -> bool:
    """Tell whether only torch's own operations can be differentiated here.

    That is so inside the transforms of `torch.func` and in forward-mode differentiation. Autograd functions of our own, and
    fused operations of torch that have no rule for these, then have to step aside.

    Returns:
        True inside of these.

    >>> transforms_are_active()
    False
    >>> torch.func.vmap(lambda x: x * 0 + transforms_are_active())(torch.zeros(2))
    tensor([1., 1.])
    """
    # there is no public way to ask for either
    return torch._C._are_functorch_transforms_active() or forward_ad._current_level >= 0
