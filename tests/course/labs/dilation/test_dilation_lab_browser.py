"""The dilation lab and the animation in Chromium, on a page of their own with no network at all."""

import random
import re
from collections import deque

import pytest
from playwright.sync_api import expect

from armod.course.labs import dilation_animation, dilation_lab
from armod.course.labs.dilation.facts import KERNEL_SIZES, RATES, DilationFacts
from armod.course.labs.dilation.lab import dilation_state
from tests.browser.widgets import seeds, turn

pytestmark = pytest.mark.browser

DOUBLING = "doubling: 1, 2, 4, 8, 16"
LENGTH = 24
STACKS = DilationFacts((1, 2, 4), 2), DilationFacts((1, 1, 1), 2)


def columns(page, row):
    """The samples above which a row's lit places stand, read from the drawing."""
    path = page.locator("svg.armod-plot path.lit").nth(row).get_attribute("d")
    ticks = page.locator("svg.armod-plot text.tick").evaluate_all(
        "all => all.map(one => [Number(one.textContent), one.transform.baseVal[0].matrix.e])"
    )
    (_, left), (far, right) = ticks[0], ticks[-1]
    # a dot begins at its left edge
    radius = float(re.search(r"a([\d.]+)", path)[1]) if path else 0
    places = [float(x) + radius for x in re.findall(r"M([-\d.]+)", path or "")]
    return sorted(round(1 + (x - left) / (right - left) * (far - 1)) for x in places)


@seeds
def test_every_state_says_and_lights_what_python_says(show, seed):
    page = show(dilation_lab())
    page.locator("summary").first.click()
    choose = random.Random(seed)
    for _ in range(8):
        kernel_size, rate = choose.choice(KERNEL_SIZES), choose.choice(RATES)
        facts = DilationFacts(
            tuple(choose.choice((1, 2, 3, 4, 6, 8)) for _ in range(choose.randint(1, 6))), kernel_size
        )
        output, frame = choose.randint(1, facts.columns), choose.randint(0, facts.num_layers)
        frame = choose.choice((frame, facts.num_layers))
        turn(page, "Kernel", kernel_size)
        turn(page, "Dilations", ", ".join(map(str, facts.dilations)))
        page.get_by_label("Samples a second").select_option(f"{rate:,}")
        turn(page, "Output", output)
        turn(page, "Frame", frame)
        assert page.get_by_label("Output", exact=True).get_attribute("max") == str(facts.columns)
        assert page.locator(".finding").text_content() == facts.title(output)
        assert page.locator(".detail").text_content() == facts.sentence(frame, output) + facts.gaps(frame)
        assert page.locator("svg.armod-plot path.lit").count() == frame + 1
        for row in range(frame + 1):
            inside = sorted(output - back for back in facts.ancestry[row] if back < output)
            assert columns(page, row) == inside
        rows = page.locator("details").first.locator("tbody td").all_text_contents()
        assert rows == [", ".join(map(str, places)) for places in facts.ancestry[: frame + 1]]
        texts = page.locator("svg.armod-plot text").all_text_contents()
        is_complete = frame == facts.num_layers
        assert (f"receptive field: {facts.formula}" in texts) == is_complete
        assert (facts.reached(output) in texts) == is_complete
        assert facts.milliseconds(rate) in texts
        if is_complete:
            gaps = page.locator("path.missed").get_attribute("d").count("M")
            assert gaps == sum(back < output for back in facts.missed)
        for is_naive, mode in ((False, "generation with queues"), (True, "generation, naive")):
            page.get_by_label("Show").select_option(mode)
            finding, detail = facts.generation(output, is_naive=is_naive)
            assert page.locator(".finding").text_content() == finding
            assert page.locator(".detail").text_content() == detail
            past = page.locator(f"path.lit.{'again' if is_naive else 'cached'}").evaluate_all(
                "all => all.reduce((sum, one) => sum + (one.getAttribute('d').match(/M/g) ?? []).length, 0)"
            )
            kept = re.search(r"hold (\d+)", detail)
            assert past == (facts.computed(output) - facts.num_layers if is_naive else int(kept[1]))
        page.get_by_label("Show").select_option("paths of one output")


