"""Download a file so that, at every moment, its final name holds either nothing or the whole, verified content."""

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
    """Fetch the first of `urls` that answers with what `verify` accepts, and move it to `target`.

    Bytes go to a temporary file beside `target` first, are handed to `verify` there, and replace `target` in one step, so
    that an interrupted or parallel download never leaves half a file. Fetching stops soon after `max_bytes`.

    Raises:
        OSError, HTTPException, ValueError: what the last of the addresses failed with.
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
