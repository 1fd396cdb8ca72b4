"""The longest chain of operations that wait for each other: no parallel machine can compute in fewer steps."""

from __future__ import annotations

from torch import Tensor

from armod.inputs import tensor_of


def longest_chain(result: Tensor) -> int:
    """Count the nodes on the longest path through the graph that autograd recorded.

    Args:
        result: a tensor that was computed from parameters that require gradients.

    Returns:
        The length of the longest path that ends at `result`.

    Raises:
        ValueError: if autograd has no graph of the tensor.

    >>> import torch
    >>> x = torch.ones(3, requires_grad=True)
    >>> longest_chain((x.exp() + x.sin()).sum())
    4
    """
    result = tensor_of(result, "result", "numbers that were computed")
    if result.grad_fn is None:
        raise ValueError(
            "The result has no graph: compute it from parameters that require gradients, not under no_grad."
        )
    lengths: dict[object, int] = {}
    # a stack, deepest node last; recursion would fail, because the chain may be longer than Python's own stack
    waiting = [result.grad_fn]
    while waiting:
        below = [node for node, _ in waiting[-1].next_functions if node is not None]
        unknown = [node for node in below if node not in lengths]
        waiting += unknown
        if not unknown:
            lengths[waiting.pop()] = 1 + max((lengths[node] for node in below), default=0)
    return lengths[result.grad_fn]
