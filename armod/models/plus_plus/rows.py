"""One row of each layer of a PixelCNN++, and the operations that compute the next one.

A `Half` is one stream's half of a layer. Its new row first reads the older rows, before any of them is overwritten. Then it
reads the other stream, as soon as that is known. At last it reads its own stream: the downward stream at once, the
rightward stream pixel by pixel.

Each of these parts is a `Program`: operations on slices of the rows, which are prepared once and run for every row.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import cached_property, partial

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from armod.models.plus_plus.convolutions import DoublingConvolution, ShiftedConvolution, Tap, detached
from armod.models.plus_plus.layers import Block, Gated, Resampling, Start

Program = list[Callable[[], object]]
NewRow = Callable[[int, int], Tensor]  # scale and channels -> zeros (columns + 2, N, channels)
Convolution = ShiftedConvolution | DoublingConvolution


class Copies:
    """Copies of weights, made on first use, which all copies of a walk share.

    >>> convolution = ShiftedConvolution(1, 2, range(-1, 1), range(-1, 1))
    >>> copies = Copies()
    >>> len(copies.taps(convolution)), copies.bias(convolution).shape
    (4, torch.Size([2]))
    """

    def __init__(self) -> None:
        self._taps: dict[nn.Module, list[Tap]] = {}
        self._biases: dict[nn.Module, Tensor] = {}

    def taps(self, convolution: nn.Module) -> list[Tap]:
        """Return the entries of a convolution's window, with copies of their weights."""
        if convolution not in self._taps:
            self._taps[convolution] = convolution.taps()  # type: ignore[operator]
        return self._taps[convolution]

    def bias(self, convolution: nn.Module) -> Tensor:
        """Return a copy of a convolution's bias."""
        if convolution not in self._biases:
            self._biases[convolution] = detached(convolution.bias)  # type: ignore[arg-type]
        return self._biases[convolution]


class Half:
    """One stream's half of a layer: its newest row, and the programs that compute the next one.

    Args:
        scale: rows of the image per row of this layer.
        channels: channels of the values.
        row: makes an empty row for a scale and a number of channels.

    >>> half = Half(1, 3, lambda scale, channels: torch.zeros(8 // scale + 2, 1, channels))
    >>> half.values.shape, half.features.shape
    (torch.Size([10, 1, 3]), torch.Size([10, 1, 6]))
    """

    def __init__(self, scale: int, channels: int, row: NewRow) -> None:
        self.scale = scale
        self.values, self.features = row(scale, channels), row(scale, 2 * channels)
        self.sums: list[_Sums] = []
        self._signs = self.values.new_tensor([[1], [-1]])

    def parity(self, row: int) -> int:
        """Return 0 or 1 for an even or odd row of this half; always 0 if both are computed in the same way."""
        return row // self.scale % 2 if self._tells_parity else 0

    @cached_property
    def _tells_parity(self) -> bool:
        return any(sums.tells_parity for sums in self.sums)

    def begin(self, parity: int) -> Program:
        """Prepare what the new row reads in older rows; it must run before any of these is overwritten."""
        return [step for sums in self.sums for step in sums.begin(parity)]

    def take_other(self, parity: int) -> Program:
        """Prepare what the new row reads in the other stream."""
        return [step for sums in self.sums for step in sums.products("other", parity)]

    def finish(self, parity: int, column: int | None = None) -> Program:
        """Prepare what the new row reads in its own stream, for one column, or for all at once (None)."""
        raise NotImplementedError(f"{type(self).__name__} must say how it reads its own row.")

    def _concat_elu(self, values: Tensor, features: Tensor) -> Program:
        """Prepare ``elu([x, -x])`` of one cell or of a row of cells."""
        return [
            partial(torch.mul, values.unsqueeze(-2), self._signs, out=features.unflatten(-1, (2, -1))),
            partial(F.elu_, features),
        ]


Halves = tuple[Half, Half]  # downward and rightward


