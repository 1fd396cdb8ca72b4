"""A Transformer one variable at a time: keys and values of the past are kept, so that a step computes only its own.

The work of a step grows with nothing but the attention over the past. Few operations do it: the scales and shifts of
the normalisations and of the attention are folded into the weights that follow them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from armod.models.sequence.sequence_model import SequenceIncremental, Steps
from armod.models.sequence.step_inputs import StepConstants

if TYPE_CHECKING:
    from armod.models.sequence.transformer import Block


class TransformerIncremental(SequenceIncremental):
    """The incremental view of a `Transformer`, with a copy of its weights."""

    def __init__(self, steps: Steps, blocks: Sequence[Block], norm: nn.LayerNorm, head: nn.Linear) -> None:
        super().__init__(steps)
        assert steps.num_steps is not None
        self._table = steps.inputs.table()
        self._constants = StepConstants(steps.inputs, steps.context, lambda vectors: vectors)
        self._blocks = [_Block(block, steps.num_samples, steps.num_steps) for block in blocks]
        self._width, self._epsilon = norm.normalized_shape, norm.eps
        self._head, self._head_bias = _folded(norm, head)

    def _advance(self, step: int, value: Tensor) -> Tensor:
        states = torch.index_select(self._table, 0, value)
        states += self._constants(step)
        for block in self._blocks:
            block.advance(step, states)
        return torch.addmm(self._head_bias, F.layer_norm(states, self._width, eps=self._epsilon), self._head)


class _Block:
    """One block, with the keys and values of all steps so far."""

    def __init__(self, block: Block, num_samples: int, num_steps: int) -> None:
        width = block.attention_out.in_features
        self._width, self._epsilon = block.attention_norm.normalized_shape, block.attention_norm.eps

        weight, bias = _folded(block.attention_norm, block.attention_in)
        scale = (width // block.num_heads) ** -0.5
        weight[:, :width] *= scale  # of the queries
        bias[:width] *= scale
        self._attention_in, self._attention_in_bias = weight, bias
        self._attention_out, self._attention_out_bias = _copied(block.attention_out)
        self._network_in, self._network_in_bias = _folded(block.network_norm, block.network_in)
        self._network_out, self._network_out_bias = _copied(block.network_out)

        heads = (num_samples * block.num_heads, width // block.num_heads)
        joint = weight.new_empty(num_samples, 3 * width)
        self._joint = joint
        self._new_queries = joint[:, :width]
        self._new_keys_and_values = joint[:, width:].unflatten(1, (2, width)).transpose(0, 1)
        # steps first: then a step's are one piece of memory, whatever the number of samples
        past = weight.new_empty(num_steps, 2, num_samples, width)
        self._slots = past.unbind(0)
        keys, values = past.view(num_steps, 2, *heads).unbind(1)
        self._keys, self._values = keys.permute(1, 2, 0), values.transpose(0, 1)
        self._queries = weight.new_empty(heads[0], 1, heads[1])
        self._queries_of_all_heads = self._queries.view(num_samples, width)
        self._means = weight.new_empty(heads[0], 1, heads[1])
        self._means_of_all_heads = self._means.view(num_samples, width)
        self._hidden = weight.new_empty(num_samples, 4 * width)

    def advance(self, step: int, states: Tensor) -> None:
        """Change the states ``(N, width)`` of `step`, looking back at all steps before it."""
        normed = F.layer_norm(states, self._width, eps=self._epsilon)
        torch.addmm(self._attention_in_bias, normed, self._attention_in, out=self._joint)
        self._queries_of_all_heads.copy_(self._new_queries)
        self._slots[step].copy_(self._new_keys_and_values)
        scores = torch.bmm(self._queries, self._keys.narrow(2, 0, step + 1))
        torch.bmm(torch.softmax(scores, -1), self._values.narrow(1, 0, step + 1), out=self._means)
        states.addmm_(self._means_of_all_heads, self._attention_out).add_(self._attention_out_bias)

        normed = F.layer_norm(states, self._width, eps=self._epsilon)
        torch.addmm(self._network_in_bias, normed, self._network_in, out=self._hidden)
        hidden = F.gelu(self._hidden, approximate="tanh")
        states.addmm_(hidden, self._network_out).add_(self._network_out_bias)


def _folded(norm: nn.LayerNorm, linear: nn.Linear) -> tuple[Tensor, Tensor]:
    """Weight ``(in, out)`` and bias of a linear layer that take in scale and shift of the normalisation before it."""
    weight = linear.weight.detach()
    return (weight * norm.weight.detach()).T.contiguous(), linear.bias.detach() + weight @ norm.bias.detach()


def _copied(linear: nn.Linear) -> tuple[Tensor, Tensor]:
    """Weight ``(in, out)`` and bias, safe from what becomes of the layer."""
    return linear.weight.detach().T.clone(memory_format=torch.contiguous_format), linear.bias.detach().clone()
