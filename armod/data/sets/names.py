"""names: the 5,163 first names of the United States census of 1990, letter by letter.

An observation is a name, filled up with end symbols to a fixed length. All end symbols but the first are certain, and
cost a good model nothing. So bits per *character*, the unit for texts, are the bits of whole names divided by the number
of letters plus one end: ``bits_per_dim * T / (1 + mean number of letters)``, with the mean over one split.
"""

from __future__ import annotations

import hashlib
import string
import tarfile
from pathlib import Path

import torch
from torch import Tensor

from armod.data.dataset import Dataset
from armod.data.shipped import SHIPPED, make_shipped, read_shipped
from armod.data.splits import deal
from armod.data.text import decode, encode

SOURCE = "First names of the 1990 United States census (Census Bureau), as shipped by the Python package names 0.3.0"
LICENCE = "public domain"
FILE = SHIPPED / "names.txt"
SHA256 = "cba14f452b7768bd7fe093035a67491d4a334061634ccfd51522fb796910e75e"
END = "."
SYMBOLS = (END, *string.ascii_lowercase)
LENGTH = 12
LISTS = {
    "names-0.3.0/names/dist.female.first": "bd2f310fc4e5d5e5ea122c9d4342c9821145823118eb20db1647f305ec77b358",
    "names-0.3.0/names/dist.male.first": "0a5078ef6effe3b483d15b0f7f95047662126c9bfb624ecd5e5b978fc0f2470b",
}


def load() -> Dataset:
    """Load 4,131 / 516 / 516 names: of every ten in alphabetical order, the 9th is valid and the 10th is test.

    The event shape is ``(12,)``. The longest name has 11 letters, so every observation contains an end (level 0, written
    "."). Levels 1..26 are the letters. Each name appears once, whether women, men or both have it.

    Returns:
        The data set.

    Raises:
        ValueError: if the file in the installed package is damaged.
    """
    names = read_shipped(FILE, SHA256).decode().splitlines()
    levels = torch.stack([to_levels(name) for name in names])
    parts, _ = deal(levels, torch.zeros(len(names), dtype=torch.int64))
    return Dataset(
        "names",
        **parts,
        num_levels=len(SYMBOLS),
        source=SOURCE,
        licence=LICENCE,
        sha256=SHA256,
        symbols=SYMBOLS,
    )


def to_levels(name: str) -> Tensor:
    """Turn a name into an observation.

    Args:
        name: at most 11 lower-case letters.

    Returns:
        Levels, uint8 ``(12,)``.

    Raises:
        ValueError: if the name is longer, or has a character other than a to z.

    >>> to_levels("ada").tolist()
    [1, 4, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0]
    """
    if len(name) >= LENGTH:
        raise ValueError(f"A name has at most {LENGTH - 1} letters; {name!r} has {len(name)}.")
    return encode(name.ljust(LENGTH, END), SYMBOLS)


def to_name(levels: Tensor) -> str:
    """Read the name that levels ``(T,)`` spell, up to the first end.

    Args:
        levels: tensor ``(T,)``.

    Returns:
        The name without its end.

    >>> to_name(to_levels("ada"))
    'ada'
    """
    return decode(levels, SYMBOLS).partition(END)[0]


def make(source: Path, target: Path) -> None:
    """Write the names that the source distribution contains, one per line.

    The census lists women's and men's names by frequency, in capitals; the file has each name once, in alphabetical order.

    Args:
        source: the source distribution of names.
        target: the text file to write.

    Raises:
        ValueError: if the distribution contains other lists.
    """
    names: set[str] = set()
    with tarfile.open(source) as archive:
        for path, sha256 in LISTS.items():
            member = archive.extractfile(path)
            content = member.read() if member else b""
            if hashlib.sha256(content).hexdigest() != sha256:
                raise ValueError(f"{path} in {source} is not the list of names 0.3.0.")
            names.update(line.split()[0].lower() for line in content.decode().splitlines())
    target.write_bytes("".join(f"{name}\n" for name in sorted(names)).encode())


if __name__ == "__main__":
    make_shipped(make, FILE)
