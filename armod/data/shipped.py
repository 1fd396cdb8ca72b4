"""Files that ship with armod: read whole, and verified."""

from __future__ import annotations

import hashlib
from pathlib import Path


def read_shipped(path: Path, sha256: str) -> bytes:
    """The content of a file of the installed package.

    Raises:
        ValueError: if the file is missing or not the one with this sha256.
    """
    content = path.read_bytes() if path.is_file() else b""
    if hashlib.sha256(content).hexdigest() != sha256:
        raise ValueError(f"{path} is not the file that armod ships: install armod again.")
    return content
