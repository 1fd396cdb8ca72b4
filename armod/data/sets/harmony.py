"""harmony: alto, tenor and bass of Bach's chorales, given the soprano; holds say their pitch (`armod.data.notes`).

The windows and the split are those of "chorales", and a score is an image of 3 rows. ``armod.orderings.column((3, 64))``
generates it step by step.
"""

from __future__ import annotations

from armod.data.dataset import SPLITS, Dataset
from armod.data.notes import NUM_LEVELS, held
from armod.data.sets import chorales

SOURCE, LICENCE, SHA256 = chorales.SOURCE, chorales.LICENCE, chorales.SHA256


def load() -> Dataset:
    """Load 816 / 104 / 96 windows of event shape ``(3, 64)`` on 93 levels.

    Returns:
        The data set, whose context is the soprano, levels uint8 ``(N, 64)``.

    Raises:
        ModuleNotFoundError: as `chorales.load`.
        ValueError: as `chorales.load`.
    """
    scores = chorales.load()
    notes = {split: held(getattr(scores, split)) for split in SPLITS}
    train, valid, test = (each[:, 1:].contiguous() for each in notes.values())
    return Dataset(
        "harmony",
        train,
        valid,
        test,
        num_levels=NUM_LEVELS,
        source=SOURCE,
        licence=LICENCE,
        sha256=SHA256,
        context={split: each[:, 0].contiguous() for split, each in notes.items()},
        texts=scores.texts,
    )
