"""What several families check, each check written once: constructors' arguments, and what torch does around a call."""

from __future__ import annotations

import operator
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


def check_whole(**numbers: int) -> None:
    """Check that numbers are whole; True and 2.0 are not.

    Args:
        **numbers: each number by the name of its argument.

    Raises:
        ValueError: for the first that is not a whole number.

    >>> check_whole(seed=0.5)
    Traceback (most recent call last):
    ValueError: seed must be a whole number, not 0.5.
    """
    for name, number in numbers.items():
        if _whole_numbers([number]) is None:
            raise ValueError(f"{name} must be a whole number, not {_on_one_line(number)}.")


def check_sizes(lowest: int = 1, /, **sizes: int) -> None:
    """Check that sizes are whole numbers and not too small.

    Args:
        lowest: the least that each may be.
        **sizes: each size by the name of its argument.

    Raises:
        ValueError: for the first size that is not a whole number or is below `lowest`.

    >>> check_sizes(channels=8, num_layers=0)
    Traceback (most recent call last):
    ValueError: num_layers must be 1 or more, not 0.
    """
    check_whole(**sizes)
    for name, size in sizes.items():
        if size < lowest:
            raise ValueError(f"{name} must be {lowest} or more, not {size}.")


def check_several_sizes(**sizes: Sequence[int]) -> list[int]:
    """Check an argument that is a sequence of sizes, which may be empty.

    Args:
        **sizes: the sequence by the name of its argument.

    Returns:
        The sizes as a list.

    Raises:
        ValueError: if it is not a sequence of whole numbers from 1 on.

    >>> check_several_sizes(hidden_sizes=500)
    Traceback (most recent call last):
    ValueError: hidden_sizes is a sequence of whole numbers from 1 on, such as [8, 8], not 500.
    """
    ((name, given),) = sizes.items()
    several = _whole_numbers(given)
    if several is None or min(several, default=1) < 1:
        raise ValueError(
            f"{name} is a sequence of whole numbers from 1 on, such as [8, 8], not {_on_one_line(given)}."
        )
    return several


def check_event_shape(event_shape: Sequence[int], form: str = "") -> torch.Size:
    """Check the shape of one observation.

    Args:
        event_shape: what a user gave.
        form: the shape that the family takes, such as "(C, H, W)"; any number of sizes if it is empty.

    Returns:
        The event shape.

    Raises:
        ValueError: if it is not a sequence of whole numbers, has another number of sizes, or a size below 1.

    >>> check_event_shape((1, 28, 28), "(C, H, W)")
    torch.Size([1, 28, 28])
    """
    shape = _whole_numbers(event_shape)
    if shape is None or min(shape, default=1) < 1 or (form and len(shape) != sum(map(str.isupper, form))):
        example = (
            f"{form} with sizes of at least 1" if form else "a sequence of sizes from 1 on, such as (256,)"
        )
        raise ValueError(f"event_shape is {example}, not {_on_one_line(event_shape)}.")
    return torch.Size(shape)


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


def _whole_numbers(given: object) -> list[int] | None:
    """The whole numbers of a sequence, or None if it is something else."""
    try:
        several = list(given)  # type: ignore[call-overload]
        is_whole = not any(isinstance(number, bool) for number in several)
        return [operator.index(number) for number in several] if is_whole else None
    except (TypeError, ValueError, RuntimeError):
        return None


def _on_one_line(given: object) -> str:
    return " ".join(repr(given).split())
