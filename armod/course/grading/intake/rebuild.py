"""Rebuild the notebook that is run: the released one, with the student's answers in it and their own cells in order.

What the student's file says about itself only helps to find the answers: an exercise's cell is known by its tag or id,
else by its place before the exercise's check, else by the names that it defines. Given cells and checks are always the
released ones. A given cell that was edited runs as a cell of the student's own before the released one, so that an import
added there is still made. Whatever is odd becomes a flag and stops nothing.

Each cell of the result says in ``metadata.armod`` what it is: ``{"role": ..., "exercise": ...}``, with the role
"parameters", "given", "answer", "check", "text" or "extra" (the student's own). Checks keep their tag too.
"""

from __future__ import annotations

import ast
import copy
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from armod.course.errors import CourseError
from armod.course.exercises.engine.exercise import Exercise, exercises_of, lessons
from armod.course.grading.confinement.limits import MAX_STUDENT
from armod.course.grading.intake.read import HandedIn

_TAG = re.compile(r"(answer|check):(.+)")
_CHECK = re.compile(r"""\bcheck\(\s*["']([\w-]+)["']""")
_DEFINED = re.compile(r"^(?:def|class)\s+(\w+)|^(\w+)\s*(?::[^=\n]*)?=(?!=)", re.MULTILINE)


@dataclass(frozen=True)
class Release:
    """A lesson's exercises as they were given out: the notebook and the exercises in its order."""

    lesson: str
    notebook: NotebookNode
    exercises: tuple[Exercise, ...]


@dataclass(frozen=True)
class Rebuilt:
    """What is run for a submission; the examiner asks about an exercise when the cells before its check have run.

    Args:
        lesson: The lesson's name.
        notebook: The cells that are run.
        answers: The index of the cell with the answer, by exercise.
        checks: The index of the cell with the check, by exercise.
        student: The learner's number, by the roster or as they chose it in the cell of parameters.
        flags: What is odd about the submission, a sentence each.
    """

    lesson: str
    notebook: NotebookNode
    answers: dict[str, int]
    checks: dict[str, int]
    student: int
    flags: tuple[str, ...]


def read_release(folder: Path, lesson: str) -> Release:
    """The released exercise notebook of a lesson.

    Args:
        folder: The folder that holds the released notebooks.
        lesson: The lesson's name.

    Returns:
        The notebook with the lesson's exercises.

    Raises:
        CourseError: If it can't be read, or lacks a cell of an exercise.
    """
    path = folder / f"{lesson}.ipynb"
    try:
        notebook = nbformat.read(path, as_version=4)
    except (OSError, ValueError, nbformat.ValidationError) as error:
        raise CourseError(f"The released notebook {path} can't be read: {error}.") from error
    found = {part for cell in notebook.cells for part in _tagged(cell)}
    exercises = tuple(exercises_of(lesson))
    for exercise in exercises:
        for role in ("answer", "check"):
            if (role, exercise.name) not in found:
                raise CourseError(f"The released notebook {path} has no cell tagged {role}:{exercise.name}.")
    return Release(lesson, notebook, exercises)


def released_lessons(folder: Path) -> list[str]:
    """The lessons that have exercises and a released notebook in the folder."""
    return [lesson for lesson in lessons() if (folder / f"{lesson}.ipynb").is_file()]


def lesson_of(handed_in: HandedIn, releases: Sequence[Release]) -> str | None:
    """The lesson whose exercises the notebook answers, by tags and ids, else by checks, else by names; None if none."""
    code = [cell for cell in handed_in.notebook.cells if cell.cell_type == "code"]
    known = {cell.id for cell in code} | {part for cell in code for part in _tagged(cell)}
    called = {name for cell in code for name in _CHECK.findall(cell.source)}

    def best(found: set, marks: Callable[[Release], set]) -> str | None:
        counts = {release.lesson: len(found & marks(release)) for release in releases}
        lesson = max(counts, key=counts.__getitem__, default=None)
        return lesson if lesson is not None and counts[lesson] else None

    return (
        best(known, _marks)
        or best(called, lambda release: {exercise.name for exercise in release.exercises})
        or best(
            {name for cell in code for name in defines(cell.source)},
            lambda release: {name for exercise in release.exercises for name in exercise.names},
        )
    )


