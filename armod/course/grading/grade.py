"""Mark a whole class, in several processes; all state lies in the folder of marks, so a run that was killed can go on.

First the class is listed: each submission has a fingerprint, from which the name of its record follows. Those that have
their record are done. The others are marked in any order, by any process: see `armod.course.grading.marking`.

Hidden checks come last: once every submission has its record, and only for the attempts that count. Jails share what they
read of the system's files; so whatever a notebook could leave there about a hidden question, no run whose errors a student
reads comes after it.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

import filelock
from tqdm import tqdm

from armod.course.errors import CourseError
from armod.course.exercises.engine.exercise import lessons, modules
from armod.course.exercises.engine.own import open_checks
from armod.course.grading.confinement import visible
from armod.course.grading.confinement.kernel_client import MOST
from armod.course.grading.confinement.limits import MAX_STUDENT
from armod.course.grading.examiner import hidden_checks
from armod.course.grading.intake.read import fingerprint
from armod.course.grading.intake.rebuild import read_release, released_lessons
from armod.course.grading.intake.submissions import submissions
from armod.course.grading.intake.times import Times, as_data
from armod.course.grading.marking import RUNNER, Settings, Task, give_up, mark
from armod.course.grading.marks import record
from armod.course.grading.marks.gradebook import rows
from armod.course.grading.marks.lateness import Policy, refuse_times_of_unpacking
from armod.course.grading.marks.roster import Roster
from armod.course.grading.workers import Workers

LOCK = ".lock"
MARGIN = (
    120.0  # seconds beside all that a notebook may take, for kernels, reading, judging; then it is given up
)


class Engine(Protocol):
    """Processes that do steps, in any order."""

    def run(self, steps: Sequence[Task]) -> Iterator[tuple[Task, str | None]]:
        """Each step when it is done, with what went wrong or None; CourseError for what stops them all."""
        ...


@dataclass(frozen=True)
class Graded:
    """What a run achieved.

    Args:
        submissions: How many there are in the class.
        now: How many got their record in this run.
        refused: How many can't be marked; their record says why.
        absent: How many students of the roster handed in nothing.
        strangers: How many students handed in and are in no line of the roster.
        hidden: How many attempts were asked the hidden checks in this run.
        failures: Why a submission was given up, or was not asked the hidden checks, by its file.
        again: How many were tried again, because their time ran out while the machine was overloaded.
        overloaded: For how many of this run's it is so still.
        without_core: The share of the time of this run's notebooks for which they had no core.
    """

    submissions: int
    now: int
    refused: int
    absent: int
    strangers: int
    hidden: int
    failures: dict[str, str]
    again: int = 0
    overloaded: int = 0
    without_core: float = 0.0


def grade(
    folder: Path,
    out: Path,
    settings: Settings,
    *,
    jobs: int = 1,
    scheduler: str | None = None,
    roster: Roster | None = None,
    times: Times | None = None,
    policy: Policy | None = None,
    numbers: str | None = None,
) -> Graded:
    """Mark every submission in a folder that has no record yet; after Ctrl-C or kill -9 the same call goes on.

    Args:
        folder: The submissions of a class.
        out: The folder of marks, outside of the other.
        settings: How they are marked.
        jobs: The number of processes of this machine.
        scheduler: The address of a dask scheduler, whose workers mark instead.
        roster: Those who are in the class.
        times: When they handed in, as far as it is known beside the files.
        policy: Which attempts count, and so are asked the hidden checks; the last ones if None.
        numbers: The column of the roster with each student's number; without it, they choose it in their notebooks.

    Returns:
        The numbers of this run, and why submissions have no record.

    Raises:
        CourseError: If the call is wrong, if another run marks into the same folder, if students' code can't be locked
            in here, or at Ctrl-C.
    """
    _refuse_nonsense(folder, out, settings)
    with _locked(out):
        record.remove_parts(out)
        tasks = list_tasks(
            folder.absolute(), out.absolute(), replace(settings, numbered=bool(numbers)), times
        )
        if numbers is not None:
            tasks = _numbered(tasks, roster, numbers)
        absent = _absent(tasks, roster)
        try:
            record.write_class(out, [*map(_line, tasks), *absent])
        except OSError as error:
            raise CourseError(
                f"Can't write to {out} ({error.strerror}); make room, or choose another."
            ) from error
        policy = _of_attempts(policy or Policy())
        if settings.hidden is not None:
            refuse_times_of_unpacking([*map(_line, tasks)], policy)
        waiting = [task for task in tasks if not task.is_marked()]
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
                        failures[task.submission.file] = failure
                        give_up(task, failure)
                    bar.update()
                again = [
                    task for task in waiting if task.submission.file not in failures and not task.is_marked()
                ]
                if again:
                    _try_again(again, settings, scheduler)
                now, asked = len(waiting) - len(failures), []
                if settings.hidden is not None and not failures:
                    asked = _asked(tasks, out, policy, roster)
                    bar.total += len(asked)
                    bar.refresh()
                for task, failure in workers.run(asked):
                    if failure is not None:
                        failures[task.submission.file] = f"its hidden checks: {failure}"
                    bar.update()
            except KeyboardInterrupt:
                done = sum(record.path_of(out, task.name).exists() for task in tasks)
                raise CourseError(
                    f"Interrupted; {done} of {len(tasks)} submissions have a record, and the same command goes on.",
                    exit_code=1,
                ) from None
        found = {task.name: made for task in tasks if (made := record.read(out, task.name)) is not None}
        refused = sum(made.status == record.REFUSED for made in found.values())
    students = {task.submission.student for task in tasks}
    strangers = len(students) - len(roster.by_student(sorted(students))) if roster else 0
    hidden = len(asked) - len(failures) if asked else 0
    load = [found[task.name].times for task in waiting if task.name in found]
    return Graded(
        *(len(tasks), now, refused, len(absent), strangers, hidden, failures),
        again=len(again),
        overloaded=sum(bool(times.get("overloaded")) for times in load),
        without_core=sum(times.get("waited", 0.0) for times in load)
        / (sum(times.get("seconds", 0.0) for times in load) or 1.0),
    )


def _try_again(tasks: Sequence[Task], settings: Settings, scheduler: str | None) -> None:
    """Mark them one at a time; whatever goes wrong leaves the record that there is."""
    with _engine(settings, 1, scheduler) as alone:
        for _ in alone.run(tasks):
            pass


def _of_attempts(policy: Policy) -> Policy:
    """The part of a policy that says which attempt counts: where lateness has no say in it, nobody looks at the time."""
    matters = policy.late == "exclude" or (policy.attempts == "best" and policy.course.per_day)
    return policy if matters else replace(policy, late="ignore")


def _asked(tasks: Sequence[Task], out: Path, policy: Policy, roster: Roster | None) -> list[Task]:
    """The attempts that count and have not been asked the hidden checks."""
    table = rows(out, policy, roster=roster, overrides=())
    return [
        replace(task, asks_hidden=True)
        for task, row in zip(tasks, table, strict=False)  # those who are absent come after them
        if row.counts and row.record.waits_for_hidden
    ]


def list_tasks(folder: Path, out: Path, settings: Settings, times: Times | None = None) -> list[Task]:
    """Every submission of the class, to be marked."""
    identity = settings.identity()
    tasks = []
    for submission in submissions(folder, times):
        content = fingerprint(submission)
        tasks.append(Task(submission, content, out, settings, identity))
    return tasks


def _numbered(tasks: Sequence[Task], roster: Roster | None, column: str) -> list[Task]:
    """The tasks with their students' numbers by the roster; CourseError if a column of it holds none."""
    if roster is None or column not in roster.heading:
        known = ", ".join(map(repr, roster.heading)) if roster else "none without --roster"
        raise CourseError(f"--numbers {column!r} is no column of the roster; there are {known}.")
    lines = roster.by_student(sorted({task.submission.student for task in tasks}))
    found: dict[str, int] = {}
    for student, line in lines.items():
        text = line[column]
        if not (text.isascii() and text.isdigit() and len(text) <= 16 and int(text) < MAX_STUDENT):
            raise CourseError(
                f"The roster's {column!r} of {student} is {text!r}; a whole number from 0 to 2**53 is due."
            )
        found[student] = int(text)
    return [replace(task, number=found.get(task.submission.student)) for task in tasks]


