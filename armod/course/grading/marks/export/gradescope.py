"""Gradescope's ``results.json``, one for each submission, in one list."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from armod.course.exercises.engine.result import CheckResult, Status
from armod.course.grading.marks.gradebook import Row
from armod.course.grading.marks.roster import Roster


def export(table: Sequence[Row], roster: Roster | None = None) -> str:
    """A JSON list with one ``results.json`` of Gradescope's for each submission, whose ``extra_data`` say whose it is."""
    return json.dumps([results_of(row) for row in table], indent=1, ensure_ascii=True) + "\n"


def results_of(row: Row) -> dict[str, Any]:
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
            "name": row.name,
            "lesson": found.lesson,
            "attempt": found.attempt,
            "file": found.file,
            "handed_in": found.times.get("handed_in"),
            "status": found.status,
            "counts": row.counts,
            "late": row.late,
            "max_score": row.max_points,
        },
    }


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
