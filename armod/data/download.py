"""Download a file so that it appears under its final name only when it is complete and verified."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from http.client import HTTPException
from pathlib import Path
from urllib.request import urlopen

from tqdm import tqdm

from armod.files import whole_file

CHUNK_BYTES = 1 << 16
TIMEOUT_SECONDS = 20


def download(urls: Sequence[str], target: Path, *, max_bytes: int, verify: Callable[[Path], object]) -> None:
    """Download the first of `urls` whose content `verify` accepts, and move it to `target`.

    The bytes first go to a temporary file beside `target` and are verified there. Then they replace `target` in one step,
    so that an interrupted or parallel download never leaves half a file.

    Args:
        urls: addresses of the same file, tried in this order.
        target: where the file goes; missing folders are made.
        max_bytes: the download stops soon after this size.
        verify: called with the temporary file; it raises ValueError if the content is wrong.

    Raises:
        OSError: if the last address can't be reached.
        HTTPException: if the answer of the last address breaks off.
        ValueError: if `verify` rejects what the last address sent.
    """
    for url in urls:
        try:
            with urlopen(url, timeout=TIMEOUT_SECONDS) as answer:
                length = answer.headers.get("Content-Length")
                with (
                    whole_file(target) as file,  # only now: without a network nothing is left behind
                    tqdm(
                        desc=target.name, total=int(length) if length else None, unit="B", unit_scale=True
                    ) as bar,
                ):
                    while file.tell() <= max_bytes and (chunk := answer.read(CHUNK_BYTES)):
                        file.write(chunk)
                        bar.update(len(chunk))
                    file.flush()
                    verify(Path(file.name))
            return
        except (OSError, HTTPException, ValueError):
            if url == urls[-1]:
                raise
