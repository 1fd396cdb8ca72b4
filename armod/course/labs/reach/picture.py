"""Pictures of recurrent networks: unrolled in time, and how much of a gradient arrives at each lag."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.patches import FancyArrowPatch

from armod.course.labs.reach.facts import AXIS, LEAST, MOST, ReachFacts
from armod.figures.picture import Picture, new_picture
from armod.figures.style import COLOURS
from armod.figures.text import wrapped
from armod.measures.gradient_reach import LAGS

_SMALL: dict[str, Any] = {"size": 10, "color": COLOURS["secondary"], "va": "center_baseline"}
_LINES = (
    ("input", "-"),
    ("output", "--"),
    ("hidden", "-."),
    ("blind", ":"),
    ("ink", (0, (5, 1, 1, 1, 1, 1))),
)


def unrolled_figure(symbols: Sequence[str], *, title: str, start: str = "start") -> Picture:
    """A network unrolled over some symbols: below what each step reads, above what it predicts.

    Args:
        symbols: 2 to 12 symbols.
        title: the title.
        start: what the first step reads.

    Returns:
        The picture; its table says what each step reads and predicts.

    Raises:
        ValueError: if there are not 2 to 12 symbols.
    """
    if not 2 <= len(symbols) <= 12:
        raise ValueError(f"The unrolled picture has room for 2 to 12 symbols; got {len(symbols)}.")
    read = [start, *symbols[:-1]]
    step, left, radius = 104, 130, 21
    width = left + step * len(symbols) + 20
    rows = {"output": 84, "state": 164, "input": 244}
    with new_picture(width / 100, 3.0) as picture:
        picture.set_label(title)
        page = picture.add_axes((0, 0, 1, 1), xlim=(0, width), ylim=(300, 0))
        page.set_axis_off()
        page.text(18, 26, title, size=14, weight="bold", va="center_baseline")
        for name, colour, y in zip(("predicted", "state", "read"), ("output_text", "hidden", "input"), rows.values(), strict=True):  # fmt: skip
            page.text(left - 42, y, name, size=11, weight="bold", color=COLOURS[colour], ha="right", va="center_baseline")  # fmt: skip
        for number, (before, after) in enumerate(zip(read, symbols, strict=True)):
            x = left + step * number + 20
            _arrow(page, (x, rows["input"] - radius), (x, rows["state"] + radius))
            _arrow(page, (x, rows["state"] - radius), (x, rows["output"] + radius))
            if number:
                _arrow(page, (x - step + radius, rows["state"]), (x - radius, rows["state"]), "ink")
            _unit(page, x, rows["input"], radius, "input", before)
            _unit(page, x, rows["state"], radius, "hidden", f"$h_{{{number + 1}}}$")
            _unit(page, x, rows["output"], radius, "output", after)
            page.text(x, rows["input"] + radius + 15, f"step {number + 1}", size=9, color=COLOURS["secondary"], ha="center", va="center_baseline")  # fmt: skip
        picture.describe(
            f"{title}. One network unrolled over {len(symbols)} steps. Each step reads one symbol and the state of the "
            f"step before, and predicts the next symbol: it reads {', '.join(read)} and predicts {', '.join(symbols)}.",
            {"step": [*range(1, len(symbols) + 1)], "reads": read, "predicts": list(symbols)},
        )
    return picture


def reach_curves(reach: Mapping[str, Sequence[float]], *, title: str) -> Picture:
    """Gradients against the lag, each divided by its first, on a logarithmic axis.

    Args:
        reach: the gradients at lags 1, 2, ..., by the name of the line.
        title: the title.

    Returns:
        The picture; its table holds the shares at each lag.

    Raises:
        ValueError: if there are not one to five lines of one length, or a gradient is not above 0.
    """
    lengths = {len(line) for line in reach.values()}
    if not 1 <= len(reach) <= len(_LINES) or len(lengths) != 1:
        raise ValueError(f"The picture takes one to {len(_LINES)} lines of one length.")
    if min(min(line) for line in reach.values()) <= 0:
        raise ValueError("A logarithmic axis has no place for a gradient of 0.")
    shares = {name: [value / line[0] for value in line] for name, line in reach.items()}
    lags = [*range(1, lengths.pop() + 1)]
    heading = wrapped(title, 8.6, 14, "bold")
    with new_picture(9, 3.9 + 0.26 * len(heading)) as picture:
        height = picture.get_figheight()
        picture.set_label(title)
        for number, text in enumerate(heading):
            picture.text(0.02, 1 - (0.24 + 0.26 * number) / height, text, size=14, weight="bold", va="center")
        axes = picture.add_axes((0.1, 0.56 / height, 0.62, 3.1 / height), yscale="log")
        axes.axhline(1, color=COLOURS["secondary"], linewidth=1)
        for (name, line), (colour, style) in zip(shares.items(), _LINES, strict=False):
            axes.plot(lags, line, linestyle=style, color=COLOURS[colour], linewidth=2, label=name)
        axes.set(xlabel="lag: steps back", ylabel="gradient, share of lag 1", xlim=(1, lags[-1]))
        axes.grid(axis="y", color=COLOURS["masked"])
        axes.minorticks_off()
        axes.legend(loc="center left", bbox_to_anchor=(1.03, 0.5), frameon=False, handlelength=2.6)
        ends = "; ".join(f"{name} {line[-1]:.2g}" for name, line in shares.items())
        picture.describe(
            f"{title}. Lines of the gradient that arrives, as a share of that at lag 1, over lags 1 to {lags[-1]}, on a "
            f"logarithmic axis. At the last lag: {ends}.",
            {"lag": lags, **shares},
        )
    return picture


def reach_figure(facts: ReachFacts, lag: int = 12) -> Picture:
    """What the reach lab shows, as a still: the unrolled network over the gradient at each lag."""
    step, left, right, scale = 33, 96, 66, 24
    output, states, inputs, top = 84, 140, 196, 240
    zero, bottom = top + MOST * scale, top + (MOST - LEAST) * scale
    width, height = left + step * LAGS + right, bottom + 56
    places = [left + step * (LAGS - number - 0.5) for number in range(LAGS)]
    with new_picture(width / 100, height / 100) as picture:
        picture.set_label(facts.finding)
        page = picture.add_axes((0, 0, 1, 1), xlim=(0, width), ylim=(height, 0))
        page.set_axis_off()
        page.text(14, 24, facts.finding, size=13, weight="bold", va="center_baseline")
        page.text(14, 50, facts.lag_sentence(lag), **_SMALL)
        for tick, name in AXIS.items():
            level, colour = zero - tick * scale, COLOURS["masked" if tick else "secondary"]
            page.plot([left, width - right], [level, level], color=colour, linewidth=1)
            page.text(left - 10, level, name, ha="right", **_SMALL)
        for name, y, colour in (("states", states, "hidden"), ("inputs", inputs, "input")):
            page.text(left - 10, y, name, ha="right", **_SMALL | {"weight": "bold", "color": COLOURS[colour]})
        for k, (x, power) in enumerate(zip(places, facts.powers, strict=True), start=1):
            is_chosen = k == lag
            colour = COLOURS["output" if power > 0 else "input"]
            if k > 1:
                page.plot(
                    [x, x + step], [states, states], color=colour, linewidth=_thickness(power), zorder=1
                )
            page.plot(
                [x, x],
                [inputs, states],
                color=colour,
                linewidth=_thickness(power) if is_chosen else 1,
                zorder=1,
            )
            _dot(page, x, states, 11, "hidden")
            _dot(
                page,
                x,
                inputs,
                13 if is_chosen else 11,
                "ink" if is_chosen else "input",
                "current" if is_chosen else "paper",
            )
            page.plot([x, x], [zero, zero - power * scale], color=colour, linewidth=5 if is_chosen else 2.2)
            page.plot(x, zero - power * scale, "o", markersize=6, color=colour)
            if k == 1 or k % 4 == 0:
                page.text(x, bottom + 16, str(k), ha="center", **_SMALL)
        page.plot([places[0]] * 2, [states, output], color=COLOURS["output"], linewidth=2, zorder=1)
        _dot(page, places[0], output, 13, "output")
        page.text(
            places[0] + 14, output, "output", **_SMALL | {"weight": "bold", "color": COLOURS["output_text"]}
        )
        page.text(
            (left + width - right) / 2, bottom + 38, "lag: steps back from the output", ha="center", **_SMALL
        )
        picture.describe(facts.description, facts.table)
    return picture


def _thickness(power: float) -> float:
    """Of the line that carries a gradient of that power of 10; 4 points at lag 1, a hair at a ten-thousandth."""
    return max(0.5, 4 + power)


def _dot(page: Axes, x: float, y: float, size: float, edge: str, face: str = "paper") -> None:
    page.plot(
        x, y, "o", markersize=size, markerfacecolor=COLOURS[face], markeredgecolor=COLOURS[edge], markeredgewidth=1.6
    )  # fmt: skip


def _unit(page: Axes, x: float, y: float, radius: float, colour: str, text: str) -> None:
    page.plot(x, y, "o", markersize=radius * 1.38, markerfacecolor=COLOURS["paper"], markeredgecolor=COLOURS[colour], markeredgewidth=2)  # fmt: skip
    page.text(x, y, text, size=9 if len(text) > 4 and text[0] != "$" else 13, ha="center", va="center")


def _arrow(page: Axes, begin: tuple[float, float], end: tuple[float, float], colour: str = "hidden") -> None:
    arrow = FancyArrowPatch(begin, end, arrowstyle="-|>", mutation_scale=11, shrinkA=0, shrinkB=1, color=COLOURS[colour], linewidth=1.5)  # fmt: skip
    page.add_patch(arrow)
