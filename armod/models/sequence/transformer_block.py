"""The block of the `Transformer`."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from armod.models.checks import transforms_are_active


class Block(nn.Module):
    """Attention over the past, then a network with one hidden layer for every step; both add to their input.

    Args:
        width: size of the states; a multiple of `num_heads`.
        num_heads: attention heads.
        dropout: probability for each number that is added to the states, while training.
        is_rotary: whether queries and keys are turned by their step (`rotated`), so that scores depend on distances.

    >>> Block(8, num_heads=2)(torch.zeros(3, 5, 8)).shape
    torch.Size([3, 5, 8])
    """

    def __init__(self, width: int, num_heads: int, dropout: float = 0.0, *, is_rotary: bool = False) -> None:
        super().__init__()
        self.num_heads, self.dropout, self.is_rotary = num_heads, dropout, is_rotary
        self.attention_norm = nn.LayerNorm(width)
        self.attention_in = nn.Linear(width, 3 * width)  # queries, keys and values
        self.attention_out = nn.Linear(width, width)
        self.network_norm = nn.LayerNorm(width)
        self.network_in = nn.Linear(width, 4 * width)
        self.network_out = nn.Linear(4 * width, width)

    def forward(self, states: Tensor) -> Tensor:
        """Map states ``(N, D, width)`` to the same shape; step k looks at steps up to k."""
        means = self._attend(self.attention_in(self.attention_norm(states)))
        states = states + F.dropout(self.attention_out(means), self.dropout, self.training)
        # GPT-2's approximation of GELU, which is also the faster one
        hidden = F.gelu(self.network_in(self.network_norm(states)), approximate="tanh")
        return states + F.dropout(self.network_out(hidden), self.dropout, self.training)

    def _attend(self, joint: Tensor) -> Tensor:
        """Mean values ``(N, D, width)``, head by head, from queries, keys and values ``(N, D, 3 * width)``."""
        heads = joint.unflatten(2, (3, self.num_heads, -1)).permute(2, 0, 3, 1, 4)
        queries, keys, values = heads.unbind(0)
        if self.is_rotary:
            turns = turns_of(0, queries.shape[-2], queries.shape[-1], like=queries)
            queries, keys = rotated(queries, turns), rotated(keys, turns)
        if transforms_are_active():
            means = _attend_step_by_step(queries, keys, values)
        else:
            means = F.scaled_dot_product_attention(queries, keys, values, is_causal=True)
        return means.transpose(1, 2).flatten(2)


def turns_of(begin: int, end: int, size: int, *, like: Tensor) -> Tensor:
    """The cosines and sines by which each step turns its vectors (Su et al. 2021, equation 15).

    Args:
        begin: the first step.
        end: the step after the last one.
        size: numbers of a vector, an even one.
        like: has the dtype and the device.

    Returns:
        Cosines and sines ``(2, end - begin, size / 2)``.

    >>> turns_of(0, 3, 4, like=torch.zeros(1)).shape
    torch.Size([2, 3, 2])
    """
    steps, pairs = (torch.arange(*ends, dtype=torch.float64) for ends in ((begin, end), (0, size // 2)))
    angles = steps[:, None] * 10_000.0 ** (-2 * pairs / size)
    return torch.stack([angles.cos(), angles.sin()]).to(like)


def rotated(vectors: Tensor, turns: Tensor) -> Tensor:
    """Turn each pair of numbers, one of the first half and one of the second (Su et al. 2021, section 3.2).

    The scalar product of two vectors then depends on them and on the distance of their steps alone.

    Args:
        vectors: ``(..., T, size)``.
        turns: what `turns_of` returns, ``(2, T, size / 2)``.

    Returns:
        Vectors of the same shape.

    >>> rotated(torch.tensor([[1.0, 0.0]]), torch.tensor([[[0.0]], [[1.0]]])).tolist()  # a right angle
    [[0.0, 1.0]]
    """
    first, second = vectors.chunk(2, -1)
    cosines, sines = turns
    return torch.cat([first * cosines - second * sines, first * sines + second * cosines], -1)


def _attend_step_by_step(queries: Tensor, keys: Tensor, values: Tensor) -> Tensor:
    """Torch's causal attention ``(..., D, size)`` with plain operations, because the fused one has no forward mode."""
    scores = queries @ keys.mT / math.sqrt(queries.shape[-1])
    steps = torch.arange(scores.shape[-1], device=scores.device)
    return scores.masked_fill(steps > steps[:, None], -math.inf).softmax(-1) @ values
