"""The layers of a stack of masked convolutions: how they are typed, which taps they keep, and their masks with names."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from armod.measures.field_table import KERNEL_SIZES
from armod.models.raster.pixel_masks import horizontal_mask, pixel_mask, vertical_mask

MOST_LAYERS, MOST_DILATION = 8, 4
MASKED, KEPT, LEAKING = 0, 1, 2
_LAYER = re.compile(r"([AB])(\d)(?:[x×](\d))?")


@dataclass(frozen=True)
class Layer:
    """A masked convolution: "A" or "B", an odd kernel, and its dilation."""

    mask: str
    kernel_size: int
    dilation: int = 1

    def __str__(self) -> str:
        """As it is typed in the lab."""
        return f"{self.mask}{self.kernel_size}" + (f"×{self.dilation}" if self.dilation > 1 else "")

    def taps(self, part: str) -> list[tuple[int, int, bool]]:
        """Rows down and columns right of the kept taps of a "plain", "vertical" or "horizontal" mask; is it the centre?"""
        half = self.kernel_size // 2
        return [
            (row * self.dilation, column * self.dilation, part != "vertical" and row == column == 0)
            for row in range(0 if part == "horizontal" else -half, 1)
            for column in range(-half, half + 1)
            if row < 0 or (self.mask == "B" if part == "vertical" else column <= 0)
        ]


def layers_of(typed: str) -> tuple[Layer, ...]:
    """Layers from the image up, such as ``"A3, B3, B5x2"``; up to 8 of them, dilations up to 4.

    >>> [str(layer) for layer in layers_of("A7 B3x2")]
    ['A7', 'B3×2']
    """
    found = [_LAYER.fullmatch(word) for word in re.split(r"[\s,;]+", typed.strip())]
    layers = tuple(Layer(word[1], int(word[2]), int(word[3] or 1)) for word in found if word)
    fits = [layer.kernel_size in KERNEL_SIZES and 1 <= layer.dilation <= MOST_DILATION for layer in layers]
    if len(layers) != len(found) or not all(fits) or len(layers) > MOST_LAYERS:
        raise ValueError(
            f"Layers are typed like A3, B3, B5x2 (mask, kernel, dilation), up to {MOST_LAYERS}, "
            f"with kernels {', '.join(map(str, KERNEL_SIZES))} and dilations up to {MOST_DILATION}; got {typed!r}."
        )
    return layers


def is_usual(layers: Sequence[Layer]) -> bool:
    """Whether all layers have one kernel and one dilation, and mask B from the second on."""
    same = {(layer.kernel_size, layer.dilation) for layer in layers}
    return len(same) == 1 and {layer.mask for layer in layers[1:]} <= {"B"}


def layer_masks(stack: str, layers: Sequence[Layer]) -> list[tuple[str, list[list[int]]]]:
    """The masks of layers by name, later layers alike together; each tap is MASKED, KEPT or, wrong in a first layer, LEAKING.

    >>> layer_masks("plain", layers_of("B3 B3 B3"))[0]
    ('first layer: B', [[1, 1, 1], [1, 2, 0], [0, 0, 0]])
    """
    kinds = (
        {"": pixel_mask}
        if stack == "plain"
        else {"vertical, ": vertical_mask, "horizontal, ": horizontal_mask}
    )
    groups: list[list[int]] = []
    for number, layer in enumerate(layers, 1):
        if number > 2 and layer == layers[number - 2]:
            groups[-1].append(number)
        else:
            groups.append([number])
    drawn = []
    for prefix, mask in kinds.items():
        for group in groups:
            first, last, layer = group[0], group[-1], layers[group[0] - 1]
            taps, right = (_taps(mask(layer.kernel_size, each)) for each in (layer.mask, "A"))
            wrong = taps * (1 - right) if first == 1 else 0
            if is_usual(layers):
                name = "first" if first == 1 else "later"
                name += "" if prefix else " layer" if first == 1 else " layers"
            else:
                name = f"{first}" if first == last else f"{first}–{last}"
                name = name if prefix else f"layer {name}" if first == last else f"layers {name}"
            spread = f", ×{layer.dilation}" if layer.dilation > 1 else ""
            drawn.append((f"{prefix}{name}: {layer.mask}{spread}", (taps + wrong).tolist()))
    return drawn


def _taps(mask: Tensor) -> NDArray[np.int64]:
    return mask[0, 0].long().numpy()
