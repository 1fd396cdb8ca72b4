"""A table for any spreadsheet: a line for each submission, and for each student of the roster who has none."""

from __future__ import annotations

from collections.abc import Sequence

from armod.course.grading.marks.cells import as_csv, plain_number, yes
from armod.course.grading.marks.gradebook import Row, by_hand, exercises_of
from armod.course.grading.marks.roster import Roster


def export(table: Sequence[Row], roster: Roster | None = None) -> str:
    """A line for each submission, and for each student of the roster who has none."""
    exercises = [*exercises_of(table), *by_hand(table)]
    heading = [
        *(("student", "name") if roster else ("student",)),
        *("lesson", "attempt", "file", "handed_in"),
        *("status", "points", "max_points", "counts", "late"),
        *exercises,
        *("reason", "flags", "overrides", "watermark"),
    ]
    lines = []
    for row in table:
        found, points = row.record, row.by_exercise
        lines.append(
            [
                *((found.student, row.name) if roster else (found.student,)),
                *(found.lesson or "", found.attempt, found.file),
                *(found.times.get("handed_in") or "", found.status),
                *(plain_number(row.points), plain_number(row.max_points), yes(row.counts), yes(row.late)),
                *(plain_number(points[name]) if name in points else "" for name in exercises),
                *(
                    found.reason
                    or "; ".join(filter(None, (_unanswered(row), _waiting(row), _not_asked(row)))),
                    " | ".join(found.flags),
                    " | ".join(map(str, row.overrides)),
                    row.watermark,
                ),
            ]
        )
    return as_csv([heading, *lines])


def _unanswered(row: Row) -> str:
    results = [result for mark in row.record.marks for result in (mark.visible, mark.hidden)]
    return "" if any(result.is_answered for result in results) else "not answered"


def _waiting(row: Row) -> str:
    return f"still to be given by hand: {', '.join(row.waiting)}" if row.waiting else ""


def _not_asked(row: Row) -> str:
    return "does not count: not asked the hidden checks" if row.record.waits_for_hidden else ""
