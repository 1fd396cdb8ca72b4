"""Voices at 8 kHz as numbers: levels that a model learns, and what it is told of each hundredth of a second.

A voice is weak above 2 kHz, where s, f and t differ. So `encode` lifts high frequencies before the mu-law code, and `decode`
lowers them again, the noise of the code with them (pre-emphasis). Frames of 80 samples are described by `features`: the power
in 26 bands as the ear divides them (`mel`), the frequency of the voice, and whether there is one (`pitch`). Training and use
call the same function.
"""

from __future__ import annotations

import math
from functools import cache
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from armod.inputs import tensor_of
from armod.mu_law import mu_law_decode, mu_law_encode

SAMPLE_RATE = 8_000
HOP = 80  # samples of a frame: 10 ms
NUM_BANDS = 26
NUM_FEATURES = NUM_BANDS + 2
QUIETEST = 1e-5  # power in a band below which nothing is told apart
SILENCE = math.log(QUIETEST)  # what `mel` says of it
TYPICAL_PITCH = 200.0  # hertz

_EMPHASIS, _GAIN = 0.85, 2.0
_MEMORY = 256  # samples after which 0.85 ** n is 0 in float64's precision
_WINDOW = 256  # 32 ms, for the bands
_PITCH_WINDOW = 400  # 50 ms: five periods at 100 Hz
_SHORTEST, _LONGEST = SAMPLE_RATE // 400, SAMPLE_RATE // 100  # periods, in samples


class Pitch(NamedTuple):
    """The frequency of a voice in each frame.

    Args:
        hertz: frequency, ``(..., frames)``; 0 where there is no voice.
        voiced: whether there is one, bool of the same shape.

    >>> Pitch(torch.tensor([0.0, 200.0]), torch.tensor([False, True])).voiced.tolist()
    [False, True]
    """

    hertz: Tensor
    voiced: Tensor


def encode(wave: Tensor) -> Tensor:
    """Turn a wave into levels: high frequencies are lifted, then the mu-law code of 256 levels.

    What leaves [-1, 1] after the lift is cut off.

    Args:
        wave: floats ``(..., T)`` in [-1, 1] at 8 kHz.

    Returns:
        Levels 0..255, int64 ``(..., T)``.

    >>> encode(torch.zeros(3)).tolist()
    [128, 128, 128]
    """
    return mu_law_encode((_GAIN * emphasise(wave)).clamp(-1, 1))


def decode(levels: Tensor) -> Tensor:
    """Turn levels of `encode` into a wave.

    Args:
        levels: 0..255 ``(..., T)`` of any dtype.

    Returns:
        Floats ``(..., T)`` in [-1, 1].

    >>> wave = 0.3 * torch.sin(torch.arange(800) * 0.3)
    >>> bool((decode(encode(wave)) - wave).abs().max() < 0.02)
    True
    """
    return deemphasise(mu_law_decode(levels) / _GAIN).clamp(-1, 1)


def emphasise(wave: Tensor) -> Tensor:
    """Lift high frequencies: ``y_t = x_t - 0.85 x_(t-1)``.

    Args:
        wave: floats ``(..., T)``.

    Returns:
        Floats of the same shape.

    >>> emphasise(torch.tensor([1.0, 2.0])).round(decimals=2)
    tensor([1.0000, 1.1500])
    """
    wave = tensor_of(wave, "wave", "floats (..., T)")
    return wave - _EMPHASIS * F.pad(wave[..., :-1], (1, 0))


def deemphasise(wave: Tensor) -> Tensor:
    """Undo `emphasise`: ``x_t = y_t + 0.85 x_(t-1)``.

    Args:
        wave: floats ``(..., T)``.

    Returns:
        Floats of the same shape.

    >>> deemphasise(emphasise(torch.tensor([1.0, 2.0, 3.0], dtype=torch.float64))).tolist()
    [1.0, 2.0, 3.0]
    """
    wave = tensor_of(wave, "wave", "floats (..., T)")
    response = _EMPHASIS ** torch.arange(_MEMORY, dtype=wave.dtype, device=wave.device).flip(0)
    rows = F.pad(wave.reshape(-1, 1, wave.shape[-1]), (_MEMORY - 1, 0))
    return F.conv1d(rows, response[None, None]).view(wave.shape)


