"""Sampling from a WaveNet: a new sample changes one number of each channel in each layer.

What the older taps of a layer see was computed `dilation` steps ago or earlier. It waits in a *ring buffer*, which is as
long as the oldest tap looks back (Paine et al. 2016, "Fast Wavenet Generation Algorithm"). The work per sample depends on
the number of layers, not on how far they look back.

Operations this small take longer to start than to compute. So there are few of them, and on the CPU they are NumPy's,
which start sooner than torch's; both work on the same memory. Everything that a layer knows lies in one *column*:

    older taps | 1, context | input | t_f, t_f t_g

where t_f and t_g are tanh of the filter and of half the gate. The first part of the column times one matrix gives filter
and gate, and its last part times another gives the next layer's input. Since ``sigmoid(b) = (1 + tanh(b / 2)) / 2``, one
tanh serves both halves if the weights of the gate are halved, and the unit's output is half the sum of ``t_f`` and
``t_f t_g``. The second matrix includes this half and this sum.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from itertools import zip_longest
from typing import Any, TypeAlias

import numpy
import torch
from torch import Tensor, nn

from armod.likelihoods import Likelihood
from armod.models.sequence.gated_convolution import GatedConvolution
from armod.models.sequence.sequence_walk import Beginning, SequenceWalk
from armod.models.sequence.step_inputs import StepInputs
from armod.models.sequence.wavenet_kernel import MOST_AHEAD, wavenet_steps
from armod.sampling.compiled import calls, draw_sequence

Array: TypeAlias = Any  # NumPy's on the CPU and torch's elsewhere; both have the methods that are called here

_MOST_ROWS = 8  # from there on, products of NumPy read the weights once for all rows
_STEPS_AT_A_TIME = 64  # steps for which the places in the rings are computed together


class WaveNetWalk(SequenceWalk):
    """The incremental view of a WaveNet, with a copy of its weights.

    Args:
        beginning: what the walk begins with.
        convolutions: the gated units, from the input up.
        residuals: the 1x1 from each layer to the next.
        skip: reads all layers' outputs side by side; None if the output reads only the last layer.
        hidden: the last layer but one.
        head: the last layer.
        has_residuals: whether a layer's input is added to the input of the next layer.
        context_hop: steps that share a row of the context.

    >>> from armod.likelihoods import Bernoulli
    >>> from armod.models.sequence.wavenet import WaveNet
    >>> view = WaveNet((4,), 2, dilations=[1, 2], likelihood=Bernoulli()).incremental(2)
    >>> isinstance(view, WaveNetWalk), view.conditional().batch_shape
    (True, torch.Size([2]))
    """

    def __init__(
        self,
        beginning: Beginning,
        convolutions: Sequence[GatedConvolution],
        residuals: Sequence[nn.Linear],
        skip: nn.Linear | None,
        hidden: nn.Linear,
        head: nn.Linear,
        *,
        has_residuals: bool,
        context_hop: int = 1,
    ) -> None:
        self._context_hop = context_hop
        self._channels, self._num_past = convolutions[0].channels, convolutions[0].kernel_size - 1
        self._dilations = [layer.dilation for layer in convolutions]
        with torch.no_grad():
            self._enter = _entrance(beginning.inputs)
            self._like = beginning.inputs.start
            self._weights = _Weights(convolutions, residuals, skip, hidden, head, has_residuals)
        self._library: Any = numpy if isinstance(_native(self._like), numpy.ndarray) else torch
        super().__init__(beginning)

    def allocate(self) -> None:
        """Make the ring of each layer."""
        self._rings = _Rings(
            self._dilations, self._num_past, self._like.new_zeros(0, self._channels, self.num_samples)
        )
        self._layers: list[Any] = []

    def _arrange(self) -> None:
        """Make the column of each layer, and what the last layers read and write; only the loop of operations needs them."""
        new, channels, num_samples = self._like.new_zeros, self._channels, self.num_samples
        weights, constants = self._weights, _constants(self.context, self._like)
        num_past, num_constants = self._num_past * channels, constants.shape[1]

        # one more column receives what the last layer passes on
        columns = new(len(self._dilations) + 1, num_past + num_constants + 3 * channels, num_samples)
        past, ones_and_context, inputs, gated = columns.split(
            [num_past, num_constants, channels, 2 * channels], dim=1
        )
        self._past, self._inputs = _native(past[:-1].unflatten(1, (-1, channels))), _native(inputs[:-1])
        self._entry, self._exit = _native(inputs[0].T), _native(inputs[-1])
        self._gated = _native(gated[:-1])
        # a context that is the same at every step is written once
        ones_and_context.copy_(constants[0])
        self._constants = _native(constants) if len(constants) > 1 else None
        self._current_constants, self._row = _native(ones_and_context), 0  # the row that is written there

        layers = [
            [to_sums, *map(_native, (column[: -2 * channels], gated[k], *gated[k].chunk(2)))]
            for k, (to_sums, column) in enumerate(zip(weights.to_sums, columns[:-1], strict=True))
        ]
        # with skips the last layer passes nothing on
        passed_on = [
            (to_next, _native(columns[k, -3 * channels :]), _native(inputs[k + 1]))
            for k, to_next in enumerate(weights.to_next)
        ]
        self._layers = list(zip_longest(layers, passed_on))
        outputs = new(len(self._dilations), 2 * channels, num_samples)
        self._outputs, self._outputs_as_column = _native(outputs), _native(outputs.flatten(0, 1))
        self._sums, self._hidden = (_native(new(channels, num_samples)) for _ in range(2))
        self._parameters_less_bias = _native(new(self.likelihood.num_parameters, num_samples))
        self._zero = _native(new(()))
        self._to_hidden, self._to_parameters, *skips = weights.to_ends
        self._skip = skips[0] if skips else None

    def state(self) -> dict[str, tuple[Tensor, int]]:
        """Name what every layer read at earlier steps, as `Walk.state`."""
        return {"rings": (self._rings.places, 2)}

    def advance(self, step: int, value: Tensor) -> Tensor:
        """Compute one column of every layer, from the input up, as `SequenceWalk.advance`."""
        if not self._layers:
            with torch.inference_mode(False), torch.no_grad():
                self._arrange()
        library, zero = self._library, self._zero
        multiply, tanh, add, maximum = library.multiply, library.tanh, library.add, library.maximum
        # the value before, as a vector, enters the first layer's column
        self._enter(step, value, self._entry)
        if self._constants is not None:
            row = step // self._context_hop
            if row != self._row:
                self._current_constants[...] = self._constants[row]
                self._row = row
        # the older taps of all layers: what they read dilation, 2 * dilation ... steps ago
        self._rings.read(step, self._past)
        for (to_sums, seen, both, filters, gates), residual in self._layers:
            to_sums(seen, both)  # filter and gate, from taps, context and input
            tanh(both, out=both)
            multiply(
                filters, gates, out=gates
            )  # the unit is half of t_f + t_f t_g: the matrices add and halve
            if residual is not None:
                to_next, own, following = residual
                to_next(own, following)  # the residual: the next layer's input
        # what the layers have read now is what their taps will see later
        self._rings.write(self._inputs)
        output = self._exit
        if self._skip is not None:
            self._outputs[...] = self._gated
            to_output, bias = self._skip
            to_output(self._outputs_as_column, self._sums)
            output = add(self._sums, bias, out=self._sums)
        to_hidden, bias = self._to_hidden
        to_hidden(maximum(output, zero), self._hidden)
        add(self._hidden, bias, out=self._hidden)
        to_parameters, bias = self._to_parameters
        to_parameters(maximum(self._hidden, zero), self._parameters_less_bias)
        parameters = add(self._parameters_less_bias, bias).T  # in new memory, so that the caller may keep it
        return parameters if library is torch else torch.from_numpy(parameters)

    def own_loop(
        self, likelihood: Likelihood, noise: Tensor, known: Tensor | None, mask: Tensor | None
    ) -> Tensor | None:
        """Draw through `wavenet_steps`, which is quickest for a few rows, as `Walk.own_loop`."""
        if self.num_samples > _MOST_ROWS or not self.is_native or self._library is torch:
            return None
        start_level, channels, num_layers = self.inputs.start_level, self._channels, len(self._dilations)
        if start_level is None:
            return None
        weights = self._weights
        places = numpy.cumsum([0, *(dilation * self._num_past for dilation in self._dilations)])
        like = weights.taps.new_zeros
        contexts, hop = _native(_constants(self.context, self._like)), self._context_hop
        of_constants = _native(weights.constants.transpose(0, 1).flatten(1))
        constant_arguments = [
            _native(self.inputs.table()),
            numpy.array(self._dilations),
            places,
            _native(weights.taps.flatten(1, 2)),
            _native(weights.to_next_and_output()),
            weights.has_residuals,
            weights.skip is not None,
            _native(like(channels) if weights.skip is None else weights.skip[1]),
            *(_native(each) for matrix, bias in weights.ends for each in (matrix.T.contiguous(), bias)),
            _native(like(self.num_samples, int(places[-1]), channels)),
            _native(like(num_layers, MOST_AHEAD, 2 * channels)),
        ]

        def arguments(begin: int, end: int) -> tuple[Any, ...]:
            first = begin // hop if len(contexts) > 1 else 0
            rows = contexts[first : (end - 1) // hop + 1] if len(contexts) > 1 else contexts
            constants = rows.transpose(0, 2, 1) @ of_constants
            return first, hop, constants.reshape(*constants.shape[:2], num_layers, -1), *constant_arguments

        ends = calls(len(noise), 256)
        return draw_sequence(wavenet_steps, likelihood, noise, known, mask, start_level, arguments, ends)


class _Weights:
    """A copy of a WaveNet's weights as they are, from which each loop makes what it multiplies with when it begins.

    Args:
        convolutions: as of `WaveNetWalk`, like all that follow.
        residuals: the 1x1 from each layer to the next.
        skip: reads all layers' outputs side by side, or None.
        hidden: the last layer but one.
        head: the last layer.
        has_residuals: whether a layer's input is added to the input of the next layer.
    """

    def __init__(
        self,
        convolutions: Sequence[GatedConvolution],
        residuals: Sequence[nn.Linear],
        skip: nn.Linear | None,
        hidden: nn.Linear,
        head: nn.Linear,
        has_residuals: bool,
    ) -> None:
        channels = convolutions[0].channels
        self.taps = torch.stack(
            [layer.weight.transpose(1, 2) for layer in convolutions]
        )  # (layers, taps, C, 2C)
        constants = [
            torch.cat([layer.bias[None], *([] if layer.context is None else [layer.context.weight.T])])
            for layer in convolutions
        ]
        self.constants = torch.stack(constants)  # (layers, 1 + context, 2C)
        for each in (self.taps, self.constants):
            each[..., channels:] /= 2  # the gate's
        self.residuals = [layer.weight.clone() for layer in residuals]
        self.skip = None if skip is None else _copy(skip)
        self.ends = [_copy(hidden), _copy(head)]
        self.has_residuals = has_residuals

    def to_next_and_output(self) -> Tensor:
        """The halves of what goes from each layer to the next one, and beside it to the output: ``(layers, C, C or 2C)``."""
        num_layers, _, channels, _ = self.taps.shape
        parts = self.taps.new_zeros(num_layers, 1 if self.skip is None else 2, channels, channels)
        for layer, residual in enumerate(self.residuals):
            parts[layer, 0] = residual
        if self.skip is not None:
            parts[:, 1] = self.skip[0].unflatten(1, (-1, channels)).transpose(0, 1)
        return (parts / 2).flatten(1, 2).transpose(1, 2).contiguous()

    @cached_property
    def to_sums(self) -> list[Callable[[Array, Array], object]]:
        """Products with the matrices from each layer's column to filter and gate."""
        columns = torch.cat([self.taps[:, :-1].flatten(1, 2), self.constants, self.taps[:, -1]], dim=1)
        return [_product(_native(column).T) for column in columns]

    @cached_property
    def to_next(self) -> list[Callable[[Array, Array], object]]:
        """Products with the matrices ``(C, 3C)`` from a layer's input and its gated sums to the next layer's input."""
        kept = torch.eye(self.taps.shape[2]).to(self.taps) * self.has_residuals
        return [_by_inputs(torch.cat([kept, _twice(weight)], dim=1)) for weight in self.residuals]

    @cached_property
    def to_ends(self) -> list[tuple[Callable[[Array, Array], object], Array]]:
        """Product and bias, a column, of the last layers: hidden, head, and the skips where there are any."""
        layers = list(self.ends)
        if self.skip is not None:
            of_layers = self.skip[0].unflatten(1, (-1, self.taps.shape[2]))
            layers.append((_twice(of_layers).flatten(1), self.skip[1]))
        return [(_by_inputs(matrix), _native(bias.unsqueeze(1))) for matrix, bias in layers]


