"""Hostile submissions: no point that was not earned, no way out, nothing left behind."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from armod.course.grading.confinement import probe
from tests.course.grading.arena import HONEST, QUICK, left_behind, marks
from tests.course.grading.attacks import ANSWERS, DEADLY, PATCHES, REPLIES, RESOURCES, replying

REPLIED = {name: replying(text) for name, text in REPLIES.items()}
WRONG = "def double(n): return n\ndef double_all(x): return x\nescaped = True\n"


@pytest.fixture(autouse=True)
def nothing_left_behind(require_program, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    require_program("bubblewrap")
    monkeypatch.setenv(probe.SECRET, "42")
    mounts = Path("/proc/self/mountinfo").read_text()
    yield
    assert left_behind() == []
    assert Path("/proc/self/mountinfo").read_text() == mounts


def points(said: Mapping[str, list[str]], checks: int = 3) -> dict[str, list[str]]:
    """The exercises that got a point for one of the first ``checks``."""
    return {name: words for name, words in said.items() if "" in words[:checks]}


# Some spoil what comes after them: these orders leave each its effect.
GENTLE = ("numpy.testing", "a module on the path", "the codec")
ROUGH = ("input transformers", "the tree", "user expressions", "the shell", "the kernel's replies")


def test_lies_get_no_point() -> None:
    sources = {name: "escaped = True\n" + source for name, source in ANSWERS.items()}
    sources |= {name: WRONG + PATCHES[name] for name in GENTLE}
    sources |= {name: WRONG + source for name, source in REPLIED.items()}
    sources |= {name: WRONG + PATCHES[name] for name in ROUGH}
    outcome, said = marks(sources)
    assert list(said) == list(sources)
    assert points(said) == {}
    assert outcome.restarts == 0


def test_nothing_escapes_and_resources_are_limited() -> None:
    """The attacks that the doctor tries, of each promise in a cell, from where students' code runs."""
    with probe.bait(QUICK) as outside:
        cells = {
            promise: f"{probe.INSIDE}\nescaped = succeeded({outside!r}, {attacks!r})\n"
            for promise, attacks in probe.attacks().items()
        }
        outcome, said = marks({"before": HONEST, **cells, **RESOURCES, "after": HONEST})
    assert said.pop("before") == said.pop("after") == ["", "", ""], outcome.troubles
    assert {name: words[2] for name, words in said.items() if words[2]} == {}
    assert outcome.troubles == []


QUICKLY_DEADLY = ("leaves at once", "shared memory", "full sockets", "a flood at the examiner")


def test_what_dies_takes_nothing_with_it() -> None:
    deadly = {name: DEADLY[name] for name in QUICKLY_DEADLY}
    outcome, said = marks({"first": HONEST, **deadly, "last": HONEST})
    assert said.pop("first") == said.pop("last") == ["", "", ""], outcome
    assert points(said) == {}
    *certain, flood = [trouble.message for trouble in outcome.troubles]
    too_much = "it used more memory than 943,718,400 bytes"
    assert certain == ["it ended the kernel", too_much, too_much]
    assert flood in (too_much, "it flooded the examiner with messages")  # whichever is seen first


@pytest.mark.slow
@pytest.mark.parametrize(
    "source",
    [
        pytest.param(source, id=name)
        for table in (ANSWERS, REPLIED, PATCHES, RESOURCES, DEADLY)
        for name, source in table.items()
    ],
)
def test_each_alone(source: str) -> None:
    begun = time.monotonic()
    outcome, said = marks({"before": HONEST, "attack": WRONG + source})
    assert time.monotonic() - begun < QUICK.notebook_seconds + 5
    assert said.pop("before") == ["", "", ""], outcome
    assert points(said, 2) == {}
