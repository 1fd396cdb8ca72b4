"""Spoken sentences as mu-law levels: lengths, splits and transcripts, and the recipe that coded them."""

import hashlib
import wave
from pathlib import Path

import numpy as np
import pytest
import torch

from armod.data import load
from armod.data.dataset import SPLITS, Dataset
from armod.data.sets import speech
from armod.mu_law import mu_law_decode


@pytest.fixture(scope="module")
def data() -> Dataset:
    return load("speech")


def test_sizes_and_levels(data: Dataset) -> None:
    assert [len(data.train), len(data.valid), len(data.test)] == [36, 5, 6]
    assert (data.event_shape, data.num_levels, data.sample_rate) == ((4000,), 256, 8000)
    assert sum(map(len, speech.utterances().values())) == pytest.approx(24.73 * 8000, abs=8)


def test_every_utterance_is_in_one_split() -> None:
    names = [name for split in SPLITS for name in speech.UTTERANCES[split]]
    assert sorted(names) == sorted(speech.TRANSCRIPTS) == sorted(speech.utterances())


def test_windows_are_the_utterances_in_order(data: Dataset) -> None:
    assert data.texts is not None
    waves = speech.utterances()
    for split in SPLITS:
        whole = [waves[name][: len(waves[name]) // 4000 * 4000] for name in speech.UTTERANCES[split]]
        assert torch.equal(getattr(data, split).flatten(), torch.cat(whole))
        assert len(data.texts[split]) == len(getattr(data, split))
        assert list(dict.fromkeys(data.texts[split])) == [
            speech.TRANSCRIPTS[name] for name in speech.UTTERANCES[split]
        ]


@pytest.mark.parametrize("name", list(speech.TRANSCRIPTS))
def test_it_sounds_like_speech(name: str) -> None:
    """Loud and quiet by turns, around silence; not clipped; most of the power lies below 1.5 kHz."""
    wave = mu_law_decode(speech.utterances()[name], dtype=torch.float64)
    assert wave.abs().max() < 0.7
    assert abs(wave.mean()) < 0.02
    loudness = wave.unfold(0, 400, 400).std(dim=1)
    assert loudness.max() > 20 * loudness.min()
    power = torch.fft.rfft(wave - wave.mean()).abs().square()
    frequencies = torch.fft.rfftfreq(len(wave), d=1 / 8000)
    assert power[frequencies < 1500].sum() > 0.8 * power.sum()


def test_the_recipe_halves_the_rate_and_keeps_what_is_below_its_half(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A tone of 440 Hz stays where it is; one of 7 kHz, which taking every other sample would turn into 1 kHz, goes."""
    times = np.arange(16_000) / 16_000
    samples = 0.5 * np.sin(2 * np.pi * 440 * times) + 0.3 * np.sin(2 * np.pi * 7000 * times)
    path = tmp_path / f"{speech.STEM}-0870.wav"
    with wave.open(str(path), "wb") as sound:
        sound.setparams((1, 2, 16_000, 0, "NONE", ""))
        sound.writeframes((samples * 32_768).astype("<i2").tobytes())
    monkeypatch.setattr(speech, "SOUNDS", {"0870": "0" * 64})
    with pytest.raises(ValueError, match="is not the sound of pocketsphinx-testdata"):
        speech.make(tmp_path, tmp_path / "made.npz")

    monkeypatch.setattr(speech, "SOUNDS", {"0870": hashlib.sha256(path.read_bytes()).hexdigest()})
    speech.make(tmp_path, tmp_path / "made.npz")
    with np.load(tmp_path / "made.npz") as made:
        levels = torch.from_numpy(made["0870"])
    assert (levels.dtype, len(levels)) == (torch.uint8, 8000)
    middle = mu_law_decode(levels, dtype=torch.float64)[1000:7000]
    tone = 0.5 * torch.sin(2 * torch.pi * 440 * torch.arange(1000, 7000) / 8000)
    assert (middle - tone).abs().max() < 0.02


def test_a_damaged_installation_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(speech, "FILE", tmp_path / "speech.npz")
    with pytest.raises(
        ValueError, match=r"speech\.npz is not the file that armod ships: install armod again"
    ):
        load("speech")
