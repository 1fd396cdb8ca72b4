"""How far apart two sounds are in what the ear hears first: the power in each frequency.

Two draws of the same noise differ in every sample and sound alike. So powers are compared, averaged over neighbouring
frequencies, in decibels.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from armod.inputs import tensor_of
from armod.settings import check_sizes

_FRAME = 512  # 64 ms at 8 kHz
_TINY = 1e-12


def power_spectrum(sound: Tensor, frame: int = 256) -> Tensor:
    """Estimate the power density of a steady sound, averaged over all frames (Welch's method).

    Args:
        sound: ``(..., T)``, of at least one frame.
        frame: samples of a frame; frames overlap by half and have a Hann window.

    Returns:
        Power per sample ``(..., frame / 2 + 1)``, at frequencies from 0 to half the sample rate; its mean over frequencies is
        about the variance.

    Raises:
        ValueError: if there is less than a frame.

    >>> power_spectrum(torch.randn(80_000, generator=torch.Generator().manual_seed(0))).mean().round(decimals=1)
    tensor(1.)
    """
    return _powers(sound, frame).mean(-2)


def log_spectral_distance(one: Tensor, other: Tensor, *, bands: int = 16) -> float:
    """Compare two sounds of the same course, frame by frame.

    Frames have 512 samples and overlap by half. In each the powers of `bands` equal bands are compared in decibels: the root
    of the mean square over bands, averaged over frames. Two draws of the same noise are about 2 dB apart with 16 bands: that
    is the floor, not 0.

    Args:
        one: ``(..., T)``.
        other: of the same shape.
        bands: how many bands.

    Returns:
        The distance in decibels.

    Raises:
        ValueError: if the shapes differ, or there is less than a frame.

    >>> noise = torch.randn(2, 8000, generator=torch.Generator().manual_seed(0))
    >>> round(log_spectral_distance(noise[0], 10 * noise[0])), round(log_spectral_distance(noise[0], noise[1]))
    (20, 2)
    """
    (bands,) = check_sizes(bands=bands)
    if tensor_of(one, "one", "a sound").shape != tensor_of(other, "other", "a sound").shape:
        raise ValueError(f"Two sounds have the same shape, not {tuple(one.shape)} and {tuple(other.shape)}.")
    levels = [
        _decibels(_powers(sound, _FRAME)[..., 1:].unflatten(-1, (bands, -1)).mean(-1))
        for sound in (one, other)
    ]
    return (levels[0] - levels[1]).square().mean(-1).sqrt().mean().item()


def distance_to_spectrum(sound: Tensor, spectrum: Tensor) -> float:
    """Compare the power density of a steady sound with a known one.

    Args:
        sound: ``(..., T)``; all rows are averaged.
        spectrum: power per sample at F frequencies from 0 to half the sample rate, as `LinearPrediction.spectrum` gives it.

    Returns:
        The root of the mean square difference in decibels.

    Raises:
        ValueError: if there is less than a frame.

    >>> white = torch.randn(400_000, generator=torch.Generator().manual_seed(0))
    >>> distance_to_spectrum(white, torch.ones(129)) < 0.5
    True
    """
    frame = 2 * (len(spectrum) - 1)
    found = _powers(sound, frame).flatten(0, -2).mean(0)
    return (_decibels(found) - _decibels(spectrum))[1:-1].square().mean().sqrt().item()


def power_loss(made: Tensor, sounds: Tensor, frame: int = 128) -> Tensor:
    """Compare the logarithms of the average powers in each frequency; differentiable (after Parallel WaveNet, section 4.2).

    The paper compares the powers themselves. Their logarithms give quiet frequencies the same weight as loud ones.

    Args:
        made: sounds of a student ``(N, T)``.
        sounds: sounds to compare with ``(N, T)``.
        frame: samples of a frame; that of the whole sound if it is shorter.

    Returns:
        The mean square difference, of natural logarithms.

    >>> power_loss(torch.ones(1, 256), torch.ones(1, 256))
    tensor(0.)
    """
    frame = min(frame, made.shape[-1], sounds.shape[-1])
    ours, theirs = ((_powers(sound, frame).mean(-2) + 1e-8).log() for sound in (made, sounds))
    return (ours - theirs).square().mean()


def _powers(sound: Tensor, frame: int) -> Tensor:
    """Powers ``(..., frames, frame / 2 + 1)`` per sample."""
    sound = tensor_of(sound, "sound", "shape (..., T)")
    if not sound.dim() or sound.shape[-1] < frame:
        raise ValueError(f"A sound has at least a frame of {frame} samples, not {tuple(sound.shape)}.")
    window = torch.hann_window(frame, dtype=sound.dtype, device=sound.device)
    frames = sound.unfold(-1, frame, max(frame // 2, 1)) * window
    return torch.fft.rfft(frames).abs().square() / window.square().sum()


def _decibels(power: Tensor) -> Tensor:
    return 10 / math.log(10) * (power + _TINY).log()
