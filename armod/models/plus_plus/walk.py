"""PixelCNN++ pixel by pixel: each activation is computed once, and only one row of each layer is kept.

When a row of the image begins, all rows above it are known. So the downward stream is computed for the whole row, and so is
the part of every rightward convolution that reads the row above or the downward stream. These are large products. For a
single pixel only the taps on its own row remain: its left neighbour and itself. Layers at half and quarter resolution move
on with every second and fourth row and pixel.

A row of a layer may be overwritten once the sums that read it have begun for the next row, which happens first. So one row
per layer is enough, and the work of a pixel depends only on its column (and on the resolutions that move). All operations
are prepared before the first pixel, as a *program*.

To look ahead, the rest of the row is computed at once from guessed levels. The sums with which the row began are kept, because
the next guess, or the next pixel, begins with them again.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache, partial
from itertools import islice, product, repeat
from typing import Any, Self

import numpy
import torch
from torch import Tensor, nn

from armod.likelihoods import Likelihood
from armod.models.plus_plus.convolutions import detached
from armod.models.plus_plus.pixel_draw import PixelDraw
from armod.models.plus_plus.pixel_mixture import Pixel, PixelMixture
from armod.models.plus_plus.rows import Copies, Halves, Program, at, build_halves, run
from armod.sampling.adjust import without_temperature
from armod.sampling.drawing import with_progress
from armod.sampling.pieces import PieceWalk
from armod.sampling.walk import Steps, row_indices


class PixelCNNPlusPlusWalk(PieceWalk):
    """The incremental view of a PixelCNN++, with a copy of its weights, for images that are turned to the raster.

    Args:
        layers: the layers, from the input up.
        output: the last layer, a 1x1.
        mixture: the mixture of a pixel.
        image_size: ``(H, W)``.
        padded_size: ``(H, W)`` rounded up to multiples of the lowest resolution's scale.
        num_samples: N, the number of images.
        contexts: the context ``(N, C', H / scale, W / scale)`` of the padded size for each scale, with N = 1 if it is the same
            for all; empty for none.

    >>> from armod.models.plus_plus import PixelCNNPlusPlus
    >>> view = PixelCNNPlusPlus((1, 4, 4), 2, num_resnets=1).incremental(2)
    >>> isinstance(view, PixelCNNPlusPlusWalk), view.conditional().batch_shape
    (True, torch.Size([2]))
    """

    def __init__(
        self,
        layers: nn.ModuleList,
        output: nn.Conv2d,
        mixture: PixelMixture,
        image_size: tuple[int, int],
        padded_size: tuple[int, int],
        num_samples: int,
        contexts: dict[int, Tensor],
    ) -> None:
        self._source, self._copies = layers, Copies()
        weight = output.weight.detach()[:, :, 0, 0]
        assert output.bias is not None
        self._weight, self._bias = detached(weight.T), detached(output.bias)
        self._mixture, self._image_size, self._padded_width = mixture, image_size, padded_size[1]
        self._contexts = {scale: detached(context) for scale, context in contexts.items()}
        num_variables = mixture.num_channels * math.prod(image_size)
        super().__init__(mixture.likelihood, weight, num_samples, num_variables)

    def allocate(self) -> None:
        """Make one row of every layer, and the programs that compute the next one."""
        width, num_channels = self._image_size[1], self._mixture.num_channels
        self._rows: list[Tensor] = []

        def row(scale: int, channels: int) -> Tensor:
            """A row of a layer, ``(columns, N, channels)``, with a margin of zeros on either side."""
            self._rows.append(
                self._weight.new_zeros(self._padded_width // scale + 2, self.num_samples, channels)
            )
            return self._rows[-1]

        # the newest three rows of the image; the last channel is 1 inside it
        self._image = torch.stack([row(1, num_channels + 1)] * 3)
        self._blank = row(1, num_channels + 1)
        self._blank[1 : width + 1, :, -1] = 1
        self._inputs = [[c.unsqueeze(1) for c in cell[:, :-1].unbind(1)] for cell in self._image[2, 1:]]
        self._context_rows = {scale: row(scale, c.shape[1]) for scale, c in self._contexts.items()}

        pairs: list[Halves] = []
        for layer in self._source:
            pairs.append(build_halves(layer, pairs, self._image, self._context_rows, row, self._copies))
        self._outputs = self._weight.new_zeros(self.num_samples, len(self._bias))  # of the current pixel
        self._pixel: Pixel | None = None
        self._cells = at(pairs[-1][1].features)[:width, :, : len(self._weight)]  # what the last layer reads
        self._read_out: Program = [
            partial(torch.addmm, self._bias, cell, self._weight, out=self._outputs) for cell in self._cells
        ]

        # Lower resolutions and doubling windows do not work in every row. Two rows do the same work if their numbers have
        # the same greatest common divisor with the lowest resolution's scale. Even then parts of their work are the same.
        begin = cache(lambda half, parity: half.begin(parity))
        take_other = cache(lambda half, parity: half.take_other(parity))
        finish = cache(lambda half, parity, column=None: half.finish(parity, column))
        self._period = max(right.scale for _, right in pairs)
        self._row_programs: dict[int, Program] = {}
        self._pixel_programs: dict[int, list[Program]] = {}
        for turn in {math.gcd(row, self._period) for row in range(self._period)}:
            moving = [pair for pair in pairs if turn % pair[0].scale == 0]
            program = [step for pair in moving for half in pair for step in begin(half, half.parity(turn))]
            for down, right in moving:
                program += finish(down, down.parity(turn)) + take_other(right, right.parity(turn))
            self._row_programs[turn] = program
            self._pixel_programs[turn] = [
                [
                    step
                    for _, right in moving
                    if column % right.scale == 0
                    for step in finish(right, right.parity(turn), column // right.scale)
                ]
                for column in range(width)
            ]
        self._pairs, self._programs_of_rest = pairs, dict[int, Program]()
        self._opened = -1  # the newest row that has begun
        self._num_computed = 0  # how many of its pixels have been computed by themselves
        self._has_guesses = False  # whether the sums of the pixels after these are those of a look ahead
        self._begun: list[Tensor] | None = None  # the sums before these pixels were computed

    def state(self) -> dict[str, tuple[Tensor, int]]:
        """Name the newest rows of the image and of every layer, as `Walk.state`."""
        rows = {f"row {number}": (row, 1) for number, row in enumerate(self._rows)}
        return {"image": (self._image, 2), **rows}

    def steps(self) -> Steps:
        """Go row by row, pixel by pixel, channel by channel; the channels of a pixel share its mixture."""
        places = product(*map(range, (*self._image_size, self._mixture.num_channels)))
        for row, column, channel in islice(places, self.step, None):
            if self.parameters is None:
                if channel == 0 or self._pixel is None:
                    self._pixel = self._begin_pixel(row, column, channel)
                self.parameters = self._pixel.conditional()
            levels = yield self.parameters
            self.parameters = None
            assert self._pixel is not None
            self._inputs[column][channel].copy_(self._pixel.append(levels))
            self.step += 1

    def own_loop(
        self, likelihood: Likelihood, noise: Tensor, known: Tensor | None, mask: Tensor | None
    ) -> Tensor | None:
        """Draw the channels of each pixel in one go by `PixelDraw`, as `Walk.own_loop`."""
        drawing, temperature = without_temperature(likelihood)
        if drawing is not self._mixture.likelihood or not self.is_native:
            return None
        (height, width), num_channels = self._image_size, self._mixture.num_channels
        draw = PixelDraw(self._mixture, self._outputs, temperature)
        cells = self._image[2, 1 : width + 1, :, :-1].numpy()
        of_pixels: list[Any] = [
            repeat(None) if each is None else each.unflatten(0, (-1, num_channels)).numpy()
            for each in (noise, None if known is None else known.T, None if mask is None else mask.T)
        ]
        places = with_progress(list(product(range(height), range(width))))
        levels = []
        with numpy.errstate(over="ignore", invalid="ignore", divide="ignore"):
            for (row, column), *of_pixel in zip(places, *of_pixels, strict=False):
                self._compute_pixel(row, column)
                of_noise, *kept = of_pixel
                levels.append(draw(of_noise, cells[column], *kept))
        self.parameters = self._outputs  # whoever checks the numbers looks there
        return torch.from_numpy(numpy.concatenate(levels)).T.contiguous()

    def select(self, rows: Tensor | Sequence[int]) -> Self:
        """Select rows, as `Walk.select`, together with the contexts."""
        chosen = row_indices(rows, self.num_samples).to(self.device)
        other = super().select(chosen)
        other._contexts = {
            scale: context[chosen] if len(context) > 1 else context
            for scale, context in self._contexts.items()
        }
        return other

    def take_over(self, view: Self, chosen: Tensor) -> None:
        """Remember what another view remembers, as `Walk.take_over`, and its current pixel."""
        super().take_over(view, chosen)
        self._pixel = None if view._pixel is None else view._pixel.select(chosen)
        self._opened, self._num_computed = view._opened, view._num_computed
        self._has_guesses = view._has_guesses
        self._begun = None if view._begun is None else [sums.index_select(1, chosen) for sums in view._begun]

    @property
    def at_hand(self) -> int:
        """The rest of the row."""
        size = self._image_size[1] * self._mixture.num_channels
        return size - self.step % size

    def _rest(self, levels: Tensor) -> Tensor:
        width, num_channels = self._image_size[1], self._mixture.num_channels
        row, place = divmod(self.step, width * num_channels)
        if self._opened != row:
            self._open_row(row)
        turn, column = math.gcd(row, self._period), place // num_channels
        if self._begun is None:
            self._begun = [sums.clone() for _, sums in self._sums(turn)]
        self._write(place, levels)
        self._restore(turn, self._num_computed)
        self._has_guesses = True
        if self._num_computed:  # some pixels are final already, so the others follow one by one
            for program in self._pixel_programs[turn][self._num_computed :]:
                run(program)
        else:
            run(self._program_of_rest(turn))
        outputs = torch.addmm(self._bias, self._cells[column:].flatten(0, 1), self._weight)
        seen = self._mixture.likelihood.decode(self._image[2, 1 + column : 1 + width, :, :-1].unsqueeze(-1))
        parameters = self._mixture.conditionals(outputs.unflatten(0, (-1, self.num_samples)), seen)
        return parameters.transpose(1, 2).flatten(0, 1)[place - column * num_channels :]

    def _fix(self, levels: Tensor) -> None:
        self._write(self.step % (self._image_size[1] * self._mixture.num_channels), levels)
        self._pixel = None

    def _close_piece(self) -> None:
        """All cells of the row are final, because none of them sees its own pixel."""

    def _write(self, place: int, levels: Tensor) -> None:
        """Write levels ``(b, N)`` as quantities into the newest row of the image, from a place in it."""
        pixels = self._image[2, 1 : self._image_size[1] + 1, :, :-1].transpose(1, 2)  # (W, C, N)
        row = pixels.clone(memory_format=torch.contiguous_format)
        encoded = self._mixture.likelihood.encode(levels, self.dtype)
        row.flatten(0, 1)[place : place + len(levels)] = encoded.squeeze(-1)
        pixels.copy_(row)

    def _sums(self, turn: int) -> list[tuple[int, Tensor]]:
        """The sums of the rightward stream that a row of this turn adds to, each with its scale."""
        moving = [right for _, right in self._pairs if turn % right.scale == 0]
        return [(right.scale, sums.row) for right in moving for sums in right.sums]

    def _restore(self, turn: int, column: int) -> None:
        """Let the sums be as they were when the row began, from a column on."""
        assert self._begun is not None
        for (scale, sums), begun in zip(self._sums(turn), self._begun, strict=True):
            first = 1 + -(-column // scale)
            sums[first:] = begun[first:]

    def _program_of_rest(self, turn: int) -> Program:
        """The rightward stream of a whole row; it is prepared when it is needed for the first time."""
        if turn not in self._programs_of_rest:
            self._programs_of_rest[turn] = [
                step
                for _, right in self._pairs
                if turn % right.scale == 0
                for step in right.finish(right.parity(turn))
            ]
        return self._programs_of_rest[turn]

    def _begin_pixel(self, row: int, column: int, channel: int) -> Pixel:
        """Compute the outputs for a pixel, of which the channels before `channel` are known, and begin it."""
        self._compute_pixel(row, column)
        pixel = self._mixture.pixel(self._outputs)
        for known in self._inputs[column][:channel]:
            pixel.append(self._mixture.likelihood.decode(known))
        return pixel

    def _compute_pixel(self, row: int, column: int) -> None:
        """Compute the outputs for a pixel."""
        if self._opened != row:
            self._open_row(row)
        # after a look ahead from the middle of a pixel it is computed already, and its sums must not grow twice
        if column >= self._num_computed:
            turn = math.gcd(row, self._period)
            if self._has_guesses:
                self._restore(turn, column)
                self._has_guesses = False
            run(self._pixel_programs[turn][column])
            self._num_computed = column + 1
        self._read_out[column]()

    def _open_row(self, row: int) -> None:
        """Compute everything in this row that does not depend on its own pixels."""
        self._opened, self._num_computed, self._has_guesses, self._begun = row, 0, False, None
        # the first layer looks two rows up: the newest three rows move on by one
        self._image[0].copy_(self._image[1])
        self._image[1].copy_(self._image[2])
        self._image[2].copy_(self._blank)
        for scale, context in self._contexts.items():
            if row % scale == 0:
                self._context_rows[scale][1:-1].copy_(context[:, :, row // scale].permute(2, 0, 1))
        run(self._row_programs[math.gcd(row, self._period)])
