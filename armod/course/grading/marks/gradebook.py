"""The marks of a class as one table: a row for each submission, and for each student who handed in nothing.

Rows join what lies in files: the records, the instructor's overrides, the roster. Policies are applied here, when
marks are looked at, so that none of them needs anything to be marked again.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from armod.course.errors import CourseError
from armod.course.grading.marks import record
from armod.course.grading.marks.lateness import (
    Lateness,
    Policy,
    are_those_of_unpacking,
    lateness,
    refuse_times_of_unpacking,
)
from armod.course.grading.marks.record import ABSENT, GIVEN_UP, MARKED, UNGRADED, Record
from armod.course.grading.marks.roster import Person, Roster, people
from armod.course.grading.own_course import Rules

OVERRIDES = "overrides.csv"
OVERRIDE_COLUMNS = ("student", "lesson", "exercise", "points", "who", "when", "why")

_NOTHING = (ABSENT, UNGRADED, GIVEN_UP)


@dataclass(frozen=True)
class Override:
    """What an instructor gives by hand: points with the reason, or a comment alone.

    Args:
        student: By whatever the roster calls the student.
        lesson: The lesson; "" for any.
        exercise: The exercise; "" for the whole submission.
        points: The points; None for a comment, which leaves them as they are.
        who: Who gives them.
        when: When.
        why: Why, in words that the student reads.
    """

    student: str
    lesson: str
    exercise: str
    points: float | None
    who: str
    when: str
    why: str

    def __str__(self) -> str:
        given = "" if self.points is None else f"{self.points:g} "
        return f"{self.exercise or 'total'}: {given}by {self.who}, {self.when}: {self.why}"


@dataclass(frozen=True)
class Row:
    """One submission with what counts for it; ``counts`` is whether it is the student's attempt for that lesson."""

    record: Record
    lateness: Lateness = field(default_factory=Lateness)
    counts: bool = False
    overrides: tuple[Override, ...] = ()
    rules: Rules = field(default_factory=Rules)
    person: Person | None = None

    @property
    def key(self) -> str:
        """The same for all that one student handed in, whatever the files are called, and for nobody else."""
        return self.person.key if self.person else self.record.student

    @property
    def name(self) -> str:
        """What the student is called by the roster, or else as the file is."""
        return self.person.name if self.person else self.record.student

    @property
    def points(self) -> float:
        """The points with the overrides: one of the whole submission counts more than those of its exercises."""
        for override in reversed(self.overrides):  # a later line corrects an earlier one about the same
            if not override.exercise and override.points is not None:
                return override.points
        return round(self.points_in_time * (1 - self.lateness.lost), 2)

    @property
    def points_in_sight(self) -> float:
        """The points that hidden checks have no part in; where points are given by hand, those."""
        if self.has_points_by_hand:
            return self.points
        hidden = sum(mark.hidden.points for mark in self.record.marks)
        return (sum(self.by_exercise.values()) - hidden) * (1 - self.lateness.lost)

    @property
    def points_in_time(self) -> float:
        """The points without what lateness costs."""
        found = sum(self.by_exercise.values())
        if self.rules.points is None or not found:
            return found
        return round(found * self.rules.points / self.possible, 2)

    @property
    def has_points_by_hand(self) -> bool:
        """Whether any points are given by hand; a comment gives none."""
        return any(override.points is not None for override in self.overrides)

    @property
    def late(self) -> bool:
        """Whether it is late."""
        return self.lateness.late

    @property
    def max_points(self) -> float:
        """The points that right answers get, with what is given by hand."""
        return self.rules.points if self.rules.points is not None and self.possible else self.possible

    @property
    def by_exercise(self) -> dict[str, float]:
        """The points of each exercise and of what is given by hand, overrides included, as they were given."""
        points: dict[str, float] = {mark.visible.exercise: mark.points for mark in self.record.marks}
        given = {o.exercise: o.points for o in self.overrides if o.exercise and o.points is not None}
        return points | given

    @property
    def waiting(self) -> list[str]:
        """What points are to be given for by hand, and are not yet."""
        given = {override.exercise for override in self.overrides if override.points is not None}
        return [] if "" in given else [name for name in self.rules.manual if name not in given]

    @property
    def possible(self) -> float:
        """The points that can be given, before they are brought to what the lesson is worth."""
        return self.record.max_points + sum(self.rules.manual.values())

    @property
    def watermark(self) -> str:
        """What every export of this mark has to say about how it came to be; "" if there is nothing to say."""
        return str(self.record.settings.get("watermark") or "")


