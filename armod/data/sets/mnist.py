"""mnist: the 70,000 grey digits of the MNIST database, from its four classical IDX files."""

from __future__ import annotations

from armod.data.dataset import Dataset
from armod.data.idx import parse_idx
from armod.data.remote import File, RemoteFiles

SOURCE = "MNIST database of handwritten digits (LeCun, Cortes and Burges 1998)"
LICENCE = "CC BY-SA 3.0"
NUM_VALID = 10_000
FILES = RemoteFiles(
    "mnist",
    files=[
        File(
            "train-images-idx3-ubyte",
            47_040_016,
            "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
        ),
        File(
            "train-labels-idx1-ubyte",
            60_008,
            "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
        ),
        File(
            "t10k-images-idx3-ubyte",
            7_840_016,
            "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
        ),
        File(
            "t10k-labels-idx1-ubyte",
            10_008,
            "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
        ),
    ],
    subfolders=["mnist", "MNIST/raw"],  # the second is where torchvision keeps them
    mirrors=[
        "https://ossci-datasets.s3.amazonaws.com/mnist",
        "https://storage.googleapis.com/cvdf-datasets/mnist",
        "https://raw.githubusercontent.com/fgnt/mnist/master",
    ],
    suffix=".gz",
)


def load() -> Dataset:
    """Load the splits of the literature: the first 50,000 and the last 10,000 training images, and 10,000 test images.

    Returns:
        The data set, of event shape ``(1, 28, 28)`` and 256 levels.

    Raises:
        FileNotFoundError: as `RemoteFiles.read`.
        ValueError: as `RemoteFiles.read`.
    """
    contents = [
        parse_idx(content, file.name) for content, file in zip(FILES.read(), FILES.files, strict=True)
    ]
    images, labels, test_images, test_labels = contents
    return Dataset(
        "mnist",
        train=images[:-NUM_VALID].unsqueeze(1),
        valid=images[-NUM_VALID:].unsqueeze(1),
        test=test_images.unsqueeze(1),
        num_levels=256,
        labels={
            "train": labels[:-NUM_VALID].long(),
            "valid": labels[-NUM_VALID:].long(),
            "test": test_labels.long(),
        },
        source=SOURCE,
        licence=LICENCE,
        sha256=FILES.sha256,
    )
