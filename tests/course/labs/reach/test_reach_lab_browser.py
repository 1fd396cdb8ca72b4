"""The reach lab in Chromium, on a page of its own with no network at all."""

import random

import pytest
from playwright.sync_api import expect

from armod.course.labs import reach_lab
from armod.course.labs.reach.facts import recall_sentence
from armod.course.labs.reach.lab import GATE_BIASES, SCALES, reach_state
from armod.measures.gradient_reach import CELL_NAMES, LAGS
from tests.browser.widgets import turn

pytestmark = pytest.mark.browser


def test_every_state_says_and_draws_what_python_says(show):
    page = show(reach_lab())
    page.locator("summary").click()
    choose = random.Random(0)
    for cell in CELL_NAMES:
        page.get_by_label("Cell", exact=True).select_option(CELL_NAMES[cell])
        for _ in range(6):
            scale, bias, lag = choose.choice(SCALES), choose.choice(GATE_BIASES), choose.randint(1, LAGS)
            turn(page, "Weight scale", SCALES.index(scale))
            if cell != "rnn":
                turn(page, "Gate bias", GATE_BIASES.index(bias))
            turn(page, "Lag k", lag)
            facts = reach_state(cell, scale, bias)
            assert page.locator(".finding").text_content() == facts.finding
            assert page.locator(".detail").text_content() == facts.lag_sentence(lag)
            rows = page.locator("tbody tr td:nth-child(2)").all_text_contents()
            assert rows == [words.removesuffix(" of") for words in facts.words]
            assert page.locator("tbody tr td:last-child").all_text_contents() == facts.factors
            # a power of 10 is 22 pixels high, and the lags run from right to left
            ends = page.locator("circle[class^='end-']")
            heights = [float(y) for y in ends.evaluate_all("all => all.map(one => one.getAttribute('cy'))")]
            assert [(heights[0] - y) / 22 for y in heights] == pytest.approx(facts.powers, abs=1e-2)
            kinds = ends.evaluate_all(
                "all => all.map(one => one.getAttribute('class').startsWith('end-grows'))"
            )
            assert kinds == [power > 0 for power in facts.powers]
            places = ends.evaluate_all("all => all.map(one => Number(one.getAttribute('cx')))")
            assert places == sorted(places, reverse=True)
            assert page.locator("circle.unit.chosen").get_attribute("cx") == str(
                places[lag - 1]
            ).removesuffix(".0")


def test_a_simple_rnn_has_no_gate_to_turn(show):
    page = show(reach_lab("gru", 1.0, gate_bias=2))
    expect(page.get_by_label("Gate bias", exact=True)).to_be_enabled()
    page.get_by_label("Cell", exact=True).select_option("simple RNN")
    expect(page.get_by_label("Gate bias", exact=True)).to_be_disabled()
    expect(page.get_by_label("Gate bias", exact=True)).to_have_attribute("aria-valuetext", "no gates")
    page.get_by_label("Cell", exact=True).select_option("GRU")
    expect(page.locator(".finding")).to_have_text(reach_state("gru", 1.0, 2).finding)


def test_a_click_on_a_column_chooses_its_lag(show):
    page = show(reach_lab())
    for lag in (1, 9, LAGS):
        page.locator("circle.unit.read").nth(lag - 1).click()
        expect(page.get_by_label("Lag k", exact=True)).to_have_value(str(lag))
        expect(page.locator(".detail")).to_have_text(reach_state("rnn", 1.0, 0).lag_sentence(lag))


def test_what_is_recalled_is_what_was_measured(show):
    page = show(reach_lab("lstm"))
    for cell, bias, distance in [("lstm", 5, 40), ("lstm", 0, 40), ("gru", 2, 10), ("rnn", 0, 10)]:
        page.get_by_label("Cell", exact=True).select_option(CELL_NAMES[cell])
        if cell != "rnn":
            turn(page, "Gate bias", bias)
        page.get_by_label("Distance of the recall task").select_option(str(distance))
        assert page.locator(".recall-title").text_content() == recall_sentence(cell, bias, distance)
        assert page.locator("path.learning").count() == 3
