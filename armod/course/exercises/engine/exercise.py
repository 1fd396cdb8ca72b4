"""Exercises as data with their checks, and where to find them. The package's text says how to write one."""

from __future__ import annotations

import difflib
import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal, get_args

import numpy as np

from armod.course.exercises.engine.answer import Answer

Difficulty = Literal["easy", "medium", "hard", "stretch"]
CheckFunction = Callable[[Answer, np.random.Generator], None]
PREFIX = "lesson_"  # of the modules in this package that hold exercises


class Mistake(Exception):
    """Raised by a check: what was seen on which instance, and what to look at next; never the solution."""


@dataclass(frozen=True)
class Check:
    """One thing that is examined: its title in the result, its points, and the function that raises `Mistake`."""

    title: str
    points: int
    function: CheckFunction


@dataclass(frozen=True)
class Exercise:
    """One exercise of a lesson; ``names`` are what the learner must define, ``hints`` three, from a nudge on.

    Raises:
        ValueError: for a field that no exercise can have, naming it.
    """

    name: str
    lesson: str
    title: str
    difficulty: Difficulty
    minutes: int
    names: tuple[str, ...]
    hints: tuple[str, str, str]
    checks: list[Check] = field(default_factory=list)

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
        if self.minutes < 1:
            raise ValueError(f"{about} takes {self.minutes} minutes; at least 1 is due.")

    @property
    def max_points(self) -> int:
        """The points of all its checks."""
        return sum(check.points for check in self.checks)

    def check(self, title: str, *, points: int = 1) -> Callable[[CheckFunction], CheckFunction]:
        """Make the function below it a check of this exercise.

        Raises:
            ValueError: if the points are no positive number, or the exercise has a check of that title already.
        """
        if points < 1 or title in [check.title for check in self.checks]:
            raise ValueError(
                f"The check {title!r} of {self.name!r} needs at least one point and a title of its own."
            )

        def registered(function: CheckFunction) -> CheckFunction:
            self.checks.append(Check(title, points, function))
            return function

        return registered


def find(name: str) -> Exercise:
    """The exercise of that name.

    Raises:
        ValueError: naming the nearest ones, if there is none.
    """
    known = {exercise.name: exercise for lesson in lessons() for exercise in exercises_of(lesson)}
    if name not in known:
        nearest = difflib.get_close_matches(str(name), known, n=3, cutoff=0.3) or list(known)
        raise ValueError(f"There is no exercise {name!r}; the nearest names are {', '.join(nearest)}.")
    return known[name]


def exercises_of(lesson: str) -> list[Exercise]:
    """The exercises of a lesson in the order in which its file declares them; none if it has no such file."""
    if lesson not in lessons():
        return []
    module = importlib.import_module(f"armod.course.exercises.{PREFIX}{lesson}")
    return [value for value in vars(module).values() if isinstance(value, Exercise)]


def lessons() -> list[str]:
    """The lessons that have exercises."""
    package = importlib.import_module("armod.course.exercises")
    names = [module.name for module in pkgutil.iter_modules(package.__path__)]
    return sorted(name.removeprefix(PREFIX) for name in names if name.startswith(PREFIX))