def build_halves(
    layer: nn.Module,
    earlier: Sequence[Halves],
    image: Tensor,
    context_rows: dict[int, Tensor],
    row: NewRow,
    copies: Copies,
) -> Halves:
    """Build the incremental form of one layer.

    Args:
        layer: a layer of `armod.models.plus_plus.layers`.
        earlier: the halves of all layers before it.
        image: the newest rows of the image.
        context_rows: the context's row for each scale.
        row: makes an empty row for a scale and a number of channels.
        copies: copies of the weights.

    Returns:
        The downward and the rightward half.
    """
    if isinstance(layer, Start):
        source = image.unbind(0)
        return LinearHalf([layer.down], 1, source, row, copies), LinearHalf(
            [layer.above, layer.left], 1, source, row, copies
        )
    below, scale = earlier[-1], int(layer.scale)  # type: ignore[arg-type]
    if isinstance(layer, Resampling):
        modules = (layer.down, layer.right)
        down, right = (
            LinearHalf([module], scale, [half.values] * 2, row, copies)  # type: ignore[list-item]
            for module, half in zip(modules, below, strict=True)
        )
        return down, right
    assert isinstance(layer, Block)
    joins = [] if layer.shortcut is None else [earlier[layer.shortcut]]
    context = context_rows.get(scale)
    gated_down = GatedHalf(
        layer.down, scale, below[0], [(pair[0], "own") for pair in joins], context, row, copies
    )
    links = [(gated_down, "other"), *((pair[1], "own") for pair in joins)]
    return gated_down, GatedHalf(layer.right, scale, below[1], links, context, row, copies)


class LinearHalf(Half):
    """Half of a layer that is a sum of convolutions.

    Args:
        convolutions: the convolutions, which read the same rows.
        scale: rows of the image per row of this layer.
        source: the rows that they read, oldest first.
        row: makes an empty row for a scale and a number of channels.
        copies: copies of the weights.

    >>> def row(scale, channels):
    ...     return torch.zeros(8 // scale + 2, 1, channels)
    >>> half = LinearHalf([ShiftedConvolution(1, 3, range(1), range(1))], 1, [row(1, 1)], row, Copies())
    >>> run(half.begin(0) + half.finish(0))
    >>> half.values.shape
    torch.Size([10, 1, 3])
    """

    def __init__(
        self,
        convolutions: Sequence[Convolution],
        scale: int,
        source: Sequence[Tensor],
        row: NewRow,
        copies: Copies,
    ) -> None:
        channels = len(convolutions[0].bias)
        super().__init__(scale, channels, row)
        bias = torch.stack([copies.bias(convolution) for convolution in convolutions]).sum(0)
        self.sums = [_Sums(bias, row(scale, channels))]
        for convolution in convolutions:
            self.sums[0].add(copies.taps(convolution), source, "own")

    def finish(self, parity: int, column: int | None = None) -> Program:
        """Prepare the taps on its own row, as `Half.finish`."""
        (sums,) = self.sums
        values = at(self.values, column)
        return [
            *sums.products("own", parity, column),
            partial(values.copy_, at(sums.row, column)),
            *self._concat_elu(values, at(self.features, column)),
        ]


