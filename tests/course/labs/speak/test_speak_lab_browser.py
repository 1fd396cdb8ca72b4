"""The speak lab in Chromium: typed texts, a wave that grows, sound that is not silent, and a kernel that sends parts."""

from __future__ import annotations

import base64
import itertools
import re

import numpy as np
import pytest
import torch
from playwright.sync_api import Page, expect

from armod.course.labs.sound_player import wav
from armod.course.labs.speak.facts import Request
from armod.course.labs.speak.lab import speak_page
from armod.course.labs.speak.live import LiveSpeakLab
from armod.speech.text import PAUSE, pronunciations, words
from tests.browser.widgets import drawing, says, turn
from tests.course.labs.speak.cases import PHONES, SAID, speak, speak_state

pytestmark = pytest.mark.browser
TEXT = "Text, yours or a prepared one"
# a model that remembers what the page asks for; the test plays the kernel
KERNEL = """([token, data]) => {
    const heard = new Map();
    window.kernel = { state: { _data: data, _part: {}, _token: token, ...data.start }, saved: 0,
        get: name => window.kernel.state[name], set: (name, value) => { window.kernel.state[name] = value },
        save_changes: () => { window.kernel.saved += 1 },
        follow: name => (heard.get(`change:${name}`) ?? []).forEach(react => react()),
        on: (name, react) => heard.set(name, [...(heard.get(name) ?? []), react]), off: () => {},
        tell: part => { window.kernel.state._part = part; window.kernel.follow("_part") } };
    armodModels.set(token, window.kernel);
    dispatchEvent(new Event(`armod-live-${token}`));
}"""


def type_text(page: Page, text: str) -> None:
    page.get_by_label(TEXT, exact=True).fill(text)
    page.keyboard.press("Enter")


def finding(page: Page) -> str:
    return page.locator(".finding").text_content()


def test_every_prepared_sound_is_said_and_its_levels_are_heard(show) -> None:
    """The page's file is the one that Python writes, to the last bit but one."""
    page = show(speak())
    for text, speed, pitch in itertools.product(PHONES, (100, 125, 150), (75, 100)):
        turn(page, "Prepared", text)
        turn(page, "Speed", (100, 125, 150).index(speed))
        turn(page, "Pitch", (75, 100).index(pitch))
        facts = speak_state(text, speed, pitch)
        says(page, facts)
        file = base64.b64decode(page.locator("audio").get_attribute("src").split(",")[1])
        due = wav(torch.from_numpy(facts.shown.wave), 8000)
        assert file[:44] == due[:44]
        apart = np.frombuffer(file[44:], "<i2").astype(int) - np.frombuffer(due[44:], "<i2")
        assert np.abs(apart).max() <= 1
    assert page.locator("audio").evaluate("node => node.error") is None


def test_a_typed_text_is_spoken_by_the_keyboard_alone_and_its_wave_grows(show) -> None:
    page = show(speak())
    whole = drawing(page)
    type_text(page, "six")
    expect(page.locator(".finding")).to_have_text(
        speak_state("six").finding
    )  # it ends by itself, with the whole wave
    page.get_by_label(TEXT, exact=True).fill("two")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator(".finding")).to_have_text(speak_state("two").finding)
    assert drawing(page) == whole
    # the clock is stopped, so that the beginning can be seen
    page.evaluate("window.setInterval = () => 0")
    page.keyboard.press("Enter")
    assert finding(page).startswith("0 of ") and drawing(page) != whole


def test_unknown_words_are_named_in_one_sentence_as_python_names_them(show) -> None:
    page = show(speak())
    for text in (
        "two xyzzy, plugh",
        "Press 1,260 or #; don't p.m. Zork's",
        "the letter a.m. ... frobnicate!",
        "q w 7%",
        "a na\u00efve nai\u0308ve \u00e9t\u00e9 for $5, \u0663 or \u00bd x\u00b2",
    ):
        type_text(page, text)
        unknown = sorted({word for word in words(text) if word != PAUSE and word not in pronunciations()})
        if unknown:
            assert re.findall("“(.*?)”", finding(page)) == unknown
            assert "does not know" in finding(page)
        else:
            assert finding(page) == f"This page holds no sound of “{text}” at speed 1.00 and pitch 1.00"
        expect(page.locator(".detail")).to_contain_text("With a kernel, the lab speaks any text")
        assert page.locator("audio").is_hidden()
    type_text(page, " ... ")
    assert finding(page) == "There is no word to speak in this text"


def test_a_kernel_is_asked_and_the_wave_grows_as_its_parts_arrive(show) -> None:
    lab = LiveSpeakLab(SAID, speak_page, Request("two"))
    page = show(lab.tabled().__class__(lab._repr_mimebundle_()["text/html"], "a live lab"))
    page.evaluate(KERNEL, [lab._token, lab._data])
    expect(page.locator(".detail")).to_contain_text("type a text of them")
    type_text(page, "press two")
    assert finding(page) == "“press two” is being planned"
    asked = {"text": "press two", "speed": 100, "pitch": 100}
    state = page.evaluate("kernel.state")
    assert asked.items() <= state.items() and page.evaluate("kernel.saved") == 1
    levels = np.arange(800).astype(np.uint8)
    plan = {**asked, "phones": ["SIL", "T"], "frames": [4, 6]}
    seen = set()
    for begin in (0, 400):
        part = base64.b64encode(levels[begin : begin + 400].tobytes()).decode()
        page.evaluate("part => kernel.tell(part)", {**plan, "begin": begin, "levels": part})
        seen.add(drawing(page))
        if begin == 0:
            assert finding(page) == "400 of 800 samples of “press two” are made"
            assert page.locator("audio").is_hidden()
    expect(page.locator(".finding")).to_have_text("“press two” is 0.10 seconds of sound, 800 samples")
    assert len(seen) == 2 and page.locator("audio").is_visible()
    turn(page, "Speed", 3)  # a knob of the kernel: 65 percent
    assert page.evaluate("kernel.state.speed") == 65
    page.evaluate("part => kernel.tell(part)", {**asked, "speed": 65, "problem": "No voice today"})
    assert finding(page) == "No voice today"
    # Python sets a knob: the page follows, and asks for nothing
    saved = page.evaluate("kernel.saved")
    page.evaluate(
        "() => { Object.assign(kernel.state, { text: 'six', speed: 150, pitch: 75 }); kernel.follow('text') }"
    )
    says(page, speak_state("six", 150, 75))
    assert (
        page.get_by_label(TEXT, exact=True).input_value() == "six" and page.evaluate("kernel.saved") == saved
    )
