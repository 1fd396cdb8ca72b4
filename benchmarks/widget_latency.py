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
    """Latency of the mask lab's knobs at its largest setting, in a page of its own."""
    with sync_playwright() as playwright, chromium(playwright) as browser:
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.set_content(mask_lab(16, (16, 16, 16)).html)
        page.wait_for_selector(".finding")
        measured = {
            name: knob_to_paint(page, page.get_by_label(name, exact=True), presses=60)
            for name in ("Chosen output", "Variables", "Units in layer 2")
        }
    return measured


def main() -> None:
    """Prints a table and writes nothing."""
    measured = run()
    print(f"Mask lab, key press to painted picture (target: median <= {TARGET_MS} ms)")
    for name, result in measured.items():
        print(
            f"{name:26s} median {result['median_ms']:5.1f} ms   p95 {result['p95_ms']:5.1f} ms   "
            f"(one frame later {result['next_frame_median_ms']:5.1f} ms)"
        )
    print(json.dumps(measured))


if __name__ == "__main__":
    main()
