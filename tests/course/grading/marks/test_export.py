"""What leaves the house: no formula, no markup, no hidden check, and every submission."""

from __future__ import annotations

import csv
import io
import json
import shutil
import xml.etree.ElementTree as ElementTree
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from armod.course.commands.main import main
from armod.course.errors import CourseError
from armod.course.exercises.engine.result import CheckResult, Result, Status
from armod.course.grading.examiner import Mark
from armod.course.grading.marks import record
from armod.course.grading.marks.export import FORMATS, GROUP
from armod.course.grading.marks.gradebook import OVERRIDE_COLUMNS, OVERRIDES, Policy, Row, rows
from armod.course.grading.marks.record import Record
from armod.course.grading.marks.report import class_page, common_messages, feedback_page, write_report
from armod.course.grading.marks.roster import read_roster
from tests.course.grading.handed_in import write
from tests.course.grading.intake.test_read import NASTY

SCRIPT = "<script>alert('x')</script>"


def mark(points: int, message: str = "") -> Mark:
    """Three checks, the last of them hidden; ``points`` says how many are passed."""

    def result(number: int, title: str) -> CheckResult:
        status = Status.PASSED if points > number else Status.MISTAKE
        return CheckResult(title, 1, status, "" if points > number else message or "Look again.")

    visible = (result(0, "first"), result(1, SCRIPT))
    hidden = (CheckResult("SECRET TITLE", 1, Status.MISTAKE, "SECRET MESSAGE"),)
    if points > 2:
        hidden = (CheckResult("SECRET TITLE", 1, Status.PASSED, ""),)
    return Mark(Result("one", "lesson", "The first", visible), Result("one", "lesson", "The first", hidden))


def made(student: str, points: int | None, *, attempt: int = 1, day: int = 1, **changes: Any) -> Record:
    about: dict[str, Any] = {
        "student": student,
        "attempt": attempt,
        "file": f"{student}/{attempt}.ipynb",
        "sha256": "0" * 64,
        "times": {"handed_in": f"2026-01-{day:02}T12:00:00+00:00", "seconds": 1.5},
    }
    if points is None:
        about |= {"status": record.REFUSED, "reason": f"The file is no notebook: {SCRIPT}."}
    else:
        about |= {"status": record.MARKED, "lesson": "lesson", "marks": (mark(points),)}
    return Record(**(about | changes))


def marks(folder: Path, *found: Record, absent: tuple[str, ...] = (), ungraded: tuple[str, ...] = ()) -> Path:
    folder.mkdir(exist_ok=True)
    lines: list[dict[str, Any]] = []
    for number, one in enumerate(found):
        record.write(folder, f"{number:064}", one)
        lines.append(
            {"student": one.student, "attempt": one.attempt, "file": one.file, "record": f"{number:064}"}
        )
    lines += [{"student": name, "attempt": 0, "file": "", "record": None} for name in absent]
    lines += [{"student": name, "attempt": 1, "file": "f", "record": "f" * 64} for name in ungraded]
    record.write_class(folder, lines)
    return folder


def as_rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


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


def test_marks_of_an_older_armod_are_read_by_every_export(tmp_path: Path) -> None:
    """Their settings hash the whole tree of checks in one text, and their names follow from it."""
    shutil.copytree(Path(__file__).with_name("made_before"), tmp_path / "marks")
    table = rows(tmp_path / "marks")
    assert [(row.record.student, row.record.status, row.points) for row in table] == [
        ("ada", "marked", 21),
        ("bob", "refused", 0),
        ("cleo", "absent", 0),
    ]
    for name in FORMATS:
        text = FORMATS[name](table, None)
        assert all(word in text for word in ("ada", "21", "UNSANDBOXED")), name
    assert write_report(table, tmp_path / "marks") == 2


