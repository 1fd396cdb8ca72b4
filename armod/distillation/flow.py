"""A student that makes a whole sound in one pass: an inverse autoregressive flow (Kingma et al. 2016; Parallel WaveNet 2018).

A WaveNet says the mean and the scale of a sample from the *samples* before it, so it has to wait for them. Here the same
network reads the *noise* before it:

    x_t = s_t(z_<t) z_t + m_t(z_<t)

The noise is there at once, so all x are, too. The density of a sound that the student makes is known, because z is: the
Jacobian of x by z is triangular, with s_t on its diagonal. The density of another sound is not: z would have to be found one
by one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from armod.finite import check_finite
from armod.inputs import context_of, count_of, noise_of, tensor_of
from armod.likelihoods import Logistic, LogisticDensity
from armod.models.sequence.wavenet import WaveNet
from armod.settings import check_sizes

_SHRINKING = 0.1
_LOWEST_LOG_SCALE, _HIGHEST_LOG_SCALE = -7.0, 3.0


class FlowStudent(nn.Module):
    """An inverse autoregressive flow on logistic noise, whose samples take one pass (Parallel WaveNet, sections 3 and 4).

    Each flow is an `armod.WaveNet` that reads noise where a teacher reads sound. Its first and its last layer begin ten times
    smaller than usual, so that the untrained student is almost the noise itself. The log scale of a flow lies in [-7, 3].

    Args:
        channels: channels of every layer.
        dilations: one number from 1 on for each layer of a flow, from the input up.
        num_flows: how many flows follow each other; each reads what the one before it made.
        context_size: C of a context ``(N, C)``, or ``(N, C, T)`` if it varies in time; 0 for none.
        kernel_size: taps of each dilated convolution.
        seed: seed of the initial weights.

    Raises:
        ValueError: if a size is below 1, or there are no dilations.

    >>> student = FlowStudent(8, dilations=[1, 2, 4])
    >>> student.sample(2, length=100).shape
    torch.Size([2, 100])
    """

    def __init__(
        self,
        channels: int,
        *,
        dilations: Sequence[int],
        num_flows: int = 1,
        context_size: int = 0,
        kernel_size: int = 2,
        seed: int = 0,
    ) -> None:
        super().__init__()
        (num_flows,) = check_sizes(num_flows=num_flows)
        (self.context_size,) = check_sizes(0, context_size=context_size)
        self.flows = nn.ModuleList(
            WaveNet(
                (1,),
                channels,
                dilations=dilations,
                kernel_size=kernel_size,
                likelihood=Logistic(),
                context_size=self.context_size,
                seed=seed + number,
            )
            for number in range(num_flows)
        )
        with torch.no_grad():
            for flow in self._flows():
                # small numbers pass a tanh unchanged, so the student begins close to a linear filter
                for vectors in (*flow.head.parameters(), flow.inputs.levels.weight, flow.inputs.start):
                    vectors.mul_(_SHRINKING)

    @property
    def receptive_field(self) -> int:
        """How many earlier numbers of the noise a sample sees."""
        return sum(int(flow.receptive_field) for flow in self._flows())

    def forward(self, z: Tensor, context: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Compute the mean and the log scale of every sample from the noise before it.

        Args:
            z: noise ``(N, T)``.
            context: ``(N, C)`` or ``(N, C, T)``; a single row serves all.

        Returns:
            Means m and log scales ``(N, T)``; the sound is ``m + exp(log scale) * z``, and given z_<t the sample x_t is
            logistic with these two.

        Raises:
            ValueError: if the noise or the context has another shape.
        """
        z = tensor_of(z, "z", "noise (N, T)")
        if z.dim() != 2 or not z.is_floating_point():
            raise ValueError(f"z is noise (N, T) of floats, not {z.dtype} {tuple(z.shape)}.")
        context = context_of(context, self.context_size, len(z), z.shape[1:])
        made, mean, log_scale = z, torch.zeros_like(z), torch.zeros_like(z)
        for flow in self._flows():
            said = cast(LogisticDensity, flow.conditionals(made, context))
            own_mean = said.means.squeeze(-1)
            own_log_scale = said.log_scales.squeeze(-1).clamp(_LOWEST_LOG_SCALE, _HIGHEST_LOG_SCALE)
            scale = own_log_scale.exp()
            made = own_mean + scale * made
            mean, log_scale = own_mean + scale * mean, log_scale + own_log_scale
        return mean, log_scale

    def noise(self, num_samples: int, length: int, generator: torch.Generator | None = None) -> Tensor:
        """Draw the noise of sounds, as `armod.likelihoods.Logistic` does: it lies within ±13.9.

        Args:
            num_samples: N.
            length: T.
            generator: torch's generator; None is the global one.

        Returns:
            Logistic noise ``(N, T)`` in the dtype of the weights.

        Raises:
            ValueError: if a number is no whole number, below 0 or a length below 1.
        """
        num_samples, (length,) = count_of(num_samples, None), check_sizes(length=length)
        like = next(self.parameters())
        uniform = noise_of(num_samples, length, generator)
        return Logistic().noise(uniform, like.dtype).squeeze(-1).to(like)

    @torch.no_grad()
    def sample(
        self,
        num_samples: int,
        length: int | None = None,
        context: Tensor | None = None,
        generator: torch.Generator | None = None,
    ) -> Tensor:
        """Make sounds in one pass.

        Args:
            num_samples: N.
            length: T; None is that of a context that varies in time.
            context: as in `forward`.
            generator: torch's generator; None is the global one.

        Returns:
            Sounds ``(N, T)``.

        Raises:
            ValueError: if an argument does not fit, or weights or context are not finite.
        """
        check_finite(self, context)
        return self.rsample_and_log_prob(num_samples, length, context, generator)[0]

    def rsample_and_log_prob(
        self,
        num_samples: int,
        length: int | None = None,
        context: Tensor | None = None,
        generator: torch.Generator | None = None,
    ) -> tuple[Tensor, Tensor]:
        """Make sounds with a gradient, and compute their log-density by the change of variables.

        Args:
            num_samples: as in `sample`.
            length: as in `sample`.
            context: as in `sample`.
            generator: as in `sample`.

        Returns:
            Sounds ``(N, T)``, and log-densities in nats, ``(N,)``.

        Raises:
            ValueError: as `sample`.
        """
        z = self.noise(num_samples, length_of(length, context), generator)
        mean, log_scale = self(z, context)
        log_density = F.logsigmoid(z) + F.logsigmoid(-z) - log_scale
        return mean + log_scale.exp() * z, log_density.sum(1, dtype=torch.float64).to(z.dtype)

    def _flows(self) -> list[WaveNet]:
        return cast(list[WaveNet], list(self.flows))

    def dependencies(self) -> Tensor:
        """Tell which samples must be there before another can be made: none, because all that a sample needs is noise.

        `armod.waves` asks for it; `receptive_field` says which noise a sample needs.

        Returns:
            A boolean tensor ``(T, T)`` without a True, for T = `receptive_field` + 1.
        """
        length = self.receptive_field + 1
        return torch.zeros(length, length, dtype=torch.bool)

    def extra_repr(self) -> str:
        """Return what `print(student)` shows."""
        return f"num_flows={len(self.flows)}, receptive_field={self.receptive_field}, context_size={self.context_size}"


def length_of(length: int | None, context: Tensor | None) -> int:
    """Decide how long sounds are.

    Args:
        length: what a user gave.
        context: the context.

    Returns:
        The length, or that of a context that varies in time.

    Raises:
        ValueError: if neither says a length.

    >>> length_of(None, torch.zeros(1, 3, 80))
    80
    """
    if length is not None:
        (length,) = check_sizes(length=length)
        return length
    if isinstance(context, Tensor) and context.dim() == 3:
        return context.shape[2]
    raise ValueError("length is the number of samples of a sound; only a context (N, C, T) can stand for it.")
