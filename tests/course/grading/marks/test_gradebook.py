"""Which marks count: attempts, late ones, points by hand; and rosters, whoever wrote them."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from armod.course.commands.main import main
from armod.course.errors import CourseError
from armod.course.grading.marks import record
from armod.course.grading.marks.export import FORMATS
from armod.course.grading.marks.gradebook import OVERRIDE_COLUMNS, OVERRIDES, Policy, rows, stale
from armod.course.grading.marks.report import feedback_page
from armod.course.grading.marks.roster import read_roster
from armod.course.grading.own_course import Course
from tests.course.grading.handed_in import write
from tests.course.grading.marks.records import as_rows, made, marks


def test_a_record_is_read_as_it_was_written(tmp_path: Path) -> None:
    one = made("ada", 2, flags=("odd",))
    record.write(tmp_path, "name", one)
    assert record.read(tmp_path, "name") == one
    assert record.read(tmp_path, "other") is None
    named = made("0xdeadbeef", 2, flags=("<object at 0xdeadbeef>",))
    record.write(tmp_path, "named", named)
    found = record.read(tmp_path, "named")
    assert found is not None and (found.student, found.flags) == ("0xdeadbeef", ("<object at 0x…>",))


def test_where_objects_lie_in_memory_is_no_part_of_a_record(tmp_path: Path) -> None:
    record.write(tmp_path, "name", made("ada", None, reason="<object at 0x7f00deadbeef> and 0xff"))
    found = record.read(tmp_path, "name")
    assert found is not None and found.reason == "<object at 0x…> and 0xff"
    for cut in ("0x7f12…", "0x7f…", "0x…"):
        record.write(tmp_path, "name", made("ada", None, reason=f"<object at {cut}"))
        found = record.read(tmp_path, "name")
        assert found is not None and found.reason == "<object at 0x……"


def counting(folder: Path, **policy: Any) -> list[int]:
    return [row.record.attempt for row in rows(folder, Policy(**policy)) if row.counts]


def test_which_attempt_counts_is_a_setting(tmp_path: Path) -> None:
    folder = marks(
        tmp_path,
        made("ada", 3, attempt=1, day=1),
        made("ada", 1, attempt=2, day=2),
        made("ada", 2, attempt=3, day=5),
        made("ada", None, attempt=4, day=2),
    )
    due = datetime.fromisoformat("2026-01-03T00:00:00+00:00")
    assert counting(folder) == [3]
    assert counting(folder, attempts="best") == [1]
    assert counting(folder, late="exclude", due=due) == [2]
    assert [row.late for row in rows(folder, Policy(due=due))] == [False, False, True, False]


def overriding(folder: Path, *lines: str) -> None:
    write(folder / OVERRIDES, "\n".join([",".join(OVERRIDE_COLUMNS), *lines]) + "\n")


def test_points_by_hand_say_who_when_and_why(tmp_path: Path) -> None:
    folder = marks(tmp_path, made("ada", 1), made("eve", None))
    overriding(folder, "ada,,one,2.5,Dr X,2026-01-09,a typo", "eve,,,2,Dr X,2026-01-09,shown in person")
    found = as_rows(FORMATS["csv"](rows(folder), None))
    assert [row["points"] for row in found] == ["2.5", "2"]
    assert "Dr X" in found[0]["overrides"] and "a typo" in found[0]["overrides"]
    untouched = record.read(folder, f"{0:064}")
    assert untouched is not None and untouched.points == 1


def test_of_two_lines_about_the_same_the_later_one_counts(tmp_path: Path) -> None:
    folder = marks(tmp_path, made("ada", 1), made("eve", 1))
    overriding(
        folder, *(f"{who},{points},X,2026-01-09,why" for who in ("ada,,one", "eve,,") for points in (3, 2))
    )
    assert [row.points for row in rows(folder)] == [2, 2]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("ada,,one,2,,2026-01-09,why", "'who' is empty"),
        ("ada,,one,2,X,,why", "'when' is empty"),
        ("ada,,one,2,X,2026-01-09,", "'why' is empty"),
        ("ada,,one,many,X,2026-01-09,why", "no number"),
        ("ada,,one,nan,X,2026-01-09,why", "no number"),
        ("ada,,,2,X,2026-01-09," + "y" * 140_000, "line 2, is no CSV"),
    ],
)
def test_a_wrong_override_is_one_sentence(line: str, words: str, tmp_path: Path) -> None:
    folder = marks(tmp_path, made("ada", 1))
    overriding(folder, line)
    with pytest.raises(CourseError, match=words):
        rows(folder)


def test_a_line_that_fits_nobody_is_a_note(tmp_path: Path) -> None:
    folder = marks(tmp_path, made("ada", 1))
    overriding(
        folder, "ada,,two,2,X,2026-01-09,why", "zoe,,,2,X,2026-01-09,why", "ada,,one,2,X,2026-01-09,why"
    )
    table = rows(folder)
    assert [sentence.partition("points to ")[2][:12] for sentence in stale(folder, table)] == [
        "'ada' for tw",
        "'zoe' for a ",
    ]
    assert [row.points for row in table] == [2]
    done = CliRunner().invoke(main, ["marks", "export", str(folder), "--format", "csv"])
    assert done.exit_code == 0 and done.stderr.count("Note: ") == 2


def test_one_student_has_one_name_whatever_the_files_are_called(tmp_path: Path) -> None:
    """By it attempts are told apart, points and extensions given, pages headed; a shared cell is nobody's name."""
    files = ("lovelaceada_4711_98765_hw", "lovelaceada_LATE_4711_98766_hw-2", "gausscarl_4712_98767_4711")
    folder = marks(tmp_path, *(made(name, 1, day=day) for day, name in enumerate(files, 1)))
    roster = read_roster(
        write(
            tmp_path / "roster.csv",
            'Student,ID,SIS Login ID,Section\n    Points Possible,,,\n"Lovelace, Ada",4711,ada@uni,Monday\n'
            '"Gauß, Carl",4712,carl@uni,Monday\n',
        )
    )
    overriding(
        folder,
        "ada@uni,,one,3,X,2026-01-09,by the login",
        "4712,,one,2,X,2026-01-09,by the id",
        "Monday,,one,0,X,2026-01-09,of a section",
    )
    table = rows(folder, roster=roster)
    assert [row.name for row in table[:2]] == ["Lovelace, Ada"] * 2
    assert [row.counts for row in table] == [False, True, True]  # of two names the later
    assert [row.points for row in table] == [3, 3, 2]
    assert len(stale(folder, table)) == 1
    assert "<h1>Lovelace, Ada" in feedback_page(table[0])
    assert as_rows(FORMATS["csv"](table, roster))[0]["name"] == "Lovelace, Ada"
    assert roster.missing(files) == []
    due = datetime.fromisoformat("2026-01-02T00:00:00+00:00")
    longer = {"Lovelace, Ada": {"lesson": due.replace(day=9)}}
    late = [
        row.late for row in rows(folder, Policy(due=due, course=Course(extensions=longer)), roster=roster)
    ]
    assert late == [False, False, True]


