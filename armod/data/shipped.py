"""Files that ship with armod: read whole, verified, and made anew from the source that they come from."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Callable
from pathlib import Path

SHIPPED = Path(__file__).parent / "sets" / "shipped"


def read_shipped(path: Path, sha256: str) -> bytes:
    """Read and verify a file of the installed package.

    Args:
        path: where the file lies.
        sha256: hash of its content.

    Returns:
        The whole content.

    Raises:
        ValueError: if the file is missing or has another hash.
    """
    content = path.read_bytes() if path.is_file() else b""
    if hashlib.sha256(content).hexdigest() != sha256:
        raise ValueError(f"{path} is not the file that armod ships: install armod again.")
    return content


def make_shipped(make: Callable[[Path, Path], None], path: Path) -> None:
    """Make a shipped file from the source that the command line names, and print the file's sha256.

    Args:
        make: writes the file, ``make(source, path)``; raises ValueError for another source than the one it knows.
        path: the file in the package.
    """
    make(Path(sys.argv[1]), path)
    print(f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}")
