"""WaveNet generates sound sample by sample, with causal dilated convolutions (van den Oord et al. 2016).

A convolution that only looks back, over gaps that grow from layer to layer, sees far with few weights: ten layers of two
taps with dilations 1, 2, 4 ... 512 see 1,024 samples. Each layer is a gated unit (`GatedConvolution`) whose output goes
two ways: through a 1x1 *residual* to the next layer, and through a 1x1 *skip* to the output (figure 4).

The sequence enters shifted by one step, so that no output sees its own sample, and the first step reads a learned start.
All layers pad their inputs with zeros before the beginning.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, cast

import torch
from torch import Tensor, distributions, nn

from armod import orderings
from armod.likelihoods import Likelihood, in_own_precision
from armod.likelihoods.base import check_likelihood
from armod.models.base import AutoregressiveModel
from armod.models.field import FieldSize
from armod.models.sequence.gated_convolution import GatedConvolution
from armod.models.sequence.sequence_walk import Beginning
from armod.models.sequence.step_inputs import StepInputs, context_of_steps, initial_weights
from armod.models.sequence.wavenet_walk import WaveNetWalk
from armod.models.shortcuts import check_read
from armod.settings import check_event_shape, check_sizes, check_switches, shown, whole_numbers


class WaveNet(AutoregressiveModel):
    """Causal dilated convolutions with gated units, residual and skip connections, for sequences of any length.

    Args:
        event_shape: ``(T,)``; observations may have any other length at run time.
        channels: channels of every layer.
        dilations: one number from 1 on for each layer, from the input up.
        kernel_size: taps of each dilated convolution; with 1 tap a conditional sees only the sample before.
        likelihood: family of the conditionals, such as `armod.likelihoods.Categorical(256)` for mu-law levels
            (section 2.2), or `armod.likelihoods.Logistic` for real numbers.
        context_size: C of a context ``(N, C)``, or ``(N, C, T)`` if it varies in time, which enters filter and gate of
            every layer (section 2.5); 0 for none.
        context_hop: steps that share one column of a context that varies in time, which is then ``(N, C, T / context_hop)``,
            rounded up: the last column may serve fewer steps (which a reversed ordering would begin with, so that it takes
            whole columns only). The result is that of each column repeated, for less work, as the context is projected at
            its own rate.
        ordering: forward (None) or reversed.
        seed: seed of the initial weights.
        residual: False removes the residual connections, so that the layers simply follow each other.
        skip: False removes the skip connections, so that the output reads only the last layer.

    Raises:
        ValueError: if a size is below 1, there are no dilations, or the ordering is another.

    >>> from armod.likelihoods import Categorical
    >>> model = WaveNet((16,), 8, dilations=[1, 2, 4], likelihood=Categorical(256))
    >>> model.log_prob(torch.tensor([[128, 130, 127], [0, 255, 3]])).shape
    torch.Size([2])
    """

    likelihood: Likelihood
    context_size: int
    context_hop: int
    any_length = True

    def __init__(
        self,
        event_shape: Sequence[int],
        channels: int,
        *,
        dilations: Sequence[int],
        kernel_size: int = 2,
        likelihood: Likelihood,
        context_size: int = 0,
        context_hop: int = 1,
        ordering: Tensor | Sequence[int] | None = None,
        seed: int = 0,
        residual: bool = True,
        skip: bool = True,
    ) -> None:
        super().__init__()
        self.event_shape = check_event_shape(event_shape, "(T,)")
        check_likelihood(likelihood, reads_real_numbers=True)
        channels, kernel_size = check_sizes(channels=channels, kernel_size=kernel_size)
        (context_size,) = check_sizes(0, context_size=context_size)
        (self.context_hop,) = check_sizes(context_hop=context_hop)
        gaps = whole_numbers(dilations)
        if not gaps or min(gaps) < 1:
            raise ValueError(f"dilations are numbers from 1 on, one for each layer; got {shown(dilations)}.")
        check_switches(residual=residual, skip=skip)
        self.channels, self.dilations, self.kernel_size = channels, gaps, kernel_size
        self.likelihood, self.context_size = likelihood, context_size
        self.has_residuals = residual
        self.register_buffer("ordering", orderings.as_permutation(ordering, self.event_shape))
        self._note_direction()
        self.register_load_state_dict_post_hook(WaveNet._note_direction)
        with initial_weights(seed):
            self.inputs = StepInputs(likelihood, channels, num_positions=0, context_size=0)
            self.convolutions = nn.ModuleList(
                GatedConvolution(
                    channels, kernel_size=kernel_size, dilation=dilation, context_size=context_size
                )
                for dilation in gaps
            )
            # There are no biases, so that zeros before the beginning stay zeros. With skips, nothing reads the residual
            # of the last layer.
            num_residuals = len(gaps) - 1 if skip else len(gaps)
            self.residuals = nn.ModuleList(
                nn.Linear(channels, channels, bias=False) for _ in range(num_residuals)
            )
            # one 1x1 convolution of all layers' outputs side by side is the sum of a 1x1 for each layer
            self.skip = nn.Linear(len(gaps) * channels, channels) if skip else None
            self.hidden = nn.Linear(channels, channels)
            self.head = nn.Linear(channels, likelihood.num_parameters)

    @property
    def receptive_field(self) -> FieldSize:
        """The number of earlier samples that a conditional sees: 1 + the sum of (kernel_size - 1) * dilation.

        Called with a position it is `AutoregressiveModel.receptive_field`, like that of every other model.

        >>> from armod.likelihoods import Categorical
        >>> model = WaveNet((6,), 8, dilations=[2], likelihood=Categorical(256))
        >>> model.receptive_field, model.receptive_field(4).int().tolist()
        (3, [0, 1, 0, 1, 0, 0])
        """
        return FieldSize(1 + (self.kernel_size - 1) * sum(self.dilations), super().receptive_field)

    def reach(self) -> Tensor:
        """Tell which earlier samples a path of taps leads from.

        With dilations 1, 2, 4 ... these are all samples of the `receptive_field`; other dilations may leave gaps.

        Returns:
            A boolean tensor ``(T, T)``, as `AutoregressiveModel.reach`.
        """
        steps_back = {1}
        for dilation in self.dilations:
            steps_back |= {back + tap * dilation for back in steps_back for tap in range(self.kernel_size)}
        position = torch.argsort(self.ordering)
        distance = position[:, None] - position[None, :]
        return torch.isin(distance, torch.tensor(sorted(steps_back), device=distance.device))

    def conditionals(self, x: Tensor, context: Tensor | None = None) -> distributions.Distribution:
        """Compute every ``p(x_t | x_<t)`` in one pass, for any T, as `AutoregressiveModel.conditionals`."""
        x = self.check_levels(x)
        parameters = self._network(self._in_order(x), self.check_context(context, len(x), x.shape[1:]))
        in_order = parameters.flip(0) if self._is_reversed else parameters
        return self.likelihood.distribution(in_order.transpose(0, 1))

    def cached_view(self, num_samples: int, context: Tensor | None) -> WaveNetWalk:
        """Generate one sample at a time; the work per sample does not depend on the receptive field.

        A context that varies in time decides the length; otherwise the sequences have no end.
        """
        length = None
        if context is not None:
            length = context.shape[2] * self.context_hop if context.dim() == 3 else None
            context = self._in_time(context).detach().transpose(0, 1)
        inputs = self.inputs.frozen()
        beginning = Beginning(self.likelihood, inputs, context, num_samples, length)
        return WaveNetWalk(
            beginning,
            cast(list[GatedConvolution], list(self.convolutions)),
            cast(list[nn.Linear], list(self.residuals)),
            self.skip,
            self.hidden,
            self.head,
            has_residuals=self.has_residuals,
            context_hop=self.context_hop,
        )

    def check_context(self, context: object, num: int, event_shape: Sequence[int]) -> Tensor | None:
        """Check a context ``(N, C)`` or ``(N, C, T / context_hop)``, as `AutoregressiveModel.check_context`."""
        hop = self.context_hop
        if hop > 1 and self._is_reversed and event_shape[0] % hop:
            raise ValueError(
                f"A reversed WaveNet with context_hop={hop} makes sequences whose length is a multiple of {hop}, "
                f"not {event_shape[0]}."
            )
        return super().check_context(context, num, [math.ceil(event_shape[0] / hop)])

    def extra_repr(self) -> str:
        """Return the arguments that `print(model)` shows."""
        hop = f", context_hop={self.context_hop}" if self.context_hop > 1 else ""
        return (
            f"event_shape={tuple(self.event_shape)}, likelihood={self.likelihood}, "
            f"receptive_field={self.receptive_field}, context_size={self.context_size}{hop}"
        )

    def _shape_for(self, length: int | None, context: Any = None) -> torch.Size:
        if length is None and getattr(context, "ndim", 0) == 3:
            frames, usual = context.shape[2], self.event_shape[0]
            # the last column of the usual length may serve fewer steps than the others
            length = usual if frames == math.ceil(usual / self.context_hop) else frames * self.context_hop
        return super()._shape_for(length)

    def _network(self, levels: Tensor, context: Tensor | None) -> Tensor:
        """All parameters ``(T, N, num_parameters)``, from values ``(T, N)`` in order of generation and a checked context."""
        context = None if context is None else self._in_time(context)
        check_read("residuals", self.residuals, nn.Linear)
        check_read("skip", [] if self.skip is None else [self.skip], nn.Linear)
        check_read("inputs", [self.inputs], StepInputs)
        stream = self.inputs.before(levels)
        skips = None if self.skip is None else self.skip.bias.expand_as(stream)
        for number, convolution in enumerate(self.convolutions):
            gated = convolution(stream, context, self.context_hop)
            if number < len(self.residuals):
                residual = cast(nn.Linear, self.residuals[number])
                stream = _add_product(stream if self.has_residuals else None, gated, residual.weight)
            if self.skip is not None:
                # each layer's share is added at once, while its output is still in the processor's cache
                share = self.skip.weight[:, number * self.channels : (number + 1) * self.channels]
                skips = _add_product(skips, gated, share)
        output = self.head(self.hidden((stream if skips is None else skips).relu()).relu())
        return in_own_precision(output, self.head.weight)

    def _in_order(self, x: Tensor) -> Tensor:
        """Levels ``(N, T)`` of any dtype as int64 ``(T, N)``, or real numbers, in order of generation."""
        in_order = x.flip(1) if self._is_reversed else x
        return in_order.to(self.likelihood.value_dtype(self.head.weight.dtype)).T

    def _in_time(self, context: Tensor) -> Tensor:
        """A checked context, ``(N, C)`` or ``(N, C, T / hop)``, in order: ``(1, N, C)`` or ``(T / hop, N, C)``."""
        length = context.shape[2] if context.dim() == 3 else 1
        steps = context_of_steps(context, self.ordering_for(length))
        return steps.transpose(0, 1).to(self.head.weight.dtype)

    def _note_direction(self, _: object = None) -> None:
        """Find out whether the ordering is forward or reversed; a state dict may change it."""
        known = (orderings.raster(self.event_shape), orderings.reversed(self.event_shape))
        if not any(torch.equal(self.ordering.cpu(), ordering) for ordering in known):
            raise ValueError(
                "A WaveNet goes through a sequence forward or reversed (armod.orderings.raster or reversed); "
                f"this ordering begins {self.ordering[:8].tolist()}."
            )
        self._is_reversed = bool(self.ordering[0] != 0)


def _add_product(sums: Tensor | None, x: Tensor, weight: Tensor) -> Tensor:
    """``sums + x @ weight.T`` in one operation, for x ``(T, N, C)`` and sums of the result's shape."""
    rows = x.flatten(0, 1)
    if sums is None:
        return (rows @ weight.T).view_as(x)
    return torch.addmm(sums.flatten(0, 1), rows, weight.T).view_as(x)
