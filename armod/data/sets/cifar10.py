"""cifar10: the 60,000 colour pictures of CIFAR-10, 32x32 pixels each, from its archive for C programs.

This archive is plain bytes: a picture is one byte for the class and 3 x 32 x 32 bytes of colour, first red, then green,
then blue. The authors' archive for Python contains pickles, which can run any code, so it is not used.
"""

from __future__ import annotations

import tarfile
from io import BytesIO

import numpy as np
import torch
from torch import Tensor

from armod.data.dataset import Dataset
from armod.data.remote import File, RemoteFiles

SOURCE = "CIFAR-10, binary version (Krizhevsky 2009, Learning Multiple Layers of Features from Tiny Images)"
LICENCE = "none stated; its authors ask for a citation"
NUM_VALID = 5_000
RECORD_BYTES = 1 + 3 * 32 * 32
FOLDER = "cifar-10-batches-bin"
TRAIN = tuple(f"data_batch_{number}.bin" for number in range(1, 6))
TEST = ("test_batch.bin",)
FILES = RemoteFiles(
    "cifar10",
    files=[
        File(
            "cifar-10-binary.tar.gz",
            170_052_171,
            "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd",
            is_archive=True,
        )
    ],
    subfolders=["cifar10"],
    mirrors=["https://www.cs.toronto.edu/~kriz"],
)


def load() -> Dataset:
    """Load 45,000 / 5,000 / 10,000 pictures; the last 5,000 training pictures are valid; event shape ``(3, 32, 32)``.

    The labels are airplane, automobile, bird, cat, deer, dog, frog, horse, ship, truck.

    Returns:
        The data set.

    Raises:
        FileNotFoundError: as `RemoteFiles.read`.
        ValueError: as `RemoteFiles.read`.
    """
    (content,) = FILES.read()
    with tarfile.open(fileobj=BytesIO(content), mode="r:gz") as archive:
        images, labels = parse_records(_members(archive, TRAIN))
        test_images, test_labels = parse_records(_members(archive, TEST))
    return Dataset(
        "cifar10",
        train=images[:-NUM_VALID],
        valid=images[-NUM_VALID:],
        test=test_images,
        num_levels=256,
        labels={"train": labels[:-NUM_VALID], "valid": labels[-NUM_VALID:], "test": test_labels},
        source=SOURCE,
        licence=LICENCE,
        sha256=FILES.sha256,
    )


def parse_records(content: bytes) -> tuple[Tensor, Tensor]:
    """Read N records of 3,073 bytes.

    Args:
        content: the records, one after the other.

    Returns:
        Images uint8 ``(N, 3, 32, 32)`` and labels int64 ``(N,)``.

    Raises:
        ValueError: if a record is incomplete, or a class is not in 0..9.

    >>> parse_records(bytes([7]) + bytes(3072))[1]
    tensor([7])
    """
    if len(content) % RECORD_BYTES:
        raise ValueError(
            f"{len(content):,} bytes are not whole pictures of CIFAR-10, which take {RECORD_BYTES:,} bytes each."
        )
    records = torch.from_numpy(np.frombuffer(content, np.uint8).reshape(-1, RECORD_BYTES).copy())
    labels, images = records[:, 0].long(), records[:, 1:].reshape(-1, 3, 32, 32)
    if len(labels) and labels.max() > 9:
        raise ValueError(f"CIFAR-10 has the classes 0..9; a picture is of class {int(labels.max())}.")
    return images, labels


def _members(archive: tarfile.TarFile, names: tuple[str, ...]) -> bytes:
    """The bytes of these members, one after the other; no file is written."""
    files = [archive.extractfile(f"{FOLDER}/{name}") for name in names]
    return b"".join(file.read() for file in files if file is not None)
