"""The layers of PixelCNN++: two streams of shifted convolutions, side by side.

The *downward* stream of a pixel sees the rows above it, the *rightward* stream also the pixels to its left. No kernel
is masked: a window that ends at the pixel itself is made by padding, and the first layer's windows end just before it.
Every layer has a module for each stream; the rightward one is told what the downward one has just found, which is why
no earlier pixel is hidden from it (van den Oord et al. 2016, "Conditional image generation with PixelCNN decoders").

`PixelCNNPlusPlus` runs the layers over whole images. `taps` says the same of one window, for the view that works pixel
by pixel; `spread` says how far a window carries.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

DOWNWARD = (range(-1, 1), range(-1, 2))  # rows and columns of a window, relative to its pixel
RIGHTWARD = (range(-1, 1), range(-1, 1))


class Cells(NamedTuple):
    """What one stream knows at each place: values ``(N, C, H, W)``, and as the next layer reads them ``(N, 2C, H, W)``."""

    values: Tensor
    features: Tensor


class Pair(NamedTuple):
    """Both streams after one layer."""

    down: Cells
    right: Cells


class Tap(NamedTuple):
    """One entry of a window: column ``first + step * m`` of the output takes column ``source + stride * m``.

    weight: ``(channels in, channels out)``.
    row: 0 where the tap reads the newest row there is, below 0 where it reads an older one.
    parity: the rows of the output, even or odd, that use this tap; None is all.
    """

    weight: Tensor
    row: int
    source: int
    stride: int = 1
    first: int = 0
    step: int = 1
    parity: int | None = None


def concat_elu(x: Tensor) -> Tensor:
    """``elu([x, -x])`` along the channels, the non-linearity of PixelCNN++: ``(N, C, ...)`` -> ``(N, 2C, ...)``.

    >>> concat_elu(torch.tensor([[1.0]]))
    tensor([[ 1.0000, -0.6321]])
    """
    return F.elu(torch.cat([x, -x], 1))


class ShiftedConvolution(nn.Module):
    """A convolution whose window may lie anywhere beside its pixel; with stride 2 it halves height and width.

    rows, columns: of the window, relative to the pixel: ``range(-1, 1)`` is the one before and the pixel's own.

    >>> to_the_left = ShiftedConvolution(1, 1, range(1), range(-2, 0))
    >>> to_the_left.spread(torch.eye(4)[:1].view(1, 1, 1, 4))
    tensor([[[[0., 1., 1., 0.]]]])
    """

    def __init__(self, inputs: int, outputs: int, rows: range, columns: range, stride: int = 1) -> None:
        super().__init__()
        self.rows, self.columns, self.stride = rows, columns, stride
        self.weight = nn.Parameter(torch.empty(outputs, inputs, len(rows), len(columns)))
        self.bias = nn.Parameter(torch.empty(outputs))

    def forward(self, x: Tensor) -> Tensor:
        """``(N, inputs, H, W)`` -> ``(N, outputs, H / stride, W / stride)``."""
        return self._convolve(x, self.weight, self.bias)

    def spread(self, marked: Tensor) -> Tensor:
        """1 where a window meets a 1 of `marked`, ``(N, 1, H, W)``."""
        return self._convolve(marked, torch.ones_like(self.weight[:1, :1]), None).clamp(max=1)

    def taps(self) -> list[Tap]:
        """The entries of the window; a copy of the weights."""
        return [
            Tap(detached(self.weight[:, :, a, b].T), row, column, self.stride)
            for a, row in enumerate(self.rows)
            for b, column in enumerate(self.columns)
        ]

    def _convolve(self, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        # negative padding crops: a window that ends above its pixel has no use for the last row
        sides = (-self.columns.start, self.columns.stop - 1, -self.rows.start, self.rows.stop - 1)
        return F.conv2d(F.pad(x, sides), weight, bias, self.stride)


class DoublingConvolution(nn.Module):
    """A transposed convolution that doubles height and width: the mirror of a `ShiftedConvolution` with stride 2.

    columns: of the window of that convolution, `DOWNWARD` or `RIGHTWARD`.
    """

    def __init__(self, inputs: int, outputs: int, rows: range, columns: range) -> None:
        super().__init__()
        self.margin = len(columns) - 2
        self.weight = nn.Parameter(torch.empty(inputs, outputs, len(rows), len(columns)))
        self.bias = nn.Parameter(torch.empty(outputs))

    def forward(self, x: Tensor) -> Tensor:
        """``(N, inputs, H, W)`` -> ``(N, outputs, 2 H, 2 W)``."""
        return self._convolve(x, self.weight, self.bias)

    def spread(self, marked: Tensor) -> Tensor:
        """1 where a window meets a 1 of `marked`, ``(N, 1, H, W)``."""
        return self._convolve(marked, torch.ones_like(self.weight[:1, :1]), None).clamp(max=1)

    def taps(self) -> list[Tap]:
        """The entries of the window; odd rows look back at the row that even ones were made from."""
        return [
            Tap(
                detached(self.weight[:, :, row, column]),
                row=-row,
                source=int(column < self.margin),  # the leftmost of three belongs to the column before
                first=(column - self.margin) % 2,
                step=2,
                parity=row,
            )
            for row in range(2)
            for column in range(self.weight.shape[3])
        ]

    def _convolve(self, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        sides = (0, self.margin)
        return F.conv_transpose2d(x, weight, bias, 2, padding=sides, output_padding=sides)


class Gated(nn.Module):
    """One stream's half of a block: two convolutions and a gate around which the values pass unchanged.

    num_links: how many other cells it is told of, each through a 1x1 convolution ("network in network").
    context_channels: of the context that shifts the gate's inputs; 0 is none.
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
        """Cells of the layer below, those it is told of, and the context ``(N, context_channels, H or 1, W or 1)``."""
        hidden = self.first(below.features)
        for link, other in zip(self.links, others, strict=True):
            hidden = hidden + link(other.features)
        gated = self.second(F.dropout(concat_elu(hidden), self.dropout, self.training))
        if self.context is not None:
            gated = gated + self.context(context)
        value, gate = gated.chunk(2, dim=1)
        return _cells(below.values + value * torch.sigmoid(gate))


