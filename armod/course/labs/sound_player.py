"""Sounds to hear: an ``<audio>`` element for each, below a picture of their waves, in one output that needs no kernel.

The sound itself is in the output, as a ``data:`` address, so that it plays in exported HTML too. Where sound is taken
away - a code host's page, print - the picture stays.
"""

from __future__ import annotations

import base64
import html
import io
import wave as wave_file
from collections.abc import Mapping

from torch import Tensor

from armod.course.labs.page import Widget, asset
from armod.figures.sound import check_waves, wave_figure
from armod.figures.style import css_variables


def sound_player(waves: Mapping[str, Tensor], sample_rate: int) -> Widget:
    """One player for each sound; nothing plays before it is asked to.

    Args:
        waves: floats ``(T,)`` in [-1, 1], by the name of the sound. A second at 8,000 makes the notebook 21 kB longer.
        sample_rate: samples per second.

    Returns:
        The output.

    Raises:
        ValueError: if there is no sound, or one that is not a single line of samples in [-1, 1].

    >>> import torch
    >>> print(sound_player({"silence": torch.zeros(4000)}, sample_rate=8000))
    Sounds to hear: silence (0.5 seconds).
    """
    check_waves(waves)
    names = {name: f"{name} ({_seconds(len(wave) / sample_rate)})" for name, wave in waves.items()}
    players = "\n".join(
        f'<figure style="margin:6px 0"><figcaption>{html.escape(names[name])}</figcaption>'
        f'<audio controls preload="auto" aria-label="{html.escape(names[name])}" data-lm-suppress-shortcuts '
        f'style="width:100%;max-width:420px" src="{_address(wave, sample_rate)}"></audio></figure>'
        for name, wave in waves.items()
    )
    text = f"Sounds to hear: {', '.join(names.values())}."
    page = (
        f'<div class="armod-widget armod-sound" role="group" aria-label="{html.escape(text)}">\n'
        f"<style>.armod-widget {{ {css_variables()} }}\n{asset('page.css')}\n"
        f"@media print {{ .armod-sound audio {{ display: none }} }}</style>\n"
        f"{wave_figure(waves, sample_rate).img()}\n{players}\n</div>"
    )
    return Widget(page, text)


def wav(wave: Tensor, sample_rate: int) -> bytes:
    """A WAV file of 16-bit samples, one channel, from floats ``(T,)`` in [-1, 1].

    >>> import torch
    >>> len(wav(torch.zeros(4000), sample_rate=8000))
    8044
    """
    with io.BytesIO() as buffer:
        with wave_file.open(buffer, "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(sample_rate)
            # little-endian, whatever the machine
            samples = wave.detach().double().mul(32_767).round().numpy().astype("<i2")
            file.writeframes(samples.tobytes())
        return buffer.getvalue()


def _seconds(duration: float) -> str:
    return f"{duration:.3g} second{'s' * (duration != 1)}"


def _address(wave: Tensor, sample_rate: int) -> str:
    return f"data:audio/wav;base64,{base64.b64encode(wav(wave, sample_rate)).decode()}"
