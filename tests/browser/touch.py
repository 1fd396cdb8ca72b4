"""A finger on a page: real touch events, from which a browser also makes its pointer events, taps and scrolling."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import CDPSession, Page

Swipe = Callable[[tuple[float, float], tuple[float, float]], None]


def finger_on(page: Page) -> Swipe:
    """What presses at one place, moves to another in small steps, and lets go."""
    touch: CDPSession = page.context.new_cdp_session(page)

    def swipe(start: tuple[float, float], end: tuple[float, float]) -> None:
        def send(kind: str, *points: tuple[float, float]) -> None:
            touch.send(
                "Input.dispatchTouchEvent",
                {"type": kind, "touchPoints": [{"x": x, "y": y} for x, y in points]},
            )
            # a browser takes a finger away from a page that is long busy with the touch before
            page.evaluate("() => new Promise(done => requestAnimationFrame(() => done()))")

        send("touchStart", start)
        for part in range(1, 9):
            send("touchMove", tuple(a + part / 8 * (b - a) for a, b in zip(start, end, strict=True)))
        send("touchEnd")

    return swipe
