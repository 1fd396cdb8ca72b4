"""A class that is marked while workers, what forks them, and coordinators are killed gets the marks of one that is left in peace.

In real jails, with hidden checks, hostile notebooks and files that are none. ``ARMOD_TEST_CLASS=300`` makes the class smaller.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from armod.course.commands.main import main
from armod.course.grading.marks import record
from tests.course.grading import attacks
from tests.course.grading.handed_in import cell, tagged, write
from tests.course.grading.test_grade import members

SIZE = int(os.environ.get("ARMOD_TEST_CLASS", "1000"))
MOST = SIZE / 25  # seconds from a step that is done to a kill
ANSWERS = (
    "def mean(numbers): return sum(numbers) / len(numbers)",
    "def mean(numbers): return sum(numbers)",
    "def mean(numbers): return sum(numbers) // len(numbers)",
    # right where anybody can look, and wrong where nobody can
    "def mean(numbers): return sum(numbers) / max(2, len(numbers))",
    "def mean(numbers): return",
)
HOSTILE = [
    source for table in (attacks.DEADLY, attacks.PATCHES, attacks.ANSWERS) for source in table.values()
]


def is_hostile(number: int) -> bool:
    return number % 25 == 3


@pytest.mark.slow
@pytest.mark.timeout(7200)
def test_a_class_survives_kills_of_workers_and_coordinators(require_program: Any, tmp_path: Path) -> None:
    require_program("bubblewrap")
    course, folder = tmp_path / "course", tmp_path / "class"
    made = CliRunner().invoke(
        main, ["exercise", "new", "mean", "--notebook", "week_1", "--course", str(course)]
    )
    assert made.exit_code == 0, made.output
    hand_in(folder, course / "released" / "week_1.ipynb")
    calm, killed = tmp_path / "calm", tmp_path / "killed"
    assert run(course, folder, calm).wait() == 0

    rng, kills = random.Random(1), Counter[str]()
    while (going := run(course, folder, killed)) and not survived(going, killed, rng, kills):
        pass
    print(f"{SIZE} submissions: {dict(kills)} killed; {told(calm)}")
    assert going.returncode == 0
    assert kills["coordinator"] >= SIZE // 100 and kills["worker"] >= SIZE // 25
    assert not list(killed.glob(".*.part"))
    assert len(marks(calm)) == SIZE
    assert marks(killed) == marks(calm)
    assert (killed / record.CLASS).read_text() == (calm / record.CLASS).read_text()


def hand_in(folder: Path, released: Path) -> None:
    """Answers that get all, some and no points; nothing, half a file and attacks among them."""
    notebook = json.loads(released.read_text())
    for number in range(SIZE):
        found = json.loads(json.dumps(notebook))
        if number % 7:
            tagged(found, "answer:mean")["source"] = ANSWERS[number % len(ANSWERS)]
        if is_hostile(number):
            found["cells"].append(cell(HOSTILE[number // 25 % len(HOSTILE)]))
        write(folder / f"student-{number}.ipynb", "{" if number % 40 == 0 else found)


def run(course: Path, folder: Path, out: Path) -> subprocess.Popen[bytes]:
    """`armod grade`, in a session of its own."""
    program = "from armod.course.commands.main import main; main()"
    arguments = ["grade", str(folder), "--course", str(course), "--out", str(out), "--jobs", "2"]
    arguments += ["--cell-timeout", "5"]
    return subprocess.Popen(
        [sys.executable, "-c", program, *arguments],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def survived(going: subprocess.Popen[bytes], out: Path, rng: random.Random, kills: Counter[str]) -> bool:
    """Kill all that helps it, twice, and then itself, each some time after it got on; whether it ended well before."""
    for victim in ("worker", "worker", "coordinator"):
        before = progress(out)
        try:
            while progress(out) == before:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    return going.wait(0.2) == 0
            return going.wait(rng.uniform(0, MOST)) == 0
        except subprocess.TimeoutExpired:
            chosen = {going.pid} if victim == "coordinator" else set(members(going.pid)) - {going.pid}
            for process in chosen:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(process, signal.SIGKILL)
                    kills[victim] += 1
    going.wait()
    # what the killed one had started ends by itself
    deadline = time.monotonic() + 60
    while members(going.pid):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    return False


def progress(out: Path) -> set[tuple[str, int]]:
    """Which records there are, and when each was written."""
    return {(path.name, path.stat().st_mtime_ns) for path in out.glob("*.json")}


def marks(out: Path) -> dict[str, str]:
    """Each record of the class but its times; of what floods this or that, which limit it met first is chance."""
    found = {}
    for line in record.read_class(out):
        data = json.loads((out / f"{line['record']}.json").read_text())
        data.pop("times")
        if is_hostile(int(line["student"].removeprefix("student-"))):
            data.pop("flags")
        found[line["student"]] = json.dumps(data, sort_keys=True)
    return found


def told(out: Path) -> dict[str, int]:
    """How many have how many points."""
    found = [record.Record.from_data(json.loads(path.read_text())) for path in out.glob("*.json")]
    return dict(
        Counter(f"{one.points} points" if one.status == record.MARKED else one.status for one in found)
    )
