"""A widget in a real browser, on a page of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, expect

from armod.course.labs import Widget

HEAD = '<meta name="viewport" content="width=device-width"><style>body { margin: 8px }</style>'
ASLEEP = ".armod-widget:has(script):not(:has(.finding:not(:empty)):has(.armod-still[hidden]))"


@pytest.fixture
def show(page: Page) -> Iterator[Callable[..., Page]]:
    """Puts a widget on an empty page, wakes it, and fails the test if anything was asked of the network."""
    asked: list[str] = []
    page.context.route("**/*", lambda route: (asked.append(route.request.url), route.abort()))

    def put(widget: Widget, head: str = HEAD) -> Page:
        page.set_content(f"<!doctype html><html><head>{head}</head><body>{widget.html}</body></html>")
        # not in the page's own time, which a test may have stopped
        expect(page.locator(ASLEEP)).to_have_count(0)
        return page

    yield put
    page.context.unroute_all()
    assert asked == []
