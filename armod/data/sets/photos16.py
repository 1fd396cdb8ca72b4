"""photos16: colour patches of 16x16 pixels from the regions of photos32, for models that train in minutes."""

from __future__ import annotations

from armod.data.dataset import Dataset
from armod.data.sets import photos32

SOURCE, LICENCE, SHA256 = photos32.SOURCE, photos32.LICENCE, photos32.SHA256
SIZE = 16


def load() -> Dataset:
    """Load 9,852 / 316 / 267 patches of event shape ``(3, 16, 16)``, split like photos32 and labelled by picture.

    Returns:
        The data set.

    Raises:
        ModuleNotFoundError: as `photos32.load`.
        ValueError: as `photos32.load`.
    """
    return photos32.cut("photos16", SIZE)
