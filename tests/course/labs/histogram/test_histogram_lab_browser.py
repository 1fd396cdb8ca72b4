"""The histogram lab in Chromium, on a page of its own with no network at all."""

import math
import random
from pathlib import Path

import pytest
from playwright.sync_api import expect

from armod.course.labs import histogram, histogram_lab
from armod.course.labs.histogram.facts import folded
from armod.course.labs.histogram.lab import (
    BINS,
    DIMENSIONS,
    IMAGINARY,
    NUM_LEVELS,
    OBSERVATIONS,
    lab_state,
    pixels,
)
from armod.course.labs.histogram.made import weights
from armod.course.labs.histogram.painted import painted, painted_sentence
from tests.browser.widgets import seeds

pytestmark = pytest.mark.browser

KNOBS = {
    "Bins for each pixel": BINS,
    "Dimensions (pixels)": list(DIMENSIONS),
    "Training digits": OBSERVATIONS,
    "Smoothing: imaginary digits": IMAGINARY,
}


def turn_all(page, values):
    for (label, choices), value in zip(KNOBS.items(), values, strict=True):
        page.get_by_label(label, exact=True).fill(str(list(choices).index(value)))


def moves(page, name):
    """How many shapes each path of this class draws."""
    return [
        (path or "").count("M")
        for path in page.locator(f".armod-plot path.{name}").evaluate_all(
            "p => p.map(e => e.getAttribute('d'))"
        )
    ]


@seeds
def test_every_state_says_and_draws_what_python_computes(show, seed):
    """Sentences, the number of cells in each shade, crosses, both lines and the table, over many settings."""
    page = show(histogram_lab())
    page.locator("summary").click()
    choose = random.Random(seed)
    for _ in range(14):
        values = [choose.choice(list(choices)) for choices in KNOBS.values()]
        num_bins, _, num_observations, imaginary = values
        turn_all(page, values)
        facts = lab_state(*values)
        assert page.locator(".finding").text_content() == facts.finding
        assert page.locator(".detail").text_content() == facts.detail
        counts = facts.model.counts
        shades = [(counts == 1), (counts > 1) & (counts < 10), (counts > 9) & (counts < 100), counts > 99]
        assert moves(page, "filled") == [int(shade.sum()) for shade in shades]
        strangers = {tuple(edge) for edge in folded(facts.test[facts.is_unseen], num_bins, NUM_LEVELS)}
        assert moves(page, "lost") == [len(strangers)]
        rows = page.locator("tbody tr").evaluate_all("rows => rows.map(row => row.innerText.split('\\t'))")
        for number, (dimension, *nats) in enumerate(rows, start=1):
            expected = lab_state(num_bins, number, num_observations, imaginary).nats
            assert int(dimension) == number
            for text, value in zip(nats, expected, strict=True):
                assert text == "∞" if math.isinf(value) else abs(float(text) - value) < 0.00501


def test_cells_lie_where_python_folds_them(show):
    """Their corners, in a square of known size, against `folded`; here each cell is large enough to be drawn true."""
    page = show(histogram_lab(4, 3, 100, 1))
    side = float(page.locator("rect.empty").get_attribute("width"))
    facts = lab_state(4, 3, 100, 1)
    expected = {
        (round(x * side, 1), round(y * side, 1)) for x, y in folded(facts.train, 4, NUM_LEVELS).tolist()
    }
    paths = page.locator("path.filled").evaluate_all("p => p.map(e => e.getAttribute('d'))")
    drawn = {
        tuple(round(float(number), 1) for number in cell.split("h")[0].split())
        for path in paths
        for cell in path.split("M")[1:]
    }
    assert len(drawn) == len(expected)
    near = [min(abs(x - u) + abs(y - v) for u, v in expected) for x, y in drawn]
    assert max(near) < 0.3


def test_the_lines_stand_at_the_heights_of_their_numbers(show):
    page = show(histogram_lab(8, 4, 1444, 100))
    nats = [lab_state(8, size, 1444, 100).nats for size in DIMENSIONS]
    box = page.locator("rect.band").evaluate("b => ['y', 'height'].map(n => Number(b.getAttribute(n)))")
    for which, name in enumerate(("train", "test")):
        path = page.locator(f"path.line.{name}").get_attribute("d")
        heights = [float(point.split()[1]) for point in path.replace("L", "M").split("M")[1:]]
        found = [5 * (1 - (height - box[0]) / box[1]) for height in heights]
        assert found == pytest.approx([pair[which] for pair in nats], abs=0.01)


