"""Derive ``notebooks/exercises/NAME.py``, which learners open, from ``notebooks/solutions/NAME.py``, the source.

`armod.course.exercises` says how a solution is written: for each exercise of the lesson three cells, tagged
``statement:EXERCISE``, ``answer:EXERCISE`` and ``check:EXERCISE``. Here the marked part of the answer becomes an inert
stub, and the statement receives difficulty, minutes, points and hints. The tags stay: by them an exercise can be
restored, and a submission be taken apart.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence
from pathlib import Path

from nbformat import NotebookNode

from armod.course.errors import CourseError
from armod.course.exercises.engine.exercise import Exercise, exercises_of
from armod.course.grading.sources import of_checks
from armod.course.lessons.catalogue import course_folder
from armod.course.lessons.pair import as_source, has_tag, read_source

ROLES = ("statement", "answer", "check")
BEGIN, END = "### BEGIN SOLUTION", "### END SOLUTION"
STUB = "...  # your code"
_TAG = re.compile(rf"({'|'.join(ROLES)}):(.+)")


def solutions() -> list[Path]:
    """The source of every solution notebook."""
    return sorted((course_folder() / "notebooks" / "solutions").glob("*.py"))


def exercise_path(solution: Path) -> Path:
    """Where the exercise notebook's source of this solution lies."""
    return solution.parents[1] / "exercises" / solution.name


def derived(solution: Path) -> str:
    """The text of the exercise's ``.py``; CourseError naming the solution's cell that has not the right form."""
    notebook = without_solutions(solution)
    notebook.cells[0].source += (
        f"\n\nA function that you write leaves the tensors and lists that it is given as they are; the checks look.\n\n*Your own copy of this notebook is `my_exercises/{solution.stem}.ipynb`; updates of the course never touch it. "
        f"The original in `exercises/` they replace.*"
    )
    return as_source(notebook)


def without_solutions(solution: Path) -> NotebookNode:
    """The notebook that a solution becomes; CourseError naming the solution's cell that has not the right form."""
    notebook = read_source(solution)
    by_name = {exercise.name: exercise for exercise in exercises_of(solution.stem)}
    _refuse_wrong_cells(solution, notebook, list(by_name))
    for cell in notebook.cells:
        for role, name in tagged(cell):
            if role == "statement":
                cell.source = _statement(cell.source, by_name[name])
            elif role == "answer":
                try:
                    cell.source = stub(cell.source, by_name[name].names)
                except ValueError as error:
                    raise CourseError(f"{solution}: the answer of {name!r} {error}", exit_code=1) from error
    return notebook


def identity_of_checks(lesson: str) -> list[str]:
    """One hash of the lesson's checks, from which the outputs of its exercises follow; nothing if it has none."""
    return [of_checks([lesson])[lesson]] if exercises_of(lesson) else []


def tagged(cell: NotebookNode) -> list[tuple[str, str]]:
    """The parts of exercises that a cell is: ``[("answer", "made-masks")]``, or nothing."""
    matches = map(_TAG.fullmatch, cell.metadata.get("tags", []))
    return [(match[1], match[2]) for match in matches if match]


def stub(source: str, names: Sequence[str]) -> str:
    """Take the solution out of a cell.

    Args:
        source: the code of the cell, with its solution between the markers `BEGIN` and `END`.
        names: the names that the exercise asks for.

    Returns:
        The code with ``...`` for its solution, or with ``NAME = ...`` for each of the names that a part at the left
        margin assigns.

    Raises:
        ValueError: if the markers are missing or unpaired, if a part at the left margin assigns none of the names, or
            if what is left is no Python.
    """
    lines: list[str] = []
    solution: list[str] | None = None
    count = 0
    for line in source.splitlines():
        if line.strip() == BEGIN and solution is None:
            solution, count = [], count + 1
        elif line.strip() == END and solution is not None:
            indent = line[: len(line) - len(line.lstrip())]
            lines += [indent + STUB] if indent else [f"{name} = ..." for name in _assigned(solution, names)]
            solution = None
        elif line.strip() in (BEGIN, END):
            raise ValueError(f"has an unpaired {line.strip()!r}.")
        else:
            (lines if solution is None else solution).append(line)
    if solution is not None or not count:
        raise ValueError(f"needs its solution between the lines {BEGIN!r} and {END!r}.")
    text = "\n".join(lines)
    _parsed(text, "leaves no valid Python without its solution")
    return text


def _parsed(code: str, complaint: str) -> ast.Module:
    try:
        return ast.parse(code)
    except SyntaxError as error:
        raise ValueError(f"{complaint}: {error.msg}.") from error


def _assigned(solution: Sequence[str], names: Sequence[str]) -> list[str]:
    tree = _parsed("\n".join(solution), "holds no valid Python as its solution")
    stored = {
        node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    }
    found = [name for name in names if name in stored]
    if not found:
        raise ValueError(
            f"has a solution at the left margin that assigns none of its names {', '.join(names)}; "
            f"leave the `def` line outside of the markers."
        )
    return found


def _statement(source: str, exercise: Exercise) -> str:
    heading, _, text = source.partition("\n")
    points = f"{exercise.max_points} point{'s' * (exercise.max_points != 1)}"
    minutes = f"{exercise.minutes} minute{'s' * (exercise.minutes != 1)}"
    hints = "\n\n".join(
        f"<details><summary>Hint {number} of 3</summary>\n\n{hint}\n\n</details>"
        for number, hint in enumerate(exercise.hints, 1)
    )
    return f"{heading}\n\n**Difficulty** {exercise.difficulty} · **Time** {minutes} · **Worth** {points}\n\n{text.strip()}\n\n{hints}"


def _refuse_wrong_cells(solution: Path, notebook: NotebookNode, names: list[str]) -> None:
    """CourseError unless each exercise of the lesson has its three cells, in order, and no cell belongs to another."""
    found: dict[str, list[str]] = {name: [] for name in names}
    for cell in notebook.cells:
        for role, name in tagged(cell):
            if name not in found:
                raise CourseError(
                    f"{solution}: a cell is tagged '{role}:{name}', and "
                    f"lesson_{solution.stem}/, the folder of its checks, declares no such exercise.",
                    exit_code=1,
                )
            found[name].append(role)
            if (role == "statement") != (cell.cell_type == "markdown"):
                raise CourseError(
                    f"{solution}: the {role} of {name!r} is a {cell.cell_type} cell.", exit_code=1
                )
    for name, roles in found.items():
        if roles != list(ROLES):
            raise CourseError(
                f"{solution}: the exercise {name!r} needs three cells, tagged in this order "
                f"{', '.join(f'{role}:{name}' for role in ROLES)}; found {', '.join(roles) or 'none'}.",
                exit_code=1,
            )
    if not any(has_tag(cell, "parameters") for cell in notebook.cells):
        raise CourseError(f"{solution}: there is no cell tagged 'parameters'.", exit_code=1)
