"""Grids of small images such as digits, samples and completions; pixels that were given are tinted."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.patches import Rectangle
from numpy.typing import ArrayLike, NDArray

from armod.figures.picture import Picture, new_picture
from armod.figures.style import COLOURS
from armod.figures.text import put, put_heading, text_width, wrapped

# Lengths are pixels at the resolution of `Picture.png`, so that each pixel of an image becomes a crisp square.
_PER_INCH = 110
_IMAGE, _SMALLEST_IMAGE, _GRID, _NARROWEST = 96, 48, 1000, 520
_GAP, _MARGIN, _LINE = 9, 16, 18
_GIVEN_PAPER = "#D3E6F6"


def image_grid(
    images: ArrayLike,
    num_levels: int = 2,
    *,
    title: str,
    row_labels: Sequence[str] | None = None,
    column_labels: Sequence[str] | None = None,
    description: str | None = None,
    known: ArrayLike | None = None,
) -> Picture:
    """Draw images in rows and columns, from paper to ink, or from black to white if they have colours.

    Args:
        images: levels ``(rows, columns, H, W)`` or ``(rows, columns, C, H, W)`` with C = 1 or 3.
        num_levels: K; the levels are ``0..K-1``.
        title: a sentence.
        row_labels: one label per row.
        column_labels: one label per column.
        description: a sentence about what there is to see, which is put before the counts.
        known: a boolean array that broadcasts to the shape of the images; these pixels were given, not drawn by a model,
            and are tinted blue.

    Returns:
        The picture. Its table has a row for each image: the mean level as a share of the highest, and the share of given
        pixels.

    Raises:
        ValueError: if shapes, labels or levels do not fit.
    """
    levels = _as_images(images, num_levels)
    rows, columns, height, width, _ = levels.shape
    for name, labels, count in (("row", row_labels, rows), ("column", column_labels, columns)):
        if labels is not None and len(labels) != count:
            raise ValueError(f"A grid of {count} {name}s needs {count} {name}_labels; got {len(labels)}.")
    given = np.zeros((rows, columns, height, width), bool) if known is None else _as_known(known, images)

    room = min(_IMAGE, max(_SMALLEST_IMAGE, _GRID // columns - _GAP))
    scale = max(1, round(room / max(height, width)))
    step_y, step_x = height * scale + _GAP, width * scale + _GAP
    left, top = _MARGIN, 32
    if row_labels is not None:
        left += round(max(text_width(label, 10) for label in row_labels) * _PER_INCH) + 14
    if column_labels is not None:
        top += _LINE * max(label.count("\n") + 1 for label in column_labels)
    right = left + columns * step_x - _GAP
    heading = wrapped(title, max(_NARROWEST, right - _MARGIN) / _PER_INCH, 14, "bold")
    right = max([right, *(_MARGIN + round(text_width(line, 14, "bold") * _PER_INCH) for line in heading)])
    top += 24 * len(heading)
    canvas = np.ones((top + rows * step_y + (34 if given.any() else 6), right + _MARGIN, 3))
    for row, column in np.ndindex(rows, columns):
        y, x = top + row * step_y, left + column * step_x
        # A thin frame shows where a mostly white image ends.
        canvas[y - 1 : y + height * scale + 1, x - 1 : x + width * scale + 1] = to_rgb(COLOURS["kept"])
        pixels = _coloured(levels[row, column], given[row, column])
        canvas[y : y + height * scale, x : x + width * scale] = pixels.repeat(scale, 0).repeat(scale, 1)

    with new_picture(canvas.shape[1] / _PER_INCH, canvas.shape[0] / _PER_INCH) as picture:
        picture.set_label(title)
        axes = picture.add_axes((0, 0, 1, 1))
        axes.imshow(
            canvas, interpolation="nearest", aspect="auto", extent=(0, canvas.shape[1], canvas.shape[0], 0)
        )
        axes.set_axis_off()
        put_heading(axes, _MARGIN, 24, heading)
        for row, label in enumerate(row_labels or ()):
            middle = top + row * step_y + height * scale / 2
            axes.text(left - 12, middle, label, ha="right", va="center")
        for column, label in enumerate(column_labels or ()):
            middle = left + column * step_x + width * scale / 2
            axes.text(middle, top - 7, label, ha="center", va="bottom", color=COLOURS["secondary"])
        if given.any():
            _draw_legend(axes, left, canvas.shape[0] - 18)
        words = _description(title, description, levels, given, row_labels, column_labels)
        picture.describe(words, _table(levels, given, row_labels, column_labels))
    return picture


def _as_images(images: ArrayLike, num_levels: int) -> NDArray[np.float64]:
    """Levels as shares of the highest level, ``(rows, columns, H, W, C)``."""
    levels = np.asarray(images)
    if levels.ndim == 4:
        levels = levels[:, :, None]
    if levels.ndim != 5 or levels.shape[2] not in (1, 3) or 0 in levels.shape:
        raise ValueError(
            "A grid of images has the shape (rows, columns, H, W) or (rows, columns, C, H, W) with C 1 or 3; "
            f"got {np.shape(images)}."
        )
    if num_levels < 2 or levels.min() < 0 or levels.max() >= num_levels:
        raise ValueError(
            f"Levels of images lie in 0 .. num_levels - 1, with num_levels = {num_levels}; "
            f"got {levels.min()} .. {levels.max()}."
        )
    return np.moveaxis(levels, 2, -1) / (num_levels - 1)


def _as_known(known: ArrayLike, images: ArrayLike) -> NDArray[np.bool_]:
    """Whether all channels of a pixel were given, ``(rows, columns, H, W)``."""
    try:
        mask = np.broadcast_to(np.asarray(known, dtype=bool), np.shape(images))
    except ValueError:
        raise ValueError(
            f"known must have the shape of the images, {np.shape(images)}, or broadcast to it; got {np.shape(known)}."
        ) from None
    return np.asarray(mask.all(axis=2) if mask.ndim == 5 else mask)


def _coloured(image: NDArray[np.float64], given: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Colours ``(H, W, 3)``; given pixels range from light blue to the blue of inputs, others from white to ink."""
    paper = np.where(given[..., None], to_rgb(_GIVEN_PAPER), to_rgb(COLOURS["paper"]))
    ink = np.where(given[..., None], to_rgb(COLOURS["input"]), to_rgb(COLOURS["ink"]))
    if image.shape[-1] == 1:
        return (1 - image) * paper + image * ink
    return np.where(given[..., None], 0.55 * image + 0.45 * paper, image)


