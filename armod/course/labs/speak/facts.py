"""Spoken texts: the plan of each, the levels that were drawn for it, and the one that is seen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from armod.course.labs.words import Words
from armod.sound import HOP, SAMPLE_RATE, decode

say = Words.beside(__file__)


class Request(NamedTuple):
    """What is to be said, and how.

    Args:
        text: the text.
        speed: in percent.
        pitch: in percent.
    """

    text: str
    speed: int = 100
    pitch: int = 100


@dataclass(frozen=True, eq=False)
class Said:
    """A plan and its sound.

    Args:
        phones: names of the phones.
        frames: how many hundredths of a second each lasts.
        levels: of `armod.sound.encode`, ``(80 * sum of frames,)``.

    Raises:
        ValueError: if the three do not fit.
    """

    phones: tuple[str, ...]
    frames: tuple[int, ...]
    levels: NDArray[np.uint8]

    def __post_init__(self) -> None:
        if (
            not self.phones
            or len(self.phones) != len(self.frames)
            or len(self.levels) != HOP * sum(self.frames)
        ):
            raise ValueError(
                f"The speak lab needs a duration for each phone and {HOP} levels for each hundredth of a second; got "
                f"{len(self.phones)} phones, {len(self.frames)} durations of {sum(self.frames)} in sum, {len(self.levels)} levels."
            )

    @property
    def wave(self) -> NDArray[np.float64]:
        """The sound in [-1, 1]."""
        wave: NDArray[np.float64] = decode(torch.from_numpy(self.levels.astype(np.int64))).double().numpy()
        return wave


@dataclass(frozen=True, eq=False)
class SpeakFacts:
    """Some spoken texts, and the one that is seen.

    Args:
        said: the sounds.
        chosen: the one that is seen.

    Raises:
        ValueError: if there is no such sound.
    """

    said: Mapping[Request, Said]
    chosen: Request

    def __post_init__(self) -> None:
        if self.chosen not in self.said:
            raise ValueError(
                f"The speak lab holds {'; '.join(map(_named, self.said))}; got {_named(self.chosen)}."
            )

    @property
    def shown(self) -> Said:
        """The sound that is seen."""
        return self.said[self.chosen]

    @property
    def finding(self) -> str:
        """How long it is."""
        samples = len(self.shown.levels)
        return say("finding", text=self.chosen.text, seconds=samples / SAMPLE_RATE, samples=samples)

    @property
    def detail(self) -> str:
        """How it came to be."""
        return say(
            "detail",
            speed=self.chosen.speed / 100,
            pitch=self.chosen.pitch / 100,
            count=len(self.shown.phones),
        )

    @property
    def description(self) -> str:
        """The picture for those who do not see it."""
        phones = [
            f"{phone} {frames}" for phone, frames in zip(self.shown.phones, self.shown.frames, strict=True)
        ]
        return say("description", finding=self.finding, detail=self.detail, phones=phones)


def _named(request: Request) -> str:
    text, speed, pitch = request
    return f"{text!r}, at speed {speed} and pitch {pitch}"
