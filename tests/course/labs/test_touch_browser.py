"""Fingers on a phone's page, by real touch events: they drag what a mouse drags, and scroll where nothing is dragged up or down."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from armod.course import labs
from armod.course.labs import Widget
from tests.browser.lab import without_complaints
from tests.browser.touch import Swipe, finger_on
from tests.browser.widgets import settle
from tests.course.labs.cases import PAIRED, colour, passes
from tests.course.labs.conftest import HEAD
from tests.course.labs.looks import LOOKS
from tests.harness.patience import wait_until

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def phone(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 390, "height": 800}, has_touch=True, is_mobile=True)
    yield context.new_page()
    context.close()


@pytest.fixture
def finger(phone: Page) -> Iterator[Swipe]:
    with without_complaints(phone):
        yield finger_on(phone)


def show(page: Page, widget: Widget) -> None:
    page.set_content(
        f"<!doctype html><html><head>{HEAD}</head><body>{widget.html}<p style='height: 900px'></p></body></html>"
    )
    expect(page.locator(".armod-still[hidden]")).to_have_count(1)
    settle(page)
    page.locator("svg.armod-plot").evaluate("svg => svg.scrollIntoView({ block: 'start' })")


def corner(page: Page) -> tuple[float, float]:
    box = page.locator("svg.armod-plot").bounding_box()
    return box["x"], box["y"]


# the lab, where the finger goes down and where it lets go, from the drawing's corner, the knob that follows, and how far
DRAGS: dict[str, tuple[Callable[[], Widget], tuple[float, float], tuple[float, float], str, int]] = {
    "dilation": (labs.dilation_lab, (300, 90), (120, 96), "Output", 10),
    "reach": (labs.reach_lab, (250, 120), (120, 124), "Lag k", 3),
    "gates": (labs.gates_lab, (100, 470), (250, 474), "Step", 3),
    "field": (lambda: labs.field_lab("gated"), (200, 420), (110, 250), "Row", 3),
    "kl": (labs.kl_lab, (200, 120), (290, 124), "Mean of q", 3),
    "coin": (lambda: labs.coin_lab(7, 12), (120, 260), (250, 262), "Candidate p", 10),
    "surface": (labs.surface_lab, (100, 460), (250, 600), "Mean", 5),
    "passes": (passes, (20, 40), (200, 220), "Row", 5),
    "colour": (colour, (20, 30), (150, 120), "Row", 1),
}  # fmt: skip


@pytest.mark.parametrize("name", DRAGS)
def test_a_finger_drags(phone: Page, finger: Swipe, name: str) -> None:
    make, start, end, label, most = DRAGS[name]
    show(phone, make())
    knob = phone.get_by_label(label, exact=True)
    before = float(knob.input_value())
    x, y = corner(phone)
    finger((x + start[0], y + start[1]), (x + end[0], y + end[1]))
    # a finger that is taken for a scroll stops after a few pixels
    wait_until(lambda: abs(float(knob.input_value()) - before) >= most)


def test_a_finger_drags_a_hidden_unit_to_another_degree(phone: Page, finger: Swipe) -> None:
    show(phone, labs.mask_lab(6, (4,)))
    unit = phone.locator('.unit[data-level="1"][data-unit="1"]')
    before = int(unit.text_content())
    box = unit.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    up = 1 if before < 3 else -1
    finger((x, y), (x, y - 28 * up))
    expect(unit).to_have_text(str(before + 2 * up))


def test_a_finger_carries_a_point_to_another_level_and_taps_one_in(phone: Page, finger: Swipe) -> None:
    show(phone, labs.surface_lab())
    x, y = corner(phone)
    points = [int(box.get_attribute("aria-valuenow")) for box in phone.get_by_role("spinbutton").all()]
    assert (points[4], points[10], points[13]) == (1, 1, 0)
    finger((x + 124, y + 286), (x + 227, y + 270))  # from level 4 to level 10
    phone.touchscreen.tap(x + 279, y + 200)  # level 13, where no point is
    for level, points_now in {4: "0", 10: "2", 13: "1"}.items():
        expect(phone.get_by_role("spinbutton").nth(level)).to_have_attribute("aria-valuenow", points_now)


def test_a_finger_paints_a_hole(phone: Page, finger: Swipe) -> None:
    show(phone, LOOKS["paint"].widget)
    before = phone.locator("svg.armod-plot image").first.get_attribute("href")
    x, y = corner(phone)
    finger((x + 40, y + 60), (x + 200, y + 220))
    expect(phone.locator("svg.armod-plot image").first).not_to_have_attribute("href", before)
    settle(phone)
    # the sentence above may have fewer lines now, and yet the page has not followed the finger
    assert abs(corner(phone)[1] - y) < 60
    scrolled = phone.evaluate("scrollY")
    finger((x + 40, y + 520), (x + 42, y + 320))  # beside the digit it scrolls
    phone.wait_for_function("before => scrollY > before + 80", arg=scrolled)


@pytest.mark.parametrize("name", ["gates", "dilation", "reach"])
def test_a_finger_that_moves_up_scrolls_the_page(phone: Page, finger: Swipe, name: str) -> None:
    make = DRAGS[name][0]
    show(phone, make())
    x, y = corner(phone)
    before = phone.evaluate("scrollY")
    finger((x + 150, y + 300), (x + 150, y + 60))
    phone.wait_for_function("before => scrollY > before + 100", arg=before)
    assert phone.locator(".gate.flipped").count() == 0


def test_a_tap_flips_a_gate_and_a_bar_follows_a_finger(phone: Page, finger: Swipe) -> None:
    show(phone, labs.gates_lab())
    gate = phone.get_by_role("button", name="forget gate at step 7: 0.88")
    gate.tap()
    expect(phone.locator(".gate.flipped")).to_have_count(1)
    show(phone, labs.ordering_explorer(PAIRED, ordering=[1, 0, 2, 3]))
    assert phone.evaluate("getComputedStyle(document.querySelector('svg.armod-plot')).touchAction") == "pan-y"
