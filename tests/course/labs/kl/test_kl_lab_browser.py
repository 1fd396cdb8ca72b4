"""The KL lab in Chromium, on a page of its own with no network at all."""

import random
from pathlib import Path

import pytest
from playwright.sync_api import expect

from armod.course.labs import kl, kl_lab
from armod.course.labs.kl.facts import (
    DISTANCES,
    FIRST,
    HEAP_WIDTH,
    LEVELS,
    MEANS,
    SHARES,
    WAYS,
    WIDTHS,
    KLFacts,
)
from armod.figures.numbers import fixed
from tests.browser.widgets import says, turn

pytestmark = pytest.mark.browser

OPENS = {None: "where I put it", 0: "least KL(p‖q)", 1: "least KL(q‖p)"}


def test_the_sums_of_the_page_are_those_of_python(page):
    choose = random.Random(0)
    tried = [
        {"mean": choose.choice(MEANS.tolist()), "width": choose.choice(WIDTHS.tolist()),
         "share": choose.choice(SHARES), "distance": choose.choice(DISTANCES), "held": choose.choice([None, 0, 1])}
        for _ in range(200)
    ]  # fmt: skip
    page.goto("about:blank")
    page.add_script_tag(path=Path(kl.__file__).with_name("facts.js"))
    data = {"levels": LEVELS, "first": FIRST, "heapWidth": HEAP_WIDTH, "ways": WAYS, "same": 0.0005}
    found = page.evaluate(
        "([data, tried]) => tried.map(each => klFacts(data, name => name, each))", [data, tried]
    )
    for knobs, theirs in zip(tried, found, strict=True):
        facts = KLFacts(**knobs)
        for name in ("forward", "reverse", "entropy", "loss"):
            assert theirs[name] == pytest.approx(getattr(facts, name), rel=1e-9, abs=1e-12)
        for ours, each in zip(facts.terms, theirs["terms"], strict=True):
            assert each == pytest.approx(ours.tolist(), rel=1e-9, abs=1e-12)


def test_every_state_says_what_python_says_by_knobs_alone(show):
    page = show(kl_lab())
    page.locator("summary").click()
    choose = random.Random(1)
    for held in (None, 0, 1, None, 1, 0):
        share, distance = choose.choice(SHARES), choose.choice(DISTANCES)
        turn(page, "Second heap of p", SHARES.index(share))
        turn(page, "Distance of heaps", distance)
        turn(page, "q is", OPENS[held])
        if held is None:
            mean, width = choose.randrange(len(MEANS)), choose.randrange(len(WIDTHS))
            turn(page, "Mean of q", mean)
            turn(page, "Width of q", width)
            facts = KLFacts(MEANS[mean], WIDTHS[width], share, distance)
        else:
            facts = KLFacts.at_least(held, share, distance)
        says(page, facts)
        shown = page.locator(".level").evaluate_all("all => all.map(each => each.getAttribute('aria-label'))")
        assert shown == [facts.level_sentence(level) for level in range(LEVELS)]
        cells = page.locator("tbody tr").nth(9).locator("td").all_text_contents()
        assert cells[2:] == [fixed(terms[9], 6) for terms in facts.terms]
    # who turns q by hand takes it away from the least divergence
    page.get_by_label("Width of q", exact=True).press("ArrowRight")
    expect(page.get_by_label("q is", exact=True)).to_have_value(OPENS[None])


def test_q_follows_the_pointer_and_levels_speak_by_keys(show):
    page = show(kl_lab(least="q‖p"))
    box = page.locator(".armod-plot circle.at").bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    levels = [page.locator(".level").nth(level).bounding_box()["x"] for level in (8, 20)]
    page.mouse.move(x + levels[1] - levels[0], y + 60)
    page.mouse.up()
    assert page.get_by_label("q is", exact=True).input_value() == OPENS[None]
    mean, width = (page.get_by_label(f"{name} of q", exact=True).input_value() for name in ("Mean", "Width"))
    assert MEANS[int(mean)] == 20 and WIDTHS[int(width)] > 2
    facts = KLFacts(20.0, WIDTHS[int(width)], 40, 15)
    page.locator(".level").first.focus()
    for key, level in {"ArrowRight": 1, "End": 31, "ArrowLeft": 30, "Home": 0}.items():
        page.keyboard.press(key)
        expect(page.locator(".detail")).to_have_text(facts.level_sentence(level) + ".")
