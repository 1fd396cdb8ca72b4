"""From a key pressed on a slider to the painted picture: median and 95th percentile, in Chromium.

python -m benchmarks.widget_latency
"""

from __future__ import annotations

import json
import os
import shutil
import statistics

from playwright.sync_api import Locator, Page, sync_playwright

from armod.widgets import mask_lab

TARGET_MS = 25

# The drawing is done in the slider's own `input` event; two animation frames later it is on the screen for certain.
_STOPWATCH = """(slider, picture) => {
    const drawing = document.querySelector(picture);
    const watch = window.armodStopwatch = { times: [], changed: 0, seen: drawing.innerHTML };
    let pressed = 0;
    slider.addEventListener("keydown", event => { pressed = event.timeStamp }, true);
    slider.addEventListener("input", () => requestAnimationFrame(() => requestAnimationFrame(() => {
        watch.times.push(performance.now() - pressed);
        watch.changed += drawing.innerHTML !== watch.seen;
        watch.seen = drawing.innerHTML;
    })));
}"""


def knob_to_paint(
    page: Page, slider: Locator, *, presses: int = 60, picture: str = ".armod-widget svg"
) -> dict[str, float]:
    """Presses real arrow keys on a slider, there and back, and times each press until its picture is painted.

    ``page`` and ``slider`` may be in any page, JupyterLab's too; ``picture`` selects what must change. Gives
    ``median_ms``, ``p95_ms``, ``presses`` and how many of them ``changed`` the picture.
    """
    slider.evaluate(_STOPWATCH, picture)
    slider.focus()
    back_and_forth = [key for key in ("ArrowLeft", "ArrowRight") for _ in range(2)]
    for number in range(presses):
        page.keyboard.press(back_and_forth[number % 4])
        page.wait_for_function("count => window.armodStopwatch.times.length === count", arg=number + 1)
    times, changed = page.evaluate("[window.armodStopwatch.times, window.armodStopwatch.changed]")
    return {
        "median_ms": statistics.median(times),
        "p95_ms": statistics.quantiles(times, n=20)[-1],
        "presses": presses,
        "changed": changed,
    }


def run() -> dict[str, dict[str, float]]:
    """Latency of the mask lab's knobs at its largest setting, in a page of its own."""
    executable = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    is_root = hasattr(os, "geteuid") and os.geteuid() == 0
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=executable, args=["--no-sandbox"] if is_root else []
        )
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.set_content(mask_lab(16, (16, 16, 16)).html)
        page.wait_for_selector(".finding")
        measured = {
            name: knob_to_paint(page, page.get_by_label(name, exact=True))
            for name in ("Chosen output", "Variables", "Units in hidden layer 2")
        }
        browser.close()
    return measured


def main() -> None:
    """Prints a table and writes nothing."""
    measured = run()
    print(f"Mask lab, key press to painted picture (target: median <= {TARGET_MS} ms)")
    for name, result in measured.items():
        print(f"{name:26s} median {result['median_ms']:5.1f} ms   p95 {result['p95_ms']:5.1f} ms")
    print(json.dumps(measured))


if __name__ == "__main__":
    main()
