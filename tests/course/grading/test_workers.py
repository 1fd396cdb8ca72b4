"""Processes that mark: each has a core of its own, which whoever follows a dead one takes over."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

from armod.course.grading.workers import Workers
from tests.harness.patience import wait_until


def note(step: tuple[str, str, int]) -> None:
    folder, name, jobs = step
    if name == "deadly" and not Path(folder, "died").exists():
        Path(folder, "died").touch()
        os.kill(os.getpid(), signal.SIGKILL)
    begun = time.monotonic()
    Path(folder, f"{name} has begun").touch()
    wait_until(lambda: len([*Path(folder).glob("* has begun")]) >= jobs)  # so many are at work at a time
    cores = "-".join(map(str, sorted(os.sched_getaffinity(0))))
    Path(folder, name).write_text(f"{cores} {begun} {time.monotonic()}")


def noted(folder: Path, jobs: int) -> list[tuple[str, float, float]]:
    folder.mkdir()
    steps = [(str(folder), name, jobs) for name in ("deadly", "second", "third", "fourth")]
    with Workers(note, jobs=jobs) as workers:
        assert {problem for _, problem in workers.run(steps)} == {None}
    found = []
    for _, name, _ in steps:
        cores, begin, end = (folder / name).read_text().split()
        found.append((cores, float(begin), float(end)))
    return found


def test_those_that_work_at_the_same_time_have_different_cores(tmp_path: Path) -> None:
    mine = sorted(os.sched_getaffinity(0))
    assert {cores for cores, *_ in noted(tmp_path / "one", 1)} == {"-".join(map(str, mine))}
    found = noted(tmp_path / "two", 2)
    assert {cores for cores, *_ in found} == set(map(str, mine[:2]))
    if len(mine) == 1:
        return
    for first, (cores, begin, end) in enumerate(found):
        for other, other_begin, other_end in found[first + 1 :]:
            if begin < other_end and other_begin < end:
                assert cores != other
