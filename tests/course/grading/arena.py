"""A notebook of attacks, the examiner that marks it, and what must be as before when it is over."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import nbformat
import torch
from nbformat import NotebookNode

from armod.course.exercises import Exercise, Mistake
from armod.course.exercises.engine import reading
from armod.course.grading.confinement.jail import Zygote
from armod.course.grading.confinement.limits import MIB, Limits
from armod.course.grading.confinement.visible import FIRST_UID
from armod.course.grading.examination import Run, run
from armod.course.grading.examiner import Examiner

QUICK = Limits(
    processes=48,
    memory=900 * MIB,
    disk=16 * MIB,
    question_seconds=4,
    cell_seconds=8,
    grace_seconds=1,
    notebook_seconds=90,
    restarts=9,
)
HONEST = "def double(n):\n    return 2 * n\ndef double_all(x):\n    return 2 * x\nescaped = False\n"
# Of the folders of the checks and of the grader, all that students' code may find.
IN_A_JAIL = {
    "course/exercises/__init__.py",
    "course/exercises/engine/__init__.py",
    "course/exercises/engine/codec.py",
    "course/exercises/engine/responder.py",
    "course/grading/__init__.py",
    "course/grading/confinement/__init__.py",
    "course/grading/confinement/zygote.py",
    "course/grading/examined.py",
}
UNANSWERED = "double = double_all = escaped = ...\n"


def exercise(name: str) -> Exercise:
    made = Exercise(
        name, name, "easy", 1, ("double", "double_all", "escaped"), ("1", "2", "3"), lesson="test"
    )

    @made.check("doubles a number")
    def one(answer, generator):
        n = int(generator.integers(2, 9))
        if reading.number(answer.call("double", n), "double(n)") != 2 * n:
            raise Mistake("no")

    @made.check("doubles all")
    def all_of_them(answer, generator):
        x = torch.from_numpy(generator.random((3, 2)))
        if not torch.equal(
            reading.tensor(answer.call("double_all", x), "double_all(x)", shape=(3, 2)), 2 * x
        ):
            raise Mistake("no")

    @made.check("stays inside")
    def stays_inside(answer, generator):
        escaped = answer.value("escaped")
        if escaped:
            raise Mistake(f"escaped: {escaped}")

    return made


def notebook(sources: Mapping[str, str]) -> NotebookNode:
    """One exercise for each source."""
    cells = [nbformat.v4.new_code_cell("student = 0", metadata={"tags": ["parameters"]})]
    for name, source in sources.items():
        cells.append(nbformat.v4.new_code_cell(UNANSWERED))
        cells.append(nbformat.v4.new_code_cell(source, metadata={"tags": [f"answer:{name}"]}))
        cells.append(nbformat.v4.new_code_cell("1/0", metadata={"tags": [f"check:{name}"]}))
    return nbformat.v4.new_notebook(cells=cells)


def marks(sources: Mapping[str, str], limits: Limits = QUICK) -> tuple[Run, dict[str, list[str]]]:
    """The run, and for each exercise what its three checks said; "" for passed."""
    outcome = run(notebook(sources), Examiner({name: exercise(name) for name in sources}, {}), limits)
    said = {
        name: ["" if check.points else check.message or "?" for check in mark.visible.checks]
        for name, mark in outcome.results.items()
    }
    return outcome, said


def left_behind() -> list[str]:
    """Processes of jails that still live: all that are more than the zygote, its parent and bubblewrap's first."""
    mine = str(FIRST_UID + os.getpid())
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            status, command = (folder / "status").read_text(), (folder / "cmdline").read_bytes()
        except OSError:
            continue
        if "State:\tZ" in status:
            continue  # it ended, and the system's first process will note that
        if f"Uid:\t{mine}" in status or (f"PPid:\t{os.getpid()}\n" in status and b"bwrap" in command):
            found.append(f"{folder.name} {command[:80]!r}")
    known = Zygote._of_this_process
    return found if known is None or len(found) > 3 else []