def played(dilations, kernel_size, output):
    """Rows from the output down as (computed, queued, computed without, of these again), by playing generation unit by unit."""
    depth = len(dilations)
    # a queue below each layer, and all that the naive loop computed so far
    queues = [deque(maxlen=(kernel_size - 1) * dilation) for dilation in dilations]
    before, rows = set(), []
    for at in range(1, output + 1):
        held = [len(queue) for queue in queues]
        for queue in queues:
            queue.append(at)
        units, frontier = {(depth, at)}, {at}
        for level in reversed(range(1, depth)):
            reads = {place - tap * dilations[level] for place in frontier for tap in range(kernel_size)}
            frontier = {place for place in reads if place >= 1}
            units |= {(level, place) for place in frontier}
        rows = [
            [1, held[level] if level < depth else 0, sum(unit[0] == level for unit in units),
             sum(unit[0] == level for unit in units & before)]
            for level in range(depth, 0, -1)
        ] + [[0, held[0], 0, 0]]  # fmt: skip
        before |= units
    return rows


@pytest.mark.parametrize(
    ("dilations", "kernel_size", "output"), [("1, 2, 4", 2, 24), ("3, 1, 5", 3, 9), ("4, 4", 2, 1)]
)
def test_the_table_of_generation_counts_what_is_computed_queued_and_computed_again(
    show, dilations, kernel_size, output
):
    page = show(dilation_lab())
    page.locator("summary", has_text="Generation as a table").click()
    turn(page, "Dilations", dilations)
    turn(page, "Kernel", kernel_size)
    turn(page, "Output", output)
    numbers = [int(dilation) for dilation in dilations.split(", ")]
    table = page.get_by_role("table", name="Units at the chosen output, row by row")
    rows = [list(map(int, row.locator("td").all_text_contents())) for row in table.locator("tbody tr").all()]
    expected = played(numbers, kernel_size, output)
    assert rows == [*expected, [sum(column) for column in zip(*expected, strict=True)]]
    facts = DilationFacts(tuple(numbers), kernel_size)
    assert rows[-1] == [
        len(numbers),
        facts.kept(output),
        facts.computed(output),
        facts.computed(output) - len(numbers),
    ]


def test_dilations_are_typed_or_turned_one_by_one_and_a_wrong_list_is_told(show):
    page = show(dilation_lab("doubling", 3))
    typed = page.get_by_label("Dilations", exact=True)
    page.get_by_label("Layer 2", exact=True).press("ArrowRight")
    expect(typed).to_have_value("1, 3, 4")
    expect(page.get_by_label("Start from")).to_have_value("own")
    typed.fill("1, x")
    expect(page.locator(".error")).to_contain_text('"1, x" is no such list')
    expect(page.locator(".finding")).to_contain_text("3 layers")
    typed.fill("2 2")
    expect(page.locator(".error")).to_have_text("")
    expect(page.locator(".finding")).to_have_text(DilationFacts((2, 2), 2).finding)
    expect(page.get_by_label("Layer 3", exact=True)).to_be_hidden()
    typed.press("Tab")
    expect(typed).to_have_value("2, 2")


def test_generation_plays_sample_by_sample(show_alone, page):
    page.clock.install(time=0)
    page.clock.pause_at(1000)
    show_alone(dilation_lab())
    page.get_by_label("Show").select_option("generation, naive")
    facts = dilation_state(DOUBLING, 4, 2)
    page.get_by_role("button", name="Play").press("Enter")
    for output in (2, 3):  # at the end it plays from the beginning
        page.clock.run_for(500)
        assert page.locator(".finding").text_content() == facts.generation(output, is_naive=True)[0]
    page.get_by_role("button", name="Pause").press("Enter")


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
    assert 9 < chosen < 15
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
