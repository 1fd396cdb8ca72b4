import pytest
from playwright.sync_api import expect

from armod.course.labs import course_map
from armod.course.lessons.catalogue import Lesson
from tests.browser.widgets import settle

CHAIN = ("4_1_chain_rule", "4.1 The chain rule", ("probability",), ("chain rule",))
MADE = ("4_5_1_made", "4.5.1 MADE & <masks>", ("chain rule", "networks"), ("masks", "completion"))


def lesson(name: str, title: str, needs: tuple[str, ...], teaches: tuple[str, ...]) -> Lesson:
    return Lesson(
        name=name,
        path=None,
        title=title,
        question=f"What does {name} answer?",
        objectives=("say it",),
        minutes=60,
        needs=needs,
        teaches=teaches,
    )


@pytest.fixture(scope="module")
def widget():
    return course_map([lesson(*CHAIN), lesson(*MADE)], {"4_5_1_made": "2 exercises passed"})


def test_as_text_it_is_the_whole_map(widget):
    assert "4.5.1 MADE & <masks>, 1 h, 2 exercises passed: needs chain rule (from 4.1), networks" in str(
        widget
    )


def test_the_same_lessons_give_the_same_page(widget):
    again = course_map([lesson(*CHAIN), lesson(*MADE)], {"4_5_1_made": "2 exercises passed"})
    assert widget.html == again.html


@pytest.mark.browser
def test_without_scripts_it_is_a_picture_and_links(browser, widget):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.set_content(widget.html)
    expect(page.get_by_role("img")).to_have_attribute("alt", str(widget))
    expect(page.get_by_role("link")).to_have_text(["4.1 The chain rule", "4.5.1 MADE & <masks>"])
    context.close()


@pytest.fixture
def map_page(page, widget):
    page.set_content(widget.html)
    expect(page.locator(".course-map")).to_be_visible()
    return page


@pytest.mark.browser
def test_a_card_says_what_the_lesson_is_and_opens_it(map_page):
    card = map_page.get_by_role("article").nth(1)
    expect(card).to_contain_text("4.5.1")
    expect(card).to_contain_text("1 h · 2 exercises passed")
    expect(card).to_contain_text("What does 4_5_1_made answer?")
    expect(card.get_by_role("listitem")).to_have_text(["masks", "completion"])
    link = card.get_by_role("link", name="MADE & <masks>")
    assert link.get_attribute("href") == "4_5_1_made.ipynb"
    # The whole card is the link: a click into its lower corner lands on it.
    inside = card.evaluate(
        "card => { const box = card.getBoundingClientRect(); return document.elementFromPoint(box.right - 5, box.bottom - 5).tagName }"
    )
    assert inside == "A"
    expect(map_page.get_by_role("img")).to_be_hidden()


@pytest.mark.browser
def test_lines_join_concepts_to_cards_at_any_width(map_page):
    for width in (1200, 500):
        map_page.set_viewport_size({"width": width, "height": 800})
        map_page.wait_for_function("width => innerWidth === width", arg=width)
        settle(map_page)
        gaps = map_page.evaluate(
            """() => [...document.querySelectorAll(".line")].map(line => {
                const [x1, y1] = line.getAttribute("d").match(/[-\\d.]+/g).map(Number);
                const frame = document.querySelector(".map").getBoundingClientRect();
                return Math.min(...[...document.querySelectorAll(".pill")].map(pill => {
                    const box = pill.getBoundingClientRect();
                    return Math.abs(box.left + box.width / 2 - frame.left - x1);
                }));
            })"""
        )
        assert len(gaps) == 3
        assert max(gaps) < 1


@pytest.mark.browser
def test_pointing_at_a_card_or_its_link_lights_what_it_needs_and_leads_to(map_page):
    def lights(feeds: list[str], fed: list[str]) -> None:
        expect(map_page.locator(".pill.feeds")).to_have_text(feeds)
        expect(map_page.locator(".pill.fed")).to_have_text(fed)

    map_page.get_by_role("article").nth(1).hover()
    lights(["networks", "chain rule"], [])
    map_page.mouse.move(0, 0)
    lights([], [])
    map_page.keyboard.press("Tab")
    expect(map_page.get_by_role("link").first).to_be_focused()
    lights(["probability"], ["chain rule"])
