"""A widget in a real browser."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, Page, expect

from armod.course.labs import Widget
from tests.browser.lab import VIEWPORT, fresh_page, without_complaints
from tests.browser.widgets import settle

HEAD = '<meta name="viewport" content="width=device-width"><style>body { margin: 8px }</style>'
ASLEEP = ".armod-widget:has(script):not(:has(.armod-stage:not(.armod-lab) .finding, .finding > span:not(:empty)):has(.armod-still[hidden]))"

Show = Callable[..., Page]


@pytest.fixture(scope="module")
def one_page(browser: Browser) -> Iterator[Page]:
    with fresh_page(browser) as page:
        yield page


@pytest.fixture
def show(one_page: Page) -> Iterator[Show]:
    """Puts a widget on an empty page, wakes it, and fails the test if anything was asked of the network.

    It is the same page for all tests of a module, as it was: to open one takes longer than most tests.
    """
    one_page.goto("about:blank")
    one_page.set_viewport_size(VIEWPORT)
    one_page.emulate_media(media="null", color_scheme="light", reduced_motion="null")
    with without_complaints(one_page), showing(one_page) as put:
        yield put


@pytest.fixture
def show_alone(page: Page) -> Iterator[Show]:
    """The same on a page of its own, for a test that stops the clock: it would stand still for all later ones."""
    with showing(page) as put:
        yield put


@contextmanager
def showing(page: Page) -> Iterator[Show]:
    asked: list[str] = []
    page.context.route("**/*", lambda route: (asked.append(route.request.url), route.abort()))

    def put(widget: Widget, head: str = HEAD) -> Page:
        page.set_content(f"<!doctype html><html><head>{head}</head><body>{widget.html}</body></html>")
        # not in the page's own time, which a test may have stopped
        expect(page.locator(ASLEEP)).to_have_count(0)
        settle(page)
        page.mouse.move(0, 0)  # where the test before left it, it may point at something
        return page

    yield put
    page.context.unroute_all()
    assert asked == []
