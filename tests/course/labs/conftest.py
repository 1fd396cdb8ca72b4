"""A widget in a real browser, on a page of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page

from armod.course.labs import Widget

HEAD = '<meta name="viewport" content="width=device-width"><style>body { margin: 8px }</style>'


@pytest.fixture
def show(page: Page) -> Iterator[Callable[..., Page]]:
    """Puts a widget on an empty page, wakes it, and fails the test if anything was asked of the network."""
    asked: list[str] = []
    page.context.route("**/*", lambda route: (asked.append(route.request.url), route.abort()))

    def put(widget: Widget, head: str = HEAD) -> Page:
        page.set_content(f"<!doctype html><html><head>{head}</head><body>{widget.html}</body></html>")
        page.wait_for_function(
            """() => [...document.querySelectorAll(".armod-widget:has(script)")].every(widget =>
                widget.querySelector(".armod-still").hidden && widget.querySelector(".finding").textContent)"""
        )
        return page

    yield put
    assert asked == []
