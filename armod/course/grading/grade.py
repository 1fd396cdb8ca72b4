"""Mark a whole class, in several processes; all state lies in the folder of marks, so whatever is killed goes on later.

First the class is listed: each submission has a fingerprint, and from it the name of the record that it will have.
Who has that record already is done. The others are marked in any order, by anybody: see `armod.course.grading.marking`.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import filelock
from tqdm import tqdm

from armod.course.exercises.engine.exercise import lessons, modules
from armod.course.grading import GradingError
from armod.course.grading.confinement import jail
from armod.course.grading.intake.read import fingerprint
from armod.course.grading.intake.rebuild import read_release, released_lessons
from armod.course.grading.intake.submissions import papers
from armod.course.grading.judge import hidden_checks
from armod.course.grading.marking import RUNNER, Settings, Task, mark
from armod.course.grading.marks import record
from armod.course.grading.marks.roster import Roster
from armod.course.grading.workers import Workers

LOCK = ".lock"
MARGIN = (
    120.0  # seconds beside a notebook's own: the first kernel, reading, judging; more means that it hangs
)


class Engine(Protocol):
    """What has steps done somewhere, in any order."""

    def run(self, steps: Sequence[Task]) -> Iterator[tuple[Task, str | None]]:
        """Each step as it is done, with what went wrong, None if nothing; GradingError for what stops them all."""
        ...


@dataclass(frozen=True)
class Graded:
    """What a run came to: submissions, how many of them it marked now, and why which of them have no record."""

    submissions: int
    now: int
    refused: int
    absent: int
    strangers: int  # students who handed in and are in no line of the roster
    failures: dict[str, str]


def grade(
    folder: Path,
    out: Path,
    settings: Settings,
    *,
    jobs: int = 1,
    scheduler: str | None = None,
    roster: Roster | None = None,
) -> Graded:
    """Mark every submission in the folder that has no record in ``out`` yet.

    ``jobs`` processes of this machine do it, or a dask cluster by the address of its ``scheduler``.

    Ctrl-C and kill -9 leave whole records; the same call goes on. Raises GradingError if the call is wrong, if another
    run marks into the same folder, or if students' code can't be locked in here.
    """
    _refuse_nonsense(folder, out, settings)
    with _locked(out):
        record.remove_parts(out)
        tasks = list_tasks(folder.absolute(), out.absolute(), settings)
        absent = _absent(tasks, roster)
        lines = [_line(task) for task in tasks]
        try:
            record.write_class(out, [*lines, *absent])
        except OSError as error:
            raise GradingError(
                f"Can't write to {out} ({error.strerror}); make room, or choose another."
            ) from error
        waiting = [task for task in tasks if not record.path_of(out, task.name).exists()]
        failures: dict[str, str] = {}
        with (
            _engine(settings, min(jobs, max(1, len(waiting))), scheduler) as workers,
            tqdm(
                total=len(tasks),
                initial=len(tasks) - len(waiting),
                desc="armod grade",
                unit="submission",
                file=sys.stderr,
                smoothing=0.1,
            ) as bar,
        ):
            try:
                for task, failure in workers.run(waiting):
                    if failure is not None:
                        failures[task.paper.file] = failure
                    bar.update()
            except KeyboardInterrupt:
                done = sum(record.path_of(out, task.name).exists() for task in tasks)
                raise GradingError(
                    f"Interrupted; {done} of {len(tasks)} submissions have a record, and the same command goes on.",
                    exit_code=1,
                ) from None
        refused = sum(
            found.status == record.REFUSED
            for task in tasks
            if (found := record.read(out, task.name)) is not None
        )
    students = {task.paper.student for task in tasks}
    strangers = len(students) - len(roster.by_student(sorted(students))) if roster else 0
    return Graded(len(tasks), len(waiting) - len(failures), refused, len(absent), strangers, failures)


def list_tasks(folder: Path, out: Path, settings: Settings) -> list[Task]:
    """Every submission of the class with the name of its record."""
    identity = settings.identity()
    tasks = []
    for paper in papers(folder):
        content = fingerprint(paper)
        name = record.key(paper.student, paper.file, content, identity)
        tasks.append(Task(paper, content, name, out, settings, identity))
    return tasks


def _engine(settings: Settings, jobs: int, scheduler: str | None) -> AbstractContextManager[Engine]:
    if scheduler is None:
        runs = 1 if settings.hidden is None else 2
        seconds = runs * settings.limits.notebook_seconds + MARGIN
        return Workers(mark, jobs, modules=_needed(settings), seconds=seconds)
    from armod.course.grading.cluster import Cluster

    return Cluster(mark, scheduler)


def _needed(settings: Settings) -> list[str]:
    """What every process that marks imports sooner or later."""
    return [
        settings.runner.partition(":")[0],
        *modules(),
    ]


def _line(task: Task) -> dict[str, Any]:
    paper = task.paper
    return {"student": paper.student, "attempt": paper.attempt, "file": paper.file, "record": task.name}


def _absent(tasks: list[Task], roster: Roster | None) -> list[dict[str, Any]]:
    """A line for each student of the roster who handed in nothing."""
    there = [task.paper.student for task in tasks]
    missing = roster.missing(there) if roster else []
    return [{"student": student, "attempt": 0, "file": "", "record": None} for student in missing]


def _refuse_nonsense(folder: Path, out: Path, settings: Settings) -> None:
    if settings.confinement == "sandbox":
        for path in (folder, out, settings.hidden):
            if path is not None and jail.is_visible(path):
                raise GradingError(
                    f"Students' code can read {path}, because Python or the system lies there; move it elsewhere."
                )
    if settings.lesson is not None:
        if settings.lesson not in lessons():
            raise GradingError(
                f"There is no lesson {settings.lesson!r} with exercises; there are {', '.join(lessons())}."
            )
        read_release(settings.releases, settings.lesson)
    elif not released_lessons(settings.releases):
        raise GradingError(f"{settings.releases} holds no released exercise notebook.")
    if settings.hidden is not None:
        hidden_checks(settings.hidden)
    if settings.runner == RUNNER:
        from armod.course.grading.confinement import sandbox

        sandbox.require(settings.confinement)
    if out.resolve().is_relative_to(folder.resolve()):
        raise GradingError(f"--out {out} lies in the folder of submissions; choose one outside of it.")
    try:
        out.mkdir(parents=True, exist_ok=True)
        (out / LOCK).touch()
    except OSError as error:
        raise GradingError(
            f"Can't write to {out} ({error.strerror}); choose another folder for --out."
        ) from error


@contextmanager
def _locked(out: Path) -> Iterator[None]:
    """The right to mark into the folder; the system takes it back from a process that ends, however it does."""
    lock = filelock.FileLock(out / LOCK, timeout=0)
    try:
        lock.acquire()
    except filelock.Timeout as error:
        raise GradingError(f"Another run is marking into {out}; wait for it, or end it.") from error
    try:
        yield
    finally:
        lock.release()
