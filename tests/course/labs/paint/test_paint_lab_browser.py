"""The paint lab in Chromium: it completes prepared holes, and one can paint, with keys alone or with the mouse."""

from __future__ import annotations

import itertools
import re

import numpy as np
import pytest
from playwright.sync_api import Page

from armod.course.labs import paint_lab
from armod.course.labs.paint.completing import hole_of
from tests.browser.widgets import drawing, says, turn
from tests.course.labs.paint.cases import METHODS, paint, paint_state

pytestmark = pytest.mark.browser


def canvas(page: Page):
    return page.locator("svg.armod-plot")


def visible_completions(page: Page) -> int:
    return page.locator("svg.armod-plot image:not([visibility=hidden])").count() - 1


def test_every_state_says_what_python_says_and_shows_other_completions(show) -> None:
    page = show(paint())
    seen = set()
    for digit, hole, method in itertools.product(range(2), range(3), range(2)):
        for knob, value in (("Digit", digit + 1), ("Hole", hole + 1), ("Method", METHODS[method])):
            turn(page, knob, value)
        says(page, paint_state(digit, hole, method))
        seen.add(page.locator("svg.armod-plot image").nth(1).get_attribute("href"))
    assert len(seen) == 12 and visible_completions(page) == 6


def test_a_hole_is_painted_by_the_keyboard_alone(show) -> None:
    """From the last knob to the drawing by Tab; three steps down, a stroke, two to the right, another, and away again."""
    page = show(paint())
    before = drawing(page)
    page.get_by_label("Method", exact=True).focus()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.classList.contains('armod-plot')")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Space")
    assert page.locator(".finding").text_content() == "Your own hole hides 9 pixels"
    assert visible_completions(page) == 0 and drawing(page) != before
    for _ in range(2):
        page.keyboard.press("ArrowRight")
    page.keyboard.press("Space")
    assert page.locator(".finding").text_content() == "Your own hole hides 15 pixels"
    page.keyboard.press("Space")  # where there is a hole, the brush takes it away
    assert page.locator(".finding").text_content() == "Your own hole hides 6 pixels"
    page.keyboard.press("Escape")
    says(page, paint_state())
    assert visible_completions(page) == 6


def test_the_page_writes_the_call_that_completes_what_was_painted_by_mouse(show) -> None:
    """The text is read as the pixels that were painted."""
    digit, hole = np.zeros((1, 28, 28), dtype=bool), np.eye(28, dtype=bool)[None]
    page = show(paint_lab(digit, hole, np.zeros((1, 1, 1, 6, 28, 28)), [[[1.0]]], methods=("raster",)))
    page.locator("summary").click()
    assert hole_of(re.findall('"(.*?)"', page.locator("details code").text_content())[1]).trace() == 28
    box = canvas(page).bounding_box()
    cell = 9  # of 252 pixels
    page.mouse.move(box["x"] + 5.5 * cell, box["y"] + 26 + 3.5 * cell)
    page.mouse.down()
    page.mouse.move(box["x"] + 9.5 * cell, box["y"] + 26 + 3.5 * cell, steps=12)
    page.mouse.up()
    due = np.zeros((28, 28), dtype=bool)
    due[2:5, 4:11] = True
    text = page.locator("details code").text_content()
    found = hole_of(re.findall('"(.*?)"', text)[1])
    assert (found == due).all() and text.startswith("from armod.course.labs.paint.lab import paint")
    assert page.locator(".finding").text_content() == "Your own hole hides 21 pixels"
    # the drawing has the keys now: Escape takes the hole away, as the page says
    page.keyboard.press("Escape")
    assert page.locator(".finding").text_content() == "raster: the true pixels of this hole cost 1.0 nats"
