"""binarized_mnist: *the* binary MNIST of the density-estimation literature, one fixed random draw of every pixel.

Each pixel was drawn once, with its grey level as the probability of ink (Salakhutdinov and Murray 2008). Larochelle and
Murray published the draw (2011, "The Neural Autoregressive Distribution Estimator"). It has no labels.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from armod.data.dataset import Dataset
from armod.data.remote import File, RemoteFiles

SOURCE = "MNIST, binarised once at random (Salakhutdinov and Murray 2008), as published by Larochelle and Murray (2011)"
LICENCE = "CC BY-SA 3.0 (as derived from MNIST; its publishers name none)"
FILES = RemoteFiles(
    "binarized_mnist",
    files=[
        File(
            "binarized_mnist_train.amat",
            78_400_000,
            "ad693b29f94c14277b095f5238ddefbbdaaae0939789dd2f4f0205278cee3e4d",
        ),
        File(
            "binarized_mnist_valid.amat",
            15_680_000,
            "1de3d397c40fe8eeb33dafd4099a1f665ec01e96d9be234aaeeac8a34930e2e2",
        ),
        File(
            "binarized_mnist_test.amat",
            15_680_000,
            "e6687bfea3f820c174f33b7865140b2a2dd2930ef786f35d45795fc193b5ab2c",
        ),
    ],
    subfolders=["binarized_mnist"],
    mirrors=[
        "https://www.cs.toronto.edu/~larocheh/public/datasets/binarized_mnist",
        "http://www.cs.toronto.edu/~larocheh/public/datasets/binarized_mnist",
    ],
)


def load() -> Dataset:
    """Load the three splits, 50,000 / 10,000 / 10,000 images of event shape ``(1, 28, 28)``, from one file each.

    Returns:
        The data set.

    Raises:
        FileNotFoundError: as `RemoteFiles.read`.
        ValueError: as `RemoteFiles.read`.
    """
    train, valid, test = [
        parse_amat(text, file.name) for text, file in zip(FILES.read(), FILES.files, strict=True)
    ]
    return Dataset(
        "binarized_mnist",
        train,
        valid,
        test,
        num_levels=2,
        source=SOURCE,
        licence=LICENCE,
        sha256=FILES.sha256,
    )


def parse_amat(text: bytes, name: str = "this file") -> Tensor:
    r"""Read images from lines of 784 digits, 0 or 1, with white space between them.

    Args:
        text: the whole file.
        name: what error messages call the file.

    Returns:
        Bits, uint8 ``(N, 1, 28, 28)``.

    Raises:
        ValueError: if a line has another length, or contains anything but 0, 1 and white space.

    >>> parse_amat(b"0 1 " * 392 + b"\n").shape
    torch.Size([1, 1, 28, 28])
    """
    rows = [line.translate(None, b" \t\r") for line in text.splitlines()]
    rows = [row for row in rows if row]
    for number, row in enumerate(rows, start=1):
        if len(row) != 28 * 28 or row.strip(b"01"):
            raise ValueError(f"Row {number} of {name} is not 784 times 0 or 1.")
    bits = np.frombuffer(b"".join(rows), np.uint8) - ord("0")
    return torch.from_numpy(bits).view(-1, 1, 28, 28)
