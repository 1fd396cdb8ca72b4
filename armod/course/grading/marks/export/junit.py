"""JUnit's XML, which CI services read."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterable, Sequence
from dataclasses import replace

from armod.course.exercises.engine.result import CheckResult, Status
from armod.course.grading.marks.cells import plain_number, yes
from armod.course.grading.marks.gradebook import Row
from armod.course.grading.marks.record import MARKED
from armod.course.grading.marks.roster import Roster

_NO_XML = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def export(table: Sequence[Row], roster: Roster | None = None) -> str:
    """A suite for each submission, a case for each check; an error where there is no mark."""
    suites = ElementTree.Element("testsuites", name="armod")
    for row in table:
        found = row.record
        suite = ElementTree.SubElement(suites, "testsuite", name=_xml(found.student))
        properties = ElementTree.SubElement(suite, "properties")
        facts = {
            "name": row.name if row.name != found.student else None,
            "lesson": found.lesson,
            "attempt": found.attempt,
            "file": found.file,
            "handed_in": found.times.get("handed_in"),
            "points": plain_number(row.points),
            "max_points": plain_number(row.max_points),
            "counts": yes(row.counts),
            "late": yes(row.late),
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


def _cases(row: Row) -> Iterable[tuple[str, str, CheckResult | None]]:
    if row.record.status != MARKED:
        yield row.record.status, "submission", None
    for mark in row.record.marks:
        for check in mark.visible.checks:
            yield check.title, mark.visible.exercise, check
        for number, check in enumerate(mark.hidden.checks, 1):
            yield f"hidden check {number}", mark.visible.exercise, replace(check, message="")


def _xml(text: str) -> str:
    """The text without what XML can't hold."""
    return _NO_XML.sub("\N{REPLACEMENT CHARACTER}", text)
