"""Numbers that a lesson shows and does not compute itself, because that takes too long; beside them, who computed them."""

from __future__ import annotations

import json
from importlib import resources
from typing import Any


def measured(name: str) -> list[dict[str, Any]]:
    """The results of an experiment, as its script in `benchmarks/lessons` has kept them.

    Args:
        name: the experiment's name, that of the script.

    Returns:
        One dict for each run.

    Raises:
        ValueError: if there is no such experiment.

    >>> sorted({run["seed"] for run in measured("made_orderings")})
    [0, 1, 2]
    """
    file = resources.files(__name__) / f"{name}.json"
    if not file.is_file():
        raise ValueError(f"There is no experiment {name!r} in armod.course.measured.")
    results: list[dict[str, Any]] = json.loads(file.read_text(encoding="utf-8"))
    return results
