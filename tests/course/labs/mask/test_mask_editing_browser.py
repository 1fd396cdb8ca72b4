"""Editing the masks in Chromium, without a kernel: what the page makes of each edit is what armod makes of it."""

from __future__ import annotations

import random

import pytest
import torch
from playwright.sync_api import expect

from armod import MADE, likelihoods
from armod.course.labs import mask_lab
from armod.course.labs.mask.facts import mask_facts
from armod.models.made.masks import masks, who_sees_whom
from tests.browser.widgets import settle, turn
from tests.course.labs.test_every_lab import data_of

pytestmark = pytest.mark.browser


def network():
    """A page of a small MADE, and its ordering and degrees."""
    model = MADE((5,), [4, 3], likelihood=likelihoods.Bernoulli(), ordering=[1, 0, 4, 2, 3], seed=2)
    widget = mask_lab.of(model, output=2)
    return widget, [1, 0, 4, 2, 3], [list(layer) for layer in data_of(widget)["degrees"][1:-1]]


def drawn(page) -> torch.Tensor:
    """The path counts in the square, as the page writes them."""
    words = page.locator("text.paths").all_text_contents()
    return torch.tensor([int(word) for word in words])


def counts(layer_masks) -> torch.Tensor:
    paths = who_sees_whom(layer_masks)
    return paths[paths > 0]


def note(ordering, hidden, layer_masks) -> str:
    """What a live kernel says of such a network."""
    lab = mask_lab(len(ordering), [len(layer) for layer in hidden], ordering=ordering, live=True)
    lab.masks = layer_masks
    return lab.note


def test_degrees_by_keys_the_ordering_and_the_comparison_follow_the_rule_of_armod(show):
    widget, ordering, degrees = network()
    page = show(widget)
    choose = random.Random(0)
    assert torch.equal(drawn(page), counts(masks(torch.tensor(ordering), list(map(torch.tensor, degrees)))))
    for _ in range(12):
        level, step = choose.randrange(2), choose.choice([1, -1])
        unit = choose.randrange(len(degrees[level]))
        degrees[level][unit] = min(4, max(0, degrees[level][unit] + step))
        page.locator(f'.unit[data-level="{level + 1}"][data-unit="{unit}"]').press("+" if step > 0 else "-")
        layers = list(map(torch.tensor, degrees))
        assert torch.equal(drawn(page), counts(masks(torch.tensor(ordering), layers)))
    choose.shuffle(ordering)
    turn(page, "Ordering", " ".join(str(variable + 1) for variable in ordering))
    layer_masks = masks(torch.tensor(ordering), layers)
    assert torch.equal(drawn(page), counts(layer_masks))
    expect(page.locator(".verdict:not(.wrong)")).to_have_text(note(ordering, layers, layer_masks))
    expect(page.locator(".verdict")).to_contain_text(
        "No leak: with random weights, the probabilities of all 32"
    )
    facts = mask_facts(ordering, layers, 2, layer_masks)
    expect(page.locator(".finding")).to_have_text(facts.finding)
    # an output that sees what has its own degree: the leak is there at once
    turn(page, "Output mask", "≥ (leaks)")
    place = torch.argsort(torch.tensor(ordering)) + 1
    layer_masks[-1] = place[:, None] >= layers[-1]
    assert torch.equal(drawn(page), counts(layer_masks))
    expect(page.locator(".finding")).to_have_text(mask_facts(ordering, layers, 2, layer_masks).finding)
    leaks = (who_sees_whom(layer_masks) > 0) & (place[:, None] <= place)
    total = note(ordering, layers, layer_masks)
    assert total.startswith(f"{int(leaks.sum())} leak") and "1.0000" not in total
    expect(page.locator(".verdict.wrong")).to_have_text(total)
    page.get_by_role("button", name="Without edits").click()
    expect(page.locator(".verdict")).to_contain_text("check_autoregressive")


