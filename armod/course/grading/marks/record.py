"""One file a submission, whole or not there, so that no mark is lost or given twice, whatever is killed and when.

A record's name is the hash of what its marks follow from: the student, the file and its bytes, and the settings. The
checks and the release of its lesson, which are not known before the notebook is read, stand in the record. To go on
after an interruption is to skip what exists; marking by other checks or settings writes new records and keeps the old
ones. Which of them are the class's is one more file, `CLASS`: a line for each submission of the last run.

Two runs of the same class differ only in what stands under ``times``.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from armod.course.errors import CourseError
from armod.course.grading.examiner import Mark
from armod.files import write_whole

CLASS = "class.jsonl"
# in messages, which may be cut in the middle of one
_ADDRESS = re.compile(r"(?<![0-9A-Za-z])0x([0-9a-fA-F]{4,}|[0-9a-fA-F]*(?=…))")
MARKED, REFUSED, ABSENT, UNGRADED = "marked", "refused", "absent", "not graded yet"
GIVEN_UP = "given up"  # for now: the next run tries it again
TRIES = 3  # of a submission whose time ran out while the machine was overloaded


@dataclass(frozen=True)
class Record:
    """All that is known about one submission; for a refused one, the reason."""

    student: str
    attempt: int
    file: str
    sha256: str | None
    status: str
    lesson: str | None = None
    reason: str | None = None
    number: int = 0  # the learner's own, which seeds their instances
    marks: tuple[Mark, ...] = ()
    flags: tuple[str, ...] = ()
    answers: dict[str, str] = field(default_factory=dict)  # what was run for each exercise, for eyes
    settings: dict[str, Any] = field(default_factory=dict)
    times: dict[str, Any] = field(default_factory=dict)

    @property
    def points(self) -> int:
        """The points of all exercises together."""
        return sum(mark.points for mark in self.marks)

    @property
    def max_points(self) -> int:
        """The points that right answers get."""
        return sum(mark.max_points for mark in self.marks)

    @property
    def waits_for_hidden(self) -> bool:
        """Whether the hidden checks have not been asked yet."""
        asked = self.times.get("hidden")
        return self.status == MARKED and self.settings.get("hidden") is not None and not asked

    @property
    def is_to_be_tried_again(self) -> bool:
        """Whether it was given up, or its time may have run out only because the machine was overloaded."""
        overloaded = self.times.get("overloaded") and self.times.get("tries", 1) < TRIES
        return self.status == GIVEN_UP or bool(overloaded)

    def as_data(self) -> dict[str, Any]:
        """The record as plain data; `from_data` reads it."""
        data = asdict(replace(self, marks=())) | {"points": self.points, "max_points": self.max_points}
        data["marks"] = [mark.as_data() for mark in self.marks]
        return data

    @classmethod
    def from_data(cls, data: dict[str, Any]) -> Record:
        """The record that `as_data` wrote; KeyError, TypeError or ValueError for anything else."""
        if type(data) is not dict or any(
            type(data.get(part, {})) is not dict for part in ("times", "settings", "answers")
        ):
            raise TypeError
        datetime.fromisoformat(data["times"].get("handed_in") or "2026-01-01")
        own = {key: value for key, value in data.items() if key not in ("points", "max_points")}
        return cls(
            **{**own, "marks": tuple(map(Mark.from_data, data["marks"])), "flags": tuple(data["flags"])}
        )


def key(student: str, file: str, content: str, settings: dict[str, Any]) -> str:
    """The name of a submission's record; ``content`` is the hash of its bytes, or why they can't be read."""
    text = json.dumps([student, file, content, settings], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def path_of(folder: Path, name: str) -> Path:
    """Where the record of that name lies."""
    return folder / f"{name}.json"


def exchange(folder: Path, name: str, old: str, new: str) -> bool:
    """Keep a record as that of its ``old`` edition, and bring back that of the ``new`` one; whether there was one."""
    path = path_of(folder, name)
    os.replace(path, path_of(folder, f"{name}-{old}"))
    with contextlib.suppress(FileNotFoundError):
        os.replace(path_of(folder, f"{name}-{new}"), path)
    return path.exists()


def write(folder: Path, name: str, record: Record) -> None:
    """Write a record; after a power cut too it is whole, or not there."""
    data = record.as_data()
    for part in ("marks", "flags", "reason"):
        # where an object happened to lie in memory, as messages quote it, is no part of a mark
        data[part] = _smoothed(data[part])
    write_whole(path_of(folder, name), json.dumps(data, sort_keys=True, indent=1) + "\n")


def _smoothed(value: Any) -> Any:
    if isinstance(value, str):
        return _ADDRESS.sub("0x…", value)
    if isinstance(value, dict):
        return {key: _smoothed(item) for key, item in value.items()}
    return [_smoothed(item) for item in value] if isinstance(value, list | tuple) else value


def read(folder: Path, name: str) -> Record | None:
    """Read a record.

    Args:
        folder: The folder of marks.
        name: The record's name, as `key` makes it.

    Returns:
        The record; None if there is none.

    Raises:
        CourseError: If the file is there and is no record.
    """
    path = path_of(folder, name)
    try:
        return Record.from_data(json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise CourseError(
            f"{path} is no record of armod's; remove it, and `armod grade` marks that submission again.",
            exit_code=1,
        ) from error


def write_class(folder: Path, lines: Iterable[dict[str, Any]]) -> None:
    """Say which submissions the class consists of: for each student, attempt, file and the name of its record."""
    write_whole(folder / CLASS, "".join(json.dumps(line, sort_keys=True) + "\n" for line in lines))


def read_class(folder: Path) -> list[dict[str, Any]]:
    """Read what `write_class` wrote.

    Args:
        folder: The folder of marks.

    Returns:
        The lines, one for each submission or student without any.

    Raises:
        CourseError: If the folder holds no marks.
    """
    try:
        text = (folder / CLASS).read_text(encoding="utf-8")
        lines = [json.loads(line) for line in text.splitlines()]
        for line in lines:
            if [type(line[name]) for name in ("student", "attempt", "file")] != [str, int, str]:
                raise TypeError
            if not isinstance(line["record"], str | None):
                raise TypeError
            datetime.fromisoformat(line.get("handed_in") or "2026-01-01")
        return lines
    except FileNotFoundError as error:
        raise CourseError(
            f"{folder} holds no marks; `armod grade SUBMISSIONS --out {folder}` makes them."
        ) from error
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise CourseError(
            f"{folder / CLASS} can't be read; `armod grade` writes it anew.", exit_code=1
        ) from error


def remove_parts(folder: Path) -> None:
    """Remove what writers left that were killed in the middle."""
    for part in folder.glob(".*.part"):
        part.unlink(missing_ok=True)