class _Rings:
    """What every layer read at earlier steps: a ring of places for each layer, all in one array ``(places, C, N)``.

    Args:
        dilations: the dilation of each layer.
        num_past: taps of a layer before the newest.
        like: a tensor ``(0, C, N)`` of the right dtype and device.
    """

    def __init__(self, dilations: Sequence[int], num_past: int, like: Tensor) -> None:
        self._num_past = num_past
        each = torch.tensor(dilations, device=like.device)
        sizes = each * num_past
        self._sizes, self._begins = sizes[:, None], (sizes.cumsum(0) - sizes)[:, None]
        # how far each of the older taps looks back, oldest first
        self._lags = each[:, None] * torch.arange(num_past, 0, -1, device=like.device)
        # before the beginning there are zeros
        self.places = like.new_zeros(int(sizes.sum()), *like.shape[1:])
        self._places = _native(self.places)
        self._read = _rows_of(self._places)
        self._first = -1  # the first of the steps whose places are computed

    def read(self, step: int, out: Array) -> None:
        """Write what the older taps of every layer see into ``(layers, taps, C, N)``; quick for one step after another."""
        if not self._num_past:
            return
        number = step % _STEPS_AT_A_TIME
        if step - number != self._first:
            self._first = step - number
            steps = torch.arange(self._first, self._first + _STEPS_AT_A_TIME, device=self._sizes.device)
            self._to_read = _native(self._begins + (steps[:, None, None] - self._lags) % self._sizes)
        places = self._to_read[number]
        # a new input takes the place of the oldest one, which is not needed any more
        self._to_write = places[:, 0]
        self._read(places, out)

    def write(self, inputs: Array) -> None:
        """Keep what every layer reads, ``(layers, C, N)``, at the step of the last `read`."""
        if self._num_past:
            self._places[self._to_write] = inputs


