"""photos32: colour patches of 32x32 pixels from six photographs, split by region of the picture.

Each picture is divided from left to right into bands: 256 columns for train, 32 for valid, 32 for test, and so on. A patch
lies inside one band, so no pixel is in two splits. Patches of train overlap by half; those of valid and test do not
overlap. Flat patches, such as sky, are left out: their colours deviate from their mean by less than 8 levels (root mean
square). Neighbouring bands show the same things, so held-out likelihoods are about new regions of known pictures.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from armod.data.dataset import SPLITS, Dataset
from armod.data.packages import package_folder

SOURCE = (
    "Photographs astronaut (NASA), chelsea (Stefan van der Walt), coffee (Rachel Michetti) and rocket (SpaceX) as shipped "
    "by scikit-image; china (danielbuechele) and flower (vultilion) as shipped by scikit-learn"
)
LICENCE = "public domain and CC0; CC BY 2.0 for china and flower"
SHA256 = "7eadbfd80c4c25ded1926bdf0f747c3299f8e890457c26cb7b50761e8b5ae894"
PICTURES = ("astronaut", "chelsea", "coffee", "rocket", "china", "flower")
FILES = {
    "astronaut": ("skimage", "data/astronaut.png"),
    "chelsea": ("skimage", "data/chelsea.png"),
    "coffee": ("skimage", "data/coffee.png"),
    "rocket": ("skimage", "data/rocket.jpg"),
    "china": ("sklearn", "datasets/images/china.jpg"),
    "flower": ("sklearn", "datasets/images/flower.jpg"),
}
DISTRIBUTIONS = {"skimage": "scikit-image", "sklearn": "scikit-learn"}
SIZE = 32
PERIOD = 320  # columns, after which the bands repeat
BANDS = {"train": range(256), "valid": range(256, 288), "test": range(288, PERIOD)}
LEAST_DEVIATION = 8

Picture = NDArray[np.uint8]


class Place(NamedTuple):
    """The position of a patch in its picture.

    Args:
        row: row of the upper left pixel.
        column: column of the upper left pixel.

    >>> Place(row=0, column=32).column
    32
    """

    row: int
    column: int


def load() -> Dataset:
    """Load 2,871 / 83 / 83 patches of event shape ``(3, 32, 32)``; a label is the number of the picture in `PICTURES`.

    Returns:
        The data set.

    Raises:
        ModuleNotFoundError: if scikit-image, which contains four of the pictures, is not installed.
        ValueError: if the pictures have other pixels once decoded.
    """
    return cut("photos32", SIZE)


def cut(name: str, size: int) -> Dataset:
    """Cut the pictures into a data set of square patches.

    Args:
        name: name of the data set.
        size: pixels along a side of a patch.

    Returns:
        The data set, of event shape ``(3, size, size)``.

    Raises:
        ModuleNotFoundError: as `load`.
        ValueError: as `load`.
    """
    pictures = {name: read(name) for name in PICTURES}
    if hashlib.sha256(b"".join(picture.tobytes() for picture in pictures.values())).hexdigest() != SHA256:
        raise ValueError(
            "The photographs of the installed scikit-image and scikit-learn, as the installed pillow decodes them, are "
            "not those that armod's splits were made for: install the versions named in armod's constraints.txt."
        )
    images, labels = {}, {}
    for split in SPLITS:
        patches = [
            (picture[row : row + size, column : column + size], label)
            for label, picture in enumerate(pictures.values())
            for row, column in places(picture, split, size)
        ]
        images[split] = (
            torch.from_numpy(np.stack([patch for patch, _ in patches])).movedim(-1, 1).contiguous()
        )
        labels[split] = torch.tensor([label for _, label in patches])
    return Dataset(
        name,
        images["train"],
        images["valid"],
        images["test"],
        num_levels=256,
        labels=labels,
        source=SOURCE,
        licence=LICENCE,
        sha256=SHA256,
    )


def read(name: str) -> Picture:
    """Read one picture.

    Args:
        name: one of `PICTURES`.

    Returns:
        Its colours, uint8 ``(H, W, 3)``.

    Raises:
        ModuleNotFoundError: if the package that contains it is not installed.

    >>> read("china").shape
    (427, 640, 3)
    """
    from PIL import Image

    package, file = FILES[name]
    folder = package_folder(package, distribution=DISTRIBUTIONS[package], dataset="photos32")
    with Image.open(folder / file) as image:
        return np.asarray(image.convert("RGB"))


def places(picture: Picture, split: str, size: int = SIZE) -> Iterator[Place]:
    """Find the textured patches of a split, band by band.

    Args:
        picture: colours ``(H, W, 3)``.
        split: "train", "valid" or "test".
        size: pixels along a side of a patch.

    Yields:
        The position of each patch.
    """
    height, width, _ = picture.shape
    band, step = BANDS[split], size // 2 if split == "train" else size
    for offset in range(0, width, PERIOD):
        columns = range(offset + band.start, min(offset + band.stop, width) - size + 1, step)
        for row in range(0, height - size + 1, step):
            for column in columns:
                if _deviation(picture[row : row + size, column : column + size]) >= LEAST_DEVIATION:
                    yield Place(row, column)


def _deviation(patch: Picture) -> float:
    """Root mean square deviation of the colours from their mean, in levels."""
    return float(np.sqrt(patch.reshape(-1, 3).astype(np.float64).var(axis=0).mean()))
