"""One submission on its way from file to record: read, rebuild, run, judge, record."""

from __future__ import annotations

import importlib
import platform
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch

from armod.course.exercises.engine.own import open_checks
from armod.course.grading import sources
from armod.course.grading.confinement.limits import Limits
from armod.course.grading.examination import words
from armod.course.grading.examiner import Examiner, Hidden, hidden_checks
from armod.course.grading.intake.read import HandedIn, Refusal, read
from armod.course.grading.intake.rebuild import (
    Rebuilt,
    Release,
    lesson_of,
    read_release,
    rebuild,
    released_lessons,
)
from armod.course.grading.intake.submissions import Submission
from armod.course.grading.intake.times import as_data
from armod.course.grading.marks import record

RUNNER = "armod.course.grading.examination:run"  # where the rebuilt notebook is run
OF_LESSON = ("checks", "released")  # the parts of an identity that are told by lesson
MAX_ANSWER = 20_000  # characters of an answer that its record keeps
UNTRUSTWORTHY = "UNSANDBOXED: students' code could change these marks"


@dataclass(frozen=True)
class Settings:
    """How a class is marked.

    Args:
        releases: The folder of the released notebooks; checks beside them are those of a course of one's own.
        hidden: A folder with an instructor's own checks, if there is one.
        lesson: The lesson of every submission; without it, each is marked as the lesson whose exercises it answers.
        limits: What a submission may use.
        runner: The function that runs a rebuilt notebook, as "module:function".
        confinement: What kernels are locked in by, "sandbox" or a place of `armod.course.grading.confinement.elsewhere`.
        numbered: Whether learners' numbers are the roster's, not their own to choose.
    """

    releases: Path
    hidden: Path | None = None
    lesson: str | None = None
    limits: Limits = field(default_factory=Limits)
    runner: str = RUNNER
    confinement: str = "sandbox"
    numbered: bool = False

    def loaded(self) -> dict[str, tuple[Callable[..., Any], *tuple[Any, ...]]]:
        """What marks depend on and a process loads once: for each part the function that hashes it, and its arguments."""
        lessons = (self.lesson,) if self.lesson else tuple(released_lessons(self.releases))
        return {
            "armod": (version, "armod"),
            "checks": (_of_checks, self.releases, lessons),
            "released": (sources.of_releases, self.releases, lessons),
            "hidden": (sources.of_files, self.hidden, "**/*.py"),
        }

    def identity(self) -> dict[str, Any]:
        """All that marks depend on, as plain data; what depends on the lesson is a dict by lesson, see `of_lesson`."""
        return {name: function(*arguments) for name, (function, *arguments) in self.loaded().items()} | {
            "lesson": self.lesson,
            "limits": asdict(self.limits),
            "runner": None if self.runner == RUNNER else self.runner,  # the usual one may move
            "confinement": self.confinement,
            "watermark": UNTRUSTWORTHY if self.confinement == "none" else None,
            **({"numbered": True} if self.numbered else {}),  # records without it keep their names
        }


@dataclass(frozen=True)
class Task:
    """One submission to be marked.

    Args:
        submission: The submission.
        content: Its fingerprint when the class was listed.
        out: The folder of marks.
        settings: How it is marked.
        identity: What its marks depend on.
        asks_hidden: Whether the visible checks are done, and the hidden ones are asked now.
        number: The student's number by the roster; None if they choose it, or if the roster has none.
    """

    submission: Submission
    content: str
    out: Path
    settings: Settings
    identity: dict[str, Any]
    asks_hidden: bool = False
    number: int | None = None

    @property
    def name(self) -> str:
        """The name of its record: it follows from all that is known before a notebook is read, so not from its lesson."""
        common = {part: value for part, value in self.identity.items() if part not in OF_LESSON}
        common |= {} if self.number is None else {"number": self.number}
        return record.key(self.submission.student, self.submission.file, self.content, common)

    def is_marked(self) -> bool:
        """Look for the record that marking would write now.

        A record by other checks of its lesson, or by another release, makes room and is kept. If these come back, so
        does the record.

        Returns:
            Whether the record is there.
        """
        found = record.read(self.out, self.name)
        if found is None or found.is_to_be_tried_again:
            return False
        old, new = _edition(found.settings), _edition(of_lesson(self.identity, found.lesson))
        return old == new or record.exchange(self.out, self.name, old, new)