def _entrance(inputs: StepInputs) -> Callable[[int, Tensor, Array], object]:
    """A function that writes the vectors ``(N, C)`` of values ``(N,)``, or at step 0 that of the start."""
    if inputs.start_level is not None:  # the start is the last level
        look_up = _rows_of(_native(inputs.table()))
        return lambda step, value, out: look_up(_native(value), out)
    start, weight = _native(inputs.start), _native(inputs.levels.weight[0])

    def enter(step: int, value: Tensor, out: Array) -> None:
        out[...] = weight * _native(value.to(inputs.start.dtype))[:, None] if step else start

    return enter


def _constants(context: Tensor | None, like: Tensor) -> Tensor:
    """The part of a column that does not depend on samples: a 1 for the bias, and the context.

    The context ``(N, T, size)``, with T = 1 if it is the same at every step, becomes ``(T or 1, 1 + size, N or 1)``.
    """
    if context is None:
        return like.new_ones(1, 1, 1)
    of_steps = context.to(like.dtype).permute(1, 2, 0)
    return torch.cat([torch.ones_like(of_steps[:, :1]), of_steps], dim=1)


def _twice(weight: Tensor) -> Tensor:
    """Turn weights for a unit's output ``(..., C)`` into weights for ``t_f`` and ``t_f t_g`` side by side, ``(..., 2C)``."""
    return torch.cat([weight, weight], dim=-1) / 2


