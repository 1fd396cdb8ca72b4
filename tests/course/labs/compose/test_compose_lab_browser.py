"""The compose lab in Chromium: melodies are written by keys, mouse and finger, and what is played is what is on the roll."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from playwright.sync_api import Browser, Page, expect

from armod.course.labs.compose.lab import compose_page
from tests.browser.widgets import drawing, says, turn
from tests.course.labs.compose.cases import MELODIES, compose, compose_state

pytestmark = pytest.mark.browser

# A sound card that writes down what it would play.
RECORDER = """window.AudioContext = class extends OfflineAudioContext {
    constructor() { super(1, 8000 * 4, 8000); window.recorder = this; }
    close() { window.hushed = true; }
}"""


def written(page: Page) -> str:
    """The melody that the page would hand to Python."""
    fold = page.locator("details")
    if not fold.evaluate("each => each.open"):
        page.locator("summary").click()
    expect(page.locator("details code")).not_to_be_empty()  # it is written when the fold has opened
    text = page.locator("details code").text_content()
    assert text.startswith("from armod.course.labs.compose.lab import compose\ncompose(")
    return text.split("compose(")[1][:-1]


def place(page: Page, step: float, pitch: int) -> tuple[float, float]:
    box = page.locator("svg.armod-plot").bounding_box()
    cell = (int(box["width"]) - 36) / 64
    return box["x"] + 34 + (step + 0.5) * cell, box["y"] + 6 + (81 - pitch + 0.5) * 8


def test_every_state_says_what_python_says_and_shows_other_notes(show) -> None:
    page, seen = show(compose()), set()
    for tune, harmony, step in itertools.product(range(2), range(3), (0, 2, 63)):
        turn(page, "Melody", list(MELODIES)[tune])
        turn(page, "Harmony", harmony + 1)
        turn(page, "Step", step + 1)
        says(page, compose_state(tune, harmony, step))
        seen.add(drawing(page))
    assert len(seen) == 18
    assert written(page) == str(MELODIES["a call"])


def test_a_melody_is_written_by_the_keyboard_alone(show) -> None:
    page = show(compose())
    page.get_by_label("Length", exact=True).focus()
    for _ in range(2):  # past the button
        page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.classList.contains('armod-plot')")
    for key in ("ArrowDown", "Space", "ArrowUp", "Space", "Delete"):
        page.keyboard.press(key)
    assert written(page) == "[(71, 4), (72, 4), (None, 4), (72, 4)]"
    assert page.locator(".finding").text_content() == "Your melody has 3 notes, and no harmony yet"
    assert "Python makes one" in page.locator(".detail").text_content()
    assert page.get_by_label("Harmony", exact=True).is_disabled()
    assert page.locator("rect.alto, rect.tenor, rect.bass").count() == 0
    page.locator("svg.armod-plot").press("Escape")
    says(page, compose_state(0, 0, 12))


@pytest.mark.parametrize("pointer", ["mouse", "finger"])
def test_a_melody_is_drawn_and_a_note_that_is_pressed_goes(show, pointer: str) -> None:
    page = show(compose())

    def drag(*places: tuple[float, int]) -> None:
        kind = "mouse" if pointer == "mouse" else "touch"
        for name, at in zip(["pointerdown", *["pointermove"] * (len(places) - 1)], places, strict=True):
            x, y = place(page, *at)
            event = {"clientX": x, "clientY": y, "pointerId": 1, "pointerType": kind, "bubbles": True}
            page.locator("svg.armod-plot").dispatch_event(name, event)
        page.locator("svg.armod-plot").dispatch_event("pointerup", {"pointerId": 1, "bubbles": True})

    page.evaluate("Element.prototype.setPointerCapture = () => {}")  # these pointers are not pressed
    drag((20, 69), (25, 69), (31, 69))
    assert written(page) == "[(67, 4), (69, 4), (71, 4), (72, 4), (None, 4), (69, 12)]"
    drag((2.2, 64))  # in the first note: its first half stays
    assert written(page).startswith("[(67, 2), (64, 4), (69, 2), (71, 4)")
    drag((3, 64))
    assert written(page).startswith("[(67, 2), (None, 4), (69, 2), (71, 4)")
    turn(page, "Melody", "a call")
    says(page, compose_state(1, 0, 2))


def test_what_is_played_are_the_notes_of_the_roll(browser: Browser) -> None:
    """The sound is rendered and its spectrum read: every note of the first chord, and no other pitch of the octave."""
    page = browser.new_page()
    page.add_init_script(RECORDER)
    page.goto("about:blank")
    page.set_content(compose().html)
    play = page.get_by_role("button", name="Play")
    expect(page.locator(".finding")).not_to_be_empty()
    assert page.evaluate("window.recorder") is None  # nothing sounds before it is asked to
    play.click()
    expect(page.get_by_role("button", name="Stop")).to_be_visible()
    sound = np.array(
        page.evaluate("recorder.startRendering().then(heard => Array.from(heard.getChannelData(0)))")
    )
    assert 0.1 < abs(sound).max() < 1
    scale = compose_state().shown.scores
    beat = 60 / 84
    for number in range(4):  # the middle of each quarter note
        begin = 0.05 + number * beat
        part = sound[int((begin + 0.2) * 8000) : int((begin + beat - 0.05) * 8000)]
        loud = abs(np.fft.rfft(part * np.hanning(len(part)), 1 << 16))
        hertz = np.fft.rfftfreq(1 << 16, 1 / 8000)

        def near(pitch: float, loud=loud, hertz=hertz) -> float:
            frequency = 440 * 2 ** ((pitch - 69) / 12)
            return float(loud[abs(hertz - frequency) < 0.01 * frequency].max())

        sounding = set(scale.pitches[0, :, 4 * number + 3].tolist()) - {-1}
        soprano = int(scale.pitches[0, 0, 4 * number])
        assert near(soprano) > 4 * max(near(soprano - 1.5), near(soprano + 1.5)), number
        assert all(near(pitch) > 0.15 * loud.max() for pitch in sounding), number
    expect(play).to_be_visible()  # the time of the recorder is at its end by now, and so is the melody
    assert page.evaluate("window.hushed") and page.locator("rect.now").count() == 0
    page.close()


def test_without_a_sound_card_the_lab_says_so(show) -> None:
    page = show(compose_page(compose_state().tunes, step=3))
    page.evaluate("delete window.AudioContext")
    page.get_by_role("button", name="Play").click()
    assert page.locator(".finding").text_content() == "nothing to hear"
