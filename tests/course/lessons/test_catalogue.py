from __future__ import annotations

from pathlib import Path

import pytest

import armod
from armod.course.errors import CourseError
from armod.course.lessons.catalogue import Lesson, course_folder, lesson, lessons, name_of, sources
from tests.course.lessons.tiny import HEAD, make_course, source


@pytest.fixture
def course(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = make_course(tmp_path / "course", coins="1", dice="2")
    monkeypatch.setenv("ARMOD_COURSE", str(folder))
    return folder


def test_a_lesson_is_what_its_head_says(course: Path) -> None:
    path = course.resolve() / "notebooks" / "coins.py"
    assert lesson("coins") == Lesson(
        name="coins",
        path=path,
        title="1.1 Coins: one number",
        question="How probable is heads?",
        objectives=("count heads and tails", "say $p_{<d}$ aloud"),
        minutes=15,
        needs=("fractions", "coins"),
        teaches=("Bernoulli", "maximum likelihood"),
    )
    assert lesson("coins").notebook == path.with_suffix(".ipynb")


def test_the_map_is_no_lesson(course: Path) -> None:
    assert [each.name for each in lessons()] == ["coins", "dice"]
    with pytest.raises(CourseError, match="course map"):
        lesson("index")


def test_a_wrong_name_lists_the_nearest(course: Path) -> None:
    with pytest.raises(CourseError, match=r"no lesson 'coinz'; the nearest names are coins"):
        lesson("coinz")


@pytest.mark.parametrize(
    "line, missing",
    [
        ("# # 1.1 Coins: one number\n", "a title"),
        ("# **How probable is heads?**\n", "the question"),
        ("# After this lesson you can\n", "objectives"),
        (" · **Needs** fractions; coins", "Minutes"),
        ("# %% [markdown]\n", "first markdown cell"),
    ],
)
def test_a_malformed_head_names_the_file_and_what_is_missing(course: Path, line: str, missing: str) -> None:
    path = course / "notebooks" / "coins.py"
    path.write_text(source("1", head=HEAD.replace(line, "")))
    with pytest.raises(CourseError, match=rf"coins\.py: .*{missing}"):
        lesson("coins")


def test_sources_are_the_map_the_lessons_and_if_asked_the_subfolders(course: Path) -> None:
    (course / "notebooks" / "solutions").mkdir()
    (course / "notebooks" / "solutions" / "coins.py").write_text(source("3"))
    assert [name_of(path) for path in sources()] == ["index", "coins", "dice"]
    assert [name_of(path) for path in sources(subfolders=True)][-1] == "solutions/coins"
    assert [name_of(path) for path in sources(["solutions/coins", "notebooks/dice.ipynb", "dice"])] == [
        "solutions/coins",
        "dice",
    ]


def test_the_course_is_found_from_a_folder_inside_it(course: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ARMOD_COURSE")
    monkeypatch.chdir(course / "notebooks")
    assert course_folder() == course.resolve()


def test_elsewhere_the_course_is_the_checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ARMOD_COURSE", raising=False)
    monkeypatch.chdir(tmp_path)
    checkout = make_course(tmp_path / "checkout")
    monkeypatch.setattr(armod, "__file__", str(checkout / "armod" / "__init__.py"))
    assert course_folder() == checkout.resolve()
    monkeypatch.setattr(armod, "__file__", str(tmp_path / "site-packages" / "armod" / "__init__.py"))
    with pytest.raises(CourseError, match="ARMOD_COURSE"):
        course_folder()


def test_a_wrong_armod_course_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ARMOD_COURSE", str(tmp_path))
    with pytest.raises(CourseError, match=r"ARMOD_COURSE is .*holds no notebooks/index\.py"):
        course_folder()
