"""The gates lab in Chromium, on a page of its own with no network at all."""

import random
from dataclasses import asdict, replace
from pathlib import Path

import pytest
from playwright.sync_api import expect

from armod.course.labs import gates, gates_lab
from armod.course.labs.gates.facts import BIASES, EXAMPLES, GATES, INPUTS, STEPS, WEIGHTS, GatesFacts, Setting
from tests.browser.widgets import says, turn

pytestmark = pytest.mark.browser


def test_the_sums_of_the_page_are_those_of_python(page):
    choose = random.Random(0)
    tried = [
        Setting(
            cell, choose.choice([*INPUTS]), {name: choose.choice(BIASES) for name in GATES[cell]},
            {name: tuple(step for step in range(1, STEPS + 1) if choose.random() < 0.2) for name in GATES[cell]},
            choose.choice(WEIGHTS),
        )
        for cell in ["lstm", "gru"] * 30
    ]  # fmt: skip
    page.goto("about:blank")
    page.add_script_tag(path=Path(gates.__file__).with_name("facts.js"))
    data = {"gates": GATES, "inputs": INPUTS}
    script = "([data, tried]) => tried.map(each => gatesMoments(data, each).flatMap(({ c, h }) => [c, h]))"
    found = page.evaluate(script, [data, [asdict(setting) for setting in tried]])
    for setting, theirs in zip(tried, found, strict=True):
        ours = [number for moment in GatesFacts(setting).moments for number in (moment.c, moment.h)]
        assert theirs == pytest.approx(ours, rel=1e-9, abs=1e-12)


def test_every_knob_says_what_python_says(show):
    page = show(gates_lab())
    choose = random.Random(1)
    for example, setting in EXAMPLES.items():
        turn(page, "Start from", example)
        says(page, GatesFacts(setting, int(page.get_by_label("Step", exact=True).input_value())))
        biases = {name: choose.randrange(len(BIASES)) for name in GATES[setting.cell]}
        for name, bias in biases.items():
            turn(page, f"{name.capitalize()} gate", bias)
        weight, step = choose.randrange(len(WEIGHTS)), choose.randint(1, STEPS)
        turn(page, "Weight U", weight)
        turn(page, "Step", step)
        own = replace(
            setting, biases={name: BIASES[bias] for name, bias in biases.items()}, weight=WEIGHTS[weight]
        )
        says(page, GatesFacts(own, step))
        assert page.get_by_label("Start from", exact=True).input_value() == "own"
    hidden = [
        name
        for name in ("Input gate", "Forget gate", "Output gate")
        if page.get_by_label(name, exact=True).is_visible()
    ]
    assert hidden == []


def test_a_gate_is_flipped_by_keys_and_by_the_pointer_and_a_drag_chooses_the_step(show):
    page = show(gates_lab())
    setting = EXAMPLES["an LSTM that forgets"]
    page.get_by_role("button", name="input gate at step 1: 0.50").focus()
    for key in ["ArrowDown", *["ArrowRight"] * 6, "Enter"]:
        page.keyboard.press(key)
    expect(page.locator(":focus")).to_have_attribute("aria-label", "forget gate at step 7: 0.12, flipped")
    expect(page.locator(":focus")).to_have_attribute("aria-pressed", "true")
    says(page, GatesFacts(replace(setting, flips={"forget": (7,)}), 7))
    page.get_by_role("button", name="output gate at step 9: 0.88").click()
    says(page, GatesFacts(replace(setting, flips={"forget": (7,), "output": (9,)}), 9))
    page.get_by_role("button", name="forget gate at step 7: 0.12, flipped").click()
    says(page, GatesFacts(replace(setting, flips={"output": (9,)}), 7))
    # below the gates the pointer drags the step
    boxes = [
        page.get_by_role("button", name=f"output gate at step {step}:").bounding_box() for step in (4, 15)
    ]
    page.mouse.move(boxes[0]["x"] + 4, boxes[0]["y"] + 70)
    page.mouse.down()
    page.mouse.move(boxes[1]["x"] + 4, boxes[1]["y"] + 60)
    page.mouse.up()
    says(page, GatesFacts(replace(setting, flips={"output": (9,)}), 15))
