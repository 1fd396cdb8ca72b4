"""Lesson 4.5.2 as an exported page in Chromium, without a kernel: its sounds load and play, its animation advances."""

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from armod.course.lessons.catalogue import read_title
from armod.course.lessons.html import to_html
from armod.course.lessons.pair import read_notebook
from tests.checkout import CHECKOUT

pytestmark = pytest.mark.browser

LESSON = CHECKOUT / "notebooks" / "4_5_2_wavenet.ipynb"


@pytest.fixture
def lesson(page: Page, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Page:
    """The page from a file, with no network."""
    monkeypatch.setenv("ARMOD_COURSE", str(LESSON.parents[1]))
    title = read_title(LESSON.with_suffix(".py"))[0]
    path = tmp_path / "lesson.html"
    path.write_text(to_html(read_notebook(LESSON), title, LESSON.parent), encoding="utf-8")
    page.context.route("http*://**", lambda route: route.abort())
    page.goto(path.as_uri())
    return page


def test_the_exported_lesson_sounds_moves_and_answers(lesson: Page) -> None:
    lesson.wait_for_function(
        "() => [...document.querySelectorAll('audio')].every(sound => sound.readyState >= 2)"
    )
    seconds = lesson.evaluate("() => [...document.querySelectorAll('audio')].map(sound => sound.duration)")
    assert seconds == pytest.approx([3.29, 0.5, 0.5, 1.5, 0.5])
    played = lesson.evaluate("""async () => {
        const sound = [...document.querySelectorAll("audio")].at(-2);
        sound.muted = true;
        await sound.play();
        await new Promise(resolve => sound.addEventListener("timeupdate", resolve, { once: true }));
        sound.pause();
        return [sound.getAttribute("aria-label"), sound.currentTime > 0];
    }""")
    assert played == ["WaveNet (1.5 seconds)", True]

    moving = "document.getAnimations().filter(one => one.playState === 'running')"
    lesson.wait_for_function(f"{moving}.length > 0")
    before = lesson.evaluate(f"{moving}[0].currentTime")
    lesson.wait_for_function(f"past => {moving}[0].currentTime > past", arg=before)

    lab = lesson.get_by_role("group", name="Dilation lab")
    lab.get_by_role("button", name="Step →").press("Enter")
    expect(lab.locator(".detail")).to_have_text(
        "Through the layer with dilation 8 it depends on 2 units of the layer below."
    )
