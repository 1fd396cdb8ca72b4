"""speech: five sentences of *Sense and Sensibility*, read by one voice, 24.7 seconds at 8 kHz in 256 mu-law levels.

`armod.mu_law` turns levels into a wave and back. The middle levels, 127 and 128, are silence.
"""

from __future__ import annotations

import hashlib
import wave
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from armod.data.dataset import SPLITS, Dataset
from armod.data.shipped import SHIPPED, make_shipped, read_shipped
from armod.data.windows import cut
from armod.mu_law import mu_law_encode

SOURCE = (
    "Sense and Sensibility (Jane Austen 1811), chapter 1 as read for LibriVox, five utterances with transcripts "
    "as shipped by the Debian package pocketsphinx-testdata"
)
LICENCE = "public domain"
FILE = SHIPPED / "speech.npz"
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
STEM = "sense_and_sensibility_01_austen_64kb"
SOUNDS = {
    "0870": "b0557cf95c974d930577e58e46b7f068c432a6e3afcc286563d88922b2a5315c",
    "0880": "fbec491ef00ee734a67f0ee318e98c51c157b479e1629ff4f4426861ecac0414",
    "0890": "5793ffbdee55fb8bfd284943a6866864c832d9d4accf2661cabd39915c84ee10",
    "0920": "40882414ef4cc51f3ff7a63bad0c8c87e7f595ffeb8209fbf756c8ebc5c28a59",
    "0930": "954adbf0b56ac8a148cbe77b39ca18d76b5f2a1e1f405565bd786ce3e68a68b7",
}


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


def make(folder: Path, target: Path) -> None:
    """Write the levels, uint8 ``(T,)``, of each sentence under its number.

    The sounds are 16-bit samples at 16 kHz. scipy's polyphase resampler filters them and halves their rate, and
    `armod.mu_law` encodes them. Their loudness stays the same.

    Args:
        folder: where the package's sounds lie.
        target: the .npz file to write.

    Raises:
        ValueError: if a sound has other content.
    """
    arrays: dict[str, Any] = {number: _levels(folder, number) for number in SOUNDS}
    np.savez_compressed(target, **arrays)


def _levels(folder: Path, number: str) -> NDArray[np.uint8]:
    from scipy.signal import resample_poly  # takes half a second

    path = folder / f"{STEM}-{number}.wav"
    if hashlib.sha256(path.read_bytes()).hexdigest() != SOUNDS[number]:
        raise ValueError(f"{path} is not the sound of pocketsphinx-testdata 0.8+5prealpha+1.")
    with wave.open(str(path)) as sound:
        samples = np.frombuffer(sound.readframes(sound.getnframes()), "<i2") / 32_768
        resampled = resample_poly(samples, up=1, down=sound.getframerate() // SAMPLE_RATE)
    return mu_law_encode(torch.from_numpy(resampled)).to(torch.uint8).numpy()


if __name__ == "__main__":
    make_shipped(make, FILE)
