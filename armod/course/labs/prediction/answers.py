"""What can be asked for: one of several choices, a number on a scale, a curve to draw. The answers are computed ones."""

from __future__ import annotations

import html
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, SupportsFloat

from armod.course.labs.markup import inline, plain
from armod.figures.numbers import rounded

MOST_POINTS = 24


@dataclass(frozen=True)
class Answer:
    """An answer to be guessed; made by `choices`, `number` or `curve`.

    Args:
        kind: the name of its drawing module.
        data: what the page compares a guess with.
        shown: HTML that states the answer.
        asked: what kind of guess is due, in a plain sentence.
    """

    kind: str
    data: Mapping[str, Any]
    shown: str
    asked: str


def choices(options: Mapping[str, object] | Iterable[str], *, answer: object) -> Answer:
    """One of several choices.

    Args:
        options: the choices in their order; as a mapping, each with the value of which it speaks.
        answer: the right choice or, with a mapping, the value of the right one; computed, not typed.

    Returns:
        What `predict` asks for.

    Raises:
        ValueError: if there are fewer than two choices, or not exactly one of them is the answer.

    >>> nats = {2: 3.1, 4: 2.9, 16: 3.4}
    >>> choices({"2 bins": 2, "4 bins": 4, "16 bins": 16}, answer=min(nats, key=nats.get)).data["answer"]
    '4 bins'
    >>> choices(["the table", "MADE"], answer=min({"the table": 14.1, "MADE": 14.7})).asked
    'Choose one: the table; MADE.'
    """
    if isinstance(options, str):
        raise ValueError(f"choices needs a list or a mapping of choices; got the text {options!r}.")
    values = dict(options) if isinstance(options, Mapping) else {text: text for text in options}
    if len(values) < 2 or not all(isinstance(text, str) and text.strip() for text in values):
        raise ValueError(f"choices needs at least two texts to choose from; got {list(values)}.")
    right = [text for text, value in values.items() if value == answer]
    if len(right) != 1:
        raise ValueError(
            f"Exactly one choice must be the answer, {answer!r}; {len(right)} are: the values are {list(values.values())}."
        )
    texts = [plain(text) for text in values]
    data = {"choices": texts, "html": [inline(text) for text in values], "answer": plain(right[0])}
    return Answer(
        "choices", data, f"It is <strong>{inline(right[0])}</strong>.", f"Choose one: {'; '.join(texts)}."
    )


def number(
    answer: SupportsFloat,
    *,
    low: float,
    high: float,
    unit: str = "",
    log: bool = False,
    digits: int = 3,
    close: float = 0.05,
) -> Answer:
    """A number on a scale.

    Args:
        answer: the number, computed; an int, a float or a tensor of one element.
        low: left end of the scale.
        high: right end of the scale. An answer beyond an end moves it so far that it tells nothing.
        unit: what is counted, such as ``passes``, ``nats`` or ``%``.
        log: whether the scale is logarithmic; guesses are then compared by their ratio.
        digits: significant digits of the answer as it is shown.
        close: how far from the answer a guess is still close, as a share of the scale's length.

    Returns:
        What `predict` asks for.

    Raises:
        ValueError: if the answer or an end is not finite, the scale is empty, or a logarithmic one reaches down to 0.

    >>> number(53, unit="passes", low=1, high=784, log=True).shown
    'It is <strong>53 passes</strong>.'
    """
    value, low, high = float(answer), float(low), float(high)
    _check_scale("number", [value], low, high, log)
    low, high = _stretched(low, high, value, value, log)
    asked = f"A number{f' of {unit}' * bool(unit)} from {rounded(low)} to {rounded(high)}."
    text = rounded(value, digits)
    data = {
        "answer": _whole(value),
        "text": text,
        "low": _whole(low),
        "high": _whole(high),
        "unit": unit,
        "log": log,
        "digits": digits,
        "close": close,
        "whole": all(map(float.is_integer, (value, low, high))),
    }
    shown = f"It is <strong>{html.escape(with_unit(text, unit))}</strong>."
    return Answer("number", data, shown, asked)


