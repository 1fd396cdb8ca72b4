"""MADE one variable at a time: all D steps together do about the work of one forward pass.

A hidden unit of degree m is final as soon as m variables are known. So the units are sorted by degree, and each is computed
once, when its degree is reached. If no unit of the last hidden layer becomes final between some neighbouring variables,
these see exactly the same units. They are then independent given the past, and one product computes the parameters of all.
Such variables form a *block*.

Small matrix products take longer to start than to compute. So blocks are opened in *chunks*: one large product adds what
the units of a chunk get from everything before the chunk, and each block then adds only what comes from inside its chunk.
For the same reason it costs little more than one block to compute a whole chunk from guessed levels, layer by layer.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Self, TypeAlias

import torch
from torch import Tensor, nn

from armod.likelihoods import Likelihood
from armod.models.made.made_kernel import made_blocks
from armod.models.made.plans import BLOCKS_IN_A_CHUNK, Chunk, plan_of
from armod.sampling.compiled import draw_sequence
from armod.sampling.pieces import PieceWalk
from armod.sampling.walk import Kept, Steps

_MOST_ROWS = 256  # from there on, products of many rows read the weights once for all of them


class MADEWalk(PieceWalk):
    """The incremental view of a MADE with one set of masks, with a copy of its weights.

    Args:
        likelihood: likelihood of every variable.
        ordering: permutation ``(D,)``.
        degrees: degrees of the hidden units, ``(size,)`` for each hidden layer.
        linear_layers: the hidden layers and the output layer.
        num_samples: N, the number of observations.
        context: a checked context, global or local, or None.
        context_weights: the weights of the context in each layer, ``(units, C)``; empty without a context.

    >>> from armod.likelihoods import Bernoulli
    >>> from armod.models.made import MADE
    >>> view = MADE((3,), [4], likelihood=Bernoulli()).incremental(2)
    >>> isinstance(view, MADEWalk), view.conditional().batch_shape
    (True, torch.Size([2]))
    """

    def __init__(
        self,
        likelihood: Likelihood,
        ordering: Tensor,
        degrees: Sequence[Tensor],
        linear_layers: Sequence[nn.Linear],
        num_samples: int,
        context: Tensor | None = None,
        context_weights: Sequence[Tensor] = (),
    ) -> None:
        like = linear_layers[0].weight
        self._plan = plan = plan_of(likelihood, ordering, degrees, linear_layers, context_weights)
        self._starts, self._sizes, self._weights = plan.starts, plan.sizes, plan.weights
        self._chunks = [*plan.starts[::BLOCKS_IN_A_CHUNK], len(ordering)]  # where each begins, and the end
        context = None if context is None else context.detach().to(like)
        super().__init__(likelihood, like, num_samples, len(ordering), context)

    def allocate(self) -> None:
        """Make the inputs, zero while a variable is unknown, and the units of every layer, which begin as biases and context."""
        features = self.likelihood.num_features
        like = self._weights[0].bias
        num_inputs = sum(self._sizes) * features
        sizes = [num_inputs, *(len(weights.bias) for weights in self._weights)]
        self._rows = like.new_zeros(sum(sizes), self.num_samples)
        below, *of_layers = self._rows.split(sizes)
        inputs, self._layers = below.unflatten(0, (-1, features)), []
        for number, (weights, units) in enumerate(zip(self._weights, of_layers, strict=True), 1):
            units.copy_(weights.beginning(self.context))
            self._layers.append(_Layer(units, below, number < len(self._weights), weights.chunks))
            below = units
        self._inputs = inputs.transpose(1, 2)
        self._outputs = below.unflatten(0, (len(inputs), -1)).transpose(1, 2)
        self._features_at_hand = self._inputs[:0]
        self._work: list[_Work] = []  # of each block of the open chunk
        self._work_is_of = -1  # this chunk
        self._opened = -1  # the last block whose units are computed
        self._ahead: _Ahead | None = None
        self._computed: tuple[int, list[Tensor]] | None = None  # the last chunk that was looked at, its units

    def state(self) -> dict[str, tuple[Tensor, int]]:
        """Name the inputs, and the units, whose sums are computed chunk by chunk, as `Walk.state`."""
        units = {f"layer {number}": (layer.units, 1) for number, layer in enumerate(self._layers)}
        return {"inputs": (self._inputs, 1), **units}

    def steps(self) -> Steps:
        """Open block by block, which computes its parameters, and write its levels where the units read them."""
        first = bisect_right(self._starts, self.step) - 1
        blocks = zip(self._inputs.split(self._sizes), self._outputs.split(self._sizes), strict=True)
        for block, (features, parameters) in enumerate(islice(blocks, first, None), first):
            known = self.step - self._starts[block]
            if known:  # a part of the block was accepted after a look ahead
                features, parameters = features[known:], parameters[known:]
            self._features_at_hand = features
            if self.parameters is None:
                for number in range(self._opened + 1, block + 1):  # several after a look ahead
                    self._open(number)
                self._opened = block
                self.parameters = parameters
            levels = yield self.parameters
            self.parameters = None
            if levels is not features:
                features.copy_(self.likelihood.encode(levels, self.dtype))
            self.step += len(features)

    def take_over(self, view: Self, chosen: Tensor) -> None:
        """Remember what another view remembers, as `Walk.take_over`, and which blocks are open."""
        super().take_over(view, chosen)
        self._opened, self._ahead, self._computed = view._opened, None, None
        if view._computed is not None:
            chunk, units = view._computed
            self._computed = chunk, [each.index_select(1, chosen) for each in units]

    @property
    def at_hand(self) -> int:
        """The rest of the chunk."""
        return self._chunks[self._chunk + 1] - self.step

    @property
    def _chunk(self) -> int:
        return bisect_right(self._chunks, self.step) - 1

    def _rest(self, levels: Tensor) -> Tensor:
        chunk = self._chunk
        if self._ahead is None or self._ahead.number != chunk:
            beginnings = [weights.beginning(self.context) for weights in self._weights]
            self._ahead = _Ahead(chunk, self._layers, beginnings, self.likelihood.num_parameters)
        self._fix(levels)
        self._computed = chunk, self._ahead.units
        return self._ahead.compute()[self.step - self._chunks[chunk] :]

    def _fix(self, levels: Tensor) -> None:
        self._inputs[self.step : self.step + len(levels)] = self.likelihood.encode(levels, self.dtype)

    def _close_piece(self) -> None:
        assert self._computed is not None
        number, units = self._computed
        for layer, computed in zip(self._layers, units, strict=True):
            chunk = layer.chunks[number]
            layer.units[chunk.begin : chunk.end] = computed
        self._opened = min((number + 1) * BLOCKS_IN_A_CHUNK, len(self._starts)) - 1

    def pieces(self, rows: Tensor) -> Sequence[Tensor]:
        """Cut ``(D, ...)`` into blocks."""
        return rows.split(self._sizes)

    def draw(self, parameters: Tensor, noise: Tensor, kept: Kept = None) -> Tensor:
        """Draw the features of a block directly into the inputs where this saves an operation per block."""
        if kept is not None or not self.likelihood.draws_features:
            return super().draw(parameters, noise, kept)
        self.likelihood.draw_features(parameters, noise, out=self._features_at_hand)
        return self._features_at_hand

    def joined(self, drawn: Sequence[Tensor]) -> Tensor:
        """Join the blocks, or decode the levels from the inputs if they are only there."""
        if drawn[-1] is not self._features_at_hand:
            return torch.cat(tuple(drawn)).T
        return self.likelihood.decode(self._inputs).T

    def own_loop(
        self, likelihood: Likelihood, noise: Tensor, known: Tensor | None, mask: Tensor | None
    ) -> Tensor | None:
        """Draw through `made_blocks`, chunk by chunk, as `Walk.own_loop`."""
        if self.num_samples > _MOST_ROWS or not self.is_native:
            return None
        rows = self._rows.numpy()
        num_features, num_parameters = self.likelihood.num_features, self.likelihood.num_parameters

        def arguments(begin: int, end: int) -> list[Any]:
            number = bisect_right(self._chunks, begin) - 1
            for layer in self._layers:  # nothing is before the first chunk
                layer.open_chunk(number)
            return [*self._plan.flat_chunks[number], num_features, num_parameters, rows]

        return draw_sequence(made_blocks, likelihood, noise, known, mask, 0, arguments, self._chunks[1:])

    def _open(self, block: int) -> None:
        """Compute the hidden units that have become final, then the outputs of the block."""
        chunk, number = divmod(block, BLOCKS_IN_A_CHUNK)
        if number == 0:
            # one large product a layer adds all that became final before this chunk
            for layer in self._layers:
                layer.open_chunk(chunk)
        if self._work_is_of != chunk:  # a copy finds the chunk open, but has views of its own
            self._work_is_of = chunk
            self._work = list(zip(*(layer.work(chunk) for layer in self._layers), strict=True))
        # from the input up: units of this block's degree, then of the next layer, at last the outputs
        for work in self._work[number]:
            if work is not None:
                units, weight, below, is_hidden = work
                units.addmm_(weight, below)
                if is_hidden:
                    units.relu_()


_Work: TypeAlias = tuple[tuple[Tensor, Tensor, Tensor, bool] | None, ...]  # one entry per layer


@dataclass
class _Layer:
    """One layer sorted by degree, so that the units of a block, and those that they may see, are slices."""

    units: Tensor  # (units, N): biases at first, then sums, then activations
    below: Tensor  # (units below, N)
    is_hidden: bool
    chunks: list[Chunk]

    def open_chunk(self, number: int) -> None:
        """Add everything that was final before this chunk to its units."""
        chunk = self.chunks[number]
        units = self.units[chunk.begin : chunk.end]
        units.addmm_(chunk.weight[:, : chunk.begin_below], self.below[: chunk.begin_below])

    def work(self, number: int) -> list[tuple[Tensor, Tensor, Tensor, bool] | None]:
        """The remaining product (units, weight, units below, is_hidden) for each block of an open chunk.

        It is None if the layer has no unit in the block.
        """
        chunk = self.chunks[number]
        weights = chunk.weight[:, chunk.begin_below :].split(chunk.sizes)
        below = self.below[chunk.begin_below : chunk.end_below]
        units = self.units[chunk.begin : chunk.end].split(chunk.sizes)
        return [
            (block_units, block_weight, below, self.is_hidden) if size else None
            for block_units, block_weight, size in zip(units, weights, chunk.sizes, strict=True)
        ]


class _Ahead:
    """All units of a chunk at once, in matrices of their own; the guessed levels stand in the inputs.

    Args:
        number: the chunk.
        layers: the layers, whose units of earlier chunks are final.
        beginnings: what the units of each layer get before any variable is known.
        num_parameters: parameters of a variable.
    """

    def __init__(
        self, number: int, layers: Sequence[_Layer], beginnings: Sequence[Tensor], num_parameters: int
    ) -> None:
        self.number, self.units = number, []
        self._work = []
        chunk = layers[0].chunks[number]
        below = layers[0].below[chunk.begin_below : chunk.end_below]
        for layer, beginning in zip(layers, beginnings, strict=True):
            chunk = layer.chunks[number]
            earlier, own = chunk.weight.tensor_split([chunk.begin_below], 1)
            begun = torch.addmm(beginning[chunk.begin : chunk.end], earlier, layer.below[: chunk.begin_below])
            units = torch.empty_like(begun)
            self.units.append(units)
            self._work.append((begun, own, below, units, layer.is_hidden))
            below = units
        self._parameters = below.unflatten(0, (-1, num_parameters)).transpose(1, 2)

    def compute(self) -> Tensor:
        """Compute the parameters ``(variables of the chunk, N, num_parameters)``."""
        for begun, weight, below, units, is_hidden in self._work:
            torch.addmm(begun, weight, below, out=units)
            if is_hidden:
                units.relu_()
        return self._parameters
