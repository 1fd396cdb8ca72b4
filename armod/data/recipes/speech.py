"""Make speech.npz from the Debian package pocketsphinx-testdata.

Run ``apt-get download pocketsphinx-testdata``, ``dpkg-deb -x pocketsphinx-testdata_*.deb FOLDER``, then

    python -m armod.data.recipes.speech FOLDER/usr/share/pocketsphinx/test/data/librivox

The package contains the sentences as 16-bit samples at 16 kHz. scipy's polyphase resampler filters them and halves their
rate, and `armod.mu_law` encodes them. Their loudness stays the same.
"""

from __future__ import annotations

import hashlib
import sys
import wave
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.signal import resample_poly

from armod.data.sets.speech import FILE, SAMPLE_RATE
from armod.mu_law import mu_law_encode

STEM = "sense_and_sensibility_01_austen_64kb"
SOUNDS = {
    "0870": "b0557cf95c974d930577e58e46b7f068c432a6e3afcc286563d88922b2a5315c",
    "0880": "fbec491ef00ee734a67f0ee318e98c51c157b479e1629ff4f4426861ecac0414",
    "0890": "5793ffbdee55fb8bfd284943a6866864c832d9d4accf2661cabd39915c84ee10",
    "0920": "40882414ef4cc51f3ff7a63bad0c8c87e7f595ffeb8209fbf756c8ebc5c28a59",
    "0930": "954adbf0b56ac8a148cbe77b39ca18d76b5f2a1e1f405565bd786ce3e68a68b7",
}


def make(folder: Path, target: Path) -> None:
    """Write the levels, uint8 ``(T,)``, of each sentence under its number.

    Args:
        folder: where the package's sounds lie.
        target: the .npz file to write.

    Raises:
        ValueError: if a sound has other content.
    """
    arrays: dict[str, Any] = {number: _levels(folder, number) for number in SOUNDS}
    np.savez_compressed(target, **arrays)


def _levels(folder: Path, number: str) -> NDArray[np.uint8]:
    path = folder / f"{STEM}-{number}.wav"
    if hashlib.sha256(path.read_bytes()).hexdigest() != SOUNDS[number]:
        raise ValueError(f"{path} is not the sound of pocketsphinx-testdata 0.8+5prealpha+1.")
    with wave.open(str(path)) as sound:
        samples = np.frombuffer(sound.readframes(sound.getnframes()), "<i2") / 32_768
        resampled = resample_poly(samples, up=1, down=sound.getframerate() // SAMPLE_RATE)
    return mu_law_encode(torch.from_numpy(resampled)).to(torch.uint8).numpy()


if __name__ == "__main__":
    make(Path(sys.argv[1]), FILE)
    print(f"{hashlib.sha256(FILE.read_bytes()).hexdigest()}  {FILE.name}")