def test_another_package_adds_a_format(tmp_path: Path, install) -> None:
    source = "def names(rows, roster): return ' '.join(row.record.student for row in rows) + '\\n'\n"
    install("moodle_for_armod", source, {GROUP: {"moodle": "moodle_for_armod:names"}})
    folder = marks(tmp_path / "marks", made("ada", 1), made("bob", None))
    assert list(FORMATS) == ["canvas", "csv", "gradescope", "junit", "moodle"] and len(FORMATS) == 5
    assert FORMATS["moodle"](rows(folder), None) == "ada bob\n"
    done = CliRunner().invoke(main, ["marks", "export", str(folder), "--format", "moodle"])
    assert (done.exit_code, done.stdout) == (0, "ada bob\n")
    wrong = CliRunner().invoke(main, ["marks", "export", str(folder), "--format", "xls"])
    assert (
        wrong.exit_code == 2 and "'xls' is not one of canvas, csv, gradescope, junit, moodle" in wrong.stderr
    )


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


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize(
    "name", [*NASTY, "x" * 300, "\t=1+1", "  =1+1", "＝1+1", "\x00\x0b\x1f", "=cmd|'/C'!A"]
)
def test_no_export_lets_a_nasty_name_act(form: str, name: str, tmp_path: Path) -> None:
    folder = marks(tmp_path, made(name, 1, flags=(f"={name}",)), made("bob", 2))
    text = FORMATS[form](rows(folder), None)
    text.encode()
    if form in ("csv", "canvas"):
        for row in csv.reader(io.StringIO(text, newline="")):
            assert not any(cell.lstrip(" \xa0")[:1] in tuple("=+-@\t\r\n＝＋－＠") for cell in row if cell)
    if form == "csv":
        found = as_rows(text)
        assert len(found) == 2 and found[0]["student"].removeprefix("'") == name.replace("\0", "")
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


def test_pages_escape_whatever_students_write(tmp_path: Path) -> None:
    folder = marks(
        tmp_path,
        made(SCRIPT, 1, marks=(mark(1, SCRIPT),), flags=(SCRIPT,)),
        made("eve", None),
        made("$x$", 2),
    )
    assert write_report(rows(folder), folder) == 3
    pages = [folder / "report.html", *(folder / "feedback").iterdir()]
    assert len(pages) == 4
    for page in pages:
        text = page.read_text()
        assert "<script" not in text and "default-src 'none'" in text
    assert "alert" in (folder / "report.html").read_text()


def test_pages_show_what_would_not_be_seen(tmp_path: Path) -> None:
    odd = "a\0b\x1bc\u202ed"
    folder = marks(tmp_path, made(odd, 1, marks=(mark(1, odd),), flags=(odd,)))
    for text in (class_page(rows(folder)), feedback_page(rows(folder)[0])):
        assert "a�b�c�d" in text and not set("\0\x1b\u202e") & set(text)


def test_feedback_of_the_likest_names_is_kept_apart(tmp_path: Path) -> None:
    folder = marks(tmp_path, *(made(name, 1) for name in ("a/b", "a.b", "a b", "../a", "é" * 200)))
    write_report(rows(folder), folder)
    assert len(list((folder / "feedback").iterdir())) == 5


def test_the_commonest_mistakes_come_first_whatever_their_numbers(tmp_path: Path) -> None:
    said = {"ada": "gave 3 for 4", "bob": "gave 12.5 for -4", "eve": "gave up"}
    folder = marks(tmp_path, *(made(name, 1, marks=(mark(1, text),)) for name, text in said.items()))
    assert common_messages(rows(folder)) == [(2, "one", "gave 12.5 for -4"), (1, "one", "gave up")]


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
        ("ada,,two,2,X,2026-01-09,why", "which there is not"),
        ("zoe,,,2,X,2026-01-09,why", "which there is not"),
        ("ada,,,2,X,2026-01-09," + "y" * 140_000, "line 2, is no CSV"),
    ],
)
def test_a_wrong_override_is_one_sentence(line: str, words: str, tmp_path: Path) -> None:
    folder = marks(tmp_path, made("ada", 1))
    overriding(folder, line)
    with pytest.raises(CourseError, match=words):
        rows(folder)


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
        *(form(table, None) for form in FORMATS.values()),
        feedback_page(table[0]),
        class_page(table),
    ):
        assert "NOT SANDBOXED" in text


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


def test_canvas_has_one_line_for_who_handed_in_under_two_names(tmp_path: Path) -> None:
    first, second = "ada_4711_1_lesson", "ada_4711_2_other"
    folder = marks(tmp_path / "marks", made(first, 1), made(second, 2, lesson="other"))
    roster = write(tmp_path / "roster.csv", 'Student,ID\n"Lovelace, Ada",4711\n"Noether, Emmy",4712\n')
    found = as_rows(FORMATS["canvas"](rows(folder), read_roster(roster)))
    assert len(found) == 2 and found[1]["Student"] == "Lovelace, Ada"
    assert [found[1][name] for name in ("armod lesson", "armod other")] == ["1", "2"]
