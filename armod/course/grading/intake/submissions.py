"""Who handed in what: every submission in the folder of a class, and by which name its student is known."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from armod.course.errors import CourseError
from armod.course.grading.intake import kinds
from armod.course.grading.intake.times import METADATA, Handed, Times, handed_in, told_by_gradescope
from armod.course.grading.marks.lateness import are_those_of_unpacking

SUFFIX = ".ipynb"
MAX_FOLDERS = 4  # below a student's own
NAMED = 5  # files of a folder without a notebook
LEFT_BY_SYSTEMS = ("__MACOSX", "Thumbs.db", "desktop.ini", METADATA)


@dataclass(frozen=True)
class Submission:
    """Where one submission lies.

    Args:
        student: The name of the student, as the file or folder has it.
        attempt: Which of the student's submissions it is, from 1.
        file: Its path in the folder of the class, as text.
        path: Its path.
        reason: Why it is refused before it is opened, such as a folder without a notebook; None if it is not.
        handed: When it was handed in.
    """

    student: str
    attempt: int
    file: str
    path: Path
    reason: str | None = None
    handed: Handed = field(default_factory=Handed)


def submissions(folder: Path, times: Times | None = None) -> list[Submission]:
    """Every submission in the folder of a class.

    A submission is ``STUDENT.ipynb``, or any ``.ipynb`` in a folder that is named after the student. What stands in the
    place of a notebook - a PDF, an archive, a link - is a submission that is refused, see `kinds`; so is any other file
    whose student has nothing else. Hidden folders, ``__MACOSX`` and what systems leave behind are none.

    Args:
        folder: The folder of the class.
        times: When they were handed in, as far as it is known beside the files.

    Returns:
        The submissions by student and then by the time at which they were handed in; where that is not known, by file,
        numbers in names counted as numbers.

    Raises:
        CourseError: If there is no such folder, or no submission in it, or if a time can't be read.
    """
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: _natural(entry.name))
    except OSError as error:
        raise CourseError(f"The submissions' folder {folder} can't be read: {error.strerror}.") from error
    found = [one for entry in entries if not _is_hidden(entry.name) for one in _submissions_in(entry)]
    if not found:
        raise CourseError(
            f"There is no submission in {folder}: a submission is STUDENT.ipynb or a folder named after a student."
        )
    gradescope = told_by_gradescope(folder)  # whose folders have numbers for names
    who = {name: printable(about.student) for name, about in gradescope.items() if about.student}
    found = [
        (who.get(file.partition("/")[0], student), file, path, reason)
        for student, file, path, reason in found
    ]
    handed = handed_in([one[:3] for one in found], times, gradescope)
    files = [one.at for one in handed if one.by_file and one.at]
    nothing = datetime.min.replace(tzinfo=UTC)
    by_student: dict[str, list[tuple[tuple[datetime, Any], Submission]]] = {}
    for (student, file, path, reason), when in zip(found, handed, strict=True):
        known = None if when.by_file and are_those_of_unpacking(files) else when.at
        place = (known or nothing, _natural(file))
        by_student.setdefault(student, []).append((place, Submission(student, 0, file, path, reason, when)))
    return [
        replace(one, attempt=attempt)
        for _, attempts in sorted(by_student.items(), key=lambda item: _natural(item[0]))
        for attempt, (_, one) in enumerate(sorted(attempts, key=lambda item: item[0]), 1)
    ]


def printable(name: str) -> str:
    r"""A file's name as text that every encoding takes.

    Args:
        name: The name as Python has it; bytes that are no UTF-8 are surrogates in it.

    Returns:
        The name, in which such bytes become text such as ``\xe9``. In a name that has such bytes or such text, each
        backslash becomes two, so that no two names become one.
    """
    if is_text(name) and not re.search(r"\\x[89a-f][0-9a-f]", name):
        return name
    return os.fsencode(name.replace("\\", "\\\\")).decode("utf-8", "backslashreplace")


def student_of(name: str, *, folder: bool = False) -> str:
    """The student of a file or folder of this name."""
    text = printable(name)
    for suffix in (SUFFIX, *(() if folder else kinds.suffixes(name))):
        if text.lower().endswith(suffix) and len(text) > len(suffix):
            return text[: -len(suffix)]
    return text


def is_text(*texts: str) -> bool:
    """Whether every encoding takes them: halves of characters, as damaged files and names hold, are none."""
    return not any("\ud800" <= character <= "\udfff" for text in texts for character in text)


def _submissions_in(entry: os.DirEntry[str]) -> Iterator[tuple[str, str, Path, str | None]]:
    """Student, file, path and perhaps a reason for each submission in one entry of the class's folder."""
    path, file = Path(entry.path), printable(entry.name)
    if not _leads_to_a_folder(entry):
        yield student_of(entry.name), file, path, kinds.complaint(entry.name) or None
        return
    student = student_of(entry.name, folder=True)
    if entry.is_symlink():
        yield student, file, path, "is a symbolic link; hand in the notebook itself"
        return
    root, count, others = Path(entry.path), 0, []
    for place, folders, names in os.walk(root):
        folders[:] = [name for name in folders if not _is_hidden(name)]
        deep = len(Path(place).relative_to(root).parts) >= MAX_FOLDERS
        others += [f"{name}/" for name in folders if deep]
        if deep:
            folders.clear()
        folders_too = [name for name in folders if name.lower().endswith(SUFFIX)]
        for name in [*names, *folders_too]:
            if _is_hidden(name):
                continue
            reason = kinds.complaint(name)
            if reason in ("", *kinds.INSTEAD_OF_A_NOTEBOOK):
                inner = Path(place, name)
                count += 1
                inner_file = printable(f"{entry.name}/{inner.relative_to(root).as_posix()}")
                yield student, inner_file, inner, reason or None
            else:
                others.append(name)
    if not count:
        names = [printable(name) for name in sorted(others)]
        held = f" (it holds {', '.join(names[:NAMED])}{', ...' * (len(names) > NAMED)})" if names else ""
        yield student, file, path, f"is a folder without a notebook in it{held}"


def _leads_to_a_folder(entry: os.DirEntry[str]) -> bool:
    """Whether it is a folder, or a link to one."""
    try:
        return entry.is_dir()
    except OSError:  # a link that leads round in a circle
        return False


def _is_hidden(name: str) -> bool:
    """Whether a system or an editor left it there; other notebooks whose names begin with a dot are submissions."""
    if name.lower().endswith(SUFFIX):
        return name.startswith(("._", ".~"))
    return (name.startswith(".") and not name.startswith("..")) or name in LEFT_BY_SYSTEMS


def _natural(text: str) -> list[tuple[int, int | str]]:
    """A key to sort by: ``try-2`` comes before ``try-10``, and ``try`` before both."""
    stem = printable(text).removesuffix(SUFFIX)
    parts = [part for part in re.split(r"([0-9]{1,18})", stem) if part]
    return [(0, int(part)) if part.isascii() and part.isdigit() else (1, part) for part in parts] + [
        (-1, printable(text))
    ]