def of_lesson(identity: Mapping[str, Any], lesson: str | None) -> dict[str, Any]:
    """What the marks of one lesson depend on, as it stands in its records; without a lesson, what a refusal does."""
    return {**identity, **{part: identity[part].get(lesson or "") for part in OF_LESSON}}


def _edition(settings: Mapping[str, Any]) -> str:
    """A short name for the checks and the release by which a record was made."""
    return sources.of_data([settings.get(part) for part in OF_LESSON])[:16]


def mark(task: Task) -> None:
    """Mark a submission by the visible checks and write its record; or ask the hidden ones, and add what they gave.

    Hidden checks have a run of their own, of which only the results are kept: students read the errors of the first run,
    and an error could quote what was asked before. Nor does any first run come after a second one, see `grade`.

    Args:
        task: The submission, and how it is marked.

    Raises:
        CourseError: For what keeps every submission from being marked, such as a sandbox that does not work.
        RuntimeError: If the file is no longer what it was; it has no record then.
    """
    if task.asks_hidden:
        _ask_hidden(task)
        return
    before = record.read(task.out, task.name)
    begun = time.monotonic()
    submission, settings, lesson = task.submission, task.settings, task.settings.lesson
    found, hidden = _read(task), False
    if isinstance(found, HandedIn):
        lesson = lesson or lesson_of(found, list(_releases(settings.releases).values()))
        if lesson is None:
            found = Refusal(found.sha256, "The notebook holds no cell of any exercise of the course.")
    if isinstance(found, Refusal):
        result: dict[str, Any] = {"status": record.REFUSED, "reason": found.reason}
        load: dict[str, Any] = {}
    else:
        assert lesson is not None
        rebuilt = _rebuilt(task, found, lesson)
        hidden = settings.hidden is not None and not _hidden(settings.hidden).keys().isdisjoint(
            rebuilt.checks
        )
        examined, load = _examined(rebuilt, task)
        result = {"status": record.MARKED, "number": rebuilt.student, **examined}
        if load.get("overloaded"):
            load["tries"] = 1 + (
                before.times.get("tries", 1) if before and before.times.get("overloaded") else 0
            )
    versions = {"python": platform.python_version(), "torch": torch.__version__}
    made = record.Record(
        student=submission.student,
        attempt=submission.attempt,
        file=submission.file,
        sha256=found.sha256,
        lesson=lesson,
        settings=of_lesson(task.identity, lesson) | versions,
        times={
            "handed_in": as_data(submission.handed)["handed_in"],
            "marked": _now(),
            "hidden": None if hidden else _now(),
            "seconds": round(time.monotonic() - begun, 3),
            **load,
        },
        **result,
    )
    record.write(task.out, task.name, made)


def _ask_hidden(task: Task) -> None:
    """Add to a record what the hidden checks give, of a run whose output nobody reads."""
    known, found, settings = record.read(task.out, task.name), _read(task), task.settings
    if known is None or known.lesson is None or isinstance(found, Refusal) or settings.hidden is None:
        raise RuntimeError("its record went away while the class was marked")
    rebuilt = _rebuilt(task, found, known.lesson)  # makes the exercises known that hidden checks name
    examiner = _examiner(rebuilt, settings).hiding(_hidden(settings.hidden))
    for _ in range(record.TRIES):
        run = _runner(settings)(rebuilt.notebook, examiner, settings.limits, confinement=settings.confinement)
        if not run.overloaded:
            break
    results = run.results
    marks = tuple(replace(mark, hidden=results[mark.visible.exercise].hidden) for mark in known.marks)
    record.write(task.out, task.name, replace(known, marks=marks, times={**known.times, "hidden": _now()}))


