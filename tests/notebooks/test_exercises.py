"""The exercises and solutions as committed: untouched they run and give nothing, solved they give everything."""

from __future__ import annotations

from pathlib import Path

import pytest
from nbformat import NotebookNode

from armod.course.exercises import Result, Status, exercises_of
from armod.course.exercises.engine.exercise import lessons
from armod.course.exercises.engine.result import MIME
from armod.course.lessons.derive import derived, solutions, tagged
from armod.course.lessons.execute import execute
from armod.course.lessons.pair import code_cells, declared_parameters, read_notebook, read_source
from tests.checkout import CHECKOUT

NOTEBOOKS = CHECKOUT / "notebooks"
LESSONS = sorted(path.stem for path in (NOTEBOOKS / "solutions").glob("*.py"))
BOTH = [NOTEBOOKS / folder / f"{lesson}.ipynb" for folder in ("exercises", "solutions") for lesson in LESSONS]
every_lesson = pytest.mark.parametrize("lesson", LESSONS)
both = pytest.mark.parametrize("path", BOTH, ids=lambda path: f"{path.parent.name}/{path.stem}")


def results(notebook: NotebookNode) -> dict[str, Result]:
    outputs = [output for cell in code_cells(notebook) for output in cell.outputs]
    found = [Result.from_data(output.data[MIME]) for output in outputs if MIME in output.get("data", {})]
    return {result.exercise: result for result in found}


def is_untouched(result: Result) -> bool:
    return result.points == 0 and {check.status for check in result.checks} == {Status.NOT_ANSWERED}


def expect(path: Path, notebook: NotebookNode) -> None:
    """Zero marks in an exercise notebook, full marks in a solution, for every exercise of the lesson."""
    found = results(notebook)
    assert list(found) == [exercise.name for exercise in exercises_of(path.stem)]
    for result in found.values():
        assert is_untouched(result) if path.parent.name == "exercises" else result.is_passed, result


def test_every_lesson_with_checks_has_a_solution() -> None:
    assert lessons() == LESSONS


@every_lesson
def test_the_exercise_is_what_its_solution_gives(lesson: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ARMOD_COURSE", str(NOTEBOOKS.parent))
    (solution,) = [path for path in solutions() if path.stem == lesson]
    assert (NOTEBOOKS / "exercises" / f"{lesson}.py").read_text(encoding="utf-8") == derived(solution)


@every_lesson
def test_the_parts_of_every_exercise_are_tagged_and_their_cells_named(lesson: str) -> None:
    cells = read_notebook(NOTEBOOKS / "exercises" / f"{lesson}.ipynb").cells
    parts = [part for cell in cells for part in tagged(cell)]
    assert len(parts) == len(set(parts)) == 3 * len(exercises_of(lesson))
    assert len({cell.id for cell in cells}) == len(cells)


@both
def test_the_parameters_are_declared(path: Path) -> None:
    assert {"seed", "quick", "student"} <= set(declared_parameters(read_source(path.with_suffix(".py"))))


@both
def test_the_committed_outputs_have_zero_or_full_marks(path: Path) -> None:
    expect(path, read_notebook(path))


@pytest.mark.notebook
@pytest.mark.parametrize(
    ("path", "student"),
    # an exercise notebook is its solution less the answers; what it gave was looked at above
    [
        pytest.param(
            path,
            student,
            marks=[] if student == 1 and path.parent.name == "solutions" else pytest.mark.slow,
            id=f"{path.parent.name}/{path.stem}-{student}",
        )
        for path in BOTH
        for student in (1, 12_345)
    ],
)
def test_papermill_runs_it_to_zero_or_full_marks_for_every_learner(path: Path, student: int) -> None:
    outcome = execute(
        read_notebook(path), path.parent, parameters={"student": student, "quick": True, "seed": student}
    )
    assert outcome.ok, outcome.error
    expect(path, outcome.notebook)
