"""Melodies, harmonies that a model found for each, and what is chosen of them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from armod.course.labs.words import Words
from armod.music import Score, voice_leading
from armod.music.rolls import VOICES, notes_by_voice

say = Words.beside(__file__)

PITCH_NAMES = ("C", "C♯", "D", "E♭", "E", "F", "F♯", "G", "A♭", "A", "B♭", "B")
STEPS = 64


@dataclass(frozen=True, eq=False)
class Tune:
    """A melody and its harmonies.

    Args:
        name: how it is called.
        scores: soprano, alto, tenor and bass of H harmonies, ``(H, 4, T)``; all have the same soprano.
        nats: what alto, tenor and bass of each harmony cost, H numbers.

    Raises:
        ValueError: if there is no harmony, or the numbers do not fit.
    """

    name: str
    scores: Score
    nats: tuple[float, ...]

    def __post_init__(self) -> None:
        count, voices, steps = self.scores.pitches.shape
        same = (self.scores.pitches[:, 0] == self.scores.pitches[:1, 0]).all()
        if not count or voices != 4 or not 1 <= steps <= STEPS or len(self.nats) != count or not same:
            raise ValueError(
                f"A tune of the compose lab has harmonies (H, 4, T) of one soprano, T from 1 to {STEPS}, and H numbers of nats; "
                f"{self.name!r} has {tuple(self.scores.pitches.shape)} and {len(self.nats)}."
            )

    @cached_property
    def triads(self) -> list[float]:
        """The share of beats with a triad, for each harmony."""
        return [round(voice_leading(self.scores[k]).triads, 4) for k in range(len(self.scores))]

    def chord(self, harmony: int, step: int) -> str:
        """What sounds at a step, from 0."""
        pitches = self.scores.pitches[harmony, :, step].tolist() if step < self.num_steps else []
        sounding = [
            say("sound", voice=voice, pitch=pitch_name(pitch))
            for voice, pitch in zip(VOICES, pitches, strict=False)
            if pitch >= 0
        ]
        return ", ".join(sounding) or say("silence")

    @property
    def num_steps(self) -> int:
        """T."""
        return int(self.scores.pitches.shape[2])

    def for_page(self) -> dict[str, Any]:
        """The tune as the page reads it: a note is its begin, length and pitch."""
        voices = [notes_by_voice(self.scores[k]) for k in range(len(self.scores))]
        return {
            "name": self.name,
            "soprano": voices[0][0],
            "harmonies": [each[1:] for each in voices],
            "nats": [round(each, 1) for each in self.nats],
            "triads": self.triads,
            "steps": self.num_steps,
        }


@dataclass(frozen=True, eq=False)
class ComposeFacts:
    """Tunes, and the tune, the harmony and the step that are chosen.

    Args:
        tunes: the tunes, with equally many harmonies.
        tune: the tune, from 0.
        harmony: its harmony, from 0.
        step: the step, from 0.
    """

    tunes: tuple[Tune, ...]
    tune: int = 0
    harmony: int = 0
    step: int = 0

    @property
    def shown(self) -> Tune:
        """The tune that is seen."""
        return self.tunes[self.tune]

    @property
    def finding(self) -> str:
        """How the chosen harmony does."""
        tune = self.shown
        return say(
            "finding",
            name=tune.name,
            number=self.harmony + 1,
            count=len(tune.nats),
            triads=tune.triads[self.harmony],
            nats=round(tune.nats[self.harmony], 1),
        )

    @property
    def detail(self) -> str:
        """What sounds at the chosen step."""
        return say("detail", step=self.step + 1, steps=STEPS, chord=self.shown.chord(self.harmony, self.step))

    @property
    def description(self) -> str:
        """The picture for those who do not see it."""
        soprano, *others = notes_by_voice(self.shown.scores[self.harmony])
        return say(
            "description",
            finding=self.finding,
            detail=self.detail,
            steps=self.shown.num_steps,
            notes=len(soprano),
            others=sum(map(len, others)),
        )


def pitch_name(pitch: int) -> str:
    """The name of a MIDI pitch.

    >>> pitch_name(61)
    'C♯4'
    """
    return f"{PITCH_NAMES[pitch % 12]}{pitch // 12 - 1}"
