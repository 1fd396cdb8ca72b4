"""What marks a class anew: an edited check of its lesson, or an edited judge; not a moved file, nor another lesson."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from armod.course.exercises.engine.exercise import lessons
from armod.course.grading import sources

HOUSE = {
    "__init__.py": "from house.engine.exercise import Exercise\nfrom house.engine import progress\n",
    "engine/__init__.py": "",
    "engine/exercise.py": 'class Exercise:\n    """Data."""\n    points = 1\n',
    "engine/judge.py": "from house.engine.exercise import Exercise\ndef judge(answer):\n    return answer == 1\n",
    "engine/progress.py": "kept = 1\n",
    "engine/reading.py": "def number(answer):\n    return int(answer)\n",
    "lesson_a/__init__.py": "from house.lesson_a import one\nexercise = one.check\n",
    "lesson_a/one.py": "from house import Exercise\nfrom house.engine import reading\ndef check(a):\n    return reading.number(a) > 1\n",
    "lesson_b.py": "from house.engine.exercise import Exercise\ndef check(a):\n    return a == 2\n",
}


def changed(path: str, old: str, new: str) -> dict[str, str]:
    assert old in HOUSE[path]
    return {**HOUSE, path: HOUSE[path].replace(old, new)}


def moved(path: str, to: str) -> dict[str, str]:
    """A module elsewhere, and whoever imports it knows."""
    (package, old), (new_package, new) = (
        f"house.{name.removesuffix('.py').replace('/', '.')}".rsplit(".", 1) for name in (path, to)
    )
    found = {to if name == path else name: text for name, text in HOUSE.items()}
    return {
        name: text.replace(f"{old}.check", f"{new}.check")
        .replace(f"from {package}.{old} import", f"from {new_package}.{new} import")
        .replace(f"from {package} import {old}\n", f"from {new_package} import {new}\n")
        for name, text in found.items()
    }


@pytest.fixture
def hashes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """The hashes of both lessons of a house with these files."""
    monkeypatch.setattr(sources, "EXERCISES", "house")
    numbers = iter(range(100))

    def of(files: dict[str, str], judge: str = "house.engine.judge") -> dict[str, str]:
        root = tmp_path / str(next(numbers))
        for name, text in files.items():
            (root / "house" / name).parent.mkdir(parents=True, exist_ok=True)
            (root / "house" / name).write_text(text)
        for name in [name for name in sys.modules if name.partition(".")[0] == "house"]:
            del sys.modules[name]
        with monkeypatch.context() as patch:
            patch.syspath_prepend(root)
            patch.setattr(sources, "JUDGE", judge)
            return sources.of_checks(("a", "b"))

    yield of
    for name in [name for name in sys.modules if name.partition(".")[0] == "house"]:
        del sys.modules[name]


SAME = {
    "a comment": changed("lesson_a/one.py", "    return", "    # why\n    return"),
    "the layout": changed("lesson_a/one.py", "> 1\n", "> (\n        1\n    )\n"),
    "a docstring": changed("engine/exercise.py", "Data.", "Data and more."),
    "what no check imports": changed("engine/progress.py", "1", "2"),
    "a moved check": moved("lesson_a/one.py", "lesson_a/first.py"),
    "a moved part of the engine": moved("engine/exercise.py", "machinery.py"),
}


@pytest.mark.parametrize("name", SAME)
def test_what_changes_no_mark_changes_no_hash(name: str, hashes) -> None:
    assert SAME[name] != HOUSE
    assert hashes(SAME[name]) == hashes(HOUSE)


def test_a_moved_judge_is_the_same_judge(hashes) -> None:
    assert hashes(moved("engine/judge.py", "engine/judging.py"), "house.engine.judging") == hashes(HOUSE)


CHANGED = {
    "a check": (changed("lesson_a/one.py", "> 1", "> 2"), "a"),
    "a check of another lesson": (changed("lesson_b.py", "== 2", "== 3"), "b"),
    "what a check imports": (changed("engine/reading.py", "int(", "float("), "a"),
    "the judge": (changed("engine/judge.py", "== 1", "== 2"), "ab"),
    "what the judge imports": (changed("engine/exercise.py", "= 1", "= 2"), "ab"),
    "from where a check imports outside": (
        changed("lesson_b.py", "def check", "from math import sqrt\ndef check"),
        "b",
    ),
}


@pytest.mark.parametrize("name", CHANGED)
def test_what_may_change_marks_changes_the_hashes_of_its_lessons(name: str, hashes) -> None:
    files, which = CHANGED[name]
    before, after = hashes(HOUSE), hashes(files)
    assert {lesson for lesson in before if before[lesson] != after[lesson]} == set(which)


def test_each_lesson_of_the_course_has_a_hash_of_its_own() -> None:
    found = sources.of_checks(lessons())
    assert len(set(found.values())) == len(found) == len(lessons())


def test_a_lessons_release_is_its_notebook(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / f"{name}.ipynb").write_text(name)
    before = sources.of_releases(tmp_path, ("a", "b"))
    (tmp_path / "b.ipynb").write_text("other")
    after = sources.of_releases(tmp_path, ("a", "b"))
    assert {name for name in before if before[name] != after[name]} == {"b", ""}
    assert sources.of_releases(tmp_path, ("nowhere",))["nowhere"] not in after.values()
