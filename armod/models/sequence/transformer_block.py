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

    >>> Block(8, num_heads=2)(torch.zeros(3, 5, 8)).shape
    torch.Size([3, 5, 8])
    """

    def __init__(self, width: int, num_heads: int, dropout: float = 0.0) -> None:
        super().__init__()
        self.num_heads, self.dropout = num_heads, dropout
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
        if transforms_are_active():
            means = _attend_step_by_step(queries, keys, values)
        else:
            means = F.scaled_dot_product_attention(queries, keys, values, is_causal=True)
        return means.transpose(1, 2).flatten(2)


def _attend_step_by_step(queries: Tensor, keys: Tensor, values: Tensor) -> Tensor:
    """Torch's causal attention ``(..., D, size)`` with plain operations, because the fused one has no forward mode."""
    scores = queries @ keys.mT / math.sqrt(queries.shape[-1])
    steps = torch.arange(scores.shape[-1], device=scores.device)
    return scores.masked_fill(steps > steps[:, None], -math.inf).softmax(-1) @ values
