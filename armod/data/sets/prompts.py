"""prompts: 7.7 minutes of one voice that guides callers, with its words, and the phones of each moment; 8 kHz, 256 levels.

The levels are those of `armod.sound.encode`: high frequencies are lifted before the mu-law code, and `armod.sound.decode` turns
levels into a wave. A frame is 80 samples, 10 ms.
"""

from __future__ import annotations

from io import BytesIO
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from armod.data.dataset import SPLITS, Dataset
from armod.data.shipped import SHIPPED, read_shipped
from armod.data.windows import cut

SOURCE = (
    "Spoken prompts of Asterisk (Allison Smith, theivrvoice.com, 2003-2010; contributed by Digium, Inc.), "
    "as shipped by the Debian package asterisk-core-sounds-en-wav 1.6.1-1"
)
LICENCE = "CC BY-SA 3.0"
FILE = SHIPPED / "prompts.npz"
SHA256 = "da8e2d6040d271dec6cb47feacc6bbaf3e5f5032ca8098bdadb9ce84bc176c56"
SAMPLE_RATE = 8_000
LENGTH = 3_200


class Recording(NamedTuple):
    """One prompt.

    Args:
        name: its name in the package.
        text: what is said, in small letters and without punctuation.
        levels: uint8 ``(T,)``, whole frames of 80 samples.
        phones: number of each phone in ``armod.speech.PHONES``; 0 is silence.
        frames: how many frames each phone lasts; their sum is T / 80.
        words: which word of the text each phone belongs to; -1 for silence.

    >>> [recording.text for recording in recordings("test") if recording.name == "digits/7"]
    ['seven']
    """

    name: str
    text: str
    levels: Tensor
    phones: tuple[int, ...]
    frames: tuple[int, ...]
    words: tuple[int, ...]


def load() -> Dataset:
    """Load windows of 0.4 seconds of all prompts of a split, one after the other.

    The event shape is ``(3200,)``. Prompts begin and end with a little silence, so that a window may go from one to the next.

    Returns:
        The data set.

    Raises:
        ValueError: if the file in the installed package is damaged.
    """
    streams = (torch.cat([recording.levels for recording in recordings(split)]) for split in SPLITS)
    train, valid, test = (cut(stream, LENGTH) for stream in streams)
    return Dataset(
        "prompts",
        train,
        valid,
        test,
        num_levels=256,
        source=SOURCE,
        licence=LICENCE,
        sha256=SHA256,
        sample_rate=SAMPLE_RATE,
    )


def recordings(split: str) -> list[Recording]:
    """Load the whole prompts of one split.

    Valid has whole sentences. Test has sentences, and the single words of families that are held out: no prompt of train or
    valid has a word that begins like one of these (seven, seventh, seventeen, seventy).

    Args:
        split: "train", "valid" or "test".

    Returns:
        The prompts, in the order of their names.

    Raises:
        ValueError: if there is no such split, or the file in the installed package is damaged.
    """
    if split not in SPLITS:
        raise ValueError(f"split is one of {', '.join(SPLITS)}, not {split!r}.")
    with np.load(BytesIO(read_shipped(FILE, SHA256))) as file:
        arrays = dict(file)
    levels = np.split(arrays["levels"], arrays["ends"][:-1])
    phones, frames, words = (
        np.split(arrays[name], arrays["phone_ends"][:-1]) for name in ("phones", "frames", "words")
    )
    return [
        Recording(
            str(arrays["names"][row]),
            str(arrays["texts"][row]),
            torch.from_numpy(levels[row]),
            *(tuple(part[row].tolist()) for part in (phones, frames, words)),
        )
        for row in np.flatnonzero(arrays["splits"] == split)
    ]