def _read(task: Task) -> HandedIn | Refusal:
    """The submission as it was when the class was listed; RuntimeError if it is no longer."""
    found = read(task.submission)
    if (found.sha256 or (isinstance(found, Refusal) and found.reason)) != task.content:
        raise RuntimeError("the file changed while the class was marked")
    return found


def _rebuilt(task: Task, found: HandedIn, lesson: str) -> Rebuilt:
    """What is run; where the roster gives numbers, a student whom it gives none has 0."""
    number = task.number
    if task.settings.numbered and number is None:
        number = 0
        found = replace(
            found, flags=(*found.flags, "The roster has no number for this student; 0 was taken.")
        )
    return rebuild(found, _releases(task.settings.releases)[lesson], number=number)


def _examiner(rebuilt: Rebuilt, settings: Settings) -> Examiner:
    return Examiner.of(
        rebuilt.lesson,
        student=rebuilt.student,
        check_seconds=settings.limits.check_seconds,
        is_fixed=settings.numbered,
    )


def _runner(settings: Settings) -> Callable[..., Any]:
    module, _, function = settings.runner.partition(":")
    runner: Callable[..., Any] = getattr(importlib.import_module(module), function)
    return runner


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _examined(rebuilt: Rebuilt, task: Task) -> tuple[dict[str, Any], dict[str, Any]]:
    """The marks and flags of a rebuilt notebook, by the visible checks, and whether the machine was overloaded."""
    settings = task.settings
    run, examiner = _runner(settings), _examiner(rebuilt, settings)
    outcome = run(rebuilt.notebook, examiner, settings.limits, confinement=settings.confinement)
    results = outcome.results
    flags = list(rebuilt.flags)
    for trouble in outcome.troubles:
        cell = rebuilt.notebook.cells[trouble.cell]
        role, exercise = cell.metadata.armod.role, cell.metadata.armod.exercise
        what = f"The {role} cell of {exercise}" if exercise else _WHICH[role]
        flags.append(f"{what} {_HOW[trouble.kind]}: {trouble.message}")
    for exercise, number in examiner.numbers.items():
        taken = "the roster's number" if settings.numbered else "that number"
        flags.append(f"At {exercise}, the notebook's `student` was {number}; {taken} was taken.")
    if outcome.restarts:
        flags.append(f"The kernel was started again {outcome.restarts} times.")
    marks = tuple(results[name] for name in rebuilt.checks)
    load = {"waited": round(outcome.waited, 3)} if outcome.waited >= 0.001 else {}
    answers = {
        name: words(rebuilt.notebook.cells[place].source, MAX_ANSWER)
        for name, place in rebuilt.answers.items()
    }
    return {"marks": marks, "flags": tuple(flags), "answers": answers}, load | (
        {"overloaded": True} if outcome.overloaded else {}
    )


def give_up(task: Task, why: str) -> None:
    """Write the record of a submission that can't be marked now, for a reason that is not its own; the next run tries again."""
    made = record.Record(
        student=task.submission.student,
        attempt=task.submission.attempt,
        file=task.submission.file,
        sha256=None,
        status=record.GIVEN_UP,
        reason=f"It was given up: {why}. The same command tries it again.",
        settings=of_lesson(task.identity, task.settings.lesson),
        times={"handed_in": as_data(task.submission.handed)["handed_in"], "marked": _now()},
    )
    record.write(task.out, task.name, made)


_WHICH = {
    "extra": "A cell of the student's own",
    "given": "A given cell",
    "parameters": "The parameters' cell",
}
_HOW = {"error": "failed", "late": "took too long", "dead": "ended the kernel"}


def _of_checks(releases: Path, lessons: Sequence[str]) -> dict[str, str]:
    open_checks(releases)
    return sources.of_checks(lessons)


@cache
def _releases(folder: Path) -> dict[str, Release]:
    open_checks(folder)
    return {lesson: read_release(folder, lesson) for lesson in released_lessons(folder)}


@cache
def _hidden(folder: Path) -> Hidden:
    return hidden_checks(folder)
