"""Exercises as data with their checks, and where to find them. The package's text says how to write one."""

from __future__ import annotations

import difflib
import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from itertools import pairwise
from typing import Any, Literal, get_args

import numpy as np

from armod.course.exercises.engine.answer import Answer
from armod.course.exercises.engine.asked import Asked, ExerciseError, Function
from armod.course.exercises.engine.reading import Mistake
from armod.plugins import plugins

__all__ = [
    "PREFIX",
    "Check",
    "Difficulty",
    "Exercise",
    "Mistake",
    "exercises_of",
    "find",
    "folders",
    "lessons",
    "modules",
]

Difficulty = Literal["easy", "medium", "hard", "stretch"]
CheckFunction = Callable[[Answer, np.random.Generator], None]
PREFIX = "lesson_"  # of the folders that hold the exercises of a lesson, a file each


@dataclass(frozen=True)
class Check:
    """One thing that is examined: its title in the result, its points, and the function that raises `Mistake`."""

    title: str
    points: int
    function: CheckFunction


@dataclass
class Exercise:
    """One exercise of a lesson, whose folder it stands in.

    Args:
        name: Unique in the course; what `armod.check` takes.
        title: Its heading.
        difficulty: "easy", "medium", "hard" or "stretch".
        minutes: How long it takes.
        names: What the learner must define.
        hints: Three, from a nudge on.
        number: Its place in the lesson, counted from 1.
        checks: What is examined, in this order; made by `check`, `add` and `asks`.
        asked: The functions and values that are asked for with their known mistakes; made by `asks`.
        lesson: The lesson's name; by default that of the folder.

    Raises:
        ValueError: for a field that no exercise can have, naming it.
    """

    name: str
    title: str
    difficulty: Difficulty
    minutes: int
    names: tuple[str, ...]
    hints: tuple[str, str, str]
    number: int = 1
    checks: list[Check] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)
    lesson: str = ""

    def __post_init__(self) -> None:
        about = f"The exercise {self.name!r}"
        if self.difficulty not in get_args(Difficulty):
            raise ValueError(
                f"{about} has the difficulty {self.difficulty!r}; it is one of {get_args(Difficulty)}."
            )
        if len(self.hints) != 3 or not all(self.hints):
            raise ValueError(f"{about} has {len(self.hints)} hints; three are due, none of them empty.")
        if not self.names or isinstance(self.names, str) or not all(map(str.isidentifier, self.names)):
            raise ValueError(
                f"{about} needs a tuple of the names that the learner defines, not {self.names!r}."
            )
        for what, count in (("minutes", self.minutes), ("number", self.number)):
            if count < 1:
                raise ValueError(f"{about} has {what}={count}; at least 1 is due.")

    @property
    def max_points(self) -> int:
        """The points of all its checks."""
        return sum(check.points for check in self.checks)

    def check(self, title: str, *, points: int = 1) -> Callable[[CheckFunction], CheckFunction]:
        """Make the function below it a check of this exercise.

        Args:
            title: What the check is called in the result.
            points: What it is worth.

        Returns:
            The decorator, which leaves the function as it is.

        Raises:
            ValueError: If the points are no positive number, or the exercise has a check of that title already.
        """
        if points < 1 or title in [check.title for check in self.checks]:
            raise ValueError(
                f"The check {title!r} of {self.name!r} needs at least one point and a title of its own."
            )

        def registered(function: CheckFunction) -> CheckFunction:
            self.checks.append(Check(title, points, function))
            return function

        return registered

    def add(self, title: str, function: CheckFunction, *, points: int = 1) -> None:
        """The same, for a function that is there already."""
        self.check(title, points=points)(function)

    def asks(self, right: Function, title: str = "", *, points: int = 1, **about: Any) -> Asked:
        """Ask for a function or a value.

        Args:
            right: The right one, with the learner's name and arguments.
            title: With a title this makes a check that compares the learner's one with the right one.
            points: What this check is worth.
            about: The other fields of `Asked`, ``wrong`` first of all.

        Returns:
            The question, for more checks of it.

        Raises:
            ValueError: If the name is none that the learner defines; and as `check` does.
        """
        if right.__name__ not in self.names:
            raise ValueError(f"The exercise {self.name!r} does not ask for `{right.__name__}`.")
        question = Asked(right.__name__, right, **about)
        self.asked.append(question)
        if title:
            self.add(title, question.examine, points=points)
        return question


def find(name: str) -> Exercise:
    """Find an exercise.

    Args:
        name: The exercise's name.

    Returns:
        The exercise of that name.

    Raises:
        ValueError: Naming the nearest ones, if there is none.
    """
    known = {exercise.name: exercise for lesson in lessons() for exercise in exercises_of(lesson)}
    if name not in known:
        nearest = difflib.get_close_matches(str(name), known, n=3, cutoff=0.3) or list(known)
        raise ValueError(f"There is no exercise {name!r}; the nearest names are {', '.join(nearest)}.")
    return known[name]


def exercises_of(lesson: str) -> list[Exercise]:
    """The exercises of a lesson.

    Args:
        lesson: The lesson's name, such as ``4_5_1_made``.

    Returns:
        The exercises in the order of their numbers; none if no package has a folder for the lesson.

    Raises:
        ExerciseError: If two of them have the same number.
    """
    folder = folders().get(lesson)
    found = sorted(_exercises_in(folder) if folder else (), key=lambda exercise: exercise.number)
    for exercise in found:
        exercise.lesson = lesson
    for before, after in pairwise(found):
        if before.number == after.number:
            raise ExerciseError(
                f"{before.name!r} and {after.name!r} both are exercise {after.number} of lesson {lesson}."
            )
    return found


def lessons() -> list[str]:
    """The lessons that have exercises."""
    return sorted(folders())


def folders() -> dict[str, str]:
    """Where the exercises of each lesson lie: in the course, or in a package with an entry point.

    Returns:
        For each lesson the name of the package that holds its exercises.

    Raises:
        ExerciseError: If two packages hold exercises of the same lesson.
    """
    found: dict[str, str] = {}
    for package in (importlib.import_module("armod.course.exercises"), *plugins("armod.exercises").values()):
        for module in pkgutil.iter_modules(package.__path__):
            lesson, folder = module.name.removeprefix(PREFIX), f"{package.__name__}.{module.name}"
            if module.ispkg and lesson != module.name and found.setdefault(lesson, folder) != folder:
                raise ExerciseError(
                    f"{found[lesson]} and {folder} both hold the exercises of lesson {lesson}."
                )
    return found


def modules() -> list[str]:
    """The names of all modules that hold exercises: what examining will import sooner or later."""
    return [name for folder in folders().values() for name in _modules_in(folder)]


def _modules_in(folder: str) -> list[str]:
    path = importlib.import_module(folder).__path__
    return [f"{folder}.{module.name}" for module in pkgutil.iter_modules(path)]


@cache
def _exercises_in(folder: str) -> tuple[Exercise, ...]:
    """Each exercise once, though a module may have imported it from another."""
    found: dict[str, Exercise] = {}
    for name in _modules_in(folder):
        for value in vars(importlib.import_module(name)).values():
            if isinstance(value, Exercise) and found.setdefault(value.name, value) is not value:
                raise ExerciseError(
                    f"{name} and another file beside it both hold an exercise {value.name!r}."
                )
    return tuple(found.values())
