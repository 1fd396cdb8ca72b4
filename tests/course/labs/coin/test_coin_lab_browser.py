"""The coin lab in Chromium, on a page of its own with no network at all."""

import random

import pytest

from armod.course.labs import coin_lab
from armod.course.labs.coin.climb import STEP_SIZES
from armod.course.labs.coin.facts import WAYS, CoinFacts
from armod.figures.numbers import fixed
from tests.browser.widgets import says, turn

pytestmark = pytest.mark.browser


def test_every_coin_says_what_python_says(show):
    page = show(coin_lab())
    choose = random.Random(0)
    edges = [(0, 1, 0), (1, 1, 100), (40, 40, 0), (40, 40, 100), (0, 40, 100), (1, 8, 50), (1, 16, 6)]
    some = [(choose.randint(0, flips), flips, choose.randint(0, 100)) for flips in range(2, 41, 3)]
    for heads, flips, hundredths in edges + some:
        turn(page, "Flips, n", flips)
        turn(page, "Heads, k", heads)
        turn(page, "Candidate p", hundredths)
        facts = CoinFacts(heads, flips, hundredths / 100)
        says(page, facts)
        assert page.locator(".head").count() == heads and page.locator(".tail").count() == flips - heads
        if facts.spread:
            assert f"± {fixed(facts.spread, 3)}" in page.locator(".armod-plot text").all_text_contents()


def test_the_flips_follow_and_a_click_turns_a_coin(show):
    page = show(coin_lab(7, 10))
    turn(page, "Flips, n", 4)
    says(page, CoinFacts(4, 4, 0.5))
    page.locator(".head").first.click()
    says(page, CoinFacts(3, 4, 0.5))
    page.locator(".tail").first.click()
    says(page, CoinFacts(4, 4, 0.5))


def test_a_drag_over_the_curves_moves_the_candidate(show):
    page = show(coin_lab(7, 10, 0.5))
    box = page.locator(".at").first.bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] + 200, box["y"])
    page.mouse.up()
    moved = int(page.get_by_label("Candidate p").input_value())
    assert moved > 55
    says(page, CoinFacts(7, 10, moved / 100))


def test_the_ball_climbs_as_python_says_until_it_jumps_off_or_rests(show):
    page = show(coin_lab())
    for heads, flips, hundredths, way, size in [
        (29, 30, 50, 0, 3),
        (29, 30, 50, 1, 10),
        (9, 10, 50, 0, 2),
        (0, 5, 3, 0, 2),
    ]:
        turn(page, "Flips, n", flips)
        turn(page, "Heads, k", heads)
        turn(page, "Candidate p", hundredths)
        turn(page, "Climb in", WAYS[way])
        turn(page, "Step size", size)
        start = CoinFacts(heads, flips, hundredths / 100)
        options = WAYS[way], STEP_SIZES[size]
        path = start.ascent(*options).path
        for number, (p,) in enumerate(path):
            says(page, CoinFacts(heads, flips, p))
            assert start.climb_sentence(*options, number) in page.locator(".detail").text_content()
            assert page.locator(".trail").count() == number
            if number < len(path) - 1:
                page.get_by_role("button", name="Step →").press("Enter")
        assert page.get_by_role("button", name="Step →").is_disabled()
    page.get_by_role("button", name="Go to the maximiser").press("Enter")
    says(page, CoinFacts(0, 5, 0.0))
