"""Marks in the forms that instructors hand in: CSV, Gradescope, Canvas, JUnit.

Names and messages come from students, and each form has readers that would act on them: spreadsheets run a cell that
begins like a formula, XML knows no control characters. What is hidden from students stays out of what they get to see:
of a hidden check Gradescope and CI learn a number and its points.
"""

from __future__ import annotations

import csv
import io
import json
import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from armod.course.exercises.engine.result import CheckResult, Status
from armod.course.grading.marks.gradebook import Row, exercises_of, lessons_of
from armod.course.grading.marks.record import MARKED
from armod.course.grading.marks.roster import Roster

_FORMULA = re.compile(r"[=+\-@\t\r\n＝＋－＠]")
_NO_XML = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def to_csv(table: Sequence[Row], roster: Roster | None = None) -> str:
    """A line for each submission, and for each student of the roster who has none."""
    exercises = exercises_of(table)
    heading = [
        *("student", "lesson", "attempt", "file", "status", "points", "max_points", "counts", "late"),
        *exercises,
        *("reason", "flags", "overrides", "watermark"),
    ]
    lines = []
    for row in table:
        found, points = row.record, row.by_exercise
        lines.append(
            [
                *(found.student, found.lesson or "", found.attempt, found.file, found.status),
                *(_number(row.points), found.max_points, _yes(row.counts), _yes(row.late)),
                *(_number(points[name]) if name in points else "" for name in exercises),
                *(
                    found.reason or _unanswered(row),
                    " | ".join(found.flags),
                    " | ".join(map(str, row.overrides)),
                    row.watermark,
                ),
            ]
        )
    return _as_csv([heading, *lines])


def to_canvas(table: Sequence[Row], roster: Roster | None = None) -> str:
    """Canvas' own grade book: a line for each student, a column for each lesson, ids from a roster that Canvas wrote."""
    lessons = lessons_of(table)
    ids = ("ID", "SIS User ID", "SIS Login ID", "Section")
    students = list(dict.fromkeys(row.record.student for row in table))
    known = roster.by_student(students) if roster else {}
    counted = {(row.record.student, row.record.lesson): row for row in table if row.counts}
    worth = {
        lesson: max(row.record.max_points for row in table if row.record.lesson == lesson)
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
            max((_number(row.points) for row in _counting(counted, names, lesson)), default="")
            for lesson in lessons
        ]
        lines.append([line.get("Student") or names[0], *own, *points])
    return _as_csv(lines)


def _counting(
    counted: Mapping[tuple[str, str | None], Row], names: Sequence[str], lesson: str
) -> Iterator[Row]:
    """The rows that count for one person and lesson; a refused submission may have been any lesson's."""
    for name in names:
        if row := counted.get((name, lesson)) or counted.get((name, None)):
            yield row


def to_gradescope(table: Sequence[Row], roster: Roster | None = None) -> str:
    """A JSON list with one ``results.json`` of Gradescope's for each submission, whose ``extra_data`` say whose it is."""
    return json.dumps([gradescope_results(row) for row in table], indent=1, ensure_ascii=True) + "\n"


def gradescope_results(row: Row) -> dict[str, Any]:
    """One submission's ``results.json``, as a student may see it."""
    found = row.record
    tests = []
    for mark in found.marks:
        for number, check in enumerate(mark.visible.checks, 1):
            name = f"{mark.visible.title}: {check.title}"
            tests.append(_test(check, name, f"{mark.visible.exercise}.{number}", check.message, "visible"))
        for number, check in enumerate(mark.hidden.checks, 1):
            name = f"{mark.visible.title}: hidden check {number}"
            tests.append(_test(check, name, f"{mark.visible.exercise}.h{number}", "", "after_published"))
    says = [found.reason or "", row.watermark, *map(str, row.overrides)]
    return {
        "score": row.points,
        "output": "\n".join(filter(None, says)),
        "visibility": "visible",
        "tests": tests,
        "extra_data": {
            "student": found.student,
            "lesson": found.lesson,
            "attempt": found.attempt,
            "file": found.file,
            "status": found.status,
            "counts": row.counts,
            "late": row.late,
            "max_score": found.max_points,
        },
    }


