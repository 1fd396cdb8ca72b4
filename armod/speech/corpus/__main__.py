"""Make prompts.npz and the table of pronunciations: ``python -m armod.speech.corpus FOLDER``.

FOLDER is what ``dpkg-deb -x`` makes of the two packages.
"""

from __future__ import annotations

import hashlib
import sys
import wave
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from armod.data.sets import prompts
from armod.files import write_whole
from armod.sound import HOP, encode, levelled
from armod.speech.corpus.align import Aligned, align, is_plausible
from armod.speech.corpus.choose import choose
from armod.speech.corpus.sphinx import dictionary_path, first_alignment
from armod.speech.corpus.transcripts import read_dictionary, read_transcripts
from armod.speech.text import PHONES, TABLE, number_words

_SOUNDS = "usr/share/asterisk/sounds/en_US_f_Allison"
_TEXTS = "usr/share/doc/asterisk-core-sounds-en/core-sounds-en.txt.gz"
_SOUNDS_SHA256 = "c2ff57f25b361bf243a55fdf7cb7b55bf2c186de97fcecaea9e9feebd66a2c73"
_TEXTS_SHA256 = "436538195b7c7361bd227036686f1a4039f694648c76573bdaca956655d34450"
_MARGIN = 8  # frames of silence kept before and after a prompt
_LIMIT = 48_000  # frames of all prompts together: 8 minutes
_HEADER = """\
# Words and their phones: those of the data set "prompts", and of every number. From the CMU Pronouncing Dictionary,
# Copyright (C) 1993-2015 Carnegie Mellon University, as shipped by pocketsphinx 5.1.1; its terms are in armod/data/LICENSES.md.
"""


def make(folder: Path, target: Path, table: Path) -> None:
    """Write the data set and the table.

    Args:
        folder: the unpacked packages.
        target: the .npz file to write.
        table: the table of pronunciations to write.

    Raises:
        ValueError: if a sound or the transcripts have other content.
    """
    sounds = sorted((folder / _SOUNDS).rglob("*.wav"))
    digest = hashlib.sha256(b"".join(hashlib.sha256(path.read_bytes()).digest() for path in sounds))
    texts = (folder / _TEXTS).read_bytes()
    if digest.hexdigest() != _SOUNDS_SHA256 or hashlib.sha256(texts).hexdigest() != _TEXTS_SHA256:
        raise ValueError(
            f"{folder} does not hold the prompts of asterisk-core-sounds-en-wav 1.6.1-1 and their texts."
        )
    spoken = read_transcripts(folder / _TEXTS)
    dictionary = read_dictionary(dictionary_path())
    names = {path.relative_to(folder / _SOUNDS).with_suffix("").as_posix(): path for path in sounds}
    waves = {name: _read(path) for name, path in names.items() if name in spoken}
    first = {name: first_alignment(sound, spoken[name]) for name, sound in waves.items()}
    levelled_waves = {name: levelled(torch.from_numpy(sound)).numpy() for name, sound in waves.items()}
    aligned = align(levelled_waves, spoken, first, dictionary)
    plausible = is_plausible(aligned)
    cut = {name: _cut(levelled_waves[name], aligned[name]) for name in waves if plausible[name]}
    split = choose(
        {name: spoken[name] for name in cut},
        {name: one.phones for name, (_, one) in cut.items()},
        {name: sum(one.frames) for name, (_, one) in cut.items()},
        _LIMIT,
    )
    _write(target, split, spoken, cut)
    _write_table(table, spoken, aligned, dictionary)
    for part in ("train", "valid", "test"):
        chosen = [name for name in split if split[name] == part]
        print(part, len(chosen), "prompts,", sum(len(cut[name][0]) for name in chosen) / 8000, "s")


def _read(path: Path) -> NDArray[np.float64]:
    with wave.open(str(path)) as sound:
        return np.frombuffer(sound.readframes(sound.getnframes()), "<i2") / 32_768


def _cut(sound: NDArray[np.float64], one: Aligned) -> tuple[NDArray[np.float64], Aligned]:
    """A prompt with a little silence before and after it, of whole frames."""
    phones, frames, words = list(one.phones), list(one.frames), list(one.words)
    begin = 0
    if words[0] < 0:
        begin = max(0, frames[0] - _MARGIN)
        frames[0] -= begin
    if words[-1] < 0:
        frames[-1] = min(frames[-1], _MARGIN)
    kept = sound[begin * HOP : (begin + sum(frames)) * HOP]
    return kept, Aligned(phones, frames, words, one.score)


def _write(
    target: Path,
    split: dict[str, str],
    spoken: dict[str, list[str]],
    cut: dict[str, tuple[NDArray[np.float64], Aligned]],
) -> None:
    parts = [cut[name] for name in split]
    levels = [encode(torch.from_numpy(sound).clamp(-1, 1)).to(torch.uint8).numpy() for sound, _ in parts]
    arrays: dict[str, Any] = {
        "levels": np.concatenate(levels),
        "ends": np.cumsum([len(one) for one in levels]).astype(np.int32),
        "names": np.array(list(split)),
        "texts": np.array([" ".join(spoken[name]) for name in split]),
        "splits": np.array([split[name] for name in split]),
        "phones": np.concatenate([one.phones for _, one in parts]).astype(np.uint8),
        "frames": np.concatenate([one.frames for _, one in parts]).astype(np.uint16),
        "words": np.concatenate([one.words for _, one in parts]).astype(np.int8),
        "phone_ends": np.cumsum([len(one.phones) for _, one in parts]).astype(np.int32),
    }
    np.savez_compressed(target, **arrays)


def _write_table(
    table: Path,
    spoken: dict[str, list[str]],
    aligned: dict[str, Aligned],
    dictionary: dict[str, list[tuple[str, ...]]],
) -> None:
    """The usual pronunciation of every word in all prompts, and the dictionary's of the words of numbers."""
    heard: dict[str, Counter[tuple[str, ...]]] = {}
    for name, one in aligned.items():
        for number, word in enumerate(spoken[name]):
            sounds = tuple(
                PHONES[phone] for phone, of in zip(one.phones, one.words, strict=True) if of == number
            )
            heard.setdefault(word, Counter())[sounds] += 1
    numbers = {word for number in [*range(100), 10**2, 10**3, 10**6, 10**9] for word in number_words(number)}
    lines = []
    for word in sorted(numbers | set(heard)):
        sounds = heard[word].most_common(1)[0][0] if word in heard else dictionary[word][0]
        lines.append(f"{word} {' '.join(sounds)}\n")
    write_whole(table, (_HEADER + "".join(lines)).encode())


if __name__ == "__main__":
    make(Path(sys.argv[1]), prompts.FILE, TABLE)
    print(f"{hashlib.sha256(prompts.FILE.read_bytes()).hexdigest()}  {prompts.FILE.name}")
