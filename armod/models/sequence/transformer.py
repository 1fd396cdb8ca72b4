"""The Transformer as an autoregressive model: each step looks back at all steps before it.

Each block has *causal self-attention* and then a small network that works on every step by itself. Both add their result
to their input (Vaswani et al. 2017), which is normalised first, as in GPT-2 (Radford et al. 2019).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from armod.likelihoods import Likelihood
from armod.models.sequence.sequence_model import SequenceModel
from armod.models.sequence.step_inputs import StepInputs, initial_weights
from armod.models.sequence.transformer_block import Block
from armod.models.sequence.transformer_walk import TransformerWalk
from armod.settings import check_number, check_sizes, check_whole


class Transformer(SequenceModel):
    """A decoder-only Transformer of the GPT family, over sequences or images.

    Torch's fused attention has no second derivative. If you need one, use `torch.func`, or compute the likelihood inside
    ``torch.nn.attention.sdpa_kernel(SDPBackend.MATH)``.

    Args:
        event_shape: shape of one observation. A sequence ``(T,)`` in raster or reversed order may be shorter at run time.
        width: size of the vector of a step; a multiple of `num_heads`.
        num_layers: number of blocks.
        num_heads: attention heads of each block.
        likelihood: family of the conditionals, such as `armod.likelihoods.Categorical(256)`.
        ordering: any permutation ``(D,)``; None is raster.
        positions: "learned", each step has a vector of its own; or "rotary", attention sees how far back a step lies, and
            nothing else (Su et al. 2021, section 3.2). With "rotary" the width of a head is even.
        context_size: C of a context ``(N, C)``, or of a local one, which each step reads at the next variable. The first of
            three or more sizes of `event_shape` counts channels, and all channels of a position share its context. That of
            rows ``(R, T)`` may be ``(N, C, T)``, the same for all rows.
        dropout: probability with which, while training, each number is dropped that enters the first block or that a block adds
            (Vaswani et al. 2017, section 5.4, residual dropout). Evaluation mode and cached sampling drop nothing.
        seed: seed of the initial weights.

    Raises:
        ValueError: if a size or the dropout is out of range, the heads cannot share the width, the ordering is not a
            permutation, or `positions` is neither word.

    >>> from armod.likelihoods import Categorical
    >>> model = Transformer((5,), 16, num_layers=2, num_heads=4, likelihood=Categorical(3))
    >>> model.log_prob(torch.tensor([[0, 2, 1, 2, 1]])).shape, model.log_prob(torch.tensor([[0, 2, 1]])).shape
    (torch.Size([1]), torch.Size([1]))
    """

    def __init__(
        self,
        event_shape: Sequence[int],
        width: int,
        *,
        num_layers: int,
        num_heads: int,
        likelihood: Likelihood,
        ordering: Tensor | Sequence[int] | None = None,
        context_size: int = 0,
        dropout: float = 0.0,
        positions: str = "learned",
        seed: int = 0,
    ) -> None:
        num_layers, num_heads = check_sizes(num_layers=num_layers, num_heads=num_heads)
        (width,) = check_whole(width=width)
        if width < 1 or width % num_heads:
            raise ValueError(
                f"The heads share the width evenly, so it is a multiple of num_heads={num_heads}, not {width}."
            )
        if positions not in ("learned", "rotary"):
            raise ValueError(f'positions is "learned" or "rotary", not {positions!r}.')
        is_rotary = positions == "rotary"
        if is_rotary and width // num_heads % 2:
            raise ValueError(
                f'With positions="rotary" the width of a head is even, unlike {width} / {num_heads} = {width // num_heads}.'
            )
        dropout = check_number(
            "dropout", dropout, lambda share: 0 <= share < 1, "a probability from 0 to below 1"
        )
        super().__init__(event_shape, likelihood=likelihood, ordering=ordering, context_size=context_size)
        self.max_length, self.dropout = self.num_variables, dropout
        with initial_weights(seed):
            self.inputs = StepInputs(
                likelihood,
                width,
                num_positions=0 if is_rotary else self.num_variables,
                context_size=self.context_size,
            )
            self.blocks = nn.ModuleList(
                Block(width, num_heads, dropout, is_rotary=is_rotary) for _ in range(num_layers)
            )
            self.norm = nn.LayerNorm(width)
            self.head = nn.Linear(width, likelihood.num_parameters)
            _start_small(self)

    def cached_view(self, num_samples: int, context: Tensor | None) -> TransformerWalk:
        """Generate one variable at a time; the keys and values of earlier steps are kept."""
        blocks = cast(list[Block], list(self.blocks))
        return TransformerWalk(self._beginning(num_samples, context), blocks, self.norm, self.head)

    def extra_repr(self) -> str:
        """Return the arguments that `print(model)` shows."""
        return f"event_shape={tuple(self.event_shape)}, likelihood={self.likelihood}"

    def _states(self, inputs: Tensor) -> Tensor:
        states = F.dropout(inputs, self.dropout, self.training)
        for block in self.blocks:
            states = block(states)
        return self.norm(states)


def _start_small(model: Transformer) -> None:
    """Set GPT-2's initial weights, which are small, and smaller in deep models for the layers that add to the states."""
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if name.endswith("bias"):
                parameter.zero_()
            elif "norm" not in name:
                adds = name.endswith(("attention_out.weight", "network_out.weight"))
                parameter.normal_(std=0.02 / math.sqrt(2 * len(model.blocks)) if adds else 0.02)
