"""Canvas' own grade book."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from armod.course.grading.marks.cells import as_csv, plain_number
from armod.course.grading.marks.gradebook import Row, lessons_of
from armod.course.grading.marks.roster import Roster


def export(table: Sequence[Row], roster: Roster | None = None) -> str:
    """A line for each student, a column for each lesson, ids from a roster that Canvas wrote."""
    lessons = lessons_of(table)
    ids = ("ID", "SIS User ID", "SIS Login ID", "Section")
    students = list(dict.fromkeys(row.record.student for row in table))
    known = roster.by_student(students) if roster else {}
    counted = {(row.record.student, row.record.lesson): row for row in table if row.counts}
    worth = {
        lesson: max(plain_number(row.max_points) for row in table if row.record.lesson == lesson)
        for lesson in lessons
    }
    marks = {mark for row in table if (mark := row.watermark)}
    titles = [" ".join(["armod", lesson, *sorted(marks)]) for lesson in lessons]
    lines: list[list[Any]] = [
        ["Student", *ids, *titles],
        ["    Points Possible", "", "", "", "", *(worth[lesson] for lesson in lessons)],
    ]
    people: dict[tuple[str, ...], list[str]] = {}  # one may have handed in under several names
    for student in students:
        people.setdefault(tuple(known[student].values()) if student in known else (student,), []).append(
            student
        )
    for names in people.values():
        line = known.get(names[0], {})
        own = [line.get(column, "") for column in ids]
        if not roster:
            own[2] = names[0]
        points = [
            max((plain_number(row.points) for row in _counting(counted, names, lesson)), default="")
            for lesson in lessons
        ]
        lines.append([line.get("Student") or names[0], *own, *points])
    return as_csv(lines)


def _counting(
    counted: Mapping[tuple[str, str | None], Row], names: Sequence[str], lesson: str
) -> Iterator[Row]:
    """The rows that count for one person and lesson; a refused submission may have been any lesson's."""
    for name in names:
        if row := counted.get((name, lesson)) or counted.get((name, None)):
            yield row
