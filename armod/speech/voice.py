"""`speak`: a text becomes a plan, and the plan becomes sound.

The plan says which phones there are, how long each lasts, and what spectrum and pitch each frame has. It is one, the mean of many
ways to say it; the vocoder then draws one of the many sounds that fit it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from armod.models.base import AutoregressiveModel
from armod.settings import check_number
from armod.sound import HOP, decode
from armod.speech.phone_features import describe_frames, phone_numbers
from armod.speech.recipes import load_model
from armod.speech.regressors import Acoustic, Durations
from armod.speech.text import phones

PITCH_FOLLOWED = 0.37  # of the octaves that are asked for, measured


class Plan(NamedTuple):
    """What is going to be said, before there is sound.

    Args:
        phones: number of each phone in ``armod.speech.PHONES``.
        frames: how many frames of 10 ms each lasts.
        features: what the vocoder is told, ``(28, sum of frames)``, as `armod.sound.features` measures it.

    >>> Plan([0, 1], [2, 3], torch.zeros(28, 5)).frames
    [2, 3]
    """

    phones: list[int]
    frames: list[int]
    features: Tensor


@dataclass(frozen=True)
class Voice:
    """The models that speak together.

    Args:
        durations: how long each phone lasts.
        acoustic: what spectrum and pitch each frame has.
        vocoder: the WaveNet that is told these.

    >>> plan = voice().plan("six")
    >>> len(plan.phones), plan.features.shape[1] == sum(plan.frames)
    (6, True)
    """

    durations: Durations
    acoustic: Acoustic
    vocoder: AutoregressiveModel

    def plan(self, text: str, *, speed: float = 1.0, pitch: float = 1.0) -> Plan:
        """Decide how a text is said.

        Args:
            text: English, whose words the table of pronunciations knows.
            speed: 2.0 speaks twice as fast.
            pitch: 2.0 asks for an octave higher; the vocoder follows in part (`speak`).

        Returns:
            The plan.

        Raises:
            ValueError: if a word is unknown (the message names all of them), there is none, or speed or pitch is not between
                0.25 and 4.
        """
        for name, value in (("speed", speed), ("pitch", pitch)):
            check_number(name, value, lambda factor: 0.25 <= factor <= 4, "a number from 0.25 to 4")
        numbers = phone_numbers(phones(text))
        frames = self.durations.frames(numbers, speed=speed)
        return Plan(numbers, frames, self.acoustic.features(describe_frames(numbers, frames), pitch=pitch))

    def sound(
        self, told: Sequence[Tensor], *, temperature: float = 0.8, generator: torch.Generator | None = None
    ) -> list[Tensor]:
        """Draw sounds that fit what the vocoder is told; several together take less time than one after the other.

        Args:
            told: features ``(28, frames)`` of each sound, of a plan or measured by `armod.sound.features`.
            temperature: below 1 the sound is less noisy.
            generator: source of the noise.

        Returns:
            A wave ``(80 * frames,)`` for each.
        """
        return draw_sounds(self.vocoder, told, temperature=temperature, generator=generator)


def speak(
    text: str,
    *,
    speed: float = 1.0,
    pitch: float = 1.0,
    temperature: float = 0.8,
    generator: torch.Generator | None = None,
) -> Tensor:
    """Say a text with the shipped voice.

    Args:
        text: English, whose words `armod.speech.pronunciations` knows; numbers may be written in digits.
        speed: 2.0 speaks twice as fast; from 0.25 to 4.
        pitch: 2.0 asks for an octave higher; from 0.25 to 4. The voice follows by 0.37 of what is asked, in
            octaves: only the pitch that the vocoder is told changes, its bands stay as they are. Where 0.5, 0.63, 1.63 and 2 were asked, 0.80, 0.83, 1.20 and 1.23 were heard.
        temperature: of the vocoder's draws.
        generator: source of the noise.

    Returns:
        The wave, floats ``(T,)`` in [-1, 1] at 8 kHz (``armod.sound.SAMPLE_RATE``).

    Raises:
        ValueError: if a word is unknown (the message names all of them), there is none, or a knob is out of its range.

    >>> wave = speak("two", generator=torch.Generator().manual_seed(0))
    >>> 0.2 < len(wave) / 8000 < 1
    True
    """
    plan = voice().plan(text, speed=speed, pitch=pitch)
    return voice().sound([plan.features], temperature=temperature, generator=generator)[0]


def draw_sounds(
    model: AutoregressiveModel,
    told: Sequence[Tensor],
    *,
    temperature: float = 0.8,
    generator: torch.Generator | None = None,
) -> list[Tensor]:
    """Draw a sound for each context from a WaveNet that learnt levels of `armod.sound.encode`.

    Args:
        model: the WaveNet, told of frames.
        told: contexts ``(C, frames)``, of any lengths.
        temperature: of the draws.
        generator: source of the noise.

    Returns:
        A wave ``(80 * frames,)`` for each.
    """
    if not told:
        return []
    longest = max(one.shape[1] for one in told)
    # the rows end when the longest does; what comes after a shorter one is cut off
    contexts = torch.stack([F.pad(one, (0, longest - one.shape[1])) for one in told])
    levels = model.sample(
        len(told), contexts, length=longest * HOP, temperature=temperature, generator=generator
    )
    return [decode(row[: one.shape[1] * HOP]) for row, one in zip(levels, told, strict=True)]


@cache
def voice() -> Voice:
    """Load the shipped voice.

    Returns:
        Its models, in evaluation mode.
    """
    durations, acoustic, vocoder = (load_model(name) for name in ("durations", "acoustic", "vocoder"))
    assert isinstance(durations, Durations) and isinstance(acoustic, Acoustic)
    assert isinstance(vocoder, AutoregressiveModel)
    return Voice(durations, acoustic, vocoder)