def rebuild(handed_in: HandedIn, release: Release, *, number: int | None = None) -> Rebuilt:
    """The released notebook with the student's answers and their own cells.

    Args:
        handed_in: What the student handed in.
        release: What they were given.
        number: The student's number; the one that they chose if None.

    Returns:
        What is run.
    """
    flags = list(handed_in.flags)
    theirs = [cell for cell in handed_in.notebook.cells if cell.cell_type == "code"]
    defined = [defines(cell.source) for cell in theirs]  # once: a long cell takes seconds to parse
    places = _matched(theirs, defined, release, flags)
    chosen = _chosen(places, _merged(places, theirs, defined, release), theirs, release, flags)
    for i in set(chosen.values()):  # what answers several exercises runs where the first of them stands
        places[i] = min(_cells_of(e, release)[0] for e in release.exercises if chosen.get(e.name) == i)
    student = _student_number(places, theirs, release, flags)
    if number is not None and student != number:
        flags.append(f"The notebook says student = {student}; the roster's number was taken.")
        student = number

    cells: list[NotebookNode] = []
    answers: dict[str, int] = {}
    checks: dict[str, int] = {}
    ran: set[int] = set()
    extras = _extras(places, chosen, theirs, release, flags)
    cells += extras.get(-1, [])
    for index, given in enumerate(release.notebook.cells):
        role, exercise = role_of(given)
        cell = copy.deepcopy(given)
        if role == "parameters":
            cell.source += f"\nstudent = {student}"
        elif role == "answer":
            if exercise in chosen:
                cell.source = "" if chosen[exercise] in ran else theirs[chosen[exercise]].source
                ran.add(chosen[exercise])
            answers[exercise] = len(cells)
        elif role == "check":
            checks[exercise] = len(cells)
        if role != "text":
            cell.outputs, cell.execution_count = [], None
        tags = [f"check:{exercise}"] if role == "check" else []
        cell.metadata = NotebookNode(tags=tags, armod=NotebookNode(role=role, exercise=exercise))
        cells.append(cell)
        cells += extras.get(index, [])
    for number, cell in enumerate(cells):
        cell.id = f"cell-{number}"
    notebook = NotebookNode(nbformat=4, nbformat_minor=5, metadata=NotebookNode(), cells=cells)
    return Rebuilt(release.lesson, notebook, answers, checks, student, tuple(dict.fromkeys(flags)))


def role_of(cell: NotebookNode) -> tuple[str, str]:
    """What a released cell is, and of which exercise, "" for none."""
    if cell.cell_type != "code":
        return "text", ""
    for role, exercise in _tagged(cell):
        return role, exercise
    return ("parameters" if "parameters" in cell.metadata.get("tags", []) else "given"), ""


