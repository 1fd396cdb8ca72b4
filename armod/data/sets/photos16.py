"""photos16: colour patches of 16x16 pixels from the regions of photos32, for models that train in minutes."""

from __future__ import annotations

from armod.data.dataset import Dataset
from armod.data.sets import photos32

SOURCE, LICENCE, SHA256 = photos32.SOURCE, photos32.LICENCE, photos32.SHA256
SIZE = 16


def load() -> Dataset:
    """Split as photos32, 9,852 / 316 / 267; event shape ``(3, 16, 16)``; a label is the number of the picture.

    Raises:
        ModuleNotFoundError, ValueError: as `photos32.load`.
    """
    return photos32.cut("photos16", SIZE)
