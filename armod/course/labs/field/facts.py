"""What the field lab says about one pixel: which others it sees, which it misses, and which it must not see.

An earlier pixel is *seen*, in the *blind spot* (inside the half square that the kernels span, on no path through the
masks) or *out of reach* of so few layers. The pixel itself and all later ones are *not generated yet*; if one of them
is seen, that is a *leak*. What is seen comes from the oracle (`armod.measures.field_table`), not from the masks.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from armod.course.labs.dependency.kinds import KINDS
from armod.course.labs.field.layers import MASKED, Layer, is_usual, layer_masks
from armod.course.labs.field.paths import CHANNELS, PathFacts, say
from armod.measures.field_table import SIZE, field_table


def counts_of(kinds: NDArray[np.str_]) -> dict[str, int]:
    """How many pixels there are of each kind."""
    return {kind: int((kinds == kind).sum()) for kind in KINDS}


@dataclass(frozen=True)
class Panel:
    """What a picture draws and says of one plane of an image.

    Args:
        row: of the chosen value, from 0.
        column: of the chosen value.
        kinds: the kind of every pixel.
        finding: the title.
        masks: beside the image, with their names.
        is_chosen: whether the chosen value is in this plane.
    """

    row: int
    column: int
    kinds: NDArray[np.str_]
    finding: str
    masks: list[tuple[str, list[list[int]]]]
    is_chosen: bool = True

    @cached_property
    def counts(self) -> dict[str, int]:
        """How many pixels there are of each kind."""
        return counts_of(self.kinds)

    @property
    def description(self) -> str:
        """The picture for those who do not see it."""
        masks = [
            say("mask", name=name, kept=sum(tap != MASKED for row in mask for tap in row))
            for name, mask in self.masks
        ]
        return say(
            "description",
            finding=self.finding,
            size=SIZE,
            row=self.row + 1,
            column=self.column + 1,
            kinds=[f"{self.counts[kind]} {name}" for kind, name in KINDS.items()],
            masks=masks,
        )

    @property
    def table(self) -> Mapping[str, list[int | str]]:
        """Every pixel with its kind."""
        places = list(np.ndindex(SIZE, SIZE))
        return {
            "row": [row + 1 for row, _ in places],
            "column": [column + 1 for _, column in places],
            "kind": [KINDS[str(self.kinds[place])] for place in places],
        }


@dataclass(frozen=True)
class FieldFacts:
    """One pixel of a 13 x 13 image and what it sees through one stack of masked convolutions.

    Args:
        stack: "plain" or "gated".
        first_mask: "A" or "B", the mask of the first layer.
        kernel_size: of every masked layer.
        depth: how many masked layers there are.
        row: of the pixel, from 0; sentences count from 1.
        column: of the pixel, in the same way.

    >>> facts = FieldFacts("plain", "A", 3, 5, 7, 6)
    >>> facts.counts
    {'seen': 50, 'blind': 10, 'far': 37, 'leak': 0, 'later': 72}
    >>> print(facts.finding)
    One stack, 5 layers of 3×3: 50 earlier pixels seen, 10 in the blind spot
    """

    stack: str
    first_mask: str
    kernel_size: int
    depth: int
    row: int
    column: int

    @property
    def extent(self) -> int:
        """How many rows and columns the layers reach at most."""
        return self.depth * (self.kernel_size // 2)

    @cached_property
    def kinds(self) -> NDArray[np.str_]:
        """The kind of every pixel, ``(13, 13)``; the chosen one is "later", or "leak" if it sees itself."""
        setting = (self.stack, self.first_mask, self.kernel_size, self.depth)
        chosen = self.row * SIZE + self.column
        sees = field_table()[setting][chosen].reshape(SIZE, SIZE)
        is_earlier = (np.arange(SIZE * SIZE) < chosen).reshape(SIZE, SIZE)
        rows, columns = np.indices((SIZE, SIZE))
        distance = np.maximum(abs(rows - self.row), abs(columns - self.column))
        missed = np.where(distance <= self.extent, "blind", "far")
        return np.where(is_earlier, np.where(sees, "seen", missed), np.where(sees, "leak", "later"))

    @property
    def panel(self) -> Panel:
        """What a picture draws."""
        return Panel(self.row, self.column, self.kinds, self.finding, self.masks)

    @cached_property
    def counts(self) -> dict[str, int]:
        """How many pixels there are of each kind."""
        return counts_of(self.kinds)

    @property
    def description(self) -> str:
        """The picture for those who do not see it."""
        return self.panel.description

    @property
    def finding(self) -> str:
        """The sentence above the picture."""
        template = "finding_leak" if self.counts["leak"] else "finding"
        return say(
            template,
            stack=self.stack,
            first=self.first_mask,
            layers=say("layers", depth=self.depth, kernel=self.kernel_size),
            others=self.counts["leak"] - 1,
            **self.counts,
        )

    @property
    def detail(self) -> str:
        """All counts of the chosen pixel's past."""
        before = self.row * SIZE + self.column
        where = say("place", row=self.row + 1, column=self.column + 1)
        return say("detail", where=where, before=before, **self.counts)

    def pixel_sentence(self, row: int, column: int) -> str:
        """What one pixel is to the chosen one."""
        return self.paths.sentence(row, column)

    @property
    def paths(self) -> PathFacts:
        """The same stack, with its paths counted."""
        later = [Layer("B", self.kernel_size)] * (self.depth - 1)
        layers = [Layer(self.first_mask, self.kernel_size), *later]
        return PathFacts(self.stack, layers, self.row, self.column)

    @property
    def masks(self) -> list[tuple[str, list[list[int]]]]:
        """The masks drawn beside the image, with their names (`layer_masks`)."""
        return layer_masks(self.stack, self.paths.layers)

    @classmethod
    def of(cls, paths: PathFacts) -> FieldFacts | None:
        """What the oracle measured of this stack; None where the table does not have it."""
        first = paths.layers[0]
        setting = (paths.stack, first.mask, first.kernel_size, len(paths.layers))
        has_it = is_usual(paths.layers) and first.dilation == paths.channels == 1 and setting in field_table()
        return cls(*setting, paths.row, paths.column) if has_it else None


def planes_of(paths: PathFacts) -> list[Panel]:
    """What a picture draws of each channel, where the paths say what is seen.

    >>> from armod.course.labs.field.layers import layers_of
    >>> [plane.finding for plane in planes_of(PathFacts("plain", layers_of("A3 B3"), 7, 6, 3, 1))][::2]
    ['R: 12 seen, 1 in the blind spot', 'B: 11 seen, 1 in the blind spot']
    """
    planes = []
    for plane, kinds in enumerate(paths.kinds):
        finding = paths.finding
        if paths.channels > 1:
            finding = say("plane", channel=CHANNELS[plane], **counts_of(kinds))
        masks = layer_masks(paths.stack, paths.layers)
        planes.append(Panel(paths.row, paths.column, kinds, finding, masks, is_chosen=plane == paths.channel))
    return planes
