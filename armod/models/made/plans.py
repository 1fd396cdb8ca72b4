"""The weights of a MADE as its walk reads them: sorted by degree, cut into chunks of blocks, and kept between samples."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate, pairwise
from typing import Any, TypeAlias
from weakref import WeakKeyDictionary

import numpy
import torch
from torch import Tensor, nn

from armod.likelihoods import Likelihood
from armod.models.made.context import from_context, next_variables
from armod.orderings import positions

Array: TypeAlias = Any

BLOCKS_IN_A_CHUNK = 64


@dataclass
class LayerWeights:
    """A copy of one layer's weights, sorted by degree and cut into chunks.

    Args:
        bias: ``(units,)``.
        chunks: the chunks.
        context: weights of the context ``(units, C)``, or None.
        variables: the variables at which the units read a local context, ``(units,)``.

    >>> LayerWeights(torch.ones(2), [], None, torch.zeros(2)).beginning(None).shape
    torch.Size([2, 1])
    """

    bias: Tensor
    chunks: list[Chunk]
    context: Tensor | None
    variables: Tensor

    def beginning(self, context: Tensor | None) -> Tensor:
        """Compute what the units get before any variable is known.

        Args:
            context: a checked context, or None.

        Returns:
            Sums ``(units, N or 1)``.
        """
        bias = self.bias.unsqueeze(1)
        if context is None or self.context is None:
            return bias
        # autocast leaves the rest of the walk alone, because it works in place
        with torch.autocast(context.device.type, enabled=False):
            return bias + from_context(context, self.context, self.variables).T


@dataclass
class Chunk:
    """The units ``[begin:end]`` of a layer, of which `sizes` become final with each block of the chunk.

    Of the units below, ``[:begin_below]`` were final before the chunk, and ``[begin_below:end_below]`` become final in it.

    Args:
        begin: its first unit.
        end: the unit after its last one.
        begin_below: the first of the units below that become final in it.
        end_below: the one after the last of them.
        sizes: how many units become final with each block.
        weight: ``(units, end_below)``, sorted and masked; a copy, because the model may change between two steps.

    >>> Chunk(0, 2, 0, 1, [1, 1], torch.ones(2, 1)).sizes
    [1, 1]
    """

    begin: int
    end: int
    begin_below: int
    end_below: int
    sizes: list[int]
    weight: Tensor


@dataclass
class Plan:
    """The blocks and the sorted weights of a network with one set of masks; no walk changes them.

    Args:
        starts: the first variable of each block, in the order of generation.
        sizes: the number of variables of each block.
        weights: those of each layer.
        num_inputs: features of all variables.

    >>> from armod.likelihoods import Bernoulli
    >>> layers = [nn.Linear(3, 2), nn.Linear(2, 3)]
    >>> plan_of(Bernoulli(), torch.arange(3), [torch.tensor([2, 2])], layers, ()).sizes
    [2, 1]
    """

    starts: list[int]
    sizes: list[int]
    weights: list[LayerWeights]
    num_inputs: int

    @cached_property
    def flat_chunks(self) -> list[tuple[Array, Array, Array]]:
        """The weights of each chunk, their places, and the sizes of its blocks, as `made_blocks` reads them."""
        firsts = [0, *accumulate((len(each.bias) for each in self.weights), initial=self.num_inputs)]
        flat = []
        for number, chunks in enumerate(zip(*(weights.chunks for weights in self.weights), strict=True)):
            # what the chunk's units get from units that become final in it
            own = [chunk.weight[:, chunk.begin_below :].flatten() for chunk in chunks]
            begins = accumulate((len(each) for each in own), initial=0)
            places = [
                (first + chunk.begin, below + chunk.begin_below, chunk.end_below - chunk.begin_below, begin)
                for chunk, below, first, begin in zip(chunks, firsts, firsts[1:], begins, strict=False)
            ]
            blocks = slice(number * BLOCKS_IN_A_CHUNK, (number + 1) * BLOCKS_IN_A_CHUNK)
            sizes = [self.sizes[blocks], *(chunk.sizes for chunk in chunks)]
            flat.append((torch.cat(own).numpy(), numpy.array(places), numpy.array(sizes)))
        return flat


@dataclass
class _Plans:
    """The plans of one network, whose masks may change, with copies of the parameters that they follow from.

    Sorting takes a fifth of the time in which a sample is drawn. So plans are kept, and used as long as each of these copies
    equals what the network holds by then. No counter of versions would notice every way to edit a parameter.
    """

    parameters: list[Tensor]
    of_masks: dict[bytes, Plan]

    def follow_from(self, parameters: Sequence[Tensor]) -> bool:
        """Whether all of them would come out the same once more."""
        return len(parameters) == len(self.parameters) and all(
            (now.dtype, now.device) == (then.dtype, then.device) and _same_bits(now, then)
            for now, then in zip(parameters, self.parameters, strict=True)
        )


def _same_bits(one: Tensor, other: Tensor) -> bool:
    """Whether two tensors of one dtype and device are equal, bit by bit; on the CPU in a fifth of the time of `torch.equal`."""
    numbers = _WHOLE.get(one.element_size())
    if one.device.type != "cpu" or one.shape != other.shape or numbers is None:
        return torch.equal(one, other)
    return numpy.array_equal(one.view(numbers).numpy(), other.view(numbers).numpy())


_WHOLE = {2: torch.int16, 4: torch.int32, 8: torch.int64}
_PLANS: WeakKeyDictionary[nn.Linear, _Plans] = WeakKeyDictionary()  # of each first layer
_MOST_MASKS = 8  # of a network, whose plans are kept


def plan_of(
    likelihood: Likelihood,
    ordering: Tensor,
    degrees: Sequence[Tensor],
    linear_layers: Sequence[nn.Linear],
    context_weights: Sequence[Tensor],
) -> Plan:
    """Find the plan that is kept for a network, or make a new one if it does not hold any more.

    Args:
        likelihood: likelihood of every variable.
        ordering: permutation ``(D,)``.
        degrees: degrees of the hidden units, ``(size,)`` for each hidden layer.
        linear_layers: the hidden layers and the output layer.
        context_weights: the weights of the context in each layer, ``(units, C)``; empty without a context.

    Returns:
        The plan.
    """
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
        plans.of_masks[masks] = Plan(starts, sizes, weights, len(ordering) * likelihood.num_features)
    return plans.of_masks[masks]


def _chunks(
    weight: Tensor,
    rows: Tensor,
    columns: Tensor,
    degrees: Tensor,
    degrees_below: Tensor,
    ends: Sequence[int],
    ends_below: Sequence[int],
) -> list[Chunk]:
    """The chunks of one layer.

    `weight` is ``(units, units below)`` as the model has it, and `rows` and `columns` are the permutations that sort it by
    degree. `degrees` and `degrees_below` are sorted; a unit sees the units below of at most its degree. When block b is
    open, ``units[:ends[b]]`` and ``below[:ends_below[b]]`` are final.
    """
    is_sorted = all(bool((order.diff() == 1).all()) for order in (rows, columns))
    chunks = []
    for first in range(0, len(ends), BLOCKS_IN_A_CHUNK):
        blocks = ends[first : first + BLOCKS_IN_A_CHUNK]
        begin, end = ends[first - 1] if first else 0, blocks[-1]
        begin_below, end_below = ends_below[first - 1] if first else 0, ends_below[first + len(blocks) - 1]
        if is_sorted:
            part = weight[begin:end, :end_below].clone()
        else:
            part = weight.index_select(0, rows[begin:end]).index_select(1, columns[:end_below])
        # every unit of the chunk sees all units that were final before it, so only the others need a mask
        part[:, begin_below:].mul_(degrees[begin:end, None] >= degrees_below[None, begin_below:end_below])
        sizes = [after - before for before, after in pairwise([begin, *blocks])]
        chunks.append(Chunk(begin, end, begin_below, end_below, sizes, part))
    return chunks


def _sorted_weights(
    likelihood: Likelihood,
    ordering: Tensor,
    hidden_degrees: Sequence[Tensor],
    linear_layers: Sequence[nn.Linear],
    context_weights: Sequence[Tensor],
    starts: Sequence[int],
    ends: Sequence[int],
) -> list[LayerWeights]:
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
        layers.append(LayerWeights(linear.bias.detach()[rows], chunks, context, read_at))
        degrees_below, columns, ends_below = degrees, rows, layer_ends
    return layers


def _feature_rows(ordering: Tensor, width: int) -> Tensor:
    """Indices that arrange rows, `width` for each variable, in the order of generation."""
    return (ordering[:, None] * width + torch.arange(width, device=ordering.device)).flatten()
