"""Who belongs to the class: a CSV file with a heading, one line a student, in whatever columns the LMS exports."""

from __future__ import annotations

import csv
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from armod.grading import GradingError

COLUMNS = (
    "student",
    "sis login id",
    "login",
    "username",
    "user",
    "email",
    "name",
    "id",
)  # the likeliest first


@dataclass(frozen=True)
class Roster:
    """The roster as it stands in its file: the names of its columns, and a line for each student."""

    heading: tuple[str, ...]
    lines: tuple[tuple[str, ...], ...]

    def column(self, students: Sequence[str]) -> int:
        """Which column holds the names of files and folders: that in which most of ``students`` are found."""
        there = set(map(_same, students))
        likely = [COLUMNS.index(name.lower()) if name.lower() in COLUMNS else 99 for name in self.heading]
        found = [
            sum(_same(line[number]) in there for line in self.lines) for number in range(len(self.heading))
        ]
        return min(range(len(self.heading)), key=lambda number: (-found[number], likely[number], number))

    def missing(self, students: Sequence[str]) -> list[str]:
        """Those who are in the roster and not among ``students``, by the roster's order."""
        there = set(map(_same, students))
        column = self.column(students)
        names = dict.fromkeys(line[column] for line in self.lines)
        return [name for name in names if name and _same(name) not in there]

    def by_student(self, students: Sequence[str]) -> dict[str, dict[str, str]]:
        """The line of each of ``students`` who is in the roster, by the names of its columns."""
        column = self.column(students)
        lines = {_same(line[column]): dict(zip(self.heading, line, strict=True)) for line in self.lines}
        return {student: lines[_same(student)] for student in students if _same(student) in lines}


def read_roster(path: Path) -> Roster:
    """The roster in a CSV file.

    Raises:
        GradingError: if it can't be read, or has no student.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
        rows = [row for row in csv.reader(text.splitlines(keepends=True)) if any(map(str.strip, row))]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise GradingError(f"The roster {path} can't be read as CSV in UTF-8: {error}.") from error
    if len(rows) < 2:
        raise GradingError(
            f"The roster {path} needs a heading, such as 'student', and a line for each of them."
        )
    width = len(rows[0])
    lines = [tuple(cell.strip() for cell in [*row, *[""] * width][:width]) for row in rows]
    return Roster(lines[0], tuple(lines[1:]))


def _same(name: str) -> str:
    """A name as it is compared: systems store accents in two ways."""
    return unicodedata.normalize("NFC", name)
