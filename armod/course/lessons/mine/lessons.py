"""The learner's own copies of the lessons, which an update renews without losing a note.

A cell of a built notebook has an id that follows from its text (`normal_form`). So a copy tells by itself what its reader
did to each cell: a cell with such an id and the same text is as it was released, one with such an id and another text was
edited, and any other is the reader's own. A renewed copy is the new release, with

- edited cells in place of the released ones, where the release still has them
- own cells, and edited ones that the release has changed as well, behind the cell that they stood behind; where that is
  gone, before the next cell that is still there.

Cells that a reader deleted come back. Results of cells that are as released are the release's.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from nbformat import NotebookNode

from armod.course.errors import CourseError
from armod.course.lessons import trust
from armod.course.lessons.catalogue import course_folder, sources
from armod.course.lessons.mine import my_course
from armod.course.lessons.normal_form import built_id
from armod.course.lessons.pair import as_json, read_notebook
from armod.files import write_whole


@dataclass(frozen=True)
class Renewal:
    """What became of one copy: "made", "renewed", "up to date" or "damaged", and how many cells of its reader were kept."""

    path: Path
    outcome: str
    kept: int = 0

    def __str__(self) -> str:
        if self.outcome == "damaged":
            return (
                f"{self.path} is damaged and was left alone; remove it, and the next start makes a new copy."
            )
        cells = f"; {self.kept} of your own cells kept" if self.kept else ""
        return f"{self.path.stem}: {self.outcome}{cells}"


def renew() -> list[Renewal]:
    """Bring the copies of the map and of all lessons up to date, and vouch for what ships with the course.

    Returns:
        What became of each copy, in the order of their names; nothing where the course can't be written to.
    """
    shipped = set(trust.shipped(course_folder() / "notebooks"))
    found = []
    for release in _releases():
        with suppress(OSError):
            found.append(_renew(release, is_shipped=release in shipped))
    return found


def merged(mine: NotebookNode, release: NotebookNode) -> tuple[NotebookNode, int]:
    """Put what the reader of an older copy wrote into the release.

    Args:
        mine: the copy, of any older release.
        release: the notebook as it is released now; left as it is.

    Returns:
        The merged notebook, and how many cells of the reader it keeps.
    """
    cells = {cell.id: cell for cell in release.cells}
    behind: dict[str | None, list[NotebookNode]] = {None: []}
    before: dict[str, list[NotebookNode]] = {}
    kept, place = 0, behind[None]
    between: list[
        NotebookNode
    ] = []  # behind a cell that the release has no more, so before the next that it still has
    for cell in mine.cells:
        is_released = _is_as_released(cell, len(mine.cells))
        kept += not is_released
        if cell.id in cells:
            before[cell.id], between = between, []
            place = behind[cell.id] = []
            cells[cell.id] = cells[cell.id] if is_released else cell
        elif is_released:
            place = between
        else:
            place.append(cell)
    ordered = behind[None]
    for name, cell in cells.items():
        ordered += [*before.get(name, []), cell, *behind.get(name, [])]
    return NotebookNode({**release, "cells": ordered + between}), kept


def _renew(release: Path, *, is_shipped: bool) -> Renewal:
    path, content = my_course() / release.name, read_notebook(release)
    if not path.exists():
        write_whole(path, release.read_text(encoding="utf-8"))
        _vouch(path, is_shipped)
        return Renewal(path, "made")
    try:
        mine = read_notebook(path)
    except CourseError:
        return Renewal(path, "damaged")
    new, kept = merged(mine, content)
    if _texts(new) == _texts(mine) and mine.metadata.get("armod") == content.metadata.get("armod"):
        _vouch(path, is_shipped and mine == content)
        return Renewal(path, "up to date", kept)
    # the reader's own results are vouched for if the reader's JupyterLab had done so
    is_trusted = is_shipped and (kept == 0 or trust.is_signed(path))
    write_whole(path, as_json(new))
    _vouch(path, is_trusted)
    return Renewal(path, "renewed", kept)


def _vouch(path: Path, is_trusted: bool) -> None:
    if is_trusted:
        trust.sign([path])


def _is_as_released(cell: NotebookNode, num_cells: int) -> bool:
    """Whether the cell's text is that from which its id was made."""
    return any(cell.id == built_id(cell.source, number) for number in range(1, num_cells + 1))


def _texts(notebook: NotebookNode) -> list[tuple[str, str]]:
    return [(cell.id, cell.source) for cell in notebook.cells]


def _releases() -> Iterator[Path]:
    for source in sources():
        if (notebook := source.with_suffix(".ipynb")).is_file():
            yield notebook
