"""Who belongs to the class: a CSV file with a heading, one line a student, in whatever columns the LMS exports."""

from __future__ import annotations

import csv
import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from armod.course.errors import CourseError

# the likeliest first
COLUMNS = ("student", "sis login id", "login", "username", "user", "email", "name", "id")
DELIMITERS = ",;\t"  # of a sheet saved as CSV, by country
NOBODY = "Student, Test"  # whom Canvas adds to each course
SHORTEST = 3  # characters: shorter parts of a file's name are numbers of lessons and the like

# what a student is called by, the likeliest first
NAMES = ("full name", "display name", "name", "student")
POINTS_POSSIBLE = "Points Possible"  # how Canvas begins a line that is no student's
# how systems begin the names of files and folders; what follows is the student's own
_CANVAS = re.compile(r"([^_]+)_(?:LATE_)?(\d+)_\d+_")
_MOODLE = re.compile(r"(.+?)_(\d+)_assignsubmission_")

_PARTICIPANT = re.compile(r"\D+(\d+)")  # in whatever language

Line = dict[str, str]


@dataclass(frozen=True)
class Person:
    """Who handed in: the name to show, all names by which others may mean them, and a key that is theirs alone."""

    name: str
    names: frozenset[str]
    key: str


def people(students: Sequence[str], roster: Roster | None = None) -> dict[str, Person]:
    """Who each of ``students``, the names of files and folders, is by a roster; without one, who the system says."""
    numbers = roster._numbers(students) if roster else {}
    return {
        student: roster.person(numbers[student], student)
        if roster and student in numbers
        else Person(student, frozenset(_own_names(student)), student)
        for student in students
    }


def _own_names(student: str) -> set[str]:
    """What a student may be called: as the file is, or as the system that named the file says."""
    canvas, moodle = _CANVAS.match(student), _MOODLE.match(student)
    return {student, *(canvas.groups() if canvas else ()), *([moodle[1]] if moodle else ())}


@dataclass(frozen=True)
class Roster:
    """The roster as it stands in its file.

    Learning management systems put a student's name or number between others into the names of files, as Canvas does
    in ``lovelaceada_4711_98765_exercises.ipynb``. So a line belongs to a student whose name, or a part of it between
    underscores, is a value of that line, if no other line has this value.

    Args:
        heading: The names of the columns.
        lines: The values of each student, in the order of the columns, without space around them.
        cells: The same lines as they came.
        possible: Canvas' line of the points that each column gives; () of others.
    """

    heading: tuple[str, ...]
    lines: tuple[tuple[str, ...], ...]
    cells: tuple[tuple[str, ...], ...] = field(default=(), repr=False)
    possible: tuple[str, ...] = ()

    def by_student(self, students: Sequence[str]) -> dict[str, Line]:
        """The line of each of ``students`` who is in the roster, by the names of its columns."""
        numbers = self._numbers(students)
        return {
            student: dict(zip(self.heading, self.lines[number], strict=True))
            for student, number in numbers.items()
        }

    def person(self, number: int, student: str) -> Person:
        """Who stands in a line and has handed in as ``student``; by what nobody else has in the same column."""
        line = self.lines[number]
        by_column = dict(zip((name.lower() for name in self.heading), line, strict=True))
        own = {value for column, value in enumerate(line) if self._owners(column).get(_same(value)) == number}
        both = " ".join(filter(None, (by_column.get("first name"), by_column.get("last name"))))
        name = next((by_column[column] for column in NAMES if by_column.get(column)), both or student)
        return Person(name, frozenset({*own, *_own_names(student)}), f"line {number}")

    def missing(self, students: Sequence[str]) -> list[str]:
        """Those who are in the roster and not among ``students``, by the roster's order."""
        there = set(self._numbers(students).values())
        column = self._column(students)
        names = {_same(student) for student in students}  # of somebody who has two lines neither is missing
        found = [line[column] for number, line in enumerate(self.lines) if number not in there]
        return [name for name in dict.fromkeys(found) if name and _same(name) not in names]

    def _numbers(self, students: Sequence[str]) -> dict[str, int]:
        """Which line is whose."""
        owners = self._owners(self._column(students))
        found = {}
        participants = self.participants()
        for student in students:
            moodle = _MOODLE.match(student)
            if moodle and moodle[2] in participants:
                lines = {participants[moodle[2]]}
            elif _same(student) in owners:
                lines = {owners[_same(student)]}
            else:  # what the system wrote comes before the rest, which students choose
                by_system, by_part = (
                    {owners[_same(name)] for name in names if _same(name) in owners}
                    for names in (_own_names(student), _names(student))
                )
                lines = by_system or by_part
            if len(lines) == 1:
                found[student] = lines.pop()
        return found

    def participants(self) -> dict[str, int]:
        """The line of each participant's number, which Moodle's worksheet has at first, as "Participant 4711"; {} of others."""
        found = [_PARTICIPANT.fullmatch(line[0]) for line in self.lines]
        return {match[1]: number for number, match in enumerate(found) if match} if all(found) else {}

    def _column(self, students: Sequence[str]) -> int:
        """Which column holds what students' files and folders are called by: that in which most of them are found."""
        columns = range(len(self.heading))
        likely = [COLUMNS.index(name.lower()) if name.lower() in COLUMNS else 99 for name in self.heading]
        found = [
            sum(any(name in owners for name in _names(student)) for student in students)
            for owners in map(self._owners, columns)
        ]
        return min(columns, key=lambda column: (-found[column], likely[column], column))

    @lru_cache(maxsize=256)  # noqa: B019 - a roster lives as long as a command
    def _owners(self, column: int) -> dict[str, int]:
        """The line of each value that one student alone has in this column."""
        values = [_same(line[column]) for line in self.lines]
        number_of = Counter(values)
        return {value: line for line, value in enumerate(values) if value and number_of[value] == 1}


