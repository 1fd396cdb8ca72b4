"""The dilation lab and the animation in Chromium, on a page of their own with no network at all."""

import random
import re

import pytest
from playwright.sync_api import expect

from armod.course.labs import dilation_animation, dilation_lab
from armod.course.labs.dilation.facts import KERNEL_SIZES, LENGTH, NUM_LAYERS, PATTERNS, DilationFacts
from armod.course.labs.dilation.lab import dilation_state
from tests.browser.widgets import seeds, turn

pytestmark = pytest.mark.browser

DOUBLING = "doubling: 1, 2, 4, 8, 16"
STACKS = DilationFacts((1, 2, 4), 2), DilationFacts((1, 1, 1), 2)


def columns(page, row):
    """The samples above which a row's lit places stand, read from the drawing."""
    path = page.locator("svg.armod-plot path.lit").nth(row).get_attribute("d")
    ticks = page.locator("svg.armod-plot text.tick").evaluate_all(
        "all => all.map(one => [Number(one.textContent), one.transform.baseVal[0].matrix.e])"
    )
    (_, left), (_, right) = ticks[0], ticks[-1]
    # a dot begins at its left edge
    radius = float(re.search(r"a([\d.]+)", path)[1]) if path else 0
    places = [float(x) + radius for x in re.findall(r"M([-\d.]+)", path or "")]
    return sorted(round(1 + (x - left) / (right - left) * (LENGTH - 1)) for x in places)


@seeds
def test_every_state_says_and_lights_what_python_says(show, seed):
    page = show(dilation_lab())
    page.locator("summary").click()
    choose = random.Random(seed)
    for _ in range(14):
        pattern = choose.choice([*PATTERNS])
        num_layers, kernel_size = choose.randint(1, NUM_LAYERS), choose.choice(KERNEL_SIZES)
        output, frame = choose.randint(1, LENGTH), choose.randint(0, num_layers)
        page.get_by_label("Dilations", exact=True).select_option(pattern)
        for label, value in {
            "Layers": num_layers,
            "Kernel": kernel_size,
            "Output": output,
            "Frame": frame,
        }.items():
            turn(page, label, value)
        facts = dilation_state(pattern, num_layers, kernel_size)
        assert page.locator(".finding").text_content() == facts.finding
        assert page.locator(".detail").text_content() == facts.sentence(frame, output)
        assert page.locator("svg.armod-plot path.lit").count() == frame + 1
        for row in range(frame + 1):
            inside = sorted(output - back for back in facts.ancestry[row] if back < output)
            assert columns(page, row) == inside
        rows = page.locator("tbody td").all_text_contents()
        assert rows == [", ".join(map(str, places)) for places in facts.ancestry[: frame + 1]]
        texts = page.locator("svg.armod-plot text").all_text_contents()
        is_complete = frame == num_layers
        assert (f"receptive field: {facts.formula}" in texts) == is_complete
        assert (facts.found(output) in texts) == is_complete


def test_play_pause_step_and_scrub_by_keyboard(show_alone, page):
    page.clock.install(time=0)
    page.clock.pause_at(1000)  # from here on time passes only when told to
    show_alone(dilation_lab())
    facts = dilation_state(DOUBLING, 4, 2)
    detail = page.locator(".detail")

    def says(frame):
        assert detail.text_content() == facts.sentence(frame, LENGTH)

    play, forth, back = (page.get_by_role("button", name=name) for name in ("Play", "Step →", "← Back"))
    expect(back).to_be_disabled()
    forth.press("Enter")
    says(1)
    back.press("Space")
    says(0)
    play.press("Enter")
    for frame in (1, 2):
        page.clock.run_for(900)
        says(frame)
    page.get_by_role("button", name="Pause").press("Enter")
    page.clock.run_for(5_000)
    says(2)
    page.get_by_label("Frame", exact=True).press("ArrowRight")
    says(3)
    play.press("Enter")
    page.clock.run_for(5_000)
    says(4)
    expect(forth).to_be_disabled()
    # at the end it plays from the beginning
    play.press("Enter")
    page.clock.run_for(900)
    says(1)
    # whoever turns a knob stops it
    page.get_by_label("Frame", exact=True).press("ArrowRight")
    page.clock.run_for(5_000)
    says(2)


def test_fewer_layers_leave_no_frame_beyond_the_last(show):
    page = show(dilation_lab("doubling", 4, frame=4))
    turn(page, "Layers", 2)
    expect(page.locator(".detail")).to_have_text(dilation_state(DOUBLING, 2, 2).sentence(2, LENGTH))
    expect(page.get_by_label("Frame", exact=True)).to_have_attribute("max", "2")


def test_a_click_on_the_drawing_chooses_the_output(show):
    page = show(dilation_lab())
    box = page.locator("svg.armod-plot").bounding_box()
    page.mouse.click(box["x"] + 0.5 * box["width"], box["y"] + 90)
    chosen = int(page.get_by_label("Output", exact=True).input_value())
    assert 24 < chosen < 40
    assert columns(page, 0) == [chosen]


def opacity(page, frame):
    return float(
        page.locator(f".armod-dilations .frame-{frame}").first.evaluate("e => getComputedStyle(e).opacity")
    )


def at(page, milliseconds):
    """Puts every animation at one moment."""
    page.evaluate(
        "moment => document.getAnimations().forEach(one => { one.pause(); one.currentTime = moment; })",
        milliseconds,
    )


def test_the_animation_advances_row_by_row_and_begins_anew(show):
    page = show(dilation_animation(*STACKS))
    assert page.evaluate("document.getAnimations().every(one => one.playState === 'running')")
    started = page.evaluate("document.getAnimations()[0].currentTime")
    page.wait_for_function("past => document.getAnimations()[0].currentTime > past", arg=started)
    for lit, moment in enumerate((500, 1_500, 2_600, 3_900)):
        at(page, moment)
        assert [opacity(page, frame) for frame in (1, 2, 3)] == [float(frame <= lit) for frame in (1, 2, 3)]
    at(page, 6_600 + 500)
    assert [opacity(page, frame) for frame in (1, 2, 3)] == [0, 0, 0]


def test_the_animation_holds_still_by_keyboard(show):
    page = show(dilation_animation(*STACKS))
    page.get_by_label("Hold still").press("Space")
    assert page.evaluate("document.getAnimations().every(one => one.playState === 'paused')")
    page.get_by_label("Hold still").press("Space")
    assert page.evaluate("document.getAnimations().every(one => one.playState === 'running')")


@pytest.mark.parametrize("media", [{"media": "print"}, {"reduced_motion": "reduce"}])
def test_print_and_reduced_motion_get_the_still(show, media):
    page = show(dilation_animation(*STACKS))
    still = page.get_by_role("img", name=re.compile("^3 layers"))
    expect(still).to_be_hidden()
    page.emulate_media(**media)
    expect(still).to_be_visible()
    expect(page.locator(".armod-dilations")).to_be_hidden()
    assert page.evaluate("document.getAnimations().length") == 0