def defines(source: str) -> set[str]:
    """The names that a cell seems to define at its top level; a cell that is no Python is read by lines."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return {name for pair in _DEFINED.findall(source) for name in pair if name}
    return {name for statement in tree.body for name in _bound(statement)}


def _bound(statement: ast.stmt) -> Iterator[str]:
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        yield statement.name
    elif isinstance(statement, ast.Assign | ast.AnnAssign):
        targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
        for target in targets:
            parts = target.elts if isinstance(target, ast.Tuple | ast.List) else [target]
            yield from (part.id for part in parts if isinstance(part, ast.Name))


def _matched(
    theirs: Sequence[NotebookNode], defined: Sequence[set[str]], release: Release, flags: list[str]
) -> list[int | None]:
    """For each of the student's code cells the index of the released cell that it is, None for one of their own."""
    released = release.notebook.cells
    code = [index for index, cell in enumerate(released) if cell.cell_type == "code"]
    by_part = {part: index for index in code for part in _tagged(released[index])}
    by_id = {released[index].id: index for index in code}
    by_source = {released[index].source.strip(): index for index in code}
    by_call = {name: by_part["check", name] for name in (exercise.name for exercise in release.exercises)}
    places: list[int | None] = []
    for cell, names in zip(theirs, defined, strict=True):
        tagged = [by_part[part] for part in _tagged(cell) if part in by_part]
        called = [by_call[name] for name in _CHECK.findall(cell.source) if name in by_call]
        if "parameters" in cell.metadata.tags or {"seed", "student"} <= names:
            tagged += [index for index in code if role_of(released[index])[0] == "parameters"]
        place = tagged[0] if tagged else by_id.get(cell.id)
        if place is None:
            place = by_source.get(cell.source.strip())
        if place is None and called and not names:
            place = called[0]
        places.append(place)
    _matched_by_place(places, defined, release, flags)
    return places


def _matched_by_place(
    places: list[int | None], defined: Sequence[set[str]], release: Release, flags: list[str]
) -> None:
    """Find the answers without tag and id: by their place before the check, else by what they define."""
    for exercise in release.exercises:
        answer, check = _cells_of(exercise, release)
        if answer in places:
            continue
        names = set(exercise.names)
        end = places.index(check) if check in places else None
        candidates = []
        if end is not None:
            start = max((i for i in range(end) if places[i] is not None), default=-1) + 1
            candidates = [i for i in range(start, end) if names & defined[i]] or [
                i for i in range(start, end)
            ]
            how = "its place"
        if not candidates:
            candidates = [i for i, own in enumerate(defined) if places[i] is None and names & own]
            how = "the names that it defines"
        if candidates:
            places[candidates[-1]] = answer
            flags.append(f"The answer to {exercise.name} was found by {how}.")


def _merged(
    places: Sequence[int | None],
    theirs: Sequence[NotebookNode],
    defined: Sequence[set[str]],
    release: Release,
) -> dict[str, int]:
    """The exercises that another one's answer cell answers too, before their check: their own is gone, or was not touched."""
    merged = {}
    owners = {_cells_of(exercise, release)[0]: set(exercise.names) for exercise in release.exercises}
    for exercise in release.exercises:
        answer, check = _cells_of(exercise, release)
        stub = release.notebook.cells[answer].source.strip()
        own = [i for i, place in enumerate(places) if place == answer]
        if any(theirs[i].source.strip() != stub for i in own):
            continue
        end = places.index(check) if check in places else len(places)
        for i, place in enumerate(places[:end]):
            if place in owners and place != answer and place is not None:
                names = owners[answer] - owners[place]
                if names & defined[i] and (not own or names <= defined[i]):
                    merged[exercise.name] = i
    return merged


def _chosen(
    places: Sequence[int | None],
    merged: dict[str, int],
    theirs: Sequence[NotebookNode],
    release: Release,
    flags: list[str],
) -> dict[str, int]:
    """Each exercise's answer among the student's cells: of several the last before the check, as the student saw it."""
    chosen: dict[str, int] = {}
    for exercise in release.exercises:
        if exercise.name in merged:
            chosen[exercise.name] = merged[exercise.name]
            flags.append(f"The answer to {exercise.name} stands in another exercise's answer cell.")
            continue
        answer, check = _cells_of(exercise, release)
        found = [i for i, place in enumerate(places) if place == answer]
        if not found:
            flags.append(f"There is no answer cell for {exercise.name}.")
            continue
        if len(found) > 1:
            flags.append(f"There are {len(found)} answer cells for {exercise.name}.")
        end = places.index(check) if check in places else len(places)
        chosen[exercise.name] = max([i for i in found if i < end] or found[:1])
        if places.count(check) != 1:
            flags.append(f"There are {places.count(check)} check cells for {exercise.name}; one was given.")
    answers = [role_of(cell)[1] for cell in release.notebook.cells if role_of(cell)[0] == "answer"]
    order = [chosen[name] for name in answers if name in chosen]
    if order != sorted(order):
        flags.append("Answer cells were moved; they were run in the released order.")
    return chosen


