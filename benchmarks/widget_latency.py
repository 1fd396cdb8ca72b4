"""From a key pressed on a slider to the painted picture: median and 95th percentile, in Chromium.

python -m benchmarks.widget_latency
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, Playwright, sync_playwright

from armod.course.labs import mask_lab
from tests.browser.widgets import knob_to_paint
from tests.course.labs.looks import LOOKS

TARGET_MS = 25


@contextmanager
def chromium(playwright: Playwright) -> Iterator[Browser]:
    """The Chromium of this machine."""
    executable = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    is_root = hasattr(os, "geteuid") and os.geteuid() == 0
    browser = playwright.chromium.launch(executable_path=executable, args=["--no-sandbox"] if is_root else [])
    yield browser
    browser.close()


def run() -> dict[str, dict[str, float]]:
    """Latency of one slider of every lab, and of the mask lab's knobs at its largest setting, each in a page of its own."""
    labs = {f"{name}: {look.slider}": (look.make, look.slider) for name, look in LOOKS.items()}
    largest = {
        f"largest mask: {name}": (lambda: mask_lab(16, (16, 16, 16)), name)
        for name in ("Chosen output", "Variables", "Units in layer 2")
    }
    measured = {}
    with sync_playwright() as playwright, chromium(playwright) as browser:
        for words, (make, slider) in (labs | largest).items():
            page = browser.new_page(viewport={"width": 1280, "height": 900})
            page.set_content(make().html)
            page.wait_for_selector(".finding:not(:empty)")
            measured[words] = knob_to_paint(page, page.get_by_label(slider, exact=True), presses=32)
            page.close()
    return measured


def main() -> None:
    """Prints a table and writes nothing."""
    measured = run()
    print(f"Labs, key press to painted picture (target: median <= {TARGET_MS} ms)")
    for name, result in measured.items():
        print(
            f"{name:34s} median {result['median_ms']:5.1f} ms   p95 {result['p95_ms']:5.1f} ms   "
            f"(one frame later {result['next_frame_median_ms']:5.1f} ms)"
        )
    print(json.dumps(measured))


if __name__ == "__main__":
    main()
