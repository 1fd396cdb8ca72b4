"""The letters lab in Chromium, on a page of its own with no network at all."""

import random
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import expect

from armod.course.labs import letters as lab
from armod.course.labs.letters.facts import noise_at
from armod.course.labs.letters.network import Network
from tests.browser.widgets import says, turn
from tests.course.labs.letters.cases import SYMBOLS, letters, letters_state, writer

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
def test_the_network_of_the_page_is_that_of_python(page, cell):
    network, choose = Network.of(writer(cell)), random.Random(0)
    texts = [[choose.randrange(27) for _ in range(length)] for length in (0, 1, 2, 5, 12, 40)]
    page.goto("about:blank")
    page.add_script_tag(path=Path(lab.__file__).with_name("network.js"))
    numbers = list(network.raw())
    shape = {"cell": cell, "levels": 27, "size": 12, "gates": len(network.past) // 12}
    script = (
        "([shape, numbers, texts]) => texts.map(createNetwork(shape, fromHalves(new Uint8Array(numbers))))"
    )
    for text, theirs in zip(texts, page.evaluate(script, [shape, numbers, texts]), strict=True):
        logits = network.logits(text)
        assert theirs == pytest.approx(logits - np.log(np.exp(logits).sum()), abs=1e-9)
    places = [(0, 0), (11, 399), (5, 17)]
    theirs = page.evaluate("places => places.map(each => noiseAt(...each))", places)
    assert theirs == [noise_at(*each) for each in places]


def test_every_knob_says_what_python_says(show):
    page = show(letters("mary.jo"))
    for temperature, top_k, top_p, noise in [
        (10, 27, 100, 0),
        (3, 27, 90, 4),
        (20, 4, 100, 11),
        (13, 5, 55, 2),
        (1, 27, 5, 7),
    ]:
        for knob, value in {
            "Temperature": temperature,
            "Top-k": top_k,
            "Top-p": top_p,
            "Noise": noise,
        }.items():
            turn(page, knob, value)
        facts = letters_state("mary.jo", temperature=temperature, top_k=top_k, top_p=top_p, noise=noise)
        says(page, facts)
        shown = page.locator(".level").evaluate_all("all => all.map(each => each.getAttribute('aria-label'))")
        assert shown == [facts.symbol_sentence(level) for level in range(27)]


def test_it_writes_by_buttons_clicks_and_keys(show):
    page = show(letters(noise=2))
    written = ""
    for _ in range(10):  # longer than a word may be
        written += SYMBOLS[letters_state(written, noise=2).next]
        page.get_by_role("button", name="Step →").press("Enter")
        says(page, letters_state(written, noise=2))
    page.get_by_role("button", name="← Back").click()
    written = written[:-1]
    page.locator(".level").nth(SYMBOLS.index("q")).click()
    page.locator(".level").first.focus()
    for key in ("u", "ArrowRight", "ArrowRight", "Enter", "x", "Backspace", "End", " "):
        page.keyboard.press(key)
    written += "qubz"
    says(page, letters_state(written, noise=2))
    expect(page.locator(".story .forced")).to_have_count(4)
    page.get_by_role("button", name="Start anew").click()
    says(page, letters_state(noise=2))
    page.get_by_role("button", name="Play").press("Enter")
    expect(page.locator(".story .word")).not_to_have_count(1)
    page.get_by_role("button", name="Pause").press("Enter")
    expect(page.get_by_role("button", name="Play")).to_be_visible()
