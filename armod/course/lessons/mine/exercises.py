"""The learner's own copies of the notebooks of exercises: ``my_course/my_exercises/``, which no update touches.

`armod lab` makes those that are missing. What a learner gave up is kept beside, under a new name, when it is restored.
"""

from __future__ import annotations

import difflib
import shutil
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from nbformat import NotebookNode

from armod.course.errors import CourseError
from armod.course.lessons.catalogue import course_folder
from armod.course.lessons.derive import tagged
from armod.course.lessons.mine import my_course
from armod.course.lessons.pair import as_json, read_notebook
from armod.files import write_whole

FOLDER = "my_exercises"


@dataclass(frozen=True)
class Restoration:
    """What a restoration would do: to the whole notebook of a lesson, or to one ``exercise`` in it."""

    lesson: str
    exercise: str | None = None

    def __str__(self) -> str:
        what = f"the exercise {self.exercise!r} in your " if self.exercise else "your whole "
        return f"{what}{FOLDER}/{self.lesson}.ipynb"


def make_missing() -> list[Path]:
    """Copy each exercise notebook that has no working copy yet; an old copy is never touched.

    Returns:
        The new copies; a course that can't be written to gets none, and opens all the same.
    """
    _move_those_of_before()
    made = []
    for release in _releases().values():
        mine = working_copy(release.stem)
        if not mine.exists():
            with suppress(OSError):
                write_whole(mine, release.read_text(encoding="utf-8"))
                made.append(mine)
    return made


def working_copy(lesson: str) -> Path:
    """Where the learner's copy of that lesson's exercises lies, or will lie."""
    return my_course() / FOLDER / f"{lesson}.ipynb"


def restoration(name: str) -> Restoration:
    """What restoring ``name``, a lesson's or an exercise's, would do; CourseError with the nearest names if it is none."""
    releases = _releases()
    known = {lesson: Restoration(lesson) for lesson in releases}
    for lesson, release in releases.items():
        for cell in read_notebook(release).cells:
            known |= {exercise: Restoration(lesson, exercise) for _, exercise in tagged(cell)}
    if name not in known:
        nearest = difflib.get_close_matches(name, known, n=3, cutoff=0.3) or list(known)
        raise CourseError(f"There is no exercise '{name}'; the nearest names are {', '.join(nearest)}.")
    return known[name]


def restore(plan: Restoration) -> Path | None:
    """Put the released text back.

    Args:
        plan: what to restore, as `restoration` gives it.

    Returns:
        Where the old notebook is kept; None if there was none.

    Raises:
        CourseError: if the working copy is no notebook and only one exercise of it is asked for.
    """
    release, mine = _releases()[plan.lesson], working_copy(plan.lesson)
    if plan.exercise is None or not mine.exists():
        text = release.read_text(encoding="utf-8")
    else:
        try:
            content = read_notebook(mine)
        except CourseError as error:
            raise CourseError(
                f"{mine} is damaged; restore all of it: armod exercise restore {plan.lesson}", exit_code=1
            ) from error
        text = as_json(_with_released(content, read_notebook(release), plan.exercise))
    kept = _keep(mine) if mine.exists() else None
    write_whole(mine, text)
    return kept


def _move_those_of_before() -> None:
    """Earlier versions of the course kept them among its own notebooks."""
    before, now = course_folder() / "notebooks" / FOLDER, my_course() / FOLDER
    if before.is_dir() and not now.exists():
        with suppress(OSError):
            now.parent.mkdir(exist_ok=True)
            before.rename(now)


def _with_released(mine: NotebookNode, release: NotebookNode, exercise: str) -> NotebookNode:
    """The learner's notebook with the released cells of one exercise, each where its own stood, else at the end."""
    cells = list(mine.cells)
    for cell in release.cells:
        for part in tagged(cell):
            if part[1] == exercise:
                places = [index for index, own in enumerate(cells) if part in tagged(own)]
                place = places[0] if places else len(cells)
                # A copy of a cell in JupyterLab has its tags, too: all copies make room for the one released cell.
                cells = [own for own in cells if part not in tagged(own)]
                cells.insert(place, cell)
    mine.cells = cells
    return mine


def _keep(path: Path) -> Path:
    number = 1
    while (kept := path.with_name(f"{path.stem}.old-{number}.ipynb")).exists():
        number += 1
    shutil.copyfile(path, kept)
    return kept


def _releases() -> dict[str, Path]:
    return {path.stem: path for path in sorted((course_folder() / "notebooks" / "exercises").glob("*.ipynb"))}
