"""What an answer leaves behind, asked of every exercise: changed arguments, and a memory of the call before."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor

from armod.course.exercises import Answer, Exercise, Result
from armod.course.exercises.engine.answer import InProcess
from armod.course.exercises.engine.judge import judge
from tests.course.exercises.mutants import SOLUTIONS, exercises, solved

TRAINED = [
    "recurrent-training",
    "made-training",
    "wavenet-training",
    "pixelcnn-training",
    "variants-budget",
    "parallel-student",
]
FUNCTIONS = [
    pytest.param(exercise, name, id=f"{exercise.name}: {name}", marks=[pytest.mark.slow] if exercise.name in TRAINED else [])
    for exercise in exercises()
    for name in exercise.names
    if re.search(rf"^def {name}\(", (SOLUTIONS / f"{exercise.lesson}.py").read_text(encoding="utf-8"), re.MULTILINE)
]  # fmt: skip
every_function = pytest.mark.parametrize(("exercise", "name"), FUNCTIONS)


def _judged(exercise: Exercise, name: str, wrapped: Callable[..., Any]) -> Result:
    names = dict(solved(exercise.lesson, 0)) | {name: wrapped}
    return judge(exercise, Answer(InProcess(names)))


@every_function
def test_who_writes_into_an_argument_is_told(exercise: Exercise, name: str) -> None:
    """The result is right; only the caller's tensors and lists are not what they were."""
    right, changed = solved(exercise.lesson, 0)[name], []

    def spoils(*arguments: Any) -> Any:
        result = right(*arguments)
        changed.append(any([_spoil(argument) for argument in arguments]))
        return result

    result = _judged(exercise, name, spoils)
    messages = [check.message for check in result.checks]
    assert any(f"`{name}` has changed its argument `arguments`" in each for each in messages) == any(changed)


def _spoil(argument: Any) -> bool:
    """Change it, if it can be changed."""
    if isinstance(argument, Tensor) and argument.numel():
        argument.logical_not_() if argument.dtype == torch.bool else argument.add_(1)
    elif isinstance(argument, list):
        argument.append(argument[0] if argument else 0)
    elif isinstance(argument, dict):
        argument.clear()
    else:
        return False
    return True


@pytest.mark.slow
@every_function
def test_who_remembers_the_call_before_is_wrong(exercise: Exercise, name: str) -> None:
    """As with a default that is a list, or a global table that is filled once."""
    right, kept = solved(exercise.lesson, 0)[name], []

    def remembers(*arguments: Any) -> Any:
        kept[1:] = [right(*arguments)]
        kept[:1] = kept[:1] or kept[1:]
        return kept[0]

    assert not _judged(exercise, name, remembers).is_passed


@pytest.mark.slow
@every_function
def test_who_draws_from_a_global_generator_is_told_or_right(exercise: Exercise, name: str) -> None:
    """A layer made and thrown away draws from it, too: that is forbidden only where a generator is the subject."""
    right = solved(exercise.lesson, 0)[name]

    def draws(*arguments: Any) -> Any:
        torch.rand(3)
        return right(*arguments)

    result = _judged(exercise, name, draws)
    messages = [check.message for check in result.checks]
    assert any("the global generator of `torch`" in each for each in messages) == (name == "my_degrees")
    assert result.is_passed == (name != "my_degrees")
