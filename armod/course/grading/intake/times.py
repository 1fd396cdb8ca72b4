"""When submissions were handed in: by what the learning management system says, else by the files' own times.

A file's time is often that of the unpacking. So what a system tells comes first: a table of times, such as Moodle's grading
worksheet, and Gradescope's metadata. Canvas tells no time, but marks what is late in the file's name.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml
from dateutil import parser

from armod.course.errors import CourseError
from armod.course.grading.marks.roster import Roster

COLUMNS = ("time", "handed in", "handed_in", "submitted", "submission time", "last modified (submission)")
METADATA = "submission_metadata.yml"  # of Gradescope, beside the folders
MAX_METADATA = 64 * 2**20
_CANVAS = re.compile(r"[^_/]+_(?:(LATE)_)?\d+_\d+_[^/]+")
_AMBIGUOUS = re.compile(r"\s*\d{1,2}/\d{1,2}/\d{2,4}")
_NOTHING = ("", "-")


@dataclass(frozen=True)
class Handed:
    """When a submission was handed in.

    Args:
        at: The time, in UTC; None if nobody knows.
        by_file: Whether it is the file's own, which may be that of the unpacking.
        late: Whether the system says that it is late; None if it does not say.
    """

    at: datetime | None = None
    by_file: bool = True
    late: bool | None = None


@dataclass(frozen=True)
class Submitted:
    """What Gradescope says of a folder: when it was handed in, and by whom if it was one alone."""

    at: datetime
    student: str | None


@dataclass(frozen=True)
class Times:
    """What is known beside the files: a table with a line for each student, of which one column is a time."""

    table: Roster
    column: int
    path: Path

    @classmethod
    def in_table(cls, table: Roster, path: Path) -> Times | None:
        """The times in a table; None if no column holds any."""
        heading = [name.lower() for name in table.heading]
        found = [heading.index(name) for name in COLUMNS if name in heading]
        return cls(table, found[0], path) if found else None

    def of(self, students: Sequence[str]) -> dict[str, datetime]:
        """The time of each student who has one; CourseError for what is none."""
        name = self.table.heading[self.column]
        lines = self.table.by_student(students)
        return {
            student: read_time(line[name], f"{self.path}, {student}")
            for student, line in lines.items()
            if line[name] not in _NOTHING
        }


def handed_in(
    found: Sequence[tuple[str, str, Path]],
    times: Times | None = None,
    gradescope: Mapping[str, Submitted] | None = None,
) -> list[Handed]:
    """When each submission was handed in.

    Args:
        found: Student, file and path of each submission.
        times: What a table says of it.
        gradescope: What Gradescope says, by folder.

    Returns:
        The times, in the same order.

    Raises:
        CourseError: If a time in the table can't be read.
    """
    told = times.of(sorted({student for student, *_ in found})) if times else {}
    gradescope = gradescope or {}
    made = []
    for student, file, path in found:
        canvas = _CANVAS.fullmatch(file)
        late = canvas[1] is not None if canvas else None
        submitted = gradescope.get(file.partition("/")[0])
        known = told.get(student) or (submitted.at if submitted else None)
        if known or times or gradescope:  # one whom the system does not name must not be late by an unpacking
            made.append(Handed(known, by_file=False, late=None if known else late))
        else:
            made.append(Handed(_modified(path), late=late))
    return made


def read_time(text: str, where: str) -> datetime:
    """A time as a system writes it, in UTC.

    Args:
        text: The time; without a zone it is meant where this machine is.
        where: What the error names.

    Returns:
        The time.

    Raises:
        CourseError: If it is none, or a day that could be two.
    """
    try:
        found = datetime.fromisoformat(text.strip())
    except ValueError:
        if _AMBIGUOUS.match(text):
            raise CourseError(
                f"{where}: {text!r} may be two days; write times as 2026-10-12T12:00."
            ) from None
        try:
            found = parser.parse(text, dayfirst="." in text.partition(" ")[0])
        except (ValueError, OverflowError) as error:
            raise CourseError(f"{where}: {text!r} is no time; write it as 2026-10-12T12:00.") from error
    return found.astimezone(UTC)


def told_by_gradescope(folder: Path) -> dict[str, Submitted]:
    """What Gradescope's metadata, which lie beside the folders, say of each; nothing if there are none."""
    path = folder / METADATA
    try:
        with open(path, "rb") as file:
            data = yaml.safe_load(file.read(MAX_METADATA))
        return {
            str(name): Submitted(_moment(about[":created_at"], path), _submitter(about.get(":submitters")))
            for name, about in data.items()
        }
    except FileNotFoundError:
        return {}
    except (OSError, yaml.YAMLError, AttributeError, KeyError, TypeError, RecursionError) as error:
        raise CourseError(f"{path} is not as Gradescope writes it; give the times by --times.") from error


def _submitter(found: Any) -> str | None:
    """The one who handed in, by what is surest to be theirs alone; None for a group."""
    if not isinstance(found, list) or len(found) != 1 or not isinstance(found[0], dict):
        return None
    return next((str(found[0][key]) for key in (":email", ":sid", ":name") if found[0].get(key)), None)


def _moment(value: Any, path: Path) -> datetime:
    if isinstance(value, datetime):  # YAML's are UTC where they lack a zone
        return (value if value.tzinfo else value.replace(tzinfo=UTC)).astimezone(UTC)
    return read_time(str(value), str(path))


def _modified(path: Path) -> datetime | None:
    """When the file was last written."""
    try:
        return datetime.fromtimestamp(path.lstat().st_mtime, UTC)
    except (OSError, ValueError, OverflowError):
        return None


def as_data(handed: Handed) -> dict[str, Any]:
    """What the list of the class says of it."""
    at = handed.at.isoformat(timespec="seconds") if handed.at else None
    return {"handed_in": at, "by_file": handed.by_file, "late": handed.late}
