"""Exercises are derived from their solutions, and from nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from armod.course.errors import CourseError
from armod.course.exercises.engine.exercise import Exercise
from armod.course.lessons import derive
from armod.course.lessons.build import check, sync
from armod.course.lessons.derive import derived, stub, tagged
from armod.course.lessons.pair import code_cells, read_notebook, read_source
from tests.course.lessons.tiny import make_course, source

DOUBLING = Exercise(
    name="coins-doubling",
    lesson="coins",
    title="Twice as many",
    difficulty="easy",
    minutes=1,
    names=("double", "answer"),
    hints=("first hint", "second hint", "third hint"),
)


@DOUBLING.check("doubles")
def doubles(answer, generator):
    assert answer.call("double", 2) == 4


CELLS = """
# %% [markdown] tags=["statement:coins-doubling"]
# ## Twice as many
#
# Write `double(n)`.


# %% tags=["answer:coins-doubling"]
def double(n):
    \"\"\"The double of n.\"\"\"
    ### BEGIN SOLUTION
    secret = n + n
    return secret
    ### END SOLUTION


# %% tags=["check:coins-doubling"]
print(double(2))
"""


@pytest.fixture
def course(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = make_course(tmp_path / "course")
    monkeypatch.setenv("ARMOD_COURSE", str(folder))
    monkeypatch.setattr(derive, "exercises_of", lambda lesson: [DOUBLING] if lesson == "coins" else [])
    monkeypatch.setattr(derive, "of_checks", lambda lessons: dict.fromkeys(lessons, "its checks"))
    path = folder / "notebooks" / "solutions" / "coins.py"
    path.parent.mkdir()
    path.write_text(source() + CELLS)
    return path


def test_the_exercise_has_a_stub_the_facts_and_the_hints(course: Path) -> None:
    text = derived(course)
    assert "secret" not in text and "SOLUTION" not in text
    assert '    """The double of n."""\n    ...  # your code\n' in text
    assert "# **Difficulty** easy · **Time** 1 minute · **Worth** 1 point\n" in text
    places = [
        text.index(part) for part in ("## Twice", "Write `double(n)`", "Hint 1", "first", "second", "third")
    ]
    assert places == sorted(places)
    assert text.count("<details>") == text.count("</details>") == 3
    assert "my_exercises/coins.ipynb" in text


def test_the_parts_keep_their_tags_and_the_rest_its_form(course: Path, tmp_path: Path) -> None:
    path = tmp_path / "derived.py"
    path.write_text(derived(course))
    before, after = read_source(course).cells, read_source(path).cells
    assert [cell.metadata.get("tags") for cell in before] == [cell.metadata.get("tags") for cell in after]
    assert [part for cell in after for part in tagged(cell)] == [
        (role, "coins-doubling") for role in ("statement", "answer", "check")
    ]
    assert after[1].source == before[1].source and after[-1].source == before[-1].source


def test_sync_derives_then_builds_and_check_finds_drift(course: Path) -> None:
    target = course.parents[1] / "exercises" / "coins.py"
    assert "exercises/coins" in [drift.name for drift in check()]
    assert sync(["solutions/coins", "exercises/coins"], say=lambda line: None) == []
    assert check(["solutions/coins", "exercises/coins"]) == []
    outputs = [
        code_cells(read_notebook(path.with_suffix(".ipynb")))[-1].outputs[0].text for path in (course, target)
    ]
    assert outputs == ["4\n", "None\n"]

    target.write_text(target.read_text().replace("first hint", "a hint of somebody's own"))
    assert any("not what its solution gives" in drift.sentence for drift in check(["exercises/coins"]))
    course.write_text(course.read_text().replace("Write `double(n)`", "Please write `double(n)`"))
    assert sync(["exercises/coins"], say=lambda line: None) == []
    assert "Please write" in target.read_text() and "somebody" not in target.read_text()
    assert "Please write" in target.with_suffix(".ipynb").read_text()


def test_changed_checks_make_the_outputs_stale(course: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sync(["solutions/coins", "exercises/coins"], say=lambda line: None)
    monkeypatch.setattr(derive, "of_checks", lambda lessons: dict.fromkeys(lessons, "another check"))
    assert {drift.name for drift in check(["solutions/coins", "exercises/coins"])} == {
        "solutions/coins",
        "exercises/coins",
    }
    assert all("not those of this code" in drift.sentence for drift in check(["solutions/coins"]))


def test_an_exercise_without_a_solution_is_reported(course: Path) -> None:
    stray = course.parents[1] / "exercises" / "stray.py"
    stray.parent.mkdir()
    stray.write_text(source("1"))
    assert any(drift.name == "exercises/stray" and "no solution" in drift.sentence for drift in check())


def test_a_malformed_solution_is_reported_and_no_other_lesson_hindered(course: Path) -> None:
    course.write_text(course.read_text().replace("    ### END SOLUTION\n", ""))
    assert [drift.name for drift in sync(["index"], say=lambda line: None)] == []
    assert any(drift.name == "solutions/coins" and "END SOLUTION" in drift.sentence for drift in check())


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("answer:coins-doubling", "answer:coins-halving", "declares no such exercise"),
        (' tags=["check:coins-doubling"]', "", "needs three cells"),
        ("statement:coins-doubling", "check:coins-doubling", "is a markdown cell"),
        ('"parameters"', '"numbers"', "tagged 'parameters'"),
        ("### BEGIN SOLUTION", "### BEGIN", "unpaired"),
        ("### END SOLUTION", "### BEGIN SOLUTION", "unpaired"),
    ],
)
def test_a_wrong_solution_is_one_sentence(course: Path, old: str, new: str, words: str) -> None:
    course.write_text(course.read_text().replace(old, new))
    with pytest.raises(CourseError, match=words):
        derived(course)


@pytest.mark.parametrize(
    ("cell", "left"),
    [
        (
            "def f():\n    ### BEGIN SOLUTION\n    return 1\n    ### END SOLUTION",
            "def f():\n    ...  # your code",
        ),
        ("### BEGIN SOLUTION\na = 1\nb = a\n### END SOLUTION\nprint(b)", "b = ...\nprint(b)"),
        ("### BEGIN SOLUTION\nb, c = 1, 2\n### END SOLUTION", "b = ...\nc = ..."),
        (
            "class M:\n    def f(self):\n        ### BEGIN SOLUTION\n        return 1\n        ### END SOLUTION\n"
            "    def g(self):\n        ### BEGIN SOLUTION\n        return 2\n        ### END SOLUTION",
            "class M:\n    def f(self):\n        ...  # your code\n    def g(self):\n        ...  # your code",
        ),
    ],
)
def test_stubs(cell: str, left: str) -> None:
    assert stub(cell, ["b", "c"]) == left


@pytest.mark.parametrize(
    ("cell", "words"),
    [
        ("b = 1", "between the lines"),
        ("### BEGIN SOLUTION\nb = 1", "between the lines"),
        ("### END SOLUTION", "unpaired"),
        ("### BEGIN SOLUTION\nd = 1\n### END SOLUTION", "assigns none of its names"),
        ("### BEGIN SOLUTION\ndef b(): pass\n### END SOLUTION", "leave the `def` line outside"),
        ("if True:\n### BEGIN SOLUTION\n    b = 1\n### END SOLUTION", "no valid Python as its solution"),
        ("if True:\n### BEGIN SOLUTION\nb = 1\n### END SOLUTION", "no valid Python without"),
    ],
)
def test_cells_without_a_clear_solution_are_refused(cell: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        stub(cell, ["b", "c"])
