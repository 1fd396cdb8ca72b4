"""Checks are found, run and reported; no answer, however strange, gets points for anything but being right."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Any

import numpy as np
import pytest
import torch

from armod.course.exercises import Answer, CheckResult, Exercise, Mistake, Result, Status, exercises_of, find
from armod.course.exercises.engine import reading
from armod.course.exercises.engine.answer import AnswerError, InProcess
from armod.course.exercises.engine.asked import ExerciseError
from armod.course.exercises.engine.exercise import lessons, modules
from armod.course.exercises.engine.judge import judge
from armod.course.exercises.engine.reading import shown


def doubling(**fields: Any) -> Exercise:
    """The exercise of the package's own guide, with a property instead of stored answers."""
    values: dict[str, Any] = {
        "name": "coins-doubling",
        "lesson": "4_3_coins",
        "title": "Twice <as> many",
        "difficulty": "easy",
        "minutes": 5,
        "names": ("double",),
        "hints": ("What is 2 + 2?", "Add the number to itself.", "Return `n + n`."),
    }
    exercise = Exercise(**{**values, **fields})

    @exercise.check("doubles every number", points=2)
    def doubles(answer: Answer, generator: np.random.Generator) -> None:
        n = int(generator.integers(3, 1_000_000))
        got = reading.number(answer.call("double", n), "`double(n)`")
        if got == n * n:
            raise Mistake(f"`double({n})` gave the square.")
        if got != 2 * n:
            raise Mistake(f"`double({n})` gave {shown(got)}.")

    @exercise.check("doubles tensors")
    def doubles_tensors(answer: Answer, generator: np.random.Generator) -> None:
        x = torch.from_numpy(generator.integers(1, 1_000_000, size=3))
        if not torch.equal(reading.tensor(answer.call("double", x), "`double(x)`", shape=(3,)), 2.0 * x):
            raise Mistake("Not the double.")

    return exercise


def judged(source: str, *, student: int = 0) -> Result:
    names: dict[str, Any] = {}
    exec(source, names)
    return judge(doubling(), Answer(InProcess(names), student=student))


def test_a_right_answer_gets_all_points() -> None:
    result = judged("def double(n): return n + n")
    assert (result.points, result.max_points) == (3, 3)
    assert result.is_passed and result.is_answered
    assert result == judged("def double(n): return 2 * n")


def test_a_mistake_is_named_and_the_rest_still_counts() -> None:
    result = judged("def double(n): return n + n if hasattr(n, 'shape') else n * n")
    assert [check.status for check in result.checks] == [Status.MISTAKE, Status.PASSED]
    assert "gave the square" in result.checks[0].message
    assert (result.points, result.is_passed) == (1, False)


@pytest.mark.parametrize(
    "source", ["", "double = ...", "def double(n): ...", "def double(n): raise NotImplementedError"]
)
def test_a_stub_gets_nothing_and_is_told_no_error(source: str) -> None:
    result = judged(source)
    assert {check.status for check in result.checks} == {Status.NOT_ANSWERED}
    assert (result.points, result.is_answered) == (0, False)


LIES = {
    "equal to everything": "class Lie:\n    def __eq__(self, other): return True\ndef double(n): return Lie()",
    "an int that lies": "class Lie(int):\n    def __eq__(self, other): return True\n    __ne__ = None\n"
    "def double(n): return Lie(1)",
    "a float that lies": "class Lie(float):\n    def __eq__(self, other): return True\ndef double(n): return Lie(1)",
    "a list that lies": "class Lie(list):\n    def __eq__(self, other): return True\ndef double(n): return Lie([1])",
    "NaN": "def double(n): return float('nan')",
    "infinity": "def double(n): return float('inf')",
    "NaN in a tensor": "import torch\ndef double(n): return torch.full((3,), float('nan'))",
    "itself": "def double(n):\n    ring = []\n    ring.append(ring)\n    return ring",
    "without end": "import itertools\ndef double(n): return itertools.count()",
    "objects in an array": "import numpy\ndef double(n): return numpy.array([object()] * 3, dtype=object)",
    "huge": "import torch\ndef double(n): return torch.zeros(10 ** 9, dtype=torch.uint8).expand(10 ** 9)",
    "a million digits": "def double(n): return 10 ** 1_000_000",
    "a handle where data is due": "import torch\ndef double(n): return torch.nn.Linear(1, 1)",
    "text": "def double(n): return str(n)",
    "a dict": "def double(n): return {'shape': (3,), 'dtype': 'float64'}",
    "ragged": "def double(n): return [[1], [1, 2]]",
    "deep": "def double(n): return [[[[[[[1]]]]]]]",
    "a truth value": "def double(n): return True",
    "the argument itself, changed later": "def double(n): return n",
    "patched equality of tensors": "import torch\nclass Lie(torch.Tensor):\n"
    "    def __torch_function__(self, *a, **k): return True\n"
    "def double(n): return torch.ones(3).as_subclass(Lie)",
    "an error that lies": "class Mistake(Exception): pass\nclass Passed(Exception):\n"
    "    def __str__(self): raise SystemExit\ndef double(n): raise Passed",
    "leaves": "def double(n): raise SystemExit(0)",
    "a different answer each time": "calls = []\ndef double(n):\n    calls.append(n)\n    return len(calls)",
}


