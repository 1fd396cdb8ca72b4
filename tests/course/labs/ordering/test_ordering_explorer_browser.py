"""The ordering explorer in Chromium, on a page of its own with no network at all."""

import random
from dataclasses import replace

import pytest
import torch
from playwright.sync_api import expect

from armod.course.labs import ordering_explorer
from armod.course.labs.ordering.facts import all_orderings
from armod.course.labs.ordering.lab import NUM_NOISE, explorer_state
from armod.course.labs.ordering.switches import BetFacts, OthersFacts, products_given_others
from armod.figures.numbers import fixed
from tests.browser.widgets import seeds, turn

pytestmark = pytest.mark.browser

WEIGHTS = torch.tensor([0.3, 0.5, 0.6, 0.45])
PATTERNS = (torch.rand(300, 4, generator=torch.Generator().manual_seed(5)) < WEIGHTS).long()
PATTERNS[:150, 1] = PATTERNS[:150, 0]
ORDERINGS = all_orderings(4)


def texts(page, selector):
    return [text for text in page.locator(f"svg text{selector}:visible").all_text_contents() if text]


def finding(page):
    return page.locator(".finding").text_content()


@seeds
def test_every_state_says_what_python_says(show, seed):
    """Finding, conditionals, drawn values, factors, log-probabilities and the table, over many settings."""
    page = show(ordering_explorer(PATTERNS))
    page.locator("summary").click()
    choose = random.Random(seed)
    for _ in range(14):
        row, noise, step = choose.randrange(24), choose.randrange(NUM_NOISE), choose.randrange(5)
        turn(page, "Ordering", row + 1)
        turn(page, "Uniform numbers", noise + 1)
        turn(page, "Pixels known", step)
        facts = explorer_state(PATTERNS, ordering=ORDERINGS[row], noise=noise, step=step)
        assert finding(page) == facts.finding
        shown = [facts.conditional_sentence(each) for each in range(min(step + 1, 4))]
        assert texts(page, ".conditional") == shown
        assert texts(page, ".noise") == [
            f"u = {u} draws {drawn}"
            for u, drawn in zip(facts.table["uniform number"], facts.table["drawn"], strict=True)
        ]
        numbers = zip(facts.table["factor"], facts.table["log p so far"], strict=True)
        assert texts(page, ".number") == [number for pair in numbers for number in pair]
        assert f"log p = {fixed(facts.log_prob(step), 3)}" in texts(page, ".strong")
        cells = page.locator("tbody tr").evaluate_all(
            "rows => rows.map(row => [...row.cells].map(cell => cell.textContent))"
        )
        assert cells == [list(values) for values in zip(*facts.table.values(), strict=True)]


def test_bars_are_as_long_as_the_conditionals_say_and_all_orderings_end_alike(show):
    page = show(ordering_explorer(PATTERNS, ordering=[2, 0, 3, 1]))
    facts = explorer_state(PATTERNS, ordering=[2, 0, 3, 1])
    widths = {
        kind: page.locator(f"svg rect.{kind}").evaluate_all(
            "all => all.map(each => +each.getAttribute('width'))"
        )
        for kind in ("zero", "one")
    }
    for step, (white, black) in enumerate(zip(widths["zero"], widths["one"], strict=True)):
        share = facts.factor(step)
        if not facts.pattern[facts.ordering[step]]:
            share = 1 - share
        assert black / (white + black) == pytest.approx(share, abs=2e-3)
    ends = page.evaluate(
        """() => {
            const ends = {};
            for (const bar of document.querySelectorAll("svg rect[class^=pixel-]")) {
                const [x, y, width, height] = ["x", "y", "width", "height"].map((name) => +bar.getAttribute(name));
                if (height === 10) (ends[y] ??= []).push(x + width);
            }
            return Object.values(ends).map((row) => [row.length, Math.max(...row)]);
        }"""
    )
    assert len(ends) == 24
    assert all(count == 4 for count, _ in ends)
    assert max(end for _, end in ends) - min(end for _, end in ends) < 0.5


def test_step_back_and_play(show_alone):
    page = show_alone(ordering_explorer(PATTERNS, step=0))
    page.clock.install(time=0)
    page.clock.pause_at(1000)  # from here on time passes only when told to
    back, forth = page.get_by_role("button", name="← Back"), page.get_by_role("button", name="Step →")
    expect(back).to_be_disabled()
    for step in (1, 2):
        forth.click()
        assert finding(page) == explorer_state(PATTERNS, step=step).finding
    back.click()
    assert finding(page) == explorer_state(PATTERNS, step=1).finding
    page.get_by_role("button", name="Play").click()
    for step in (2, 3, 4):
        page.clock.run_for(1100)
        assert finding(page) == explorer_state(PATTERNS, step=step).finding
    expect(forth).to_be_disabled()
    page.get_by_role("button", name="Play").click()
    page.clock.run_for(1100)
    assert finding(page) == explorer_state(PATTERNS, step=1).finding
    page.get_by_role("button", name="Pause").click()
    page.clock.run_for(5000)
    assert finding(page) == explorer_state(PATTERNS, step=1).finding


