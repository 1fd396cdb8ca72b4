"""Settings that a user gives: sizes, shapes, seeds, numbers and switches, each kind checked in one place.

Whole numbers may be Python's, NumPy's or tensors; what comes back are Python's, which do not overflow. True and 2.0 are no
whole numbers. What is wrong is one sentence that names the argument, what came, and what is due.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping, Set
from typing import Any

import numpy as np
import torch
from torch import Tensor


def check_whole(**numbers: Any) -> list[int]:
    """Check that numbers are whole; True and 2.0 are not.

    Args:
        **numbers: each number by the name of its argument.

    Returns:
        The numbers in their order.

    Raises:
        ValueError: for the first that is not a whole number.

    >>> check_whole(seed=0.5)
    Traceback (most recent call last):
    ValueError: seed must be a whole number, not 0.5.
    """
    found = []
    for name, number in numbers.items():
        whole = whole_numbers([number])
        if whole is None:
            raise ValueError(f"{name} must be a whole number, not {shown(number)}.")
        found += whole
    return found


def check_sizes(lowest: int = 1, /, **sizes: Any) -> list[int]:
    """Check that sizes are whole numbers and not too small.

    Args:
        lowest: the least that each may be.
        **sizes: each size by the name of its argument.

    Returns:
        The sizes in their order.

    Raises:
        ValueError: for the first size that is not a whole number or is below `lowest`.

    >>> check_sizes(channels=8, num_layers=0)
    Traceback (most recent call last):
    ValueError: num_layers must be 1 or more, not 0.
    """
    found = check_whole(**sizes)
    for name, size in zip(sizes, found, strict=True):
        if size < lowest:
            raise ValueError(f"{name} must be {lowest} or more, not {size}.")
    return found


def check_several_sizes(**sizes: Any) -> list[int]:
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
    several = whole_numbers(given)
    if several is None or min(several, default=1) < 1:
        raise ValueError(
            f"{name} is a sequence of whole numbers from 1 on, such as [8, 8], not {shown(given)}."
        )
    return several


def check_event_shape(event_shape: Any, form: str = "") -> torch.Size:
    """Check the shape of one observation.

    Args:
        event_shape: what a user gave.
        form: the shape that the family takes, such as "(C, H, W)"; any number of sizes if it is empty.

    Returns:
        The event shape.

    Raises:
        ValueError: if it is not a sequence of whole numbers, has no size or another number of sizes, or a size below 1.

    >>> check_event_shape((1, 28, 28), "(C, H, W)")
    torch.Size([1, 28, 28])
    """
    shape = whole_numbers(event_shape)
    if not shape or min(shape) < 1 or (form and len(shape) != sum(map(str.isupper, form))):
        example = (
            f"{form} with sizes of at least 1" if form else "a sequence of sizes from 1 on, such as (256,)"
        )
        raise ValueError(f"event_shape is {example}, not {shown(event_shape)}.")
    return torch.Size(shape)


def check_number(name: str, value: Any, makes_sense: Callable[[float], bool], due: str) -> float:
    """Check a real number.

    Args:
        name: the argument's name.
        value: what a user gave.
        makes_sense: whether a finite number does; NaN never does.
        due: what is due, for the message.

    Returns:
        The number.

    Raises:
        ValueError: if it is another thing, or makes no sense.

    >>> check_number("dropout", "0.1", lambda share: 0 <= share < 1, "a probability below 1")
    Traceback (most recent call last):
    ValueError: dropout is a probability below 1, not '0.1'.
    """
    is_number = hasattr(value, "__float__") and not isinstance(value, bool | Tensor | np.ndarray)
    if not is_number or not math.isfinite(value) or not makes_sense(value):
        raise ValueError(f"{name} is {due}, not {shown(value)}.")
    return float(value)


def check_switches(**switches: Any) -> None:
    """Check that switches are True or False, because any other object would count as one of the two.

    Args:
        **switches: each switch by the name of its argument.

    Raises:
        ValueError: for the first that is neither.

    >>> check_switches(residual="no")
    Traceback (most recent call last):
    ValueError: residual must be True or False, not 'no'.
    """
    for name, switch in switches.items():
        if not isinstance(switch, bool | np.bool_):
            raise ValueError(f"{name} must be True or False, not {shown(switch)}.")


def generator_of(seed: Any) -> torch.Generator:
    """Make a source of randomness of its own, so that torch's global one is left alone.

    Args:
        seed: what a user gave.

    Returns:
        A generator on the CPU.

    Raises:
        ValueError: if the seed is no whole number of 64 bits.

    >>> torch.rand(1, generator=generator_of(0))
    tensor([0.4963])
    """
    (number,) = check_whole(seed=seed)
    if not -(2**63) <= number < 2**64:
        raise ValueError(f"seed must be a whole number of 64 bits, not {number}.")
    return torch.Generator().manual_seed(number)


def whole_numbers(given: Any) -> list[int] | None:
    """Take the whole numbers of a sequence.

    Args:
        given: what a user gave.

    Returns:
        The numbers, or None if it is something else.

    >>> whole_numbers((np.int8(3), torch.tensor(4))), whole_numbers([3, True]), whole_numbers(3)
    ([3, 4], None, None)
    """
    if isinstance(given, str | bytes | Mapping | Set):
        return None
    try:
        several = list(given)
        if any(isinstance(one, bool) or getattr(one, "dtype", None) == torch.bool for one in several):
            return None
        return [operator.index(one) for one in several]
    except (TypeError, ValueError, RuntimeError):
        return None


def shown(given: object) -> str:
    """Write what a user gave into a sentence: on one line, and not too long.

    Args:
        given: any object.

    Returns:
        Its text.

    >>> shown(torch.zeros(1, 2)), shown(torch.nn.Linear)
    ('tensor([[0., 0.]])', 'the class Linear')
    """
    if isinstance(given, type):
        return f"the class {given.__name__}"
    text = " ".join(repr(given).split())
    return text if len(text) <= 200 else f"{text[:200]} ..."
