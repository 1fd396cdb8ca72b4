"""How many paths lead through a stack of masked convolutions from one value of an image to all others.

Every layer has a mask, a kernel and a dilation of its own. The number of paths is what a product of the masks, written as
matrices over all pixels, would hold; a value is seen if there is at least one. Residual connections add no new ends.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from armod.course.labs.field.layers import Layer, is_usual
from armod.course.labs.words import Words
from armod.measures.field_table import SIZE

say = Words.beside(__file__)
CHANNELS = ("R", "G", "B")


@dataclass(frozen=True)
class PathFacts:
    """One value of an image, and the paths from it down through a stack.

    Args:
        stack: "plain" or "gated".
        layers: from the image up.
        row: of the chosen pixel, from 0.
        column: of the chosen pixel.
        channels: 1 or 3.
        channel: of the chosen value, from 0.
    """

    stack: str
    layers: Sequence[Layer]
    row: int
    column: int
    channels: int = 1
    channel: int = 0

    @cached_property
    def levels(self) -> list[NDArray[np.int64]]:
        """Paths to each unit, level by level from the chosen value down, ``(planes, SIZE, SIZE)``; the image last.

        Planes are the groups of channels and, of a gated stack above the image, the vertical stack behind them.
        """
        is_gated = self.stack == "gated"
        level = np.zeros((self.channels + is_gated, SIZE, SIZE), dtype=np.int64)
        level[self.channel, self.row, self.column] = 1
        levels = [level]
        for layer in reversed(self.layers):
            below = np.zeros_like(level)
            for above in range(self.channels):
                for group in range(self.channels):
                    sees = group < above if layer.mask == "A" else group <= above
                    for down, right, is_centre in layer.taps("horizontal" if is_gated else "plain"):
                        if sees or not is_centre:
                            below[group] += _moved(level[above], down, right)
            if is_gated:
                vertical = level.sum(0)  # each horizontal unit reads the vertical one at its place
                for down, right, _ in layer.taps("vertical"):
                    below[-1] += _moved(vertical, down, right)
            levels.append(level := below)
        if is_gated:
            levels[-1] = levels[-1][:-1] + levels[-1][-1]  # both stacks read the image
        return levels

    @property
    def extent(self) -> int:
        """How many rows and columns the layers reach at most."""
        return sum(layer.kernel_size // 2 * layer.dilation for layer in self.layers)

    @cached_property
    def kinds(self) -> NDArray[np.str_]:
        """The kind of each value ``(channels, SIZE, SIZE)``."""
        channels, rows, columns = np.indices((self.channels, SIZE, SIZE))
        place = (rows * SIZE + columns) * self.channels + channels
        is_earlier = place < (self.row * SIZE + self.column) * self.channels + self.channel
        distance = np.maximum(abs(rows - self.row), abs(columns - self.column))
        missed = np.where(distance <= self.extent, "blind", "far")
        sees = self.levels[-1] > 0
        return np.where(is_earlier, np.where(sees, "seen", missed), np.where(sees, "leak", "later"))

    @property
    def finding(self) -> str:
        """The title."""
        counts = {kind: int((self.kinds == kind).sum()) for kind in ("seen", "blind", "far", "leak")}
        own = self.kinds[self.channel, self.row, self.column] == "leak"
        named = say("layers", depth=len(self.layers), kernel=self.layers[0].kernel_size)
        if not is_usual(self.layers) or self.layers[0].dilation > 1:
            named = say("layers_own", layers=[str(layer) for layer in self.layers])
        template = ("finding_leak" if own else "finding_leak_others") if counts["leak"] else "finding"
        values = {"stack": self.stack, "layers": named, "first": self.layers[0].mask}
        return say(template + self._rgb, others=counts["leak"] - int(own), **values, **counts)

    @property
    def _rgb(self) -> str:
        return "_rgb" if self.channels > 1 else ""

    @property
    def detail(self) -> str:
        """All counts of the chosen value's past."""
        counts = {kind: int((self.kinds == kind).sum()) for kind in ("seen", "blind", "far")}
        before = (self.row * SIZE + self.column) * self.channels + self.channel
        where = self._where(self.row, self.column, self.channel)
        return say(f"detail{self._rgb}", where=where, before=before, **counts)

    def sentence(self, row: int, column: int, channel: int = 0) -> str:
        """What one value is to the chosen one, and how many paths lead to it, or how near one comes."""
        kind = str(self.kinds[channel, row, column])
        is_chosen = (row, column, channel) == (self.row, self.column, self.channel)
        paths = int(self.levels[-1][channel, row, column])
        where = self._where(row, column, channel)
        group = "chosen" if is_chosen else "pixel"
        text = say(f"{group}_{kind}", where=where, paths=f"{paths:,}", extent=self.extent)
        if kind not in ("blind", "far"):
            return text
        seen = np.flatnonzero(self.levels[-1][channel, row] > 0)
        if not len(seen):
            return f"{text} {say['row_empty']}"
        return f"{text} {say('row_nearest', column=int(seen[abs(seen - column).argmin()]) + 1)}"

    def _where(self, row: int, column: int, channel: int) -> str:
        return say(f"place{self._rgb}", row=row + 1, column=column + 1, channel=CHANNELS[channel])

    def step(self, frame: int) -> str:
        """What the value depends on after so many layers down, short of the image."""
        units, depth = int((self.levels[frame] > 0).sum()), len(self.layers)
        return say(
            "step" if frame else "step_first", layer=depth - frame + 1, below=depth - frame, units=units
        )


def _moved(plane: NDArray[np.int64], down: int, right: int) -> NDArray[np.int64]:
    """The plane with every count at the place that a tap reads."""
    moved = np.zeros_like(plane)
    rows, columns = (max(0, SIZE - abs(by)) for by in (down, right))
    to = (slice(max(0, down), max(0, down) + rows), slice(max(0, right), max(0, right) + columns))
    of = (slice(max(0, -down), max(0, -down) + rows), slice(max(0, -right), max(0, -right) + columns))
    moved[to] = plane[of]
    return moved