def _copy(layer: nn.Linear) -> tuple[Tensor, Tensor]:
    return layer.weight.clone(), layer.bias.clone()


def _by_inputs(weight: Tensor) -> Callable[[Array, Array], object]:
    """The product with ``(outputs, inputs)``, stored by inputs, because products with columns read it faster."""
    return _product(_native(weight.T.clone(memory_format=torch.contiguous_format)).T)


def _product(matrix: Array) -> Callable[[Array, Array], object]:
    """A function that multiplies the matrix with columns and writes the product into its second argument."""
    if isinstance(matrix, numpy.ndarray):
        return matrix.dot  # takes a third less time than numpy.dot
    return lambda columns, out: torch.mm(matrix, columns, out=out)


def _rows_of(table: Array) -> Callable[[Array, Array], object]:
    """A function that looks up rows of a table and writes them into its second argument."""
    if isinstance(table, numpy.ndarray):
        # in the mode "raise" it would write a copy first
        return lambda places, out: table.take(places, 0, out, "clip")
    return lambda places, out: out.copy_(table[places])


def _native(tensor: Tensor) -> Array:
    """A NumPy array of the same memory on the CPU; on another device, or in bfloat16, the tensor itself."""
    is_numpys = tensor.device.type == "cpu" and tensor.dtype != torch.bfloat16
    return tensor.numpy() if is_numpys else tensor
