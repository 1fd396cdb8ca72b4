"""Run a rebuilt notebook in the sandbox and, where its checks stand, let the examiner ask.

The notebook's cells run in order. A cell tagged ``check:EXERCISE`` is not run. There the
examiner asks about that exercise, with the names as they are at this point, just as a self-check would. When a kernel
dies, a new one runs all that ran before, without the cell that ended the old one.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from nbformat import NotebookNode

from armod.course.exercises.engine.answer import AnswerError, Transport
from armod.course.grading.confinement.jail import JailError
from armod.course.grading.confinement.kernel_client import (
    MAX_PARTS,
    MOST,
    OVERLOADED,
    Dead,
    Kernel,
    Late,
    parts,
)
from armod.course.grading.confinement.limits import Limits

MAX_DEATHS = 2  # at the questions of one exercise: what is asked of it then is refused
MAX_WORDS = 500
CHECK = "check:"

T = TypeVar("T")
Examine = Callable[[str, Transport], T]


@dataclass(frozen=True)
class Trouble:
    """A cell that raised an error, took too long or ended its kernel.

    Args:
        cell: Its place among all cells.
        kind: "error", "late" or "dead".
        message: What happened, in words.
    """

    cell: int
    kind: str
    message: str


@dataclass
class Run(Generic[T]):
    """What came of a notebook.

    Args:
        results: What the examiner found for each exercise.
        troubles: What went wrong in cells.
        restarts: How often the kernel was restarted.
        waited: The seconds for which it had no core, because others had them all.
        overloaded: Whether a time-out may be the fault of that.
    """

    results: dict[str, T] = field(default_factory=dict)
    troubles: list[Trouble] = field(default_factory=list)
    restarts: int = 0
    waited: float = 0.0
    overloaded: bool = False


def run(
    notebook: NotebookNode,
    examine: Examine[T],
    limits: Limits | None = None,
    *,
    confinement: str = "sandbox",
) -> Run[T]:
    """Run a notebook and let the examiner ask about each exercise; nothing that the notebook does raises here.

    Args:
        notebook: The cells; it is not changed.
        examine: Called as ``examine(exercise, transport)`` for each exercise; what it returns is the result. Questions
            that get no reply raise `AnswerError` in it.
        limits: What the notebook may use.
        confinement: Where kernels run, as for `Kernel`.

    Returns:
        The result of each exercise, and what went wrong in cells.

    Raises:
        JailError: If the first kernel can't be started.
    """
    examination = _Examination(notebook, examine, limits or Limits(), confinement)
    try:
        for number, cell in enumerate(notebook.cells):
            examination.visit(number, cell)
    finally:
        examination.end()
    return examination.outcome


class _Examination(Generic[T]):
    """A notebook that is running: what ran well, and the kernel, if one lives."""

    def __init__(self, notebook: NotebookNode, examine: Examine[T], limits: Limits, confinement: str) -> None:
        self.outcome: Run[T] = Run()
        self.limits = limits
        self.sources = [str(cell.source) for cell in notebook.cells]
        self._examine = examine
        self._confinement = confinement
        self._kernel: Kernel | None = None
        self._ran: list[int] = []
        self._deadline: float | None = None  # of the notebook; the first kernel's start does not count

    def visit(self, number: int, cell: NotebookNode) -> None:
        """Run the cell, or ask about the exercise whose check it is."""
        tags = cell.metadata.get("tags", [])
        names = [tag.removeprefix(CHECK) for tag in tags if tag.startswith(CHECK)]
        if names:
            self.outcome.results[names[0]] = self._examine(names[0], _Questions(self))
        elif cell.cell_type == "code" and cell.source.strip():
            self._run(number)

    def kernel(self) -> Kernel:
        """The living kernel; if there is none, a new one in which everything has run again.

        Raises:
            Dead: If there may be no further kernel.
        """
        while self._kernel is None:
            if self._deadline is not None:
                self.outcome.restarts += 1
                self.seconds_left()
                if self.outcome.restarts > self.limits.restarts:
                    raise Dead(f"the kernel died more than {self.limits.restarts} times")
            try:
                self._kernel = Kernel(self.limits, self._confinement)
            except JailError:
                if self._deadline is None:
                    raise  # no student's code has run yet
                self.outcome.overloaded = (
                    True  # whatever it was, no student can keep a new jail from starting
                )
                raise Dead("the kernel could not be started again") from None
            if self._deadline is None:
                self._deadline = time.monotonic() + self.limits.notebook_seconds
            self._replay()
        return self._kernel

    def seconds_left(self, wanted: float = 0.0) -> float:
        """``wanted``, or what the notebook has left if that is less; `Dead` if nothing is left.

        As for a cell, time without a core does not count within limits.
        """
        assert self._deadline is not None
        most, now = self.limits.notebook_seconds, time.monotonic()
        waited = self.outcome.waited + (self._kernel.waited if self._kernel else 0.0)
        left = self._deadline + min(waited, MOST * most) - now
        if left <= 0:
            self.outcome.overloaded |= waited > OVERLOADED * (most + now - self._deadline)
            raise Dead(f"the notebook took longer than {most:.0f} s")
        return min(wanted, left)

    def died(self) -> None:
        """The kernel is of no use any more."""
        if self._kernel is not None:
            self._kernel.end()
            self.outcome.waited += self._kernel.waited
            self.outcome.overloaded |= self._kernel.overloaded
        self._kernel = None

    end = died

    def _run(self, number: int) -> None:
        kind, message = "dead", ""
        try:
            kernel = self.kernel()
            seconds = self.seconds_left(self.limits.cell_seconds)
            reply = kernel.execute(self.sources[number], seconds)
            self._ran.append(number)
            if reply.get("status") == "ok":
                return
            kind, message = "error", f"{reply.get('ename', 'Unreadable')}: {reply.get('evalue', 'no reply')}"
        except Late:
            kind, message = "late", f"it ran longer than {seconds:.0f} s"
        except Dead as death:
            self.died()
            message = str(death)
        self.outcome.troubles.append(Trouble(number, kind, words(message)))

    def _replay(self) -> None:
        assert self._kernel is not None
        for number in list(self._ran):
            try:
                self._kernel.execute(self.sources[number], self.seconds_left(self.limits.cell_seconds))
            except (Late, Dead) as problem:
                # what ran well before and does not now must not keep the rest from being heard
                self._ran.remove(number)
                if isinstance(problem, Dead):
                    self.died()
                    return


class _Questions:
    """The transport of one exercise's questions."""

    def __init__(self, examination: _Examination[Any]) -> None:
        self._examination = examination
        self._deaths = 0

    def request(self, text: str) -> str:
        """The reply to a question; `AnswerError` if there is none."""
        examination = self._examination
        if self._deaths >= MAX_DEATHS:
            raise AnswerError("DeadKernelError", "this exercise ended the kernel when it was asked before")
        expression = (
            f"__import__('armod.course.grading.examined', fromlist=['reply']).reply({text!r}, globals())"
        )
        try:
            kernel = examination.kernel()
            seconds = examination.seconds_left(examination.limits.question_seconds)
            content = kernel.execute("", seconds, expression)
        except Late:
            raise AnswerError("TimeoutError", f"no answer within {seconds:.0f} s") from None
        except Dead as death:
            examination.died()
            self._deaths += 1
            raise AnswerError("DeadKernelError", f"no answer: {death}") from None
        return _text_of(content)


def _text_of(content: dict[str, Any]) -> str:
    match content.get("user_expressions"):
        case {"reply": {"status": "ok", "data": {"text/plain": str(text)}}} if (
            parts(_bytes(text)) <= MAX_PARTS
        ):
            return text
        case {"reply": {"status": "error", "ename": str(name), "evalue": str(value)}}:
            raise AnswerError(words(name), words(value))
    raise AnswerError("NotPlainError", "the reply can't be read")


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "replace")


def words(text: str, most: int = MAX_WORDS) -> str:
    """Short enough, and valid Unicode, for a record."""
    if len(text) > most:
        text = f"{text[: most - 1]}…"
    return _bytes(text).decode("utf-8")
