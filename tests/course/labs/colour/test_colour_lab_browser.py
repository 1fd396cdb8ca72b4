"""The colour lab in Chromium, on a page of its own with no network at all."""

import itertools

import pytest
from playwright.sync_api import expect

from tests.browser.widgets import drawing, says, turn
from tests.course.labs.cases import colour, colour_state

pytestmark = pytest.mark.browser


def test_every_colouring_says_what_python_says(show):
    page = show(colour())
    for patch, colouring in itertools.product(range(2), range(4)):
        row, column = (patch + colouring) % 3, 3 - colouring
        for knob, value in (("Patch", patch), ("Colouring", colouring), ("Row", row), ("Column", column)):
            turn(page, knob, value + 1)
        says(page, colour_state(patch, colouring, row, column))


def test_a_key_gives_a_new_colouring_of_the_same_patch(show):
    """From any knob, round all samples and never to the truth; only the colouring and its cost are drawn anew."""
    page = show(colour(patch=1))
    page.get_by_label("Row", exact=True).focus()
    seen = []
    for colouring in (1, 2, 0):
        grey, own, truth = (image.get_attribute("href") for image in page.locator("svg image").all())
        seen.append(own)
        before = drawing(page)
        page.keyboard.press("n")
        expect(page.locator(".finding")).to_have_text(colour_state(1, colouring).finding)
        assert drawing(page) != before
        after = [image.get_attribute("href") for image in page.locator("svg image").all()]
        assert (after[0], after[2]) == (grey, truth) and after[1] != own
    assert len({*seen}) == 3


def test_the_button_is_reached_and_pressed_by_keys(show):
    page = show(colour(colouring=2))
    page.get_by_role("button", name="Another colouring").focus()
    page.keyboard.press("Enter")
    expect(page.locator(".finding")).to_have_text(colour_state(0, 0).finding)


def test_a_click_chooses_a_pixel(show):
    page = show(colour())
    box = page.locator("svg image").nth(1).bounding_box()
    page.mouse.click(box["x"] + box["width"] * 0.9, box["y"] + box["height"] * 0.5)
    says(page, colour_state(0, 0, 1, 3))
