"""Files that ship with armod."""

from __future__ import annotations

import hashlib
from pathlib import Path


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
