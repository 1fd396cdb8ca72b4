"""The mixture lab in Chromium, on a page of its own with no network at all."""

import random

import pytest
from playwright.sync_api import expect

from armod.course.labs import mixture_lab
from armod.course.labs.mixture.facts import MixtureFacts
from armod.course.labs.mixture.fit import fitted
from armod.course.labs.mixture.lab import EXAMPLES, MEANS, SCALES, WEIGHTS, _indices
from armod.figures.numbers import fixed
from tests.browser.widgets import says, turn
from tests.course.labs.mixture.test_mixture_facts import component_masses

pytestmark = pytest.mark.browser

COUNTS = (29, 2, 1, *[1] * 26, 2, 3, 33)


@pytest.mark.parametrize("counts", [(), COUNTS], ids=["no data", "data"])
def test_every_mixture_says_what_python_says(show, counts):
    """Titles, details, every level's words, and the table, over many settings."""
    page = show(mixture_lab(counts=counts))
    page.locator("summary").click()
    choose = random.Random(0)
    for number in [1, 2, 3] * 2:
        turn(page, "Components", number)
        components = []
        for index in range(1, number + 1):
            choice = [choose.randrange(len(each)) for each in (MEANS, SCALES, WEIGHTS)]
            for name, place in zip(("Mean", "Scale", "Weight"), choice, strict=True):
                turn(page, f"{name} {index}", place)
            mean, scale, weight = choice
            components.append((MEANS[mean], SCALES[scale], WEIGHTS[weight]))
        facts = MixtureFacts(tuple(components), 32, counts)
        says(page, facts)
        shown = page.locator(".level").evaluate_all("all => all.map(each => each.getAttribute('aria-label'))")
        assert shown == [facts.level_sentence(level) for level in range(32)]
        table = page.locator("tbody td").all_text_contents()
        assert table == [fixed(mass, 6) for mass in facts.probabilities]


@pytest.mark.parametrize("example", ["one in the middle", "both edges and the middle"])
def test_the_fit_of_the_page_is_python_s(show, example):
    page = show(mixture_lab(EXAMPLES[example], COUNTS))
    page.get_by_role("button", name="Fit to the data").press("Enter")
    shares = [count / sum(COUNTS) for count in COUNTS]
    found = fitted(component_masses(), WEIGHTS, shares, [_indices(each) for each in EXAMPLES[example]])
    says(page, MixtureFacts(tuple((MEANS[m], SCALES[s], WEIGHTS[w]) for m, s, w in found), 32, COUNTS))
    # without data there is nothing to fit to
    page = show(mixture_lab())
    expect(page.get_by_role("button", name="Fit to the data")).to_have_count(0)


def test_levels_of_the_mixture_by_keys(show):
    page = show(mixture_lab())
    facts = MixtureFacts(((15.5, 2.0, 5),), 32)
    page.locator(".level").first.focus()
    for key, level in {"ArrowRight": 1, "End": 31, "ArrowLeft": 30, "Home": 0}.items():
        page.keyboard.press(key)
        expect(page.locator(".detail")).to_have_text(facts.level_sentence(level) + ".")
