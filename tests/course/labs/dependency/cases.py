"""What the tests of every lab must know of the dependency lab."""

from __future__ import annotations

from typing import Any

from armod import MADE, WaveNet, likelihoods, orderings
from armod.course.labs import Widget, dependency_lab
from armod.course.labs.dependency.facts import DependencyFacts, dependencies


def tangled() -> MADE:
    """A MADE of 4 x 4 pixels in a random ordering, with some pairs unseen."""
    order = orderings.random((1, 4, 4), seed=1)
    return MADE((1, 4, 4), [20], likelihood=likelihoods.Bernoulli(), ordering=order)


def dependency(**options: int) -> Widget:
    return dependency_lab(tangled(), **options)


# what tests/course/labs/cases.py knows of it
DEPENDENCY_CASE: dict[str, Any] = {
    "make": dependency,
    "most_bytes": 80_000,
    "setting": lambda: dependency(output=5),
    "description": lambda: DependencyFacts(dependencies(tangled(), "lab"), 5).description,
    "refused": (
        ((), {"output": 16}, r"In the dependency lab, output is one of 0, .*; got 16\."),
        ((), {"output": -1}, r"output is one of 0, .*; got -1\."),
    ),
}
DEPENDENCY_LOOK: dict[str, Any] = {
    "make": lambda: dependency(output=6),
    "name": "Dependency lab: what the oracle finds in this MADE",
    "slider": "Column",
    "num_keyed": 4,
    "roles": lambda: {
        "slider": ["Row", "Column"],
        "combobox": ["Rows and columns"],
        "button": ["Chosen: row 2, column 3. Arrow keys choose another."],
    },
    "crowded": {
        "a sequence": lambda: dependency_lab(
            WaveNet((40,), 2, dilations=[1, 4], likelihood=likelihoods.Bernoulli())
        )
    },
}
