"""Marks in the cells of a table: numbers, truths, and texts that no spreadsheet takes for formulas."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from typing import Any

from armod.course.errors import CourseError

# where a cell begins, in this file or in one that a spreadsheet splits at what its country puts between cells
_FORMULA = re.compile(r"(^|[;\t\r\n])(?=[ \xa0]*[=+\-@\t\r\n＝＋－＠])")


def as_csv(lines: Sequence[Sequence[Any]]) -> str:
    """Lines of cells as CSV, every cell in quotes."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writerows([[_cell(value) for value in line] for line in lines])
    return buffer.getvalue()


def _cell(value: Any) -> Any:
    """A text that no spreadsheet takes for a formula: an apostrophe goes before what begins like one, or would if split."""
    if not isinstance(value, str):
        return value
    return _FORMULA.sub(r"\1'", value.replace("\0", ""))


def require_maximum(text: str, worth: float, *, whose: str, again: str) -> None:
    """Refuse to hand on marks where a system gives as maximum what a lesson is not worth; a text that is no number says nothing.

    Args:
        text: What the system says.
        worth: The points of a right answer.
        whose: Whose maximum it is.
        again: What is to be downloaded again once it is mended there.

    Raises:
        CourseError: If they differ.
    """
    try:
        most = float(text.replace(",", "."))
    except ValueError:
        return
    if most != worth:
        raise CourseError(
            f"{whose} is {most:g} and the lesson is worth {worth:g} points: set points = {most:g} in the course.toml of a "
            f"--course, or that maximum to {worth:g} and download {again} again."
        )


def plain_number(points: float) -> int | float:
    """Points without a fraction as a whole number."""
    return int(points) if points == int(points) else points


def yes(truth: bool) -> str:
    """A truth in a word."""
    return "yes" if truth else "no"
