"""Files that do not ship with armod: found in the data folder, else downloaded to it, and always verified.

The data folder is the one that the environment variable ARMOD_DATA names, else the platform's folder for caches.
"""

from __future__ import annotations

import gzip
import hashlib
import os
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path

import platformdirs

from armod.data.download import download

GZIP_MAGIC = b"\x1f\x8b"


@dataclass(frozen=True)
class File:
    """One file by its classical name; `size` in bytes and `sha256` are those of its content, unpacked.

    An archive (`is_archive`), such as a .tar.gz, is verified and handed over as it is.
    """

    name: str
    size: int
    sha256: str
    is_archive: bool = False


@dataclass(frozen=True)
class RemoteFiles:
    """The files of one data set and where to look for them.

    ``subfolders``: of the data folder, searched after the folder itself; downloads go to the first. ``mirrors``:
    addresses of folders, tried in order. ``suffix``: what the mirrors append to each name.
    """

    dataset: str
    files: Sequence[File]
    subfolders: Sequence[str]
    mirrors: Sequence[str]
    suffix: str = ""

    @property
    def sha256(self) -> str:
        """One sha256 for all the files: the only one's, or that of the listing which ``sha256sum FILE ...`` prints."""
        if len(self.files) == 1:
            return self.files[0].sha256
        listing = "".join(f"{file.sha256}  {file.name}\n" for file in self.files)
        return hashlib.sha256(listing.encode()).hexdigest()

    def read(self) -> list[bytes]:
        """The verified content of every file, unpacked if it is no archive, downloading what is missing.

        Raises:
            FileNotFoundError: if a file is neither there nor to be had; says what to put where.
            ValueError: if a file that is there is not the true one; it is left alone.
        """
        paths = [self._find(file) or self._download(file) for file in self.files]
        return [_read_or_say(path, file) for path, file in zip(paths, self.files, strict=True)]

    def _find(self, file: File) -> Path | None:
        folders = [data_folder() / subfolder for subfolder in ("", *self.subfolders)]
        candidates = [folder / name for folder in folders for name in (file.name, f"{file.name}.gz")]
        return next((path for path in candidates if path.is_file()), None)

    def _download(self, file: File) -> Path:
        target = data_folder() / self.subfolders[0] / (file.name + self.suffix)
        urls = [f"{mirror}/{target.name}" for mirror in self.mirrors]
        try:
            download(urls, target, max_bytes=file.size, verify=lambda path: read_verified(path, file))
        except (OSError, HTTPException, ValueError) as error:
            missing = [file.name for file in self.files if self._find(file) is None]
            them = "it" if len(missing) == 1 else "them"
            form = "" if file.is_archive else ", plain or as .gz,"
            raise FileNotFoundError(
                f"Data set {self.dataset!r} needs {_and(missing)}, and downloading failed ({urls[-1]}: {error}): "
                f"put {them}{form} into {data_folder()}, or set the environment variable ARMOD_DATA "
                f"to the folder that holds {them}."
            ) from None
        return target


def data_folder() -> Path:
    """The folder named by ARMOD_DATA, else armod's folder among the user's caches; it need not exist yet."""
    named = os.environ.get("ARMOD_DATA")
    return Path(named).expanduser() if named else platformdirs.user_cache_path("armod", appauthor=False)


def read_verified(path: Path, file: File) -> bytes:
    """The content of the file at `path`, unpacked if it is gzipped, whatever its name, and no archive.

    Raises:
        ValueError: says what is wrong if this is not byte by byte the content of `file`.
    """
    try:
        with path.open("rb") as stream:
            is_packed = stream.read(2) == GZIP_MAGIC and not file.is_archive
        with gzip.open(path) if is_packed else path.open("rb") as stream:
            content = stream.read(file.size + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise ValueError(f"reading fails: {error}") from None
    if len(content) < file.size:
        raise ValueError(f"it is truncated, {len(content):,} of {file.size:,} bytes")
    if len(content) > file.size:
        raise ValueError(f"it is longer than {file.size:,} bytes")
    found = hashlib.sha256(content).hexdigest()
    if found != file.sha256:
        raise ValueError(f"its sha256 is {found[:12]}..., not {file.sha256[:12]}...")
    return content


def _read_or_say(path: Path, file: File) -> bytes:
    try:
        return read_verified(path, file)
    except ValueError as error:
        raise ValueError(
            f"{path} is not the true {file.name} ({error}): replace it, or remove it to have it downloaded anew."
        ) from None


def _and(names: Sequence[str]) -> str:
    """Names as in a sentence: "a", "a and b", "a, b and c"."""
    return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))
