"""WaveNet's unit: a causal dilated convolution that computes a filter and a gate, ``tanh(filter) * sigmoid(gate)``.

Time is the first dimension, ``(T, N, channels)``. So what a tap sees, the sequences some steps earlier, is a slice of the
``T * N`` rows, and each tap is one matrix product without a copy.
"""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from armod.models.checks import transforms_are_active


class GatedConvolution(nn.Module):
    """The gated unit ``tanh(W_f * x + V_f c) * sigmoid(W_g * x + V_g c)`` (WaveNet, sections 2.3 and 2.5).

    Each step depends on itself and earlier ones. Tap ``j`` sees ``(kernel_size - 1 - j) * dilation`` steps back, and zeros
    before the beginning.

    Args:
        channels: channels of input and output.
        kernel_size: number of taps.
        dilation: steps between neighbouring taps.
        context_size: size of the context c; 0 for none.

    >>> GatedConvolution(4, kernel_size=2, dilation=8)(torch.zeros(100, 3, 4)).shape
    torch.Size([100, 3, 4])
    """

    _doubling: Tensor

    def __init__(self, channels: int, *, kernel_size: int, dilation: int, context_size: int = 0) -> None:
        super().__init__()
        self.channels, self.kernel_size, self.dilation = channels, kernel_size, dilation
        # torch's usual initialisation of a convolution
        bound = 1 / math.sqrt(channels * kernel_size)
        self.weight = nn.Parameter(torch.empty(kernel_size, 2 * channels, channels).uniform_(-bound, bound))
        self.bias = nn.Parameter(torch.empty(2 * channels).uniform_(-bound, bound))
        self.context = nn.Linear(context_size, 2 * channels, bias=False) if context_size else None
        # since tanh(a) = 2 sigmoid(2 a) - 1, one sigmoid serves both halves if the filter's half is doubled
        doubling = torch.ones(2 * channels)
        doubling[:channels] = 2
        self.register_buffer("_doubling", doubling, persistent=False)

    @property
    def num_past_steps(self) -> int:
        """How many steps back the oldest tap sees."""
        return (self.kernel_size - 1) * self.dilation

    def forward(self, x: Tensor, context: Tensor | None = None, hop: int = 1) -> Tensor:
        """Compute the unit.

        Args:
            x: inputs ``(T, N, channels)``.
            context: ``(T / hop, N, context_size)``, rounded up, or ``(1, N, context_size)``.
            hop: steps that share a row of the context.

        Returns:
            Outputs ``(T, N, channels)``.
        """
        condition = None if self.context is None or context is None else self.context(context)
        if condition is not None and hop > 1 and len(condition) > 1:
            condition = condition.unsqueeze(1).expand(-1, hop, -1, -1).flatten(0, 1)[: len(x)]
        is_autocast = torch.is_autocast_enabled(x.device.type)
        if is_autocast or torch.compiler.is_compiling() or transforms_are_active():
            return self.step_by_step(x, condition)
        doubling = self._doubling
        if condition is not None:
            condition = condition * doubling
        output, _ = _GatedConvolution.apply(
            x, self.weight * doubling.unsqueeze(1), self.bias * doubling, condition, self.dilation
        )
        return output

    def step_by_step(self, x: Tensor, condition: Tensor | None = None) -> Tensor:
        """Compute the same with torch's own operations, which autocast, compilers and function transforms need.

        Args:
            x: inputs ``(T, N, channels)``.
            condition: what is added to filter and gate, ``(T, N, 2 * channels)`` or ``(1, N, 2 * channels)``.

        Returns:
            Outputs ``(T, N, channels)``.
        """
        lags = [tap * self.dilation for tap in reversed(range(self.kernel_size))]
        padded = F.pad(x, (0, 0, 0, 0, self.num_past_steps, 0))
        seen = [padded[self.num_past_steps - lag :][: len(x)] for lag in lags]
        sums = F.linear(torch.cat(seen, dim=2), self.weight.transpose(0, 1).flatten(1), self.bias)
        if condition is not None:
            sums = sums + condition
        to_filter, to_gate = sums.chunk(2, dim=2)
        return to_filter.tanh() * to_gate.sigmoid()

    def extra_repr(self) -> str:
        """Return the arguments that `print(model)` shows."""
        return f"{self.channels}, kernel_size={self.kernel_size}, dilation={self.dilation}"


