"""PixelCNN++ pixel by pixel: each activation is computed once, and of each layer only one row is kept.

When a row of the image begins, all rows above it are known. So the downward stream computes its whole row, and so does
the part of every rightward convolution that looks at the row above or at the downward stream: large products. What is
left for a single pixel are the taps on its own row: its left neighbour and itself. Layers at half and quarter
resolution move on every second and fourth row and pixel.

A row of a layer may be overwritten as soon as the sums that look back at it have been begun for the next row, which is
the first thing done there. So one row for each layer suffices, and what a pixel has to do depends on its column alone
(and on which resolutions move): all operations are prepared before the first pixel, as a *program*.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from functools import partial

import torch
from torch import Tensor, distributions, nn
from torch.nn import functional as F
from tqdm import tqdm

from armod.models.base import Incremental
from armod.models.pixel_mixture import PixelMixture
from armod.models.pixelcnn_plus_plus_layers import (
    Block,
    DoublingConvolution,
    Gated,
    Resampling,
    ShiftedConvolution,
    Start,
    Tap,
    detached,
)

Program = list[Callable[[], object]]
NewRow = Callable[[int, int], Tensor]  # scale and channels -> zeros (columns + 2, N, channels)
Convolution = ShiftedConvolution | DoublingConvolution


class PixelCNNPlusPlusIncremental(Incremental):
    """The incremental view of a PixelCNN++, with a copy of its weights; images as the raster sees them."""

    def __init__(
        self,
        layers: Iterable[nn.Module],
        output: nn.Conv2d,
        mixture: PixelMixture,
        image_size: tuple[int, int],
        padded_size: tuple[int, int],
        num_samples: int,
        contexts: dict[int, Tensor],
    ) -> None:
        """`num_samples` images, all still to be made.

        contexts: for each scale of the layers, ``(N, C', H / scale, W / scale)`` of the padded size; or nothing.
        """
        self._walk = _Walk(
            layers, output, mixture.num_channels, image_size, padded_size, num_samples, contexts
        )
        self._mixture, self._likelihood = mixture, mixture.likelihood
        self._num_variables = mixture.num_channels * math.prod(image_size)
        self._width = image_size[1]
        self._step = 0  # variables known so far
        self._reached = -1  # the pixel whose mixture is at hand

    def conditional(self) -> distributions.Distribution:
        """The next variable's, given the earlier pixels and the earlier channels of its own."""
        return self._likelihood.distribution(self._next_parameters())

    def append(self, value: Tensor) -> None:
        """Fix one channel of a pixel."""
        self._next_parameters()
        self._take_in(value.long())

    def generate(
        self, uniform: Tensor, known: Tensor | None, mask: Tensor | None, temperature: float
    ) -> Tensor:
        """The whole loop at once; the same draws as step by step."""
        likelihood = self._likelihood
        noise = likelihood.noise(uniform.T.contiguous(), self._walk.dtype).unbind(0)
        drawn = torch.empty(uniform.T.shape, dtype=torch.int64, device=uniform.device)
        steps = tqdm(drawn.unbind(0), desc="sampling", unit="variable", delay=2, leave=False)
        kept = known is not None and mask is not None
        with torch.inference_mode():
            for k, target in enumerate(steps):
                parameters = self._next_parameters()
                if temperature != 1:
                    parameters = likelihood.tempered(parameters, temperature)
                value = likelihood.draw(parameters, noise[k])
                if kept:
                    value = torch.where(mask[:, k], known[:, k], value)  # type: ignore[index]
                target.copy_(value)
                self._take_in(value)
        return drawn.T

    def _next_parameters(self) -> Tensor:
        """Parameters ``(N, 3 M)`` of the next variable."""
        if self._step == self._num_variables:
            raise ValueError(f"All {self._step} variables of these observations are known already.")
        pixel, self._channel = divmod(self._step, self._mixture.num_channels)
        if pixel > self._reached:
            self._reached = pixel
            row, column = divmod(pixel, self._width)
            if column == 0:
                self._walk.open_row(row)
            self._pixel = self._mixture.pixel(self._walk.visit(column))
            self._parameters: Tensor | None = None
        if self._parameters is None:
            self._parameters = self._pixel.conditional()
        return self._parameters

    def _take_in(self, levels: Tensor) -> None:
        features = self._pixel.append(levels)
        self._walk.write(self._reached % self._width, self._channel, features)
        self._parameters = None
        self._step += 1


class _Walk:
    """The network on its way through the image: one row of every layer, and the programs that move it on."""

    def __init__(
        self,
        layers: Iterable[nn.Module],
        output: nn.Conv2d,
        num_channels: int,
        image_size: tuple[int, int],
        padded_size: tuple[int, int],
        num_samples: int,
        contexts: dict[int, Tensor],
    ) -> None:
        width, padded_width = image_size[1], padded_size[1]
        weight = output.weight.detach()
        self.dtype = weight.dtype

        def row(scale: int, channels: int) -> Tensor:
            """A row of a layer, ``(columns, N, channels)``, with a margin of zeros on either side."""
            return weight.new_zeros(padded_width // scale + 2, num_samples, channels)

        # the newest three rows of the image; the last channel is 1 inside it
        self._image = torch.stack([row(1, num_channels + 1)] * 3)
        self._blank = row(1, num_channels + 1)
        self._blank[1 : width + 1, :, -1] = 1
        self._inputs = [[c.unsqueeze(1) for c in cell[:, :-1].unbind(1)] for cell in self._image[2, 1:]]
        self._contexts = {s: detached(context.permute(2, 3, 0, 1)) for s, context in contexts.items()}
        self._context_rows = {s: row(s, context.shape[3]) for s, context in self._contexts.items()}

        pairs: list[Pair] = []
        for layer in layers:
            pairs.append(_halves(layer, pairs, self._image, self._context_rows, row))
        self.parameters = weight.new_zeros(num_samples, len(weight))
        bias, transposed = detached(output.bias), detached(weight[:, :, 0, 0].T)  # type: ignore[arg-type]

        def read_out(column: int) -> Callable[[], object]:
            elu = _at(pairs[-1][1].features, column)[:, : len(transposed)]
            return partial(torch.addmm, bias, elu, transposed, out=self.parameters)

        # which layers move, and which rows of doubling windows they use, repeats after this many rows
        self._period = max(right.scale for _, right in pairs)
        self._row_programs: dict[int, Program] = {}
        self._pixel_programs: dict[int, list[Program]] = {}
        for phase in {math.gcd(row, self._period) for row in range(self._period)}:
            moving = [pair for pair in pairs if phase % pair[0].scale == 0]
            begin = [step for pair in moving for half in pair for step in half.begin(phase)]
            rest = [step for pair in moving for step in (*pair[0].finish(phase), *pair[1].be_told(phase))]
            self._row_programs[phase] = begin + rest
            self._pixel_programs[phase] = [
                _pixel_program([right for _, right in moving], phase, column, read_out)
                for column in range(width)
            ]

    def open_row(self, row: int) -> None:
        """Compute all that can be known of this row before its first pixel."""
        self._image[0].copy_(self._image[1])
        self._image[1].copy_(self._image[2])
        self._image[2].copy_(self._blank)
        for scale, context in self._contexts.items():
            if row % scale == 0:
                self._context_rows[scale][1:-1].copy_(context[row // scale])
        phase = math.gcd(row, self._period)
        _run(self._row_programs[phase])
        self._programs = self._pixel_programs[phase]

    def visit(self, column: int) -> Tensor:
        """The outputs ``(N, outputs)`` at one pixel of the open row; each pixel is visited once, in turn."""
        _run(self._programs[column])
        return self.parameters

    def write(self, column: int, channel: int, value: Tensor) -> None:
        """Take in one channel of a pixel, as a number from -1 to 1: ``(N, 1)``."""
        self._inputs[column][channel].copy_(value)


class _Half:
    """One stream's half of a layer: its newest row, and how the next one is made."""

    def __init__(self, scale: int, channels: int, row: NewRow) -> None:
        self.scale = scale
        self.values, self.features = row(scale, channels), row(scale, 2 * channels)
        self.sums: list[_Sums] = []

    def begin(self, phase: int) -> Program:
        """What the new row owes to older ones; must be run before any of these is overwritten."""
        return [step for sums in self.sums for step in sums.begin(phase // self.scale % 2)]

    def be_told(self, phase: int) -> Program:
        """What the new row owes to the other stream."""
        return [step for sums in self.sums for step in sums.products("told", phase // self.scale % 2)]

    def finish(self, phase: int, column: int | None = None) -> Program:
        """What the new row owes to its own stream, for one column or (None) for all at once."""
        raise NotImplementedError


class _Linear(_Half):
    """Half of a layer that is nothing but a sum of convolutions."""

    def __init__(
        self, convolutions: Sequence[Convolution], scale: int, source: Sequence[Tensor], row: NewRow
    ) -> None:
        channels = len(convolutions[0].bias)
        super().__init__(scale, channels, row)
        bias = torch.stack([convolution.bias.detach() for convolution in convolutions]).sum(0)
        self.sums = [_Sums(bias, row(scale, channels))]
        for convolution in convolutions:
            self.sums[0].add(convolution.taps(), source, "own")

    def finish(self, phase: int, column: int | None = None) -> Program:
        (sums,) = self.sums
        values = _at(self.values, column)
        return [
            *sums.products("own", phase // self.scale % 2, column),
            partial(values.copy_, _at(sums.row, column)),
            *_concat_elu(values, _at(self.features, column)),
        ]


class _Gated(_Half):
    """Half of a gated residual block."""

    def __init__(
        self,
        gated: Gated,
        scale: int,
        below: _Half,
        links: Sequence[tuple[_Half, str]],
        context_row: Tensor | None,
        row: NewRow,
    ) -> None:
        """links: what else it is told of, and whether that comes from its "own" stream or is "told" by the other."""
        channels = len(gated.first.bias)
        super().__init__(scale, channels, row)
        self._below, self._hidden = below, row(scale, 2 * channels)
        first, second = self.sums = [
            _Sums(convolution.bias, row(scale, len(convolution.bias)))
            for convolution in (gated.first, gated.second)
        ]
        first.add(gated.first.taps(), [below.features] * 2, "own")
        for link, (other, stage) in zip(gated.links, links, strict=True):
            first.add(link.taps(), [other.features], stage)  # type: ignore[operator]
        second.add(gated.second.taps(), [self._hidden] * 2, "own")
        if gated.context is not None and context_row is not None:
            second.add(gated.context.taps(), [context_row], "old")  # known from the beginning

    def finish(self, phase: int, column: int | None = None) -> Program:
        parity = phase // self.scale % 2
        first, second = self.sums
        value, gate = _at(second.row, column).chunk(2, dim=-1)
        values = _at(self.values, column)
        return [
            *first.products("own", parity, column),
            *_concat_elu(_at(first.row, column), _at(self._hidden, column)),
            *second.products("own", parity, column),
            partial(gate.sigmoid_),
            partial(torch.addcmul, _at(self._below.values, column), value, gate, out=values),
            *_concat_elu(values, _at(self.features, column)),
        ]


class _Sums:
    """A row in the making: a bias, and the products of taps with the rows that they read."""

    def __init__(self, bias: Tensor, row: Tensor) -> None:
        """row: where to put it, ``(columns + 2, N, channels)``."""
        self.row, self._bias = row, detached(bias)
        self._taps: list[tuple[Tap, Tensor, str]] = []

    def add(self, taps: Iterable[Tap], source: Sequence[Tensor], stage: str) -> None:
        """source: the rows that taps read, oldest first. stage: when the newest of them is known.

        A source of one row holds the older row until the new one is written: then it is given twice.
        """
        for tap in taps:
            self._taps.append((tap, source[tap.row - 1], stage if tap.row == 0 else "old"))

    def begin(self, parity: int) -> Program:
        """The bias and what is owed to older rows."""
        return [partial(_at(self.row).copy_, self._bias), *self.products("old", parity)]

    def products(self, stage: str, parity: int, column: int | None = None) -> Program:
        """Add the taps of this stage, for one column or for all."""
        return [
            product
            for tap, source, known in self._taps
            if known == stage and tap.parity in (None, parity)
            for product in (self._all(tap, source) if column is None else self._one(tap, source, column))
        ]

    def _all(self, tap: Tap, source: Tensor) -> Program:
        sums = _at(self.row)[tap.first :: tap.step]
        cells = source[1 + tap.source :: tap.stride][: len(sums)]
        if sums.is_contiguous() and cells.is_contiguous():
            return [partial(sums.flatten(0, 1).addmm_, cells.flatten(0, 1), tap.weight)]
        return [partial(sums.baddbmm_, cells, tap.weight.expand(len(sums), -1, -1))]

    def _one(self, tap: Tap, source: Tensor, column: int) -> Program:
        number, remainder = divmod(column - tap.first, tap.step)
        if remainder:
            return []
        cell = source[1 + tap.source + tap.stride * number]
        return [partial(_at(self.row, column).addmm_, cell, tap.weight)]


Pair = tuple[_Half, _Half]  # downward and rightward


def _pixel_program(
    rightward: Sequence[_Half], phase: int, column: int, read_out: Callable[[int], Callable[[], object]]
) -> Program:
    """All that one pixel has to do: of the layers whose turn it is in this column, and the outputs."""
    moving = [half for half in rightward if column % half.scale == 0]
    steps = [step for half in moving for step in half.finish(phase, column // half.scale)]
    return [*steps, read_out(column)]


def _halves(
    layer: nn.Module, earlier: Sequence[Pair], image: Tensor, context_rows: dict[int, Tensor], row: NewRow
) -> Pair:
    """The incremental form of one layer."""
    if isinstance(layer, Start):
        source = image.unbind(0)
        return _Linear([layer.down], 1, source, row), _Linear([layer.above, layer.left], 1, source, row)
    below, scale = earlier[-1], int(layer.scale)  # type: ignore[arg-type]
    if isinstance(layer, Resampling):
        modules = (layer.down, layer.right)
        down, right = (
            _Linear([module], scale, [half.values] * 2, row)  # type: ignore[list-item]
            for module, half in zip(modules, below, strict=True)
        )
        return down, right
    assert isinstance(layer, Block)
    joins = [] if layer.shortcut is None else [earlier[layer.shortcut]]
    context = context_rows.get(scale)
    gated_down = _Gated(layer.down, scale, below[0], [(pair[0], "own") for pair in joins], context, row)
    links = [(gated_down, "told"), *((pair[1], "own") for pair in joins)]
    return gated_down, _Gated(layer.right, scale, below[1], links, context, row)


def _concat_elu(values: Tensor, features: Tensor) -> Program:
    """``elu([x, -x])`` of one cell or of a row of them."""
    signs = values.new_tensor([[1], [-1]])
    return [
        partial(torch.mul, values.unsqueeze(-2), signs, out=features.unflatten(-1, (2, -1))),
        partial(F.elu_, features),
    ]


def _at(row: Tensor, column: int | None = None) -> Tensor:
    """One column of a row with margins; or all of them."""
    return row[1:-1] if column is None else row[1 + column]


def _run(program: Program) -> None:
    for step in program:
        step()
