"""The convolutions of PixelCNN++: windows that lie anywhere near their pixel, without masks.

No kernel is masked. Padding makes a window end at the pixel itself, or just before it. `taps` describes a single window,
for sampling pixel by pixel, and `spread` shows how far a window reaches.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

DOWNWARD = (range(-1, 1), range(-1, 2))  # rows and columns of a window, relative to its pixel
RIGHTWARD = (range(-1, 1), range(-1, 1))


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
        raise NotImplementedError(f"{type(self).__name__} must say how its window runs.")


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


def detached(weight: Tensor) -> Tensor:
    """Copy a weight in the order of its dimensions; `contiguous` alone would not copy a matrix of one row."""
    return weight.detach().clone(memory_format=torch.contiguous_format)
