"""speech: five sentences of *Sense and Sensibility*, read by one voice, 24.7 seconds at 8 kHz in 256 mu-law levels.

`armod.mu_law` turns levels into a wave and back. The middle levels, 127 and 128, are silence.
"""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from armod.data.dataset import SPLITS, Dataset
from armod.data.shipped import read_shipped
from armod.data.windows import cut

SOURCE = (
    "Sense and Sensibility (Jane Austen 1811), chapter 1 as read for LibriVox, five utterances with transcripts "
    "as shipped by the Debian package pocketsphinx-testdata"
)
LICENCE = "public domain"
FILE = Path(__file__).with_name("speech.npz")
SHA256 = "da5dc73423d4d3bf12cc6df45c699343bfca76d3b80706f39c4ca3353def4b0f"
SAMPLE_RATE = 8_000
LENGTH = 4_000
TRANSCRIPTS = {
    "0870": "and mister john dashwood had then leisure to consider how much there might be prudently in his power "
    "to do for them",
    "0880": "he was not an ill disposed young man",
    "0890": "unless to be rather cold hearted and rather selfish is to be ill disposed",
    "0920": "had he married a more a amiable woman he might have been made still more respectable than he was",
    "0930": "he might even have been made amiable himself",
}
UTTERANCES = {"train": ("0870", "0890", "0920"), "valid": ("0880",), "test": ("0930",)}


def load() -> Dataset:
    """Load windows of half a second, split by utterance: three are train (18.4 s), one valid (3.0 s), one test (3.3 s).

    The event shape is ``(4000,)``. A remainder at the end of an utterance that is shorter than a window is left out (but
    `utterances` contains it). ``texts`` gives for each window the transcript of its whole utterance.

    Returns:
        The data set.

    Raises:
        ValueError: if the file in the installed package is damaged.
    """
    waves = utterances()
    windows = {name: cut(levels, LENGTH) for name, levels in waves.items()}
    train, valid, test = (torch.cat([windows[name] for name in UTTERANCES[split]]) for split in SPLITS)
    texts = {
        split: tuple(TRANSCRIPTS[name] for name in UTTERANCES[split] for _ in windows[name])
        for split in SPLITS
    }
    return Dataset(
        "speech",
        train,
        valid,
        test,
        num_levels=256,
        source=SOURCE,
        licence=LICENCE,
        sha256=SHA256,
        texts=texts,
        sample_rate=SAMPLE_RATE,
    )


def utterances() -> dict[str, Tensor]:
    """Load every whole utterance.

    Returns:
        The levels uint8 ``(T,)`` of each utterance by its name in `TRANSCRIPTS` and `UTTERANCES`.

    Raises:
        ValueError: if the file in the installed package is damaged.

    >>> {name: len(levels) for name, levels in utterances().items()}
    {'0870': 56800, '0880': 23920, '0890': 42400, '0920': 48400, '0930': 26320}
    """
    with np.load(BytesIO(read_shipped(FILE, SHA256))) as arrays:
        return {name: torch.from_numpy(arrays[name]) for name in TRANSCRIPTS}
