"""Grading's promises: two processes against one, a submission against papermill's command, a sandbox against none.

These are seconds of a clock on the wall, since the work is done by other processes: run this on a quiet machine.
"""

from __future__ import annotations

import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from armod.course.grading.confinement.kernel_client import Kernel
from armod.course.grading.confinement.limits import Limits
from armod.course.grading.examination import run
from armod.course.grading.grade import grade
from armod.course.grading.marking import Settings
from armod.course.lessons.catalogue import course_folder
from benchmarks.measure import Result

LESSON, STUDENTS, NOTEBOOKS = "4_1_chain_rule", 60, 5
BEYOND_ITS_WORK = 0.5  # seconds
WORK = "import torch\nx = torch.rand(400, 400)\nfor _ in range(150):\n    x = (x @ x).softmax(1)\n"


def processes() -> list[Result]:
    """A class, marked by one process and by two, all that starts and ends included."""
    with tempfile.TemporaryDirectory() as place:
        folder = _class(Path(place, "class"))
        one, two = (_seconds(lambda jobs=jobs: _grade(folder, jobs)) for jobs in (1, 2))
    return [Result(f"a class of {STUDENTS} marked by 2 processes, against 1", two, one, at_least=1.6)]


def submission() -> list[Result]:
    """One more submission of a class, against the same notebook through papermill's command."""
    with tempfile.TemporaryDirectory() as place:
        folder = _class(Path(place, "class"))
        few = _class(Path(place, "few"), 1)
        ours = (_seconds(lambda: _grade(folder, 1)) - _seconds(lambda: _grade(few, 1))) / (STUDENTS - 1)
        command = [sys.executable, "-m", "papermill", str(_solution()), str(Path(place, "out.ipynb"))]
        papermill = _median(lambda: subprocess.run(command, check=True, capture_output=True))
    beyond = _median(lambda: run(_notebook("1 + 1"), lambda *_: None))
    return [
        Result("a submission marked, against papermill's command", ours, papermill, at_least=3),
        Result(
            f"a submission beyond its own work, against {BEYOND_ITS_WORK} s",
            beyond,
            BEYOND_ITS_WORK,
            at_most=1,
        ),
    ]


def sandbox() -> list[Result]:
    """A notebook that computes for a second or so, locked in and not; and its computing alone."""
    notebook = _notebook(WORK)
    inside, outside = (
        _median(lambda where=where: run(notebook, lambda *_: None, confinement=where))
        for where in ("sandbox", "none")
    )
    computing = [_computing(where) for where in ("sandbox", "none")]
    return [
        Result("a notebook in the sandbox, against none", inside, outside, at_most=1.05),
        Result("what it computes alone, in the sandbox, against none", *computing, at_most=1.05),
    ]


def _computing(confinement: str) -> float:
    kernel = Kernel(Limits(), confinement)
    try:
        return _median(lambda: kernel.execute(WORK, 60))
    finally:
        kernel.end()


def _grade(folder: Path, jobs: int) -> None:
    with tempfile.TemporaryDirectory() as out:
        graded = grade(folder, Path(out), Settings(course_folder() / "notebooks" / "exercises"), jobs=jobs)
        assert not graded.failures, graded.failures


def _class(folder: Path, students: int = STUDENTS) -> Path:
    folder.mkdir()
    for number in range(students):
        shutil.copy(_solution(), folder / f"student-{number}.ipynb")
    return folder


def _solution() -> Path:
    return course_folder() / "notebooks" / "solutions" / f"{LESSON}.ipynb"


def _notebook(source: str) -> NotebookNode:
    return nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source)])


def _seconds(work: Callable[[], object]) -> float:
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def _median(work: Callable[[], object]) -> float:
    work()
    return statistics.median(_seconds(work) for _ in range(NOTEBOOKS))
