"""The labs of one's own model in Chromium: pages without a kernel say what Python says, by mouse and by keys."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from armod import MADE, WaveNet, likelihoods
from armod.course.labs import dependency_lab, dilation_lab, field_lab, mask_lab
from armod.course.labs.dependency.facts import DependencyFacts, dependencies
from armod.measures.field_table import small_stack
from tests.browser.widgets import resize, says, turn
from tests.course.labs.dependency.cases import tangled
from tests.measures.test_dependency import OneWeightTooMany

pytestmark = pytest.mark.browser
KINDS = "all => all.map(one => one.getAttribute('class'))"


@pytest.mark.parametrize(
    "model", [tangled(), small_stack("plain", "B", 3, 2, size=4)], ids=["unseen", "leaks, blind, far"]
)
def test_every_variable_is_shown_as_the_oracle_found_it(show, model):
    page = show(dependency_lab(model, output=0))
    found = dependencies(model, "lab")
    for variable in range(16):
        facts = DependencyFacts(found, variable)
        turn(page, "Row", variable // 4 + 1)
        turn(page, "Column", variable % 4 + 1)
        says(page, facts)
        kinds = page.locator("g.cells:not(.matrix) rect").evaluate_all(KINDS)
        assert kinds == [list(facts.counts)[kind] for kind in found.kinds[variable]]
        assert [int(count) for count in page.locator(".legend b").all_text_contents()] == list(
            facts.counts.values()
        )
    assert page.locator(".verdict").text_content() == found.sentence
    assert page.locator(".verdict.wrong").count() == (found.leaks > 0)
    for kind in ("seen", "blind", "far", "leak", "later"):
        drawn = page.locator(f"g.matrix path.{kind}").get_attribute("d").count("M")
        assert drawn == (found.kinds == list(facts.counts).index(kind)).sum()


def test_a_cell_of_the_matrix_can_be_read_and_chosen_and_keys_walk(show):
    found = dependencies(model := tangled(), "lab")
    page = show(dependency_lab(model, output=0))
    page.get_by_label("Rows and columns", exact=True).select_option("as generated")
    box = page.locator("g.matrix rect.edge").bounding_box()
    cell = box["width"] / 16
    row, column = found.ordering[[9, 4]].tolist()
    page.mouse.move(box["x"] + 4.5 * cell, box["y"] + 9.5 * cell)
    expect(page.locator(".detail")).to_have_text(DependencyFacts(found, 0).pair_sentence(row, column))
    page.mouse.down()
    page.mouse.up()
    says(page, DependencyFacts(found, row))
    chosen = page.locator("rect.chosen")
    chosen.press("ArrowLeft" if row % 4 else "ArrowRight")
    says(page, DependencyFacts(found, row - 1 if row % 4 else row + 1))


def test_a_pixel_of_ones_own_model_is_chosen_by_touch_and_drag(show):
    found = dependencies(model := small_stack("plain", "A", 3, 2, size=5), "lab")
    page = show(field_lab.of(model, pixel=(4, 4)))
    says(page, DependencyFacts(found, 24))
    assert page.locator("g.matrix path").count() == 0
    boxes = [page.locator("g.cells:not(.matrix) rect").nth(pixel).bounding_box() for pixel in (7, 18)]
    (x, y), (to_x, to_y) = ((box["x"] + 6, box["y"] + 6) for box in boxes)
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(to_x, to_y)
    page.mouse.up()
    says(page, DependencyFacts(found, 18))


def test_the_leak_of_a_made_shows_in_its_square(show):
    page = show(mask_lab.of(OneWeightTooMany()))
    expect(page.locator(".finding")).to_have_text(
        "Output 3 sees 3 inputs that it must not see: itself or later ones"
    )
    assert page.locator(".verdict.wrong").text_content().endswith("pairs out of reach.")
    assert page.locator("path.cell.leak").get_attribute("d").count("M") == 3
    page.get_by_label("Chosen output", exact=True).press("ArrowRight")
    expect(page.locator(".finding")).to_have_text("Output 4 sees all 3 inputs before it, and nothing after")
    page.locator('.unit[data-level="1"][data-unit="0"]').hover()
    expect(page.locator(".detail")).to_contain_text("units of hidden layer 1, degree 1, see 1 input: 1;")


def test_paths_through_ones_own_dilations_stand_above_what_the_oracle_finds(show):
    model = WaveNet((12,), 2, dilations=[1, 4], likelihood=likelihoods.Bernoulli())
    found = dependencies(model, "lab")
    page = show(dilation_lab.of(model, frame=2))
    for output in (11, 3, 1):
        turn(page, "Output", output)
        kinds = page.locator("svg.armod-plot rect:not(defs rect)").evaluate_all(KINDS)
        names = list(DependencyFacts(found, 0).counts)
        assert kinds == [names[kind] for kind in found.kinds[output]]
        reached = page.locator("path.lit.sample").get_attribute("d").count("M")
        assert reached == kinds.count("seen") == min(4, 1 + (output > 1) + (output > 4) + (output > 5))
    page.get_by_label("Output", exact=True).press("ArrowRight")
    expect(page.locator(".detail")).to_contain_text("it depends on 2 samples, and on 2 zeros before")


def test_one_variable_has_a_page_too(show):
    page = show(dependency_lab(MADE((1,), [2], likelihood=likelihoods.Categorical(256))))
    expect(page.locator(".finding")).to_have_text("Variable 1 sees nothing: it is the first in the ordering")


def test_no_page_of_ones_own_model_keeps_anybody_out(show):
    """axe-core, on a phone's width, in both themes; the whole site is looked at in `tests/course/lessons/site`."""
    axe = Axe()
    wavenet = WaveNet((12,), 2, dilations=[1, 4], likelihood=likelihoods.Bernoulli())
    for widget in (
        dependency_lab(tangled()),
        mask_lab.of(OneWeightTooMany()),
        mask_lab.of(MADE((4,), [6], likelihood=likelihoods.Bernoulli())),
        dilation_lab.of(wavenet, frame=2),
    ):
        page = show(widget)
        resize(page, 376)
        for theme in ("light", "dark"):
            page.emulate_media(color_scheme=theme)
            page.evaluate(
                "theme => { document.body.style.background = theme === 'dark' ? '#111' : ''; }", theme
            )
            page.evaluate("theme => { document.body.style.color = theme === 'dark' ? '#eee' : ''; }", theme)
            found = axe.run(page, context=".armod-widget").response["violations"]
            assert [f"{each['id']}: {each['nodes'][0]['html'][:120]}" for each in found] == []
        assert page.evaluate("document.documentElement.scrollWidth") <= 376
