"""A cell of code is short enough to be read at once.

What counts is a line that does something. Blank lines, comments, closing brackets and imports do not count, and a card,
``predict(...)``, counts as one line: the others are a question and its choices, in words. Such a cell has at most `STEPS` lines. One that is nothing but a class or
a function, which can't be cut in two, may have `WHOLE`. And no cell may be longer on the page than `SEEN` lines, its card included.
"""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from armod.course.lessons.catalogue import INDEX
from armod.course.lessons.pair import code_cells, has_tag, read_source
from tests.checkout import CHECKOUT

STEPS, WHOLE, SEEN = 15, 25, 34
LESSONS = [path for path in sorted((CHECKOUT / "notebooks").glob("*.py")) if path.stem != INDEX]


@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
def test_a_cell_is_read_at_once(path: Path) -> None:
    cells = [cell.source for cell in code_cells(read_source(path)) if not has_tag(cell, "parameters")]
    long = [reason for cell in cells for reason in why_too_long(cell)]
    assert not long, "\n".join(long)


@pytest.mark.parametrize(
    ("cell", "is_long"),
    [
        ("x = 1\n" * 15, False),
        ("x = 1\n" * 16, True),
        ("x = [\n" + "    1,\n" * 14 + "]\n", False),
        ("import math\n\n# why\n" + "x = 1\n" * 15, False),
        ("def f():\n" + "    x = 1\n" * 24, False),
        ("def f():\n" + "    x = 1\n" * 25, True),
        ("class A:\n" + "    x = 1\n" * 15 + "\n\na = A()\n", True),
        (
            "x = 1\n" * 14 + "predict(\n    'What?',\n    number(3),\n    reveal=[\n        x,\n    ],\n)\n",
            False,
        ),
        ("x = 1\n" * 15 + "predict(\n    'What?',\n    number(3),\n)\n", True),
        ("predict(\n" + "    'What?',\n" * 34 + ")\n", True),
        ('x = """\n' + "a text\n" * 15 + '"""\n', True),
    ],
)
def test_lines_that_do_something_count(cell: str, is_long: bool) -> None:
    assert bool(why_too_long(cell)) == is_long


def why_too_long(cell: str) -> list[str]:
    """What makes a cell too long; nothing if it is short enough."""
    body = [each for each in ast.parse(cell).body if not isinstance(each, ast.Import | ast.ImportFrom)]
    if not body:
        return []
    numbered = enumerate(cell.splitlines(), 1)
    written = {number for number, line in numbered if re.match(r"\s*[^\s#)\]},]", line)}
    lines = [written & set(range(_first(each), (each.end_lineno or 0) + 1)) for each in body]
    steps = sum(1 if _is_card(each) else len(found) for each, found in zip(body, lines, strict=True))
    is_whole = len(body) == 1 and isinstance(body[0], ast.ClassDef | ast.FunctionDef)
    most, begins = WHOLE if is_whole else STEPS, ast.unparse(body[0]).splitlines()[0][:60]
    found = [f"{steps} lines of code, {most} allowed: {begins}"] if steps > most else []
    seen = len(set().union(*lines))
    return found or ([f"{seen} lines with the card, {SEEN} allowed: {begins}"] if seen > SEEN else [])


def _first(statement: ast.stmt) -> int:
    decorators = getattr(statement, "decorator_list", [])
    return min([statement.lineno, *(each.lineno for each in decorators)])


def _is_card(statement: ast.stmt) -> bool:
    """``predict(...)``, on a line of its own."""
    call = statement.value if isinstance(statement, ast.Expr) else None
    return isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "predict"
