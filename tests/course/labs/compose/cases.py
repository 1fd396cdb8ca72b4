"""Two melodies for the tests of the compose lab, harmonised once by the shipped model."""

from __future__ import annotations

from functools import cache
from typing import Any

import torch

from armod.course.labs import Widget
from armod.course.labs.compose.facts import ComposeFacts, Tune
from armod.course.labs.compose.lab import compose_lab, compose_page
from armod.music import Note, harmonise

MELODIES: dict[str, list[Note]] = {
    "a scale": [(67, 4), (69, 4), (71, 4), (72, 4)],
    "a call": [(60, 2), (None, 2), (67, 12), (65, 2), (64, 14)],
}


@cache
def tunes() -> tuple[Tune, ...]:
    found = {}
    for name, melody in MELODIES.items():
        found[name] = harmonise(melody, 3, generator=torch.Generator().manual_seed(0))
    return tuple(Tune(name, each.score, tuple((-each.log_prob).tolist())) for name, each in found.items())


def compose_state(*knobs: int) -> ComposeFacts:
    """Knobs: tune, harmony, step."""
    return ComposeFacts(tunes(), *knobs)


def compose(**knobs: int) -> Widget:
    return compose_page(tunes(), **knobs)


# what tests/course/labs/cases.py knows of it
COMPOSE_CASE: dict[str, Any] = {
    "make": compose,
    "most_bytes": 120_000,
    "setting": lambda: compose_lab(MELODIES, tune=1, harmony=2, step=5),
    "description": lambda: compose_state(1, 2, 5).description,
    "refused": (
        ((), {"tune": 2}, r"tune is one of 0, 1; got 2\."),
        ((), {"harmony": 3}, r"harmony is one of 0, 1, 2; got 3\."),
        ((), {"step": 64}, r"step is one of 0, .*; got 64\."),
    ),
}
COMPOSE_LOOK: dict[str, Any] = {
    "make": lambda: compose(harmony=2, step=4),
    "name": "Compose lab: a melody, and three voices below it",
    "slider": "Harmony",
    "num_keyed": 7,
    "roles": lambda: {
        "combobox": ["Melody"],
        "slider": ["Harmony", "Step", "Pitch", "Length"],
        "button": ["Play"],
        "group": ["The piano roll: time to the right, pitch upwards"],
    },
    "crowded": {"the other melody": lambda: compose(tune=1, harmony=2, step=33)},
}
