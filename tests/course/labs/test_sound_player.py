"""Sounds in the notebook: the file says what the wave says, and a browser can play it."""

import base64
import io
import math
import wave

import pytest
import torch
from bs4 import BeautifulSoup
from playwright.sync_api import Page

from armod.course.labs import sound_player
from armod.figures.sound import wave_figure

RATE = 8000
BEEP = 0.5 * torch.sin(torch.arange(2000) * 2 * math.pi * 440 / RATE)
SOUNDS = {"a beep & <its> echo": BEEP, "quiet": BEEP / 10}


def test_every_sound_comes_back_from_its_address() -> None:
    soup = BeautifulSoup(sound_player(SOUNDS, RATE).html, "html.parser")
    for element, (name, sound) in zip(soup.find_all("audio"), SOUNDS.items(), strict=True):
        kind, content = str(element["src"]).split(",")
        assert kind == "data:audio/wav;base64" and element["aria-label"] == f"{name} (0.25 seconds)"
        with wave.open(io.BytesIO(base64.b64decode(content))) as file:
            assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (RATE, 1, 2)
            heard = torch.frombuffer(bytearray(file.readframes(RATE)), dtype=torch.int16).double() / 32_767
        assert torch.allclose(heard, sound.double(), atol=1 / 65_000)


def test_the_same_sounds_give_the_same_output_and_nothing_plays_by_itself() -> None:
    first, second = (sound_player(SOUNDS, RATE) for _ in range(2))
    assert first == second and "autoplay" not in first.html
    assert str(first) == "Sounds to hear: a beep & <its> echo (0.25 seconds), quiet (0.25 seconds)."


def test_the_loudest_sample_can_be_written() -> None:
    assert "audio" in sound_player({"edges": torch.tensor([-1.0, 1.0])}, RATE).html


def test_the_picture_says_how_long_and_how_loud() -> None:
    picture = wave_figure(SOUNDS, RATE)
    assert picture.table["seconds"] == [0.25, 0.25]
    assert picture.table["loudest"] == pytest.approx([0.5, 0.05], abs=1e-3)
    assert picture.table["power"] == pytest.approx([0.5 / math.sqrt(2), 0.05 / math.sqrt(2)], rel=1e-2)
    assert "quiet, 0.25 seconds, loudest sample 0.05" in str(picture)


@pytest.mark.parametrize(
    ("waves", "message"),
    [
        ({}, "no sound"),
        ({"a": torch.zeros(2, 3)}, r"'a' has shape \(2, 3\)"),
        ({"a": torch.zeros(0)}, r"'a' has shape \(0,\)"),
        ({"a": torch.zeros(3, dtype=torch.uint8)}, "give floats"),
        ({"a": torch.tensor([0.0, 1.5])}, r"leaves \[-1, 1\]"),
        ({"a": torch.tensor([math.nan])}, r"leaves \[-1, 1\]"),
    ],
)
def test_what_is_no_sound_is_refused(waves: dict[str, torch.Tensor], message: str) -> None:
    for show in (sound_player, wave_figure):
        with pytest.raises(ValueError, match=message):
            show(waves, RATE)


def test_a_browser_plays_it(page: Page) -> None:
    page.set_content(sound_player(SOUNDS, RATE).html)
    page.wait_for_function("() => [...document.querySelectorAll('audio')].every(e => e.readyState >= 2)")
    assert page.evaluate("() => [...document.querySelectorAll('audio')].map(e => e.duration)") == [0.25, 0.25]
    played = page.evaluate("""async () => {
        const sound = document.querySelector("audio");
        sound.muted = true;
        await sound.play();
        await new Promise(resolve => sound.addEventListener("ended", resolve));
        return sound.currentTime;
    }""")
    assert played == pytest.approx(0.25, abs=0.01)