def _draw_legend(axes: Axes, x: float, y: float) -> None:
    for words, colours in (
        ("given", (_GIVEN_PAPER, COLOURS["input"])),
        ("not given", (COLOURS["paper"], COLOURS["ink"])),
    ):
        for colour in colours:
            axes.add_patch(
                Rectangle((x, y - 6), 12, 12, facecolor=colour, edgecolor=COLOURS["kept"], linewidth=0.6)
            )
            x += 12
        put(axes, x + 7, y, words, color=COLOURS["secondary"])
        x += text_width(words, 10) * _PER_INCH + 34


def _description(
    title: str,
    description: str | None,
    levels: NDArray[np.float64],
    given: NDArray[np.bool_],
    row_labels: Sequence[str] | None,
    column_labels: Sequence[str] | None,
) -> str:
    rows, columns, height, width, channels = levels.shape
    sentences = [title, description or ""]
    sentences.append(
        f"{_counted(rows * columns, 'colour image' if channels == 3 else 'image')} of {height} by {width} pixels, "
        f"in {_counted(rows, 'row')} and {_counted(columns, 'column')}"
    )
    for name, labels in (("Rows", row_labels), ("Columns", column_labels)):
        if labels is not None:
            sentences.append(f"{name}: {', '.join(' '.join(label.split()) for label in labels)}")
    if given.any():
        sentences.append(f"{given.mean():.0%} of all pixels were given and are tinted blue")
    return " ".join(
        sentence if sentence.endswith((".", "?")) else f"{sentence}." for sentence in sentences if sentence
    )


def _table(
    levels: NDArray[np.float64],
    given: NDArray[np.bool_],
    row_labels: Sequence[str] | None,
    column_labels: Sequence[str] | None,
) -> dict[str, list[str | float]]:
    rows, columns = levels.shape[:2]
    row_names = row_labels or [str(number) for number in range(1, rows + 1)]
    column_names = column_labels or [str(number) for number in range(1, columns + 1)]
    cells = list(np.ndindex(rows, columns))
    return {
        "row": [row_names[row] for row, _ in cells],
        "column": [column_names[column] for _, column in cells],
        "share of ink": [round(float(levels[cell].mean()), 4) for cell in cells],
        "share given": [round(float(given[cell].mean()), 4) for cell in cells],
    }


def _counted(number: int, thing: str) -> str:
    return f"{number} {thing}{'s' * (number != 1)}"
