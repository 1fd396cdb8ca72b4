"""Sounds of scores: each note a few harmonics that fade, enough to hear which voice goes where."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from armod.music.scores import Score
from armod.settings import check_number

_HARMONICS = 8
_DECAY = 0.6  # per second
_ATTACK, _RELEASE = 0.02, 0.15  # seconds


def synthesise(score: Score, *, tempo: float = 72.0, sample_rate: int = 8000) -> Tensor:
    """Make the sound of one score.

    Args:
        score: a score ``(1, voices, T)``.
        tempo: beats, of four sixteenths, a minute.
        sample_rate: samples per second.

    Returns:
        Samples, float32 ``(time,)`` in [-1, 1]; the loudest is 0.9, unless nothing sounds.

    Raises:
        ValueError: if there is not one score, or the tempo or the sample rate is no number above 0.

    >>> from armod.music import melody_of
    >>> sound = synthesise(melody_of([(69, 8)]), tempo=60)
    >>> len(sound) / 8000, round(sound.abs().max().item(), 2)
    (2.15, 0.9)
    """
    if len(score) != 1:
        raise ValueError(f"score is one score, but there are {len(score)}: choose one, score[0].")
    tempo = check_number("tempo", tempo, lambda beats: beats > 0, "a number above 0")
    rate = int(check_number("sample_rate", sample_rate, lambda hertz: hertz >= 1, "a number from 1 on"))
    step = 15 / tempo  # seconds of a sixteenth
    num_steps = score.pitches.shape[2]
    sound = torch.zeros(math.ceil((num_steps * step + _RELEASE) * rate))
    for pitches, begins in zip(score.pitches[0].tolist(), score.begins[0].tolist(), strict=True):
        time = 0
        while time < num_steps:
            end = time + 1
            while end < num_steps and pitches[end] == pitches[time] and not begins[end]:
                end += 1
            if pitches[time] >= 0:
                note = _note(pitches[time], (end - time) * step, rate)
                first = round(time * step * rate)
                note = note[: len(sound) - first]
                sound[first : first + len(note)] += note
            time = end
    return 0.9 * sound / sound.abs().max().clamp(min=1e-9)


def _note(pitch: int, seconds: float, rate: int) -> Tensor:
    """One note with its release."""
    time = torch.arange(int((seconds + _RELEASE) * rate)) / rate
    frequency = 440 * 2 ** ((pitch - 69) / 12)
    harmonics = [h for h in range(1, _HARMONICS + 1) if h * frequency < rate / 2]
    tone = sum(
        (torch.sin(2 * math.pi * h * frequency * time) / h**1.5 for h in harmonics), torch.zeros_like(time)
    )
    envelope = (time / _ATTACK).clamp(max=1) * torch.exp(-_DECAY * time)
    return tone * envelope * ((seconds + _RELEASE - time) / _RELEASE).clamp(0, 1)
