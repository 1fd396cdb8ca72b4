"""names: the 5,163 first names of the United States census of 1990, letter by letter.

An observation is a name and as many ends as fill it up to one length. All ends but the first are certain, and a good
model gives them for nothing; so bits per *character*, as texts state them, are the bits of whole names divided by their
letters and one end each: ``bits_per_dim * T / (1 + mean number of letters)``, with the means over one split.
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
    """Split 4,131 / 516 / 516: of the names in alphabetical order, the 9th of every ten is valid, the 10th test.

    Event shape ``(12,)``: the longest name has 11 letters, so that every observation holds an end (level 0, written ".").
    Levels 1..26 are the letters. Each name is there once, whether women, men or both bear it.

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
    """The observation uint8 ``(12,)`` that a lower-case name of at most 11 letters is.

    Raises:
        ValueError: for a longer name, or for another character than a to z.

    >>> to_levels("ada").tolist()
    [1, 4, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0]
    """
    if len(name) >= LENGTH:
        raise ValueError(f"A name has at most {LENGTH - 1} letters; {name!r} has {len(name)}.")
    return encode(name.ljust(LENGTH, END), SYMBOLS)


def to_name(levels: Tensor) -> str:
    """The name that levels ``(T,)`` spell, up to the first end.

    >>> to_name(to_levels("ada"))
    'ada'
    """
    return decode(levels, SYMBOLS).partition(END)[0]


def make(source: Path, target: Path) -> None:
    """Write the names in the source distribution to `target`, one a line.

    The census lists women's and men's names by frequency, in capitals; the file has each name once, in alphabetical order.

    Raises:
        ValueError: if a list is not the one that this recipe was written for.
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
