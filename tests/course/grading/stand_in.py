"""Stands in for the sandbox where a test is about the rest: runs a notebook right here, so never a hostile one."""

from __future__ import annotations

import contextlib
import io
import os
import re
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from nbformat import NotebookNode

from armod.course.exercises.engine.answer import InProcess, Transport
from armod.course.grading.examination import Run, Trouble
from tests.harness.patience import wait_until

RUNNER = "tests.course.grading.stand_in:run"
_SHOWS = re.compile(r"data\.load\(")  # the given cell that draws real data: not what these tests are about
DEADLY = "tests.course.grading.stand_in:deadly"
HELD = "tests.course.grading.stand_in:held"
HANGING = "tests.course.grading.stand_in:hanging"
BUSY = "tests.course.grading.stand_in:busy"
NOTING = "tests.course.grading.stand_in:noting"


def run(
    notebook: NotebookNode, examine: Callable[[str, Transport], Any], limits: object, **_: object
) -> Run[Any]:
    """What `armod.course.grading.examination.run` does, without a kernel and without a sandbox."""
    outcome: Run[Any] = Run()
    names: dict[str, Any] = {"__name__": "__main__"}
    for number, cell in enumerate(notebook.cells):
        role, exercise = cell.metadata.armod.role, cell.metadata.armod.exercise
        if role == "check":
            outcome.results[exercise] = examine(exercise, InProcess(names))
        elif role != "text" and not (role == "given" and _SHOWS.search(cell.source)):
            try:
                with contextlib.redirect_stdout(io.StringIO()):
                    exec(cell.source, names)
            except Exception as error:
                outcome.troubles.append(Trouble(number, "error", f"{type(error).__name__}: {error}"))
    return outcome


def held(
    notebook: NotebookNode, examine: Callable[[str, Transport], Any], limits: object, **_: object
) -> Run[Any]:
    """Comes back from a notebook that says so only when a file is there: whatever is done before meets a run in its middle."""
    if said := re.search("# held until (.+)", "\n".join(cell.source for cell in notebook.cells)):
        wait_until(Path(said[1]).exists)
    return run(notebook, examine, limits)


def deadly(
    notebook: NotebookNode, examine: Callable[[str, Transport], Any], limits: object, **_: object
) -> Run[Any]:
    """Ends the grader's own process the first time, or, for a cell that says so, each time."""
    text = "\n".join(cell.source for cell in notebook.cells)
    once = re.search("# once (.+)", text)
    if "# each time" in text or (once and not Path(once[1]).exists()):
        if once:
            Path(once[1]).touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return run(notebook, examine, limits)


def hanging(
    notebook: NotebookNode, examine: Callable[[str, Transport], Any], limits: object, **_: object
) -> Run[Any]:
    """Never comes back from a notebook that says so."""
    if any("# hang" in cell.source for cell in notebook.cells):
        time.sleep(1000)
    return run(notebook, examine, limits)


def busy(
    notebook: NotebookNode, examine: Callable[[str, Transport], Any], limits: object, **_: object
) -> Run[Any]:
    """Runs out of time the first times, as many as the notebook says, because the machine is overloaded."""
    text = "\n".join(cell.source for cell in notebook.cells)
    outcome = run(notebook, examine, limits)
    if said := re.search(r"# busy (\d+) times by (.+)", text):
        with open(said[2], "a+", encoding="utf-8") as file:
            file.write("x")
            file.seek(0)
            outcome.overloaded = len(file.read()) <= int(said[1])
        outcome.waited = 0.5
        if outcome.overloaded:
            outcome.troubles.append(Trouble(len(notebook.cells) - 1, "late", "it ran longer than 60 s"))
    return outcome


def noting(
    notebook: NotebookNode, examine: Callable[[str, Transport], Any], limits: object, **_: object
) -> Run[Any]:
    """Writes into the file that the notebook names whose run this is, and of which checks."""
    noted = re.search("# (.+) of (.+)", "\n".join(cell.source for cell in notebook.cells))
    if noted:
        with open(noted[2], "a", encoding="utf-8") as file:
            file.write(f"{'hidden' if getattr(examine, 'hidden', None) else 'visible'} {noted[1]}\n")
    return run(notebook, examine, limits)
