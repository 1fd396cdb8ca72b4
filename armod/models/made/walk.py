"""MADE one variable at a time: all D steps together do about the work of one forward pass.

A hidden unit of degree m is final as soon as m variables are known. So the units are sorted by degree, and each is computed
once, when its degree is reached. If no unit of the last hidden layer becomes final between some neighbouring variables,
these see exactly the same units. They are then independent given the past, and one product computes the parameters of all.
Such variables form a *block*.

Small matrix products take longer to start than to compute. So blocks are opened in *chunks*: one large product adds what
the units of a chunk get from everything before the chunk, and each block then adds only what comes from inside its chunk.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice, pairwise
from typing import TypeAlias
from weakref import WeakKeyDictionary

import torch
from torch import Tensor, nn

from armod.likelihoods import Likelihood
from armod.models.made.context import from_context, next_variables
from armod.orderings import positions
from armod.sampling.walk import Kept, Steps, Walk

_BLOCKS_IN_A_CHUNK = 64


class MADEWalk(Walk):
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
        plan = _plan(likelihood, ordering, degrees, linear_layers, context_weights)
        self._starts, self._sizes, self._weights = plan.starts, plan.sizes, plan.weights
        context = None if context is None else context.detach().to(like)
        super().__init__(likelihood, like, num_samples, len(ordering), context)

    def allocate(self) -> None:
        """Make the inputs, zero while a variable is unknown, and the units of every layer, which begin as biases and context."""
        features = self.likelihood.num_features
        like = self._weights[0].bias
        inputs = like.new_zeros(sum(self._sizes), features, self.num_samples)
        self._layers, below = [], inputs.flatten(0, 1)
        for number, weights in enumerate(self._weights, 1):
            units = like.new_empty(len(weights.bias), self.num_samples)
            units.copy_(weights.beginning(self.context))
            self._layers.append(_Layer(units, below, number < len(self._weights), weights.chunks))
            below = units
        self._inputs = inputs.transpose(1, 2)
        self._outputs = below.unflatten(0, (len(inputs), -1)).transpose(1, 2)
        self._features_at_hand = self._inputs[:0]
        self._work: list[_Work] = []  # of each block of the open chunk
        self._work_is_of = -1  # this chunk

    def state(self) -> dict[str, tuple[Tensor, int]]:
        """Name the inputs, and the units, whose sums are computed chunk by chunk, as `Walk.state`."""
        units = {f"layer {number}": (layer.units, 1) for number, layer in enumerate(self._layers)}
        return {"inputs": (self._inputs, 1), **units}

    def steps(self) -> Steps:
        """Open block by block, which computes its parameters, and write its levels where the units read them."""
        first = bisect_left(self._starts, self.step)
        blocks = zip(self._inputs.split(self._sizes), self._outputs.split(self._sizes), strict=True)
        for block, (features, parameters) in enumerate(islice(blocks, first, None), first):
            self._features_at_hand = features
            if self.parameters is None:
                self._open(block)
                self.parameters = parameters
            levels = yield self.parameters
            self.parameters = None
            if levels is not features:
                features.copy_(self.likelihood.encode(levels, self.dtype))
            self.step += self._sizes[block]

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

    def _open(self, block: int) -> None:
        """Compute the hidden units that have become final, then the outputs of the block."""
        chunk, number = divmod(block, _BLOCKS_IN_A_CHUNK)
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
    chunks: list[_Chunk]

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


@dataclass
class _Weights:
    """A copy of one layer's weights, sorted by degree and cut into chunks."""

    bias: Tensor
    chunks: list[_Chunk]
    context: Tensor | None  # (units, C)
    variables: Tensor  # at which the units read a local context

    def beginning(self, context: Tensor | None) -> Tensor:
        """What the units get before any variable is known, ``(units, N or 1)``."""
        bias = self.bias.unsqueeze(1)
        if context is None or self.context is None:
            return bias
        # autocast leaves the rest of the walk alone, because it works in place
        with torch.autocast(context.device.type, enabled=False):
            return bias + from_context(context, self.context, self.variables).T


@dataclass
class _Chunk:
    """The units ``[begin:end]`` of a layer, of which `sizes` become final with each block of the chunk.

    Of the units below, ``[:begin_below]`` were final before the chunk, and ``[begin_below:end_below]`` become final in it.
    """

    begin: int
    end: int
    begin_below: int
    end_below: int
    sizes: list[int]
    weight: Tensor  # (units, end_below), sorted and masked; a copy, because the model may change between two steps


@dataclass
class _Plan:
    """The blocks and the sorted weights of a network with one set of masks; no walk changes them."""

    starts: list[int]
    sizes: list[int]
    weights: list[_Weights]


