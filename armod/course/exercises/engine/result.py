"""What the checks found, for eyes, for screen readers, for text consoles and for other programs."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

MIME = "application/vnd.armod.result+json"
NOTE = "These are the visible checks; when the exercise is marked, others may be added."


class Status(StrEnum):
    """What became of one check."""

    PASSED = "passed"
    MISTAKE = "look again"
    NOT_ANSWERED = "not answered yet"


_MARKS = {Status.PASSED: "✓", Status.MISTAKE: "→", Status.NOT_ANSWERED: "·"}
_COLOURS = {Status.PASSED: "input", Status.MISTAKE: "output_text", Status.NOT_ANSWERED: "secondary"}


@dataclass(frozen=True)
class CheckResult:
    """One check: its title, the points it can give, its status, and what to look at next."""

    title: str
    max_points: int
    status: Status
    message: str = ""

    @property
    def points(self) -> int:
        """The points it gave: all or none."""
        return self.max_points if self.status is Status.PASSED else 0


@dataclass(frozen=True)
class Result:
    """The checks of one exercise, as a notebook shows them and ``armod check`` prints them."""

    exercise: str
    lesson: str
    title: str
    checks: tuple[CheckResult, ...]

    @property
    def points(self) -> int:
        """The points of all checks together."""
        return sum(check.points for check in self.checks)

    @property
    def max_points(self) -> int:
        """The points that a right answer gets."""
        return sum(check.max_points for check in self.checks)

    @property
    def is_passed(self) -> bool:
        """Whether every check is passed."""
        return all(check.status is Status.PASSED for check in self.checks)

    @property
    def is_answered(self) -> bool:
        """Whether there was anything to check."""
        return any(check.status is not Status.NOT_ANSWERED for check in self.checks)

    def as_data(self) -> dict[str, Any]:
        """The result as plain data; `from_data` reads it."""
        checks = [
            {
                "title": check.title,
                "max_points": check.max_points,
                "status": check.status.value,
                "message": check.message,
            }
            for check in self.checks
        ]
        return {"exercise": self.exercise, "lesson": self.lesson, "title": self.title, "checks": checks}

    @classmethod
    def from_data(cls, data: dict[str, Any]) -> Result:
        """The result that `as_data` wrote; KeyError, TypeError or ValueError for anything else."""
        checks = tuple(
            CheckResult(
                str(check["title"]), int(check["max_points"]), Status(check["status"]), str(check["message"])
            )
            for check in data["checks"]
        )
        return cls(str(data["exercise"]), str(data["lesson"]), str(data["title"]), checks)

    def __str__(self) -> str:
        lines = [f"{self.title}: {self._score()}"]
        for check, message in zip(self.checks, self._messages(), strict=True):
            lines.append(f"  {_MARKS[check.status]} {check.title}: {check.status} ({_points(check)})")
            if message:
                lines.append(f"      {message}")
        return "\n".join([*lines, f"  {NOTE}"])

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        from armod.figures.style import css_variables

        items = "".join(map(_item, self.checks, self._messages()))
        return (
            f'<div style="{css_variables()} {_CARD}" role="group" aria-label="Check of {html.escape(self.title)}">'
            f'<p style="margin:0 0 6px"><strong>{html.escape(self.title)}</strong>: {self._score()}</p>'
            f'<ul style="list-style:none;margin:0;padding:0">{items}</ul>'
            f'<p style="margin:8px 0 0;color:var(--armod-secondary)">{NOTE}</p></div>'
        )

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        return {"text/plain": str(self), "text/html": self._repr_html_(), MIME: self.as_data()}

    def _messages(self) -> list[str]:
        """What to say under each check: nothing where it would repeat the line above."""
        before = ["", *(check.message for check in self.checks)]
        return [
            "" if check.message == last else check.message
            for check, last in zip(self.checks, before, strict=False)
        ]

    def _score(self) -> str:
        score = f"{self.points} of {self.max_points} points"
        if self.is_passed:
            return f"{score}, all passed"
        return score if self.is_answered else f"{score}, not answered yet"


_CARD = (
    "background:var(--armod-paper);color:var(--armod-ink);color-scheme:light;border-radius:8px;padding:10px 16px;"
    "max-width:60em;line-height:1.45"
)


def _item(check: CheckResult, message: str) -> str:
    colour = f"var(--armod-{_COLOURS[check.status].replace('_', '-')})"
    below = f'<div style="margin-left:1.4em">{_with_code(message)}</div>' if message else ""
    return (
        f'<li style="margin:4px 0"><span aria-hidden="true" style="display:inline-block;width:1.4em;color:{colour}">'
        f"{_MARKS[check.status]}</span>{_with_code(check.title)}: "
        f'<strong style="color:{colour}">{check.status}</strong> ({_points(check)}){below}</li>'
    )


def _points(check: CheckResult) -> str:
    return f"{check.points} of {check.max_points}"


def _with_code(text: str) -> str:
    return re.sub(
        r"`([^`]+)`",
        r'<code style="color:inherit;background:var(--armod-masked)">\1</code>',
        html.escape(text),
    )
