"""What the self-check said is what is marked: however answers are put into cells, and wherever `student` is given."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from armod.course.commands.main import main
from armod.course.exercises.engine.selfcheck import check
from armod.course.grading.grade import grade
from armod.course.grading.marking import Task, mark
from armod.course.grading.marks import record
from armod.course.grading.marks.roster import read_roster
from tests.course.grading.handed_in import LESSON, RIGHT, cell, document, index_of, tagged, write
from tests.course.grading.stand_in import _SHOWS, RUNNER
from tests.course.grading.test_grade import records, settings

COST, CONDITIONALS, JOINT = (f"answer:chain-{name}" for name in ("cost", "conditionals", "joint"))
STUB = document()


def checked(found: dict[str, Any]) -> dict[str, int]:
    """The points that the self-checks give whoever runs the notebook from the top."""
    names: dict[str, Any] = {}
    points = {}
    for item in found["cells"]:
        source, tags = "".join(item["source"]), item["metadata"].get("tags", [])
        if item["cell_type"] != "code" or _SHOWS.search(source):
            continue
        if name := next((tag.removeprefix("check:") for tag in tags if tag.startswith("check:")), ""):
            points[name] = check(name, names=names).points
        else:
            with contextlib.redirect_stdout(io.StringIO()):
                exec(source, names)
    return points


@pytest.fixture(autouse=True)
def in_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    class Here:
        def run(self, steps: Sequence[Task]) -> Iterator[tuple[Task, None]]:
            for step in steps:
                mark(step)
                yield step, None

    monkeypatch.setattr("armod.course.grading.grade._engine", lambda *_: contextlib.nullcontext(Here()))


def marked(place: Path, found: dict[str, Any], **options: Any) -> record.Record:
    write(place / "class" / "ada.ipynb", found)
    grade(place / "class", place / "marks", settings(lesson=LESSON), **options)
    (made,) = records(place / "marks").values()
    return made


def points_of(made: record.Record) -> dict[str, int]:
    return {mark.visible.exercise: mark.visible.points for mark in made.marks}


def with_number(source: str) -> dict[str, Any]:
    """A right notebook whose ``fewest_pixels`` follows from the learner's number, which this cell gives."""
    found = document(RIGHT)
    found["cells"].insert(index_of(found, "parameters") + 1, cell(source))
    return found


def merged(first: str, second: str, *, into: str, stub: bool = False) -> dict[str, Any]:
    """A right notebook with two answers in one cell, and nothing or the stub where the other one was."""
    found = document(RIGHT)
    both = "\n\n".join("".join(tagged(found, tag)["source"]) for tag in (first, second))
    gone = second if into == first else first
    if stub:
        tagged(found, gone)["source"] = tagged(STUB, gone)["source"]
    else:
        del found["cells"][index_of(found, gone)]
    tagged(found, into)["source"] = both
    return found


def moved_up() -> dict[str, Any]:
    """Two answers in the second one's cell, which was moved before the first one's check."""
    found = merged(CONDITIONALS, JOINT, into=JOINT)
    both = found["cells"].pop(index_of(found, JOINT))
    found["cells"].insert(index_of(found, "check:chain-conditionals"), both)
    return found


CASES = {
    "an own cell": with_number("student = 4711"),
    "an own cell that computes": with_number("student = int('47') * 100 + 11"),
    "a name taken for something else": with_number("for student in range(6): pass"),
    "two answers in the first one's cell": merged(CONDITIONALS, JOINT, into=CONDITIONALS),
    "two answers in a cell moved up": moved_up(),
    "two answers far from each other": merged(COST, JOINT, into=COST),
    "two answers in the second one's cell": merged(CONDITIONALS, JOINT, into=JOINT),
}


@pytest.mark.parametrize("case", CASES)
def test_marks_are_what_the_self_check_said(case: str, tmp_path: Path) -> None:
    found = CASES[case]
    said, made = checked(found), marked(tmp_path, found)
    assert points_of(made) == said
    assert sum(said.values()) > (13 if "second one's" in case else 20)  # there was something to lose
    assert made.flags or case == "an own cell"


