"""What the ready encoders share: residual convolutions that see all sides, with a normalisation before each of them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from torch import Tensor, nn
from torch.nn import functional as F

from armod.encoders.normalisation import normalised
from armod.inputs import tensor_of
from armod.settings import check_sizes, generator_of


class Encoder(nn.Module):
    """A stack of residual convolutions at one resolution, between a first layer and a last one that a subclass defines.

    Every layer adds to the features what a convolution makes of them, after a normalisation and a ReLU. So the features keep
    their size however deep the stack is.

    Args:
        in_channels: channels of the raw input.
        out_channels: channels of the context.
        dimensions: 1 for sequences, 2 for images.
        channels: width of the stack.
        num_layers: residual layers; 0 is none.
        kernel_size: odd size of their kernels, which see as far to every side.
        seed: seed of the initial weights.

    Raises:
        ValueError: if a size is below 1 (below 0 for `num_layers`), or the kernel size is even.

    >>> from armod.encoders import images
    >>> isinstance(images(1, 8), Encoder)
    True
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        dimensions: int,
        *,
        channels: int,
        num_layers: int,
        kernel_size: int,
        seed: int,
    ) -> None:
        super().__init__()
        self.in_channels, self.out_channels, self.channels, self.kernel_size = check_sizes(
            in_channels=in_channels, out_channels=out_channels, channels=channels, kernel_size=kernel_size
        )
        (self.num_layers,) = check_sizes(0, num_layers=num_layers)
        if self.kernel_size % 2 == 0:
            raise ValueError(
                f"kernel_size is odd, so that both sides are seen equally far, not {self.kernel_size}."
            )
        self.seed, self._dimensions = seed, dimensions
        self._generator = generator_of(seed)
        width, size = self.channels, self.kernel_size
        self.layers = nn.ModuleList(
            self.convolution(width, width, size, padding=size // 2) for _ in range(self.num_layers)
        )

    def convolution(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int,
        *,
        transposed: bool = False,
        **options: Any,
    ) -> nn.Module:
        """Make a convolution with new weights.

        Args:
            in_channels: channels that it reads.
            out_channels: channels that it makes.
            kernel_size: size of its kernel.
            transposed: whether it raises the resolution.
            **options: ``stride`` and ``padding``.

        Returns:
            The layer, with torch's usual initial weights, which are drawn from the seed.
        """
        kinds = (nn.ConvTranspose1d, nn.ConvTranspose2d) if transposed else (nn.Conv1d, nn.Conv2d)
        kind = kinds[self._dimensions - 1]
        layer = nn.utils.skip_init(kind, in_channels, out_channels, kernel_size, **options)
        # a cell of a transposed convolution without overlap is read by each of its places once
        taps = 1 if transposed else kernel_size**self._dimensions
        bound = 1 / math.sqrt(in_channels * taps)
        for parameter in layer.parameters():
            nn.init.uniform_(parameter, -bound, bound, generator=self._generator)
        return layer

    def refine(self, features: Tensor) -> Tensor:
        """Go through the residual layers.

        Args:
            features: ``(N, channels, ...)``.

        Returns:
            The same shape.
        """
        for layer in self.layers:
            features = features + layer(F.relu(normalised(features)))
        return features

    def numbers(self, raw: object, form: str) -> Tensor:
        """Take a raw input.

        Args:
            raw: what a user gave.
            form: its shape in words.

        Returns:
            The numbers, in the dtype of the weights.

        Raises:
            ValueError: if it has another number of dimensions or channels.
        """
        numbers = tensor_of(raw, "The encoder's input", form)
        if numbers.dim() != self._dimensions + 2 or numbers.shape[1] != self.in_channels:
            raise ValueError(f"The encoder's input has shape {form}, not {tuple(numbers.shape)}.")
        return numbers.to(next(self.parameters()).dtype)

    def extra_repr(self) -> str:
        """Return the arguments that `print(encoder)` shows."""
        return f"in_channels={self.in_channels}, out_channels={self.out_channels}, channels={self.channels}"


def shape_text(sizes: Sequence[object]) -> str:
    """Write a shape with letters.

    Args:
        sizes: numbers and letters.

    Returns:
        The shape in brackets.

    >>> shape_text(["N", 3, "H", "W"])
    '(N, 3, H, W)'
    """
    return f"({', '.join(map(str, sizes))})"
