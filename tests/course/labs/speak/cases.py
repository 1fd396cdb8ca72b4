"""Small made-up sounds for the tests of the speak lab: two texts at three speeds and two pitches."""

from __future__ import annotations

from itertools import product
from typing import Any

import torch

from armod.course.labs import Widget
from armod.course.labs.speak.facts import Request, Said, SpeakFacts
from armod.course.labs.speak.lab import speak_page

PHONES = {"two": ("SIL", "T", "UW", "SIL"), "six": ("SIL", "S", "IH", "K", "S", "SIL")}
GENERATOR = torch.Generator().manual_seed(11)


def sound(text: str, speed: int, pitch: int) -> Said:
    frames = tuple(2 + 300 // speed + place + pitch // 150 for place in range(len(PHONES[text])))
    levels = torch.randint(90, 166, (80 * sum(frames),), generator=GENERATOR)
    return Said(PHONES[text], frames, levels.byte().numpy())


SAID = {Request(*each): sound(*each) for each in product(PHONES, (100, 125, 150), (75, 100))}


def speak_state(text: str = "two", speed: int = 100, pitch: int = 100) -> SpeakFacts:
    return SpeakFacts(SAID, Request(text, speed, pitch))


def speak(text: str = "two", speed: int = 100, pitch: int = 100) -> Widget:
    return speak_page(SAID, Request(text, speed, pitch))


# what tests/course/labs/cases.py knows of it
SPEAK_CASE: dict[str, Any] = {
    "make": speak,
    "most_bytes": 140_000,
    "setting": lambda: speak("six", 150, 75),
    "description": lambda: speak_state("six", 150, 75).description,
    "refused": (
        ((), {"text": "seven"}, "holds .*'two', at speed 100 and pitch 75.*; got 'seven'"),
        ((), {"speed": 90}, "got 'two', at speed 90 and pitch 100"),
        ((), {"pitch": 90}, "got 'two', at speed 100 and pitch 90"),
    ),
}
SPEAK_LOOK: dict[str, Any] = {
    "make": lambda: speak("two", 150, 100),
    "name": "Speak lab: a text, and its sound",
    "slider": "Speed",
    "num_keyed": 5,
    "roles": lambda: {
        "textbox": ["Text, yours or a prepared one"],
        "combobox": ["Prepared"],
        "slider": ["Speed", "Pitch"],
        "button": ["Speak"],
    },
    "crowded": {"six": lambda: speak("six", 100, 75)},
}
