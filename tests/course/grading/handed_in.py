"""Notebooks as students hand them in, made from the released one of a short lesson."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from armod.course.grading.intake.submissions import Submission
from tests.checkout import CHECKOUT

LESSON = "4_1_chain_rule"
NOTEBOOKS = CHECKOUT / "notebooks"
RELEASES = NOTEBOOKS / "exercises"
RIGHT = NOTEBOOKS / "solutions" / f"{LESSON}.ipynb"
UNTOUCHED = RELEASES / f"{LESSON}.ipynb"


def document(path: Path = UNTOUCHED) -> dict[str, Any]:
    """The JSON of a notebook."""
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


def cell(source: str, *tags: str, kind: str = "code", identity: str = "own") -> dict[str, Any]:
    """A cell of the student's own."""
    made: dict[str, Any] = {
        "cell_type": kind,
        "id": identity,
        "metadata": {"tags": list(tags)},
        "source": source,
    }
    return made | ({"outputs": [], "execution_count": None} if kind == "code" else {})


def index_of(found: dict[str, Any], tag: str) -> int:
    """Where the cell of that tag stands."""
    return next(i for i, c in enumerate(found["cells"]) if tag in c["metadata"].get("tags", []))


def tagged(found: dict[str, Any], tag: str) -> dict[str, Any]:
    """The cell of that tag."""
    chosen: dict[str, Any] = found["cells"][index_of(found, tag)]
    return chosen


def submitted(path: Path) -> Submission:
    """The submission of one student that this file is."""
    return Submission(path.stem, 1, path.name, path)


def write(path: Path, found: Any) -> Path:
    """The file of a notebook, or of whatever stands in its place."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(found, bytes):
        path.write_bytes(found)
    else:
        path.write_text(found if isinstance(found, str) else json.dumps(found), encoding="utf-8")
    return path
