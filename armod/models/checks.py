"""What several families check, each check written once: constructors' arguments, and what torch does around a call."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch.autograd import forward_ad

from armod.likelihoods import Likelihood


def check_likelihood(likelihood: object) -> None:
    """Check that a likelihood is an object, not a class or a name.

    Args:
        likelihood: what a user gave.

    Raises:
        ValueError: if it is not a `Likelihood`.

    >>> check_likelihood("bernoulli")
    Traceback (most recent call last):
    ValueError: likelihood is an object such as armod.likelihoods.Bernoulli(), not 'bernoulli'.
    """
    if not isinstance(likelihood, Likelihood):
        raise ValueError(
            f"likelihood is an object such as armod.likelihoods.Bernoulli(), not {likelihood!r}."
        )


def check_sizes(lowest: int = 1, /, **sizes: int) -> None:
    """Check that sizes are not too small.

    Args:
        lowest: the least that each may be.
        **sizes: each size by the name of its argument.

    Raises:
        ValueError: for the first size below `lowest`.

    >>> check_sizes(channels=8, num_layers=0)
    Traceback (most recent call last):
    ValueError: num_layers must be 1 or more, not 0.
    """
    for name, size in sizes.items():
        if size < lowest:
            raise ValueError(f"{name} must be {lowest} or more, not {size}.")


def check_event_shape(event_shape: Sequence[int], form: str = "") -> torch.Size:
    """Check the shape of one observation.

    Args:
        event_shape: what a user gave.
        form: the shape that the family takes, such as "(C, H, W)"; any number of sizes if it is empty.

    Returns:
        The event shape.

    Raises:
        ValueError: if it is not a sequence, has another number of sizes, or a size below 1.

    >>> check_event_shape((1, 28, 28), "(C, H, W)")
    torch.Size([1, 28, 28])
    """
    shape = None if isinstance(event_shape, int) else torch.Size(event_shape)
    if shape is None or min(shape, default=1) < 1 or (form and len(shape) != sum(map(str.isupper, form))):
        example = (
            f"{form} with sizes of at least 1" if form else "a sequence of sizes from 1 on, such as (256,)"
        )
        raise ValueError(f"event_shape is {example}, not {event_shape}.")
    return shape


def transforms_are_active() -> bool:
    """Tell whether only torch's own operations can be differentiated here.

    That is so inside the transforms of `torch.func` and in forward-mode differentiation. Autograd functions of our own, and
    fused operations of torch that have no rule for these, then have to step aside.

    >>> transforms_are_active()
    False
    >>> torch.func.vmap(lambda x: x * 0 + transforms_are_active())(torch.zeros(2))
    tensor([1., 1.])
    """
    # there is no public way to ask for either
    return torch._C._are_functorch_transforms_active() or forward_ad._current_level >= 0
