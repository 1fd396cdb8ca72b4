"""Joint tables, and the tables of conditionals into which an ordering takes them apart."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor


def random_tables(generator: np.random.Generator, *sizes: int) -> list[Tensor]:
    """Conditionals of any joint, none below 0.02: table k is ``sizes[:k + 1]``, and its last axis adds up to 1."""
    tables = []
    for k in range(len(sizes)):
        weights = torch.from_numpy(generator.gamma(0.8, size=sizes[: k + 1])) + 0.1
        tables.append(0.9 * weights / weights.sum(-1, keepdim=True) + 0.1 / sizes[k])
    return tables


def multiplied(tables: Sequence[Tensor]) -> Tensor:
    """The chain rule: the joint whose axes are in the order of the tables."""
    product = torch.ones((), dtype=torch.float64)
    for table in tables:
        product = product.unsqueeze(-1) * table
    return product


def conditionals(joint: Tensor, ordering: Sequence[int]) -> list[Tensor]:
    """Table k, ``(K_first, ..., K_k-th)``: the probabilities of the k-th variable, given the variables before it."""
    return [table / table.sum(-1, keepdim=True) for table in pasts_of(joint, ordering)]


def pasts_of(joint: Tensor, ordering: Sequence[int]) -> list[Tensor]:
    """Table k: the joint of the variables up to the k-th in the ordering, the later ones summed out."""
    in_order = joint.permute(*ordering)
    size = in_order.ndim
    return [in_order.reshape(*in_order.shape[: k + 1], -1).sum(-1) for k in range(size)]


def all_close(mine: Sequence[Tensor], others: Sequence[Tensor]) -> bool:
    """Whether two lists of tables hold the same shapes and numbers, up to rounding of float32."""
    return all(
        a.shape == b.shape and torch.allclose(a, b, atol=1e-5) for a, b in zip(mine, others, strict=True)
    )


def where_most_different(mine: Tensor, right: Tensor) -> tuple[int, ...]:
    """The entry at which two tables of one shape differ most."""
    return tuple(int(index) for index in np.unravel_index(int((mine - right).abs().argmax()), mine.shape))
