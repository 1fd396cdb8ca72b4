"""What is late, by how much, and what it costs: by the course's due times and extensions, or by what the system said."""

from __future__ import annotations

import math
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from armod.course.errors import CourseError
from armod.course.grading.own_course import Attempts, Course, Late, Rules

DAY = timedelta(days=1)
AT_ONCE = timedelta(minutes=1)


@dataclass(frozen=True)
class Policy:
    """Which attempt counts, and whether what is late may: by the course, where it is not said otherwise.

    Args:
        attempts: "last" in time, or "best".
        late: "count", "exclude", or "ignore" for no look at the time.
        due: When everything is due; without it the course says when each lesson is.
        course: The course.
    """

    attempts: Attempts = "last"
    late: Late = "count"
    due: datetime | None = None
    course: Course = field(default_factory=Course)

    @classmethod
    def of(
        cls,
        course: Course | None,
        *,
        attempts: Attempts | None = None,
        late: Late | None = None,
        due: datetime | None = None,
    ) -> Policy:
        """The policy of a course, where it is not said otherwise."""
        own = course or Course()
        return cls(attempts or own.attempts, late or own.late, due, own)

    def rules(self, lesson: str | None) -> Rules:
        """What holds for a lesson."""
        return self.course.rules(lesson)

    def extension(self, names: Container[str], lesson: str | None) -> datetime | None:
        """The due time of a student alone, who goes by these names."""
        found = [
            times[lesson]
            for student, times in self.course.extensions.items()
            if student in names and lesson is not None and lesson in times
        ]
        return max(found, default=None)

    @property
    def has_due_times(self) -> bool:
        """Whether anything can be late by it."""
        rules = any(rules.due for rules in self.course.lessons.values())
        return self.late != "ignore" and bool(self.due or rules or self.course.extensions)


@dataclass(frozen=True)
class Lateness:
    """Whether a submission is late, by how much if that is known, and which share of its points that costs."""

    late: bool = False
    by: timedelta | None = None
    lost: float = 0.0

    def __str__(self) -> str:
        if not self.late:
            return "in time"
        if self.by is None:
            return "late by what the system says; by how much, it does not say"
        days, rest = divmod(self.by, DAY)
        hours, minutes = divmod(int(rest.total_seconds()) // 60, 60)
        return f"{days} d {hours} h {minutes} min late"


def lateness(line: Mapping[str, Any], lesson: str | None, policy: Policy, names: Container[str]) -> Lateness:
    """How late a submission is.

    Args:
        line: What the list of the class says of it.
        lesson: The lesson.
        policy: What is due when.
        names: What its student is called.

    Returns:
        How late it is; what the system says counts before the file's own time, but for a student with an extension.
    """
    if policy.late == "ignore":
        return Lateness()
    extension = policy.extension(names, lesson)
    if line.get("late") is not None:
        late = bool(line["late"]) and extension is None
        return Lateness(late, None, _lost(DAY, policy) if late else 0.0)
    due = max(filter(None, (extension, policy.due and policy.due.astimezone(UTC), policy.rules(lesson).due)), default=None)  # fmt: skip
    if due is None or not line.get("handed_in"):
        return Lateness()
    by = datetime.fromisoformat(line["handed_in"]) - due
    if by <= timedelta(minutes=policy.course.grace):
        return Lateness()
    return Lateness(True, by, _lost(by, policy))


def refuse_times_of_unpacking(lines: Sequence[Mapping[str, Any]], policy: Policy) -> None:
    """CourseError if something is due, and the only times there are tell when the files were unpacked."""
    if not policy.has_due_times:
        return
    own = [
        datetime.fromisoformat(line["handed_in"])
        for line in lines
        if line.get("handed_in") and line.get("by_file", True) and line.get("late") is None
    ]
    if are_those_of_unpacking(own):
        raise CourseError(
            f"The times of all {len(own)} files lie within a minute, as unpacking leaves them, so nobody can say who is late; "
            "run `armod grade` again with --times TABLE, or export with --late ignore."
        )


def are_those_of_unpacking(times: Sequence[datetime]) -> bool:
    """Whether all files that have these times were written within a minute: unpacked, not handed in."""
    return len(times) > 1 and max(times) - min(times) < AT_ONCE


def _lost(by: timedelta, policy: Policy) -> float:
    return min(1.0, math.ceil(by / DAY) * policy.course.per_day / 100)
