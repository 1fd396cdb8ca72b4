"""``armod check``: run a notebook and gather what the checks in it said."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from nbformat import NotebookNode

from armod.course.errors import CourseError
from armod.course.exercises.engine import progress
from armod.course.exercises.engine.result import MIME, Result
from armod.course.lessons.catalogue import INDEX, course_folder
from armod.course.lessons.derive import tagged
from armod.course.lessons.execute import DEFAULT_TIMEOUT, execute
from armod.course.lessons.mine.exercises import working_copy
from armod.course.lessons.pair import code_cells, read_notebook, read_source


@dataclass(frozen=True)
class Report:
    """The last result of each exercise, the exercises without one, errors of cells, and what ended the run, if any."""

    results: list[Result]
    unchecked: list[str]
    errors: list[str]
    failure: str | None

    @property
    def is_passed(self) -> bool:
        """Whether every exercise of the notebook has full marks."""
        return not (self.failure or self.errors or self.unchecked) and all(
            result.is_passed for result in self.results
        )

    def __str__(self) -> str:
        parts = [*self.errors, *map(str, self.results)]
        reason = (
            "its check was not reached"
            if self.failure
            else "its check showed nothing; run armod.check({!r}) last in a cell"
        )
        parts += [f"{name}: {reason.format(name)}." for name in self.unchecked]
        if self.failure:
            parts.append(f"{self.failure} Nothing below that cell was run.")
        passed = sum(result.is_passed for result in self.results)
        count = len(self.results) + len(self.unchecked)
        parts.append(f"{passed} of {count} exercise{'s' * (count != 1)} passed.")
        return "\n\n".join(parts)


def check_notebook(name: str, *, timeout: int = DEFAULT_TIMEOUT) -> Report:
    """Run a notebook of exercises and report what its visible checks found; your best results are remembered.

    Args:
        name: a file, or the lesson whose exercises you work on.
        timeout: seconds for each cell.

    Returns:
        What the checks found, which of them did not run, and the errors of cells.

    Raises:
        CourseError: if there is no such notebook, or no exercise in it.
    """
    path = _found(name)
    notebook = _read(path)
    exercises = dict.fromkeys(exercise for cell in notebook.cells for _, exercise in tagged(cell))
    for cell in code_cells(notebook):
        # a cell that fails must not keep the exercises below it from being checked
        cell.metadata["tags"] = [*cell.metadata.get("tags", []), "raises-exception"]
    outcome = execute(notebook, path.parent, timeout=timeout)
    results = _results(outcome.notebook)
    if not exercises and not results:
        raise CourseError(f"{path} holds no exercise; the exercises of a lesson lie in notebooks/exercises.")
    for result in results.values():
        if result.is_answered:
            progress.record(result.lesson, result.exercise, result.points, result.max_points)
    return Report(
        list(results.values()),
        [exercise for exercise in exercises if exercise not in results],
        _errors(outcome.notebook),
        outcome.error if any(cell.execution_count is None for cell in code_cells(outcome.notebook)) else None,
    )


def _found(name: str) -> Path:
    given = Path(name)
    if given.is_file() and given.suffix in (".ipynb", ".py"):
        return given.resolve()
    if given.suffix == "" and len(given.parts) == 1:
        for path in (working_copy(name), course_folder() / "notebooks" / "exercises" / f"{name}.ipynb"):
            if path.is_file():
                return path
    if name == INDEX:
        raise CourseError("The map has no exercises to check; name a lesson, such as 4_5_1_made.")
    raise CourseError(
        f"There is no notebook {name}; name a file that ends in .ipynb, or a lesson with exercises."
    )


def _read(path: Path) -> NotebookNode:
    if path.suffix == ".py":
        return read_source(path)
    try:
        return read_notebook(path)
    except CourseError as error:
        if path == working_copy(path.stem).resolve():
            raise CourseError(
                f"{path} is damaged; `armod exercise restore {path.stem}` brings back the exercises as they were, and keeps the "
                "old file beside them.",
                exit_code=1,
            ) from error
        raise CourseError(f"{path} can't be read as a notebook.", exit_code=1) from error


def _results(notebook: NotebookNode) -> dict[str, Result]:
    found = {}
    for cell in code_cells(notebook):
        for output in cell.outputs:
            if MIME in output.get("data", {}):
                result = Result.from_data(output.data[MIME])
                found[result.exercise] = result
    return found


def _errors(notebook: NotebookNode) -> list[str]:
    """One sentence for each cell that failed, by the exercise it belongs to."""
    sentences = []
    for cell in code_cells(notebook):
        for output in cell.outputs:
            if output.output_type == "error":
                places = [f"The {part} cell of {exercise}" for part, exercise in tagged(cell)]
                where = places[0] if places else f"The cell that begins with `{cell.source.strip()[:40]}`"
                lines = output.evalue.strip().splitlines()
                sentences.append(f"{where} failed: {output.ename}: {lines[-1] if lines else ''}")
    return sentences
