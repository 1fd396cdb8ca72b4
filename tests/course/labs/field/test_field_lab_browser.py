"""The field lab in Chromium, on a page of its own with no network at all."""

import random
import re

import numpy as np
import pytest
from playwright.sync_api import expect

from armod.course.labs import field_lab
from armod.course.labs.field.facts import FieldFacts
from armod.course.labs.field.layers import MOST_DILATION, layer_masks, layers_of
from armod.course.labs.field.paths import CHANNELS, PathFacts
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
    for _ in range(8):
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
    page.get_by_role("button", name="Play").focus()
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


@seeds
def test_any_layers_and_channels_say_and_shade_what_python_counts(show, seed):
    page = show(field_lab())
    choose = random.Random(seed + 1)
    counted = "all => all.map(one => [one.getAttribute('class'), one.style.fill])"
    for _ in range(8):
        typed = ", ".join(
            choose.choice("AB") + str(choose.choice(KERNEL_SIZES)) + choose.choice(["", f"x{choose.randint(1, MOST_DILATION)}"])
            for _ in range(choose.randint(1, 4))
        )  # fmt: skip
        stack, channels = choose.choice(STACKS), choose.choice((1, 3))
        row, column, channel = choose.randrange(SIZE), choose.randrange(SIZE), choose.randrange(channels)
        page.get_by_label("Stack", exact=True).select_option(stack)
        page.get_by_label("Image", exact=True).select_option("grey" if channels == 1 else "R, G, B")
        if channels > 1:
            page.get_by_label("Channel", exact=True).select_option(CHANNELS[channel])
        turn(page, "Layers one by one", typed)
        turn(page, "Row", row + 1)
        turn(page, "Column", column + 1)
        facts = PathFacts(stack, layers_of(typed), row, column, channels, channel)
        assert page.locator(".finding").text_content() == facts.finding
        assert page.locator(".detail").text_content().startswith(facts.detail)
        taps = page.locator("rect[class^=tap-]").evaluate_all(
            "all => all.map(one => Number(one.getAttribute('class').at(-1)))"
        )
        masks = layer_masks(stack, facts.layers)
        assert taps == [tap for _, mask in masks for row in mask for tap in row]
        assert [name for name, _ in masks] == [
            text for text in page.locator("svg text.strong").all_text_contents() if ": " in text
        ]
        drawn = page.locator("[data-pixel]").evaluate_all(counted)
        assert [kind for kind, _ in drawn] == facts.kinds.flatten().tolist()
        by_paths = sorted(
            (int(paths), int(re.search(r"(\d+)%", fill)[1]))
            for paths, (kind, fill) in zip(facts.levels[-1].flatten(), drawn, strict=True)
            if kind == "seen"
        )
        assert [share for _, share in by_paths] == sorted(share for _, share in by_paths)
        for _ in range(4):
            spot = choose.randrange(SIZE), choose.randrange(SIZE), choose.randrange(channels)
            number = (spot[2] * SIZE + spot[0]) * SIZE + spot[1]
            if spot == (row, column, channel):
                continue
            page.locator(f'[data-pixel="{number}"]').dispatch_event("pointerover")
            assert page.locator(".detail").text_content() == facts.sentence(*spot)
            way = page.locator("path.way:not(.none)")
            if facts.levels[-1][spot[2], spot[0], spot[1]]:
                assert way.get_attribute("d").count("L") == len(facts.layers)
                assert page.locator("circle.way-dot").count() == len(facts.layers) + 1
        frame = choose.randrange(len(facts.layers))
        turn(page, "Layers down", frame)
        assert page.locator(".detail").text_content() == facts.step(frame)
        turn(page, "Layers down", len(facts.layers))


def test_every_step_of_a_drawn_path_is_a_tap_of_its_layer(show):
    """A path that jumps, turns right in a row, or begins elsewhere is no path."""
    page = show(field_lab("gated"))
    for stack, typed in [("plain", "A3, B5, B3x2, B3"), ("gated", "A5, B3, B3x2")]:
        page.get_by_label("Stack", exact=True).select_option(stack)
        turn(page, "Layers one by one", typed)
        facts = PathFacts(stack, layers_of(typed), 7, 6)
        box = page.locator("[data-pixel]").first.bounding_box()
        svg = page.locator("svg.armod-plot").bounding_box()
        side = box["width"] + 2
        for row, column in np.argwhere(facts.levels[-1][0] > 0)[::9]:
            page.locator(f'[data-pixel="{row * SIZE + column}"]').dispatch_event("pointerover")
            d = page.locator("path.way:not(.none)").get_attribute("d")
            points = [
                (
                    int((float(y) + svg["y"] - box["y"]) // side),
                    int((float(x) + svg["x"] - box["x"]) // side),
                )
                for x, y in re.findall(r"([\d.]+) ([\d.]+)", d)
            ]
            assert points[0] == (row, column) and points[-1] == (7, 6)
            for layer, below, above in zip(facts.layers, points, points[1:], strict=False):
                parts = ["plain"] if stack == "plain" else ["vertical", "horizontal"]
                steps = {tap[:2] for part in parts for tap in layer.taps(part)}
                assert (below[0] - above[0], below[1] - above[1]) in steps


def test_shift_and_arrow_keys_point_at_another_pixel(show):
    page = show(field_lab())
    page.locator("rect.chosen").focus()
    for key in ["ArrowUp", "ArrowRight", "ArrowRight"]:
        page.keyboard.press(f"Shift+{key}")
    sentence = FieldFacts(*START).pixel_sentence(6, 8)
    assert "blind spot" in sentence
    expect(page.locator(".detail")).to_have_text(sentence)
    assert sentence in page.locator(":focus").get_attribute("aria-label")
    assert page.locator("path.way").count() == 2  # where none leads, and where one comes nearest
    expect(page.get_by_label("Row", exact=True)).to_have_value("8")


def test_a_wrong_list_of_layers_is_told(show):
    page = show(field_lab())
    page.get_by_label("Layers one by one").fill("A3, B4")
    expect(page.locator(".error")).to_contain_text('"A3, B4" is no such list')
    expect(page.locator(".finding")).to_have_text(FieldFacts(*START).finding)


def test_knobs_show_the_layers_that_were_typed(show):
    page = show(field_lab())
    turn(page, "Layers one by one", "B5x2, B5x2")
    assert page.get_by_label("First mask", exact=True).input_value() == "B (leaks)"
    for name, words in {"Kernel": "5×5", "Layers": "2", "Dilation": "2"}.items():
        expect(page.get_by_label(name, exact=True)).to_have_attribute("aria-valuetext", words)
    turn(page, "Layers one by one", "A5, B5, B3x2")
    for name, words in {"Kernel": "differ", "Layers": "3", "Dilation": "differ"}.items():
        expect(page.get_by_label(name, exact=True)).to_have_attribute("aria-valuetext", words)
    turn(page, "Layers", 4)
    expect(page.get_by_label("Layers one by one", exact=True)).to_have_value("A5, B5, B5, B5")
