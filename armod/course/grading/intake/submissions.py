"""Who handed in what: every submission in the folder of a class, and by which name its student is known."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from armod.course.errors import CourseError

SUFFIX = ".ipynb"
MAX_FOLDERS = 4  # below a student's own


@dataclass(frozen=True)
class Submission:
    """Where one submission lies.

    Args:
        student: The name of the student, as the file or folder has it.
        attempt: Which of the student's submissions it is, from 1.
        file: Its path in the folder of the class, as text.
        path: Its path.
        reason: Why it is refused before it is opened, such as a folder without a notebook; None if it is not.
    """

    student: str
    attempt: int
    file: str
    path: Path
    reason: str | None = None


def submissions(folder: Path) -> list[Submission]:
    """Every submission in the folder of a class.

    A submission is ``STUDENT.ipynb``, or any ``.ipynb`` in a folder that is named after the student. Hidden
    folders, ``__MACOSX`` and files of other kinds are none.

    Args:
        folder: The folder of the class.

    Returns:
        The submissions by student and then by file, numbers in names counted as numbers.

    Raises:
        CourseError: If there is no such folder, or no submission in it.
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
    by_student: dict[str, list[tuple[str, Path, str | None]]] = {}
    for student, file, path, reason in found:
        by_student.setdefault(student, []).append((file, path, reason))
    return [
        Submission(student, attempt, file, path, reason)
        for student, files in sorted(by_student.items(), key=lambda item: _natural(item[0]))
        for attempt, (file, path, reason) in enumerate(sorted(files, key=lambda f: _natural(f[0])), 1)
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


def student_of(name: str) -> str:
    """The student of a file or folder of this name."""
    text = printable(name)
    return text[: -len(SUFFIX)] if text.lower().endswith(SUFFIX) and len(text) > len(SUFFIX) else text


def is_text(*texts: str) -> bool:
    """Whether every encoding takes them: halves of characters, as damaged files and names hold, are none."""
    return not any("\ud800" <= character <= "\udfff" for text in texts for character in text)


def _submissions_in(entry: os.DirEntry[str]) -> Iterator[tuple[str, str, Path, str | None]]:
    """Student, file, path and perhaps a reason for each submission in one entry of the class's folder."""
    path, file = Path(entry.path), printable(entry.name)
    if not _leads_to_a_folder(entry):
        if entry.name.lower().endswith(SUFFIX):
            yield student_of(entry.name), file, path, None
        return
    student = student_of(entry.name)
    if entry.is_symlink():
        yield student, file, path, "is a symbolic link; hand in the notebook itself"
        return
    root, count = Path(entry.path), 0
    for place, folders, names in os.walk(root):
        folders[:] = [name for name in folders if not _is_hidden(name)]
        if len(Path(place).relative_to(root).parts) >= MAX_FOLDERS:
            folders.clear()
        folders_too = [name for name in folders if name.lower().endswith(SUFFIX)]
        for name in [*names, *folders_too]:
            if name.lower().endswith(SUFFIX) and not _is_hidden(name):
                inner = Path(place, name)
                count += 1
                yield student, printable(f"{entry.name}/{inner.relative_to(root).as_posix()}"), inner, None
    if not count:
        yield student, file, path, "is a folder without a notebook in it"


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
    return (name.startswith(".") and not name.startswith("..")) or name == "__MACOSX"


def _natural(text: str) -> list[tuple[int, int | str]]:
    """A key to sort by: ``try-2`` comes before ``try-10``, and ``try`` before both."""
    stem = printable(text).removesuffix(SUFFIX)
    parts = [part for part in re.split(r"([0-9]{1,18})", stem) if part]
    return [(0, int(part)) if part.isascii() and part.isdigit() else (1, part) for part in parts] + [
        (-1, printable(text))
    ]
