"""What a policy does to the marks of a class and of one student, in words."""

from __future__ import annotations

from collections.abc import Sequence

from armod.course.grading.marks.cells import plain_number
from armod.course.grading.marks.gradebook import Row, lessons_of

NAMED = 20  # students
_WHICH = "`armod marks export MARKS --format csv --dry-run` says which"


def told(table: Sequence[Row]) -> str:
    """Who is late, by how much and what it costs; for whom nothing counts; what is still to be given by hand."""
    parts = []
    for lesson in lessons_of(table):
        rows = [row for row in table if row.record.lesson == lesson]
        late = [row for row in rows if row.late]
        parts.append(f"{lesson}: {_number(len(rows), 'submission')}, {len(late)} late.")
        parts += [f"  {row.name}, attempt {row.record.attempt}: {row.lateness}; {_cost(row)}" for row in late]
        if waiting := [row.name for row in rows if row.counts and row.waiting]:
            parts.append(f"  Points by hand are still missing for {_named(waiting)}: {_list(waiting)}.")
    unknown = [row.name for row in table if row.record.file and not row.record.times.get("handed_in")]
    if unknown:
        parts.append(
            f"Nobody says when {_named(unknown)} handed in, who therefore are in time: {_list(unknown)}."
        )
    counting = {row.name for row in table if row.counts}
    lost = dict.fromkeys(row.name for row in table if row.record.file and row.name not in counting)
    if lost:
        parts.append(f"Nothing counts for {_named(list(lost))} who handed in: {_list(list(lost))}.")
    return "\n".join(parts or ["Nothing is marked yet."])


def in_short(table: Sequence[Row]) -> list[str]:
    """How many submissions are late or lack points by hand, a sentence each; none where there is nothing to say."""
    late, handed_in = sum(row.late for row in table), sum(bool(row.record.file) for row in table)
    waiting, found = sum(row.counts and bool(row.waiting) for row in table), []
    if late:
        verb = "is" if late == 1 else "are"
        found.append(f"{late} of {_number(handed_in, 'submission')} {verb} late; {_WHICH}.")
    if waiting:
        found.append(f"Points by hand are still missing for {_number(waiting, 'submission')}; {_WHICH}.")
    return found


def reckoned(row: Row) -> list[str]:
    """How the points of a submission follow from those of its checks where they are others, a sentence each, for its student."""
    if any(not override.exercise and override.points is not None for override in row.overrides):
        return []  # the whole was given by hand, with the reason
    found, parts = sum(row.by_exercise.values()), []
    if row.points_in_time != found:
        worth = f"{row.points_in_time:g} of the {row.max_points:g} that the lesson is worth"
        parts.append(f"{found:g} of {row.possible:g} points make {worth}.")
    if row.late:
        parts.append(f"It is {row.lateness}{f': {_cost(row)}' if row.counts else ''}.")
    return parts


def _cost(row: Row) -> str:
    if not row.counts:
        return "counts for nothing"
    before, after = plain_number(row.points_in_time), plain_number(row.points)
    return f"{after} points" + (f" instead of {before}" if before != after else "")


def _number(count: int, what: str) -> str:
    return f"{count} {what}{'s' * (count != 1)}"


def _named(students: Sequence[str]) -> str:
    return _number(len(students), "student")


def _list(students: Sequence[str]) -> str:
    return ", ".join(map(repr, students[:NAMED])) + (", ..." if len(students) > NAMED else "")