def test_a_stub_that_nobody_touched_does_not_run_over_an_answer(tmp_path: Path) -> None:
    """Whoever merges two cells and leaves the stub has seen the check pass before the stub ran, or not at all."""
    made = marked(tmp_path, merged(CONDITIONALS, JOINT, into=CONDITIONALS, stub=True))
    assert points_of(made) == checked(document(RIGHT))
    assert "The answer to chain-joint stands in another exercise's answer cell." in made.flags


@pytest.mark.parametrize("written", ["student = '4711'", "student = 4711.0", "student = ' 4711 '"])
def test_a_number_typed_as_a_text_is_that_number(written: str, tmp_path: Path) -> None:
    right = document(RIGHT)
    tagged(right, "parameters")["source"] = "seed = 0\nquick = False\nstudent = 4711"
    typed = document(RIGHT)
    tagged(typed, "parameters")["source"] = f"seed = 0\nquick = False\n{written}"
    with pytest.raises(Exception, match=r"whole number|not all arguments|string"):
        checked(typed)  # which says so, or a given cell does
    made = marked(tmp_path, typed)
    assert made.number == 4711 and points_of(made) == checked(right)
    assert any("no whole number; 4711 was taken" in flag for flag in made.flags)


ROSTER = "student,number\nada,4711\nbob,5\n"


@pytest.mark.parametrize(("own", "lost"), [("student = 0", 1), ("student = 4711", 0)])
def test_the_number_of_the_roster_is_not_the_students_to_choose(own: str, lost: int, tmp_path: Path) -> None:
    """The solution's ``fewest_pixels`` is 9 for the number 0 and 10 for 4711."""
    found = with_number(own)
    free = marked(tmp_path / "free", found)
    roster = read_roster(write(tmp_path / "roster.csv", ROSTER))
    by_roster = marked(tmp_path, found, roster=roster, numbers="number")
    assert by_roster.number == 4711 and free.points - by_roster.points == lost
    words = "`student` was 0; the roster's number was taken"
    assert any(words in flag for flag in by_roster.flags) == bool(lost)
    again = marked(tmp_path, found, roster=roster, numbers="number")
    assert again.times == by_roster.times  # the same call marks nothing anew
    anew = write(tmp_path / "roster.csv", ROSTER.replace("4711", "12"))
    assert marked(tmp_path, found, roster=read_roster(anew), numbers="number").number == 12


def test_a_student_without_a_number_has_0_and_a_flag(tmp_path: Path) -> None:
    roster = read_roster(write(tmp_path / "roster.csv", "student,number\neve,1\n"))
    made = marked(tmp_path, with_number("student = 5"), roster=roster, numbers="number")
    assert made.number == 0
    assert any("The roster has no number for this student" in flag for flag in made.flags)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ((), "'number' is no column of the roster; there are none without --roster"),
        (("--roster", "other.csv"), "'number' is no column of the roster; there are 'student', 'login'"),
        (("--roster", "wrong.csv"), "'number' of ada is 'u1'; a whole number from 0 to 2**53 is due"),
    ],
)
def test_numbers_that_are_none_are_one_sentence(
    options: tuple[str, ...], words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("armod.course.grading.marking.RUNNER", RUNNER)
    monkeypatch.setattr("armod.course.grading.confinement.sandbox.require", lambda *_: None)
    write(tmp_path / "class" / "ada.ipynb", document())
    write(tmp_path / "other.csv", "student,login\nada,a\n")
    write(tmp_path / "wrong.csv", "student,number\nada,u1\n")
    result = CliRunner().invoke(main, ["grade", "class", "--out", "marks", "--numbers", "number", *options])
    assert (result.exit_code, result.stderr.count("\n")) == (2, 1) and words in result.stderr
