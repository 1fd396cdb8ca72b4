"""The spoken prompts: lengths, splits by word family, and an alignment that no recogniser of another rate could have made alone."""

from __future__ import annotations

from itertools import groupby

import numpy as np
import pytest
import torch

from armod.data import load
from armod.data.dataset import SPLITS
from armod.data.sets import prompts
from armod.data.sets.prompts import Recording, recordings
from armod.sound import HOP, decode, mel
from armod.speech.corpus.choose import is_held_out
from armod.speech.text import PHONES, pronunciations

ALL = {split: recordings(split) for split in SPLITS}
EVERY = [one for split in SPLITS for one in ALL[split]]


def durations(phone: str) -> list[int]:
    number = PHONES.index(phone)
    return [
        length for one in EVERY for each, length in zip(one.phones, one.frames, strict=True) if each == number
    ]


def test_sizes_and_levels() -> None:
    data = load("prompts")
    assert (data.event_shape, data.num_levels, data.sample_rate) == ((3200,), 256, 8000)
    seconds = sum(len(one.levels) for one in EVERY) / 8000
    assert 7 * 60 < seconds < 8 * 60 and prompts.FILE.stat().st_size < 4_000_000
    assert [len(ALL[split]) for split in SPLITS] == [246, 10, 33]
    with pytest.raises(ValueError, match="split is one of train, valid, test, not 'all'"):
        recordings("all")


def test_windows_are_the_recordings_in_order() -> None:
    data = load("prompts")
    for split in SPLITS:
        stream = torch.cat([one.levels for one in ALL[split]])
        windows = getattr(data, split).flatten()
        assert torch.equal(windows, stream[: len(windows)]) and len(stream) - len(windows) < 3200


def test_no_held_out_word_is_said_elsewhere() -> None:
    """Wrong: holding out 'seven' while 'seventh' and 'press seven' are learnt from."""
    for split in ("train", "valid"):
        assert not [word for one in ALL[split] for word in one.text.split() if is_held_out(word)]
    words = {one.text for one in ALL["test"] if " " not in one.text}
    assert {"seven", "seventh", "seventeen", "seventy"} <= words and len(words) == 23
    assert all(map(is_held_out, words))
    assert not {one.text for one in ALL["train"]} & {
        one.text for part in ("valid", "test") for one in ALL[part]
    }
    sentences = [one for one in ALL["test"] if " " in one.text]
    assert len(sentences) == len(ALL["valid"]) == 10


@pytest.mark.parametrize("split", SPLITS)
def test_phones_are_those_of_the_words_and_fill_all_frames(split: str) -> None:
    for one in ALL[split]:
        assert sum(one.frames) * HOP == len(one.levels) and min(one.frames) >= 1
        assert {phone == 0 for phone, word in zip(one.phones, one.words, strict=True) if word < 0} <= {True}
        spoken = [word for word, _ in groupby(word for word in one.words if word >= 0)]
        assert spoken == list(range(len(one.text.split()))), one.name


def test_the_alignment_is_plausible() -> None:
    """Wrong: pocketsphinx alone put 'six' into 0.13 s after a long silence, or found only silence."""
    (six,) = [one for one in EVERY if one.name == "digits/6"]
    assert [PHONES[phone] for phone in six.phones] == ["SIL", "S", "IH", "K", "S", "SIL"]
    assert sum(six.frames[1:-1]) > 40
    assert np.median(durations("S")) >= 6 and np.median(durations("AY")) >= 12
    assert 3 <= np.median(durations("AH")) <= 8 and len(set(durations("SIL"))) > 10
    assert {phone for one in EVERY for phone in one.phones} >= set(range(len(PHONES))) - {PHONES.index("ZH")}


def test_silence_is_quiet_and_fricatives_are_high() -> None:
    """An alignment shifted by 50 ms fails: it gives vowels to silence and to s."""

    def mean_bands(phone: str, shift: int = 0) -> torch.Tensor:
        found = []
        for one in ALL["test"]:
            bands = mel(decode(one.levels)).roll(shift, 1)
            owner = torch.repeat_interleave(torch.tensor(one.phones), torch.tensor(one.frames))
            found.append(bands[:, owner == PHONES.index(phone)])
        return torch.cat(found, dim=1).mean(1)

    silence, fricative, vowel = (mean_bands(phone) for phone in ("SIL", "S", "IY"))
    assert silence.mean() < vowel.mean() - 2.5
    tilt = [bands[-6:].mean() - bands[4:10].mean() for bands in (fricative, vowel, mean_bands("S", 8))]
    assert tilt[0] > tilt[1] + 2 and tilt[0] > tilt[2] + 1


def test_the_table_has_every_word_and_usually_its_phones() -> None:
    same = total = 0
    for one in EVERY:
        for number, word in enumerate(one.text.split()):
            heard = tuple(
                PHONES[phone] for phone, of in zip(one.phones, one.words, strict=True) if of == number
            )
            same += heard == pronunciations()[word]
            total += 1
    assert same > 0.93 * total


def test_a_recording_is_a_tuple_that_can_be_heard() -> None:
    (seven,) = [one for one in ALL["test"] if one.text == "seven"]
    wave = decode(seven.levels)
    assert isinstance(seven, Recording) and wave.shape == seven.levels.shape
    assert 0.05 < wave.square().mean().sqrt() < 0.2 and wave.abs().max() <= 1
