"""From a trait that is set to the kernel's answer: medians of the live labs, beside those of the tabled pages of one's own model.

python -m benchmarks.live_labs
"""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Callable

import torch
from playwright.sync_api import sync_playwright

from armod import MADE, likelihoods
from armod.course.labs import dependency_lab, dilation_lab, field_lab, mask_lab
from benchmarks.widget_latency import chromium
from tests.browser.widgets import knob_to_paint

LIVE_TARGET_MS, TABLED_TARGET_MS = 50, 25
REPEATS = 40


def _median_ms(turn: Callable[[int], None]) -> float:
    spent = []
    for number in range(REPEATS):
        before = time.perf_counter()
        turn(number)
        spent.append(1000 * (time.perf_counter() - before))
    return statistics.median(spent)


def live() -> dict[str, float]:
    """Milliseconds of the kernel for each knob, all of armod's arithmetic and the messages to the page included."""
    masks, dilations, field = (
        mask_lab(10, (12, 12), live=True),
        dilation_lab(live=True),
        field_lab(live=True),
    )
    pairs = dependency_lab(MADE((1, 8, 8), [64], likelihood=likelihoods.Bernoulli()), live=True)

    def degrees(number: int) -> None:
        masks.degrees = [[1 + (unit + number) % 9 for unit in range(12)]] * 2

    def ordering(number: int) -> None:
        masks.ordering = torch.arange(10).roll(number + 1).tolist()

    def connection(number: int) -> None:
        changed = [mask.clone() for mask in masks.masks]
        changed[1][number % 12, 3] ^= True
        masks.masks = changed

    def dilation(number: int) -> None:
        dilations.dilations = [1, 2, 4, 5 + number]

    def pixel(number: int) -> None:
        field.pixel = (number % 13, (3 * number) % 13)
        field.facts.finding  # noqa: B018

    def layers(number: int) -> None:
        field.layers = ["A7", "B5×2", f"B3×{1 + number % 4}", "B3"]
        field.facts.finding  # noqa: B018

    def channel(number: int) -> None:
        field.channels = 3
        field.channel = (number + 1) % 3
        field.facts.finding  # noqa: B018

    def output(number: int) -> None:
        pairs.output = number % 64

    knobs = {
        "mask lab, a degree": degrees,
        "mask lab, the ordering": ordering,
        "mask lab, a connection": connection,
        "dilation lab, a dilation": dilation,
        "field lab, the pixel": pixel,
        "field lab, the layers": layers,
        "field lab, the channel": channel,
        "dependency lab, the variable": output,
    }
    return {name: _median_ms(turn) for name, turn in knobs.items()}


def tabled() -> dict[str, float]:
    """Milliseconds from a key to the painted picture, in pages of one's own model without a kernel."""
    pages = {
        "mask lab of a model": (
            mask_lab.of(MADE((10,), [12, 12], likelihood=likelihoods.Bernoulli())),
            "Chosen output",
        ),
        "dependency lab, 64 variables": (
            dependency_lab(MADE((1, 8, 8), [64], likelihood=likelihoods.Bernoulli())),
            "Row",
        ),
    }
    measured = {}
    with sync_playwright() as playwright, chromium(playwright) as browser:
        for name, (widget, knob) in pages.items():
            page = browser.new_page(viewport={"width": 1280, "height": 900})
            page.set_content(widget.html)
            page.wait_for_selector(".finding")
            measured[name] = knob_to_paint(page, page.get_by_label(knob, exact=True), presses=60)["median_ms"]
    return measured


def main() -> None:
    """Prints two tables and writes nothing."""
    torch.set_num_threads(1)
    results = {}
    for title, target, measure in (
        ("Live labs, a trait set to the kernel's answer", LIVE_TARGET_MS, live),
        ("Pages of one's own model, key press to painted picture", TABLED_TARGET_MS, tabled),
    ):
        results |= (measured := measure())
        print(f"{title} (target: median <= {target} ms)")
        for name, median in measured.items():
            print(f"{name:30s} median {median:5.1f} ms")
    print(json.dumps(results))


if __name__ == "__main__":
    main()
