"""digits8: 1,797 handwritten digits of 8x8 pixels with 17 levels, from scikit-learn's own wheel."""

from __future__ import annotations

import hashlib

import numpy as np
import torch

from armod.data.dataset import Dataset
from armod.data.packages import package_folder
from armod.data.splits import deal

SOURCE = (
    "Optical Recognition of Handwritten Digits (Alpaydin and Kaynak 1998, UCI, doi 10.24432/C50P49), "
    "test part, as shipped by scikit-learn's load_digits"
)
LICENCE = "CC BY 4.0"
SHA256 = "87ff0c9e40dc7e2c0e34e7257799c2e3f3aec1a016363bb11cad869ec428a826"


def load() -> Dataset:
    """Load 1,444 / 177 / 176 digits, split by `splits.deal`.

    Levels 0 (paper) to 16 (ink) count the inked pixels of a 4x4 block.

    Returns:
        The data set, of event shape ``(1, 8, 8)`` and 17 levels.

    Raises:
        ModuleNotFoundError: if scikit-learn, which contains them, is not installed.
        ValueError: if the installed scikit-learn contains other digits.
    """
    folder = package_folder("sklearn", distribution="scikit-learn", dataset="digits8")
    table = np.loadtxt(folder / "datasets" / "data" / "digits.csv.gz", delimiter=",").astype(np.uint8)
    levels, classes = table[:, :-1].reshape(-1, 8, 8), table[:, -1]
    if hashlib.sha256(levels.tobytes() + classes.tobytes()).hexdigest() != SHA256:
        raise ValueError(
            "The digits of the installed scikit-learn are not the 1,797 that armod's splits were made for: "
            "install the version of scikit-learn named in armod's constraints.txt."
        )
    parts, labels = deal(torch.from_numpy(levels).unsqueeze(1), torch.from_numpy(classes).long())
    return Dataset(
        "digits8", **parts, num_levels=17, labels=labels, source=SOURCE, licence=LICENCE, sha256=SHA256
    )
