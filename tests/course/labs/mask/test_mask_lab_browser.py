"""The mask lab in Chromium, on a page of its own with no network at all."""

import random

import pytest
from playwright.sync_api import expect

from armod import orderings
from armod.course.labs import mask_lab
from armod.course.labs.mask.lab import MAX_LAYERS, SEEDS, SIZES, VARIABLES, lab_state
from tests.browser.widgets import drawing, seeds, turn

pytestmark = pytest.mark.browser

OWN = "The ordering, or type your own"


@seeds
def test_every_state_says_what_python_says(show, seed):
    """Titles, every unit's degree, ancestry and descendants, masks' counts and the table, over many settings."""
    page = show(mask_lab())
    page.locator("summary").click()
    choose = random.Random(seed)
    for _ in range(9):
        size = choose.choice(VARIABLES)
        sizes = [choose.choice(SIZES) for _ in range(choose.randint(1, MAX_LAYERS))]
        kind, seed = choose.choice(["random", "random", "sequential"]), choose.choice(SEEDS)
        ordering = choose.sample(range(size), size)
        output = choose.randrange(size)
        turn(page, "Variables", size)
        turn(page, "Hidden layers", len(sizes))
        for number, units in enumerate(sizes, start=1):
            turn(page, f"Units in layer {number}", SIZES.index(units))
        page.get_by_label("Hidden degrees").select_option(kind)
        if kind == "random":
            turn(page, "Seed of the degrees", seed)
        turn(page, OWN, " ".join(str(variable + 1) for variable in ordering))
        turn(page, "Chosen output", output + 1)
        facts = lab_state(size, sizes, ordering=ordering, degrees=kind, seed=seed, output=output)
        assert page.locator(".finding").text_content() == facts.finding
        shown = page.locator(".unit:visible").evaluate_all(
            "units => units.map(unit => [unit.dataset.level, unit.dataset.unit, unit.getAttribute('aria-label')])"
        )
        assert {(int(level), int(unit)): sentence for level, unit, sentence in shown} == {
            (level, unit): facts.unit_sentence(level, unit)
            for level, layer in enumerate(facts.degrees)
            for unit in range(len(layer))
        }
        texts = page.locator("svg.armod-plot text.count").all_text_contents()
        counts = [f"{int(mask.sum())} of {mask.numel()}" for mask in facts.masks]
        assert [text for text in texts if text] == [*counts, "{} of {} allowed pairs".format(*facts.pairs)]
        rows = page.locator("tbody tr td:last-child").all_text_contents()
        assert rows == [sees or "none" for sees in facts.table["sees"]]


def test_the_cells_lit_are_the_weights_that_feed_the_unit_looked_at(show):
    page = show(mask_lab(6, (4, 8), seed=2))
    facts = lab_state(6, (4, 8), seed=2)
    squares = lambda kind: page.locator(f".cell.{kind}").get_attribute("d").count("z")  # noqa: E731
    for level, layer in enumerate(facts.degrees):
        for unit in range(len(layer)):
            page.locator(f'.unit[data-level="{level}"][data-unit="{unit}"]').hover()
            down, up = facts.ancestors(level, unit), facts.descendants(level, unit)
            feeds = [
                int((mask & lit[:, None]).sum()) for mask, lit in zip(facts.masks, down[1:], strict=False)
            ]
            fed = [
                int((mask & lit[None, :]).sum()) for mask, lit in zip(facts.masks[level:], up, strict=False)
            ]
            last_step = feeds.pop() if level == len(facts.masks) else 0
            column = int(facts.sees[:, unit].sum()) if level == 0 else 0
            assert squares("feeds") == sum(feeds)
            assert squares("into") == sum(fed) + last_step + column
            assert page.locator(".detail").text_content() == facts.unit_sentence(level, unit) + "."
    page.mouse.move(1, 1)
    assert squares("seen") == len(facts.seen)


def test_named_orderings_are_those_of_python(show):
    page = show(mask_lab(9))
    for name, ordering in {
        "reversed": orderings.reversed((9,)),
        "random, seed 3": orderings.random((9,), 3),
        "natural": orderings.raster((9,)),
    }.items():
        page.get_by_label("Ordering", exact=True).select_option(name)
        assert page.get_by_label(OWN).input_value() == " ".join(str(int(d) + 1) for d in ordering)
        assert (
            page.locator(".finding").text_content()
            == lab_state(9, (12, 12), ordering=ordering, output=5).finding
        )


