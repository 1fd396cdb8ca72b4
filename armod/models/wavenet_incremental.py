"""Sampling from a WaveNet: a new sample changes one number of each channel in each layer.

What a layer's older taps see was computed `dilation` steps ago and more; it waits in a *ring buffer* as long as the
oldest tap looks back (Paine et al. 2016, "Fast Wavenet Generation Algorithm"). Work per sample depends on the number
of layers, not on how far they look back.

Operations this small cost more to start than to compute, so they are few. What all older taps see is fetched by one
operation and lies beside the layer's input, so that filter and gate are one matrix product. With the gate's half of
the weights halved one tanh serves both, for ``sigmoid(b) = (1 + tanh(b / 2)) / 2``; ``t_f + t_f t_g`` is then twice
the unit's output, and the matrices that read it are halved. All skips are one product of the layers' outputs side by
side. Every place that a step writes to is prepared beforehand.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import zip_longest

import torch
from torch import Tensor, nn

from armod.models.gated_convolution import GatedConvolution
from armod.models.sequence_model import SequenceIncremental, Steps

_STEPS_AT_A_TIME = 64  # for which contexts are projected and places in the rings computed


class WaveNetIncremental(SequenceIncremental):
    """The incremental view of a WaveNet, with a copy of its weights."""

    def __init__(
        self,
        steps: Steps,
        convolutions: Sequence[GatedConvolution],
        residuals: Sequence[nn.Linear],
        skip: nn.Linear | None,
        hidden: nn.Linear,
        head: nn.Linear,
        *,
        has_residuals: bool,
    ) -> None:
        """`residuals` lead from each layer to the next; without `skip` the output reads what the last one gives."""
        super().__init__(steps)
        channels, num_layers = convolutions[0].channels, len(convolutions)
        num_past, num_samples = convolutions[0].kernel_size - 1, steps.num_samples
        with torch.no_grad():
            self._table = steps.inputs.table()
            to_sums = [_gate_halved(layer.weight.transpose(1, 2).flatten(0, 1)) for layer in convolutions]
            to_next = [_rows_of_inputs(layer.weight / 2) for layer in residuals]
            self._to_hidden = (hidden.bias.clone(), _rows_of_inputs(hidden.weight))
            self._to_parameters = (head.bias.clone(), _rows_of_inputs(head.weight))
            self._skip = None if skip is None else (skip.bias.clone(), _rows_of_inputs(skip.weight / 2))
            self._biases = _Biases(convolutions, steps.context)
        self._rings = _Rings(convolutions, num_samples)

        zeros = self._table.new_zeros
        # what the taps of each layer see, its input, the newest, last; one more for what the last layer hands on
        seen = zeros(num_layers + 1, num_samples, num_past + 1, channels)
        self._past, self._inputs = seen[:-1, :, :-1].transpose(1, 2), seen[:-1, :, -1]
        inputs = seen[:, :, -1].unbind(0)
        self._entry, self._exit = inputs[0], inputs[-1]
        self._sums = zeros(num_layers, num_samples, 2 * channels)  # of filter and gate; then their tanh
        outputs = zeros(num_samples, num_layers, channels)
        self._outputs = outputs.flatten(1)
        kept = inputs if has_residuals else [zeros(num_samples, channels)] * num_layers
        layers = [
            (seen[k].flatten(1), to_sums[k], self._sums[k], *self._sums[k].chunk(2, dim=1), outputs[:, k])
            for k in range(num_layers)
        ]
        # with skips the last layer hands nothing on
        handed_on = [(kept[k], weight, inputs[k + 1]) for k, weight in enumerate(to_next)]
        self._layers = list(zip_longest(layers, handed_on))
        self._output, self._hidden = zeros(num_samples, channels), zeros(num_samples, channels)

    def _advance(self, step: int, value: Tensor) -> Tensor:
        torch.index_select(self._table, 0, value, out=self._entry)
        self._rings.read(step, self._past)
        self._sums.copy_(self._biases(step))
        for layer, residual in self._layers:
            seen, to_sums, sums, filters, gates, output = layer
            sums.addmm_(seen, to_sums).tanh_()
            torch.addcmul(filters, filters, gates, out=output)
            if residual is not None:
                kept, to_next, following = residual
                torch.addmm(kept, output, to_next, out=following)
        self._rings.write(self._inputs)
        if self._skip is None:
            self._output.copy_(self._exit)
        else:
            bias, weight = self._skip
            torch.addmm(bias, self._outputs, weight, out=self._output)
        bias, weight = self._to_hidden
        torch.addmm(bias, self._output.relu_(), weight, out=self._hidden)
        bias, weight = self._to_parameters
        return torch.addmm(bias, self._hidden.relu_(), weight)


class _Rings:
    """What every layer read at earlier steps: a ring of places for each, all in one tensor ``(places, N, C)``."""

    def __init__(self, convolutions: Sequence[GatedConvolution], num_samples: int) -> None:
        weight = convolutions[0].weight.detach()
        self._num_past = convolutions[0].kernel_size - 1
        dilations = torch.tensor([layer.dilation for layer in convolutions], device=weight.device)
        sizes = dilations * self._num_past
        self._sizes, self._begins = sizes[:, None], (sizes.cumsum(0) - sizes)[:, None]
        # of the older taps, the oldest first
        self._lags = dilations[:, None] * torch.arange(self._num_past, 0, -1, device=weight.device)
        # before the beginning there is nothing but zeros
        self._places = weight.new_zeros(int(sizes.sum()), num_samples, weight.shape[2])
        self._fetched = weight.new_empty(self._lags.numel(), num_samples, weight.shape[2])
        self._fetched_by_layer = self._fetched.unflatten(0, self._lags.shape)

    def read(self, step: int, out: Tensor) -> None:
        """What the older taps of every layer see at `step`, into ``(layers, taps, N, C)``; one step after the other."""
        if not self._num_past:
            return
        number = step % _STEPS_AT_A_TIME
        if number == 0:
            steps = torch.arange(step, step + _STEPS_AT_A_TIME, device=self._sizes.device)
            places = self._begins + (steps[:, None, None] - self._lags) % self._sizes
            self._to_read = places.flatten(1).unbind(0)
            # a new input takes the place of the oldest one, which nobody will see again
            self._to_write = places[:, :, 0].contiguous().unbind(0)
        self._number = number
        torch.index_select(self._places, 0, self._to_read[number], out=self._fetched)
        out.copy_(self._fetched_by_layer)

    def write(self, inputs: Tensor) -> None:
        """Keep what every layer reads, ``(layers, N, C)``, at the step that was read last."""
        if self._num_past:
            self._places.index_copy_(0, self._to_write[self._number], inputs)


class _Biases:
    """What filter and gate of every layer are before they see a sample: biases, and what the context adds."""

    def __init__(self, convolutions: Sequence[GatedConvolution], context: Tensor | None) -> None:
        """context: ``(N, T, context_size)``, or with T = 1 the same at every step."""
        self._context = context
        self._biases = torch.stack([_gate_halved(layer.bias) for layer in convolutions]).unsqueeze(1)
        projections = [layer.context.weight.T for layer in convolutions if layer.context is not None]
        self._weights = torch.stack([_gate_halved(weight) for weight in projections]) if projections else None
        is_constant = context is None or context.shape[1] == 1
        self._constant = self._of_steps(0, 1)[0] if is_constant else None

    def __call__(self, step: int) -> Tensor:
        """``(layers, N or 1, 2C)``; to be asked for one step after the other."""
        if self._constant is not None:
            return self._constant
        number = step % _STEPS_AT_A_TIME
        if number == 0:
            self._some = self._of_steps(step, step + _STEPS_AT_A_TIME)
        return self._some[number]

    def _of_steps(self, begin: int, end: int) -> Sequence[Tensor]:
        if self._context is None or self._weights is None:
            return [self._biases]
        context = self._context[:, begin:end].transpose(0, 1).unsqueeze(1)
        return (self._biases + context @ self._weights).unbind(0)


def _gate_halved(weight: Tensor) -> Tensor:
    """A copy with the second half of the last dimension, which leads to the gate, divided by 2."""
    to_filter, to_gate = weight.chunk(2, dim=-1)
    return torch.cat([to_filter, to_gate / 2], dim=-1)


def _rows_of_inputs(weight: Tensor) -> Tensor:
    """A linear layer's weight ``(outputs, inputs)`` as a copy ``(inputs, outputs)``, which products with rows read faster."""
    return weight.T.clone(memory_format=torch.contiguous_format)
