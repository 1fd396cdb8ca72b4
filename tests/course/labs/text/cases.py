"""A small stream of text for the tests of the text lab: six symbols, four steps, three that can be forced at each."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from armod.course.labs import Widget
from armod.course.labs.text.facts import TextFacts
from armod.course.labs.text.lab import text_page

SYMBOLS = (" ", "\n", "a", "b", "the ", "o,")
COSTS = torch.randint(4, 60, (4, 6), generator=torch.Generator().manual_seed(3)).byte().numpy()
COSTS[1, 2] = COSTS[1, 3] = 10  # a tie
LEVELS = np.array([4, 2, 1, 5])
MORE = tuple(tuple(f"more {step}{choice}\nand on" for choice in "abc") for step in range(4))


def text_state(*knobs: int) -> TextFacts:
    """Knobs: step, choice, temperature, top_k, top_p."""
    return TextFacts(SYMBOLS, "To be\nor ", LEVELS, COSTS, MORE, *knobs)


def text(**knobs: int) -> Widget:
    return text_page(text_state(), **knobs)


# what tests/course/labs/cases.py knows of it
TEXT_CASE: dict[str, Any] = {
    "make": text,
    "most_bytes": 70_000,
    "setting": lambda: text(step=1, choice=2, temperature=7, top_k=4, top_p=90),
    "description": lambda: text_state(1, 2, 7, 4, 90).description,
    "refused": (
        ((), {"step": 4}, r"step is one of 0, 1, 2, 3; got 4\."),
        ((), {"choice": 4}, r"choice is one of 0, 1, 2, 3; got 4\."),
        ((), {"temperature": 0}, r"temperature is one of 1, .*; got 0\."),
        ((), {"top_k": 7}, r"top_k is one of 1, .*; got 7\."),
        ((), {"top_p": 0}, r"top_p is one of 5, .*; got 0\."),
    ),
}
TEXT_LOOK: dict[str, Any] = {
    "make": lambda: text(step=2, temperature=3, top_k=2),
    "name": "Text lab: what comes next, and three knobs",
    "slider": "Temperature",
    "num_keyed": 9,
    "roles": lambda: {
        "slider": ["Step", "Temperature", "Top-k", "Top-p", "Forced"],
        "button": ["← Back", "Step →", "Play"],
    },
    "crowded": {"few stay": lambda: text(step=1, choice=2, temperature=3, top_k=3)},
}
