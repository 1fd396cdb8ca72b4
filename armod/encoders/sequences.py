"""An encoder for sequences: both-sided convolutions, at the model's rate or at a lower one."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from armod.encoders.convolutions import Encoder, shape_text
from armod.encoders.normalisation import normalised
from armod.settings import check_sizes, check_switches


class SequenceEncoder(Encoder):
    """Sequences ``(N, in_channels, T / hop)`` to contexts ``(N, out_channels, T)``; see `sequences`.

    Args:
        in_channels: channels of the raw sequences, or the number of symbols.
        out_channels: channels of the context.
        hop: steps of the model for each step of the raw sequence.
        interpolate: whether the context changes along straight lines between two steps of the raw sequence.
        channels: width of the network.
        num_layers: residual layers.
        kernel_size: odd size of their kernels.
        seed: seed of the initial weights.

    Raises:
        ValueError: if a size is below 1, or the kernel size is even.

    >>> SequenceEncoder(26, 16, hop=80)(torch.zeros(2, 26, 5)).shape
    torch.Size([2, 16, 400])
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        *,
        hop: int = 1,
        interpolate: bool = False,
        channels: int = 32,
        num_layers: int = 4,
        kernel_size: int = 3,
        seed: int = 0,
    ) -> None:
        super().__init__(
            in_channels,
            out_channels,
            1,
            channels=channels,
            num_layers=num_layers,
            kernel_size=kernel_size,
            seed=seed,
        )
        (self.hop,) = check_sizes(hop=hop)
        check_switches(interpolate=interpolate)
        self.interpolate = interpolate
        width, size = self.channels, self.kernel_size
        self.first = self.convolution(self.in_channels, width, size, padding=size // 2)
        self.last = self.convolution(width, self.out_channels, 1)
        del self._generator

    def forward(self, raw: Tensor) -> Tensor:
        """Make the context.

        Args:
            raw: numbers ``(N, in_channels, T / hop)``, or symbols ``0..in_channels-1`` as whole numbers ``(N, T / hop)``.

        Returns:
            The context ``(N, out_channels, T)``.

        Raises:
            ValueError: if the sequences have another shape, or there is a symbol that does not exist.
        """
        features = self.refine(self.first(self._channels_of(raw)))
        context = self.last(F.relu(normalised(features)))
        if self.hop == 1:
            return context
        if self.interpolate:
            return F.interpolate(context, scale_factor=float(self.hop), mode="linear")
        return context.repeat_interleave(self.hop, 2)

    def _channels_of(self, raw: Tensor) -> Tensor:
        """The raw numbers, or one channel for each symbol."""
        form = shape_text(["N", self.in_channels, "T / hop" if self.hop > 1 else "T"])
        is_symbols = isinstance(raw, Tensor) and raw.dim() == 2 and not raw.is_floating_point()
        if is_symbols:
            symbols = torch.arange(self.in_channels, device=raw.device)
            one_hot = raw[:, None] == symbols[:, None]
            if not torch.compiler.is_compiling() and not one_hot.any(1).all():
                raise ValueError(
                    f"Symbols of this encoder are whole numbers from 0 to {self.in_channels - 1}."
                )
            raw = one_hot
        return self.numbers(raw, form)


def sequences(
    in_channels: int,
    out_channels: int,
    *,
    hop: int = 1,
    interpolate: bool = False,
    channels: int = 32,
    num_layers: int = 4,
    kernel_size: int = 3,
    seed: int = 0,
) -> SequenceEncoder:
    """Make an encoder of sequences, whose convolutions see the past and the future.

    The layers work at the rate of the raw sequence. Each of them sees ``kernel_size // 2`` steps further to both sides. With
    `hop`, each step is then repeated for as many steps of the model. (A model that takes a context at the lower rate by itself,
    such as ``WaveNet(..., context_hop=)``, does the same with less work; `hop` stays 1 then.)

    Args:
        in_channels: channels of the raw sequences, or the number of symbols.
        out_channels: channels of the context, ``context_size`` of the model.
        hop: steps of the model for each step of the raw sequence.
        interpolate: whether the context changes along straight lines between two steps, instead of from step to step.
        channels: width of the network.
        num_layers: residual layers.
        kernel_size: odd size of their kernels.
        seed: seed of the initial weights.

    Returns:
        The encoder, a module from numbers ``(N, in_channels, T / hop)`` or symbols ``(N, T / hop)`` to ``(N, out_channels, T)``.

    Raises:
        ValueError: if a size is below 1, or the kernel size is even.

    >>> sequences(93, 24)(torch.tensor([[60, 61, 62]])).shape
    torch.Size([1, 24, 3])
    """
    return SequenceEncoder(
        in_channels,
        out_channels,
        hop=hop,
        interpolate=interpolate,
        channels=channels,
        num_layers=num_layers,
        kernel_size=kernel_size,
        seed=seed,
    )
