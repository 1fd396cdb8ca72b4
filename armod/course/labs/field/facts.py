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
from torch import Tensor

from armod.measures.field_table import SIZE, field_table
from armod.models.raster.pixel_masks import horizontal_mask, pixel_mask, vertical_mask

KINDS = {
    "seen": "seen",
    "blind": "blind spot",
    "far": "out of reach",
    "leak": "leak",
    "later": "not generated yet",
}
MASKED, KEPT, LEAKING = 0, 1, 2


@dataclass(frozen=True)
class FieldFacts:
    """One pixel of a 13 x 13 image and what it sees through one stack of masked convolutions.

    stack: "plain" or "gated". first_mask: "A" or "B". kernel_size, depth: of every masked layer, and their number.
    row, column: of the pixel, from 0; sentences count from 1.

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

    @cached_property
    def counts(self) -> dict[str, int]:
        """How many pixels there are of each kind."""
        return {kind: int((self.kinds == kind).sum()) for kind in KINDS}

    @property
    def finding(self) -> str:
        """The sentence above the picture."""
        seen, blind, leaks = (self.counts[kind] for kind in ("seen", "blind", "leak"))
        name = f"{'One stack' if self.stack == 'plain' else 'Two stacks'}, {self._layers}"
        if leaks:
            others = f" and {_counted(leaks - 1, 'later pixel')}" if leaks > 1 else ""
            return f"{name}, mask B first: a leak, the pixel sees itself{others}"
        missed = f"{blind} in the blind spot" if blind else "no blind spot"
        return f"{name}: {_counted(seen, 'earlier pixel')} seen, {missed}"

    @property
    def detail(self) -> str:
        """All counts of the chosen pixel's past."""
        return (
            f"Row {self.row + 1}, column {self.column + 1} comes after "
            f"{_counted(self.row * SIZE + self.column, 'pixel')}: {self.counts['seen']} seen, "
            f"{self.counts['blind']} in the blind spot, {self.counts['far']} out of reach."
        )

    def pixel_sentence(self, row: int, column: int) -> str:
        """What one pixel is to the chosen one."""
        is_itself = (row, column) == (self.row, self.column)
        words = {
            "seen": "seen, some path through the masks leads to it",
            "blind": "blind spot, earlier and near enough, but on no path through the masks",
            "far": f"out of reach, more than {self.extent} rows or columns away",
            "leak": "leak, the chosen pixel sees its own value"
            if is_itself
            else "leak, not generated yet and seen all the same",
            "later": "the chosen pixel, which does not see itself"
            if is_itself
            else "not generated yet, hidden by every mask",
        }
        return f"Row {row + 1}, column {column + 1}: {words[str(self.kinds[row, column])]}."

    @property
    def description(self) -> str:
        """The picture for those who do not see it."""
        parts = ", ".join(f"{self.counts[kind]} {name}" for kind, name in KINDS.items())
        return (
            f"{self.finding}. A square of {SIZE} by {SIZE} pixels with one chosen, in row {self.row + 1} and column "
            f"{self.column + 1}: {parts}. Beside it the masks over the kernels: {self._masks_in_words}."
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

    @property
    def masks(self) -> list[tuple[str, list[list[int]]]]:
        """The masks drawn beside the image, with their names (`stack_masks`)."""
        return stack_masks(self.stack, self.first_mask, self.kernel_size)

    @property
    def _layers(self) -> str:
        return f"{self.depth} layers of {self.kernel_size}×{self.kernel_size}"

    @property
    def _masks_in_words(self) -> str:
        return ", ".join(
            f"{name} keeps {sum(tap != MASKED for row in mask for tap in row)} weights"
            for name, mask in self.masks
        )


def stack_masks(stack: str, first_mask: str, kernel_size: int) -> list[tuple[str, list[list[int]]]]:
    """The masks of a stack's first and later layers by name; each tap is MASKED, KEPT or, wrong in a first layer, LEAKING.

    >>> stack_masks("plain", "B", 3)[0]
    ('first layer: B', [[1, 1, 1], [1, 2, 0], [0, 0, 0]])
    """
    kinds = (
        {"": pixel_mask}
        if stack == "plain"
        else {"vertical, ": vertical_mask, "horizontal, ": horizontal_mask}
    )
    drawn = []
    for name, mask in kinds.items():
        right, first, later = (_taps(mask(kernel_size, each)) for each in ("A", first_mask, "B"))
        layer = "first" if name else "first layer"
        drawn.append((f"{name}{layer}: {first_mask}", (first + first * (1 - right)).tolist()))
        drawn.append((f"{name}{'later' if name else 'later layers'}: B", later.tolist()))
    return drawn


def _taps(mask: Tensor) -> NDArray[np.int64]:
    return mask[0, 0].long().numpy()


def _counted(number: int, thing: str) -> str:
    return f"{number} {thing}{'s' * (number != 1)}"
