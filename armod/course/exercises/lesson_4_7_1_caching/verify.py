"""Exercise 2: what one verification makes final, and how many of them there can be."""

from __future__ import annotations

from math import ceil

import numpy as np

from armod.course.exercises import Exercise

caching_verify = Exercise(
    name="caching-verify",
    number=2,
    title="What may be believed",
    difficulty="easy",
    minutes=8,
    names=("num_final", "fewest_passes", "most_passes"),
    hints=(
        "The first drawn level has seen nothing but final levels. Which levels has the second one seen?",
        "As long as guesses and draws agree, every draw has seen the truth. The first draw that differs from its guess has "
        "seen only right guesses, so it is right itself. The next one has not.",
        "Count how many of the first guesses agree, without a gap, and add 1. At best a pass makes `window + 1` variables "
        "final, at worst a single one.",
    ),
)


def num_final(guesses: list[int], drawn: list[int]) -> int:
    """The common beginning, and one more."""
    return _common(guesses, drawn) + 1


def fewest_passes(num_variables: int, window: int) -> int:
    """Every pass makes `window + 1` variables final."""
    return ceil(num_variables / (window + 1))


def most_passes(num_variables: int, window: int) -> int:
    """Every pass makes a single variable final, the first one."""
    return num_variables


def _common(guesses: list[int], drawn: list[int]) -> int:
    agree = [guess == draw for guess, draw in zip(guesses, drawn, strict=False)]
    return agree.index(False) if False in agree else len(agree)


def _rounds(generator: np.random.Generator) -> list[tuple[list[int], list[int]]]:
    """Guesses with none, some and all right; and right ones behind a wrong one."""
    found = []
    for first_wrong in (0, 2, 5):
        drawn = generator.integers(0, 4, 6)
        guesses = drawn[:5].copy()
        guesses[first_wrong:] += generator.integers(0, 2, 5 - first_wrong)
        if first_wrong < 5:
            guesses[first_wrong] = drawn[first_wrong] + 1
        found.append((guesses.tolist(), drawn.tolist()))
    return found


def _sizes(generator: np.random.Generator) -> list[tuple[int, int]]:
    return [(12, 3), (int(generator.integers(13, 30)), int(generator.integers(2, 6))), (7, 9)]


caching_verify.asks(
    num_final,
    "how many levels become final",
    points=2,
    instances=_rounds,
    wrong={
        "You count the guesses that were right. If the first one is wrong that is 0, and the loop never ends. Is the first draw wrong, too?": _common,
        "You count right guesses behind a wrong one, too. What had they seen when they were drawn?": lambda guesses, drawn: 1 + sum(g == d for g, d in zip(guesses, drawn, strict=False)),
        "You believe everything that was drawn. What has the draw behind a wrong guess seen?": lambda guesses, drawn: len(drawn),
        "You stop after the last guess. There is one more draw, and if all guesses are right it has seen the truth.": lambda guesses, drawn: min(num_final(guesses, drawn), len(guesses)),
        "That is always safe, but where guesses are right you may believe more.": lambda guesses, drawn: 1,
    },
    otherwise="Go from left to right: has this draw seen only levels that are final?",
)  # fmt: skip
caching_verify.asks(
    fewest_passes,
    "the fewest passes",
    instances=_sizes,
    wrong={
        "A pass with `window` right guesses makes more than `window` variables final.": lambda num, window: ceil(num / window),
        "The remainder needs a pass, too.": lambda num, window: num // (window + 1),
        "If the division leaves no remainder, there is no last pass for one.": lambda num, window: num // (window + 1) + 1,
    },
    otherwise="If every guess is right, how many variables does a pass make final?",
)  # fmt: skip
caching_verify.asks(
    most_passes,
    "the most passes",
    instances=_sizes,
    wrong={
        "That would be so if the last pass only confirmed what is known. Is the last variable not final with its draw?": lambda num, window: num + 1,
        "The window does not help a guesser that is always wrong. And it does not hurt.": (lambda num, window: num * (window + 1), lambda num, window: ceil(num / window)),
        "That is the best case.": fewest_passes,
    },
    otherwise="If every guess is wrong, how many variables does a pass make final?",
)  # fmt: skip
