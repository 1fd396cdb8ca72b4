"""What sounds look like, below each other and on one scale: waves over time, and the frequencies of each moment."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor

from armod.figures.picture import Picture, new_picture
from armod.figures.style import COLOURS

# A wave is drawn as a band from its lowest to its highest sample in each of this many stretches of time.
_STRETCHES = 900
_WINDOW = 256  # samples: 32 ms at 8 kHz
_RANGE = 60.0  # decibels below the loudest that are told apart


def wave_figure(waves: Mapping[str, Tensor], sample_rate: int) -> Picture:
    """Draw each wave as a strip under its name; all strips have the same scales of time and loudness.

    Args:
        waves: floats ``(T,)`` in [-1, 1] for each name.
        sample_rate: samples per second.

    Returns:
        The picture, whose table has the seconds, the loudest sample and the root mean square of each sound.

    Raises:
        ValueError: as `check_waves`.

    >>> import torch
    >>> beep = torch.sin(torch.arange(4000) * 2 * torch.pi * 440 / 8000)
    >>> wave_figure({"beep": beep}, sample_rate=8000).table["seconds"]
    [0.5]
    """
    check_waves(waves)
    samples = {name: wave.detach().double().numpy() for name, wave in waves.items()}
    loudest = max(float(np.abs(wave).max()) for wave in samples.values()) or 1.0
    seconds = [len(wave) / sample_rate for wave in samples.values()]
    with new_picture(9, 0.75 + 0.95 * len(samples)) as picture:
        rows = picture.subplots(len(samples), sharex=True, squeeze=False)[:, 0]
        height = picture.get_figheight()
        picture.subplots_adjust(
            left=0.02, right=0.98, top=1 - 0.3 / height, bottom=0.55 / height, hspace=0.45
        )
        for axes, (name, wave) in zip(rows, samples.items(), strict=True):
            stretches = np.array_split(wave, min(_STRETCHES, len(wave)))
            times = np.arange(len(stretches)) * len(wave) / len(stretches) / sample_rate
            low, high = [part.min() for part in stretches], [part.max() for part in stretches]
            axes.fill_between(times, low, high, step="post", color=COLOURS["input"], linewidth=0.6)
            axes.set_title(name, fontsize=11)
            axes.set(ylim=(-1.05 * loudest, 1.05 * loudest), xlim=(0, max(seconds)), yticks=[])
            axes.spines["left"].set_visible(False)
        rows[-1].set_xlabel("seconds")
        loudness = {name: float(np.abs(wave).max()) for name, wave in samples.items()}
        power = {name: float(np.sqrt((wave**2).mean())) for name, wave in samples.items()}
        parts = (
            f"{name}, {length:.3g} seconds, loudest sample {loudness[name]:.2f}, root mean square {power[name]:.3f}"
            for name, length in zip(samples, seconds, strict=True)
        )
        picture.describe(
            f"Waves over time on one scale: {'; '.join(parts)}.",
            {
                "sound": [*samples],
                "seconds": seconds,
                "loudest": [*loudness.values()],
                "power": [*power.values()],
            },
        )
    return picture


def spectrograms(waves: Mapping[str, Tensor], sample_rate: int, *, title: str) -> Picture:
    """Draw the power of each sound by time and frequency, below each other.

    Args:
        waves: floats ``(T,)`` in [-1, 1] for each name.
        sample_rate: samples per second.
        title: a sentence.

    Returns:
        The picture, whose table has the seconds of each sound, its power in decibels, and the frequency in hertz below which
        half of the power lies.

    Raises:
        ValueError: as `check_waves`, or if a sound is shorter than a window of 256 samples.

    >>> beep = torch.sin(torch.arange(4000) * 2 * torch.pi * 1000 / 8000)
    >>> spectrograms({"beep": beep}, 8000, title="One frequency").table["median frequency"]
    [1000]
    """
    check_waves(waves)
    if min(len(wave) for wave in waves.values()) < _WINDOW:
        raise ValueError(f"A spectrogram needs sounds of {_WINDOW} samples at least.")
    powers = {name: _powers(wave) for name, wave in waves.items()}
    loudest = max(float(power.max()) for power in powers.values()) or 1.0
    medians = [_median_frequency(power, sample_rate) for power in powers.values()]
    levels = [
        round(10 * float((wave.double().square().mean() + 1e-12).log10()), 1) for wave in waves.values()
    ]
    seconds = [len(wave) / sample_rate for wave in waves.values()]
    with new_picture(9, 0.95 + 1.45 * len(waves)) as picture:
        picture.set_label(title)
        rows = picture.subplots(len(waves), sharex=True, squeeze=False)[:, 0]
        height = picture.get_figheight()
        picture.subplots_adjust(
            left=0.07, right=0.98, top=1 - 0.72 / height, bottom=0.55 / height, hspace=0.35
        )
        picture.text(0.02, 1 - 0.24 / height, title, size=14, weight="bold", va="center")
        for axes, (name, power), length in zip(rows, powers.items(), seconds, strict=True):
            decibels = 10 * (power / loudest + 1e-12).log10()
            axes.imshow(
                decibels.numpy(),
                origin="lower",
                aspect="auto",
                cmap="Greys",
                vmin=-_RANGE,
                vmax=0,
                extent=(0, length, 0, sample_rate / 2000),
                interpolation="nearest",
            )
            axes.set_title(name, fontsize=11)
            axes.set_xlim(0, max(seconds))
            axes.set_ylabel("kHz", color=COLOURS["secondary"])
        rows[-1].set_xlabel("seconds")
        parts = (
            f"{name}: {length:.3g} seconds, {level} decibels, half of the power below {median} hertz"
            for name, length, level, median in zip(waves, seconds, levels, medians, strict=True)
        )
        picture.describe(
            f"{title}. Spectrograms on one scale, dark is loud. {'; '.join(parts)}.",
            {"sound": [*waves], "seconds": seconds, "decibels": levels, "median frequency": medians},
        )
    return picture


def check_waves(waves: Mapping[str, Tensor]) -> None:
    """Check sounds before they are drawn or played.

    Args:
        waves: floats ``(T,)`` in [-1, 1] for each name.

    Raises:
        ValueError: if there is no wave, or one that is not a single line of samples in [-1, 1].
    """
    if not waves:
        raise ValueError("There is no sound to show: give at least one wave under its name.")
    for name, wave in waves.items():
        if wave.ndim != 1 or not wave.numel() or not wave.is_floating_point():
            raise ValueError(
                f"The sound '{name}' has shape {tuple(wave.shape)} and {wave.dtype}: give floats (T,)."
            )
        if not wave.abs().max() <= 1:
            raise ValueError(f"The sound '{name}' leaves [-1, 1]: scale it first.")


def _powers(wave: Tensor) -> Tensor:
    """Powers ``(frequencies, frames)``."""
    window = torch.hann_window(_WINDOW)
    found = torch.stft(wave.detach().float(), _WINDOW, _WINDOW // 4, window=window, return_complex=True)
    return found.abs().square()


def _median_frequency(power: Tensor, sample_rate: int) -> int:
    """The frequency below which half of the power lies, of the nearest band."""
    share = power.sum(1).double().cumsum(0)
    band = int((share < share[-1] / 2).sum())
    return round(band * sample_rate / _WINDOW)