@dataclass
class _Plans:
    """The plans of one network, whose masks may change, with copies of the parameters that they follow from.

    Sorting takes a fifth of the time in which a sample is drawn. So plans are kept, and used as long as each of these copies
    equals what the network holds by then. No counter of versions would notice every way to edit a parameter.
    """

    parameters: list[Tensor]
    of_masks: dict[bytes, _Plan]

    def follow_from(self, parameters: Sequence[Tensor]) -> bool:
        """Whether all of them would come out the same once more."""
        return len(parameters) == len(self.parameters) and all(
            (now.dtype, now.device) == (then.dtype, then.device) and torch.equal(now, then)
            for now, then in zip(parameters, self.parameters, strict=True)
        )


_PLANS: WeakKeyDictionary[nn.Linear, _Plans] = WeakKeyDictionary()  # of each first layer
_MOST_MASKS = 8  # of a network, whose plans are kept


def _plan(
    likelihood: Likelihood,
    ordering: Tensor,
    degrees: Sequence[Tensor],
    linear_layers: Sequence[nn.Linear],
    context_weights: Sequence[Tensor],
) -> _Plan:
    """The kept plan if it still holds, otherwise a new one."""
    layers = [each.detach() for linear in linear_layers for each in (linear.weight, linear.bias)]
    parameters = [*layers, *(each.detach() for each in context_weights)]
    plans = _PLANS.get(linear_layers[0])
    if plans is None or not plans.follow_from(parameters):
        plans = _PLANS[linear_layers[0]] = _Plans([each.clone() for each in parameters], {})
    widths = torch.tensor([likelihood.num_features, likelihood.num_parameters])
    masks = b"".join(each.cpu().numpy().tobytes() for each in (widths, ordering, *degrees))
    if masks not in plans.of_masks:
        last_degrees = degrees[-1] if degrees else positions(ordering) + 1
        new_units_at = [degree for degree in last_degrees.unique().tolist() if 0 < degree < len(ordering)]
        starts, ends = [0, *new_units_at], [*new_units_at, len(ordering)]
        sizes = [end - start for start, end in zip(starts, ends, strict=True)]
        weights = _sorted_weights(likelihood, ordering, degrees, linear_layers, context_weights, starts, ends)
        if len(plans.of_masks) == _MOST_MASKS:
            plans.of_masks.clear()
        plans.of_masks[masks] = _Plan(starts, sizes, weights)
    return plans.of_masks[masks]


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

    `weight` is ``(units, units below)`` as the model has it, and `rows` and `columns` are the permutations that sort it by
    degree. `degrees` and `degrees_below` are sorted; a unit sees the units below of at most its degree. When block b is
    open, ``units[:ends[b]]`` and ``below[:ends_below[b]]`` are final.
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
        # every unit of the chunk sees all units that were final before it, so only the others need a mask
        part[:, begin_below:].mul_(degrees[begin:end, None] >= degrees_below[None, begin_below:end_below])
        sizes = [after - before for before, after in pairwise([begin, *blocks])]
        chunks.append(_Chunk(begin, end, begin_below, end_below, sizes, part))
    return chunks


def _sorted_weights(
    likelihood: Likelihood,
    ordering: Tensor,
    hidden_degrees: Sequence[Tensor],
    linear_layers: Sequence[nn.Linear],
    context_weights: Sequence[Tensor],
    starts: Sequence[int],
    ends: Sequence[int],
) -> list[_Weights]:
    """The weights of every layer, sorted by degree; the blocks of variables lie between `starts` and `ends`."""
    features, parameters = likelihood.num_features, likelihood.num_parameters
    steps = torch.arange(len(ordering), device=ordering.device)
    degrees_below = (steps + 1).repeat_interleave(features)
    columns = _feature_rows(ordering, features)
    ends_below = [start * features for start in starts]
    variables = next_variables(ordering, hidden_degrees)
    layers = []
    for number, linear in enumerate(linear_layers):
        if number < len(hidden_degrees):
            rows = hidden_degrees[number].argsort(stable=True)
            degrees, read_at = hidden_degrees[number][rows], variables[number][rows]
            layer_ends = torch.searchsorted(degrees, torch.tensor(starts).to(degrees), right=True).tolist()
        else:
            rows, degrees = _feature_rows(ordering, parameters), steps.repeat_interleave(parameters)
            layer_ends, read_at = [end * parameters for end in ends], ordering.clone()
        chunks = _chunks(
            linear.weight.detach(), rows, columns, degrees, degrees_below, layer_ends, ends_below
        )
        context = context_weights[number].detach()[rows] if context_weights else None
        layers.append(_Weights(linear.bias.detach()[rows], chunks, context, read_at))
        degrees_below, columns, ends_below = degrees, rows, layer_ends
    return layers


def _feature_rows(ordering: Tensor, width: int) -> Tensor:
    """Indices that arrange rows, `width` for each variable, in the order of generation."""
    return (ordering[:, None] * width + torch.arange(width, device=ordering.device)).flatten()
