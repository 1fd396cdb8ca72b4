"""Files that do not ship with armod: they are read from the data folder, or downloaded to it, and always verified.

The environment variable ARMOD_DATA names the data folder; the default is the platform's folder for caches.
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
    """One file of a data set.

    Args:
        name: the classical name of the file, without .gz.
        size: bytes of the unpacked content.
        sha256: hash of the unpacked content.
        is_archive: True for an archive such as a .tar.gz, which is verified and returned without unpacking.

    >>> File("train-images-idx3-ubyte", size=47_040_016, sha256="ba89...").is_archive
    False
    """

    name: str
    size: int
    sha256: str
    is_archive: bool = False


@dataclass(frozen=True)
class RemoteFiles:
    """The files of one data set and where to look for them.

    Args:
        dataset: name of the data set, for messages.
        files: the files, in the order in which `read` returns them.
        subfolders: folders inside the data folder, searched after the data folder itself; downloads go to the first.
        mirrors: addresses of folders, tried in this order.
        suffix: what the mirrors append to each name, such as ".gz".

    >>> RemoteFiles("toy", [File("a", 1, "12ab")], subfolders=["toy"], mirrors=["https://example.org"]).sha256
    '12ab'
    """

    dataset: str
    files: Sequence[File]
    subfolders: Sequence[str]
    mirrors: Sequence[str]
    suffix: str = ""

    @property
    def sha256(self) -> str:
        """One hash for all the files: that of the only file, or that of the listing which ``sha256sum FILE ...`` prints."""
        if len(self.files) == 1:
            return self.files[0].sha256
        listing = "".join(f"{file.sha256}  {file.name}\n" for file in self.files)
        return hashlib.sha256(listing.encode()).hexdigest()

    def read(self) -> list[bytes]:
        """Read and verify every file, and download those that are missing.

        Returns:
            The content of each file, unpacked unless it is an archive.

        Raises:
            FileNotFoundError: if a file is missing and can't be downloaded; the message says where to put it.
            ValueError: if a file has the wrong content; the file is left as it is.
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
    """Return the folder that ARMOD_DATA names, or else armod's folder among the user's caches; it may not exist yet."""
    named = os.environ.get("ARMOD_DATA")
    return Path(named).expanduser() if named else platformdirs.user_cache_path("armod", appauthor=False)


def read_verified(path: Path, file: File) -> bytes:
    """Read a file, unpack it if it is gzipped (whatever its name) and not an archive, and verify it.

    Args:
        path: where the file lies.
        file: what it must contain.

    Returns:
        The verified content.

    Raises:
        ValueError: if the content differs from that of `file`; the message says in what.
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
            f"{path} is not the true {file.name} ({error}): replace it, or remove it to download it again."
        ) from None


def _and(names: Sequence[str]) -> str:
    """Names as a sentence lists them: "a", "a and b", "a, b and c"."""
    return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))
