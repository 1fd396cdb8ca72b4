"""A course of one's own: the page about it, followed word by word, makes one whose class is marked."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from armod.course.commands.main import main
from armod.course.errors import CourseError
from armod.course.exercises.engine.exercise import find
from armod.course.exercises.engine.selfcheck import check
from armod.course.grading import sources
from armod.course.grading.marks.export import FORMATS
from armod.course.grading.marks.gradebook import OVERRIDE_COLUMNS, OVERRIDES, Policy, rows, stale
from armod.course.grading.own_course import COURSE, read_course
from armod.plugins import plugins
from tests.checkout import CHECKOUT
from tests.course.grading.handed_in import LESSON, RELEASES, cell, tagged, write
from tests.course.grading.marks.records import as_rows

PAGE = CHECKOUT / "docs" / "own_course.md"
RIGHT = "import statistics\ndef median(numbers): return statistics.median(numbers)"
# right where anybody can look, and wrong where nobody can
SHORT = "import statistics\ndef median(numbers): return statistics.median(numbers[:99])"
WRONG = "def median(numbers): return sum(numbers) / len(numbers)"


def armod(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments], prog_name="armod")


@pytest.fixture(scope="module")
def place(require_program: Callable[[str], str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Where the page was followed, up to the marks."""
    require_program("bubblewrap")
    place = tmp_path_factory.mktemp("term")
    blocks = re.findall(
        r"(?:<!-- file: (\S+) -->\n)?^```(\w+)\n(.*?)^```", PAGE.read_text(), re.MULTILINE | re.DOTALL
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(place)
        for file, _, text in blocks:
            if file:
                write(place / file, text)
                continue
            for command in text.splitlines():
                if command.startswith("armod grade"):
                    hand_in(place)
                done = armod(*command.split()[1:])
                assert done.exit_code == 0, (command, done.output)
                if "--dry-run" in command:
                    (place / "dry run").write_text(done.stdout)
    yield place
    plugins.cache_clear()


def hand_in(place: Path) -> None:
    released = json.loads((place / "statistics" / "released" / "week_1.ipynb").read_text())
    spies = f"import os\nraise ValueError('sees', [p for p in ({str(place)!r}, {str(PAGE)!r}) if os.path.exists(p)])"
    for student, answer in {"ada": RIGHT, "bob": WRONG, "cy": SHORT, "dee": ""}.items():
        found = json.loads(json.dumps(released))
        if answer:
            tagged(found, "answer:median")["source"] = answer
        found["cells"].append(cell(spies))
        write(place / "handed_in" / f"{student}.ipynb", found)


def test_right_answers_get_full_marks_and_others_do_not(place: Path) -> None:
    found = {row["student"]: row for row in as_rows((place / "marks.csv").read_text())}
    # 3 visible, 1 hidden, 4 by hand: 8, which are worth 10
    assert {student: (row["points"], row["max_points"]) for student, row in found.items()} == {
        "ada": ("5", "10"),
        "bob": ("0", "10"),
        "cy": ("2.25", "10"),  # two days late
        "dee": ("0", "10"),
    }
    assert {row["lesson"] for row in found.values()} == {"week_1"}
    assert found["ada"]["reason"] == "still to be given by hand: essay"
    assert found["dee"]["reason"] == "not answered; still to be given by hand: essay"
    assert [student for student, row in found.items() if row["late"] == "yes"] == ["cy"]
    told = (place / "dry run").read_text()
    assert "cy, attempt 1: 1 d 23 h 0 min late; 2.25 points instead of 3.75" in told
    assert "Nobody says when 1 student handed in, who therefore are in time: 'dee'." in told
    assert "Points by hand are still missing for 4 students: 'ada', 'bob', 'cy', 'dee'." in told


def test_a_page_says_how_its_points_follow_from_the_checks(place: Path) -> None:
    pages = {path.name[:2]: path.read_text() for path in (place / "marks" / "feedback").glob("*.html")}
    assert "<p>3 of 8 points make 3.75 of the 10 that the lesson is worth.</p>" in pages["cy"]
    assert "<p>It is 1 d 23 h 0 min late: 2.25 points instead of 3.75.</p>" in pages["cy"]
    assert "It is" not in pages["ad"] and "points make 5 of the 10" in pages["ad"]
    assert "points make" not in pages["bo"]  # 0 are 0


def test_nothing_that_students_read_tells_of_the_hidden_check_nor_their_code_of_the_course(
    place: Path,
) -> None:
    course = read_course(place / "statistics")
    table = rows(place / "marks", Policy.of(course))
    pages = [path.read_text() for path in (place / "marks" / "feedback").glob("*.html")]
    assert len(pages) == 4 and all("hidden check 1: " in page for page in pages)
    for text in (*pages, FORMATS["gradescope"](table, None), FORMATS["junit"](table, None)):
        assert "a long list" not in text and "shuffled" not in text
    assert any("That is the mean. One number" in page for page in pages)
    assert [row.record.flags[-1].partition("sees")[2] for row in table] == ["', [])"] * 4


def test_points_by_hand_fill_up_what_the_lesson_is_worth(place: Path, tmp_path: Path) -> None:
    marks = Path(shutil.copytree(place / "marks", tmp_path / "marks"))
    lines = ["ada,week_1,essay,4,you,2026-10-13,clear", "bob,week_1,essay,2,you,2026-10-13,short"]
    write(marks / OVERRIDES, "\n".join([",".join(OVERRIDE_COLUMNS), *lines]) + "\n")
    table = rows(marks, Policy.of(read_course(place / "statistics")))
    assert [row.points for row in table] == [10, 2.5, 2.25, 0]
    assert [row.waiting for row in table] == [[], [], ["essay"], ["essay"]]
    canvas = as_rows(FORMATS["canvas"](table, None))
    assert canvas[0]["armod week_1"] == "10" and canvas[1]["armod week_1"] == "10"
    assert len(stale(marks, rows(marks))) == 2  # without the course nothing is given by hand


def test_a_learner_checks_beside_the_notebook(
    place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = tmp_path / "given out"
    shutil.copytree(place / "statistics" / "released", given)
    monkeypatch.chdir(tmp_path)
    plugins.cache_clear()
    with pytest.raises(ValueError, match="no exercise 'median'"):
        check("median", names={})
    monkeypatch.chdir(given)
    names: dict = {}
    exec(WRONG, names)
    assert "That is the mean" in str(check("median", names=names))
    exec(RIGHT, names)
    assert check("median", names=names).is_passed


def test_an_edited_check_of_the_course_marks_its_lesson_anew(place: Path, tmp_path: Path) -> None:
    course = Path(shutil.copytree(place / "statistics", tmp_path / "statistics"))
    plugins.cache_clear()
    checks = course / "released" / "checks"
    write(checks / "numbers.py", "SIZES = (4, 5)\n")
    own = checks / "lesson_week_1" / "median.py"
    own.write_text("from ..numbers import SIZES\n" + own.read_text().replace("(4, 5)", "SIZES"))

    def identity() -> tuple[str, str]:
        read_course(course)
        found = sources.of_checks(["week_1", LESSON])
        return found["week_1"], found[LESSON]

    first = identity()
    write(checks / "numbers.py", "SIZES = (4, 5)  # the same\n")
    assert identity() == first
    write(checks / "numbers.py", "SIZES = (6, 7)\n")
    assert identity()[0] != first[0] and identity()[1] == first[1]
    plugins.cache_clear()


def test_two_exercises_stand_in_one_notebook_and_names_are_taken_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    course = tmp_path / "statistics"
    assert armod("exercise", "new", "mean-of-all", "--notebook", "week_2", "--course", course).exit_code == 0
    monkeypatch.chdir(course / "solutions")
    assert armod("exercise", "new", "spread", "--notebook", "week_2").exit_code == 0
    assert (find("mean-of-all").number, find("spread").number) == (1, 2)
    text = (course / "released" / "week_2.ipynb").read_text()
    assert text.count("def mean_of_all") == text.count("def spread") == 1 and "sum(numbers)" not in text
    for call, words in (
        (("new", "spread"), "The lesson week_2 has an exercise 'spread'"),
        (("new", "chain-cost"), "The lesson 4_1_chain_rule has an exercise 'chain-cost'"),
        (("new", "../x"), "can't be the name of an exercise"),
        (("release", "week_9"), "there are week_2"),
    ):
        done = armod("exercise", *call)
        assert done.exit_code == 2 and words in done.stderr and done.stderr.count("\n") == 1
    monkeypatch.chdir(tmp_path)
    assert "name a folder by --course" in armod("exercise", "new", "x").stderr
    plugins.cache_clear()


WRONG_SETTINGS = {
    "title = 'A": "can't be read",
    "titel = 'A'": "no key titel; the nearest is 'title'",
    "title = 3": "title is 3; a text is due",
    "attempts = 'all'": "attempts is 'all'; 'last' or 'best' is due",
    "late = true": "late is True; 'count' or 'exclude'",
    "per_day = 101": "per_day is 101; a number, not negative and at most 100, is due",
    "grace = -1": "grace is -1",
    "late = 'forgive'": "late is 'forgive'; 'count' or 'exclude' or 'ignore' is due",
    "lessons = 3": "lessons is 3; a table is due",
    "[lessons.week_9]": "lessons.week_9 is no lesson of this course; there are 4_1_chain_rule",
    f"[lessons.{LESSON}]\ndue = '2026-10-12'": "without quotes",
    f"[lessons.{LESSON}]\npoints = 0": "above 0",
    f"[lessons.{LESSON}]\npoint = 1": f"no key lessons.{LESSON}.point; the nearest is 'points'",
    f"[lessons.{LESSON}]\nmanual = {{ essay = 'x' }}": "manual.essay is 'x'",
    "[extensions.ada]\nweek_9 = 2026-10-12": "extensions.ada.week_9 is no lesson",
    "[extensions]\nada = 2026-10-12": "extensions.ada is datetime.date(2026, 10, 12); a table is due",
}


@pytest.mark.parametrize("text", WRONG_SETTINGS)
def test_settings_without_sense_are_one_sentence(text: str, tmp_path: Path) -> None:
    write(tmp_path / COURSE, text)
    write(tmp_path / "released" / f"{LESSON}.ipynb", (RELEASES / f"{LESSON}.ipynb").read_bytes())
    with pytest.raises(CourseError) as problem:
        read_course(tmp_path)
    assert WRONG_SETTINGS[text] in str(problem.value) and str(problem.value).count(".\n") == 0


def test_a_folder_that_is_no_course_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(CourseError, match="armod exercise new NAME --course"):
        read_course(tmp_path)
    write(tmp_path / COURSE, "")
    write(tmp_path / "released" / "checks" / "lesson_one" / "a.py", "")
    with pytest.raises(CourseError, match="__init__"):
        read_course(tmp_path)
    write(tmp_path / "released" / "checks" / "lesson_one" / "__init__.py", "")
    write(tmp_path / "released" / "checks" / "lesson_one" / "a.py", "1 / 0")
    with pytest.raises(CourseError, match="ZeroDivisionError"):
        read_course(tmp_path)
    plugins.cache_clear()