def mel(wave: Tensor) -> Tensor:
    """Measure the power in 26 bands in every frame of 80 samples.

    A frame is seen through a Hann window of 256 samples around its middle, with silence before and after the wave. The bands
    are triangles that overlap by half, equally wide on the mel scale from 0 to 4 kHz (Davis and Mermelstein 1980).

    Args:
        wave: floats ``(..., T)`` at 8 kHz; a last frame that is not whole is left out.

    Returns:
        Natural logarithms of the power ``(..., 26, T // 80)``; `SILENCE` or more.

    >>> mel(torch.zeros(800)).shape
    torch.Size([26, 10])
    """
    windows = _windows(wave, _WINDOW) * torch.hann_window(_WINDOW, dtype=wave.dtype, device=wave.device)
    powers = _spectrum(windows, _WINDOW) / (3 / 8 * _WINDOW)
    in_bands = powers @ _bands().to(powers)
    return in_bands.clamp(min=QUIETEST).log().transpose(-1, -2)


def pitch(wave: Tensor) -> Pitch:
    """Find the frequency of the voice in every frame of 80 samples, from 100 to 400 Hz, by autocorrelation.

    There is a voice where 50 ms of sound are much like what they were one period before.

    Args:
        wave: floats ``(..., T)`` at 8 kHz.

    Returns:
        Frequency and voicing of each frame.

    >>> tone = 0.3 * torch.sin(torch.arange(1600) * 2 * torch.pi * 250 / 8000)
    >>> pitch(tone).hertz[5:8].round().tolist()
    [250.0, 250.0, 250.0]
    """
    windows = _windows(wave, _PITCH_WINDOW)
    windows = windows - windows.mean(-1, keepdim=True)
    hann = torch.hann_window(_PITCH_WINDOW, dtype=wave.dtype, device=wave.device)
    size = 2 * _PITCH_WINDOW
    of_hann = torch.fft.irfft(_spectrum(hann, size))
    powers = _spectrum(windows * hann, size)
    products = torch.fft.irfft(powers) if powers.numel() else powers.new_zeros(*powers.shape[:-1], size)
    energy = products[..., :1]
    # divided by what the window alone would give (Boersma 1993), so that long periods are not at a disadvantage
    similarity = products / energy.clamp(min=1e-9) * (of_hann[0] / of_hann.clamp(min=1e-9))
    candidates = similarity[..., _SHORTEST : _LONGEST + 1]
    # two periods are as much like each other as one, so shorter ones go first
    favoured = candidates - 0.1 * torch.linspace(0, 1, candidates.shape[-1]).to(candidates)
    best = favoured.argmax(-1)
    left, middle, right = (
        similarity.gather(-1, (best + _SHORTEST + step)[..., None])[..., 0] for step in (-1, 0, 1)
    )
    bend = left - 2 * middle + right
    nudge = torch.where(bend < 0, (left - right) / (2 * bend.clamp(max=-1e-9)), 0).clamp(-0.5, 0.5)
    voiced = (middle > 0.5) & (energy[..., 0] / (3 / 8 * _PITCH_WINDOW) > 10 * QUIETEST)
    # one frame in the middle of others does not change its mind
    voiced = _median(voiced.to(wave.dtype), 3) > 0.5
    hertz = _median(SAMPLE_RATE / (best + _SHORTEST + nudge).to(wave.dtype), 5)
    return Pitch(hertz * voiced, voiced)


def features(wave: Tensor) -> Tensor:
    """Describe every frame of 80 samples for a vocoder: 26 bands of the lifted wave, pitch and voicing.

    Args:
        wave: floats ``(..., T)`` at 8 kHz, as `decode` returns them.

    Returns:
        ``(..., 28, T // 80)``: `mel` of the emphasised wave, scaled to about [0, 1] from silence on; the pitch in octaves above
        200 Hz, 0 without a voice; and 1.0 where there is a voice.

    >>> features(torch.zeros(800)).unique().tolist()
    [0.0]
    """
    hertz, voiced = pitch(wave)
    octaves = torch.where(voiced, (hertz.clamp(min=1) / TYPICAL_PITCH).log2(), 0)
    return join(mel(_GAIN * emphasise(wave)), octaves, voiced)


