"""Moodle's worksheet comes back as it was but for the grades; what Moodle's importer does with it is done here step by step."""

from __future__ import annotations

import csv
import io
import zipfile
from pathlib import Path

import pytest
from click.testing import CliRunner

from armod.course.commands.main import main
from armod.course.errors import CourseError
from armod.course.grading.marks.export import FORMATS, moodle
from armod.course.grading.marks.gradebook import rows
from armod.course.grading.marks.roster import Roster, read_roster
from tests.course.grading.marks.records import made, marks

HEADING = [
    *("Identifier", "Full name", "Email address", "Status", "Grade", "Maximum Grade"),
    *("Grade can be changed", "Last modified (submission)", "Last modified (grade)", "Feedback comments"),
]
COMMENT = '<p>=1+1; "well" done,\r\n go on</p> '


def line(number: int, name: str, grade: str = "", comment: str = "") -> list[str]:
    email = f"{number}@uni.edu"
    return [f"Participant {number}", name, email, "Submitted", grade, "3.00", "Yes", "-", "-", comment]


LINES = [
    line(12, "Ada Lovelace", comment=COMMENT),
    line(13, "Sam Smith"),  # two have this name
    line(14, "Sam Smith"),
    line(15, "+Bo_Ek"),
    line(16, "Cy Absent", grade="2.00"),
]


@pytest.fixture
def worksheet(tmp_path: Path) -> Path:
    path = tmp_path / "Grades-Course-Week 1-77.csv"
    with open(path, "w", encoding="utf-8-sig", newline="") as file:
        csv.writer(file, lineterminator="\r\n").writerows([HEADING, *LINES])
    return path


@pytest.fixture
def class_of_moodle(tmp_path: Path) -> Path:
    folder = "{}_assignsubmission_file_"
    return marks(
        tmp_path / "marks",
        made(folder.format("Ada Lovelace_12"), 3),
        made(folder.format("Sam Smith_13"), 1),
        made(folder.format("Sam Smith_14"), 2),
        made(folder.format("Bo Ek_15"), None),
    )


def imported(text: str, maximum: float = 3.0) -> dict[str, float]:
    """What Moodle's importer takes from a worksheet: participants by the digits after the word, grades that it does not skip."""
    heading, *lines = csv.reader(io.StringIO(text, newline=""))
    identifier, grade = heading.index("Identifier"), heading.index("Grade")
    assert "Last modified (grade)" in heading
    found = {}
    for cells in lines:
        assert len(cells) == len(heading)
        number, given = cells[identifier][len("Participant ") :], cells[grade]
        if given != "" and 0 <= float(given) <= maximum:
            found[number] = float(given)
    return found


def test_the_grades_arrive_and_nothing_else_changes(worksheet: Path, class_of_moodle: Path) -> None:
    roster = read_roster(worksheet)
    text = FORMATS["moodle"](rows(class_of_moodle, roster=roster), roster)
    assert imported(text) == {"12": 3.0, "13": 1.0, "14": 2.0, "15": 0.0, "16": 2.0}
    heading, *lines = csv.reader(io.StringIO(text, newline=""))
    assert heading == HEADING
    for before, after in zip(LINES, lines, strict=True):
        assert before[:4] + before[5:] == after[:4] + after[5:]  # formulas, quotes and line ends too


def test_zeros_are_for_those_who_have_nothing(worksheet: Path, class_of_moodle: Path) -> None:
    roster = read_roster(worksheet)
    text = moodle.export(rows(class_of_moodle, roster=roster), roster, zeros=True)
    assert imported(text)["16"] == 0.0


def test_the_zip_gives_each_page_to_its_student(
    worksheet: Path, class_of_moodle: Path, tmp_path: Path
) -> None:
    """As Moodle reads names: five parts of a path between underscores - from 4.1 on four will do -, the second the participant's number."""
    call = ["marks", "report", class_of_moodle, "--roster", worksheet, "--moodle", tmp_path / "feedback.zip"]
    done = CliRunner().invoke(main, [str(part) for part in call])
    assert done.exit_code == 0 and "4 pages into" in done.stdout, done.output
    points = {}
    with zipfile.ZipFile(tmp_path / "feedback.zip") as archive:
        for name in archive.namelist():
            folder, file = name.split("/")
            parts = folder.split("_", 4)
            assert parts[2:] == ["assignfeedback", "file", ""]
            assert not file.startswith((".", "~")) and file.endswith(".html")
            points[parts[1]] = archive.read(name).decode().partition("<strong>")[2][:6]
    assert points == {"12": "3 of 3", "13": "1 of 3", "14": "2 of 3", "15": "0 of 0"}


def changed(worksheet: Path, old: str, new: str) -> Roster:
    return read_roster(
        worksheet.with_name("changed.csv")
        if worksheet.with_name("changed.csv").write_text(worksheet.read_text().replace(old, new))
        else worksheet
    )


@pytest.mark.parametrize(
    ("old", "new", "columns", "words"),
    [
        ("3.00", "100.00", (), "Moodle's maximum grade is 100 and the lesson is worth 3 points"),
        ("Maximum Grade", "Scale", (), "grades this assignment by a scale, and skips every number"),
        ("Participant 13", "Sam", (), "Moodle's own grading worksheet is due"),
        (",Grade,", ",Bewertung,", (), "no column 'Grade'; give --column one of 'Identifier'"),
        ("", "", ("a", "b"), "of one assignment"),
    ],
)
def test_what_moodle_would_skip_is_refused(
    worksheet: Path, class_of_moodle: Path, old: str, new: str, columns: tuple[str, ...], words: str
) -> None:
    roster = changed(worksheet, old, new)
    table = rows(class_of_moodle, roster=roster)
    with pytest.raises(CourseError, match=words):
        moodle.export(table, roster, columns=columns)
    with pytest.raises(CourseError, match="Moodle's own grading worksheet is due"):
        moodle.export(table, None)


def test_other_languages_and_other_lessons(worksheet: Path, class_of_moodle: Path, tmp_path: Path) -> None:
    german = changed(worksheet, ",Grade,", ",Bewertung,")
    table = rows(class_of_moodle, roster=german)
    text = moodle.export(table, german, columns=["lesson=Bewertung"])
    assert imported(text.replace("Bewertung", "Grade"))["14"] == 2.0
    both = marks(tmp_path / "both", made("12", 1), made("Sam Smith_13_assignsubmission_", 2, lesson="next"))
    roster = read_roster(worksheet)
    with pytest.raises(CourseError, match="of which lesson"):
        moodle.export(rows(both, roster=roster), roster)
    text = moodle.export(rows(both, roster=roster), roster, columns=["next=Grade"])
    assert imported(text) == {"13": 2.0, "16": 2.0}


def test_marks_of_what_was_not_locked_in_say_so(worksheet: Path, tmp_path: Path) -> None:
    settings = {"watermark": "UNSANDBOXED"}
    folder = marks(tmp_path / "loose", made("Ada Lovelace_12_assignsubmission_file_", 1, settings=settings))
    roster = read_roster(worksheet)
    text = moodle.export(rows(folder, roster=roster), roster)
    assert "</p>  UNSANDBOXED" in text
    without = changed(worksheet, "Feedback comments", "Something")
    with pytest.raises(CourseError, match="in which to say: UNSANDBOXED"):
        moodle.export(rows(folder, roster=without), without)
