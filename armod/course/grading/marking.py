"""One submission on its way from file to record: read, rebuild, run, judge, record."""

from __future__ import annotations

import hashlib
import importlib
import platform
import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch

import armod.course.exercises
from armod.course.grading.confinement.limits import Limits
from armod.course.grading.examiner import Examiner, Hidden, hidden_checks
from armod.course.grading.intake.read import Refusal, read
from armod.course.grading.intake.rebuild import (
    Rebuilt,
    Release,
    lesson_of,
    read_release,
    rebuild,
    released_lessons,
)
from armod.course.grading.intake.submissions import Submission
from armod.course.grading.marks import record

RUNNER = "armod.course.grading.examination:run"  # where the rebuilt notebook is run
UNTRUSTWORTHY = "UNSANDBOXED: students' code could change these marks"


@dataclass(frozen=True)
class Settings:
    """How a class is marked; ``releases`` holds the released notebooks, ``hidden`` an instructor's own checks.

    Without a ``lesson`` each submission is marked as the lesson whose exercises it answers. ``confinement`` is what
    kernels are locked in by (`armod.course.grading.confinement.sandbox.CONFINEMENTS`).
    """

    releases: Path
    hidden: Path | None = None
    lesson: str | None = None
    limits: Limits = field(default_factory=Limits)
    runner: str = RUNNER
    confinement: str = "sandbox"

    def identity(self) -> dict[str, Any]:
        """What marks depend on, as plain data: by it records are named, and it stands in each of them."""
        sources = Path(armod.course.exercises.__file__).parent
        return {
            "armod": version("armod"),
            "checks": _digest(sources, sources.rglob("*.py")),
            "released": _digest(self.releases, self.releases.glob("*.ipynb")),
            "hidden": _digest(self.hidden, self.hidden.rglob("*.py")) if self.hidden else None,
            "lesson": self.lesson,
            "limits": asdict(self.limits),
            "runner": self.runner,
            "confinement": self.confinement,
            "watermark": UNTRUSTWORTHY if self.confinement == "none" else None,
        }


@dataclass(frozen=True)
class Task:
    """One submission to be marked; ``content`` is its fingerprint when the class was listed, ``name`` its record's."""

    submission: Submission
    content: str
    name: str
    out: Path
    settings: Settings
    identity: dict[str, Any]


def mark(task: Task) -> None:
    """Mark a submission and write its record.

    Raises:
        CourseError: for what keeps every submission from being marked, such as a sandbox that does not work.
        RuntimeError: if the file is no longer what it was; it has no record then.
    """
    begun = time.monotonic()
    submission, settings = task.submission, task.settings
    found = read(submission)
    content = found.sha256 or (found.reason if isinstance(found, Refusal) else "")
    if content != task.content:
        raise RuntimeError("the file changed while the class was marked")
    about: dict[str, Any] = {
        "student": submission.student,
        "attempt": submission.attempt,
        "file": submission.file,
        "sha256": found.sha256,
        "settings": task.identity | {"python": platform.python_version(), "torch": torch.__version__},
    }
    reason, lesson = None, settings.lesson
    if isinstance(found, Refusal):
        reason = found.reason
    else:
        lesson = lesson or lesson_of(found, list(_releases(settings.releases).values()))
        if lesson is None:
            reason = "The notebook holds no cell of any exercise of the course."
    if reason is not None or lesson is None or isinstance(found, Refusal):
        about |= {"status": record.REFUSED, "reason": reason, "lesson": settings.lesson}
    else:
        rebuilt = rebuild(found, _releases(settings.releases)[lesson])
        about |= {"status": record.MARKED, "lesson": lesson, "number": rebuilt.student}
        about |= _examined(rebuilt, settings)
    times = {
        "handed_in": _modified(submission.path),
        "marked": datetime.now(UTC).isoformat(timespec="seconds"),
        "seconds": round(time.monotonic() - begun, 3),
    }
    record.write(task.out, task.name, record.Record(**about, times=times))


def _examined(rebuilt: Rebuilt, settings: Settings) -> dict[str, Any]:
    """Marks and flags of a rebuilt notebook.

    Hidden checks have a run of their own, of which nothing but their results is kept: an error, which students read,
    could quote what was asked before.
    """
    module, _, function = settings.runner.partition(":")
    run = getattr(importlib.import_module(module), function)
    examiner = Examiner.of(
        rebuilt.lesson, student=rebuilt.student, check_seconds=settings.limits.check_seconds
    )
    outcome = run(rebuilt.notebook, examiner, settings.limits, confinement=settings.confinement)
    results = outcome.results
    hidden = _hidden(settings.hidden) if settings.hidden else {}
    if not hidden.keys().isdisjoint(results):
        apart = run(
            rebuilt.notebook, examiner.hiding(hidden), settings.limits, confinement=settings.confinement
        )
        results = {name: replace(mark, hidden=apart.results[name].hidden) for name, mark in results.items()}
    flags = list(rebuilt.flags)
    for trouble in outcome.troubles:
        cell = rebuilt.notebook.cells[trouble.cell]
        role, exercise = cell.metadata.armod.role, cell.metadata.armod.exercise
        what = f"The {role} cell of {exercise}" if exercise else _WHICH[role]
        flags.append(f"{what} {_HOW[trouble.kind]}: {trouble.message}")
    if outcome.restarts:
        flags.append(f"The kernel was started again {outcome.restarts} times.")
    marks = tuple(results[name] for name in rebuilt.checks)
    return {"marks": marks, "flags": tuple(flags)}


_WHICH = {
    "extra": "A cell of the student's own",
    "given": "A given cell",
    "parameters": "The parameters' cell",
}
_HOW = {"error": "failed", "late": "took too long", "dead": "ended the kernel"}


@cache
def _releases(folder: Path) -> dict[str, Release]:
    return {lesson: read_release(folder, lesson) for lesson in released_lessons(folder)}


@cache
def _hidden(folder: Path) -> Hidden:
    return hidden_checks(folder)


def _digest(folder: Path, files: Iterable[Path]) -> str:
    """One hash of files and their names."""
    digest = hashlib.sha256()
    for path in sorted(files):
        digest.update(repr((path.relative_to(folder).as_posix(), path.read_bytes())).encode())
    return digest.hexdigest()


def _modified(path: Path) -> str | None:
    """When the file was last written, in UTC."""
    try:
        seconds = path.lstat().st_mtime
        return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")
    except (OSError, ValueError, OverflowError):
        return None