def join(bands: Tensor, octaves: Tensor, voiced: Tensor) -> Tensor:
    """Put bands, pitch and voicing together, as `features` returns them.

    Args:
        bands: natural logarithms of power, ``(..., 26, frames)``.
        octaves: pitch above 200 Hz ``(..., frames)``; what it is without a voice does not matter.
        voiced: ``(..., frames)``.

    Returns:
        ``(..., 28, frames)``.

    >>> join(torch.full((26, 1), SILENCE), torch.ones(1), torch.tensor([True]))[-3:, 0].tolist()
    [0.0, 1.0, 1.0]
    """
    scaled = 1 - bands / SILENCE
    return torch.cat([scaled, (octaves * voiced)[..., None, :], voiced[..., None, :].to(scaled)], dim=-2)


def levelled(wave: Tensor) -> Tensor:
    """Scale a recording to a common loudness: one frame in twenty is louder than 0.18 (root mean square).

    Args:
        wave: floats ``(T,)`` of at least one frame.

    Returns:
        Floats ``(T,)``.

    >>> levelled(torch.ones(800)).round(decimals=2).unique()
    tensor([0.1800])
    """
    loudness = wave[: len(wave) // HOP * HOP].unflatten(0, (-1, HOP)).square().mean(1).sqrt()
    return wave * (0.18 / loudness.quantile(0.95).clamp(min=1e-4))


def spectral_distance(one: Tensor, other: Tensor) -> float:
    """How far the bands of two sounds are apart, in decibels: the root of the mean square over bands, averaged over frames.

    The bands are those that `features` describes, with the same floor: what a vocoder is not told does not count.

    Args:
        one: floats ``(T,)``.
        other: floats of the same shape.

    Returns:
        The log-spectral distance of the emphasised and amplified waves.

    Raises:
        ValueError: if the shapes differ.

    >>> noise = torch.randn(800, generator=torch.Generator().manual_seed(0))
    >>> round(spectral_distance(noise, noise * 10 ** (6 / 20)), 2)
    6.0
    """
    if one.shape != other.shape:
        raise ValueError(f"Two sounds have one shape, not {tuple(one.shape)} and {tuple(other.shape)}.")
    difference = (mel(_GAIN * emphasise(one)) - mel(_GAIN * emphasise(other))) * 10 / math.log(10)
    return difference.square().mean(-2).sqrt().mean().item()


def _windows(wave: Tensor, size: int) -> Tensor:
    """Pieces ``(..., T // HOP, size)`` of a wave around the middle of each frame; silence before and after it."""
    wave = tensor_of(wave, "wave", "floats (..., T)")
    if not wave.is_floating_point() or not wave.dim():
        raise ValueError(f"A wave holds floats (..., T), not {wave.dtype} {tuple(wave.shape)}.")
    num_frames, margin = wave.shape[-1] // HOP, (size - HOP) // 2
    padded = F.pad(wave[..., : num_frames * HOP], (margin, margin))
    return padded.unfold(-1, size, HOP) if num_frames else padded.new_zeros(*wave.shape[:-1], 0, size)


def _spectrum(windows: Tensor, size: int) -> Tensor:
    """Powers ``(..., size / 2 + 1)`` of each window."""
    if not windows.numel():  # which the transform refuses
        return windows.new_zeros(*windows.shape[:-1], size // 2 + 1)
    return torch.fft.rfft(windows, size).abs().square()


@cache
def _bands() -> Tensor:
    """The share ``(129, 26)`` of each frequency in each band; the shares of a band sum to 1."""

    def to_mel(hertz: Tensor) -> Tensor:
        return (hertz / 700).log1p()

    hertz = torch.linspace(0, SAMPLE_RATE / 2, _WINDOW // 2 + 1, dtype=torch.float64)
    corners = torch.linspace(0, float(to_mel(hertz[-1])), NUM_BANDS + 2, dtype=torch.float64).expm1() * 700
    rise = (hertz[:, None] - corners[:-2]) / (corners[1:-1] - corners[:-2])
    fall = (corners[2:] - hertz[:, None]) / (corners[2:] - corners[1:-1])
    shares = torch.minimum(rise, fall).clamp(min=0)
    return shares / shares.sum(0)


def _median(x: Tensor, size: int) -> Tensor:
    """The median of each number ``(..., T)`` and its neighbours."""
    if not x.shape[-1]:
        return x
    rows = x.reshape(-1, x.shape[-1])
    padded = F.pad(rows, (size // 2, size // 2), mode="replicate")
    return padded.unfold(-1, size, 1).median(-1).values.view(x.shape)
