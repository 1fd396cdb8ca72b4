"""Examine an answer by an exercise's checks, wherever the answer lives; nothing that it does makes this fail."""

from __future__ import annotations

import hashlib

import numpy as np

from armod.course.exercises.engine.answer import Answer, AnswerError, NotAnswered
from armod.course.exercises.engine.asked import ExerciseError
from armod.course.exercises.engine.exercise import Check, Exercise, Mistake
from armod.course.exercises.engine.result import CheckResult, Result, Status


def judge(exercise: Exercise, answer: Answer) -> Result:
    """Examine an answer by every check of an exercise.

    Args:
        exercise: the exercise.
        answer: the learner's names.

    Returns:
        The result of every check, the same for the same answer and ``answer.student``.

    Raises:
        ExerciseError: if the exercise itself is at fault.
    """
    checks = tuple(_examined(check, exercise, answer) for check in exercise.checks)
    return Result(exercise.name, exercise.lesson, exercise.title, checks)


def _examined(check: Check, exercise: Exercise, answer: Answer) -> CheckResult:
    status, message = Status.MISTAKE, ""
    try:
        check.function(answer, _generator(check, exercise, answer.student))
        status = Status.PASSED
    except NotAnswered as gap:
        status, message = Status.NOT_ANSWERED, f"{gap}."
    except Mistake as mistake:
        message = str(mistake)
    except AnswerError as problem:
        message = f"{problem}, when asked for `{_cut(problem.question)}`."
    except ExerciseError:
        raise  # whatever the answer is
    except (Exception, SystemExit) as problem:
        # A check that a strange answer can derail must not take a whole class with it.
        message = f"The check could not read this answer; it has another form than asked ({type(problem).__name__})."
    return CheckResult(check.title, check.points, status, message)


def _cut(question: str) -> str:
    """The error comes first and is what to mend; of a long call its beginning tells enough."""
    return question if len(question) <= 80 else f"{question[:79]}…"


def _generator(check: Check, exercise: Exercise, student: int) -> np.random.Generator:
    text = f"{exercise.name}\0{check.title}\0{student}"
    return np.random.default_rng(int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "little"))
