"""The speak lab: its sounds are the voice's own, and on a live kernel it says any text of known words."""

from __future__ import annotations

import base64
from itertools import pairwise

import numpy as np
import pytest
import torch

from armod.course.labs import speak_lab
from armod.course.labs.speak import live
from armod.course.labs.speak.facts import Request, Said
from armod.course.labs.speak.lab import speak_page
from armod.course.labs.speak.live import LiveSpeakLab
from armod.course.labs.speak.making import PART, TEMPERATURE, plan_of, say_all, say_slowly
from armod.sound import decode
from armod.speech import speak, voice
from tests.course.labs.speak.cases import SAID

TWO = Request("two", 200, 100)  # a quarter of a second


def test_the_sound_is_that_of_speak() -> None:
    """Levels written for the page are decoded to the very wave."""
    (said,) = say_all([TWO], seed=3).values()
    wave = speak("two", speed=2.0, temperature=TEMPERATURE, generator=torch.Generator().manual_seed(3))
    assert np.abs(said.wave - wave.numpy()).max() < 1e-3
    assert said.phones == ("SIL", "T", "UW", "SIL")


def test_parts_come_while_the_sound_is_made_and_are_the_whole_of_it() -> None:
    """Each as soon as it is there; together they are `sample` with the same noise."""
    plan, parts = plan_of(TWO), []
    said = say_slowly(plan, lambda begin, levels: parts.append((begin, levels.copy())), seed=4)
    assert [begin for begin, _ in parts] == [*range(0, len(said.levels), PART)]
    assert (np.concatenate([levels for _, levels in parts]) == said.levels).all()
    x = voice().vocoder.sample(
        1,
        plan.features[None],
        length=len(said.levels),
        temperature=TEMPERATURE,
        generator=torch.Generator().manual_seed(4),
    )
    assert x[0].tolist() == said.levels.tolist()


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda: speak_lab(()), "needs a list of texts, at least one"),
        (lambda: speak_lab("two"), "needs a list of texts"),
        (lambda: speak_lab(["xyzzy two"]), "does not know 'xyzzy'"),
        (lambda: speak_lab(["two"], speed=90), r"speed is one of 75, 100, 150; got 90\."),
        (lambda: speak_lab(["two"], pitch=0), r"pitch is one of 75, 100, 150; got 0\."),
        (lambda: Said(("T",), (1, 2), np.zeros(240, np.uint8)), "a duration for each phone"),
        (lambda: Said(("T",), (1,), np.zeros(79, np.uint8)), "80 levels for each hundredth"),
    ],
)
def test_what_it_cannot_say_is_refused_in_one_sentence(call, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        call()


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """The vocoder's place is taken: what it draws is tested above."""

    def say(plan, heard, seed):
        levels = np.arange(80 * sum(plan.frames)).astype(np.uint8)
        for begin, end in pairwise([*range(0, len(levels), PART), len(levels)]):
            heard(begin, levels[begin:end])
        return Said(tuple("T" for _ in plan.phones), tuple(plan.frames), levels)

    monkeypatch.setattr(live, "say_slowly", say)


def watched(lab: LiveSpeakLab) -> list[dict[str, object]]:
    parts: list[dict[str, object]] = []
    lab.observe(lambda change: parts.append(change["new"]), "_part")
    return parts


@pytest.mark.usefixtures("quick")
def test_a_page_asks_the_kernel_and_hears_part_after_part() -> None:
    lab = LiveSpeakLab(SAID, speak_page, Request("two"))
    parts = watched(lab)
    lab.set_state({"text": "press 7", "speed": 125, "pitch": 90})
    asked = {"text": "press 7", "speed": 125, "pitch": 90}
    assert len(parts) > 5 and all(asked.items() <= part.items() for part in parts)
    levels = b"".join(base64.b64decode(part["levels"]) for part in parts)
    assert np.frombuffer(levels, np.uint8).tolist() == lab.said[Request(**asked)].levels.tolist()
    assert "“press 7” is" in lab.tabled().text  # what stays in the saved notebook
    parts.clear()
    lab.set_state({"text": "two", "speed": 100, "pitch": 100})  # the page has it
    assert parts == []
    for _ in range(
        2
    ):  # a page that was opened anew asks for what was made before: told at once, and each time
        lab.set_state(asked)
    assert [base64.b64decode(part["levels"]) for part in parts] == [levels, levels]


@pytest.mark.usefixtures("quick")
def test_unknown_words_and_long_texts_are_refused_by_the_kernel_too() -> None:
    lab = LiveSpeakLab(SAID, speak_page, Request("two"))
    parts = watched(lab)
    lab.set_state({"text": "xyzzy"})
    assert parts[-1]["problem"].startswith("The table of pronunciations does not know 'xyzzy'")
    lab.set_state({"text": "seven " * 60})
    assert parts[-1]["problem"] == "The speak lab says texts of up to 12 seconds"
    assert set(lab.said) == set(SAID) and "“two” is" in lab.tabled().text
    with pytest.raises(ValueError, match="does not know 'plugh'"):
        lab.text = "plugh"
    with pytest.raises(ValueError, match="speed is one of 50"):
        lab.speed = 500
    lab.text = "six"  # of Python's side
    assert lab.request == Request("six") and decode(torch.tensor(lab.said[lab.request].levels)).shape[0] > 800
