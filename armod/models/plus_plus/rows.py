"""One row of each layer of a PixelCNN++, and the operations that make the next one.

A `Half` is one stream's half of a layer. Its new row takes from older rows first, before any of these is overwritten;
then from the other stream, as soon as that is known; and last from its own stream: at once for the downward stream,
pixel by pixel for the rightward one.

All of these are `Program`s: operations on slices of the rows, prepared once, to be run again for every row.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from armod.models.plus_plus.convolutions import DoublingConvolution, ShiftedConvolution, Tap, detached
from armod.models.plus_plus.layers import Block, Gated, Resampling, Start

Program = list[Callable[[], object]]
NewRow = Callable[[int, int], Tensor]  # scale and channels -> zeros (columns + 2, N, channels)
Convolution = ShiftedConvolution | DoublingConvolution


class Copies:
    """Copies of weights, each made when it is asked for first: so that all walks that come from one share them."""

    def __init__(self) -> None:
        self._taps: dict[nn.Module, list[Tap]] = {}
        self._biases: dict[nn.Module, Tensor] = {}

    def taps(self, convolution: nn.Module) -> list[Tap]:
        """The entries of a convolution's window, with their weights."""
        if convolution not in self._taps:
            self._taps[convolution] = convolution.taps()  # type: ignore[operator]
        return self._taps[convolution]

    def bias(self, convolution: nn.Module) -> Tensor:
        """A convolution's bias."""
        if convolution not in self._biases:
            self._biases[convolution] = detached(convolution.bias)  # type: ignore[arg-type]
        return self._biases[convolution]


class Half:
    """One stream's half of a layer: its newest row, and how the next one is made."""

    def __init__(self, scale: int, channels: int, row: NewRow) -> None:
        self.scale = scale
        self.values, self.features = row(scale, channels), row(scale, 2 * channels)
        self.sums: list[_Sums] = []

    def parity(self, row: int) -> int:
        """Whether a row of the image asks for an even or an odd row of this half; 0 where these are made alike."""
        return row // self.scale % 2 if any(sums.tells_parity for sums in self.sums) else 0

    def begin(self, parity: int) -> Program:
        """What the new row takes from older ones; must be run before any of these is overwritten."""
        return [step for sums in self.sums for step in sums.begin(parity)]

    def take_other(self, parity: int) -> Program:
        """What the new row takes from the other stream."""
        return [step for sums in self.sums for step in sums.products("other", parity)]

    def finish(self, parity: int, column: int | None = None) -> Program:
        """What the new row takes from its own stream, for one column or (None) for all at once."""
        raise NotImplementedError(f"{type(self).__name__} must say how it reads its own row.")


Halves = tuple[Half, Half]  # downward and rightward


def build_halves(
    layer: nn.Module,
    earlier: Sequence[Halves],
    image: Tensor,
    context_rows: dict[int, Tensor],
    row: NewRow,
    copies: Copies,
) -> Halves:
    """The incremental form of one layer."""
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
    """Half of a layer that is nothing but a sum of convolutions."""

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
        """The taps on its own row."""
        (sums,) = self.sums
        values = at(self.values, column)
        return [
            *sums.products("own", parity, column),
            partial(values.copy_, at(sums.row, column)),
            *_concat_elu(values, at(self.features, column)),
        ]


class GatedHalf(Half):
    """Half of a gated residual block."""

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
        """links: what else it reads, and whether that comes from its "own" stream or from the "other"."""
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
            second.add(copies.taps(gated.context), [context_row], "old")  # known from the beginning

    def finish(self, parity: int, column: int | None = None) -> Program:
        """Both convolutions, and the gate between what is below and what is passed on."""
        first, second = self.sums
        value, gate = at(second.row, column).chunk(2, dim=-1)
        values = at(self.values, column)
        return [
            *first.products("own", parity, column),
            *_concat_elu(at(first.row, column), at(self._hidden, column)),
            *second.products("own", parity, column),
            partial(gate.sigmoid_),
            partial(torch.addcmul, at(self._below.values, column), value, gate, out=values),
            *_concat_elu(values, at(self.features, column)),
        ]


class _Sums:
    """A row in the making: a bias, and the products of taps with the rows that they read."""

    def __init__(self, bias: Tensor, row: Tensor) -> None:
        """row: where to put it, ``(columns + 2, N, channels)``."""
        self.row, self._bias = row, bias
        self._taps: list[tuple[Tap, Tensor, str]] = []

    def add(self, taps: Iterable[Tap], source: Sequence[Tensor], stage: str) -> None:
        """source: the rows that taps read, oldest first. stage: when the newest of them is known.

        A source of one row holds the older row until the new one is written: then it is given twice.
        """
        for tap in taps:
            self._taps.append((tap, source[tap.row - 1], stage if tap.row == 0 else "old"))

    @property
    def tells_parity(self) -> bool:
        """Are even rows made in another way than odd ones?"""
        return any(tap.parity is not None for tap, _, _ in self._taps)

    def begin(self, parity: int) -> Program:
        """The bias, and what older rows give."""
        return [partial(at(self.row).copy_, self._bias), *self.products("old", parity)]

    def products(self, stage: str, parity: int, column: int | None = None) -> Program:
        """Add the taps of this stage, for one column or for all."""
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


def _concat_elu(values: Tensor, features: Tensor) -> Program:
    """``elu([x, -x])`` of one cell or of a row of them."""
    signs = values.new_tensor([[1], [-1]])
    return [
        partial(torch.mul, values.unsqueeze(-2), signs, out=features.unflatten(-1, (2, -1))),
        partial(F.elu_, features),
    ]


def at(row: Tensor, column: int | None = None) -> Tensor:
    """One column of a row with margins; or all of them."""
    return row[1:-1] if column is None else row[1 + column]


def run(program: Program) -> None:
    """Do what has been prepared."""
    for step in program:
        step()
