"""An encoder for images: both-sided convolutions, and another resolution if that is wanted."""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional as F

from armod.encoders.convolutions import Encoder, shape_text
from armod.encoders.normalisation import normalised
from armod.settings import check_number

_FINEST = 64


class ImageEncoder(Encoder):
    """Images ``(N, in_channels, h, w)`` to contexts ``(N, out_channels, h * scale, w * scale)``; see `images`.

    Args:
        in_channels: channels of the raw images.
        out_channels: channels of the context.
        scale: resolution of the context divided by that of the raw images, a whole number or 1 divided by one.
        channels: width of the network.
        num_layers: residual layers, at the lower of the two resolutions.
        kernel_size: odd size of their kernels.
        seed: seed of the initial weights.

    Raises:
        ValueError: if a size is below 1, the kernel size is even, or the scale is another.

    >>> import torch
    >>> ImageEncoder(3, 8, scale=1 / 4)(torch.zeros(2, 3, 32, 28)).shape
    torch.Size([2, 8, 8, 7])
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        *,
        scale: float = 1,
        channels: int = 32,
        num_layers: int = 4,
        kernel_size: int = 3,
        seed: int = 0,
    ) -> None:
        super().__init__(
            in_channels,
            out_channels,
            2,
            channels=channels,
            num_layers=num_layers,
            kernel_size=kernel_size,
            seed=seed,
        )
        self.scale = check_number("scale", scale, _is_scale, "a whole number, or 1 divided by one")
        self._up, self._down = max(1, round(self.scale)), max(1, round(1 / self.scale))
        width, size, down, up = self.channels, self.kernel_size, self._down, self._up
        # what is shrunk is cut into blocks of one cell each, so that nothing is lost before the first layer
        if down > 1:
            self.first = self.convolution(self.in_channels, width, down, stride=down)
        else:
            self.first = self.convolution(self.in_channels, width, size, padding=size // 2)
        # every place in a block of the finer resolution has weights of its own: it knows where in the block it is
        self.grown = self.convolution(width, width, up, transposed=True, stride=up) if up > 1 else None
        last = size if up > 1 else 1
        self.last = self.convolution(width, self.out_channels, last, padding=last // 2)
        del self._generator

    def forward(self, raw: Tensor) -> Tensor:
        """Make the context.

        Args:
            raw: images ``(N, in_channels, h, w)``; numbers of about the size 1 suit the weights.

        Returns:
            The context ``(N, out_channels, h * scale, w * scale)``.

        Raises:
            ValueError: if the images have another shape, or sizes that the scale does not divide.
        """
        images = self.numbers(raw, shape_text(["N", self.in_channels, "h", "w"]))
        if any(size % self._down for size in images.shape[2:]):
            raise ValueError(
                f"The encoder's input has sizes that {self._down} divides, because the scale is 1/{self._down}, not "
                f"{tuple(images.shape[2:])}."
            )
        features = self.refine(self.first(images))
        if self.grown is not None:
            features = self.grown(F.relu(normalised(features)))
        return self.last(F.relu(normalised(features)))


def images(
    in_channels: int,
    out_channels: int,
    *,
    scale: float = 1,
    channels: int = 32,
    num_layers: int = 4,
    kernel_size: int = 3,
    seed: int = 0,
) -> ImageEncoder:
    """Make an encoder of images, whose convolutions see above and below, left and right.

    The layers work at the lower of the two resolutions. Each of them sees ``kernel_size // 2`` cells further to every side. An
    image that is too large is cut into blocks of one cell each first, and a small one grows by a transposed convolution in the
    end, in which each place of a block has weights of its own.

    Args:
        in_channels: channels of the raw images.
        out_channels: channels of the context, ``context_channels`` of the model.
        scale: resolution of the context divided by that of the raw images, such as 4 or 1 / 4: a whole number, or 1 divided by
            one.
        channels: width of the network.
        num_layers: residual layers.
        kernel_size: odd size of their kernels.
        seed: seed of the initial weights.

    Returns:
        The encoder, a module from ``(N, in_channels, h, w)`` to ``(N, out_channels, h * scale, w * scale)``.

    Raises:
        ValueError: if a size is below 1, the kernel size is even, or the scale is another.

    >>> import torch
    >>> images(1, 12, scale=7)(torch.zeros(5, 1, 4, 4)).shape
    torch.Size([5, 12, 28, 28])
    """
    return ImageEncoder(
        in_channels,
        out_channels,
        scale=scale,
        channels=channels,
        num_layers=num_layers,
        kernel_size=kernel_size,
        seed=seed,
    )


def _is_scale(scale: float) -> bool:
    """Whether it is 1, 2, 3 ... or 1/2, 1/3 ...; thirds are no exact numbers."""
    if not 1 / _FINEST <= scale <= _FINEST:
        return False
    factor = scale if scale >= 1 else 1 / scale
    return abs(factor - round(factor)) < 1e-6