def _engine(settings: Settings, jobs: int, scheduler: str | None) -> AbstractContextManager[Engine]:
    if scheduler is None:
        limits = settings.limits
        seconds = (1 + MOST) * (limits.notebook_seconds + limits.cell_seconds) + MARGIN
        return Workers(mark, jobs, modules=_needed(settings), seconds=seconds)
    from armod.course.grading.cluster import Cluster

    return Cluster(mark, scheduler)


def _needed(settings: Settings) -> list[str]:
    """The modules that every process that marks will import."""
    return [
        settings.runner.partition(":")[0],
        *modules(),
    ]


def _line(task: Task) -> dict[str, Any]:
    one = task.submission
    about = {"student": one.student, "attempt": one.attempt, "file": one.file, "record": task.name}
    return about | as_data(one.handed)


def _absent(tasks: list[Task], roster: Roster | None) -> list[dict[str, Any]]:
    """A line for each student of the roster who handed in nothing."""
    there = [task.submission.student for task in tasks]
    missing = roster.missing(there) if roster else []
    return [{"student": student, "attempt": 0, "file": "", "record": None} for student in missing]


def _refuse_nonsense(folder: Path, out: Path, settings: Settings) -> None:
    checks = settings.releases if open_checks(settings.releases) else None
    if settings.confinement == "sandbox":
        for path in (folder, out, settings.hidden, checks):
            if path is not None and visible.is_visible(path):
                raise CourseError(
                    f"Students' code can read {path}, because Python or the system lies there; move it elsewhere."
                )
    if settings.lesson is not None:
        if settings.lesson not in lessons():
            raise CourseError(
                f"There is no lesson {settings.lesson!r} with exercises; there are {', '.join(lessons())}."
            )
        read_release(settings.releases, settings.lesson)
    elif not released_lessons(settings.releases):
        raise CourseError(f"{settings.releases} holds no released exercise notebook.")
    if settings.hidden is not None:
        hidden_checks(settings.hidden)
    if settings.runner == RUNNER:
        from armod.course.grading.confinement import sandbox

        sandbox.require(settings.confinement)
    if out.resolve().is_relative_to(folder.resolve()):
        raise CourseError(f"--out {out} lies in the folder of submissions; choose one outside of it.")
    try:
        out.mkdir(parents=True, exist_ok=True)
        (out / LOCK).touch()
    except OSError as error:
        raise CourseError(
            f"Can't write to {out} ({error.strerror}); choose another folder for --out."
        ) from error


@contextmanager
def _locked(out: Path) -> Iterator[None]:
    """The right to mark into the folder; when a process ends, however it does, the system takes it back."""
    lock = filelock.FileLock(out / LOCK, timeout=0)
    try:
        lock.acquire()
    except filelock.Timeout as error:
        raise CourseError(f"Another run is marking into {out}; wait for it, or end it.") from error
    try:
        yield
    finally:
        lock.release()
