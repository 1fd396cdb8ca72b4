"""Canvas' own grade book.

Canvas finds a student by *ID* and an assignment by the number at the end of its column's name, and takes a mark above an
assignment's points without a word (``lib/gradebook_importer.rb``); so another maximum than what the lesson is worth is refused here.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from armod.course.errors import CourseError
from armod.course.grading.marks.cells import as_csv, plain_number, require_maximum
from armod.course.grading.marks.gradebook import Row, by_person, lessons_of
from armod.course.grading.marks.roster import Roster

_ID = re.compile(r"\s*\(\d+\)$")  # how Canvas ends the name of an assignment's column


def export(
    table: Sequence[Row], roster: Roster | None = None, *, columns: Sequence[str] = (), zeros: bool = False
) -> str:
    """A line for each student, a column for each lesson, ids from a roster that Canvas wrote.

    Args:
        table: The rows of the class.
        roster: Canvas' own export.
        columns: For each lesson the column of the roster that its marks go into, as ``"LESSON=COLUMN"``; the lesson may be
            left out where there is one. A lesson without gets the column that Canvas made of an earlier upload, or a new one.
        zeros: Whether those get 0 for whom nothing counts.

    Returns:
        The CSV file to import.

    Raises:
        CourseError: If there is no such column or lesson, if Canvas has other points for it than the lesson is worth, or if
            marks must say that nothing was locked in, which an existing column can't.
    """
    lessons = lessons_of(table)
    existing = _columns(columns, lessons, roster)
    ids = ("ID", "SIS User ID", "SIS Login ID", "Section")
    known = roster.by_student(sorted({row.record.student for row in table})) if roster else {}
    worth = {
        lesson: max(plain_number(row.max_points) for row in table if row.record.lesson == lesson)
        for lesson in lessons
    }
    if roster and roster.possible:
        possible = dict(zip(roster.heading, roster.possible, strict=False))
        for lesson, name in existing.items():
            require_maximum(
                possible.get(name, ""),
                worth[lesson],
                whose=f"What Canvas gives for {name!r}",
                again="the grade book",
            )
    marks = {mark for row in table if (mark := row.watermark)}
    if marks and columns:
        raise CourseError(f"A column that is there already can't say: {min(marks)}; leave --column out.")
    titles = [
        existing[lesson] if lesson in existing and not marks else " ".join(["armod", lesson, *sorted(marks)])
        for lesson in lessons
    ]
    lines: list[list[Any]] = [
        ["Student", *ids, *titles],
        ["    Points Possible", "", "", "", "", *(worth[lesson] for lesson in lessons)],
    ]
    for rows in by_person(table):
        student = rows[0].record.student
        line = known.get(student, {})
        own = [line.get(column, "") for column in ids]
        if not roster:
            own[2] = student
        counted = {row.record.lesson: row for row in rows if row.counts}
        refused = counted.get(None)  # which may have been any lesson's
        found = [counted.get(lesson, refused) for lesson in lessons]
        points = [plain_number(row.points) if row else 0 if zeros else "" for row in found]
        lines.append([line.get("Student") or student, *own, *points])
    return as_csv(lines)


def _columns(columns: Sequence[str], lessons: Sequence[str], roster: Roster | None) -> dict[str, str]:
    """The column of the roster for each lesson that has one there."""
    heading = [name for name in roster.heading if _ID.search(name)] if roster else []
    found = {}
    for lesson in lessons:
        earlier = [name for name in heading if _ID.sub("", name) in (lesson, f"armod {lesson}")]
        if len(earlier) == 1:
            found[lesson] = earlier[0]
    for column in columns:
        lesson, _, name = column.rpartition("=") if column.partition("=")[0] in lessons else ("", "", column)
        if not lesson and len(lessons) != 1:
            raise CourseError(
                f"--column {column!r} is for which lesson? Write LESSON=COLUMN; there are {', '.join(lessons)}."
            )
        matching = [known for known in heading if name in (known, _ID.sub("", known))]
        if len(matching) != 1:
            raise CourseError(
                f"--column {name!r} is {'several columns' if matching else 'no column'} of the roster; "
                f"it has {', '.join(map(repr, heading)) or 'none with an id, so give Canvas own export as --roster'}."
            )
        found[lesson or lessons[0]] = matching[0]
    return found
