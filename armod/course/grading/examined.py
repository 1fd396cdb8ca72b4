"""The student's side of grading: the only module of the grader that the sandbox holds, beside what makes jails.

`reply` answers one question about the student's names. What it returns displays itself as the reply's text, so the text
travels in the kernel's own message. The student can change all of this, and would only spoil their own answers.
"""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import Any

from armod.course.exercises.engine.responder import Responder

_responders: list[Responder] = []


class Reply:
    """The text of a reply, in the form in which a kernel passes on what an expression gave."""

    def __init__(self, text: str) -> None:
        self.text = text

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        return {"text/plain": self.text}


def reply(question: str, names: MutableMapping[str, Any]) -> Reply:
    """The reply to one question; objects that handles stand for are kept as long as the kernel lives."""
    if not _responders:
        _responders.append(Responder(names))
    return Reply(_responders[0].respond(question))
