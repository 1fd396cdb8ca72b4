"""What is late, and what that costs: by files, by what systems say, and by a course's due times and extensions."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from armod.course.commands.main import main
from armod.course.errors import CourseError
from armod.course.grading.intake.submissions import submissions
from armod.course.grading.intake.times import Times, read_time
from armod.course.grading.marks import record
from armod.course.grading.marks.gradebook import rows
from armod.course.grading.marks.lateness import Policy
from armod.course.grading.marks.roster import read_roster
from armod.course.grading.own_course import Course, Rules
from tests.course.grading.handed_in import write
from tests.course.grading.marks.records import as_rows, made, marks

DUE = datetime(2026, 1, 3, 12, tzinfo=UTC)


def course(**changes: Any) -> Course:
    return Course(lessons={"lesson": Rules(due=DUE)}, **changes)


def handed(folder: Path, **when: timedelta | bool) -> Path:
    """Two points of three for each; handed in so long after the due time, or as Canvas marks it."""
    found = marks(folder, *(made(student, 2) for student in when))
    lines = record.read_class(found)
    for line, after in zip(lines, when.values(), strict=True):
        if isinstance(after, bool):
            line |= {"handed_in": DUE.isoformat(), "by_file": True, "late": after}
        else:
            line |= {"handed_in": (DUE + after).isoformat(), "by_file": True, "late": None}
    record.write_class(found, lines)
    return found


def points(folder: Path, course: Course, **said: Any) -> dict[str, float]:
    return {row.record.student: row.points for row in rows(folder, Policy.of(course, **said))}


def test_each_day_begun_costs_its_share_and_grace_costs_nothing(tmp_path: Path) -> None:
    folder = handed(
        tmp_path,
        early=-timedelta(days=9),
        on_time=timedelta(),
        in_grace=timedelta(minutes=10),
        after_grace=timedelta(minutes=10, seconds=1),
        a_day=timedelta(days=1),
        two_days=timedelta(days=1, seconds=1),
        much=timedelta(days=90),
    )
    got = points(folder, course(grace=10, per_day=25))
    assert got == {
        "early": 2, "on_time": 2, "in_grace": 2, "after_grace": 1.5, "a_day": 1.5, "two_days": 1, "much": 0,
    }  # fmt: skip
    assert set(points(folder, course(per_day=25), late="ignore").values()) == {2}
    worth = Course(lessons={"lesson": Rules(due=DUE, points=30)}, per_day=10)
    assert points(folder, worth)["a_day"] == 18  # 2 of 3 points, of 30, less a tenth


def test_an_extension_moves_the_due_time_of_its_student_alone(tmp_path: Path) -> None:
    folder = handed(tmp_path, ada=timedelta(days=2), bob=timedelta(days=2), cy=timedelta(days=4))
    longer = {student: {"lesson": DUE + timedelta(days=3)} for student in ("ada", "cy")}
    got = points(folder, course(per_day=25, extensions=longer))
    assert got == {"ada": 2, "bob": 1, "cy": 1.5}


def test_what_canvas_marks_as_late_is_late_whatever_the_files_say(tmp_path: Path) -> None:
    folder = handed(tmp_path, ada=True, bob=False, cy=True)
    assert points(folder, course(per_day=25)) == {"ada": 1.5, "bob": 2, "cy": 1.5}
    longer = {"cy": {"lesson": DUE + timedelta(days=3)}}
    assert points(folder, course(per_day=25, extensions=longer))["cy"] == 2
    table = rows(folder, Policy(late="exclude", due=DUE))
    assert [row.counts for row in table] == [False, True, False]


def test_times_of_unpacking_are_refused_with_the_reason(tmp_path: Path) -> None:
    folder = handed(tmp_path, ada=timedelta(days=30), bob=timedelta(days=30, seconds=59))
    for policy in (Policy(due=DUE, late="exclude"), Policy.of(course())):
        with pytest.raises(CourseError, match=r"all 2 files lie within a minute.*--times TABLE"):
            rows(folder, policy)
    assert [row.late for row in rows(folder, Policy.of(course(), late="ignore"))] == [False, False]
    assert [row.late for row in rows(folder)] == [False, False]  # nothing is due
    told = [line | {"by_file": False} for line in record.read_class(folder)]
    record.write_class(folder, told)
    assert [row.late for row in rows(folder, Policy(due=DUE))] == [True, True]


def test_moodles_worksheet_tells_when(tmp_path: Path) -> None:
    for name in ("Ada Lovelace_12_assignsubmission_file_", "Bo_13_assignsubmission_file_"):
        write(tmp_path / "class" / name / "hw.ipynb", "{}")
    sheet = write(
        tmp_path / "Grades.csv",
        "Identifier,Full name,Status,Last modified (submission)\n"
        'Participant 12,Ada Lovelace,Submitted,"Monday, 12 October 2026, 11:58 AM"\n'
        "Participant 13,Bo,No submission,-\n",
    )
    times = Times.in_table(read_roster(sheet), sheet)
    ada, bo = submissions(tmp_path / "class", times)
    assert ada.handed.at == datetime(2026, 10, 12, 11, 58).astimezone(UTC) and not ada.handed.by_file
    assert bo.handed.at is None and not bo.handed.by_file
    assert Times.in_table(read_roster(write(tmp_path / "r.csv", "student\nada\n")), sheet) is None


def test_gradescopes_metadata_tell_when(tmp_path: Path) -> None:
    write(tmp_path / "submission_7" / "hw.ipynb", "{}")
    write(
        tmp_path / "submission_metadata.yml",
        "---\nsubmission_7:\n  :submitters:\n  - :name: Ada\n  :created_at: 2026-10-12 11:58:03.12 Z\n",
    )
    (one,) = submissions(tmp_path)
    assert one.handed.at == datetime(2026, 10, 12, 11, 58, 3, 120000, tzinfo=UTC)
    assert (one.student, one.file) == ("Ada", "submission_7/hw.ipynb")
    write(tmp_path / "submission_8" / "hw.ipynb", "{}")
    write(tmp_path / "submission_9" / "hw.ipynb", "{}")
    submitter = "{':name': Ada, ':sid': 4711, ':email': ada@uni}"
    told = {7: ("12", submitter), 8: ("11", submitter), 9: ("11", f"{submitter}, {submitter}")}
    write(
        tmp_path / "submission_metadata.yml",
        "".join(
            f"submission_{number}: {{':submitters': [{who}], ':created_at': 2026-10-{day} 09:00:00 Z}}\n"
            for number, (day, who) in told.items()
        ),
    )
    assert [(one.student, one.attempt, one.file[:12]) for one in submissions(tmp_path)] == [
        ("ada@uni", 1, "submission_8"),
        ("ada@uni", 2, "submission_7"),
        ("submission_9", 1, "submission_9"),
    ]
    for text in ("[]", "a: 1", "a: {}", "a: {b: {", "x: !!python/object/apply:os.getpid []"):
        write(tmp_path / "submission_metadata.yml", text)
        with pytest.raises(CourseError, match="as Gradescope writes it"):
            submissions(tmp_path)


def test_canvas_tells_who_is_late(tmp_path: Path) -> None:
    names = ("lovelaceada_4711_98765_hw.ipynb", "gausscarl_LATE_4712_98766_hw-1.ipynb", "emmy.ipynb")
    for name in names:
        write(tmp_path / name, "{}")
    late = {one.file: one.handed.late for one in submissions(tmp_path)}
    assert late == dict(zip(names, (False, True, None), strict=True))


@pytest.mark.parametrize(
    ("text", "due"),
    [
        ("2026-10-12T12:00:00+02:00", datetime(2026, 10, 12, 10, tzinfo=UTC)),
        ("2026-10-12 10:00 UTC", datetime(2026, 10, 12, 10, tzinfo=UTC)),
        ("12.10.2026 10:00 +00:00", datetime(2026, 10, 12, 10, tzinfo=UTC)),
        ("Oct 12 2026 10:00 AM +0000", datetime(2026, 10, 12, 10, tzinfo=UTC)),
    ],
)
def test_times_are_read_as_systems_write_them(text: str, due: datetime) -> None:
    assert read_time(text, "here") == due


@pytest.mark.parametrize("text", ["10/12/2026 11:58", "soon", "2026-13-45", "9" * 400])
def test_a_time_that_may_be_two_or_is_none_is_refused(text: str) -> None:
    with pytest.raises(CourseError, match=r"^table.csv, ada: "):
        read_time(text, "table.csv, ada")


def armod(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments], prog_name="armod")


def test_a_dry_run_tells_what_a_policy_would_do_and_writes_nothing(tmp_path: Path) -> None:
    folder = handed(tmp_path / "marks", ada=timedelta(days=-1), bob=timedelta(days=1, hours=2))
    call = (
        "marks",
        "export",
        folder,
        "--format",
        "csv",
        "--out",
        tmp_path / "out",
        "--due",
        "2026-01-03T12:00",
    )
    call = (*call, "--late", "exclude")
    done = armod(*call, "--dry-run")
    assert done.exit_code == 0 and not (tmp_path / "out").exists(), done.output
    assert "lesson: 2 submissions, 1 late." in done.stdout
    assert "bob, attempt 1: 1 d 2 h 0 min late; counts for nothing" in done.stdout
    assert "Nothing counts for 1 student who handed in: 'bob'." in done.stdout
    done = armod(*call)
    assert done.exit_code == 0 and "1 of 2 submissions is late" in done.stderr
    assert [row["late"] for row in as_rows((tmp_path / "out").read_text())] == ["no", "yes"]


def test_grade_takes_the_times_from_a_table_or_from_the_roster(tmp_path: Path) -> None:
    for student in ("ada", "bob"):
        write(tmp_path / "class" / f"{student}.ipynb", "{")
        os.utime(tmp_path / "class" / f"{student}.ipynb", (0, 0))
    table = write(tmp_path / "times.csv", "student,time\nada,2026-01-02T10:00Z\nbob,2026-01-04T10:00Z\n")
    for option in ("--times", "--roster"):
        out = tmp_path / option
        done = armod("grade", tmp_path / "class", "--out", out, option, table)
        assert done.exit_code == 0, done.output
        assert [line["handed_in"] for line in record.read_class(out)] == [
            "2026-01-02T10:00:00+00:00",
            "2026-01-04T10:00:00+00:00",
        ]
        assert [row.late for row in rows(out, Policy(due=DUE))] == [False, True]
    none = write(tmp_path / "none.csv", "student,points\nada,1\n")
    done = armod("grade", tmp_path / "class", "--out", tmp_path / "x", "--times", none)
    assert (
        done.exit_code == 2
        and "no column of times" in done.stderr
        and json.dumps(str(none))[1:-1] in done.stderr
    )
