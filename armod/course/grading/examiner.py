"""Judge answers in the trusted process: the visible checks of an exercise, and an instructor's hidden ones.

Hidden checks have the form of visible ones. A folder holds Python files such as::

    from armod.course.exercises import Mistake, find, reading

    made_counts = find("made-counts")

    @made_counts.check("a network with one input", points=2)
    def one_input(answer, generator):
        ...

Neither the checks nor what they expect ever enter the sandbox: questions go in, plain data come out.
"""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from armod.course.errors import CourseError
from armod.course.exercises.engine.answer import Answer, AnswerError, NotAnswered, Transport
from armod.course.exercises.engine.exercise import Check, Exercise, Mistake, exercises_of, lessons
from armod.course.exercises.engine.judge import judge
from armod.course.exercises.engine.result import Result
from armod.course.grading.budget import TooSlow, budget
from armod.course.grading.confinement.limits import MAX_STUDENT, Limits

Hidden = Mapping[str, Sequence[Check]]  # by the exercise's name


@dataclass(frozen=True)
class Mark:
    """The marks of one exercise: the result of its visible checks and, apart from them, that of the hidden ones."""

    visible: Result
    hidden: Result

    @property
    def points(self) -> int:
        """The points of all checks."""
        return self.visible.points + self.hidden.points

    @property
    def max_points(self) -> int:
        """The points that a right answer gets."""
        return self.visible.max_points + self.hidden.max_points

    def as_data(self) -> dict[str, Any]:
        """The mark as plain data; `from_data` reads it."""
        return {"visible": self.visible.as_data(), "hidden": self.hidden.as_data()}

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> Mark:
        """The mark that `as_data` wrote; KeyError, TypeError or ValueError for anything else."""
        return cls(Result.from_data(data["visible"]), Result.from_data(data["hidden"]))


@dataclass(frozen=True)
class Examiner:
    """Asks about the exercises of a lesson: what `armod.course.grading.examination.run` calls as ``examine``.

    Args:
        exercises: The exercises, by name.
        hidden: Hidden checks, by the name of the exercise.
        student: The number that seeds what is each learner's own.
        check_seconds: The seconds that one check may compute.
        is_fixed: Whether ``student`` is not the learner's to choose; if it is, what their notebook calls ``student`` when
            the exercise is asked about counts, as it does in a self-check.
        numbers: What their notebook called ``student``, where it was another number, by the name of the exercise.
    """

    exercises: Mapping[str, Exercise]
    hidden: Hidden
    student: int = 0
    check_seconds: float = Limits.check_seconds
    is_fixed: bool = False
    numbers: dict[str, int] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        lesson: str,
        *,
        student: int = 0,
        check_seconds: float = Limits.check_seconds,
        is_fixed: bool = False,
    ) -> Examiner:
        """The examiner of a lesson's visible checks."""
        exercises = {exercise.name: exercise for exercise in exercises_of(lesson)}
        return cls(exercises, {}, student, check_seconds, is_fixed)

    def hiding(self, hidden: Hidden) -> Examiner:
        """The same examiner with these hidden checks and no visible one."""
        exercises = {name: replace(exercise, checks=[]) for name, exercise in self.exercises.items()}
        return replace(self, exercises=exercises, hidden=hidden)

    def __call__(self, name: str, transport: Transport) -> Mark:
        """The mark of one exercise."""
        exercise, student = self.exercises[name], self._number(name, transport)
        visible, hidden = (
            judge(
                replace(exercise, checks=[self._limited(check) for check in checks]),
                Answer(transport, student=student),
            )
            for checks in (exercise.checks, self.hidden.get(name, ()))
        )
        return Mark(visible, hidden)

    def _number(self, name: str, transport: Transport) -> int:
        """The learner's number when this exercise is asked about."""
        try:
            found = Answer(transport).value("student")
        except (AnswerError, NotAnswered):
            return self.student
        if type(found) is not int or not 0 <= found < MAX_STUDENT or found == self.student:
            return self.student
        self.numbers[name] = found
        return self.student if self.is_fixed else found

    def _limited(self, check: Check) -> Check:
        """The check with a limit to its computing, so that no answer keeps the examiner busy for ever."""

        def function(answer: Answer, generator: np.random.Generator) -> None:
            try:
                with budget(self.check_seconds):
                    check.function(answer, generator)
            except TooSlow:
                raise Mistake(
                    f"The check gave up: over this answer it had to compute for more than {self.check_seconds:g} s."
                ) from None

        return replace(check, function=function)


def hidden_checks(folder: Path) -> Hidden:
    """The checks in the Python files of a folder; the exercises are left as they were.

    Args:
        folder: The instructor's folder.

    Returns:
        The checks, by the name of the exercise.

    Raises:
        CourseError: If there is no such folder, or one of its files can't be run or adds no check.
    """
    if not folder.is_dir():
        raise CourseError(f"There is no folder {folder} of hidden checks.")
    exercises = [exercise for lesson in lessons() for exercise in exercises_of(lesson)]
    found: dict[str, list[Check]] = {}
    for path in sorted(folder.glob("*.py")):
        before = {exercise.name: len(exercise.checks) for exercise in exercises}
        try:
            _execute(path)
        except (Exception, SystemExit) as problem:
            raise CourseError(f"{path} can't be run: {type(problem).__name__}: {problem}") from problem
        finally:
            added = {exercise.name: exercise.checks[before[exercise.name] :] for exercise in exercises}
            for exercise in exercises:
                del exercise.checks[before[exercise.name] :]
        if not any(added.values()):
            raise CourseError(f"{path} adds no check; write @find('EXERCISE').check('title', points=1).")
        for name, checks in added.items():
            found.setdefault(name, []).extend(checks)
    return {name: checks for name, checks in found.items() if checks}


def _execute(path: Path) -> None:
    name = "armod_hidden_" + re.sub(r"\W", "_", path.stem)
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None and spec.loader is not None
    spec.loader.exec_module(importlib.util.module_from_spec(spec))
