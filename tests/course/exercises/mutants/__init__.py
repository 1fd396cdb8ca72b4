"""Wrong answers that the checks must catch, and call by their name.

``lesson_LESSON.py`` beside this file holds the list ``MUTANTS``. `python -m tests.course.exercises.mutants` prints the table.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from functools import cache
from typing import Any

from armod.course.exercises import Answer, Exercise, Result, Status, exercises_of, find
from armod.course.exercises.engine.answer import InProcess
from armod.course.exercises.engine.exercise import lessons
from armod.course.exercises.engine.judge import judge
from armod.course.lessons.pair import code_cells, has_tag, read_source
from tests.checkout import CHECKOUT

SOLUTIONS = CHECKOUT / "notebooks" / "solutions"


@dataclass(frozen=True)
class Mutant:
    """A wrong answer: ``source`` defines names of the exercise anew, ``says`` must stand in a message that it gets."""

    exercise: str
    title: str
    says: str
    source: str


def exercises() -> list[Exercise]:
    """Every exercise of the course."""
    return [exercise for lesson in lessons() for exercise in exercises_of(lesson)]


def mutants() -> list[Mutant]:
    """Every mutant of every lesson."""
    return [mutant for lesson in lessons() for mutant in _module(lesson).MUTANTS]


def judged_reference(exercise: Exercise, *, student: int = 0) -> Result:
    """What the solution gets."""
    return judge(exercise, Answer(InProcess(dict(_solved(exercise.lesson, student))), student=student))


def judged_mutant(mutant: Mutant, *, student: int = 0) -> Result:
    """What the mutant gets, in the place of the solution's own answer."""
    exercise = find(mutant.exercise)
    names = dict(_solved(exercise.lesson, student))
    exec(compile(mutant.source, mutant.title, "exec"), names)
    return judge(exercise, Answer(InProcess(names), student=student))


def is_killed(mutant: Mutant, result: Result) -> bool:
    """Whether a check failed with the words that name the cause."""
    return any(check.status is Status.MISTAKE and mutant.says in check.message for check in result.checks)


@cache
def _solved(lesson: str, student: int) -> dict[str, Any]:
    """The names after a run of the solution notebook, its checks left out."""
    names: dict[str, Any] = {"__name__": "__main__"}
    for cell in code_cells(read_source(SOLUTIONS / f"{lesson}.py")):
        if not any(tag.startswith("check:") for tag in cell.metadata.get("tags", [])):
            exec(compile(cell.source, f"{lesson}.py", "exec"), names)
        if has_tag(cell, "parameters"):
            names.update(quick=True, student=student)
    return names


def _module(lesson: str) -> Any:
    return importlib.import_module(f"tests.course.exercises.mutants.lesson_{lesson}")
