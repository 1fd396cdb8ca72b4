"""The layers of PixelCNN++: two streams of shifted convolutions, side by side.

The *downward* stream of a pixel sees the rows above it, and the *rightward* stream also sees the pixels to its left. No
kernel is masked. Padding makes a window end at the pixel itself, and the windows of the first layer end just before it.
Every layer has a module for each stream. The rightward stream also reads the result of the downward stream, so no earlier
pixel is hidden from it (van den Oord et al. 2016, "Conditional Image Generation with PixelCNN Decoders", section 2.2).

`PixelCNNPlusPlus` runs the layers over whole images. `taps` describes a single window, for sampling pixel by pixel, and
`spread` shows how far a window reaches.
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


class Tap(NamedTuple):
    """One entry of a window: column ``first + step * m`` of the output reads column ``source + stride * m``.

    Args:
        weight: ``(channels in, channels out)``.
        row: 0 if the tap reads the newest row, -1 for the row before, and so on.
        source: first column that is read.
        stride: columns between those that are read.
        first: first column of the output.
        step: columns between those of the output.
        parity: 0 if only even rows of the output use this tap, 1 if only odd ones do, None if all do.

    >>> [(tap.row, tap.source) for tap in ShiftedConvolution(1, 1, range(-1, 1), range(-1, 0)).taps()]
    [(-1, -1), (0, -1)]
    """

    weight: Tensor
    row: int
    source: int
    stride: int = 1
    first: int = 0
    step: int = 1
    parity: int | None = None


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


class _Window(nn.Module):
    """What a convolution and its mirror share: one set of weights runs over values, or over marks."""

    weight: nn.Parameter
    bias: nn.Parameter

    def forward(self, x: Tensor) -> Tensor:
        """Convolve ``(N, inputs, H, W)`` to ``(N, outputs, H', W')``."""
        return self._convolve(x, self.weight, self.bias)

    def spread(self, marked: Tensor) -> Tensor:
        """Mark every pixel ``(N, 1, H', W')`` whose window meets a 1 of `marked`, ``(N, 1, H, W)``."""
        return self._convolve(marked, torch.ones_like(self.weight[:1, :1]), None).clamp(max=1)

    def _convolve(self, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        raise NotImplementedError


class ShiftedConvolution(_Window):
    """A convolution whose window may lie anywhere near its pixel; with stride 2 it halves height and width.

    Args:
        inputs: channels of the input.
        outputs: channels of the output.
        rows: rows of the window relative to the pixel; ``range(-1, 1)`` is the row before and the pixel's own row.
        columns: columns of the window, likewise.
        stride: 1 or 2.

    >>> to_the_left = ShiftedConvolution(1, 1, range(1), range(-2, 0))
    >>> to_the_left.spread(torch.eye(4)[:1].view(1, 1, 1, 4))
    tensor([[[[0., 1., 1., 0.]]]])
    """

    def __init__(self, inputs: int, outputs: int, rows: range, columns: range, stride: int = 1) -> None:
        super().__init__()
        self.rows, self.columns, self.stride = rows, columns, stride
        self.weight = nn.Parameter(torch.empty(outputs, inputs, len(rows), len(columns)))
        self.bias = nn.Parameter(torch.empty(outputs))

    def taps(self) -> list[Tap]:
        """List the entries of the window, with copies of the weights."""
        return [
            Tap(detached(self.weight[:, :, a, b].T), row, column, self.stride)
            for a, row in enumerate(self.rows)
            for b, column in enumerate(self.columns)
        ]

    def _convolve(self, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        # negative padding crops, because a window that ends above its pixel does not read the last row
        sides = (-self.columns.start, self.columns.stop - 1, -self.rows.start, self.rows.stop - 1)
        return F.conv2d(F.pad(x, sides), weight, bias, self.stride)


class DoublingConvolution(_Window):
    """A transposed convolution that doubles height and width: the mirror image of a `ShiftedConvolution` with stride 2.

    Args:
        inputs: channels of the input.
        outputs: channels of the output.
        rows: rows of the window of that convolution, those of `DOWNWARD` or `RIGHTWARD`.
        columns: columns of its window.

    >>> DoublingConvolution(1, 3, *DOWNWARD)(torch.zeros(2, 1, 4, 5)).shape
    torch.Size([2, 3, 8, 10])
    """

    def __init__(self, inputs: int, outputs: int, rows: range, columns: range) -> None:
        super().__init__()
        self.margin = len(columns) - 2
        self.weight = nn.Parameter(torch.empty(inputs, outputs, len(rows), len(columns)))
        self.bias = nn.Parameter(torch.empty(outputs))

    def taps(self) -> list[Tap]:
        """List the entries of the window; odd rows read the row that the even row before was made from."""
        return [
            Tap(
                detached(self.weight[:, :, row, column]),
                row=-row,
                source=int(
                    column < self.margin
                ),  # the leftmost of three columns belongs to the column before
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


class Link(nn.Module):
    """A 1x1 convolution without a bias, because the convolution to which it is added has one.

    Args:
        inputs: channels of the input.
        outputs: channels of the output.

    >>> Link(2, 3)(torch.zeros(1, 2, 4, 4)).shape
    torch.Size([1, 3, 4, 4])
    """

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(outputs, inputs, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        """Map ``(N, inputs, H, W)`` to ``(N, outputs, H, W)``."""
        return F.conv2d(x, self.weight)

    def taps(self) -> list[Tap]:
        """List the only entry of the window."""
        return [Tap(detached(self.weight[:, :, 0, 0].T), 0, 0)]


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


def detached(weight: Tensor) -> Tensor:
    """Copy a weight in the order of its dimensions; `contiguous` alone would not copy a matrix of one row."""
    return weight.detach().clone(memory_format=torch.contiguous_format)


def _cells(values: Tensor) -> Cells:
    return Cells(values, concat_elu(values))


def _resampling(channels: int, window: tuple[range, range], kind: str) -> nn.Module:
    if kind == "double":
        return DoublingConvolution(channels, channels, *window)
    return ShiftedConvolution(channels, channels, *window, stride=2 if kind == "halve" else 1)
