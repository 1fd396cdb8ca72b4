"""Which notebooks JupyterLab may bring to life: those that ship with the course, and no others.

A text/html output with a script, which every lab of the course is, stays dead in JupyterLab until the reader's
own signature data base vouches for the notebook: a foreign notebook could otherwise run code on being opened.
So the course signs its own notebooks, and decides conservatively which ones those are:

- In a git checkout: notebooks that are committed and unchanged. What a learner downloads, receives or drops
  there, even over a lesson, is not committed. (What the learner runs and saves, JupyterLab signs by itself.)
- Without git, as in an unpacked archive: notebooks whose code cells are exactly those of the ``.py`` beside
  them. An exercise that somebody filled in differs from its source and is left alone.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterable
from pathlib import Path

from nbformat.sign import NotebookNotary

from armod.course.errors import CourseError
from armod.course.lessons.pair import code_sha256, read_notebook, read_source


def sign(notebooks: Iterable[Path]) -> None:
    """Vouch for these notebooks' present outputs in the reader's own signature data base; CourseError if one is none."""
    notary = NotebookNotary()
    try:
        for path in notebooks:
            content = read_notebook(path)
            if not notary.check_signature(content):
                notary.sign(content)
    finally:
        notary.store.close()


def is_signed(path: Path) -> bool:
    """Whether the reader's own signature data base vouches for this notebook as it is now."""
    notary = NotebookNotary()
    try:
        return bool(notary.check_signature(read_notebook(path)))
    finally:
        notary.store.close()


def shipped(folder: Path) -> list[Path]:
    """The notebooks at or below ``folder`` that ship with the course; see the module's text for the rule."""
    candidates = {path for path in folder.rglob("*.ipynb") if ".ipynb_checkpoints" not in path.parts}
    committed = _committed(folder)
    if committed is not None:
        return sorted(candidates & committed)
    return sorted(path for path in candidates if _has_the_code_of_its_source(path))


def _committed(folder: Path) -> set[Path] | None:
    """Notebooks that equal their committed version; None where git has no answer."""

    def listed(*arguments: str) -> set[Path]:
        output = subprocess.run(
            ["git", "-C", str(folder), *arguments, "--", "*.ipynb"],
            check=True,
            capture_output=True,
            text=True,
            encoding="utf-8",
        ).stdout
        return {folder / name for name in output.split("\0") if name}

    try:
        tracked = listed("ls-files", "-z")
        return tracked - listed("diff", "HEAD", "--relative", "--name-only", "-z") if tracked else None
    except (OSError, subprocess.CalledProcessError):
        return None


def _has_the_code_of_its_source(path: Path) -> bool:
    source = path.with_suffix(".py")
    if not source.is_file():
        return False
    try:
        return code_sha256(read_notebook(path)) == code_sha256(read_source(source))
    except CourseError:
        return False
