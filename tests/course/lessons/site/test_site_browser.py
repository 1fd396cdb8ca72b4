"""The site in a real browser: alive, quiet, readable on a phone, and for everybody."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from armod.course.lessons.site import build_site
from tests.browser.widgets import settle
from tests.course.lessons.site.conftest import LESSONS
from tests.course.lessons.site.test_site import BUDGET
from tests.docs.crawler import broken_links, read_pages, requests_elsewhere

pytestmark = pytest.mark.browser

SIDEWAYS = "document.documentElement.scrollWidth > innerWidth"
# labs that are asleep: their picture shows where they should have drawn
ASLEEP = ".armod-widget:has(script):not(:has(.armod-still[hidden])):not(.armod-quiz):not(.armod-predict):not(.armod-foot)"
# characters in the first line of each paragraph that has several lines
MEASURE = """() => [...document.querySelectorAll("article p:not(.armod-widget *)")].flatMap(paragraph => {
  const text = [...paragraph.childNodes].find(node => node.nodeType === 3 && node.length > 150);
  if (!text || text !== paragraph.firstChild) return [];
  const range = document.createRange();
  range.setStart(text, 0);
  for (let end = 1; end < text.length; end += 1) {
    range.setEnd(text, end);
    if (range.getClientRects().length > 1) return [end - 1];
  }
  return [];
})"""

PICTURES = ".output img:visible:not(.armod-still *)"
SHRUNK = "all => all.map(img => img.clientWidth / parseFloat(img.style.width))"


class Quiet(SimpleHTTPRequestHandler):
    """Serves a folder and prints nothing."""

    def log_message(self, format: str, *args: object) -> None:
        pass


def serve(folder: Path) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=folder))
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_a_lesson_lives_without_a_kernel(site: Path, page: Page) -> None:
    page.goto((site / f"{LESSONS[1]}.html").as_uri())
    expect(page.locator(ASLEEP)).to_have_count(0)
    card = page.locator(".armod-predict").first
    fold = card.locator("xpath=ancestor::*[contains(@class, 'jp-Cell')]/following-sibling::*[1]").locator(
        "details"
    )
    assert fold.evaluate("fold => fold.open") is False
    card.locator("details > summary").click()
    expect(card.locator(".reveal, .answer").first).to_be_visible()
    expect(fold).to_have_attribute("open", "")  # what reads the result aloud opens with the card
    page.wait_for_function("localStorage.length === 1")
    page.reload()
    expect(fold).to_have_attribute("open", "")


def test_the_measure_is_that_of_a_book(site: Path, page: Page) -> None:
    page.set_viewport_size({"width": 1280, "height": 900})
    page.goto((site / f"{LESSONS[1]}.html").as_uri())
    lines = sorted(page.evaluate(MEASURE))
    assert len(lines) > 10
    assert 62 <= lines[len(lines) // 2] <= 76, lines


def test_no_width_cuts_the_page_and_a_wide_screen_shows_code_whole(site: Path, page: Page) -> None:
    """Between a phone and a wide screen the lists of contents come to stand beside the text, and it must make room."""
    page.goto((site / f"{LESSONS[1]}.html").as_uri())
    for width in (768, 1024, 1200, 1320, 1440):
        page.set_viewport_size({"width": width, "height": 900})
        assert not page.evaluate(SIDEWAYS), width
    room = page.locator(".highlight-python pre").first.evaluate(
        "pre => [pre.clientWidth, parseFloat(getComputedStyle(pre).fontSize)]"
    )
    assert room[0] / room[1] > 110 * 0.6, f"a line of code has 110 characters, each 0.6 of its height: {room}"


def test_a_phone_shows_it_and_no_page_scrolls_sideways(site: Path, page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    for path in (f"{LESSONS[0]}.html", "index.html", f"exercises/{LESSONS[0]}.html"):
        page.goto((site / path).as_uri())
        expect(page.locator(ASLEEP)).to_have_count(0)
        settle(page)
        assert not page.evaluate(SIDEWAYS), path
        shrunk = page.locator(PICTURES).evaluate_all(SHRUNK)
        assert all(share >= 0.64 for share in shrunk), (
            "letters of 10 points have 9 pixels at 0.64 of their size"
        )
        assert shrunk or path != f"{LESSONS[0]}.html"


def test_on_paper_the_text_is_unfolded_and_the_cards_are_not(site: Path, page: Page) -> None:
    page.goto((site / f"{LESSONS[1]}.html").as_uri())
    folds = page.locator("article details:not(.armod-widget *)")
    cards = page.locator(".armod-predict details")
    is_open = "all => all.map(fold => fold.open)"
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert folds.count() > 3 and all(folds.evaluate_all(is_open))
    assert not any(cards.evaluate_all(is_open))
    page.emulate_media(media="print")
    expect(page.locator(".skip-to-content")).to_be_hidden()  # it would lie over the text of every page
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert not any(folds.evaluate_all(is_open))
    assert page.evaluate("localStorage.length") == 0, "nobody has asked for an answer"


def violations(page: Page, theme: str) -> list[str]:
    """What axe-core finds; the second theme differs in its colours alone.

    Only violations are told in full: to describe each of thousands of nodes that are well takes twice as long as to look at them.
    """
    rules = {} if theme == "light" else {"runOnly": ["color-contrast", "link-in-text-block"]}
    rules |= {"resultTypes": ["violations"]}
    found = Axe().run(page, options=rules).response["violations"]
    return [f"{each['id']}: {node['html'][:160]}" for each in found for node in each["nodes"]]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("whole") / "public"
    assert build_site(out) > 50
    return out


def names_of(whole: Path) -> list[str]:
    """The addresses of all pages in the site."""
    return [path.relative_to(whole.resolve()).as_posix() for path in read_pages(whole)]


@pytest.mark.slow
def test_no_page_of_the_whole_site_links_to_nothing_or_elsewhere(whole: Path) -> None:
    pages = read_pages(whole)
    assert broken_links(pages) == [] and requests_elsewhere(whole, pages) == []


@pytest.mark.slow
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_page_of_the_whole_site(whole: Path, browser: Browser, theme: str) -> None:
    """Some minutes: opens each page, on a wide screen and on a phone."""
    problems: list[str] = []
    for address in serve(whole):
        context = browser.new_context(viewport={"width": 1280, "height": 900}, color_scheme=theme)
        page = context.new_page()
        listen(page, address, problems)
        for name in names_of(whole):
            page.goto(f"{address}/{name}")
            expect(page.locator(ASLEEP)).to_have_count(0)
            problems += [f"{name}, {theme}: {each}" for each in violations(page, theme)]
            for width in (390, 1280):
                page.set_viewport_size({"width": width, "height": 900})
                settle(page)
                if page.evaluate(SIDEWAYS):
                    problems.append(f"{name} scrolls sideways at {width}")
        context.close()
    assert problems == []


@pytest.mark.slow
def test_no_lesson_weighs_more_than_its_budget(whole: Path, browser: Browser) -> None:
    for address in serve(whole):
        weights = {
            name: weigh(browser, f"{address}/{name}") for name in names_of(whole) if name.startswith("4_")
        }
    print(
        *(f"{size:9,} bytes, first paint {paint:5.0f} ms  {name}" for name, (size, paint) in weights.items()),
        sep="\n",
    )
    assert len(weights) == 12
    assert [name for name, (size, _) in weights.items() if size > BUDGET] == []


def listen(page: Page, address: str, problems: list[str]) -> None:
    """Note what goes wrong on a page, and what it asks of others."""

    def note(what: str) -> None:
        problems.append(f"{page.url}: {what[:200]}")

    page.on("console", lambda line: note(line.text) if line.type == "error" else None)
    page.on("pageerror", lambda error: note(str(error)))
    page.on("requestfailed", lambda request: note(f"{request.url} failed"))
    page.on(
        "request",
        lambda request: None if request.url.startswith((address, "data:", "blob:")) else note(request.url),
    )


def weigh(browser: Browser, address: str) -> tuple[int, float]:
    """How many bytes a new reader of a page fetches, and after how many milliseconds something is there to see."""
    context = browser.new_context()
    page = context.new_page()
    sizes: list[int] = []
    page.on("requestfinished", lambda request: sizes.append(request.sizes()["responseBodySize"]))
    page.goto(address)
    page.wait_for_load_state("networkidle")
    paint = page.evaluate("performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? 0")
    context.close()
    return sum(sizes), paint
