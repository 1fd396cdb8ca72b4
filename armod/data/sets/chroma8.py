"""chroma8: the colours of photos32 without their grey, as 8x8 pixels of 24 levels; each is given its grey photograph.

A photograph of 32x32 pixels is cut into blocks of 4x4, and each block has a level of Co and one of Cg (`armod.data.views`).
Under the full grey that is enough for the eye: `armod.data.views.coloured` restores the test patches with a
signal-to-noise ratio of 32 dB, while their grey alone has 18 dB.
"""

from __future__ import annotations

from armod.data.dataset import SPLITS, Dataset
from armod.data.sets import photos32
from armod.data.views import CHROMA_LEVELS, chroma, grey

SOURCE, LICENCE, SHA256 = photos32.SOURCE, photos32.LICENCE, photos32.SHA256
FACTOR = 4


def load() -> Dataset:
    """Load 2,871 / 83 / 83 chroma of event shape ``(2, 8, 8)`` on 24 levels, labelled by picture.

    Returns:
        The data set, whose context is the grey photograph ``(N, 1, 32, 32)`` from -1 (black) to 1.

    Raises:
        ModuleNotFoundError: as `photos32.load`.
        ValueError: as `photos32.load`.
    """
    photos = photos32.load()
    colours = {split: getattr(photos, split) for split in SPLITS}
    return Dataset(
        "chroma8",
        chroma(photos.train, FACTOR),
        chroma(photos.valid, FACTOR),
        chroma(photos.test, FACTOR),
        num_levels=CHROMA_LEVELS,
        labels=photos.labels,
        source=SOURCE,
        licence=LICENCE,
        sha256=SHA256,
        context={split: grey(each) / 127.5 - 1 for split, each in colours.items()},
    )
