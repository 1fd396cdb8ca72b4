"""MADE one variable at a time: all D steps together do the work of about one forward pass.

A hidden unit of degree m is final as soon as m variables are known. So the units are sorted by degree and each is
computed once, when its degree is reached. Neighbouring variables between which no unit of the last hidden layer
becomes final see exactly the same units: they are independent given the past, and their parameters come from one
product. Such a run of variables is a *block*.

Small matrix products cost more to start than to compute. So blocks are opened in *chunks*: what a chunk's units owe
to everything before the chunk is one large product; each block then adds only what happened within its chunk.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor, distributions, nn

from armod.likelihoods import Likelihood
from armod.models.base import Incremental
from armod.orderings import positions

_BLOCKS_IN_A_CHUNK = 64


class MADEIncremental(Incremental):
    """The incremental view of a MADE with one set of masks, with a copy of its weights."""

    def __init__(
        self,
        likelihood: Likelihood,
        ordering: Tensor,
        degrees: Sequence[Tensor],
        linear_layers: Sequence[nn.Linear],
        num_samples: int,
    ) -> None:
        """`num_samples` observations, all still to be made; one more linear layer than there are degrees ``(size,)``."""
        self._likelihood = likelihood
        self._dtype = linear_layers[0].weight.dtype
        last_degrees = degrees[-1] if degrees else positions(ordering) + 1
        new_units_at = [degree for degree in last_degrees.unique().tolist() if 0 < degree < len(ordering)]
        self._starts = [0, *new_units_at]
        self._ends = [*new_units_at, len(ordering)]
        self._sizes = [end - start for start, end in zip(self._starts, self._ends, strict=True)]
        self._inputs, self._layers = _plan(
            likelihood, ordering, degrees, linear_layers, num_samples, self._starts, self._ends
        )
        outputs = self._layers[-1].units.unflatten(0, (len(ordering), -1)).transpose(1, 2)
        self._parameters = outputs.split(self._sizes)
        self._step = 0  # variables known so far
        self._block = -1  # the block whose parameters are at hand

    def conditional(self) -> distributions.Distribution:
        """The next variable's distribution, from the block it belongs to."""
        block = self._reach_block()
        row = self._step - self._starts[block]
        return self._likelihood.distribution(self._parameters[block][row])

    def append(self, value: Tensor) -> None:
        """Write one variable's features where the hidden units will read them."""
        self._reach_block()
        self._inputs[self._step] = self._likelihood.encode(value, self._dtype)
        self._step += 1

    def generate(
        self, uniform: Tensor, known: Tensor | None, mask: Tensor | None, temperature: float
    ) -> Tensor:
        """The whole loop at once, block by block; the same draws as step by step."""
        likelihood, dtype = self._likelihood, self._dtype
        noise = likelihood.noise(uniform.T.contiguous(), dtype).split(self._sizes)
        if known is not None and mask is not None:
            known_features = likelihood.encode(known.T, dtype).split(self._sizes)
            masks = mask.T.unsqueeze(-1).split(self._sizes)
        with torch.inference_mode():  # a fifth faster than no_grad on operations this small
            for block, features in enumerate(self._inputs.split(self._sizes)):
                self._open(block)
                parameters = self._parameters[block]
                if temperature != 1:
                    parameters = likelihood.tempered(parameters, temperature)
                likelihood.draw_features(parameters, noise[block], out=features)
                if known is not None and mask is not None:
                    features.copy_(torch.where(masks[block], known_features[block], features))
        self._step = self._ends[-1]
        return likelihood.decode(self._inputs).T

    def _reach_block(self) -> int:
        """Open the next variable's block unless it is open; its number."""
        if self._step == self._ends[-1]:
            raise ValueError(f"All {self._step} variables of these observations are known already.")
        if self._block < 0 or self._step == self._ends[self._block]:
            self._block += 1
            self._open(self._block)
        return self._block

    def _open(self, block: int) -> None:
        """Compute the hidden units that have become final, then the outputs of the block."""
        chunk, number = divmod(block, _BLOCKS_IN_A_CHUNK)
        if number == 0:
            self._work = list(zip(*(layer.open_chunk(chunk) for layer in self._layers), strict=True))
        for work in self._work[number]:
            if work is not None:
                units, weight, below, is_hidden = work
                units.addmm_(weight, below)
                if is_hidden:
                    units.relu_()


