"""A known mistake is named where it is the only one that fits; an exercise that cannot tell its mistakes is refused."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from armod.course.exercises import Answer, Exercise, Result, Status
from armod.course.exercises.engine.answer import InProcess
from armod.course.exercises.engine.asked import Asked, ExerciseError
from armod.course.exercises.engine.judge import judge

SQUARE, ARGUMENT, OTHERWISE = "That is the square.", "That is the argument.", "Lay as many beside them."


def double(n: int) -> int:
    return 2 * n


def some(generator: np.random.Generator) -> Iterator[tuple[int]]:
    for _ in range(2):
        yield (int(generator.integers(0, 4)),)  # 2 * 2 = 2 ** 2, and 0 tells nothing


def doubling(right: Any = double, **about: Any) -> Exercise:
    exercise = Exercise(
        "coins", "Coins", "easy", 1, ("double", "own", "pair", "tensor"), ("1", "2", "3"), lesson="l"
    )
    wrong = {SQUARE: lambda n: n * n, ARGUMENT: lambda n: n}
    exercise.asks(right, "doubles", **{"wrong": wrong, "instances": some, "otherwise": OTHERWISE} | about)
    return exercise


def judged(exercise: Exercise, student: int = 0, **names: Any) -> Result:
    return judge(exercise, Answer(InProcess(names), student=student))


def message(exercise: Exercise, student: int = 0, **names: Any) -> str:
    return judged(exercise, student, **names).checks[0].message


STUDENTS = range(30)


def test_each_known_mistake_gets_its_sentence_from_every_learner() -> None:
    for student in STUDENTS:
        assert judged(doubling(), student, double=lambda n: n + n).is_passed
        assert SQUARE in message(doubling(), student, double=lambda n: n * n)
        assert ARGUMENT in message(doubling(), student, double=lambda n: n)


def test_the_message_shows_the_first_instance_that_is_wrong() -> None:
    said = message(doubling(instances=lambda generator: [(2,), (3,)]), double=lambda n: n * n)
    assert said == f"`double(3)` gave 9. {SQUARE}"


def test_a_reply_that_no_known_mistake_gives_everywhere_is_not_named() -> None:
    instances = [(2,), (3,), (4,)]
    exercise = doubling(instances=lambda generator: instances)
    assert message(exercise, double=lambda n: n * n if n < 4 else 0).endswith(OTHERWISE)
    assert message(exercise, double=lambda n: n if n == 2 else n * n).endswith(OTHERWISE)


def test_an_error_elsewhere_is_no_known_mistake() -> None:
    def picky(n: int) -> Any:
        return n * n if n < 4 else {"none": "of them"}

    said = message(doubling(instances=lambda generator: [(3,), (4,)]), double=picky)
    assert said == f"`double(3)` gave 9. {OTHERWISE}"


def test_instances_are_drawn_until_they_tell_all_mistakes_apart() -> None:
    (asked,) = doubling().asked
    for seed in range(50):
        instances = asked.telling(np.random.default_rng(seed))
        assert instances == asked.telling(np.random.default_rng(seed))
        results = [
            tuple(function(*case) for case in instances)
            for function in (asked.right, *(function for _, function in asked.mistakes))
        ]
        assert len(set(results)) == 3


@pytest.mark.parametrize("value", [0, 2])
def test_an_exercise_whose_instances_tell_nothing_is_refused(value: int) -> None:
    exercise = doubling(instances=lambda generator: [(value,)])
    with pytest.raises(ExerciseError, match=r"`double` do not tell apart .* in 100 draws"):
        judged(exercise, double=double)


def test_the_same_mistake_twice_is_refused_unless_both_say_the_same() -> None:
    same = {SQUARE: lambda n: n * n, "n is multiplied by itself": lambda n: n**2}
    with pytest.raises(ExerciseError, match="let both say the same sentence"):
        judged(doubling(wrong=same), double=double)
    exercise = doubling(wrong={SQUARE: (lambda n: n * n, lambda n: n**2)})
    assert SQUARE in message(exercise, double=lambda n: n * n)


def test_a_value_of_ones_own_is_named_only_where_one_mistake_fits() -> None:
    def own(n: int) -> int:
        return 2 * n

    exercise = doubling(own, own=lambda student: (student,), instances=None)
    assert judged(exercise, 2, own=4).is_passed
    assert message(exercise, 3, own=9) == f"`own` is 9. {SQUARE}"
    assert message(exercise, 1, own=1) == f"`own` is 1. {OTHERWISE}"  # 1 is the square and the argument
    assert message(exercise, 3, own=5) == f"`own` is 5. {OTHERWISE}"


def test_options_of_the_right_function_make_a_wrong_one() -> None:
    def double(n: int, times: int = 2) -> int:
        return times * n

    exercise = doubling(double, wrong={"three times": {"times": 3}})
    assert "three times" in message(exercise, double=lambda n: 3 * n)


def test_where_to_look_next_may_depend_on_the_first_wrong_reply() -> None:
    exercise = doubling(
        instances=lambda generator: [(2,), (3,)],
        otherwise=lambda got, right, n: f"{got} for {n}: {'more' if got < right else 'less'}.",
    )
    assert message(exercise, double=lambda n: 4).endswith("4 for 3: more.")


def test_other_instances_need_not_tell_mistakes_apart() -> None:
    exercise = doubling()
    (asked,) = exercise.asked
    exercise.add("zero", asked.on(lambda generator: [(0,)]))
    exercise.add(
        "two", asked.on(lambda generator: [(2,)], seen=lambda got, right, n: f"Two coins make {got}?")
    )
    result = judged(exercise, double=lambda n: n * n + (n == 0))
    assert result.checks[1].message == f"`double(0)` gave 1. {OTHERWISE}"
    assert result.checks[2].status is Status.PASSED
    assert judged(exercise, double=lambda n: n).checks[2].message == f"Two coins make 2? {ARGUMENT}"


def tensor(x: Tensor) -> Tensor:
    return 2 * x


def pair(n: int) -> list[Any]:
    return [2 * n, torch.ones(n)]


def numbers(generator: np.random.Generator) -> Iterator[tuple[Tensor]]:
    yield (torch.from_numpy(generator.normal(size=3)),)


@pytest.mark.parametrize(
    ("right", "about", "wrong", "words"),
    [
        (double, {}, 2.5, "a whole number is due"),
        (double, {"instances": lambda g: [(3,)]}, "six", "is a str"),
        (tensor, {"instances": numbers}, [1.0, 2.0], r"has the shape \(2,\); \(3,\) is due"),
        (tensor, {"instances": numbers}, [1.0, 2.0, float("nan")], "holds NaN"),
        (pair, {"wrong": {}}, [1], "is a list of 1; a list of 2 is due"),
        (pair, {"wrong": {}, "instances": lambda g: [(3,)]}, [6, [1, 1]], r"item 1 has the shape \(2,\)"),
        (pair, {"wrong": {}}, 7, "is 7; a list of 2 is due"),
    ],
)
def test_a_reply_is_read_as_what_the_right_result_is(right: Any, about: Any, wrong: Any, words: str) -> None:
    result = judged(doubling(right, **about), **{right.__name__: lambda _: wrong})
    assert result.checks[0].status is Status.MISTAKE
    assert re.search(words, result.checks[0].message)


def test_a_mistake_of_another_shape_is_named_after_the_shape() -> None:
    exercise = doubling(tensor, instances=numbers, wrong={"Only the first.": lambda x: 2 * x[:1]})
    assert message(exercise, tensor=lambda x: 2 * x[:1]).endswith("(3,) is due. Only the first.")
    assert message(exercise, tensor=lambda x: 2 * x[:2]).endswith("(3,) is due.")


def test_a_mistake_may_raise_an_error_on_some_instances() -> None:
    wrong = {"Divided.": lambda n: 12 // (n - 3), SQUARE: lambda n: n * n}
    exercise = doubling(wrong=wrong, instances=lambda generator: [(1,), (3,)])
    assert message(exercise, double=lambda n: 12 // (n - 3)).endswith("Divided.")
    assert message(exercise, double=lambda n: -6).endswith(OTHERWISE)
    assert "ZeroDivisionError" in message(exercise, double=lambda n: 2 if n == 1 else n // 0)


def test_numbers_are_compared_up_to_rounding() -> None:
    exercise = doubling(tensor, instances=numbers, wrong={"tripled": lambda x: 3 * x})
    assert judged(exercise, tensor=lambda x: (x + x).float()).is_passed
    assert "tripled" in message(exercise, tensor=lambda x: 3 * x.float())


def test_not_answered_yet_stays_so() -> None:
    for names in ({}, {"double": lambda n: None}, {"double": ...}):
        assert judged(doubling(), **names).checks[0].status is Status.NOT_ANSWERED


def test_a_question_is_one_of_the_exercise() -> None:
    def halve(n: int) -> int:
        return n // 2

    with pytest.raises(ValueError, match="does not ask for `halve`"):
        doubling(halve)
    with pytest.raises(ExerciseError, match="either `instances` or `own`"):
        Asked("double", double, {}, OTHERWISE)


def test_what_is_asked_leaves_its_arguments_and_says_the_same_twice() -> None:
    def total(x: Tensor, y: Tensor) -> Tensor:
        return x + y

    exercise = Exercise("sums", "Sums", "easy", 1, ("total",), ("1", "2", "3"), lesson="l")
    exercise.asks(
        total,
        "adds",
        instances=lambda generator: [(torch.ones(2), torch.ones(2))],
        wrong={ARGUMENT: lambda x, y: x},
        otherwise=OTHERWISE,
    )
    assert judged(exercise, total=total).is_passed
    assert "`total` has changed its argument `b`" in message(exercise, total=lambda a, b: b.add_(a))
    assert "Asked twice" in message(exercise, total=lambda x, y: x + torch.rand_like(y))
    assert OTHERWISE in message(exercise, total=lambda x, y: x - y)
