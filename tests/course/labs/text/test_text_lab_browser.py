"""The text lab in Chromium, on a page of its own with no network at all."""

import itertools

import pytest
from playwright.sync_api import expect

from tests.browser.widgets import drawing, says, turn
from tests.course.labs.text.cases import text, text_state

pytestmark = pytest.mark.browser


def test_every_knob_says_what_python_says(show):
    page = show(text())
    knobs = ("Temperature", "Top-k", "Top-p")
    for step, (temperature, top_k, top_p) in itertools.product(
        range(4), [(10, 6, 100), (3, 6, 90), (20, 4, 100), (13, 5, 55), (1, 6, 5)]
    ):
        turn(page, "Step", step + 1)
        for knob, value in zip(knobs, (temperature, top_k, top_p), strict=True):
            turn(page, knob, value)
        for choice in (0, 1 + step % 3):
            turn(page, "Forced", choice)
            facts = text_state(step, choice, temperature, top_k, top_p)
            says(page, facts)
            assert page.locator(".story").text_content() == facts.text


def test_text_streams_by_the_keyboard_alone(show):
    """Play from the button, until the last step; each step adds its symbol."""
    page = show(text())
    page.get_by_role("button", name="Play").focus()
    page.keyboard.press("Enter")
    expect(page.locator(".story")).to_have_text(text_state(3).text, use_inner_text=False)
    expect(page.locator(".detail")).to_contain_text("Step 4 of 4")
    page.get_by_role("button", name="← Back").focus()
    page.keyboard.press("Space")
    assert page.locator(".story").text_content() == text_state(2).text


def test_a_number_key_forces_a_symbol_and_zero_gives_it_back(show):
    page = show(text(step=2))
    page.get_by_label("Temperature", exact=True).focus()
    before = drawing(page)
    page.keyboard.press("1")
    assert page.locator(".story").text_content() == text_state(2, 1).text and drawing(page) != before
    says(page, text_state(2, 1))
    page.keyboard.press("7")  # there are only three to choose from
    says(page, text_state(2, 1))
    page.keyboard.press("0")
    says(page, text_state(2))
    page.keyboard.press("2")
    turn(page, "Step", 2)
    says(page, text_state(1))


def test_a_click_on_a_bar_forces_its_symbol(show):
    page = show(text())
    page.locator("svg rect.row").nth(1).click()
    says(page, text_state(0, 2))
    page.locator("svg rect.row").nth(4).click()
    says(page, text_state(0, 2))