def test_a_folder_without_marks_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(CourseError, match="armod grade"):
        rows(tmp_path)


BROKEN = ["[]", "null", "5", '"x"', "{}", "[" * 100_000, "{", ""]


@pytest.mark.parametrize("text", BROKEN, ids=range(len(BROKEN)))
def test_a_broken_file_of_marks_is_one_sentence(text: str, tmp_path: Path) -> None:
    folder = marks(tmp_path, made("ada", 1))
    (path,) = folder.glob("*.json")
    whole = json.loads(path.read_text())
    for broken in (text, *(json.dumps(whole | {key: []}) for key in ("times", "settings"))):
        path.write_text(broken)
        with pytest.raises(CourseError, match="no record of armod's"):
            rows(folder)
    path.write_text(json.dumps(whole | {"times": {"handed_in": "yesterday"}}))
    with pytest.raises(CourseError, match="no record of armod's"):
        rows(folder)
    if text:
        write(folder / record.CLASS, text)
        with pytest.raises(CourseError, match="writes it anew"):
            rows(folder)


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_a_roster_is_read_as_spreadsheets_write_it(delimiter: str, tmp_path: Path) -> None:
    lines = [
        ("student", "section, or group; both"),
        ("ada", "1"),
        ("ada", "2"),
        ("bob", "1"),
        ("eve", "1"),
        ("eve", "1"),
    ]
    lines.append(("Student, Test", "1"))
    text = "\n".join(delimiter.join(f'"{cell}"' for cell in line) for line in lines)
    roster = read_roster(write(tmp_path / "roster.csv", "\ufeff" + text))
    assert roster.missing(["ada"]) == ["bob", "eve"]
    assert roster.by_student(["eve", "zoe"]) == {"eve": {"student": "eve", "section, or group; both": "1"}}
    with pytest.raises(CourseError, match="zero bytes"):
        read_roster(write(tmp_path / "roster.csv", text + "\0"))


def test_a_roster_knows_who_is_meant_in_the_names_that_systems_give_to_files(tmp_path: Path) -> None:
    roster = read_roster(
        write(
            tmp_path / "roster.csv",
            "Student,ID,SIS Login ID,Section,Points\n"
            '"Lovelace, Ada",4711,ada@uni,4_1,1\n"Gauß, Carl",4712,carl@uni,4_1,1\n"Noether, Emmy",47,emmy@uni,4_2,1\n',
        )
    )
    canvas = ["lovelaceada_4711_98765_4_1_chain_rule", "gausscarl_LATE_4712_98766_4_1_chain_rule"]
    assert {student: line["ID"] for student, line in roster.by_student(canvas).items()} == {
        canvas[0]: "4711",
        canvas[1]: "4712",
    }
    assert roster.missing(canvas) == ["47"]
    assert roster.missing(["ada@uni"]) == ["carl@uni", "emmy@uni"]
    assert roster.by_student(["somebody_98767_4_1_chain_rule", "_".join(["4711", "4712"])]) == {}
    moodle = read_roster(
        write(
            tmp_path / "moodle.csv", "Identifier,Full name\nParticipant 12,Ada Lovelace\nParticipant 13,Bo\n"
        )
    )
    (line,) = moodle.by_student(["Ada Lovelace_12_assignsubmission_file_"]).values()
    assert line["Identifier"] == "Participant 12"
