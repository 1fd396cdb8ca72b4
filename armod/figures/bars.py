"""Horizontal bars of likelihoods: one number per model, the best in colour, and the result as the title."""

from __future__ import annotations

import math
from collections.abc import Mapping

from matplotlib.axes import Axes

from armod.figures.picture import Picture, new_page
from armod.figures.style import COLOURS
from armod.figures.text import put, put_heading, text_width, wrapped

# Lengths are hundredths of an inch.
_BAR, _STEP, _PLOT, _MARGIN, _NARROWEST = 24, 40, 460, 18, 560

Entry = float | tuple[float, float]


def likelihood_bars(
    entries: Mapping[str, Entry],
    *,
    unit: str = "nats per image",
    title: str | None = None,
    lower_is_better: bool = True,
) -> Picture:
    """Draw bars from zero with their values beside them, in the order given.

    Args:
        entries: the value of each name, or ``(value, standard error)``.
        unit: what the values measure.
        title: a sentence; by default it compares the best value with the others.
        lower_is_better: decides which values are best and therefore in colour.

    Returns:
        The picture, whose table has names, values and standard errors.

    Raises:
        ValueError: if there is no entry, or if one is not finite.

    >>> likelihood_bars({"MADE": 90.1, "PixelCNN": (83.25, 0.3)}).get_label()
    '83.2 nats per image with PixelCNN, 90.1 with MADE'
    """
    values, errors = _separated(entries)
    shown = _written(values, errors)
    best = (min if lower_is_better else max)(values.values())
    title = title or _finding(values, shown, unit, lower_is_better)
    sense = f"{unit}; {'lower' if lower_is_better else 'higher'} is better"

    names = round(max(text_width(name, 11, "bold") for name in values) * 100)
    labels = round(max(text_width(text, 11, "bold") for text in shown.values()) * 100)
    left = _MARGIN + names + 14
    # Labels stand at the ends of the bars: left of negative bars, right of the others.
    start = left + (labels + 14 if min(values.values()) < 0 else 0)
    end = start + _PLOT + (labels + 14 if max(values.values()) >= 0 else 0)
    heading = wrapped(title, max(_NARROWEST, end - _MARGIN) / 100, 14, "bold")
    width = max([end, *(_MARGIN + round(text_width(line, 14, "bold") * 100) for line in heading)]) + _MARGIN
    top = 40 + 24 * len(heading)
    height = top + _STEP * len(values) + 34
    with new_page(width, height, title) as (picture, page):
        put_heading(page, _MARGIN, 28, heading)
        _draw(page, values, errors, shown, best, left, start, top)
        put(page, start, height - 22, sense, size=10, color=COLOURS["secondary"])
        picture.describe(
            f"{title}. Bars of {sense}: {'; '.join(f'{name} {text}' for name, text in shown.items())}.",
            {"name": list(values), unit: list(values.values()), "standard error": list(errors.values())},
        )
    return picture


def _draw(
    page: Axes,
    values: Mapping[str, float],
    errors: Mapping[str, float],
    shown: Mapping[str, str],
    best: float,
    names_end: float,
    start: float,
    top: float,
) -> None:
    low = min(0.0, *(values[name] - errors[name] for name in values))
    high = max(0.0, *(values[name] + errors[name] for name in values))
    scale = _PLOT / ((high - low) or 1)
    zero = start - low * scale
    for row, (name, value) in enumerate(values.items()):
        y, end, reach = top + _STEP * row + _BAR / 2, zero + value * scale, errors[name] * scale
        is_best = value == best
        weight = "bold" if is_best else "normal"
        page.barh(y, end - zero, _BAR, zero, color=COLOURS["input" if is_best else "kept"], linewidth=0)
        if reach:
            page.errorbar(end, y, xerr=reach, color=COLOURS["ink"], linewidth=1.3, capsize=4)
        side = -1 if value < 0 else 1
        put(page, names_end - 12, y, name, size=11, weight=weight, ha="right")
        beyond, align = end + side * (reach + 9), "right" if side < 0 else "left"
        put(page, beyond, y, shown[name], size=11, weight=weight, ha=align)
    ends = [top - 8, top + _STEP * len(values) - (_STEP - _BAR) + 8]
    page.plot([zero, zero], ends, color=COLOURS["secondary"], linewidth=1)


def _separated(entries: Mapping[str, Entry]) -> tuple[dict[str, float], dict[str, float]]:
    """Values and standard errors by name; the error is 0 where none is given."""
    if not entries:
        raise ValueError("Bars need at least one entry, a name and its value.")
    pairs = {name: entry if isinstance(entry, tuple) else (entry, 0.0) for name, entry in entries.items()}
    for name, (value, error) in pairs.items():
        if not (math.isfinite(value) and math.isfinite(error) and error >= 0):
            raise ValueError(
                f"The entry '{name}' must be a finite value, or one with a standard error of at least 0; "
                f"got {entries[name]}."
            )
    values, errors = ({name: float(pair[part]) for name, pair in pairs.items()} for part in (0, 1))
    return values, errors


def _written(values: Mapping[str, float], errors: Mapping[str, float]) -> dict[str, str]:
    """Each value in three digits, or in more if different values or small errors need them."""
    digits = max(0, 2 - _magnitude(max(map(abs, values.values()))))
    small = min((error for error in errors.values() if error), default=1.0)
    digits = max(digits, -_magnitude(small))
    while digits < 6 and len({f"{value:.{digits}f}" for value in values.values()}) < len(
        set(values.values())
    ):
        digits += 1
    return {
        name: f"{value:,.{digits}f}".replace("-", "−")
        + (f" ± {errors[name]:.{digits}f}" if errors[name] else "")
        for name, value in values.items()
    }


def _magnitude(number: float) -> int:
    return math.floor(math.log10(number)) if number else 0


def _finding(values: Mapping[str, float], shown: Mapping[str, str], unit: str, lower_is_better: bool) -> str:
    first, *others = sorted(values, key=lambda name: values[name] if lower_is_better else -values[name])
    number = {name: text.split(" ±")[0] for name, text in shown.items()}
    if others and values[others[0]] == values[first]:
        tied = [name for name in values if values[name] == values[first]]
        return f"{number[first]} {unit} with {', '.join(tied[:-1])} and {tied[-1]} alike"
    if len(others) <= 2:
        return ", ".join(
            [f"{number[first]} {unit} with {first}", *(f"{number[name]} with {name}" for name in others)]
        )
    return f"{number[first]} {unit} with {first}; the other {len(others)} have {number[others[0]]} to {number[others[-1]]}"
