"""The field lab in Chromium, on a page of its own with no network at all."""

import random

import pytest
from playwright.sync_api import expect

from armod.course.labs import field_lab
from armod.course.labs.field.facts import FieldFacts
from armod.measures.field_table import DEPTHS, FIRST_MASKS, KERNEL_SIZES, SIZE, STACKS
from benchmarks.widget_latency import knob_to_paint

pytestmark = pytest.mark.browser

START = ("plain", "A", 3, 5, 7, 6)
FIRST_NAMES = {"A": "A", "B": "B (leaks)"}


@pytest.fixture
def show(page):
    """Puts a widget on an empty page, wakes it, and fails the test if anything was asked of the network."""
    asked = []
    page.context.route("**/*", lambda route: (asked.append(route.request.url), route.abort()))

    def put(widget, head=""):
        page.set_content(f"<!doctype html><html><head>{head}</head><body>{widget.html}</body></html>")
        expect(page.locator(".finding").first).not_to_be_empty()
        return page

    yield put
    assert asked == []


def turn(page, label, value):
    page.get_by_label(label, exact=True).fill(str(value))


def picture(page):
    return page.locator("svg.armod-plot").inner_html()


def cell(page, row, column):
    return page.locator(f'[data-pixel="{row * SIZE + column}"]')


def test_every_state_says_and_draws_what_python_says(show):
    page = show(field_lab())
    choose = random.Random(0)
    for _ in range(30):
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
        shown = page.locator(".counts b").all_text_contents()
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


def test_each_knob_changes_the_picture_by_real_keys(show):
    page = show(field_lab(depth=3))
    for label in ("Kernel", "Layers", "Row", "Column"):
        before = picture(page)
        page.get_by_label(label, exact=True).press("ArrowRight")
        assert picture(page) != before, label
    for label in ("Stack", "First mask"):
        before = picture(page)
        page.get_by_label(label, exact=True).press("ArrowDown")
        assert picture(page) != before, label


def test_every_control_has_a_name_and_keeps_its_keys_from_jupyterlab(show):
    page = show(field_lab())
    snapshot = page.locator(".armod-widget").aria_snapshot()
    assert 'group "Field lab: what a pixel sees through masked convolutions"' in snapshot
    for name in ("Kernel", "Layers", "Row", "Column"):
        assert f'slider "{name}"' in snapshot
    for name in ("Stack", "First mask"):
        assert f'combobox "{name}"' in snapshot
    assert 'button "Chosen pixel, Row 8, column 7: the chosen pixel, which does not see itself' in snapshot
    assert FieldFacts(*START).finding in snapshot
    keyed = ":is(.field-lab input, .field-lab select, .field-lab [tabindex])"
    assert page.locator(keyed).count() == page.locator(f"{keyed}[data-lm-suppress-shortcuts]").count() == 7


@pytest.mark.parametrize("width", [360, 700, 1280])
@pytest.mark.parametrize("setting", [("plain", "A", 3), ("gated", "B", 7)], ids=str)
def test_nothing_is_cut_off(show, width, setting):
    stack, first_mask, kernel_size = setting
    head = '<meta name="viewport" content="width=device-width"><style>body { margin: 8px }</style>'
    page = show(field_lab(stack, first_mask, kernel_size=kernel_size), head=head)
    page.set_viewport_size({"width": width, "height": 900})
    page.wait_for_function("width => document.querySelector('svg.armod-plot').clientWidth < width", arg=width)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    outside = page.evaluate(
        """() => {
            const frame = document.querySelector("svg.armod-plot").getBoundingClientRect();
            return [...document.querySelectorAll("svg.armod-plot :is(text, rect:not(defs rect))")]
                .map(node => node.getBoundingClientRect())
                .filter(box => box.left < frame.left - 1 || box.right > frame.right + 1
                    || box.top < frame.top - 1 || box.bottom > frame.bottom + 1).length;
        }"""
    )
    assert outside == 0


def test_two_copies_on_one_page_are_both_alive(show):
    widget = field_lab()
    page = show(type(widget)(widget.html * 2, widget.text))
    expect(page.locator(".finding")).to_have_count(2)
    page.get_by_label("Layers", exact=True).nth(1).fill("2")
    expect(page.locator(".finding").nth(0)).to_have_text(FieldFacts(*START).finding)
    expect(page.locator(".finding").nth(1)).to_have_text(FieldFacts("plain", "A", 3, 2, 7, 6).finding)


def test_without_scripts_the_picture_with_its_words_shows(browser):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.set_content(field_lab().html)
    image = page.get_by_role("img")
    assert image.is_visible()
    assert image.get_attribute("alt") == FieldFacts(*START).description
    context.close()


def test_nothing_moves_by_itself_and_a_knob_answers_fast(show):
    """A loose bound that holds on a loaded machine; the target is 25 ms."""
    page = show(field_lab())
    assert page.evaluate("document.getAnimations().length") == 0
    measured = knob_to_paint(
        page, page.get_by_label("Column", exact=True), presses=12, picture=".field-lab svg.armod-plot"
    )
    assert measured["changed"] == 12
    assert measured["median_ms"] < 100
