"""Processes that mark: each has a place of its own, which whoever follows a dead one takes over."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

from armod.grading.workers import Workers, place


def note(step: tuple[str, str]) -> None:
    folder, name = step
    if name == "deadly" and not Path(folder, "died").exists():
        Path(folder, "died").touch()
        os.kill(os.getpid(), signal.SIGKILL)
    Path(folder, f"{name} {place()}").touch()
    time.sleep(0.5)  # longer than a process needs to start, so that both are at work


def test_those_that_work_at_the_same_time_have_different_places(tmp_path: Path) -> None:
    assert place() is None
    steps = [(str(tmp_path), name) for name in ("deadly", "second", "third", "fourth")]
    with Workers(note, jobs=2) as workers:
        assert {problem for _, problem in workers.run(steps)} == {None}
    places = {
        path.name.split()[0]: path.name.split()[1] for path in tmp_path.iterdir() if path.name != "died"
    }
    assert sorted(places) == ["deadly", "fourth", "second", "third"]
    assert set(places.values()) == {"0", "1"}