def test_what_is_infinite_is_an_arrow_and_no_point_of_the_line(show):
    page = show(histogram_lab(16, 12, 25, 0))
    infinite = [math.isinf(lab_state(16, size, 25, 0).nats[1]) for size in DIMENSIONS]
    marks = page.locator("path.points.test").get_attribute("d")
    assert marks.count("l5 -9") == sum(infinite) > 8
    assert (page.locator("path.line.test").get_attribute("d") or "").count("L") <= 12 - sum(infinite)


def test_every_control_has_a_name_and_keeps_its_keys_from_jupyterlab(show):
    page = show(histogram_lab())
    snapshot = page.locator(".armod-widget").aria_snapshot()
    assert 'group "Histogram lab: cells, and the digits that fill them"' in snapshot
    for name in KNOBS:
        assert f'slider "{name}"' in snapshot
    facts = lab_state(8, 2, 1444, 0)
    assert f"status: {facts.finding}" in snapshot
    assert f'img "{facts.finding}. {facts.detail}"' in snapshot
    keyed = page.locator(".histogram-lab input")
    assert keyed.count() == page.locator(".histogram-lab input[data-lm-suppress-shortcuts]").count() == 6
    slider = page.get_by_label("Smoothing: imaginary digits", exact=True)
    slider.press("End")
    expect(slider).to_have_attribute("aria-valuetext", "one in every cell")


def test_counting_and_made_of_the_page_are_those_of_python(page):
    page.goto("about:blank")
    page.add_script_tag(path=Path(histogram.__file__).with_name("painting.js"))
    choose = random.Random(0)
    train, test = pixels()
    script = """([train, weights, tried]) => tried.map(({ levels, bins, variables, smoothing }) => [
        madeLogProb(halves(Uint8Array.from(weights)), { units: 64, variables: 12, numLevels: 16 }, levels, variables),
        countedLogProb(train, 12, levels, { bins, variables, numLevels: 16, smoothing })])"""
    tried, ours = [], []
    for _ in range(20):
        bins, variables, imaginary = choose.choice(BINS), choose.randint(1, 12), choose.choice(IMAGINARY[1:])
        levels = choose.choice(
            [test[choose.randrange(len(test))].tolist(), [choose.randrange(16) for _ in range(12)]]
        )
        facts = lab_state(bins, variables, 200, imaginary)
        tried.append(
            {"levels": levels, "bins": bins, "variables": variables, "smoothing": facts.model.smoothing}
        )
        ours.append(painted(facts, levels))
    found = page.evaluate(script, [train[:200].flatten().tolist(), list(weights().tobytes()), tried])
    for (made, counted), (count, by_counting, by_made) in zip(found, ours, strict=True):
        assert counted["count"] == count
        assert counted["logProb"] == pytest.approx(by_counting, rel=1e-9)
        assert made == pytest.approx(by_made, rel=1e-9)


def test_a_nudge_says_what_it_does_to_the_cell_and_to_made(show):
    page = show(histogram_lab(16, 3, 1444, 1))
    facts, levels = lab_state(16, 3, 1444, 1), pixels()[1][0].tolist()
    title = page.locator(".painted")
    assert title.text_content() == painted_sentence(facts, levels)
    page.locator(".armod-pad .pixel").first.focus()
    for key in ("ArrowRight", "+", "+"):
        page.keyboard.press(key)
    levels[1] += 2
    assert title.text_content() == painted_sentence(facts, levels)
    before, after = (painted(facts, [levels[0], levels[1] - less, *levels[2:]]) for less in (1, 0))
    factor = math.exp(after[2] - before[2])
    expect(page.locator(".nudged")).to_contain_text(f"for MADE it is {factor:.2f} times as probable")
    box = page.locator(".armod-pad").bounding_box()
    page.mouse.move(box["x"] + 60, box["y"] + 60)
    page.mouse.down()
    page.mouse.move(box["x"] + 110, box["y"] + 60)
    page.mouse.up()
    shown = page.locator(".armod-pad text").all_text_contents()
    assert shown[5:7] == ["15", "15"] and shown[4] == str(levels[4])
