"""What leaves the house: no formula, no markup, no hidden check, and every submission."""

from __future__ import annotations

import csv
import io
import json
import re
import shutil
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest
from click.testing import CliRunner

from armod.course.commands.main import main
from armod.course.errors import CourseError
from armod.course.grading.marks.export import FORMATS, GROUP
from armod.course.grading.marks.export.canvas import export
from armod.course.grading.marks.gradebook import Row, rows
from armod.course.grading.marks.report import class_page, feedback_page, write_report
from armod.course.grading.marks.roster import read_roster
from tests.course.grading.handed_in import write
from tests.course.grading.intake.test_read import NASTY
from tests.course.grading.marks.records import as_rows, made, marks


def test_marks_of_an_older_armod_are_read_by_every_export(tmp_path: Path) -> None:
    """Their settings hash the whole tree of checks in one text, and their names follow from it."""
    shutil.copytree(Path(__file__).with_name("made_before"), tmp_path / "marks")
    table = rows(tmp_path / "marks")
    assert [(row.record.student, row.record.status, row.points) for row in table] == [
        ("ada", "marked", 21),
        ("bob", "refused", 0),
        ("cleo", "absent", 0),
    ]
    for name in set(FORMATS) - {"moodle"}:  # which fills in a worksheet
        text = FORMATS[name](table, None)
        assert all(word in text for word in ("ada", "21", "UNSANDBOXED")), name
    assert write_report(table, tmp_path / "marks") == 2


def test_another_package_adds_a_format(tmp_path: Path, install) -> None:
    source = "def names(rows, roster): return ' '.join(row.record.student for row in rows) + '\\n'\n"
    install("ilias_for_armod", source, {GROUP: {"ilias": "ilias_for_armod:names"}})
    folder = marks(tmp_path / "marks", made("ada", 1), made("bob", None))
    assert list(FORMATS) == ["canvas", "csv", "gradescope", "ilias", "junit", "moodle"] and len(FORMATS) == 6
    assert FORMATS["ilias"](rows(folder), None) == "ada bob\n"
    done = CliRunner().invoke(main, ["marks", "export", str(folder), "--format", "ilias"])
    assert (done.exit_code, done.stdout) == (0, "ada bob\n")
    wrong = CliRunner().invoke(main, ["marks", "export", str(folder), "--format", "xls"])
    assert wrong.exit_code == 2
    assert "'xls' is not one of canvas, csv, gradescope, ilias, junit, moodle" in wrong.stderr


def test_csv_has_a_row_for_everybody(tmp_path: Path) -> None:
    folder = marks(tmp_path, made("ada", 3), made("eve", None), absent=("bob",), ungraded=("cleo",))
    found = {row["student"]: row for row in as_rows(FORMATS["csv"](rows(folder), None))}
    assert [found[name]["status"] for name in ("ada", "eve", "bob", "cleo")] == [
        "marked",
        "refused",
        "absent",
        "not graded yet",
    ]
    assert (found["ada"]["points"], found["ada"]["max_points"], found["ada"]["one"]) == ("3", "3", "3")
    assert found["eve"]["points"] == "0" and "no notebook" in found["eve"]["reason"]


@pytest.mark.parametrize("form", sorted(set(FORMATS) - {"moodle"}))
@pytest.mark.parametrize(
    "name",
    [
        *NASTY,
        "x" * 300,
        "\t=1+1",
        "  =1+1",
        "＝1+1",
        "\x00\x0b\x1f",
        "=cmd|'/C'!A",
        "a;=1+1",
        "a\t\t@x",
        "a\n -1",
        "a;\xa0+1",
    ],
)
def test_no_export_lets_a_nasty_name_act(form: str, name: str, tmp_path: Path) -> None:
    folder = marks(tmp_path, made(name, 1, flags=(f"={name}",)), made("bob", 2))
    text = FORMATS[form](rows(folder), None)
    text.encode()
    if form in ("csv", "canvas"):
        for row in csv.reader(io.StringIO(text, newline="")):
            assert not any(cell.lstrip(" \xa0")[:1] in tuple("=+-@\t\r\n＝＋－＠") for cell in row if cell)
            parts = [part.lstrip(" \xa0") for cell in row for part in re.split(r"[;\t\r\n]", cell)]
            assert not any(part[:1] in tuple("=+-@＝＋－＠") for part in parts if part)
    if form == "csv":
        found = as_rows(text)
        assert len(found) == 2 and found[0]["student"].replace("'", "") == name.replace("\0", "").replace(
            "'", ""
        )
    if form == "gradescope":
        assert json.loads(text)[0]["extra_data"]["student"] == name
    if form == "junit":
        assert len(ElementTree.fromstring(text)) == 2


@pytest.mark.parametrize("points", [0, 1, 2, 3])
def test_what_students_may_see_keeps_hidden_checks_hidden(points: int, tmp_path: Path) -> None:
    (row,) = rows(marks(tmp_path, made("ada", points)))
    (results,) = json.loads(FORMATS["gradescope"]([row], None))
    assert results["score"] == points == sum(test["score"] for test in results["tests"])
    assert sum(test["max_score"] for test in results["tests"]) == 3
    junit = FORMATS["junit"]([row], None)
    for text in (json.dumps(results), feedback_page(row), class_page([row]), junit):
        assert "SECRET" not in text
    assert len(ElementTree.fromstring(junit).findall("./testsuite/testcase")) == len(results["tests"])