class GatedHalf(Half):
    """Half of a gated residual block.

    Args:
        gated: the block's half in `armod.models.plus_plus.layers`.
        scale: rows of the image per row of this layer.
        below: the half below it.
        links: the other halves that it reads, each with the stream that these belong to, "own" or "other".
        context_row: the context's row, or None.
        row: makes an empty row for a scale and a number of channels.
        copies: copies of the weights.

    >>> def row(scale, channels):
    ...     return torch.zeros(8 // scale + 2, 1, channels)
    >>> gated = Gated(2, (range(-1, 1), range(-1, 2)), 0, 0, dropout=0.0)
    >>> half = GatedHalf(gated, 1, Half(1, 2, row), [], None, row, Copies())
    >>> run(half.begin(0) + half.finish(0))
    >>> half.features.shape
    torch.Size([10, 1, 4])
    """

    def __init__(
        self,
        gated: Gated,
        scale: int,
        below: Half,
        links: Sequence[tuple[Half, str]],
        context_row: Tensor | None,
        row: NewRow,
        copies: Copies,
    ) -> None:
        channels = len(gated.first.bias)
        super().__init__(scale, channels, row)
        self._below, self._hidden = below, row(scale, 2 * channels)
        first, second = self.sums = [
            _Sums(copies.bias(convolution), row(scale, len(convolution.bias)))
            for convolution in (gated.first, gated.second)
        ]
        first.add(copies.taps(gated.first), [below.features] * 2, "own")
        for link, (other, stage) in zip(gated.links, links, strict=True):
            first.add(copies.taps(link), [other.features], stage)
        second.add(copies.taps(gated.second), [self._hidden] * 2, "own")
        if gated.context is not None and context_row is not None:
            second.add(
                copies.taps(gated.context), [context_row], "old"
            )  # the context is known from the beginning

    def finish(self, parity: int, column: int | None = None) -> Program:
        """Prepare both convolutions and the gate, as `Half.finish`."""
        first, second = self.sums
        value, gate = at(second.row, column).chunk(2, dim=-1)
        values = at(self.values, column)
        return [
            *first.products("own", parity, column),
            *self._concat_elu(at(first.row, column), at(self._hidden, column)),
            *second.products("own", parity, column),
            partial(gate.sigmoid_),
            partial(torch.addcmul, at(self._below.values, column), value, gate, out=values),
            *self._concat_elu(values, at(self.features, column)),
        ]


class _Sums:
    """A row ``(columns + 2, N, channels)`` of sums: a bias, and the products of taps with the rows that they read."""

    def __init__(self, bias: Tensor, row: Tensor) -> None:
        self.row, self._bias = row, bias
        self._taps: list[tuple[Tap, Tensor, str]] = []

    def add(self, taps: Iterable[Tap], source: Sequence[Tensor], stage: str) -> None:
        """Add taps that read the rows of `source`, oldest first, the newest of which is known at `stage`.

        If older and newest row are the same memory, the row occurs twice in `source`.
        """
        for tap in taps:
            self._taps.append((tap, source[tap.row - 1], stage if tap.row == 0 else "old"))

    @property
    def tells_parity(self) -> bool:
        """Whether even and odd rows are computed differently."""
        return any(tap.parity is not None for tap, _, _ in self._taps)

    def begin(self, parity: int) -> Program:
        """Prepare the bias and the taps on older rows."""
        return [partial(at(self.row).copy_, self._bias), *self.products("old", parity)]

    def products(self, stage: str, parity: int, column: int | None = None) -> Program:
        """Prepare the taps of one stage, for one column or for all."""
        return [
            product
            for tap, source, known in self._taps
            if known == stage and tap.parity in (None, parity)
            for product in (self._all(tap, source) if column is None else self._one(tap, source, column))
        ]

    def _all(self, tap: Tap, source: Tensor) -> Program:
        sums = at(self.row)[tap.first :: tap.step]
        cells = source[1 + tap.source :: tap.stride][: len(sums)]
        if sums.is_contiguous() and cells.is_contiguous():
            return [partial(sums.flatten(0, 1).addmm_, cells.flatten(0, 1), tap.weight)]
        return [partial(sums.baddbmm_, cells, tap.weight.expand(len(sums), -1, -1))]

    def _one(self, tap: Tap, source: Tensor, column: int) -> Program:
        number, remainder = divmod(column - tap.first, tap.step)
        if remainder:
            return []
        cell = source[1 + tap.source + tap.stride * number]
        return [partial(at(self.row, column).addmm_, cell, tap.weight)]


def at(row: Tensor, column: int | None = None) -> Tensor:
    """Return one column of a row with margins, or all columns but the margins."""
    return row[1:-1] if column is None else row[1 + column]


def run(program: Program) -> None:
    """Run a prepared program."""
    for step in program:
        step()
