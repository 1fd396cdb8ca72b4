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
from collections.abc import Iterable
from functools import cache, partial

import torch
from torch import Tensor, distributions, nn
from tqdm import tqdm

from armod.models.base import Incremental
from armod.models.plus_plus.layers import detached
from armod.models.plus_plus.pixel_mixture import PixelMixture
from armod.models.plus_plus.rows import Halves, Program, at, build_halves, run


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

        pairs: list[Halves] = []
        for layer in layers:
            pairs.append(build_halves(layer, pairs, self._image, self._context_rows, row))
        self.parameters = weight.new_zeros(num_samples, len(weight))
        bias, transposed = detached(output.bias), detached(weight[:, :, 0, 0].T)  # type: ignore[arg-type]

        read_out: Program = [
            partial(torch.addmm, bias, cell[:, : len(transposed)], transposed, out=self.parameters)
            for cell in at(pairs[-1][1].features)
        ]

        # Resolutions and doubling windows take turns: rows do the same work if their numbers have the same greatest
        # common divisor with the lowest resolution's scale.
        finish = cache(lambda half, parity, column: half.finish(parity, column))
        self._period = max(right.scale for _, right in pairs)
        self._row_programs: dict[int, Program] = {}
        self._pixel_programs: dict[int, list[Program]] = {}
        for turn in {math.gcd(row, self._period) for row in range(self._period)}:
            moving = [pair for pair in pairs if turn % pair[0].scale == 0]
            program = [step for pair in moving for half in pair for step in half.begin(half.parity(turn))]
            for down, right in moving:
                program += down.finish(down.parity(turn)) + right.be_told(right.parity(turn))
            self._row_programs[turn] = program
            self._pixel_programs[turn] = [
                [
                    step
                    for _, right in moving
                    if column % right.scale == 0
                    for step in finish(right, right.parity(turn), column // right.scale)
                ]
                + read_out[column : column + 1]
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
        turn = math.gcd(row, self._period)
        run(self._row_programs[turn])
        self._programs = self._pixel_programs[turn]

    def visit(self, column: int) -> Tensor:
        """The outputs ``(N, outputs)`` at one pixel of the open row; each pixel is visited once, in turn."""
        run(self._programs[column])
        return self.parameters

    def write(self, column: int, channel: int, value: Tensor) -> None:
        """Take in one channel of a pixel, as a number from -1 to 1: ``(N, 1)``."""
        self._inputs[column][channel].copy_(value)