def rows(
    folder: Path,
    policy: Policy | None = None,
    *,
    roster: Roster | None = None,
    overrides: Sequence[Override] | None = None,
) -> list[Row]:
    """The rows of a folder of marks.

    Args:
        folder: The folder of marks.
        policy: Which attempts count; the last ones if None.
        roster: Who is in the class; by it a student has one name, whatever the files are called.
        overrides: The points given by hand; those of the folder's file if None.

    Returns:
        A row for each submission, in the order of the class.

    Raises:
        CourseError: If it holds no marks, if its overrides can't be read, or if something is due and nobody
            can say what is late.
    """
    policy = policy or Policy()
    lines = record.read_class(folder)
    refuse_times_of_unpacking(lines, policy)
    if overrides is None:
        overrides = read_overrides(folder / OVERRIDES)
    who = people([line["student"] for line in lines], roster)
    found = [_row(_record(folder, line), line, policy, overrides, who[line["student"]]) for line in lines]
    chosen = _chosen(found, policy)
    return [replace(row, counts=number in chosen) for number, row in enumerate(found)]


def stale(folder: Path, table: Sequence[Row]) -> list[str]:
    """A sentence for each line of the overrides that gives points to nobody."""
    used = {override for row in table for override in row.overrides}
    return [
        f"{folder / OVERRIDES} gives points to {override.student!r} for {override.exercise or 'a submission'}, which "
        "there is not in this class; for those who handed in nothing leave the lesson empty."
        for override in read_overrides(folder / OVERRIDES)
        if override not in used
    ]


def require_hidden(table: Sequence[Row]) -> None:
    """CourseError if an attempt counts that was not asked the hidden checks, because another policy held when marking."""
    waiting = [row for row in table if row.counts and row.record.waits_for_hidden]
    if waiting:
        raise CourseError(
            f"{len(waiting)} attempts that count have not been asked the hidden checks; give `armod grade` the same "
            "--course, --attempts, --late and --due, and it asks them.",
            exit_code=1,
        )


def by_person(table: Sequence[Row]) -> list[list[Row]]:
    """The rows of each student, in the order of the table."""
    found: dict[str, list[Row]] = {}
    for row in table:
        found.setdefault(row.key, []).append(row)
    return list(found.values())


def lessons_of(table: Sequence[Row]) -> list[str]:
    """The lessons that the class handed in."""
    return sorted({row.record.lesson for row in table if row.record.lesson})


def exercises_of(table: Sequence[Row]) -> dict[str, int]:
    """Every exercise in the table, in the order of the course, and the points that it is worth."""
    found: dict[str, int] = {}
    for row in sorted(table, key=lambda row: row.record.lesson or ""):
        for mark in row.record.marks:
            found.setdefault(mark.visible.exercise, mark.max_points)
    return found


def by_hand(table: Sequence[Row]) -> list[str]:
    """What points are given for by hand, beside the exercises."""
    return list(dict.fromkeys(name for row in table for name in row.rules.manual))


