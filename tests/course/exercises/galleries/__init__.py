"""Right answers by other people's habits: numpy, loops, lists, other formulas, torch's and armod's own functions.

``lesson_LESSON.py`` beside this file holds ``GALLERY``: for each exercise of the lesson its answers, each a title and a source
that defines names of the exercise anew. A check that refuses one of them is unfair.
"""

from __future__ import annotations

import importlib
import pkgutil

from armod.course.exercises import Answer, Result
from armod.course.exercises.engine.answer import InProcess
from armod.course.exercises.engine.exercise import PREFIX
from armod.course.exercises.engine.judge import judge
from tests.course.exercises.mutants import named, solved

Gallery = dict[str, dict[str, str]]


def galleries() -> dict[str, Gallery]:
    """The galleries of all lessons that have one."""
    names = [module.name for module in pkgutil.iter_modules(__path__) if module.name.startswith(PREFIX)]
    return {
        name.removeprefix(PREFIX): importlib.import_module(f"{__name__}.{name}").GALLERY for name in names
    }


def judged(exercise: str, source: str, *, student: int = 0) -> Result:
    """What an answer of the gallery gets, in the place of the solution's own."""
    names = dict(solved(named(exercise).lesson, student))
    exec(compile(source, exercise, "exec"), names)
    return judge(named(exercise), Answer(InProcess(names), student=student))


def of_right(name: str, arguments: str, value: str) -> str:
    """A source whose ``value`` is made of what the solution returns, which is called ``right``."""
    return (
        f"_{name} = {name}\ndef {name}({arguments}):\n    right = _{name}({arguments})\n    return {value}\n"
    )