def read_roster(path: Path) -> Roster:
    """The roster in a CSV file.

    Args:
        path: The file, in UTF-8, with a heading and a line for each student.

    Returns:
        The roster, in which equal lines are one.

    Raises:
        CourseError: If it can't be read, or has no student.
    """
    try:
        text = path.read_bytes().decode("utf-8-sig")
        if "\0" in text:
            raise csv.Error("it holds zero bytes")
        first = re.sub(r'"[^"]*"', "", text.partition("\n")[0])
        delimiter = max(DELIMITERS, key=first.count)
        read = csv.reader(text.splitlines(keepends=True), delimiter=delimiter)
        every = [row for row in read if any(map(str.strip, row))]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise CourseError(f"The roster {path} can't be read as CSV in UTF-8: {error}.") from error
    rows = [row for row in every if NOBODY not in row and not _is_of_points(row)]
    if len(rows) < 2:
        raise CourseError(
            f"The roster {path} needs a heading, such as 'student', and a line for each of them."
        )
    width = len(rows[0])
    heading, *students = [tuple([*row, *[""] * width][:width]) for row in rows]
    by_line = {tuple(cell.strip() for cell in line): line for line in reversed(students)}
    lines = tuple(dict.fromkeys(tuple(cell.strip() for cell in line) for line in students))
    possible = next((tuple(map(str.strip, row)) for row in every if _is_of_points(row)), ())
    cells = tuple(by_line[line] for line in lines)
    return Roster(tuple(cell.strip() for cell in heading), lines, cells, possible)


def _is_of_points(row: Sequence[str]) -> bool:
    return row[0].strip() == POINTS_POSSIBLE


def _names(student: str) -> set[str]:
    """A student's name, and the parts of it that are long enough to be somebody's."""
    parts = [part for part in _same(student).split("_") if len(part) >= SHORTEST]
    return {_same(student), *parts}


def _same(name: str) -> str:
    """A name as it is compared: systems store accents in two ways."""
    return unicodedata.normalize("NFC", name.strip())
