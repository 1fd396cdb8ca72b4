"""The surface lab in Chromium, on a page of its own with no network at all."""

import itertools
import math
import random
from pathlib import Path

import pytest
from playwright.sync_api import expect

from armod.course.labs import surface_lab
from armod.course.labs.coin.climb import STEP_SIZES
from armod.course.labs.surface.facts import MEANS, SCALES, WAYS, SurfaceFacts
from armod.course.labs.surface.lab import DATA_SETS
from armod.course.labs.surface.maximiser import has_maximiser, maximiser
from tests.browser.widgets import says, turn

pytestmark = pytest.mark.browser


def test_every_surface_says_what_python_says(show):
    page = show(surface_lab())
    choose = random.Random(0)
    for name, counts in DATA_SETS.items():
        page.get_by_label("Points", exact=True).select_option(name)
        for _ in range(2):
            mean, scale = choose.randrange(len(MEANS)), choose.randrange(len(SCALES))
            turn(page, "Mean", mean)
            turn(page, "Scale", scale)
            says(page, SurfaceFacts(counts, mean, scale))
        page.get_by_role("button", name="Go to the maximiser").click()
        facts = SurfaceFacts(counts, mean, scale)
        says(page, SurfaceFacts(counts, *facts.best))


def test_the_ball_climbs_as_python_says(show):
    page = show(surface_lab())
    for name, mean, scale, way, size in [
        ("one heap", 24, 14, 0, 9),
        ("one heap and a stray point", 60, 8, 1, 5),
        ("two heaps", 10, 3, 0, 7),
        ("none", 10, 3, 1, 4),
    ]:
        for knob, value in {
            "Points": name,
            "Mean": mean,
            "Scale": scale,
            "Climb in": WAYS[way],
            "Step size": size,
        }.items():
            turn(page, knob, value)
        start = SurfaceFacts(DATA_SETS[name], mean, scale)
        options = WAYS[way], STEP_SIZES[size]
        path = start.ascent(*options).path
        numbers = range(min(len(path), 8))
        for number in numbers:
            place = path[number]
            indices = (place[0] - MEANS[0]) / 0.25, 4 * math.log2(place[1] / SCALES[0])
            says(page, SurfaceFacts(DATA_SETS[name], *indices))
            assert start.climb_sentence(*options, number) in page.locator(".detail").text_content()
            if number < numbers[-1]:
                page.get_by_role("button", name="Step →").press("Enter")
        assert page.get_by_role("button", name="Step →").is_disabled() == (numbers[-1] == len(path) - 1)
    # a turned knob is a new start
    turn(page, "Mean", 30)
    assert page.get_by_role("button", name="← Back").is_disabled()


def test_newton_s_method_in_the_page_is_newton_s_method_in_python(page):
    choose = random.Random(1)
    tried = [[choose.choice([0, 0, 0, 1, 2, 6]) for _ in range(16)] for _ in range(100)]
    tried += [[choose.randint(0, 6) if place in pair else 0 for place in range(16)]
              for pair in itertools.combinations(range(16), 2)]  # fmt: skip
    page.goto("about:blank")
    page.add_script_tag(path=Path(maximiser.__code__.co_filename).with_suffix(".js"))
    found = page.evaluate(
        "tried => tried.map(counts => hasMaximiser(counts) ? maximiser(counts, 7.5, 4) : null)", tried
    )
    for counts, theirs in zip(tried, found, strict=True):
        assert (theirs is not None) == has_maximiser(counts)
        if theirs:
            assert theirs == pytest.approx(maximiser(counts, 7.5, 4), rel=1e-9)


def test_points_by_keys_alone(show):
    page = show(surface_lab(DATA_SETS["none"]))
    counts = [0] * 16
    page.get_by_label("Points on level 7").focus()
    for key, level, step in [
        ("ArrowUp", 7, 1), ("Enter", 7, 1), ("ArrowRight", 8, 0), ("ArrowUp", 8, 1),
        ("ArrowLeft", 7, 0), ("ArrowDown", 7, -1), ("Delete", 7, -1), ("Delete", 7, 0),
    ]:  # fmt: skip
        page.keyboard.press(key)
        counts[level] += step
        expect(page.locator(":focus")).to_have_attribute("aria-label", f"Points on level {level}")
        expect(page.locator(":focus")).to_have_attribute("aria-valuenow", str(counts[level]))
        says(page, SurfaceFacts(tuple(counts), MEANS.index(3.0), 14))
    assert page.get_by_label("Points", exact=True).input_value() == "own"


def test_points_are_added_dragged_and_taken_away_by_the_pointer(show):
    page = show(surface_lab(DATA_SETS["none"]))

    def now(level):
        column = page.get_by_label(f"Points on level {level}", exact=True)
        return column.get_attribute("aria-valuenow")

    page.get_by_label("Points on level 4", exact=True).click()
    assert now(4) == "1"
    box = page.locator(".point").bounding_box()
    other = page.get_by_label("Points on level 9", exact=True).bounding_box()
    page.mouse.move(box["x"] + 5, box["y"] + 5)
    page.mouse.down()
    page.mouse.move(other["x"] + other["width"] / 2, box["y"])
    page.mouse.up()
    assert (now(4), now(9)) == ("0", "1")
    box = page.locator(".point").bounding_box()
    page.mouse.click(box["x"] + 5, box["y"] + 5)
    assert now(9) == "0"
