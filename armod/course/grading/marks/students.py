"""The class as two tables: a line for each student with what counts, and a line for each check with how many passed it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from armod.course.exercises.engine.result import CheckResult, Status
from armod.course.grading.marks.cells import plain_number
from armod.course.grading.marks.gradebook import Row, by_person, lessons_of
from armod.course.grading.marks.record import MARKED


@dataclass(frozen=True)
class Cell:
    """What stands in a cell, by what it is sorted, and the submission that it leads to."""

    text: str
    key: str | float = ""
    row: Row | None = None


def students(table: Sequence[Row]) -> tuple[list[str], list[list[Cell]]]:
    """The heading, and for each student the points of each lesson, late ones, attempts and the total in percent."""
    lessons = lessons_of(table)
    worth = {name: max(row.max_points for row in table if row.record.lesson == name) for name in lessons}
    weights = {row.record.lesson: row.rules.weight for row in table if row.record.status == MARKED}
    lines = []
    for rows in by_person(table):
        counted = {row.record.lesson: row for row in rows if row.counts}
        total = sum(
            weights[name] * counted[name].points / (worth[name] or 1) for name in lessons if name in counted
        )
        share = 100 * total / (sum(weights[name] for name in lessons) or 1)
        late = sum(row.late for row in rows)
        handed_in = sum(bool(row.record.file) for row in rows)
        lines.append(
            [
                Cell(rows[0].name),
                *(_points(counted.get(name), worth[name]) for name in lessons),
                Cell(f"{share:.1f} %", share),
                Cell(str(handed_in), handed_in),
                Cell(str(late or ""), late),
                *([Cell(*_refusal(rows))]),
            ]
        )
    return ["student", *lessons, "total", "attempts", "late", "to look at"], lines


def checks(table: Sequence[Row]) -> list[tuple[str, str, str]]:
    """For each check of what counts: its exercise, its title - of a hidden one a number -, and how many passed it."""
    seen: dict[tuple[str, str], list[CheckResult]] = {}
    for row in table:
        for mark in row.record.marks:
            titled = [(check.title, check) for check in mark.visible.checks]
            titled += [
                (f"hidden check {number}", check) for number, check in enumerate(mark.hidden.checks, 1)
            ]
            for title, check in titled:
                seen.setdefault((mark.visible.exercise, title), []).append(check)
    return [
        (exercise, title, f"{sum(check.status is Status.PASSED for check in found)} of {len(found)}")
        for (exercise, title), found in seen.items()
    ]


def _points(row: Row | None, worth: float) -> Cell:
    if row is None:
        return Cell("", -1.0)
    return Cell(f"{plain_number(row.points)} of {plain_number(worth)}", row.points, row)


def _refusal(rows: Sequence[Row]) -> tuple[str, float, Row | None]:
    """The last submission that could not be marked where nothing else counts, or what is to be done by hand."""
    if any(row.counts and row.record.status == MARKED for row in rows):
        waiting = [name for row in rows if row.counts for name in row.waiting]
        return (f"by hand: {', '.join(waiting)}" if waiting else ""), 1.0 if waiting else 0.0, None
    last = rows[-1]
    return (
        f"{last.record.status}: {last.record.reason}" if last.record.reason else "nothing counts",
        2.0,
        (last if last.record.file else None),
    )
