"""Download a file so that, at every moment, its final name holds either nothing or the whole, verified content."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from http.client import HTTPException
from pathlib import Path
from urllib.request import urlopen
from uuid import uuid4

from tqdm import tqdm

CHUNK_BYTES = 1 << 16
TIMEOUT_SECONDS = 20


def download(urls: Sequence[str], target: Path, *, max_bytes: int, verify: Callable[[Path], object]) -> None:
    """Fetch the first of `urls` that answers with what `verify` accepts, and move it to `target`.

    Bytes go to a temporary file beside `target` first, are handed to `verify` there, and replace `target` in one step, so
    that an interrupted or parallel download never leaves half a file. Fetching stops soon after `max_bytes`.

    Raises:
        OSError, HTTPException, ValueError: what the last of the addresses failed with.
    """
    for url in urls:
        temporary = target.with_name(f".{target.name}.{uuid4().hex}.part")
        try:
            _fetch(url, temporary, target.name, max_bytes)
            verify(temporary)
            os.replace(temporary, target)
            return
        except (OSError, HTTPException, ValueError):
            if url == urls[-1]:
                raise
        finally:
            temporary.unlink(missing_ok=True)


def _fetch(url: str, path: Path, name: str, max_bytes: int) -> None:
    with urlopen(url, timeout=TIMEOUT_SECONDS) as answer:
        path.parent.mkdir(parents=True, exist_ok=True)  # only now: without a network nothing is left behind
        length = answer.headers.get("Content-Length")
        total = int(length) if length else None
        with path.open("xb") as file, tqdm(desc=name, total=total, unit="B", unit_scale=True) as progress:
            while file.tell() <= max_bytes and (chunk := answer.read(CHUNK_BYTES)):
                file.write(chunk)
                progress.update(len(chunk))