def curve(
    x: Iterable[Any],
    y: Iterable[SupportsFloat],
    *,
    low: float,
    high: float,
    x_label: str,
    y_label: str,
    given: int = 0,
    log: bool = False,
    close: float = 0.1,
) -> Answer:
    """A curve to draw, one value for each place on the x-axis.

    Args:
        x: 2 to 24 numbers or names, which stand at equal distances.
        y: the computed values, as many.
        low: lower end of the y-axis.
        high: upper end of the y-axis. A value beyond an end moves it.
        x_label: what x is.
        y_label: what y is, with its unit.
        given: so many values at the left are shown from the start, and are not guessed.
        log: whether the y-axis is logarithmic.
        close: how far from the values a guess may be on average and still be close, as a share of the y-axis.

    Returns:
        What `predict` asks for.

    Raises:
        ValueError: if x and y differ in length, too few or too many points are to draw, a value is not finite, the axis is
            empty, or a logarithmic one reaches down to 0.

    >>> curve([8, 16, 32], [64, 256, 1024], low=1, high=1e4, log=True, x_label="D", y_label="evaluations").asked
    'Draw evaluations against D: 8, 16, 32.'
    """
    places = [str(each) if isinstance(each, str) else rounded(float(each)) for each in x]
    values = [float(each) for each in y]
    if len(places) != len(values):
        raise ValueError(f"A curve needs as many x as y; got {len(places)} and {len(values)}.")
    if not 2 <= len(values) <= MOST_POINTS or not 0 <= given < len(values):
        raise ValueError(
            f"A curve to draw has 2 to {MOST_POINTS} points, fewer of them given; got {len(values)}, of which {given} are given."
        )
    low, high = float(low), float(high)
    _check_scale("curve", values, low, high, log)
    low, high = _stretched(low, high, min(values), max(values), log)
    data = {
        "x": places,
        "answer": [_whole(value) for value in values],
        "low": _whole(low),
        "high": _whole(high),
        "xLabel": x_label,
        "yLabel": y_label,
        "given": given,
        "log": log,
        "close": close,
    }
    cells = "".join(
        f"<tr><th scope='row'>{html.escape(place)}</th><td>{rounded(value)}</td></tr>"
        for place, value in zip(places, values, strict=True)
    )
    heads = "".join(f"<th scope='col'>{inline(label)}</th>" for label in (x_label, y_label))
    table = f"<table><thead><tr>{heads}</tr></thead><tbody>{cells}</tbody></table>"
    return Answer(
        "curve", data, table, f"Draw {plain(y_label)} against {plain(x_label)}: {', '.join(places)}."
    )


def with_unit(text: str, unit: str) -> str:
    """A number with its unit; a single thing has none, for its plural would be wrong."""
    return text if not unit or text == "1" else f"{text} {unit}"


def _check_scale(name: str, values: list[float], low: float, high: float, log: bool) -> None:
    if not all(map(math.isfinite, [*values, low, high])):
        raise ValueError(f"{name} needs finite numbers; got {values}, low={low}, high={high}.")
    if not low < high:
        raise ValueError(f"The scale of {name} needs low < high; got low={low}, high={high}.")
    if log and min(low, *values) <= 0:
        raise ValueError(f"A logarithmic scale of {name} has positive numbers only; got {min(low, *values)}.")


def _stretched(low: float, high: float, least: float, most: float, log: bool) -> tuple[float, float]:
    """The scale, an end that is passed put so far away that the value which passes it stands in the middle."""
    if most > high:
        high = most**2 / low if log else 2 * most - low
    if least < low:
        low = least**2 / high if log else 2 * least - high
    return low, high


def _whole(value: float) -> float:
    return int(value) if value.is_integer() and abs(value) < 2**53 else value