def _extras(
    places: Sequence[int | None],
    chosen: dict[str, int],
    theirs: Sequence[NotebookNode],
    release: Release,
    flags: list[str],
) -> dict[int, list[NotebookNode]]:
    """The student's own cells by the released cell after which they run, -1 for the beginning."""
    extras: dict[int, list[NotebookNode]] = {}
    used = set(chosen.values())
    last = -1
    for i, (place, cell) in enumerate(zip(places, theirs, strict=True)):
        if i in used:
            assert place is not None
            last = place
            continue
        after = last
        if place is not None:
            role, exercise = role_of(release.notebook.cells[place])
            untouched = cell.source.strip() == release.notebook.cells[place].source.strip()
            if role != "answer":
                last = place
            if untouched:
                continue  # the released one runs, or as an answer nothing in the place of a stub
            if role != "answer":
                if role == "check":
                    flags.append(f"The check cell of {exercise} was changed; it counts for nothing.")
                    continue
                if role == "parameters":
                    continue  # of it only the student's number counts
                flags.append("A given cell was changed; the released one was run after it.")
                after = place - 1
        if cell.source.strip():
            extras.setdefault(after, []).append(_extra(cell))
    return extras


def _extra(cell: NotebookNode) -> NotebookNode:
    made = nbformat.v4.new_code_cell(cell.source)
    made.metadata = NotebookNode(tags=[], armod=NotebookNode(role="extra", exercise=""))
    return made


def _student_number(
    places: Sequence[int | None], theirs: Sequence[NotebookNode], release: Release, flags: list[str]
) -> int:
    """The last whole number that a cell of parameters assigns to ``student``; 0 if there is none."""
    number = 0
    for place, cell in zip(places, theirs, strict=True):
        if place is None or role_of(release.notebook.cells[place])[0] != "parameters":
            continue
        try:
            statements: Iterable[ast.stmt] = ast.parse(cell.source).body
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            statements = ()
            flags.append("The cell of parameters is no Python; the released one was run.")
        for statement in statements:
            if "student" in _bound(statement) and isinstance(statement, ast.Assign | ast.AnnAssign):
                found = statement.value.value if isinstance(statement.value, ast.Constant) else None
                if type(found) is int and 0 <= found < MAX_STUDENT:
                    number = found
                elif (meant := _number_meant(found)) is not None:
                    number = meant
                    flags.append(f"The parameter `student` is {found!r}, no whole number; {meant} was taken.")
                else:
                    flags.append("The parameter `student` is no plain whole number; 0 was taken.")
    return number


def _number_meant(found: object) -> int | None:
    """The number that a text or a decimal number stands for, such as ``"4711"`` and ``4711.0``."""
    text = found.strip() if isinstance(found, str) else ""
    if isinstance(found, float) and found.is_integer():
        text = str(int(found))
    if text.isascii() and text.isdigit() and len(text) <= 16 and int(text) < MAX_STUDENT:
        return int(text)
    return None


def _cells_of(exercise: Exercise, release: Release) -> tuple[int, int]:
    """The indices of an exercise's answer and check in the release."""
    parts = {part: i for i, cell in enumerate(release.notebook.cells) for part in _tagged(cell)}
    return parts["answer", exercise.name], parts["check", exercise.name]


def _tagged(cell: NotebookNode) -> list[tuple[str, str]]:
    if cell.cell_type != "code":
        return []
    matches = map(_TAG.fullmatch, cell.metadata.get("tags", []))
    return [(match[1], match[2]) for match in matches if match]


def _marks(release: Release) -> set[object]:
    cells = [cell for cell in release.notebook.cells if _tagged(cell)]
    return {cell.id for cell in cells} | {part for cell in cells for part in _tagged(cell)}
