"""In which pass each variable is made: images side by side, one shade for each pass, light for early and dark for late."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from torch import Tensor

from armod.figures.numbers import counted
from armod.figures.picture import Picture, new_page
from armod.figures.style import COLOURS
from armod.figures.text import put, put_heading, wrapped

# Lengths are hundredths of an inch; y points down.
_SIDE, _MARGIN, _BETWEEN, _LINE, _BAR = 220, 24, 34, 19, 260
_SHADES = LinearSegmentedColormap.from_list(
    "passes", [COLOURS["masked"], COLOURS["field"], COLOURS["input"], COLOURS["ink"]]
)


def pass_maps(
    maps: Mapping[str, Tensor], *, title: str, own_scale: bool = False, unit: str = "pass"
) -> Picture:
    """Draw in which pass each pixel, or each step of a sequence, is made.

    Args:
        maps: whole numbers from 1, ``(H, W)`` of an image or ``(T,)`` of a sequence, for each name; such as `armod.waves`, or the
            passes of a report of `GuessAndVerify`. A 0 stands for a variable that no pass has made.
        title: a sentence.
        own_scale: whether each map goes from light to dark by itself; otherwise a shade is the same pass in all of them.
        unit: what is counted.

    Returns:
        The picture, whose table has the number of passes of each map, and the pass by which half of its variables are made.

    Raises:
        ValueError: if there is no map, or one is neither an image nor a sequence of whole numbers from 0.

    >>> import torch
    >>> picture = pass_maps({"one by one": torch.tensor([[1, 2], [3, 4]])}, title="Each pixel waits for the one before")
    >>> picture.table["passes"], picture.table["half made by"]
    ([4], [2])
    """
    if not maps or not all(
        each.dim() in (1, 2) and each.numel() and not each.is_floating_point() and int(each.min()) >= 0
        for each in maps.values()
    ):
        raise ValueError("pass_maps needs maps (H, W) or (T,) of whole numbers from 0.")
    last = {name: int(each.max()) for name, each in maps.items()}
    width = max(620, 2 * _MARGIN + len(maps) * _SIDE + (len(maps) - 1) * _BETWEEN)
    heading = wrapped(title, (width - 2 * _MARGIN) / 100, 14, "bold")
    names = {name: wrapped(name, _SIDE / 100, 11, "bold") for name in maps}
    top = 36 + 24 * len(heading) + _LINE * max(map(len, names.values()))
    height = top + _SIDE + 84
    with new_page(width, height, title) as (picture, page):
        put_heading(page, _MARGIN, 26, heading)
        for number, (name, each) in enumerate(maps.items()):
            left = _MARGIN + number * (_SIDE + _BETWEEN)
            for row, line in enumerate(names[name]):
                y = top - 14 - _LINE * (len(names[name]) - 1 - row)
                put(page, left, y, line, size=11, weight="bold")
            darkest = last[name] if own_scale else max(last.values())
            _draw(page, each, darkest, left, top)
            words = f"{counted(last[name])} {unit}{'' if last[name] == 1 else 'es' if unit.endswith('s') else 's'}"
            put(page, left, top + _SIDE + 16, words, size=10, color=COLOURS["secondary"])
        _draw_scale(page, top + _SIDE + 52, None if own_scale else max(last.values()), unit)
        page.set(xlim=(0, width), ylim=(height, 0))  # images have moved the limits
        halves = [_half_made_by(each) for each in maps.values()]
        found = "; ".join(
            f"{name}: {last[name]}, half of it is made by {unit} {half}"
            for name, half in zip(maps, halves, strict=True)
        )
        picture.describe(
            f"{title}. The earlier a variable is made, the lighter it is. Number of the last {unit}: {found}.",
            {"name": list(maps), "passes": list(last.values()), "half made by": halves},
        )
    return picture


def _draw(page: Axes, passes: Tensor, darkest: int, left: float, top: float) -> None:
    """An image keeps its shape; a sequence becomes a row of stripes."""
    image = passes if passes.dim() == 2 else passes[None].expand(max(1, len(passes) // 4), -1)
    longest = max(image.shape)
    high, wide = _SIDE * image.shape[0] / longest, _SIDE * image.shape[1] / longest
    shades = _SHADES(((image.numpy() - 1) / max(darkest - 1, 1)).clip(0, 1))
    shades[image.numpy() == 0] = (1, 1, 1, 1)
    page.imshow(
        shades, extent=(left, left + wide, top + high, top), aspect="auto", interpolation="nearest", zorder=2
    )


def _draw_scale(page: Axes, y: float, darkest: int | None, unit: str) -> None:
    strip = _SHADES(np.linspace(0, 1, 64))[None]
    first = "first" if darkest is None else f"{unit} 1"
    put(page, _MARGIN, y, first, size=10)
    begin = _MARGIN + 64
    page.imshow(strip, extent=(begin, begin + _BAR, y + 8, y - 8), aspect="auto", zorder=2)
    put(page, begin + _BAR + 12, y, "last" if darkest is None else f"{unit} {counted(darkest)}", size=10)


def _half_made_by(passes: Tensor) -> int:
    """The first pass after which half of the variables are there."""
    made = passes[passes > 0].flatten().sort().values
    return int(made[(len(made) - 1) // 2]) if len(made) else 0