def read_overrides(path: Path) -> list[Override]:
    """The points given by hand.

    Args:
        path: A CSV file with the columns `OVERRIDE_COLUMNS`.

    Returns:
        The overrides, in the order of the lines; none if there is no file.

    Raises:
        CourseError: Naming the line that lacks who, when or why, or whose points are no number; or if the file is no such CSV.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        return []
    except (OSError, UnicodeDecodeError) as error:
        raise CourseError(f"{path} can't be read: {error}.") from error
    reader = csv.DictReader(text.splitlines(keepends=True))
    try:
        lines = [(reader.line_num, line) for line in reader]
    except csv.Error as error:
        raise CourseError(f"{path}, line {reader.line_num + 1}, is no CSV: {error}.") from error
    missing = [name for name in OVERRIDE_COLUMNS if name not in (reader.fieldnames or ())]
    if missing:
        raise CourseError(f"{path} lacks the columns {', '.join(missing)} in its first line.")
    found = []
    for number, line in lines:
        values = {name: (line[name] or "").strip() for name in OVERRIDE_COLUMNS}
        for name in ("student", "who", "when", "why"):
            if not values[name]:
                raise CourseError(f"{path}, line {number}: the column '{name}' is empty.")
        try:
            text = values.pop("points")
            points = float(text) if text else None
            if points is not None and not 0 <= points < 1e6:
                raise ValueError
        except ValueError as error:
            raise CourseError(f"{path}, line {number}: the points are no number from 0 on.") from error
        found.append(Override(points=points, **values))
    return found


def _record(folder: Path, line: dict[str, Any]) -> Record:
    common = {
        "student": line["student"],
        "attempt": int(line["attempt"]),
        "file": line["file"],
        "sha256": None,
    }
    if line["record"] is None:
        return Record(**common, status=ABSENT, reason="Nothing was handed in.")
    found = record.read(folder, line["record"])
    if found is None:
        return Record(**common, status=UNGRADED, reason="`armod grade` has not come to it yet.")
    times = {**found.times, "handed_in": line.get("handed_in", found.times.get("handed_in"))}
    return replace(found, attempt=common["attempt"], times=times)


def _row(
    found: Record, line: dict[str, Any], policy: Policy, overrides: Sequence[Override], person: Person
) -> Row:
    when = {"handed_in": found.times.get("handed_in"), **line}
    how_late = lateness(when, found.lesson, policy, person.names)
    rules = policy.rules(found.lesson if found.status == MARKED else None)
    names = {mark.visible.exercise for mark in found.marks} | set(rules.manual)
    own = tuple(
        override
        for override in overrides
        if override.student in person.names
        and override.lesson in ("", found.lesson or "")
        and (override.exercise in names or (not override.exercise and found.status != UNGRADED))
    )
    return Row(found, how_late, overrides=own, rules=rules, person=person)


def _chosen(table: Sequence[Row], policy: Policy) -> set[int]:
    """The rows that count: of each student and lesson the last attempt, or the best, and of equal ones the last.

    A refused attempt counts only where there is no other.
    """
    best: dict[tuple[str, str | None], tuple[tuple[bool, float, float, tuple[str, int]], int]] = {}
    marked = {row.key for row in table if row.record.status == MARKED}
    when = _order(table)
    # where only some of a person's attempts were asked the hidden checks, these must not decide which is the best
    waiting = {(row.key, row.record.lesson) for row in table if row.record.waits_for_hidden}
    for number, row in enumerate(table):
        if (row.late and policy.late == "exclude") or (
            row.record.status in _NOTHING and not row.has_points_by_hand
        ):
            continue
        if row.record.status != MARKED and row.key in marked and not row.has_points_by_hand:
            continue
        place = (row.key, row.record.lesson)
        in_sight = row.points_in_sight if place in waiting else row.points
        merit = (
            row.record.status == MARKED,
            in_sight if policy.attempts == "best" else 0.0,
            row.points if policy.attempts == "best" else 0.0,
            when[number],
        )
        best[place] = max(best.get(place, (merit, number)), (merit, number))
    return {number for _, number in best.values()}


def _order(table: Sequence[Row]) -> list[tuple[str, int]]:
    """What tells the later of two attempts, which one person may have handed in under two names."""
    times = [str(row.record.times.get("handed_in") or "") for row in table]
    if are_those_of_unpacking([datetime.fromisoformat(time) for time in times if time]):
        times = [""] * len(table)
    return [(time, row.record.attempt) for time, row in zip(times, table, strict=True)]
