"""Pictures of histograms: of one variable, of two variables, and of what goes wrong in many dimensions."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from matplotlib.colors import PowerNorm
from matplotlib.ticker import MaxNLocator
from torch import Tensor

from armod.figures.numbers import counted, in_bytes
from armod.figures.picture import Picture, new_picture
from armod.figures.style import COLOURS
from armod.figures.text import wrapped
from armod.models.histogram import Histogram

_LINES = (COLOURS["field"], "#5AA5DC", COLOURS["input"], "#0E2F5A", COLOURS["output"])


def density_bars(models: Mapping[str, Histogram], test: Tensor, *, title: str) -> Picture:
    """Draw histograms of one variable side by side, each as a step curve, with the shares of the test data as dots.

    Args:
        models: fitted histograms of one variable with the same levels.
        test: levels ``(M,)`` or ``(M, 1)``.
        title: a sentence.

    Returns:
        The picture, whose table has the probability of each level under each model and its share in the test data.

    Raises:
        ValueError: if a model has several variables.
    """
    several = [name for name, model in models.items() if model.num_variables != 1]
    if several:
        raise ValueError(f"density_bars draws histograms of one variable; '{several[0]}' has more.")
    num_levels = next(iter(models.values())).likelihood.num_levels
    levels = torch.arange(num_levels)
    heights = {name: model.log_prob(levels[:, None]).exp().tolist() for name, model in models.items()}
    shares = (test.flatten().long().bincount(minlength=num_levels) / test.numel()).tolist()
    top = 1.2 * max(*shares, *(max(each) for each in heights.values()))
    with new_picture(9, 3.5) as picture:
        _head(picture, title)
        width = 0.9 / len(models)
        for number, (name, height) in enumerate(heights.items()):
            axes = picture.add_axes((0.07 + number * width, 0.15, width - 0.03, 0.6))
            axes.set(xlim=(-0.5, num_levels - 0.5), ylim=(0, top), xlabel="level")
            axes.bar(levels, height, width=1, color=COLOURS["field"], linewidth=0)
            axes.stairs(height, np.arange(num_levels + 1) - 0.5, color=COLOURS["input"], linewidth=1.4)
            axes.plot(levels, shares, "o", color=COLOURS["output"], markersize=4)
            axes.set_title(name, size=10.5)
            if number:
                axes.set_yticklabels([])
            else:
                axes.set_ylabel("probability of a level")
        axes.annotate(
            "dots: test digits", (0.98, 0.98), xycoords="axes fraction",
            color=COLOURS["output_text"], ha="right", va="top",
        )  # fmt: skip
        picture.describe(
            f"{title}. Over the levels 0 to {num_levels - 1}: "
            + "; ".join(f"{name}, highest {max(height):.2f}" for name, height in heights.items())
            + f". Dots show the shares among the test digits, highest {max(shares):.2f}.",
            {"level": levels.tolist(), **heights, "test share": shares},
        )
    return picture


def pair_figure(model: Histogram, *, title: str, names: tuple[str, str] = ("first", "second")) -> Picture:
    """Draw a histogram of two variables as a map, with the histogram of each single variable at its sides.

    Args:
        model: a fitted histogram of two variables.
        title: a sentence.
        names: what the variables are called.

    Returns:
        The picture, whose table has each pair of levels and its probability.

    Raises:
        ValueError: if the model does not have two variables.
    """
    if model.num_variables != 2:
        raise ValueError(
            f"pair_figure draws histograms of two variables; this one has {model.num_variables}."
        )
    num_levels = model.likelihood.num_levels
    pairs = torch.cartesian_prod(torch.arange(num_levels), torch.arange(num_levels))
    joint = model.log_prob(pairs).exp().view(num_levels, num_levels).numpy()
    edges = np.arange(num_levels)
    extent = (-0.5, num_levels - 0.5, -0.5, num_levels - 0.5)
    with new_picture(6.8, 5.6) as picture:
        _head(picture, title)
        axes = picture.add_axes((0.1, 0.09, 0.6, 0.66))
        shown = np.ma.masked_equal(joint.T, 0)
        # On a linear scale the many rare pairs would all look white beside the common ones.
        image = axes.imshow(
            shown, origin="lower", cmap="Blues", aspect="auto", extent=extent, norm=PowerNorm(0.5, vmin=0)
        )
        axes.set_facecolor("#F3E6EC")
        axes.set(xlabel=f"level of the {names[0]} pixel", ylabel=f"level of the {names[1]} pixel")
        above = picture.add_axes((0.1, 0.765, 0.6, 0.1), sharex=axes)
        above.bar(edges, joint.sum(1), width=0.9, color=COLOURS["input"])
        beside = picture.add_axes((0.715, 0.09, 0.1, 0.66), sharey=axes)
        beside.barh(edges, joint.sum(0), height=0.9, color=COLOURS["input"])
        for side in (above, beside):
            side.set_axis_off()
        scale = picture.add_axes((0.86, 0.09, 0.02, 0.3))
        picture.colorbar(image, cax=scale).set_label("probability of the pair")
        likeliest = np.unravel_index(joint.argmax(), joint.shape)
        picture.describe(
            f"{title}. A map of {num_levels} by {num_levels} pairs of levels, the likeliest being "
            f"{int(likeliest[0])} and {int(likeliest[1])} with {joint.max():.2f}; {(joint == 0).mean():.0%} of the pairs have "
            "probability 0 and are pale pink. Bars at its sides show each pixel alone.",
            {
                names[0]: pairs[:, 0].tolist(),
                names[1]: pairs[:, 1].tolist(),
                "probability": joint.flatten().tolist(),
            },
        )
    return picture


def collapse_figure(models: Mapping[tuple[int, int], Histogram], test: Tensor, *, title: str) -> Picture:
    """Draw what happens to a histogram as dimensions are added: cells, test observations in empty cells, and memory.

    Args:
        models: fitted histograms by (number of bins, number of variables).
        test: levels ``(M, D)``; a histogram of fewer variables sees the first of them.
        title: a sentence.

    Returns:
        The picture, whose table is `collapse_table`.
    """
    table = collapse_table(models, test)
    bins = sorted({num_bins for num_bins, _ in models})
    observations = next(iter(models.values())).num_observations
    with new_picture(9.2, 4.2) as picture:  # a phone shows it at three quarters of this
        _head(picture, title)
        panels = ("cells", "test digits in an empty cell", "bytes")
        left, middle, right = (picture.add_axes((0.06 + 0.33 * k, 0.14, 0.21, 0.62)) for k in range(3))
        for axes, name in zip((left, middle, right), panels, strict=True):
            axes.set(title=name, xlabel="dimensions D")
            axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        left.set_yscale("log")
        right.set_yscale("log")
        middle.set_ylim(-0.02, 1.04)
        middle.yaxis.set_major_formatter(lambda share, _: f"{share:.0%}")
        for number, num_bins in enumerate(bins):
            rows = [row for row, each in enumerate(table["bins"]) if each == num_bins]
            column = {name: np.array([values[row] for row in rows], float) for name, values in table.items()}
            colour, across = _LINES[number % len(_LINES)], column["dimensions"]
            left.plot(across, column["cells"], "--", color=colour, linewidth=1.4)
            left.plot(across, column["filled cells"], color=colour, linewidth=2.4)
            middle.plot(across, column["unseen share"], color=colour, linewidth=2.4)
            right.plot(across, column["dense bytes"], "--", color=colour, linewidth=1.4)
            right.plot(across, column["sparse bytes"], color=colour, linewidth=2.4)
            for axes, name in ((left, "cells"), (right, "dense bytes")):
                axes.annotate(f"B = {num_bins}", (across[-1], column[name][-1]), xytext=(4, 0),
                    textcoords="offset points", va="center", color=COLOURS["ink"], size=9)  # fmt: skip
            half = next((row for row, share in enumerate(column["unseen share"]) if share > 0.5), -1)
            is_first = num_bins == bins[-1]
            middle.annotate(f"B = {num_bins}", (across[half], column["unseen share"][half]),
                xytext=(-10, 6) if is_first else (6, -9), ha="right" if is_first else "left",
                textcoords="offset points", color=COLOURS["ink"], size=9)  # fmt: skip
        left.axhline(observations, color=COLOURS["secondary"], linewidth=1, linestyle=":")
        left.annotate(f"N = {observations:,}", (1, observations), xycoords=("axes fraction", "data"),
            xytext=(-3, -11), textcoords="offset points", color=COLOURS["secondary"], size=9)  # fmt: skip
        words = "dashed: a table of all cells; solid: the filled ones"
        picture.text(0.018, 0.87, words, size=10, color=COLOURS["secondary"], va="center")
        picture.describe(
            f"{title}. Three panels against the number of dimensions, a line for each of "
            f"{', '.join(map(str, bins))} bins. Cells grow to {counted(int(table['cells'][-1]))}, filled cells to "
            f"{table['filled cells'][-1]:,}; the share of test digits in an empty cell grows to "
            f"{table['unseen share'][-1]:.0%}; a table of all cells to {in_bytes(int(table['dense bytes'][-1]))}, "
            f"that of the filled ones to {in_bytes(int(table['sparse bytes'][-1]))}.",
            table,
        )
    return picture


def collapse_table(models: Mapping[tuple[int, int], Histogram], test: Tensor) -> dict[str, list[float]]:
    """Compute the numbers behind `collapse_figure`.

    A sparse table stores a code and a count, 8 bytes each, for every filled cell.

    Args:
        models: fitted histograms by (number of bins, number of variables).
        test: levels ``(M, D)``; a histogram of fewer variables sees the first of them.

    Returns:
        Columns with a row for each histogram, sorted by bins and dimensions: bins, dimensions, cells, filled cells, the
        share of test observations in empty cells, and the bytes of a dense and of a sparse table.
    """
    columns: dict[str, list[float]] = {"bins": [], "dimensions": [], "cells": [], "filled cells": []}
    columns |= {"unseen share": [], "dense bytes": [], "sparse bytes": []}
    for (num_bins, num_variables), model in sorted(models.items()):
        share = model.is_unseen(test[:, :num_variables]).double().mean().item()
        cells = (num_bins, num_variables, model.num_cells, model.num_occupied)
        row = (*cells, share, model.dense_bytes, 16 * model.num_occupied)
        for column, value in zip(columns.values(), row, strict=True):
            column.append(value)
    return columns


def _head(picture: Picture, title: str) -> None:
    width, height = picture.get_size_inches()
    picture.set_label(title)
    for number, line in enumerate(wrapped(title, width - 0.4, 14, "bold")):
        picture.text(
            0.2 / width, 1 - (0.26 + 0.26 * number) / height, line, size=14, weight="bold", va="center"
        )
