"""A small network of letters for the tests of the letters lab."""

from __future__ import annotations

from typing import Any

import armod
from armod.course.labs import Widget, letters_lab
from armod.course.labs.letters.facts import LettersFacts
from armod.course.labs.letters.network import Network
from armod.likelihoods import Categorical

SYMBOLS = tuple(".abcdefghijklmnopqrstuvwxyz")


def writer(cell: str = "gru", size: int = 12) -> armod.RecurrentModel:
    """Untrained, but with opinions."""
    model = armod.RecurrentModel((8,), size, cell=cell, likelihood=Categorical(27), seed=3)
    model.head.weight.data *= 6
    return model


def letters(written: str = "", **options: Any) -> Widget:
    return letters_lab(writer(), SYMBOLS, written, end=".", **options)


def letters_state(written: str = "", cell: str = "gru", **knobs: int) -> LettersFacts:
    levels = tuple(SYMBOLS.index(letter) for letter in written)
    return LettersFacts(Network.of(writer(cell)), SYMBOLS, 0, 8, levels, **knobs)


# what tests/course/labs/cases.py knows of it
LETTERS_CASE: dict[str, Any] = {
    "make": letters,
    "most_bytes": 100_000,
    "setting": lambda: letters("mary.jo", noise=3, temperature=7, top_k=9, top_p=90),
    "description": lambda: letters_state("mary.jo", noise=3, temperature=7, top_k=9, top_p=90).description,
    "refused": (
        ((), {"noise": 12}, r"noise is one of 0, .*; got 12\."),
        ((), {"temperature": 0}, r"temperature is one of 1, .*; got 0\."),
        ((), {"top_k": 28}, r"top_k is one of None, 1, .*; got 28\."),
        ((), {"top_p": 4}, r"top_p is one of 5, .*; got 4\."),
        (("Mary",), {}, r"can't write 'M': it is none of the symbols"),
    ),
}
LETTERS_LOOK: dict[str, Any] = {
    "make": lambda: letters("mary.jo", temperature=12),
    "name": "Letters lab: a small network writes letter by letter",
    "slider": "Temperature",
    "num_keyed": 36,
    "roles": lambda: {
        "slider": ["Temperature", "Top-k", "Top-p", "Noise"],
        "button": ["← Back", "Step →", "Play", "Start anew", letters_state("mary.jo", temperature=12).symbol_sentence(1)],
    },
    "crowded": {"few stay": lambda: letters("mary.jo", temperature=3, top_k=3)},
}  # fmt: skip