def test_canvas_has_a_line_for_each_student_with_the_rosters_ids(tmp_path: Path) -> None:
    folder = marks(
        tmp_path / "marks",
        made("ada", 1),
        made("ada", 3, attempt=2),
        made("eve", None),
        absent=("bob",),
    )
    roster = write(
        tmp_path / "canvas.csv",
        "Student,ID,SIS User ID,SIS Login ID,Section\n    Points Possible,,,,\n"
        '"Love, Ada",11,a1,ada,S\n"Doe, Bob",12,b1,bob,S\n',
    )
    found = as_rows(FORMATS["canvas"](rows(folder), read_roster(roster)))
    assert found[0] == {
        "Student": "    Points Possible",
        "ID": "",
        "SIS User ID": "",
        "SIS Login ID": "",
        "Section": "",
        "armod lesson": "3",
    }
    assert [(row["Student"], row["ID"], row["armod lesson"]) for row in found[1:]] == [
        ("Love, Ada", "11", "3"),
        ("eve", "", "0"),
        ("Doe, Bob", "12", ""),
    ]


def test_a_watermark_is_in_every_export(tmp_path: Path) -> None:
    folder = marks(tmp_path, made("ada", 1, settings={"watermark": "NOT SANDBOXED"}))
    table: list[Row] = rows(folder)
    for text in (
        *(form(table, None) for name, form in FORMATS.items() if name != "moodle"),
        feedback_page(table[0]),
        class_page(table),
    ):
        assert "NOT SANDBOXED" in text


def test_canvas_has_one_line_for_who_handed_in_under_two_names(tmp_path: Path) -> None:
    first, second = "ada_4711_1_lesson", "ada_4711_2_other"
    folder = marks(tmp_path / "marks", made(first, 1), made(second, 2, lesson="other"))
    roster = write(tmp_path / "roster.csv", 'Student,ID\n"Lovelace, Ada",4711\n"Noether, Emmy",4712\n')
    known = read_roster(roster)
    found = as_rows(FORMATS["canvas"](rows(folder, roster=known), known))
    assert len(found) == 2 and found[1]["Student"] == "Lovelace, Ada"
    assert [found[1][name] for name in ("armod lesson", "armod other")] == ["1", "2"]


CANVAS = (
    'Student,ID,SIS User ID,SIS Login ID,Section,Week 1 (771),"armod lesson (772)",Twice (1),Twice (2)\n'
    "    Points Possible,,,,,3.00,3,1,1\nAda,4711,u1,ada,Monday,,,,\nBob,4712,u2,bob,Monday,,,,\n"
)


def test_canvas_takes_marks_into_the_column_that_is_there(tmp_path: Path) -> None:
    folder = marks(tmp_path / "marks", made("ada", 2), absent=("bob",))
    roster = write(tmp_path / "canvas.csv", CANVAS)

    def lines(*options: str) -> list[list[str]]:
        call = ("marks", "export", str(folder), "--format", "canvas", "--roster", str(roster), *options)
        done = CliRunner().invoke(main, call)
        assert done.exit_code == 0, done.output
        return [[line[0], line[1], line[-1]] for line in csv.reader(io.StringIO(done.stdout))]

    earlier, *rest = lines()
    assert earlier == ["Student", "ID", "armod lesson (772)"]  # of an earlier upload
    assert rest[1:] == [["Ada", "4711", "2"], ["Bob", "4712", ""]]
    for column in ("Week 1", "Week 1 (771)", "lesson=Week 1"):
        assert lines("--column", column)[0] == ["Student", "ID", "Week 1 (771)"]
    assert lines("--column", "Week 1", "--zeros")[2:] == [["Ada", "4711", "2"], ["Bob", "4712", "0"]]
    for options, words in (
        (("--column", "Week 2"), "'Week 2' is no column of the roster; it has 'Week 1 (771)'"),
        (("--column", "Twice"), "'Twice' is several columns"),
        (("--column", "ID"), "no column"),
    ):
        call = ("marks", "export", str(folder), "--format", "canvas", "--roster", str(roster), *options)
        done = CliRunner().invoke(main, call)
        assert done.exit_code == 2 and words in done.stderr
    of_ten = read_roster(write(tmp_path / "of ten.csv", CANVAS.replace("3.00", "10.00")))
    with pytest.raises(
        CourseError, match=r"'Week 1 \(771\)' is 10 and the lesson is worth 3 points: set points = 10"
    ):
        export(rows(folder), of_ten, columns=["Week 1"])
    assert export(rows(folder), of_ten).startswith('"Student"')  # that column is not touched
    done = CliRunner().invoke(main, ["marks", "export", str(folder), "--format", "csv", "--zeros"])
    assert done.exit_code == 2 and "are for --format canvas" in done.stderr
    loose = marks(tmp_path / "loose", made("ada", 2, settings={"watermark": "UNSANDBOXED"}))
    assert "UNSANDBOXED" in FORMATS["canvas"](rows(loose), read_roster(roster)).splitlines()[0]
    call = (
        "marks",
        "export",
        str(loose),
        "--format",
        "canvas",
        "--roster",
        str(roster),
        "--column",
        "Week 1",
    )
    assert "can't say: UNSANDBOXED" in CliRunner().invoke(main, call).stderr
