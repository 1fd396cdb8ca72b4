"""Wrong answers that the checks must catch, and call by their name.

Most are the wrong functions that an exercise knows itself. What no function can be - a class, a state, an exception,
code as it was published - is written in ``lesson_LESSON.py`` beside this file, in the list ``MUTANTS``.
`python -m tests.course.exercises.mutants` prints the table.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import torch

from armod.course.exercises import Answer, Exercise, Result, Status, exercises_of
from armod.course.exercises.engine.answer import InProcess
from armod.course.exercises.engine.asked import Asked
from armod.course.exercises.engine.exercise import lessons
from armod.course.exercises.engine.judge import judge
from armod.course.lessons.pair import code_cells, has_tag, read_source
from tests.checkout import CHECKOUT

SOLUTIONS = CHECKOUT / "notebooks" / "solutions"
_judged: dict[tuple[str, str, int], Result] = {}


@dataclass(frozen=True)
class Mutant:
    """A wrong answer: ``source`` defines names of the exercise anew, ``says`` must stand in a message that it gets.

    Of a wrong function that the exercise knows, ``asked`` is the question and ``function`` the answer.
    """

    exercise: str
    title: str
    says: str
    source: str = ""
    asked: Asked | None = None
    function: Callable[..., Any] | None = None

    def can_be_told(self, student: int) -> bool:
        """Whether this student's own numbers tell it from the right answer and from the other known ones."""
        if self.asked is None or self.asked.own is None:
            return True
        own, mine = self.asked.own(student), self.function
        others = [self.asked.right, *(wrong for said, wrong in self.asked.mistakes if said != self.says)]
        return not any(self.asked.is_same(mine(*own), other(*own)) for other in others)


def exercises() -> list[Exercise]:
    """Every exercise of the course."""
    return [exercise for lesson in lessons() for exercise in exercises_of(lesson)]


@cache
def named(name: str) -> Exercise:
    """The exercise of that name; `armod.course.exercises.find` walks through all folders each time that it is asked."""
    (found,) = [exercise for exercise in exercises() if exercise.name == name]
    return found


def mutants() -> list[Mutant]:
    """Every mutant of every lesson."""
    return [mutant for lesson in lessons() for mutant in (*_known(lesson), *_written(lesson))]


def judged_reference(exercise: Exercise, *, student: int = 0) -> Result:
    """What the solution gets."""
    return judge(exercise, Answer(InProcess(dict(solved(exercise.lesson, student))), student=student))


def judged_mutant(mutant: Mutant, *, student: int = 0) -> Result:
    """What the mutant gets, in the place of the solution's own answer; the same object when it is asked for again."""
    key = mutant.exercise, mutant.title, student
    if key not in _judged:
        _judged[key] = _judge_mutant(mutant, student)
    return _judged[key]


def _judge_mutant(mutant: Mutant, student: int) -> Result:
    exercise = named(mutant.exercise)
    names = dict(solved(exercise.lesson, student))
    exec(compile(mutant.source, mutant.title, "exec"), names)
    if mutant.asked:
        own = mutant.asked.own
        names[mutant.asked.name] = mutant.function(*own(student)) if own else mutant.function
    with torch.random.fork_rng():
        torch.manual_seed(0)  # a mutant that draws for itself is as lucky each time
        return judge(exercise, Answer(InProcess(names), student=student))


def is_killed(mutant: Mutant, result: Result) -> bool:
    """Whether a check failed with the words that name the cause; and with no other cause that the exercise knows."""
    messages = [check.message for check in result.checks if check.status is Status.MISTAKE]
    return any(mutant.says in message for message in messages) and not _said(mutant, messages)


def is_misnamed(mutant: Mutant, result: Result) -> bool:
    """Whether it got a sentence that is another mistake's."""
    return bool(_said(mutant, [check.message for check in result.checks]))


def _said(mutant: Mutant, messages: list[str]) -> set[str]:
    if mutant.asked is None:
        return set()
    asked = [each for each in named(mutant.exercise).asked if each.name == mutant.asked.name]
    known = {said for each in asked for said in each.wrong} - {mutant.says}
    return {said for said in known if any(said in message for message in messages)}


@cache
def solved(lesson: str, student: int) -> dict[str, Any]:
    """The names after a run of the solution notebook, its checks left out."""
    names: dict[str, Any] = {"__name__": "__main__"}
    for cell in code_cells(read_source(SOLUTIONS / f"{lesson}.py")):
        if not any(tag.startswith("check:") for tag in cell.metadata.get("tags", [])):
            exec(compile(cell.source, f"{lesson}.py", "exec"), names)
        if has_tag(cell, "parameters"):
            names.update(quick=True, student=student)
    return names


def _known(lesson: str) -> list[Mutant]:
    """The wrong functions of the lesson's exercises."""
    return [
        Mutant(exercise.name, f"{asked.name}, {number}: {said}", said, asked=asked, function=function)
        for exercise in exercises_of(lesson)
        for asked in exercise.asked
        for number, (said, function) in enumerate(asked.mistakes, 1)
    ]


def _written(lesson: str) -> list[Mutant]:
    name = f"tests.course.exercises.mutants.lesson_{lesson}"
    return importlib.import_module(name).MUTANTS if importlib.util.find_spec(name) else []
