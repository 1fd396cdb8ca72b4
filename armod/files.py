"""Write a file whole: whatever happens, its name holds the old content or the new one, never a part."""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO
from uuid import uuid4

from armod.settings import shown


def path_of(path: object) -> Path:
    """Take the path of a file.

    Args:
        path: What a user gave.

    Returns:
        The path.

    Raises:
        ValueError: If it is no path.

    >>> path_of(3)
    Traceback (most recent call last):
    ValueError: path is the path of a file, not 3.
    """
    if not isinstance(path, str | os.PathLike) or isinstance(os.fspath(path), bytes):
        raise ValueError(f"path is the path of a file, not {shown(path)}.")
    return Path(path)


def write_whole(path: Path, content: str | bytes, *, mode: int = 0o666) -> None:
    """Write a file in one step, down to the disk; see `whole_file`.

    Args:
        path: The file; its folder is made if there is none.
        content: Bytes, or a text that is written in UTF-8 with its line ends as they are.
        mode: The rights of a new file, less what the user's umask takes away.

    Raises:
        OSError: If it can't be written; an old file is as it was.
    """
    with whole_file(path, mode=mode) as file:
        file.write(content.encode() if isinstance(content, str) else content)


@contextlib.contextmanager
def whole_file(path: Path, *, mode: int = 0o666) -> Iterator[BinaryIO]:
    """A new file to write to, which takes its place under ``path`` when the block ends well.

    It lies beside its place as ``.NAME.*.part`` until then, and goes if the block raises; an old file keeps its
    rights. Only a process that is killed in the block leaves a part behind, never half a file under the name.

    Args:
        path: The place; its folder is made if there is none.
        mode: The rights of a new file, less what the user's umask takes away.

    Yields:
        The file, open for bytes.

    Raises:
        OSError: If it can't be written; an old file is as it was.
    """
    part = path.with_name(f".{path.name}.{uuid4().hex}.part")
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        file = open(part, "xb", opener=lambda name, flags: os.open(name, flags, mode))  # noqa: SIM115
    except OSError as error:
        error.filename = os.fspath(path)  # the user knows nothing of the other name
        raise
    try:
        with file:
            with contextlib.suppress(FileNotFoundError):
                part.chmod(stat.S_IMODE(path.stat().st_mode))
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)
    _sync(path.parent)


def _sync(folder: Path) -> None:
    """Have the folder on the disk too, so that a power cut does not take back the new name."""
    if os.name != "posix":
        return  # elsewhere folders can't be opened
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
