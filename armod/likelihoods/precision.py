"""The precision of everything that is said about levels: float32 at least, whatever the precision of the network.

bfloat16 has 8 binary digits. A uniform number of 8 digits is 1 once in 512 draws, and a sum of a thousand log-probabilities
is off by hundreds. The outputs of a network in half precision are exact numbers all the same, and from them on everything
is computed in single precision.
"""

from __future__ import annotations

import torch
from torch import Tensor

_PRECISE = (torch.float32, torch.float64)


def at_least_single(dtype: torch.dtype) -> torch.dtype:
    """Return float32 for the types of half precision, and every other floating type itself.

    Args:
        dtype: a floating type.

    Returns:
        The type that is computed with.

    >>> at_least_single(torch.bfloat16), at_least_single(torch.float64)
    (torch.float32, torch.float64)
    """
    return torch.promote_types(dtype, torch.float32)


def in_single(tensor: Tensor) -> Tensor:
    """Convert a floating tensor of half precision to float32; others stay as they are.

    Args:
        tensor: numbers.

    Returns:
        The same numbers.

    >>> in_single(torch.ones(1, dtype=torch.float16)).dtype
    torch.float32
    """
    # in a loop of very small operations, even a conversion that does nothing takes time
    return tensor if tensor.dtype in _PRECISE else tensor.to(at_least_single(tensor.dtype))


def below_one(uniform: Tensor, dtype: torch.dtype) -> Tensor:
    """Convert uniform numbers in [0, 1) to a coarser type, or float32 if it is coarser still, without ever reaching 1.

    Args:
        uniform: numbers in [0, 1).
        dtype: the type that is wanted.

    Returns:
        Numbers in [0, 1), in float32 at least.

    >>> below_one(torch.tensor([1 - 2**-53], dtype=torch.float64), torch.bfloat16) < 1
    tensor([True])
    """
    working = at_least_single(dtype)
    return uniform.to(working).clamp(max=1 - torch.finfo(working).eps / 2)


def next_above(uniform: Tensor, dtype: torch.dtype) -> Tensor:
    """Find the least number above each uniform number: a sum exceeds the one if and only if it reaches the other.

    Args:
        uniform: numbers in [0, 1).
        dtype: the type that is wanted.

    Returns:
        Numbers above 0, in float32 at least.

    >>> next_above(torch.tensor([0.5]), torch.float32) - 0.5
    tensor([5.9605e-08])
    """
    working = at_least_single(dtype)
    uniform = uniform.to(working)
    # an impossible first level has the sum 0, and some processors take the least number of all for 0
    return uniform.nextafter(torch.ones_like(uniform)).clamp_(min=torch.finfo(working).tiny)


def in_own_precision(outputs: Tensor, weight: Tensor) -> Tensor:
    """Convert a network's outputs to the dtype of its weights, and to float32 at least.

    That of autocast, or of weights in half precision, is too coarse for likelihoods.

    Args:
        outputs: the outputs.
        weight: any weight of the network.

    Returns:
        The outputs.

    >>> in_own_precision(torch.ones(1, dtype=torch.bfloat16), torch.ones(1, dtype=torch.float64)).dtype
    torch.float64
    """
    return outputs.to(at_least_single(weight.dtype))


def total(log_probs: Tensor) -> Tensor:
    """Sum log-probabilities over variables in float64.

    Args:
        log_probs: one log-probability for each variable, ``(N, ...)``.

    Returns:
        Sums ``(N,)`` in the same type, or in float32 if it is coarser.

    >>> total(torch.full((1, 3, 64, 64), -5.55, dtype=torch.bfloat16))
    tensor([-68352.])
    """
    return log_probs.flatten(1).sum(1, dtype=torch.float64).to(at_least_single(log_probs.dtype))
