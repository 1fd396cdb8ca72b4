"""Small images for the tests of the paint lab: two of 12 x 14 pixels, three holes, two methods, six completions of each."""

from __future__ import annotations

from typing import Any

import torch

from armod.course.labs import Widget, paint_lab
from armod.course.labs.paint.facts import PaintFacts

_GENERATOR = torch.Generator().manual_seed(10)
_PLACE = torch.arange(12 * 14).view(12, 14)
DIGITS = (torch.rand(2, 12, 14, generator=_GENERATOR) < 0.3).numpy()
HOLES = torch.stack([_PLACE < 84, _PLACE % 14 > 8, _PLACE % 5 == 0]).numpy()
_DRAWN = (torch.rand(2, 3, 2, 6, 12, 14, generator=_GENERATOR) < 0.4).numpy()
_HIDDEN = HOLES[None, :, None, None]
COMPLETIONS = (_DRAWN & _HIDDEN) | (DIGITS[:, None, None, None] & ~_HIDDEN)
NATS = torch.rand(2, 3, 2, generator=_GENERATOR).double().mul(40).round(decimals=1).numpy()
METHODS = ("raster", "told the mask")


def paint_state(*knobs: int) -> PaintFacts:
    """Knobs: digit, hole, method."""
    return PaintFacts(DIGITS, HOLES, COMPLETIONS, NATS, METHODS, *knobs)


def paint(**knobs: int) -> Widget:
    return paint_lab(DIGITS, HOLES, COMPLETIONS, NATS, methods=METHODS, **knobs)


# what tests/course/labs/cases.py knows of it
PAINT_CASE: dict[str, Any] = {
    "make": paint,
    "most_bytes": 80_000,
    "setting": lambda: paint(digit=1, hole=2, method=1),
    "description": lambda: paint_state(1, 2, 1).description,
    "refused": (
        ((), {"digit": 2}, r"digit is one of 0, 1; got 2\."),
        ((), {"hole": 3}, r"hole is one of 0, 1, 2; got 3\."),
        ((), {"method": -1}, r"method is one of 0, 1; got -1\."),
    ),
}
PAINT_LOOK: dict[str, Any] = {
    "make": lambda: paint(hole=2),
    "name": "Paint lab: a hole in a digit, and what may have been there",
    "slider": "Hole",
    "num_keyed": 4,
    "roles": lambda: {
        "slider": ["Digit", "Hole"],
        "combobox": ["Method"],
        "group": ["The digit, its hole, and completions"],
    },
    "crowded": {"a half": lambda: paint(digit=1, method=1)},
}
