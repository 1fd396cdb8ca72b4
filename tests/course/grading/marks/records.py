"""Records of marks, made up."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

from armod.course.exercises.engine.result import CheckResult, Result, Status
from armod.course.grading.examiner import Mark
from armod.course.grading.marks import record
from armod.course.grading.marks.record import Record

SCRIPT = "<script>alert('x')</script>"


def mark(points: int, message: str = "") -> Mark:
    """Three checks, the last of them hidden; ``points`` says how many are passed."""

    def result(number: int, title: str) -> CheckResult:
        status = Status.PASSED if points > number else Status.MISTAKE
        return CheckResult(title, 1, status, "" if points > number else message or "Look again.")

    visible = (result(0, "first"), result(1, SCRIPT))
    hidden = (CheckResult("SECRET TITLE", 1, Status.MISTAKE, "SECRET MESSAGE"),)
    if points > 2:
        hidden = (CheckResult("SECRET TITLE", 1, Status.PASSED, ""),)
    return Mark(Result("one", "lesson", "The first", visible), Result("one", "lesson", "The first", hidden))


def made(student: str, points: int | None, *, attempt: int = 1, day: int = 1, **changes: Any) -> Record:
    about: dict[str, Any] = {
        "student": student,
        "attempt": attempt,
        "file": f"{student}/{attempt}.ipynb",
        "sha256": "0" * 64,
        "times": {"handed_in": f"2026-01-{day:02}T12:00:00+00:00", "seconds": 1.5},
    }
    if points is None:
        about |= {"status": record.REFUSED, "reason": f"The file is no notebook: {SCRIPT}."}
    else:
        about |= {"status": record.MARKED, "lesson": "lesson", "marks": (mark(points),)}
    return Record(**(about | changes))


def marks(folder: Path, *found: Record, absent: tuple[str, ...] = (), ungraded: tuple[str, ...] = ()) -> Path:
    folder.mkdir(exist_ok=True)
    lines: list[dict[str, Any]] = []
    for number, one in enumerate(found):
        record.write(folder, f"{number:064}", one)
        lines.append(
            {"student": one.student, "attempt": one.attempt, "file": one.file, "record": f"{number:064}"}
        )
    lines += [{"student": name, "attempt": 0, "file": "", "record": None} for name in absent]
    lines += [{"student": name, "attempt": 1, "file": "f", "record": "f" * 64} for name in ungraded]
    record.write_class(folder, lines)
    return folder


def as_rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))