@dataclass
class _Layer:
    """One layer, sorted by degree, so that a block of units and all that they may see are slices."""

    units: Tensor  # (units, N): biases at first, then sums, then activations
    below: Tensor  # (units below, N)
    is_hidden: bool
    chunks: list[_Chunk]

    def open_chunk(self, number: int) -> list[tuple[Tensor, Tensor, Tensor, bool] | None]:
        """Add to the units of this chunk all that was final before it; the rest is left as work for each block.

        The work of a block is (units, weight, units below, is_hidden): a product to add to the units. None if the
        layer has no unit in it.
        """
        chunk = self.chunks[number]
        units = self.units[chunk.begin : chunk.end]
        units.addmm_(chunk.weight[:, : chunk.begin_below], self.below[: chunk.begin_below])
        weights = chunk.weight[:, chunk.begin_below :].split(chunk.sizes)
        below = self.below[chunk.begin_below : chunk.end_below]
        return [
            (block_units, block_weight, below, self.is_hidden) if size else None
            for block_units, block_weight, size in zip(
                units.split(chunk.sizes), weights, chunk.sizes, strict=True
            )
        ]


@dataclass
class _Chunk:
    """The units ``[begin:end]`` of a layer: `sizes` of them become final with each of its blocks.

    Of the units below, ``[:begin_below]`` were final before, ``[begin_below:end_below]`` become so on the way.
    """

    begin: int
    end: int
    begin_below: int
    end_below: int
    sizes: list[int]
    weight: Tensor  # (units, end_below), sorted and masked: a copy, as anybody may change the model between two steps


def _chunks(
    weight: Tensor,
    rows: Tensor,
    columns: Tensor,
    degrees: Tensor,
    degrees_below: Tensor,
    ends: Sequence[int],
    ends_below: Sequence[int],
) -> list[_Chunk]:
    """The chunks of one layer.

    weight: ``(units, units below)`` as the model has it. rows, columns: the permutations that sort both by degree.
    degrees, degrees_below: after sorting; a unit sees what has at most its degree. ends: ``units[:ends[b]]`` are final
    when block b is open, and so are ``below[:ends_below[b]]``.
    """
    is_sorted = all(bool((order.diff() == 1).all()) for order in (rows, columns))
    chunks = []
    for first in range(0, len(ends), _BLOCKS_IN_A_CHUNK):
        blocks = ends[first : first + _BLOCKS_IN_A_CHUNK]
        begin, end = ends[first - 1] if first else 0, blocks[-1]
        begin_below, end_below = ends_below[first - 1] if first else 0, ends_below[first + len(blocks) - 1]
        if is_sorted:
            part = weight[begin:end, :end_below].clone()
        else:
            part = weight.index_select(0, rows[begin:end]).index_select(1, columns[:end_below])
        # every unit of the chunk has a degree beyond all that was final before: nothing to mask there
        part[:, begin_below:].mul_(degrees[begin:end, None] >= degrees_below[None, begin_below:end_below])
        sizes = [after - before for before, after in pairwise([begin, *blocks])]
        chunks.append(_Chunk(begin, end, begin_below, end_below, sizes, part))
    return chunks


def _plan(
    likelihood: Likelihood,
    ordering: Tensor,
    hidden_degrees: Sequence[Tensor],
    linear_layers: Sequence[nn.Linear],
    num_samples: int,
    starts: Sequence[int],
    ends: Sequence[int],
) -> tuple[Tensor, list[_Layer]]:
    """The inputs ``(D, N, features)``, zero as long as a variable is unknown, and the sorted layers."""
    features, parameters = likelihood.num_features, likelihood.num_parameters
    steps = torch.arange(len(ordering), device=ordering.device)
    inputs = linear_layers[0].weight.new_zeros(len(ordering), features, num_samples, requires_grad=False)

    below, degrees_below = inputs.flatten(0, 1), (steps + 1).repeat_interleave(features)
    columns = _feature_rows(ordering, features)
    ends_below = [start * features for start in starts]
    layers = []
    for number, linear in enumerate(linear_layers):
        is_hidden = number < len(hidden_degrees)
        if is_hidden:
            rows = hidden_degrees[number].argsort(stable=True)
            degrees = hidden_degrees[number][rows]
            layer_ends = torch.searchsorted(degrees, torch.tensor(starts).to(degrees), right=True).tolist()
        else:
            rows, degrees = _feature_rows(ordering, parameters), steps.repeat_interleave(parameters)
            layer_ends = [end * parameters for end in ends]
        units = linear.bias.detach()[rows].unsqueeze(1).repeat(1, num_samples)
        chunks = _chunks(
            linear.weight.detach(), rows, columns, degrees, degrees_below, layer_ends, ends_below
        )
        layers.append(_Layer(units, below, is_hidden, chunks))
        below, degrees_below, columns, ends_below = units, degrees, rows, layer_ends
    return inputs.transpose(1, 2), layers


def _feature_rows(ordering: Tensor, width: int) -> Tensor:
    """Indices that bring rows, `width` for each variable, from the variables' numbering into the ordering."""
    return (ordering[:, None] * width + torch.arange(width, device=ordering.device)).flatten()
