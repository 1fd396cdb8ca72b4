"""A term of 60 students and 4 assignments, as three systems hand it over, against marks that are worked out apart."""

from __future__ import annotations

import math
import os
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import pytest

from armod.course.grading.intake.submissions import submissions
from armod.course.grading.intake.times import Times, as_data
from armod.course.grading.marks import record
from armod.course.grading.marks.export.canvas import export
from armod.course.grading.marks.gradebook import OVERRIDE_COLUMNS, OVERRIDES, rows, stale
from armod.course.grading.marks.lateness import Policy
from armod.course.grading.marks.roster import Roster, read_roster
from armod.course.grading.own_course import Course, Rules
from tests.course.grading.handed_in import write
from tests.course.grading.marks.records import as_rows, made

STUDENTS, WORTH = 60, (10, 20, 5, 8)
GRACE, PER_DAY = timedelta(minutes=30), 0.2


class Attempt(NamedTuple):
    """How long after the due time, and how many of the three points."""

    after: timedelta
    points: int


def due(assignment: int) -> datetime:
    return datetime(2026, 10, 5, 12, tzinfo=UTC) + timedelta(weeks=2 * assignment)


def attempts_of(student: int, assignment: int) -> list[Attempt]:
    """Nothing of some, up to three of others, in the order of time; edges of the grace and of the days among them."""
    draw = random.Random(f"{student} {assignment}")
    after = [
        timedelta(),
        GRACE,
        GRACE + timedelta(seconds=1),
        timedelta(days=1),
        timedelta(days=1, seconds=1),
    ]
    after += [timedelta(hours=draw.randint(-200, 150)) for _ in range(8)]
    times = sorted(draw.sample(after, draw.choice((0, 1, 1, 1, 2, 3))))
    return [Attempt(time, draw.randint(0, 3)) for time in times]


def extension(student: int, assignment: int) -> timedelta:
    return timedelta(days=3) if (student + assignment) % 7 == 0 else timedelta()


def by_hand(student: int, assignment: int) -> int | None:
    return 1 if (student + 2 * assignment) % 11 == 0 else None


def expected(system: str, policy: str, student: int, assignment: int) -> float | None:
    """The mark, by arithmetic alone; None for nothing handed in."""
    found = attempts_of(student, assignment)
    if system != "folders":  # these keep the last attempt only
        found = found[-1:]
    marks = []
    for after, points in found:
        given = by_hand(student, assignment)
        full = round((points if given is None else given) * WORTH[assignment] / 3, 2)
        late = after - extension(student, assignment)
        days = math.ceil(late / timedelta(days=1)) if late > GRACE else 0
        if system == "canvas":  # says that something is late, not how much
            days = 1 if after > GRACE and not extension(student, assignment) else 0
        marks.append(round(full * (1 - min(1.0, days * PER_DAY)), 2))
    return None if not marks else marks[-1] if policy == "last" else max(marks)


def full_name(student: int) -> str:
    return f"{['Ada', 'Bob', 'Cleo', 'Dan'][student % 4]} Number{student:02}"


def hand_over(system: str, assignment: int, folder: Path) -> Times | None:
    """The files of an assignment as a system packs them, with what it says of times."""
    sheet = ["Identifier,Full name,Last modified (submission)"]
    for student in range(STUDENTS):
        found = attempts_of(student, assignment)
        for number, (after, points) in enumerate(found if system == "folders" else found[-1:]):
            time = due(assignment) + after
            match system:
                case "canvas":
                    late = "_LATE" if after > GRACE else ""
                    path = folder / f"number{student}{late}_{4000 + student}_{9000 + student}_my_{4000}.ipynb"
                case "moodle":
                    path = folder / f"{full_name(student)}_{student}_assignsubmission_file_" / "hw.ipynb"
                    sheet.append(
                        f'Participant {student},{full_name(student)},"{time:%A, %d %B %Y, %H:%M:%S} +0000"'
                    )
                case _:  # the name of a later attempt comes first in the alphabet
                    path = folder / f"login{student:02}" / f"{9 - number}.ipynb"
            write(path, str(points))
            if system == "folders":
                os.utime(path, (time.timestamp(), time.timestamp()))
    if system != "moodle":
        return None
    table = write(folder.with_name("sheet.csv"), "\n".join(sheet))
    return Times.in_table(read_roster(table), table)


def marked(assignment: int, folder: Path, out: Path, times: Times | None, roster: Roster) -> Path:
    """A folder of marks in which each record has the points that the file says."""
    out.mkdir()
    found = submissions(folder, times)
    lines = []
    for number, one in enumerate(found):
        points = int(one.path.read_text())
        record.write(out, f"{number}", made(one.student, points, lesson=f"week {assignment}", file=one.file))
        line = {"student": one.student, "attempt": one.attempt, "file": one.file, "record": f"{number}"}
        lines.append(line | as_data(one.handed))
    absent = roster.missing([one.student for one in found])
    lines += [{"student": name, "attempt": 0, "file": "", "record": None} for name in absent]
    record.write_class(out, lines)
    given = [
        f"login{student:02},,one,1,X,2026-10-09,why"
        for student in range(STUDENTS)
        if by_hand(student, assignment) is not None and attempts_of(student, assignment)
    ]
    write(out / OVERRIDES, "\n".join([",".join(OVERRIDE_COLUMNS), *given]) + "\n")
    return out


@pytest.mark.parametrize(
    ("system", "policy"), [("canvas", "last"), ("moodle", "last"), ("folders", "last"), ("folders", "best")]
)
def test_every_mark_of_a_term_is_right(system: str, policy: str, tmp_path: Path) -> None:
    heading = "Student,ID,SIS User ID,SIS Login ID,Section,Full name"
    lines = [
        f'"Number{student}",{4000 + student},u{student},login{student:02},{student % 3},{full_name(student)}'
        for student in range(STUDENTS)
    ]
    roster = read_roster(write(tmp_path / "roster.csv", "\n".join([heading, *lines])))
    for assignment, worth in enumerate(WORTH):
        name, place = f"week {assignment}", tmp_path / str(assignment)
        late = {
            full_name(student): {name: due(assignment) + extension(student, assignment)}
            for student in range(STUDENTS)
            if extension(student, assignment)
        }
        course = Course(
            lessons={name: Rules(due=due(assignment), points=worth)},
            attempts="best" if policy == "best" else "last",
            grace=GRACE.total_seconds() / 60,
            per_day=100 * PER_DAY,
            extensions=late,
        )
        times = hand_over(system, assignment, place / "handed_in")
        out = marked(assignment, place / "handed_in", place / "marks", times, roster)
        table = rows(out, Policy.of(course), roster=roster)
        assert stale(out, table) == []
        upload = {line["ID"]: line[f"armod {name}"] for line in as_rows(export(table, roster)) if line["ID"]}
        due_marks = {
            str(4000 + student): expected(system, policy, student, assignment) for student in range(STUDENTS)
        }
        assert len(upload) == STUDENTS
        assert {key: float(mark) if mark else None for key, mark in upload.items()} == due_marks
