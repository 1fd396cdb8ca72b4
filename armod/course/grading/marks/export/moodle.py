"""Moodle's grading worksheet, filled in, and the zip of feedback files that an assignment of Moodle's takes.

Moodle reads a worksheet by its columns *Identifier*, *Grade* and *Last modified (grade)*, and skips, without a word, a grade that
is above the assignment's maximum or that somebody changed meanwhile. All other columns it takes for what is to be written, such as
*Feedback comments*; so every cell but the grades stays as it came, and what would be skipped is refused here. A file in the zip
goes to whoever has the number in the name of its folder, ``NAME_NUMBER_assignfeedback_file_``, without whose last underscore Moodle
before 4.1 does not know it.
(``mod/assign/feedback/offline/importgradeslib.php`` and ``locallib.php``, ``mod/assign/feedback/file/importziplib.php``.)
"""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path

from armod.course.errors import CourseError
from armod.course.grading.marks.cells import plain_number, require_maximum
from armod.course.grading.marks.gradebook import Row, lessons_of
from armod.course.grading.marks.roster import Roster

GRADE, MAXIMUM, SCALE, COMMENTS = "Grade", "Maximum Grade", "Scale", "Feedback comments"


def export(
    table: Sequence[Row], roster: Roster | None = None, *, columns: Sequence[str] = (), zeros: bool = False
) -> str:
    """The worksheet with the grades of one lesson.

    Args:
        table: The rows of the class.
        roster: The worksheet as Moodle wrote it.
        columns: What Moodle calls the column *Grade*, as ``"COLUMN"`` or ``"LESSON=COLUMN"``; the lesson may be left out where
            there is one.
        zeros: Whether those get 0 for whom nothing counts.

    Returns:
        The CSV file to import.

    Raises:
        CourseError: If there is no worksheet, column or lesson, or if Moodle would skip grades.
    """
    lesson, name = _choice(columns, lessons_of(table))
    lines = _worksheet(roster)
    assert roster is not None
    if name not in roster.heading:
        known = ", ".join(map(repr, roster.heading))
        raise CourseError(f"The worksheet has no column {name!r}; give --column one of {known}.")
    place, counted = roster.heading.index(name), _counted(table, lesson)
    _refuse_what_is_skipped(roster, [row for rows in counted.values() for row in rows])
    comments = roster.heading.index(COMMENTS) if COMMENTS in roster.heading else None
    filled = [list(roster.heading)]
    for number, line in enumerate(lines):
        made, rows = list(line), counted.get(f"line {number}", [])
        if rows or zeros:
            made[place] = str(plain_number(max((row.points for row in rows), default=0)))
        for mark in sorted({row.watermark for row in rows} - {""}):
            if comments is None:
                raise CourseError(f"The worksheet has no column {COMMENTS!r}, in which to say: {mark}.")
            made[comments] = f"{made[comments]} {mark}".strip()
        filled.append(made)
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\n").writerows(filled)
    return buffer.getvalue()


def write_feedback(
    table: Sequence[Row], roster: Roster | None, path: Path, page: Callable[[Row], str]
) -> int:
    """Write the zip of feedback files.

    Args:
        table: The rows of the class.
        roster: The worksheet as Moodle wrote it.
        path: The zip.
        page: What a student is told about a submission, as HTML.

    Returns:
        How many pages it holds: one for each submission that counts.

    Raises:
        CourseError: If there is no worksheet.
    """
    _worksheet(roster)
    assert roster is not None
    participants, count = {f"line {line}": number for number, line in roster.participants().items()}, 0
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for row in table:
            number = participants.get(row.person.key) if row.person else None
            if row.counts and row.record.file and number is not None:
                # an underscore would end the name for Moodle
                name = re.sub(r"[\W_]+", " ", row.name).strip() or "student"
                file = f"{row.record.lesson or 'not_marked'}.html"
                archive.writestr(f"{name}_{number}_assignfeedback_file_/{file}", page(row))
                count += 1
    return count


def _choice(columns: Sequence[str], lessons: Sequence[str]) -> tuple[str | None, str]:
    """The lesson whose grades go into the worksheet, and the column."""
    if len(columns) > 1:
        raise CourseError("A worksheet of Moodle's is of one assignment: give --column once.")
    lesson, _, name = (
        columns[0].rpartition("=")
        if columns and columns[0].partition("=")[0] in lessons
        else ("", "", columns[0] if columns else GRADE)
    )
    if not lesson and len(lessons) > 1:
        raise CourseError(
            f"The worksheet is of which lesson? Give --column LESSON={name}; there are {', '.join(lessons)}."
        )
    return lesson or next(iter(lessons), None), name


def _worksheet(roster: Roster | None) -> Sequence[Sequence[str]]:
    """The cells of the worksheet as they came."""
    if roster is None or not roster.participants():
        raise CourseError(
            "Moodle's own grading worksheet is due as --roster: a CSV file whose first column holds 'Participant 4711' and the like."
        )
    return roster.cells


def _counted(table: Sequence[Row], lesson: str | None) -> dict[str, list[Row]]:
    """What counts of each line; a refused submission may have been any lesson's."""
    found: dict[str, list[Row]] = {}
    for row in table:
        if row.counts and row.person and row.record.lesson in (lesson, None):
            found.setdefault(row.person.key, []).append(row)
    return found


def _refuse_what_is_skipped(roster: Roster, rows: Sequence[Row]) -> None:
    """CourseError unless Moodle's maximum is what the lesson is worth: a grade above it would be skipped, and so is any number by a scale."""
    if SCALE in roster.heading:
        raise CourseError(
            "Moodle grades this assignment by a scale, and skips every number; set its grade type to Point and download the "
            "worksheet again."
        )
    worth = max((row.max_points for row in rows if row.record.lesson), default=0.0)
    if MAXIMUM not in roster.heading or not worth:
        return
    place = roster.heading.index(MAXIMUM)
    for text in {line[place] for line in roster.lines}:
        require_maximum(text, worth, whose="Moodle's maximum grade", again="the worksheet")
