"""Which frequencies a sound has, and when: dark is loud, and all sounds are on one scale."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from armod.figures.picture import Picture, new_picture
from armod.figures.sound import check_waves
from armod.figures.style import COLOURS

_WINDOW = 256  # samples: 32 ms at 8 kHz
_RANGE = 60.0  # decibels below the loudest that are told apart


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