class Link(nn.Module):
    """A 1x1 convolution without a bias: the convolution that it adds to has one."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(outputs, inputs, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        """``(N, inputs, H, W)`` -> ``(N, outputs, H, W)``."""
        return F.conv2d(x, self.weight)

    def taps(self) -> list[Tap]:
        """The one entry of the window."""
        return [Tap(detached(self.weight[:, :, 0, 0].T), 0, 0)]


class Start(nn.Module):
    """The first layer, the only one whose windows leave the pixel itself out.

    Downward two rows above the pixel; rightward one row above it, and the pixel to its left.
    """

    scale, shortcut = 1, None

    def __init__(self, inputs: int, channels: int) -> None:
        super().__init__()
        self.down = ShiftedConvolution(inputs, channels, range(-2, 0), range(-1, 2))
        self.above = ShiftedConvolution(inputs, channels, range(-1, 0), range(-1, 2))
        self.left = ShiftedConvolution(inputs, channels, range(-1, 1), range(-1, 0))

    def forward(self, image: Tensor) -> Pair:
        """An image ``(N, inputs, H, W)`` as both streams see it."""
        return Pair(_cells(self.down(image)), _cells(self.above(image) + self.left(image)))


class Resampling(nn.Module):
    """A convolution in each stream that halves, doubles or (where down-sampling is switched off) keeps the resolution.

    scale: rows of the image for each row that this layer makes.
    """

    shortcut = None

    def __init__(self, channels: int, kind: str, scale: int) -> None:
        super().__init__()
        self.scale = scale
        self.down, self.right = (_resampling(channels, window, kind) for window in (DOWNWARD, RIGHTWARD))

    def forward(self, below: Pair) -> Pair:
        """Both streams at the other resolution."""
        return Pair(_cells(self.down(below.down.values)), _cells(self.right(below.right.values)))


class Block(nn.Module):
    """A gated residual block in each stream; the rightward one is told what the downward one has just found.

    scale: rows of the image for each of its rows. shortcut: the number of the earlier layer that it is also told of.
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
        """Both streams one block further."""
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
    """The network of figure 2 of Salimans et al.: down through three resolutions, and up again.

    On the way up each block is joined by the output of its mirror image on the way down, resampling included: hence
    one block more at the two higher resolutions. Without down-sampling the same convolutions keep the resolution.
    """

    def block(scale: int, shortcut: int | None = None) -> Block:
        return Block(channels, scale, shortcut, context_channels, dropout)

    scales = [1, 2, 4] if downsampling else [1, 1, 1]
    layers: list[nn.Module] = [Start(inputs, channels)]
    for level, scale in enumerate(scales):
        if level > 0:
            layers.append(Resampling(channels, "halve" if downsampling else "keep", scale))
        layers.extend(block(scale) for _ in range(num_resnets))
    mirrored = list(range(len(layers) - 1))  # the last one is what the way up begins with
    for level, scale in reversed(list(enumerate(scales))):
        for _ in range(num_resnets + (level < 2)):
            mirror = mirrored.pop()
            layers.append(block(scale, mirror if shortcuts else None))
        if level > 0:
            layers.append(Resampling(channels, "double" if downsampling else "keep", scales[level - 1]))
    return nn.ModuleList(layers)


def detached(weight: Tensor) -> Tensor:
    """A copy in order of its dimensions; `contiguous` alone would not copy a matrix of one row."""
    return weight.detach().clone(memory_format=torch.contiguous_format)


def _cells(values: Tensor) -> Cells:
    return Cells(values, concat_elu(values))


def _resampling(channels: int, window: tuple[range, range], kind: str) -> nn.Module:
    if kind == "double":
        return DoublingConvolution(channels, channels, *window)
    return ShiftedConvolution(channels, channels, *window, stride=2 if kind == "halve" else 1)