def test_the_network_by_keys_alone(show):
    page = show(mask_lab(5, (4,)))
    page.get_by_label(OWN).focus()
    page.keyboard.press("Tab")
    focused = page.locator(":focus")
    expect(focused).to_have_attribute("aria-label", lab_state(5, (4,)).unit_sentence(2, 2))
    for key, (level, unit) in {"ArrowLeft": (2, 1), "ArrowDown": (1, 1), "ArrowRight": (1, 2)}.items():
        page.keyboard.press(key)
        expect(focused).to_have_attribute("aria-label", lab_state(5, (4,)).unit_sentence(level, unit))
        expect(page.locator(".detail")).to_have_text(lab_state(5, (4,)).unit_sentence(level, unit) + ".")
    page.keyboard.press("Enter")
    expect(page.locator(".finding")).to_have_text(lab_state(5, (4,)).finding)
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    expect(page.locator(".finding")).to_have_text(lab_state(5, (4,), output=4).finding)
    expect(page.get_by_label("Chosen output")).to_have_value("5")


def test_a_click_on_an_output_chooses_it(show):
    page = show(mask_lab())
    page.locator('.unit[data-level="3"][data-unit="1"]').click()
    expect(page.locator(".finding")).to_have_text(lab_state(8, (12, 12), output=1).finding)
    expect(page.locator('[aria-pressed="true"]')).to_have_attribute("data-unit", "1")


@pytest.mark.parametrize(
    ("typed", "complaint"),
    [
        ("3 1 2 4 4", "4 comes twice."),
        ("3 1 2", "4, 5 are missing."),
        ("3 1 2 4", "5 is missing."),
        ("3 1 2 4 9", '"9" is not one of them.'),
        ("3 1 2 4 five", '"five" is not one of them.'),
    ],
)
def test_a_wrong_ordering_is_refused_in_one_sentence_and_nothing_is_lost(show, typed, complaint):
    page = show(mask_lab(5))
    turn(page, OWN, "5 4 3 1 2")
    before = drawing(page)
    turn(page, OWN, typed)
    expect(page.get_by_role("alert")).to_have_text(
        f"An ordering of 5 variables names each of 1 to 5 once: {complaint} The picture keeps the ordering 5 4 3 1 2."
    )
    expect(page.get_by_label(OWN)).to_have_value(typed)
    expect(page.get_by_label(OWN)).to_have_attribute("aria-invalid", "true")
    assert drawing(page) == before
    page.get_by_label("Ordering", exact=True).select_option("natural")
    expect(page.get_by_role("alert")).to_be_empty()
    page.get_by_label("Ordering", exact=True).select_option("own")
    expect(page.get_by_label(OWN)).to_have_value(typed)


def test_an_own_ordering_follows_the_number_of_variables_and_comes_back(show):
    page = show(mask_lab(5))
    turn(page, OWN, "5, 4, 3, 1, 2")
    for size, ordering in {3: "3 1 2", 6: "5 4 3 1 2 6", 5: "5 4 3 1 2"}.items():
        turn(page, "Variables", size)
        expect(page.get_by_label(OWN)).to_have_value(ordering)
        expect(page.get_by_role("alert")).to_be_empty()


def test_nothing_moves_by_itself(show):
    """The lab jumps from state to state for everybody, which is what `prefers-reduced-motion` asks for."""
    page = show(mask_lab())
    turn(page, "Variables", 12)
    page.locator('.unit[data-level="1"][data-unit="2"]').hover()
    assert page.evaluate("document.getAnimations().length") == 0


def test_a_sampling_pass_lights_every_unit_once_as_python_says(show):
    page = show(mask_lab(6, (4, 8), ordering=[2, 0, 5, 1, 4, 3]))
    page.get_by_label("Show").select_option("one sampling pass")
    facts = lab_state(6, (4, 8), ordering=[2, 0, 5, 1, 4, 3])
    lit = set()
    for drawn in range(7):
        turn(page, "Variables drawn", drawn)
        finding, detail = facts.sampling_pass(drawn)
        assert page.locator(".finding").text_content() == finding
        assert page.locator(".detail").text_content() == detail
        new = page.locator(".unit.is-new").evaluate_all(
            "units => units.map(unit => [Number(unit.dataset.level), Number(unit.dataset.unit)])"
        )
        expected = {
            (level, unit)
            for level, layer in enumerate(facts.final_steps)
            for unit, step in enumerate(layer)
            if step == drawn
        }
        assert {tuple(each) for each in new} == expected and not lit & expected
        lit |= expected
    assert len(lit) == 6 + 4 + 8 + 6
    # with the wrong comparison an output waits for itself
    page.get_by_label("Output mask").select_option("≥ (leaks)")
    turn(page, "Variables drawn", int(facts.degrees[-2].max()) - 1)
    expect(page.locator(".finding")).to_contain_text("its output is not final")
    # and no later step makes that good
    turn(page, "Variables drawn", 6)
    expect(page.locator(".finding")).to_contain_text("its output is not final")
