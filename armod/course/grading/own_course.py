"""A course of one's own: one folder, of which learners get one part.

::

    statistics/
        course.toml                         due times, points, extensions
        released/                           what learners get
            week_1.ipynb                    the notebook, without solutions
            checks/lesson_week_1/mean.py    the visible checks, a file an exercise
        hidden/mean.py                      checks that learners never see
        solutions/week_1.py                 the source of the notebook, with solutions

`read_course` reads ``course.toml``; every key of it may be left out. Whatever in it makes no sense is one sentence.
"""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any, Literal, get_args

from armod.course.errors import CourseError
from armod.course.exercises.engine.exercise import exercises_of, lessons
from armod.course.exercises.engine.own import RELEASED, open_checks

COURSE = "course.toml"
HIDDEN, SOLUTIONS = "hidden", "solutions"
SUFFIX = ".ipynb"

Attempts = Literal["last", "best"]
Late = Literal["count", "exclude", "ignore"]


@dataclass(frozen=True)
class Rules:
    """What holds for the submissions of one lesson.

    Args:
        due: When they are due; None for never.
        points: What full marks are worth; None for the points of the checks and those given by hand together.
        weight: What the lesson weighs in the total of the course.
        manual: The most points that are given by hand, by what they are given for.
    """

    due: datetime | None = None
    points: float | None = None
    weight: float = 1.0
    manual: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Course:
    """A folder of one's own, as its ``course.toml`` describes it.

    Args:
        folder: The folder.
        title: What the course is called.
        lessons: The rules of each lesson that has some.
        attempts: Which attempt counts, "last" or "best".
        late: Whether what is late may count, "count" or "exclude"; "ignore" for no look at the time.
        grace: Minutes after the due time that are not late.
        per_day: Percent of the points that each day begun after the due time costs.
        extensions: Due times of single students, by student and lesson.
    """

    folder: Path = Path()
    title: str = ""
    lessons: Mapping[str, Rules] = field(default_factory=dict)
    attempts: Attempts = "last"
    late: Late = "count"
    grace: float = 0.0
    per_day: float = 0.0
    extensions: Mapping[str, Mapping[str, datetime]] = field(default_factory=dict)

    @property
    def released(self) -> Path:
        """The folder of the released notebooks, with the visible checks in it."""
        return self.folder / RELEASED

    @property
    def hidden(self) -> Path | None:
        """The folder of the hidden checks, if there are any."""
        folder = self.folder / HIDDEN
        return folder if any(folder.glob("*.py")) else None

    def rules(self, lesson: str | None) -> Rules:
        """What holds for a lesson."""
        return self.lessons.get(lesson or "", Rules())


def course_above() -> Path | None:
    """The nearest folder with a ``course.toml``, from the working folder upwards."""
    here = Path.cwd()
    return next((folder for folder in (here, *here.parents) if (folder / COURSE).is_file()), None)


def read_course(folder: Path) -> Course:
    """Read a course, and make its exercises known to this process.

    Args:
        folder: The folder that holds ``course.toml``.

    Returns:
        What stands there.

    Raises:
        CourseError: If there is none, if a key or a value of it makes no sense, or if the checks can't be read.
    """
    path = folder / COURSE
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError as error:
        raise CourseError(
            f"{folder} is no course: it holds no {COURSE}; `armod exercise new NAME --course {folder}` makes one."
        ) from error
    except (OSError, ValueError) as error:
        raise CourseError(f"{path} can't be read: {error}.") from error
    known = _open(folder)
    top = _Table(path, "", data)
    found = {
        lesson: _rules(top.table("lessons").table(lesson, among=known))
        for lesson in top.table("lessons").data
    }
    extensions = {
        student: {
            lesson: _moment(table, lesson, among=known)
            for table in [top.table("extensions").table(student)]
            for lesson in table.data
        }
        for student in top.table("extensions").data
    }
    course = Course(
        folder,
        title=top.text("title"),
        lessons=found,
        attempts=top.choice("attempts", get_args(Attempts)),
        late=top.choice("late", get_args(Late)),
        grace=top.number("grace", 0.0),
        per_day=top.number("per_day", 0.0, most=100.0),
        extensions=extensions,
    )
    top.refuse_others("title", "attempts", "late", "grace", "per_day", "lessons", "extensions")
    return course


