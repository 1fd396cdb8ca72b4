"""The layers of PixelCNN++: two streams of shifted convolutions, side by side.

The *downward* stream of a pixel sees the rows above it, and the *rightward* stream also sees the pixels to its left. The
windows of the first layer end just before the pixel, and all others end at it. Every layer has a module for each stream.
The rightward stream also reads the result of the downward stream, so no earlier pixel is hidden from it (van den Oord et
al. 2016, "Conditional Image Generation with PixelCNN Decoders", section 2.2).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from armod.models.plus_plus.convolutions import (
    DOWNWARD,
    RIGHTWARD,
    DoublingConvolution,
    Link,
    ShiftedConvolution,
)


class Cells(NamedTuple):
    """What one stream knows at each pixel.

    Args:
        values: ``(N, C, H, W)``.
        features: the values as the next layer reads them, `concat_elu` of them, ``(N, 2C, H, W)``.

    >>> Cells(torch.zeros(1, 2, 3, 3), torch.zeros(1, 4, 3, 3)).features.shape
    torch.Size([1, 4, 3, 3])
    """

    values: Tensor
    features: Tensor


class Pair(NamedTuple):
    """Both streams after one layer.

    Args:
        down: the downward stream.
        right: the rightward stream.

    >>> Start(1, 2)(torch.zeros(1, 1, 3, 3)).right.values.shape
    torch.Size([1, 2, 3, 3])
    """

    down: Cells
    right: Cells


def concat_elu(x: Tensor) -> Tensor:
    """Compute ``elu([x, -x])``, the non-linearity of PixelCNN++.

    Args:
        x: tensor ``(N, C, ...)``.

    Returns:
        A tensor ``(N, 2C, ...)``.

    >>> concat_elu(torch.tensor([[1.0]]))
    tensor([[ 1.0000, -0.6321]])
    """
    return F.elu(torch.cat([x, -x], 1))


class Gated(nn.Module):
    """One stream's half of a block: two convolutions and a gate, added to the values below.

    Args:
        channels: channels of the values.
        window: rows and columns of the windows, `DOWNWARD` or `RIGHTWARD`.
        num_links: how many other cells it reads, each through a 1x1 convolution ("network in network").
        context_channels: size of the context that shifts the gate's inputs; 0 for none.
        dropout: probability between the two convolutions.

    >>> below = Cells(torch.zeros(1, 2, 3, 3), torch.zeros(1, 4, 3, 3))
    >>> Gated(2, DOWNWARD, 0, 0, dropout=0.5)(below, [], None).values.shape
    torch.Size([1, 2, 3, 3])
    """

    def __init__(
        self,
        channels: int,
        window: tuple[range, range],
        num_links: int,
        context_channels: int,
        dropout: float,
    ) -> None:
        super().__init__()
        self.first = ShiftedConvolution(2 * channels, channels, *window)
        self.links = nn.ModuleList(Link(2 * channels, channels) for _ in range(num_links))
        self.second = ShiftedConvolution(2 * channels, 2 * channels, *window)
        self.context = Link(context_channels, 2 * channels) if context_channels else None
        self.dropout = dropout

    def forward(self, below: Cells, others: Sequence[Cells], context: Tensor | None) -> Cells:
        """Compute the cells of this layer.

        Args:
            below: cells of the layer below.
            others: the other cells that it reads.
            context: ``(N, context_channels, H or 1, W or 1)``.

        Returns:
            The cells, of the size of those below.
        """
        hidden = self.first(below.features)
        for link, other in zip(self.links, others, strict=True):
            hidden = hidden + link(other.features)
        gated = self.second(F.dropout(concat_elu(hidden), self.dropout, self.training))
        if self.context is not None:
            gated = gated + self.context(context)
        value, gate = gated.chunk(2, dim=1)
        return _cells(below.values + value * torch.sigmoid(gate))


class Start(nn.Module):
    """The first layer, and the only one whose windows leave out the pixel itself.

    The downward stream sees two rows above the pixel. The rightward stream sees one row above it, and the pixel to its left.

    Args:
        inputs: channels of the image.
        channels: channels of the values.

    >>> Start(3, 2)(torch.zeros(1, 3, 4, 4)).down.features.shape
    torch.Size([1, 4, 4, 4])
    """

    scale, shortcut = 1, None

    def __init__(self, inputs: int, channels: int) -> None:
        super().__init__()
        self.down = ShiftedConvolution(inputs, channels, range(-2, 0), range(-1, 2))
        self.above = ShiftedConvolution(inputs, channels, range(-1, 0), range(-1, 2))
        self.left = ShiftedConvolution(inputs, channels, range(-1, 1), range(-1, 0))

    def forward(self, image: Tensor) -> Pair:
        """Compute both streams of an image ``(N, inputs, H, W)``."""
        return Pair(_cells(self.down(image)), _cells(self.above(image) + self.left(image)))


class Resampling(nn.Module):
    """A convolution in each stream that halves, doubles or (without down-sampling) keeps the resolution.

    Args:
        channels: channels of the values.
        kind: "halve", "double" or "keep".
        scale: rows of the image per row of this layer's result.

    >>> Resampling(2, "halve", 2)(Start(1, 2)(torch.zeros(1, 1, 4, 4))).down.values.shape
    torch.Size([1, 2, 2, 2])
    """

    shortcut = None

    def __init__(self, channels: int, kind: str, scale: int) -> None:
        super().__init__()
        self.scale = scale
        self.down, self.right = (_resampling(channels, window, kind) for window in (DOWNWARD, RIGHTWARD))

    def forward(self, below: Pair) -> Pair:
        """Compute both streams at the new resolution."""
        return Pair(_cells(self.down(below.down.values)), _cells(self.right(below.right.values)))


class Block(nn.Module):
    """A gated residual block in each stream; the rightward stream also reads the new cells of the downward stream.

    Args:
        channels: channels of the values.
        scale: rows of the image per row of this layer.
        shortcut: the number of an earlier layer that it also reads; None for none.
        context_channels: size of the context; 0 for none.
        dropout: probability between the convolutions.

    >>> Block(2, 1, None, 0, dropout=0.5)(Start(1, 2)(torch.zeros(1, 1, 4, 4)), None, None).right.values.shape
    torch.Size([1, 2, 4, 4])
    """

    def __init__(
        self, channels: int, scale: int, shortcut: int | None, context_channels: int, dropout: float
    ) -> None:
        super().__init__()
        self.scale, self.shortcut = scale, shortcut
        joins = int(shortcut is not None)
        self.down = Gated(channels, DOWNWARD, joins, context_channels, dropout)
        self.right = Gated(channels, RIGHTWARD, 1 + joins, context_channels, dropout)

    def forward(self, below: Pair, shortcut: Pair | None, context: Tensor | None) -> Pair:
        """Compute both streams after this block.

        Args:
            below: both streams of the layer below.
            shortcut: both streams of the earlier layer that it also reads.
            context: ``(N, context_channels, H or 1, W or 1)``.

        Returns:
            Both streams.
        """
        joins = [] if shortcut is None else [shortcut]
        down = self.down(below.down, [pair.down for pair in joins], context)
        right = self.right(below.right, [down, *(pair.right for pair in joins)], context)
        return Pair(down, right)


def build_layers(
    inputs: int,
    channels: int,
    num_resnets: int,
    *,
    downsampling: bool,
    shortcuts: bool,
    context_channels: int,
    dropout: float,
) -> nn.ModuleList:
    """Build the network of Salimans et al., figure 2: down through three resolutions and up again.

    On the way up each block also reads its mirror image on the way down, where resampling layers count too. So there is
    one more block at the two higher resolutions.

    Args:
        inputs: channels of the image, including one that marks the inside.
        channels: channels of the values.
        num_resnets: blocks at each resolution on the way down.
        downsampling: False keeps the resolution, with the same convolutions.
        shortcuts: False leaves out the mirror images.
        context_channels: size of the context; 0 for none.
        dropout: probability in each block.

    Returns:
        The layers, from the input up.
    """

    def block(scale: int, shortcut: int | None = None) -> Block:
        return Block(channels, scale, shortcut, context_channels, dropout)

    scales = [1, 2, 4] if downsampling else [1, 1, 1]
    layers: list[nn.Module] = [Start(inputs, channels)]
    for level, scale in enumerate(scales):
        if level > 0:
            layers.append(Resampling(channels, "halve" if downsampling else "keep", scale))
        layers.extend(block(scale) for _ in range(num_resnets))
    mirrored = list(range(len(layers) - 1))  # the way up begins with the last one
    for level, scale in reversed(list(enumerate(scales))):
        for _ in range(num_resnets + (level < 2)):
            mirror = mirrored.pop()
            layers.append(block(scale, mirror if shortcuts else None))
        if level > 0:
            layers.append(Resampling(channels, "double" if downsampling else "keep", scales[level - 1]))
    return nn.ModuleList(layers)


def _cells(values: Tensor) -> Cells:
    return Cells(values, concat_elu(values))


def _resampling(channels: int, window: tuple[range, range], kind: str) -> nn.Module:
    if kind == "double":
        return DoublingConvolution(channels, channels, *window)
    return ShiftedConvolution(channels, channels, *window, stride=2 if kind == "halve" else 1)
