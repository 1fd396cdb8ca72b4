"""Marks in the cells of a table: numbers, truths, and texts that no spreadsheet takes for formulas."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from typing import Any

_FORMULA = re.compile(r"[=+\-@\t\r\n＝＋－＠]")


def as_csv(lines: Sequence[Sequence[Any]]) -> str:
    """Lines of cells as CSV, every cell in quotes."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writerows([[_cell(value) for value in line] for line in lines])
    return buffer.getvalue()


def _cell(value: Any) -> Any:
    """A text that no spreadsheet takes for a formula: an apostrophe goes before what begins like one."""
    if not isinstance(value, str):
        return value
    text = value.replace("\0", "")
    return f"'{text}" if _FORMULA.match(text.lstrip(" \xa0")) else text


def plain_number(points: float) -> int | float:
    """Points without a fraction as a whole number."""
    return int(points) if points == int(points) else points


def yes(truth: bool) -> str:
    """A truth in a word."""
    return "yes" if truth else "no"
