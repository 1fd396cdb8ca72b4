"""From a key pressed on a slider to the painted picture: median and 95th percentile, in Chromium.

python -m benchmarks.widget_latency
"""

from __future__ import annotations

import json
import os
import random
import shutil
import statistics

from playwright.sync_api import Locator, Page, sync_playwright

from armod.course.labs import mask_lab

TARGET_MS = 25

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


def knob_to_paint(
    page: Page, slider: Locator, *, presses: int = 60, picture: str = ".armod-widget svg.armod-network"
) -> dict[str, float]:
    """Presses real arrow keys on a slider, there and back, and times each press until its picture is painted.

    ``page`` and ``slider`` may be in any page, JupyterLab's too; ``picture`` selects what must change. Gives
    ``median_ms`` and ``p95_ms`` until the picture is painted, ``next_frame_median_ms`` until the frame after it (the
    double ``requestAnimationFrame``), ``presses``, and how many of them ``changed`` the picture.
    """
    slider.evaluate(_STOPWATCH, picture)
    slider.focus()
    there_and_back = [key for key in ("ArrowLeft", "ArrowRight") for _ in range(2)]
    pause = random.Random(0)
    for number in range(presses):
        # People do not press in step with the screen.
        page.wait_for_timeout(pause.uniform(20, 60))
        page.keyboard.press(there_and_back[number % 4])
        page.wait_for_function("count => window.armodStopwatch.done === count", arg=number + 1)
    watch = page.evaluate("window.armodStopwatch")
    return {
        "median_ms": statistics.median(watch["painted"]),
        "p95_ms": statistics.quantiles(watch["painted"], n=20)[-1],
        "next_frame_median_ms": statistics.median(watch["nextFrame"]),
        "presses": presses,
        "changed": watch["changed"],
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
            for name in ("Chosen output", "Variables", "Units in layer 2")
        }
        browser.close()
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
