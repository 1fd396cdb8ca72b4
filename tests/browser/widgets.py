"""Widgets on a page of their own: turning their knobs, measuring their drawings, timing them. ``show`` is a fixture."""

from __future__ import annotations

import random
import statistics
from typing import Any

import pytest
from playwright.sync_api import Locator, Page

# Random settings of a lab's knobs: each is real keys and pictures that are painted. `make test-slow` tries more.
seeds = pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.slow) for seed in (1, 2))])

# The drawing is done in the slider's own `input` event. The task that follows the next animation frame's callbacks runs
# once that frame is painted; a second frame's callback is a bound from above, one idle frame later.
_STOPWATCH = """(slider, picture) => {
    const drawing = document.querySelector(picture);
    const watch = window.armodStopwatch = { painted: [], nextFrame: [], changed: 0, seen: drawing.innerHTML };
    let pressed = 0;
    slider.addEventListener("keydown", event => { pressed = event.timeStamp }, true);
    slider.addEventListener("input", () => requestAnimationFrame(() => {
        const channel = new MessageChannel();
        channel.port1.onmessage = () => watch.painted.push(performance.now() - pressed);
        channel.port2.postMessage(null);
        requestAnimationFrame(() => {
            watch.nextFrame.push(performance.now() - pressed);
            setTimeout(() => {
                watch.changed += drawing.innerHTML !== watch.seen;
                watch.seen = drawing.innerHTML;
                watch.done = watch.nextFrame.length;
            });
        });
    }));
}"""
_SHAPES = """() => {
    const svg = document.querySelector("svg.armod-plot");
    const frame = svg.getBoundingClientRect();
    return [...svg.querySelectorAll("text, circle, rect:not(defs rect)")]
        .filter(node => node.checkVisibility() && (node.tagName !== "text" || node.textContent))
        .map(node => [node, node.getBoundingClientRect()])
        .map(([node, box]) => ({
            name: node.tagName === "text" ? node.textContent : `${node.tagName}.${node.getAttribute("class")}`,
            size: node.tagName === "text" ? parseFloat(getComputedStyle(node).fontSize) : null,
            out: box.left < frame.left - 1 || box.right > frame.right + 1
                || box.top < frame.top - 1 || box.bottom > frame.bottom + 1 }));
}"""


def turn(page: Page, label: str, value: object) -> None:
    """Put a knob to a value: a slider's or text field's, or a name of a list."""
    knob = page.get_by_label(label, exact=True)
    if knob.evaluate("node => node.tagName") == "SELECT":
        knob.select_option(str(value))
    else:
        knob.fill(str(value))


def says(page: Page, facts: Any) -> None:
    """The page's finding and detail are Python's; what follows the detail is a hint."""
    assert page.locator(".finding").text_content() == facts.finding
    assert page.locator(".detail").text_content().startswith(facts.detail)


def drawing(page: Page) -> str:
    """All that a lab draws, as text."""
    return page.locator("svg.armod-plot").inner_html()


def settle(page: Page) -> None:
    """Wait until all that observes a size has been told of it, and has drawn itself anew: a new observer is told last."""
    for _ in range(2):  # what was drawn may have another size
        page.evaluate("() => new Promise(done => new ResizeObserver(done).observe(document.documentElement))")


def resize(page: Page, width: int) -> None:
    """Make the page so wide, and wait until its lab has drawn itself anew."""
    page.set_viewport_size({"width": width, "height": 900})
    page.wait_for_function("width => document.querySelector('svg.armod-plot').clientWidth < width", arg=width)
    settle(page)


def shapes(page: Page) -> list[dict[str, Any]]:
    """Every visible word, circle and rectangle of a lab's drawing: ``name``, font ``size``, and is it ``out`` of it?"""
    found: list[dict[str, Any]] = page.evaluate(_SHAPES)
    return found


def knob_to_paint(
    page: Page, slider: Locator, *, presses: int = 12, picture: str = ".armod-widget svg.armod-plot"
) -> dict[str, float]:
    """Presses real arrow keys on a slider, there and back, and times each press until its picture is painted.

    ``page`` and ``slider`` may be in any page, JupyterLab's too; ``picture`` selects what must change. Gives
    ``median_ms`` and ``p95_ms`` until the picture is painted, ``next_frame_median_ms`` until the frame after it (the
    double ``requestAnimationFrame``), ``computed_median_ms`` for which the page itself computed, on a busy machine too,
    ``presses``, and how many of them ``changed`` the picture.
    """
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable", {"timeDomain": "threadTicks"})

    def computed() -> float:
        metrics = session.send("Performance.getMetrics")["metrics"]
        return next(float(1000 * each["value"]) for each in metrics if each["name"] == "TaskDuration")

    spent = []
    slider.evaluate(_STOPWATCH, picture)
    slider.focus()
    there_and_back = [key for key in ("ArrowLeft", "ArrowRight") for _ in range(2)]
    pause = random.Random(0)
    for number in range(presses):
        # People do not press in step with the screen.
        page.wait_for_timeout(pause.uniform(20, 60))
        before = computed()
        page.keyboard.press(there_and_back[number % 4])
        page.wait_for_function("count => window.armodStopwatch.done === count", arg=number + 1)
        spent.append(computed() - before)
    session.detach()
    watch = page.evaluate("window.armodStopwatch")
    return {
        "median_ms": statistics.median(watch["painted"]),
        "p95_ms": statistics.quantiles(watch["painted"], n=20)[-1],
        "next_frame_median_ms": statistics.median(watch["nextFrame"]),
        "computed_median_ms": statistics.median(spent),
        "presses": presses,
        "changed": watch["changed"],
    }
