"""Levels, bands and pitch of voices, against what is known of tones, noise and buzzes."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from armod.data.sets.prompts import recordings
from armod.sound import (
    HOP,
    NUM_BANDS,
    SILENCE,
    decode,
    deemphasise,
    emphasise,
    encode,
    features,
    join,
    levelled,
    mel,
    pitch,
    spectral_distance,
)

TIME = torch.arange(4000, dtype=torch.float64) / 8000


def tone(hertz: float, loudness: float = 0.3) -> Tensor:
    return loudness * torch.sin(2 * math.pi * hertz * TIME)


def buzz(hertz: float) -> Tensor:
    """Six harmonics, as a voice has them."""
    return sum((tone(hertz * number, 0.2 / number) for number in range(1, 7)), torch.zeros(4000).double())


def test_emphasis_is_undone_exactly() -> None:
    wave = torch.randn(2, 3, 700, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    torch.testing.assert_close(deemphasise(emphasise(wave)), wave, rtol=0, atol=1e-12)
    for length in (1, 255, 257):
        torch.testing.assert_close(emphasise(deemphasise(wave[0, 0, :length])), wave[0, 0, :length])
    high, low = (
        emphasise(tone(hertz)).square().mean() / tone(hertz).square().mean() for hertz in (3900, 100)
    )
    assert high == pytest.approx(1.85**2, rel=0.01) and low == pytest.approx(0.15**2, rel=0.4)


def test_the_code_keeps_a_voice() -> None:
    wave = decode(recordings("test")[0].levels)
    again = decode(encode(wave))
    assert 10 * (wave.square().mean() / (again - wave).square().mean()).log10() > 30
    assert torch.equal(encode(decode(encode(wave))), encode(wave)) or (
        (encode(decode(encode(wave))) - encode(wave)).abs().max() <= 1
    )


@pytest.mark.parametrize("hertz", [150, 1000, 3000])
def test_a_tone_lies_in_its_band(hertz: float) -> None:
    bands = mel(tone(hertz))
    corners = (torch.linspace(0, math.log1p(4000 / 700), NUM_BANDS + 2).exp() - 1) * 700
    assert abs(float(corners[1 + int(bands[:, 20].argmax())]) - hertz) < float(corners.diff().max())
    assert bands.shape == (NUM_BANDS, 50)
    # ten times as loud is 20 dB more
    difference = mel(tone(hertz, 0.9)) - mel(tone(hertz, 0.09))
    assert float(difference[:, 20].max()) == pytest.approx(math.log(100), abs=0.01)


def test_the_power_of_noise_is_its_variance_in_every_band() -> None:
    noise = 0.1 * torch.randn(200, 4000, generator=torch.Generator().manual_seed(0))
    assert (mel(noise)[:, :, 5:45].exp().mean((0, 2)) / 0.01 - 1).abs().max() < 0.06


def test_frames_are_centred() -> None:
    """A click in the middle of frame 10 is loudest there, and as loud 2 frames before as 2 frames after."""
    wave = torch.zeros(2000, dtype=torch.float64)
    wave[10 * HOP + 40] = 1
    loudness = mel(wave)[0]
    assert int(loudness.argmax()) == 10
    assert float(loudness[9] - loudness[11]) == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("hertz", [110.0, 200.0, 287.0, 340.0])
@pytest.mark.parametrize("make", [tone, buzz])
def test_pitch(make, hertz: float) -> None:
    found = pitch(make(hertz))
    assert found.voiced[4:-4].all()
    torch.testing.assert_close(found.hertz[4:-4], torch.full((42,), hertz).double(), rtol=0.02, atol=0)


def test_silence_and_noise_have_no_pitch() -> None:
    noise = 0.1 * torch.randn(8000, generator=torch.Generator().manual_seed(0))
    assert pitch(noise).voiced.float().mean() < 0.1
    assert not pitch(torch.zeros(8000)).voiced.any() and not pitch(torch.zeros(8000)).hertz.any()


@pytest.mark.parametrize("length", [0, 1, 79, 80, 81, 400])
def test_any_length(length: int) -> None:
    wave = torch.zeros(2, length)
    assert features(wave).shape == (2, 28, length // HOP)
    assert encode(wave).shape == wave.shape and mel(wave).min() >= SILENCE if length >= HOP else True


def test_rows_do_not_mix() -> None:
    waves = torch.stack([buzz(200), torch.zeros(4000), tone(1000)])
    torch.testing.assert_close(features(waves)[0], features(waves[0]))
    assert not features(waves)[1].any()


def test_join_hides_the_pitch_where_there_is_no_voice() -> None:
    made = join(torch.full((26, 2), SILENCE / 2), torch.tensor([1.0, 7.0]), torch.tensor([True, False]))
    assert made[:, 0].tolist() == [0.5] * 26 + [1.0, 1.0] and made[26:, 1].tolist() == [0.0, 0.0]


def test_loudness() -> None:
    quiet = levelled(buzz(200) * 0.01)
    torch.testing.assert_close(quiet, levelled(buzz(200)))
    with pytest.raises(ValueError, match="wave is a tensor of floats"):
        mel([0.0])  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"holds floats \(..., T\), not torch.int64"):
        mel(torch.zeros(100, dtype=torch.long))


def test_the_distance_is_a_mean_of_frames_in_decibels_of_power() -> None:
    """6 dB in half of the frames are 3: amplitudes' logarithms would give 1.5, a root over frames too would give 4.2."""
    noise = torch.randn(8000, generator=torch.Generator().manual_seed(1))
    louder = torch.cat([noise[:4000], noise[4000:] * 10 ** (6 / 20)])
    assert spectral_distance(noise, louder) == pytest.approx(3, abs=0.1)
    assert spectral_distance(noise, noise) == 0
    with pytest.raises(ValueError, match=r"one shape, not \(8000,\) and \(7999,\)"):
        spectral_distance(noise, noise[1:])
