"""Cards in a browser: guess, reveal, reload, start over; by pointer and by keyboard; without storage, without scripts."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from armod.course.labs import choices, curve, number, predict, predictions
from armod.course.labs.page import asset
from armod.course.labs.prediction import card
from armod.figures.numbers import rounded
from tests.browser.widgets import settle

pytestmark = pytest.mark.browser

PASSES = "How many of the 784 passes does it need?"
CHANGES = "Which changes?"
GROWTH = "How does the work grow?"


@pytest.fixture
def html(monkeypatch: pytest.MonkeyPatch) -> str:
    """A page like an exported lesson: three cards, a text with a fold below the first, the look back."""
    monkeypatch.setattr(card, "_asked", {})
    widgets = [
        predict(PASSES, number(53, unit="passes", low=1, high=784, log=True), reveal="Because it looks ahead."),
        predict(CHANGES, choices(["the factors", "their product", "both"], answer="the factors")),
        predict(
            GROWTH,
            curve([8, 16, 32, 64], [64, 256, 1024, 4096], low=1, high=1e4, log=True,
                  x_label="D", y_label="evaluations", given=1),
        ),
        predictions(),
    ]  # fmt: skip
    cells = [f'<div class="jp-Cell">{widget.html}</div>' for widget in widgets]
    told = "<details id=told><summary>What happened</summary>Fewer than many think.</details>"
    cells.insert(1, f'<div class="jp-Cell jp-MarkdownCell">{told}</div>')
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>t</title><main>{"".join(cells)}</main>'
    )


@pytest.fixture
def lesson(page: Page, html: str, tmp_path: Path) -> Iterator[Page]:
    asked: list[str] = []
    page.context.route("http*://**", lambda route: (asked.append(route.request.url), route.abort()))
    path = tmp_path / "lesson.html"
    path.write_text(html, encoding="utf-8")
    page.goto(path.as_uri())
    settle(page)
    yield page
    assert asked == []


def card_of(page: Page, question: str) -> Locator:
    return page.get_by_role("group", name=f"A prediction: {question}", exact=True)


def verdict(page: Page, question: str) -> Locator:
    return card_of(page, question).get_by_role("status")


def test_a_number_is_guessed_revealed_kept_and_forgotten(lesson: Page) -> None:
    one = card_of(lesson, PASSES)
    reason = one.get_by_text("Because it looks ahead.")
    expect(reason).to_be_hidden()
    expect(one.get_by_text("53")).to_have_count(1)  # in the fold only
    field = one.get_by_label("Your guess", exact=True)
    for nonsense in ("", "many", "-3", "0"):
        field.fill(nonsense)
        field.press("Enter")
        expect(verdict(lesson, PASSES)).to_have_text("Type a number first, from 1 to 784.")
    expect(reason).to_be_hidden()
    field.fill("300")
    field.press("Enter")
    told = "A surprise. You said 300, it is 53 passes: 5.7 times less."
    expect(verdict(lesson, PASSES)).to_have_text(told)
    expect(reason).to_be_visible()
    expect(lesson.get_by_text("Fewer than many think.")).to_be_visible()
    expect(one.locator("summary")).to_be_focused()
    lesson.reload()
    expect(verdict(lesson, PASSES)).to_have_text(told)
    expect(reason).to_be_visible()
    one.get_by_role("button", name="Start over").click()
    expect(reason).to_be_hidden()
    expect(field).to_be_focused()
    lesson.reload()
    expect(reason).to_be_hidden()
    expect(verdict(lesson, PASSES)).to_be_empty()


def test_the_keyboard_is_enough_for_all_three_and_the_foot_follows(lesson: Page) -> None:
    foot = lesson.get_by_role("group", name="How well you predicted")
    expect(foot.get_by_role("status")).to_have_text("How well you predicted: no guess was made yet.")
    assert "53" not in foot.inner_text() and "the factors" not in foot.inner_text()
    press = lesson.keyboard.press
    card_of(lesson, PASSES).get_by_role("slider").focus()
    press("Home")
    expect(card_of(lesson, PASSES).get_by_label("Your guess", exact=True)).to_have_value("1")
    for key in ("End", "ArrowLeft", "Tab", "Enter"):
        press(key)
    expect(verdict(lesson, PASSES)).to_have_text("A surprise. You said 760, it is 53 passes: 14 times less.")
    card_of(lesson, CHANGES).get_by_role("radio").first.focus()
    for key in ("Space", "Enter"):
        press(key)
    expect(verdict(lesson, CHANGES)).to_have_text("Right. It is “the factors”.")
    points = card_of(lesson, GROWTH).get_by_role("slider")
    points.first.focus()
    press("Home")
    for _ in range(2):
        press("PageUp")
        press("ArrowUp")
        press("ArrowRight")
    card_of(lesson, GROWTH).get_by_role("button", name="This is my guess").press("Enter")
    expect(verdict(lesson, GROWTH)).to_have_text("Draw the whole curve first.")
    points.last.press("PageDown")
    press("Tab")
    press("Enter")
    expect(verdict(lesson, GROWTH)).to_contain_text("On average your curve is off by a factor of")
    expect(foot.get_by_role("status")).to_have_text(
        "How well you predicted: 2 of 3 right or close, 1 surprise."
    )
    expect(foot.get_by_role("row", name=PASSES)).to_contain_text("76053 passesA surprise")
    lesson.reload()
    expect(foot.get_by_role("status")).to_contain_text("2 of 3")


def test_a_curve_is_drawn_in_one_stroke(lesson: Page) -> None:
    one = card_of(lesson, GROWTH)
    box = one.locator("svg").bounding_box()
    assert box
    # along the true curve: 256 to 4,096 of 1 to 10,000 on a plot between its edges
    points = [one.get_by_role("slider").nth(index).bounding_box() for index in (0, 2)]
    x = [point["x"] + point["width"] / 2 for point in points]
    y = [box["y"] + 260 - 44 - (260 - 14 - 44) * math.log(work) / math.log(1e4) for work in (256, 4096)]
    lesson.mouse.move(x[0], y[0])
    lesson.mouse.down()
    lesson.mouse.move(x[1], y[1])  # one jump: what lies between is filled along the line
    lesson.mouse.up()
    one.get_by_role("button", name="This is my guess").click()
    expect(verdict(lesson, GROWTH)).to_contain_text("Close. On average your curve is off by a factor of 1")


def test_who_looks_without_a_guess_is_told_so_and_it_counts_for_nothing(lesson: Page) -> None:
    card_of(lesson, CHANGES).get_by_text("Show me, I have no guess").press("Enter")
    expect(verdict(lesson, CHANGES)).to_have_text("You looked without a guess.")
    foot = lesson.get_by_role("group", name="How well you predicted")
    expect(foot.get_by_role("row", name=CHANGES)).to_contain_text("looked without a guessthe factors")
    expect(foot.get_by_role("status")).to_have_text("How well you predicted: no guess was made yet.")
    expect(card_of(lesson, CHANGES).get_by_role("radio").first).to_be_disabled()


def test_a_screen_reader_is_told_what_belongs_together(lesson: Page) -> None:
    for question, snapshot in {
        PASSES: """
          - 'group "How many of the 784 passes does it need?"':
            - textbox "Your guess"
            - slider "Your guess on a scale from 1 to 784"
            - button "This is my guess"
            - status
            - group: Show me, I have no guess
        """,
        GROWTH: """
          - 'group "How does the work grow?"':
            - group "evaluations against D":
              - slider "evaluations at D = 16"
              - slider "evaluations at D = 32"
              - slider "evaluations at D = 64"
        """,
    }.items():
        expect(card_of(lesson, question)).to_match_aria_snapshot(snapshot)
    handle = card_of(lesson, GROWTH).get_by_role("slider").first
    expect(handle).to_have_attribute("aria-valuetext", "no guess yet")
    assert lesson.evaluate("document.querySelectorAll('input:not([data-lm-suppress-shortcuts])').length") == 0
    assert lesson.evaluate("document.getAnimations().length") == 0


def test_without_storage_the_page_remembers(page: Page, html: str) -> None:
    page.set_content(html)  # about:blank has none
    assert page.evaluate("() => { try { return !localStorage } catch { return true } }")
    card_of(page, CHANGES).get_by_label("both").check()
    card_of(page, CHANGES).get_by_role("button", name="This is my guess").click()
    expect(verdict(page, CHANGES)).to_have_text("A surprise. You said “both”; it is “the factors”.")
    foot = page.get_by_role("group", name="How well you predicted")
    expect(foot.get_by_role("status")).to_contain_text("0 of 1 right or close, 1 surprise.")


def test_what_was_kept_of_another_card_is_no_guess(lesson: Page) -> None:
    lesson.evaluate("""() => { for (const root of document.querySelectorAll("script"))
        for (const [, key] of root.textContent.matchAll(/"key":"(\\w+)"/g))
            localStorage.setItem(`armod-guess-${key}`, '{"guess": [1]}') }""")
    lesson.reload()
    for question in (PASSES, CHANGES, GROWTH):
        expect(verdict(lesson, question)).to_be_empty()


def test_without_scripts_the_answer_unfolds(browser: Browser, html: str) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.set_content(html)
    one = card_of(page, PASSES)
    expect(one.get_by_text("It is 53 passes.")).to_be_hidden()
    one.get_by_text("Show me").click()
    expect(one.get_by_text("It is 53 passes.")).to_be_visible()
    expect(one.get_by_text("Because it looks ahead.")).to_be_visible()
    context.close()


@pytest.mark.parametrize("width", [390, 900])
def test_nothing_is_cut_off_and_a_dark_theme_gets_a_white_card(lesson: Page, width: int) -> None:
    lesson.set_viewport_size({"width": width, "height": 800})
    lesson.emulate_media(color_scheme="dark")
    lesson.add_style_tag(content="body { background: #111; color: #eee } p, td, th { color: #eee }")
    for question in (PASSES, CHANGES, GROWTH):
        card_of(lesson, question).get_by_text("Show me, I have no guess").click()
        expect(verdict(lesson, question)).to_have_text("You looked without a guess.")
    assert lesson.evaluate("document.documentElement.scrollWidth") <= width
    assert contrasts(lesson, ".armod-widget") > 4.5


def test_a_page_writes_numbers_as_python_does(page: Page) -> None:
    page.add_script_tag(content=asset("prediction/verdict.js"))
    numbers = [
        0,
        1,
        53,
        1444,
        1_234_567,
        -7,
        0.5,
        1.4913,
        -0.0123,
        1234.6,
        2.26e15,
        12_345_678,
        3e-7,
        0.1 + 0.2,
    ]
    for digits in (2, 3):
        written = page.evaluate(
            "([all, digits]) => all.map(each => rounded(each, digits))", [numbers, digits]
        )
        assert written == [rounded(each, digits) for each in numbers]


@pytest.mark.parametrize(
    ("answer", "guess", "said"),
    [
        (number(53, low=1, high=784, log=True), 60, "Close. You said 60, it is 53: 7 less."),
        (number(53, low=1, high=784, log=True), 53, "Exactly. You said 53, and it is 53."),
        (number(1444, low=0, high=9000), 1440, "Close. You said 1,440, it is 1,444: 4 more."),
        (number(1.4913, low=0, high=4), 1.49, "Exactly. You said 1.49, and it is 1.49."),
        (number(-2.5, low=-9, high=9), 5, "A surprise. You said 5, it is −2.5: 7.5 less."),
        (number(0, low=0, high=100), 30, "A surprise. You said 30, it is 0: 30 less."),
        (number(12, unit="%", low=0, high=100), 54, "A surprise. You said 54, it is 12 %: 4.5 times less."),
        (number(54, unit="nats", low=0, high=100), 12, "A surprise. You said 12, it is 54 nats: 4.5 times more."),
    ],
)  # fmt: skip
def test_the_sentence_compares(page: Page, answer, guess, said) -> None:
    page.add_script_tag(content=asset("prediction/verdict.js"))
    judged = "([data, guess]) => { const { head, tail } = VERDICTS.number.judge(data, guess); return `${head} ${tail}` }"
    assert page.evaluate(judged, [dict(answer.data), guess]) == said


def contrasts(page: Page, selector: str) -> float:
    """The lowest contrast of any text against the nearest background behind it (WCAG 2)."""
    return page.evaluate(CONTRAST, selector)


CONTRAST = """selector => {
    const channels = (colour) => colour.match(/[\\d.]+/g).map(Number);
    const light = (colour) => {
        const [r, g, b] = channels(colour).map(c => c / 255).map(c => c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const behind = (node) => {
        for (; node; node = node.parentElement) {
            const colour = getComputedStyle(node).backgroundColor;
            if ((channels(colour)[3] ?? 1) > 0) return colour;
        }
        return "rgb(255, 255, 255)";
    };
    let lowest = 21;
    for (const node of document.querySelectorAll(`${selector}, ${selector} *`)) {
        const words = [...node.childNodes].some(child => child.nodeType === 3 && child.textContent.trim());
        if (!words || !node.checkVisibility() || node.closest("style, script")) continue;
        const style = getComputedStyle(node);
        const [a, b] = [light(node.closest("svg") ? style.fill : style.color), light(behind(node))].sort((x, y) => y - x);
        lowest = Math.min(lowest, (a + 0.05) / (b + 0.05));
    }
    return lowest;
}"""
