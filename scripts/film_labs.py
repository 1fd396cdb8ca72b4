"""Films a few labs for the README: ``python scripts/film_labs.py`` writes docs/static/labs.webp, 20 seconds long.

It presses the keys that a reader would press, in a real Chromium, and keeps a picture after each.
"""

from __future__ import annotations

import io
import shutil
from pathlib import Path

import torch
from PIL import Image
from playwright.sync_api import Page, sync_playwright

from armod.course import labs
from armod.course.labs import Widget

OUT = Path(__file__).parents[1] / "docs" / "static" / "labs.webp"
WIDTH, HEIGHT = 800, 620
MILLISECONDS = 500
# two neighbours of four pixels are usually alike
PATTERNS = torch.tensor(
    [[1, 1, 0, 0]] * 3 + [[0, 0, 1, 1]] * 2 + [[1, 1, 1, 1]] * 2 + [[0, 1, 0, 0], [0, 0, 0, 0]]
)
# what is pressed in each lab: the name of a control, the key, and how often
PRESSED: list[tuple[Widget, list[tuple[str, str, int]]]] = [
    (labs.mask_lab(), [("Chosen output", "ArrowRight", 4), ("Seed of the degrees", "ArrowRight", 5)]),
    (
        labs.dilation_lab(),
        [("Step →", "Enter", 6), ("Layers", "ArrowRight", 2)],
    ),
    (labs.kl_lab(), [("Mean of q", "ArrowRight", 6), ("Width of q", "ArrowRight", 4)]),
    (labs.ordering_explorer(PATTERNS, step=0), [("Step →", "Enter", 4), ("Ordering", "ArrowRight", 6)]),
]


def main() -> None:
    """Film them one after the other, into one file."""
    frames: list[Image.Image] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT}, color_scheme="light")
        for widget, keys in PRESSED:
            page.set_content(f"<!doctype html><html><body style='margin:0'>{widget.html}</body></html>")
            page.wait_for_selector(".armod-still[hidden]", state="attached")
            frames += [_picture(page)] * 2  # time to read the title
            for name, key, times in keys:
                control = page.locator(".armod-lab").get_by_label(name, exact=True)
                if not control.count():
                    control = page.get_by_role("button", name=name, exact=True)
                for _ in range(times):
                    control.press(key)
                    frames.append(_picture(page))
        browser.close()
    frames[0].save(
        OUT, save_all=True, append_images=frames[1:], duration=MILLISECONDS, loop=0, quality=60, method=4
    )
    print(f"{OUT}: {len(frames) * MILLISECONDS / 1000:.0f} s, {OUT.stat().st_size / 1e6:.2f} MB")


def _picture(page: Page) -> Image.Image:
    page.evaluate("scrollTo(0, 0)")
    return Image.open(io.BytesIO(page.screenshot())).convert("RGB")


if __name__ == "__main__":
    main()