def _open(folder: Path) -> list[str]:
    """The lessons of the course: those of its own, and those of others that it has released."""
    released = folder / RELEASED
    open_checks(released, anew=True)
    for path in released.glob("checks/lesson_*"):
        if path.is_dir() and not (path / "__init__.py").is_file():
            raise CourseError(
                f"{path} holds checks that nobody finds; put an empty file __init__.py into it."
            )
    names: dict[str, str] = {}
    try:
        for lesson in lessons():
            for exercise in exercises_of(lesson):
                if (other := names.setdefault(exercise.name, lesson)) != lesson:
                    raise CourseError(
                        f"The lessons {other} and {lesson} both have an exercise {exercise.name!r}; rename one."
                    )
    except CourseError:
        raise
    except (Exception, SystemExit) as problem:
        raise CourseError(
            f"The checks in {released} can't be read: {type(problem).__name__}: {problem}"
        ) from problem
    return [lesson for lesson in lessons() if (released / f"{lesson}{SUFFIX}").is_file()]


def _rules(table: _Table) -> Rules:
    manual = table.table("manual")
    rules = Rules(
        due=_moment(table, "due") if "due" in table.data else None,
        points=table.number("points", 0.0, least=1e-9) if "points" in table.data else None,
        weight=table.number("weight", 1.0),
        manual={name: manual.number(name, 0.0) for name in manual.data},
    )
    table.refuse_others("due", "points", "weight", "manual")
    return rules


def _moment(table: _Table, key: str, *, among: list[str] | None = None) -> datetime:
    """A time as TOML writes it; a day stands for its end, and what has no zone is meant where this machine is."""
    table.refuse_unknown(key, among)
    value = table.data[key]
    if isinstance(value, date) and not isinstance(value, datetime):
        value = datetime.combine(value, time(23, 59, 59))
    if not isinstance(value, datetime):
        raise table.wrong(key, "a day or a time without quotes, such as 2026-10-12T12:00:00+02:00")
    return value.astimezone(UTC)


@dataclass(frozen=True)
class _Table:
    """A table of the file, which knows where it stands."""

    path: Path
    name: str
    data: dict[str, Any]

    def wrong(self, key: str, due: str) -> CourseError:
        return CourseError(f"{self.path}: {self._named(key)} is {self.data[key]!r}; {due} is due.")

    def table(self, key: str, *, among: list[str] | None = None) -> _Table:
        self.refuse_unknown(key, among)
        if not isinstance(self.data.get(key, {}), dict):
            raise self.wrong(key, "a table")
        return _Table(self.path, self._named(key), self.data.get(key, {}))

    def text(self, key: str) -> str:
        value = self.data.get(key, "")
        if not isinstance(value, str):
            raise self.wrong(key, "a text")
        return value

    def choice(self, key: str, choices: tuple[Any, ...]) -> Any:
        value = self.data.get(key, choices[0])
        if value not in choices:
            raise self.wrong(key, " or ".join(map(repr, choices)))
        return value

    def number(self, key: str, default: float, *, least: float = 0.0, most: float = 1e6) -> float:
        value = self.data.get(key, default)
        if type(value) not in (int, float) or not least <= value <= most:
            bounds = f"at most {most:g}" if least == 0 else "above 0"
            raise self.wrong(key, f"a number, not negative and {bounds},")
        return float(value)

    def refuse_unknown(self, key: str, among: list[str] | None) -> None:
        if among is not None and key not in among:
            known = ", ".join(among) or "none yet"
            raise CourseError(
                f"{self.path}: {self._named(key)} is no lesson of this course; there are {known}."
            )

    def refuse_others(self, *keys: str) -> None:
        for key in self.data:
            if key not in keys:
                nearest = difflib.get_close_matches(key, keys, n=1, cutoff=0.3) or [keys[0]]
                raise CourseError(
                    f"{self.path}: there is no key {self._named(key)}; the nearest is {nearest[0]!r}."
                )

    def _named(self, key: str) -> str:
        return f"{self.name}.{key}" if self.name else key