def to_junit(table: Sequence[Row], roster: Roster | None = None) -> str:
    """JUnit's XML: a suite for each submission, a case for each check; an error where there is no mark."""
    suites = ElementTree.Element("testsuites", name="armod")
    for row in table:
        found = row.record
        suite = ElementTree.SubElement(suites, "testsuite", name=_xml(found.student))
        properties = ElementTree.SubElement(suite, "properties")
        facts = {
            "lesson": found.lesson,
            "attempt": found.attempt,
            "file": found.file,
            "points": _number(row.points),
            "max_points": found.max_points,
            "counts": _yes(row.counts),
            "late": _yes(row.late),
            "watermark": row.watermark or None,
            "overrides": " | ".join(map(str, row.overrides)) or None,
        }
        for name, value in facts.items():
            if value is not None:
                ElementTree.SubElement(properties, "property", name=name, value=_xml(str(value)))
        counts = dict.fromkeys(("tests", "failures", "errors", "skipped"), 0)
        for name, exercise, check in _cases(row):
            case = ElementTree.SubElement(suite, "testcase", classname=_xml(exercise), name=_xml(name))
            counts["tests"] += 1
            if check is None:
                counts["errors"] += 1
                ElementTree.SubElement(case, "error", message=_xml(found.reason or found.status))
            elif check.status is Status.NOT_ANSWERED:
                counts["skipped"] += 1
                ElementTree.SubElement(case, "skipped", message=_xml(check.message))
            elif check.status is not Status.PASSED:
                counts["failures"] += 1
                ElementTree.SubElement(case, "failure", message=_xml(check.message))
        suite.attrib.update({name: str(count) for name, count in counts.items()})
    ElementTree.indent(suites, " ")
    text = ElementTree.tostring(suites, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{text}\n'


FORMATS: dict[str, Callable[[Sequence[Row], Roster | None], str]] = {
    "csv": to_csv,
    "gradescope": to_gradescope,
    "canvas": to_canvas,
    "junit": to_junit,
}


def _cases(row: Row) -> Iterable[tuple[str, str, CheckResult | None]]:
    if row.record.status != MARKED:
        yield row.record.status, "submission", None
    for mark in row.record.marks:
        for check in mark.visible.checks:
            yield check.title, mark.visible.exercise, check
        for number, check in enumerate(mark.hidden.checks, 1):
            yield f"hidden check {number}", mark.visible.exercise, replace(check, message="")


def _test(check: CheckResult, name: str, number: str, output: str, visibility: str) -> dict[str, Any]:
    return {
        "name": name,
        "number": number,
        "score": check.points,
        "max_score": check.max_points,
        "status": "passed" if check.status is Status.PASSED else "failed",
        "output": output,
        "visibility": visibility,
    }


def _as_csv(lines: Sequence[Sequence[Any]]) -> str:
    buffer = io.StringIO()
    writer = csv.writer(buffer, quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writerows([[_cell(value) for value in line] for line in lines])
    return buffer.getvalue()


def _cell(value: Any) -> Any:
    """A text that no spreadsheet takes for a formula: an apostrophe goes before what begins like one."""
    if not isinstance(value, str):
        return value
    text = value.replace("\0", "")
    return f"'{text}" if _FORMULA.match(text.lstrip(" \xa0")) else text


def _unanswered(row: Row) -> str:
    results = [result for mark in row.record.marks for result in (mark.visible, mark.hidden)]
    return "" if any(result.is_answered for result in results) else "not answered"


def _number(points: float) -> int | float:
    return int(points) if points == int(points) else points


def _yes(truth: bool) -> str:
    return "yes" if truth else "no"


def _xml(text: str) -> str:
    """The text without what XML can't hold."""
    return _NO_XML.sub("\N{REPLACEMENT CHARACTER}", text)