@pytest.mark.parametrize("source", LIES.values(), ids=LIES)
def test_a_lie_gets_no_points_and_a_message(source: str) -> None:
    result = judged(source)
    assert result.points == 0
    assert all(check.status is Status.MISTAKE and check.message for check in result.checks)


def test_an_answer_that_derails_a_check_fails_that_check_alone() -> None:
    exercise = doubling()

    @exercise.check("a careless check")
    def careless(answer: Answer, generator: np.random.Generator) -> None:
        answer.call("double", 1).fill_(1)

    result = judge(exercise, Answer(InProcess({"double": lambda n: n + n})))
    assert [check.points for check in result.checks] == [2, 1, 0]
    assert "could not read this answer" in result.checks[2].message


def test_a_silent_answer_fails_every_check() -> None:
    class Late:
        def request(self, text: str) -> str:
            raise AnswerError("TimeoutError", "no answer within 10 s")

    result = judge(doubling(), Answer(Late()))
    assert result.points == 0
    assert all("TimeoutError: no answer within 10 s" in check.message for check in result.checks)


def test_instances_are_the_same_for_one_learner_and_differ_between_two() -> None:
    wrong = "def double(n): return 0"
    assert judged(wrong) == judged(wrong)
    assert judged(wrong, student=1) != judged(wrong)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"difficulty": "impossible"}, "difficulty"),
        ({"hints": ("one", "two")}, "three"),
        ({"hints": ("one", "", "three")}, "empty"),
        ({"names": ()}, "names"),
        ({"names": "double"}, "names"),
        ({"names": ("a b",)}, "names"),
        ({"minutes": 0}, "minutes"),
        ({"number": 0}, "number"),
    ],
)
def test_a_declaration_without_sense_is_refused(fields: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        doubling(**fields)


@pytest.mark.parametrize(("title", "points"), [("doubles tensors", 1), ("new", 0)])
def test_a_check_without_points_or_title_is_refused(title: str, points: int) -> None:
    with pytest.raises(ValueError, match="title of its own"):
        doubling().check(title, points=points)


def test_exercises_are_found_by_name() -> None:
    assert find("made-masks").lesson == "4_5_1_made"
    assert find("made-masks") in exercises_of("4_5_1_made")
    assert exercises_of("no_such_lesson") == []
    with pytest.raises(ValueError, match="nearest names are made-masks"):
        find("made-mask")


def test_every_exercise_is_declared_as_it_should_be() -> None:
    every = [(lesson, exercise) for lesson in lessons() for exercise in exercises_of(lesson)]
    assert len({exercise.name for _, exercise in every}) == len(every)
    for lesson, exercise in every:
        assert exercise.lesson == lesson
        assert exercise.checks, f"{exercise.name} has no check"


def test_another_package_adds_exercises_by_its_folders(install: Any) -> None:
    root = install(
        "coins_course_names", "import coins_course\n", {"armod.exercises": {"coins": "coins_course"}}
    )
    folder = root / "coins_course" / "lesson_9_1_coins"
    folder.mkdir(parents=True)
    for package in (folder.parent, folder):
        (package / "__init__.py").touch()
    declared = (
        "from armod.course.exercises import Exercise\n"
        "{0} = Exercise('{0}', 'Coins', 'easy', 1, ('n',), ('1', '2', '3'), number={1})\n"
    )
    (folder / "a.py").write_text(declared.format("second", 2))
    (folder / "b.py").write_text(
        "from coins_course.lesson_9_1_coins.a import second\n" + declared.format("first", 1)
    )
    assert "9_1_coins" in lessons() and "4_5_1_made" in lessons()
    found = [(each.name, each.lesson) for each in exercises_of("9_1_coins")]
    assert found == [("first", "9_1_coins"), ("second", "9_1_coins")]
    assert "coins_course.lesson_9_1_coins.b" in modules()
    find("second").number = 1
    with pytest.raises(ExerciseError, match="both are exercise 1 of lesson 9_1_coins"):
        exercises_of("9_1_coins")
    folder.rename(folder.parent / "lesson_4_5_1_made")
    with pytest.raises(ExerciseError, match="both hold the exercises of lesson 4_5_1_made"):
        lessons()


def test_the_text_says_all_that_the_page_says() -> None:
    result = judged("def double(n): return n * n")
    page = _Text(result._repr_html_())
    for line in str(result).splitlines():
        for part in line.strip(" ✓→·").replace("`", "").split(": "):
            assert part in page.text
    assert "Twice <as> many" in page.text
    assert repr(result) == str(result)


def test_nothing_of_an_answer_reaches_the_page_as_markup() -> None:
    evil = CheckResult("title", 1, Status.MISTAKE, "`<script>alert(1)</script>` <img src=x onerror=alert(1)>")
    page = Result("a", "b", "<b>c</b>", (evil,))._repr_html_()
    assert "<script" not in page and "<img" not in page and "<b>" not in page


def test_a_reason_is_given_once() -> None:
    assert str(judged("")).count("There is no `double` yet") == 1


def test_results_travel_as_data() -> None:
    result = judged("def double(n): return n * n")
    assert Result.from_data(result.as_data()) == result
    assert result._repr_mimebundle_()["text/plain"] == str(result)


class _Text(HTMLParser):
    def __init__(self, page: str) -> None:
        super().__init__()
        self.text = ""
        self.feed(page)

    def handle_data(self, data: str) -> None:
        self.text += data
