"""The field lab in Chromium, on a page of its own with no network at all."""

import random

import pytest
from playwright.sync_api import expect

from armod.course.labs import field_lab
from armod.course.labs.field.facts import FieldFacts
from armod.measures.field_table import DEPTHS, FIRST_MASKS, KERNEL_SIZES, SIZE, STACKS
from tests.browser.widgets import seeds, turn

pytestmark = pytest.mark.browser

START = ("plain", "A", 3, 5, 7, 6)
FIRST_NAMES = {"A": "A", "B": "B (leaks)"}


def cell(page, row, column):
    return page.locator(f'[data-pixel="{row * SIZE + column}"]')


@seeds
def test_every_state_says_and_draws_what_python_says(show, seed):
    page = show(field_lab())
    choose = random.Random(seed)
    for _ in range(10):
        facts = FieldFacts(
            choose.choice(STACKS), choose.choice(FIRST_MASKS), choose.choice(KERNEL_SIZES),
            choose.choice(DEPTHS), choose.randrange(SIZE), choose.randrange(SIZE),
        )  # fmt: skip
        page.get_by_label("Stack", exact=True).select_option(facts.stack)
        page.get_by_label("First mask", exact=True).select_option(FIRST_NAMES[facts.first_mask])
        turn(page, "Kernel", KERNEL_SIZES.index(facts.kernel_size))
        turn(page, "Layers", facts.depth)
        turn(page, "Row", facts.row + 1)
        turn(page, "Column", facts.column + 1)
        assert page.locator(".finding").text_content() == facts.finding
        assert page.locator(".detail").text_content().startswith(facts.detail)
        kinds = page.locator("[data-pixel]").evaluate_all("all => all.map(one => one.getAttribute('class'))")
        assert kinds == facts.kinds.flatten().tolist()
        shown = page.locator(".legend b").all_text_contents()
        assert [int(count) for count in shown] == list(facts.counts.values())
        assert page.locator("path.cross").get_attribute("d").count("M") == 2 * facts.counts["leak"]
        taps = page.locator("rect[class^=tap-]").evaluate_all(
            "all => all.map(one => one.getAttribute('class'))"
        )
        expected = [tap for _, mask in facts.masks for row in mask for tap in row]
        assert [int(name[-1]) for name in taps] == expected


def test_a_pixel_pointed_at_says_what_it_is(show):
    page = show(field_lab("gated", "B"))
    facts = FieldFacts("gated", "B", 3, 5, 7, 6)
    for row, column in [(6, 9), (0, 0), (7, 8), (12, 12), (5, 5)]:
        cell(page, row, column).hover()
        expect(page.locator(".detail")).to_have_text(facts.pixel_sentence(row, column))
    page.locator("rect.chosen").hover()
    expect(page.locator(".detail")).to_have_text(facts.pixel_sentence(7, 6))
    page.mouse.move(1, 1)
    expect(page.locator(".detail")).to_contain_text(facts.detail)


def test_a_click_chooses_a_pixel_and_a_drag_carries_it(show):
    page = show(field_lab())
    cell(page, 10, 3).click()
    expect(page.locator(".finding")).to_have_text(FieldFacts(*START[:4], 10, 3).finding)
    expect(page.get_by_label("Row", exact=True)).to_have_value("11")
    expect(page.get_by_label("Column", exact=True)).to_have_value("4")
    page.mouse.down()
    box = cell(page, 2, 11).bounding_box()
    page.mouse.move(box["x"] + 5, box["y"] + 5)
    page.mouse.up()
    expect(page.locator(".finding")).to_have_text(FieldFacts(*START[:4], 2, 11).finding)


def test_arrow_keys_move_the_chosen_pixel_and_stop_at_the_edges(show):
    page = show(field_lab())
    page.get_by_label("Column", exact=True).focus()
    page.keyboard.press("Tab")
    row, column = START[4:]
    for key, (down, right) in {
        "ArrowUp": (-1, 0), "ArrowRight": (0, 1), "ArrowDown": (1, 0), "ArrowLeft": (0, -1),
    }.items():  # fmt: skip
        for _ in range(2):
            page.keyboard.press(key)
            row, column = row + down, column + right
        facts = FieldFacts(*START[:4], row, column)
        assert page.locator(".finding").text_content() == facts.finding
        words = f"Chosen pixel, {facts.pixel_sentence(row, column)} Arrow keys choose another."
        expect(page.locator(":focus")).to_have_attribute("aria-label", words)
    for _ in range(SIZE):
        page.keyboard.press("ArrowUp")
    expect(page.get_by_label("Row", exact=True)).to_have_value("1")