def test_a_kept_pattern_stays_and_its_probability_too(show):
    page = show(ordering_explorer(PATTERNS, noise=3))
    pattern = explorer_state(PATTERNS, noise=3).pattern
    before, factors = finding(page), set()
    page.get_by_label("Keep this pattern in every ordering").check()
    expect(page.get_by_label("Uniform numbers", exact=True)).to_be_disabled()
    for row in range(24):
        turn(page, "Ordering", row + 1)
        assert finding(page) == before
        factors.add(tuple(texts(page, ".number")))
        assert texts(page, ".noise") == [f"kept: {pattern[pixel]}" for pixel in ORDERINGS[row]]
    assert len(factors) > 20
    page.get_by_label("Keep this pattern in every ordering").uncheck()
    assert finding(page) == explorer_state(PATTERNS, ordering=ORDERINGS[23], noise=3).finding


def test_given_all_others_says_what_python_says(show):
    page = show(ordering_explorer(PATTERNS, step=2))
    page.get_by_label("Given all others", exact=True).press("Space")
    for row, noise in ((0, 0), (7, 3), (23, 11)):
        turn(page, "Ordering", row + 1)
        turn(page, "Uniform numbers", noise + 1)
        facts = OthersFacts(explorer_state(PATTERNS, ordering=ORDERINGS[row], noise=noise))
        assert finding(page) == facts.finding
        assert texts(page, ".conditional") == [facts.conditional_sentence(step) for step in range(4)]
    products = products_given_others(facts.facts.counts)
    shown = [f"{fixed(product, 2)}" for product in products.values()]
    assert [text for text in texts(page, ".order.start")] == shown
    # who steps walks along an ordering again
    page.get_by_role("button", name="Step →").click()
    assert finding(page) == explorer_state(PATTERNS, ordering=ORDERINGS[23], noise=11, step=3).finding


def test_u_is_dragged_along_its_bar_and_turned_by_keys(show):
    page = show(ordering_explorer(PATTERNS, noise=2))
    uniform = list(explorer_state(PATTERNS, noise=2).uniform)
    bar = page.locator("svg rect.taken").nth(1).bounding_box()
    whole = [page.locator(f"svg rect.{kind}").nth(1).bounding_box() for kind in ("zero", "one")]
    left, right = whole[0]["x"], whole[1]["x"] + whole[1]["width"]
    for share in (0.02, 0.98, 0.5):
        page.mouse.move(bar["x"] + bar["width"] / 2, bar["y"] + 10)
        page.mouse.down()
        page.mouse.move(left + share * (right - left), bar["y"] + 14)
        page.mouse.up()
        uniform[1] = float(texts(page, ".noise")[1].split()[2])
        assert uniform[1] == pytest.approx(share, abs=0.01)
        facts = replace(explorer_state(PATTERNS), uniform=tuple(uniform))
        assert finding(page) == facts.finding
        assert texts(page, ".conditional") == [facts.conditional_sentence(each) for each in range(4)]
    # a finger that moves up or down still scrolls the page
    assert page.locator("svg.armod-plot").evaluate("svg => getComputedStyle(svg).touchAction") == "pan-y"
    last = page.get_by_label("The last u", exact=True)
    last.press("Home")
    assert texts(page, ".noise")[3] == "u = 0.000 draws 0"
    turn(page, "Uniform numbers", 3 + 1)
    assert finding(page) == explorer_state(PATTERNS, noise=3).finding


def test_bets_are_placed_before_the_step_and_scored_in_nats(show):
    page = show(ordering_explorer(PATTERNS, noise=5))
    page.get_by_label("Bet before each step", exact=True).check()
    bets = []
    for step, bet in enumerate((50, 80, 5, 99)):
        facts = explorer_state(PATTERNS, noise=5, step=step)
        assert finding(page) == BetFacts(facts, tuple(bets)).finding
        # the next conditional is covered
        assert texts(page, ".conditional")[:step] == [
            facts.conditional_sentence(each) for each in range(step)
        ]
        turn(page, "Your bet on 1", bet)
        assert texts(page, ".conditional")[step] == f"your bet: x{'₁₂₃₄'[step]} is 1 with {bet}%"
        page.get_by_role("button", name="Step →").press("Enter")
        bets.append(bet)
    assert finding(page) == BetFacts(explorer_state(PATTERNS, noise=5), tuple(bets)).finding
    page.get_by_role("button", name="← Back").click()
    assert finding(page) == BetFacts(explorer_state(PATTERNS, noise=5, step=3), tuple(bets[:3])).finding
    # other questions begin from the start
    turn(page, "Ordering", 9)
    assert (
        finding(page)
        == BetFacts(explorer_state(PATTERNS, ordering=ORDERINGS[8], noise=5, step=0), ()).finding
    )


def test_whoever_bets_no_longer_looks_at_all_others_nor_the_other_way_round(show):
    page = show(ordering_explorer(PATTERNS, noise=5))
    bet, others = (
        page.get_by_label(name, exact=True) for name in ("Bet before each step", "Given all others")
    )
    others.click()
    bet.click()
    expect(others).not_to_be_checked()
    assert finding(page) == BetFacts(explorer_state(PATTERNS, noise=5, step=0), ()).finding
    others.click()
    expect(bet).not_to_be_checked()
    assert finding(page) == OthersFacts(explorer_state(PATTERNS, noise=5)).finding


def test_nothing_moves_by_itself(show):
    page = show(ordering_explorer(PATTERNS, step=0))
    page.wait_for_timeout(1300)
    assert finding(page) == explorer_state(PATTERNS, step=0).finding
    assert page.evaluate("document.getAnimations().length") == 0