def test_one_connection_is_toggled_by_a_press_and_by_keys_and_a_unit_is_dragged(show):
    widget, ordering, degrees = network()
    page = show(widget)
    layer_masks = masks(torch.tensor(ordering), list(map(torch.tensor, degrees)))
    cursor = page.get_by_role("button", name="Mask 1, weight from unit 1 to unit 1")
    cursor.focus()
    for key in ("PageUp", "PageUp", "ArrowDown", "ArrowRight", "Enter"):
        page.keyboard.press(key)
    layer_masks[2][1, 1] ^= True
    assert torch.equal(drawn(page), counts(layer_masks))
    state = "kept" if layer_masks[2][1, 1] else "masked"
    cursor = page.get_by_role("button", name="Mask 3, weight from unit 2 to unit 2")
    expect(cursor).to_have_accessible_name(
        f"Mask 3, weight from unit 2 to unit 2: {state}. Arrow keys move, page keys change the mask, Enter toggles."
    )
    box = cursor.bounding_box()
    page.mouse.click(box["x"] + 1.5 * box["width"], box["y"] + box["height"] / 2)
    layer_masks[2][1, 2] ^= True
    assert torch.equal(drawn(page), counts(layer_masks))
    # up by three steps of 14 pixels; the pressed connections of other units stay
    unit = page.locator('.unit[data-level="1"][data-unit="0"]')
    box = unit.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x, y - 44, steps=3)
    page.mouse.up()
    degrees[0][0] = min(4, degrees[0][0] + 3)
    ruled = masks(torch.tensor(ordering), list(map(torch.tensor, degrees)))
    layer_masks[0][0], layer_masks[1][:, 0] = ruled[0][0], ruled[1][:, 0]
    assert torch.equal(drawn(page), counts(layer_masks))


def test_the_lab_of_the_course_is_edited_too_until_a_knob_is_turned(show):
    page = show(mask_lab(3, (4,), degrees="sequential", output=1))
    finding = page.locator(".finding")
    expect(finding).to_have_text("Output 2 sees the one input before it, and nothing after")
    turn(page, "Output mask", "≥ (leaks)")
    expect(finding).to_have_text("Output 2 sees 1 input that it must not see: itself or a later one")
    assert page.locator("path.cell.leak").get_attribute("d").count("M") == 2  # of degrees 1, 1, 2, 2
    total = page.locator(".verdict.wrong")
    expect(total).to_contain_text(
        "2 leaks: with random weights, the probabilities of all 8 observations add up to"
    )
    expect(total).not_to_contain_text("1.0000")
    page.get_by_role("button", name="Without edits").click()
    expect(finding).to_have_text("Output 2 sees the one input before it, and nothing after")
    expect(page.locator(".verdict")).to_contain_text("No leak: ")
    expect(page.locator(".verdict")).to_contain_text("1.0000")
    page.locator('.unit[data-level="1"][data-unit="0"]').press("+")
    assert torch.equal(drawn(page), torch.tensor([1, 4, 3]))  # degrees 2, 1, 2, 2
    turn(page, "Chosen output", 3)
    assert torch.equal(drawn(page), torch.tensor([1, 4, 3]))
    turn(page, "Hidden degrees", "random")
    turn(page, "Hidden degrees", "sequential")
    assert torch.equal(drawn(page), torch.tensor([2, 4, 2]))
    turn(page, "Variables", 16)
    expect(page.locator(".verdict")).to_have_text(
        "No leak; 16 variables are too many to add up all probabilities here."
    )


def test_the_drawing_stays_under_the_pointer_although_the_sentence_becomes_shorter(show):
    page = show(mask_lab(8, (12, 12)))
    page.set_viewport_size({"width": 870, "height": 1100})
    expect(page.locator("svg.armod-plot")).to_have_attribute("width", "822")
    settle(page)
    unit = page.locator('.unit[data-level="1"][data-unit="1"]')
    before, degree = unit.bounding_box(), int(unit.text_content())
    x, y = before["x"] + before["width"] / 2, before["y"] + before["height"] / 2
    sentence = page.locator(".detail > span")
    height = sentence.bounding_box()["height"]
    page.mouse.move(x, y)
    expect(sentence).to_contain_text("Unit 2 of hidden layer 1")
    assert sentence.bounding_box()["height"] < height - 10
    settle(page)
    assert abs(unit.bounding_box()["y"] - before["y"]) < 2
    page.mouse.down()
    page.mouse.move(x, y - 30, steps=3)
    page.mouse.up()
    expect(unit).to_have_text(str(degree + 2))