class _GatedConvolution(torch.autograd.Function):
    """The unit in few passes over memory; backward needs only its input, its sigmoids and its output.

    If s is the sigmoid of the doubled filter and g that of the gate, the output is ``y = (2 s - 1) g``, so that
    ``dy / dfilter' = 2 g s (1 - s) = (y + g) (1 - s)`` and ``dy / dgate = y (1 - g)``.

    The sigmoids are a second output, so that a gradient that is differentiated again can depend on them.
    """

    @staticmethod
    def forward(
        ctx: Any, x: Tensor, weight: Tensor, bias: Tensor, condition: Tensor | None, dilation: int
    ) -> tuple[Tensor, Tensor]:
        # x (T, N, C); weight (taps, 2C, C), bias (2C,) and condition (T or 1, N, 2C) have their filters doubled
        rows = x.flatten(0, 1)
        sums = torch.addmm(bias, rows, weight[-1].T)
        for tap, shift in _shifts(x, weight, dilation):
            sums[shift:].addmm_(rows[:-shift], weight[tap].T)
        if condition is not None:
            sums.view(*x.shape[:2], len(bias)).add_(condition)
        sigmoids = sums.sigmoid_()
        filters, gates = sigmoids.chunk(2, dim=1)
        output = torch.addcmul(-gates, filters, gates, value=2).view_as(x)
        ctx.save_for_backward(x, weight, sigmoids, output)
        ctx.dilation, ctx.condition_shape = dilation, None if condition is None else condition.shape
        ctx.set_materialize_grads(False)
        return output, sigmoids

    @staticmethod
    def backward(ctx: Any, to_output: Tensor | None, to_sigmoids: Tensor | None) -> tuple[Tensor | None, ...]:
        x, weight, sigmoids, output = ctx.saved_tensors
        rows = x.flatten(0, 1)
        # only a gradient that is differentiated again has something to say to the sigmoids
        if torch.is_grad_enabled() or to_output is None or to_sigmoids is not None:
            to_sums = _to_sums(sigmoids, to_output, to_sigmoids)
            to_rows, to_weight = _to_rows_and_weight(x, weight, to_sums, ctx.dilation)
            to_bias = to_sums.sum(0)
        else:
            to_sums = _to_sums_in_place(sigmoids, output.flatten(0, 1), to_output.flatten(0, 1))
            to_rows, to_weight = to_sums @ weight[-1], torch.zeros_like(weight)
            torch.mm(to_sums.T, rows, out=to_weight[-1])
            for tap, shift in _shifts(x, weight, ctx.dilation):
                to_rows[:-shift].addmm_(to_sums[shift:], weight[tap])
                torch.mm(to_sums[shift:].T, rows[:-shift], out=to_weight[tap])
            # a product with ones sums rows faster than sum()
            to_bias = to_sums.new_ones(len(to_sums)) @ to_sums
        to_condition = None
        if ctx.condition_shape is not None:
            to_condition = to_sums.view(*x.shape[:2], to_sums.shape[1]).sum_to_size(ctx.condition_shape)
        return to_rows.view_as(x), to_weight, to_bias, to_condition, None


def _to_sums_in_place(sigmoids: Tensor, output: Tensor, to_output: Tensor) -> Tensor:
    """The gradient of the sums ``(T * N, 2C)``, in few passes over memory."""
    filters, gates = sigmoids.chunk(2, dim=1)
    to_sums = torch.empty_like(sigmoids)
    to_filters, to_gates = to_sums.chunk(2, dim=1)
    weighted = to_output * output
    torch.addcmul(weighted, weighted, gates, value=-1, out=to_gates)
    weighted.addcmul_(to_output, gates)
    torch.addcmul(weighted, weighted, filters, value=-1, out=to_filters)
    return to_sums


def _to_sums(sigmoids: Tensor, to_output: Tensor | None, to_sigmoids: Tensor | None) -> Tensor:
    """The same gradient as a function that can be differentiated, and that of the sigmoids added to it."""
    to_both = torch.zeros_like(sigmoids) if to_sigmoids is None else to_sigmoids
    if to_output is not None:
        filters, gates = sigmoids.chunk(2, dim=1)
        incoming = to_output.flatten(0, 1)
        to_both = to_both + torch.cat([2 * incoming * gates, incoming * (2 * filters - 1)], dim=1)
    return to_both * sigmoids * (1 - sigmoids)


def _to_rows_and_weight(x: Tensor, weight: Tensor, to_sums: Tensor, dilation: int) -> tuple[Tensor, Tensor]:
    """The gradients of the input's rows and of the weight, as functions that can be differentiated."""
    rows = x.flatten(0, 1)
    to_rows, to_taps = to_sums @ weight[-1], [torch.zeros_like(tap) for tap in weight]
    to_taps[-1] = to_sums.T @ rows
    for tap, shift in _shifts(x, weight, dilation):
        to_rows = to_rows + F.pad(to_sums[shift:] @ weight[tap], (0, 0, 0, shift))
        to_taps[tap] = to_sums[shift:].T @ rows[:-shift]
    return to_rows, torch.stack(to_taps)


def _shifts(x: Tensor, weight: Tensor, dilation: int) -> list[tuple[int, int]]:
    """Each tap that looks back, with its number of rows; taps that see only zeros are left out."""
    num_steps, num_sequences = x.shape[:2]
    lags = [(tap, (len(weight) - 1 - tap) * dilation) for tap in range(len(weight) - 1)]
    return [(tap, lag * num_sequences) for tap, lag in lags if lag < num_steps and num_sequences]
