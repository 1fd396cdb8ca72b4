"""A Transformer one variable at a time: the keys and values of the past are kept, so a step computes only its own.

Only the attention over the past makes later steps slower than earlier ones. There are few operations, because the scales
and shifts of the normalisations and of the attention are folded into the weights that follow them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from armod.likelihoods import Likelihood
from armod.models.sequence.sequence_walk import Beginning, SequenceWalk
from armod.models.sequence.step_inputs import StepConstants
from armod.models.sequence.transformer_block import Block, rotated, turns_of
from armod.models.sequence.transformer_kernel import transformer_steps
from armod.sampling.compiled import calls, draw_sequence

_MOST_ROWS = 8  # from there on, products of many rows read the weights once for all of them


class TransformerWalk(SequenceWalk):
    """The incremental view of a `Transformer`, with a copy of its weights.

    Args:
        beginning: what the walk begins with.
        blocks: the blocks, from the input up.
        norm: the normalisation before the head.
        head: maps states to parameters.

    >>> from armod.likelihoods import Bernoulli
    >>> from armod.models.sequence.transformer import Transformer
    >>> view = Transformer((3,), 4, num_layers=1, num_heads=2, likelihood=Bernoulli()).incremental(2)
    >>> isinstance(view, TransformerWalk), view.conditional().batch_shape
    (True, torch.Size([2]))
    """

    looks_ahead = True

    def __init__(
        self, beginning: Beginning, blocks: Sequence[Block], norm: nn.LayerNorm, head: nn.Linear
    ) -> None:
        assert beginning.num_steps is not None
        self._table = beginning.inputs.table().detach()
        self._weights = [_BlockWeights(block) for block in blocks]
        self._width, self._epsilon = norm.normalized_shape, norm.eps
        self._head, self._head_bias = _folded(norm, head)
        super().__init__(beginning)

    def allocate(self) -> None:
        """Make room for the keys and values of all steps."""
        assert self.num_variables is not None
        self._constants = StepConstants(self.inputs, self.context, lambda vectors: vectors)
        num_heads, width = self._weights[0].num_heads, len(self._head)
        heads = (self.num_samples, num_heads, self.num_variables, width // num_heads)
        # keys and values of all blocks
        self._past = self._head.new_zeros(len(self._weights), 2, *heads)
        self._blocks = [_Block(*each) for each in zip(self._weights, self._past, strict=True)]
        self._rows: _Rows | None = None

    def state(self) -> dict[str, tuple[Tensor, int]]:
        """Name the keys and values of all blocks, as `Walk.state`."""
        return {f"block {k}": (block.past, 1) for k, block in enumerate(self._blocks)}

    def ahead(self, levels: Tensor) -> Tensor:
        """Make many steps in one pass, as `Walk.ahead`; keys and values beyond the last step are overwritten later."""
        assert self.num_variables is not None
        begin, values = (
            self.step,
            torch.cat([self.value_before[None], levels])[: self.num_variables - self.step],
        )
        num_steps, num_samples = values.shape
        rows = self._rows
        if rows is None or rows.num_steps != num_steps:  # most passes look as far ahead as the one before
            rows = self._rows = _Rows(self._blocks[0].past, num_steps)
        states = torch.index_select(self._table, 0, values.flatten())
        constants = self.inputs.constants(self.context, begin, begin + num_steps)
        if constants is not None:
            states.view(num_steps, num_samples, -1).add_(constants.transpose(0, 1))
        for block in self._blocks:
            block.look_ahead(begin, states, rows)
        normed = torch.layer_norm(states, self._width, None, None, self._epsilon)
        return torch.addmm(self._head_bias, normed, self._head).view(num_steps, num_samples, -1)

    def accept(self, levels: Tensor) -> None:
        """Keep the keys and values that `ahead` computed, as `Walk.accept`."""
        self.step += len(levels)
        self._value, self.parameters, self._steps = levels[-1], None, None

    def advance(self, step: int, value: Tensor) -> Tensor:
        """Make one step through all blocks, as `SequenceWalk.advance`."""
        states = torch.index_select(self._table, 0, value)
        if not self._constants.is_empty:
            states += self._constants(step)
        for block in self._blocks:
            block.advance(step, states)
        return torch.addmm(self._head_bias, F.layer_norm(states, self._width, eps=self._epsilon), self._head)

    def own_loop(
        self, likelihood: Likelihood, noise: Tensor, known: Tensor | None, mask: Tensor | None
    ) -> Tensor | None:
        """Draw through `transformer_steps`, which is quickest for a few rows, as `Walk.own_loop`."""
        if self.num_samples > _MOST_ROWS or not self.is_native:
            return None
        keys, past_values = self._past.unbind(1)
        turns = self._blocks[0].turns
        heads: Any = (self._weights[0].num_heads, self._epsilon)
        tensors = [
            self._past.new_zeros(2, 0, 0) if turns is None else turns,
            *(torch.stack([getattr(block, name) for block in self._weights]) for name in _MATRICES),
            self._head,
            self._head_bias,
            keys.view(
                *keys.shape[:3], keys.shape[4], keys.shape[3]
            ),  # the walk itself does not read them any more
            past_values,
        ]
        weights = [self._table.contiguous().numpy(), *heads, *(each.numpy() for each in tensors)]

        def arguments(begin: int, end: int) -> list[Any]:
            constants = self.inputs.constants(self.context, begin, end)
            if constants is None:
                constants = self._table.new_zeros(1, 1, self._table.shape[1])
            return [constants.contiguous().numpy(), *weights]

        start, ends = len(self._table) - 1, calls(len(noise), 128)
        return draw_sequence(transformer_steps, likelihood, noise, known, mask, start, arguments, ends)


_MATRICES = [
    name + kind
    for name in ("attention_in", "attention_out", "network_in", "network_out")
    for kind in ("", "_bias")
]


class _BlockWeights:
    """A copy of one block's weights, each ``(inputs, outputs)``, which include norms and the scale of attention."""

    def __init__(self, block: Block) -> None:
        width, self.num_heads = block.attention_out.in_features, block.num_heads
        self.is_rotary = block.is_rotary
        self.norm, self.epsilon = block.attention_norm.normalized_shape, block.attention_norm.eps
        self.attention_in, self.attention_in_bias = _folded(block.attention_norm, block.attention_in)
        scale = (width // block.num_heads) ** -0.5
        self.attention_in[:, :width] *= scale  # only the queries are scaled
        self.attention_in_bias[:width] *= scale
        self.attention_out, self.attention_out_bias = _copied(block.attention_out)
        self.network_in, self.network_in_bias = _folded(block.network_norm, block.network_in)
        self.network_out, self.network_out_bias = _copied(block.network_out)
        self.attend_in, self.attend_out = _product(self.attention_in), _product(self.attention_out)
        self.think_in, self.think_out = _product(self.network_in), _product(self.network_out)


class _Block:
    """One block, with the keys and values of all steps so far."""

    def __init__(self, weights: _BlockWeights, past: Tensor) -> None:
        self._weights = weights
        num_samples, _, num_steps, _ = past.shape[1:]
        new, width = weights.attention_in.new_zeros, len(weights.attention_in)
        heads = (num_samples * weights.num_heads, width // weights.num_heads)
        self._joint = new(num_samples, 3 * width)
        by_head = self._joint.unflatten(1, (3, weights.num_heads, heads[1]))
        self._new_queries_and_keys = by_head[:, :2]
        self.turns = turns_of(0, num_steps, heads[1], like=self._joint) if weights.is_rotary else None
        self._new_queries = self._joint[:, :width]
        self._new_keys_and_values = by_head[:, 1:].transpose(0, 1)
        # the steps of a head lie side by side, because each later step reads all of them: writing is rarer than reading
        self.past = past
        self._slots = self.past.unbind(3)
        keys, self._values = self.past.view(2, heads[0], num_steps, heads[1]).unbind(0)
        self._keys = keys.transpose(1, 2)
        self._queries, self._means = new(heads[0], 1, heads[1]), new(heads[0], 1, heads[1])
        self._queries_of_all_heads = self._queries.view(num_samples, width)
        self._means_of_all_heads = self._means.view(num_samples, width)
        self._hidden = new(num_samples, 4 * width)

    def advance(self, step: int, states: Tensor) -> None:
        """Update the states ``(N, width)`` of `step` in place, looking back at all steps before it."""
        weights = self._weights
        normed = F.layer_norm(states, weights.norm, eps=weights.epsilon)
        # queries, keys and values of this step; keys and values are kept for all later ones
        torch.addmm(weights.attention_in_bias, normed, weights.attention_in, out=self._joint)
        if self.turns is not None:
            turns = self.turns[:, step : step + 1]
            self._new_queries_and_keys.copy_(rotated(self._new_queries_and_keys, turns))
        self._queries_of_all_heads.copy_(self._new_queries)
        self._slots[step].copy_(self._new_keys_and_values)
        # the query looks back at all steps up to its own: that alone grows with the step
        scores = torch.bmm(self._queries, self._keys.narrow(2, 0, step + 1))
        torch.bmm(torch.softmax(scores, -1), self._values.narrow(1, 0, step + 1), out=self._means)
        states.addmm_(self._means_of_all_heads, weights.attention_out).add_(weights.attention_out_bias)

        # the network after the attention, for this step only
        normed = F.layer_norm(states, weights.norm, eps=weights.epsilon)
        torch.addmm(weights.network_in_bias, normed, weights.network_in, out=self._hidden)
        hidden = F.gelu(self._hidden, approximate="tanh")
        states.addmm_(hidden, weights.network_out).add_(weights.network_out_bias)

    def look_ahead(self, begin: int, states: Tensor, rows: _Rows) -> None:
        """Update the states ``(b * N, width)`` of b steps from `begin` on in place, each looking back at those before it."""
        weights, end = self._weights, begin + rows.num_steps
        normed = torch.layer_norm(states, weights.norm, None, None, weights.epsilon)
        weights.attend_in(normed, rows.joint)
        rows.joint.add_(weights.attention_in_bias)
        if self.turns is not None:
            turns = self.turns[:, begin:end, None, None, None]
            rows.new_queries_and_keys.copy_(rotated(rows.new_queries_and_keys, turns))
        rows.queries_of_heads.copy_(rows.new_queries)
        self.past.narrow(3, begin, rows.num_steps).copy_(rows.new_keys_and_values)
        scores = torch.baddbmm(rows.future(end), rows.queries, self._keys.narrow(2, 0, end))
        torch.bmm(torch.softmax(scores, -1), self._values.narrow(1, 0, end), out=rows.means)
        rows.means_of_all_heads.copy_(rows.new_means)
        weights.attend_out(rows.read, rows.change)
        states.add_(rows.change).add_(weights.attention_out_bias)

        normed = torch.layer_norm(states, weights.norm, None, None, weights.epsilon)
        weights.think_in(normed, rows.hidden)
        weights.think_out(F.gelu(rows.hidden.add_(weights.network_in_bias), approximate="tanh"), rows.change)
        states.add_(rows.change).add_(weights.network_out_bias)


class _Rows:
    """Room for what each block in turn computes for b steps ahead.

    Args:
        past: the keys and values of a block, ``(2, N, heads, T, size)``.
        num_steps: b.
    """

    def __init__(self, past: Tensor, num_steps: int) -> None:
        (_, num_samples, num_heads, longest, size), new = past.shape, past.new_empty
        self.num_steps, width = num_steps, num_heads * size
        self.joint = new(num_steps * num_samples, 3 * width)
        by_step = self.joint.view(num_steps, num_samples, 3, width)
        self.new_queries_and_keys = by_step[:, :, :2].unflatten(3, (num_heads, size))
        self.new_queries = by_step[:, :, 0].unflatten(2, (num_heads, size)).permute(1, 2, 0, 3)
        self.new_keys_and_values = by_step[:, :, 1:].unflatten(3, (num_heads, size)).permute(2, 1, 3, 0, 4)
        self.queries, self.means = (new(num_samples * num_heads, num_steps, size) for _ in range(2))
        self.queries_of_heads = self.queries.view(self.new_queries.shape)
        self.read, self.change = (new(num_steps * num_samples, width) for _ in range(2))
        self.new_means = self.means.transpose(0, 1)
        self.means_of_all_heads = self.read.view(self.new_means.shape)
        self.hidden = new(num_steps * num_samples, 4 * width)
        # the last b steps are in the triangle, and all steps before them are seen
        self._future = new(num_steps, longest + num_steps).fill_(-torch.inf).triu_(longest + 1)

    def future(self, end: int) -> Tensor:
        """What the b steps before `end` add to their scores ``(b, end)``, so that none sees a later one."""
        return self._future[:, -end:]


def _product(weight: Tensor) -> Callable[[Tensor, Tensor], object]:
    """A function that multiplies rows with ``(inputs, outputs)`` and writes into its second argument."""
    if weight.device.type == "cpu" and weight.dtype != torch.bfloat16:
        matrix = weight.numpy()  # for a few rows NumPy takes half the time
        return lambda rows, out: rows.numpy().dot(matrix, out.numpy())
    return lambda rows, out: torch.mm(rows, weight, out=out)


def _folded(norm: nn.LayerNorm, linear: nn.Linear) -> tuple[Tensor, Tensor]:
    """Weight ``(in, out)`` and bias of a linear layer, including scale and shift of the normalisation before it."""
    weight = linear.weight.detach()
    return (weight * norm.weight.detach()).T.contiguous(), linear.bias.detach() + weight @ norm.bias.detach()


def _copied(linear: nn.Linear) -> tuple[Tensor, Tensor]:
    """Copies of weight ``(in, out)`` and bias."""
    return linear.weight.detach().T.clone(memory_format=torch.contiguous_format), linear.bias.detach().clone()
