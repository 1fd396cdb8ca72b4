"""Draw the picture of every lab for ``docs/guide/all_labs.md``: ``python scripts/pictures_of_labs.py`` (needs Chromium and the tests).

Each lab is shown as its test shows it, in the state that `STATES` turns it to, and stored in 64 colours.
"""

from __future__ import annotations

import io
import os
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, sync_playwright

ROOT = Path(__file__).parent.parent
FOLDER = ROOT / "docs" / "static" / "labs"
WIDTH, COLOURS = 760, 64
STATES: Mapping[str, Mapping[str, str]] = {
    "dilation": {"Dilations": "1, 2, 4, 8", "Show": "generation, naive"},
    "mask": {"Show": "one sampling pass", "Variables drawn": "4"},
    "gates": {"Step": "9"},
}


def turn(page: Page, label: str, value: str) -> None:
    """Put a knob to a value."""
    knob = page.get_by_label(label, exact=True)
    if knob.evaluate("node => node.tagName") == "SELECT":
        knob.select_option(value)
    else:
        knob.fill(value)


def main() -> None:
    """Draw them all, or those that are named."""
    sys.path.insert(0, str(ROOT))
    from tests.course.labs.looks import LOOKS

    FOLDER.mkdir(exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"] if os.getuid() == 0 else []
        )
        page = browser.new_page(viewport={"width": WIDTH, "height": 900})
        for name in sys.argv[1:] or LOOKS:
            page.set_content(f"<!doctype html><body style='margin: 0'>{LOOKS[name].widget.html}")
            page.locator(".armod-still[hidden]").wait_for(state="attached")
            for label, value in STATES.get(name, {}).items():
                turn(page, label, value)
            page.evaluate("document.activeElement.blur()")
            if name == "field":
                page.locator('[data-pixel="84"]').hover()
            page.wait_for_timeout(200)
            shot = Image.open(io.BytesIO(page.locator(".armod-widget").screenshot()))
            few = shot.convert("RGB").quantize(
                COLOURS, method=Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE
            )
            few.save(FOLDER / f"{name}.png", optimize=True)
            print(name, (FOLDER / f"{name}.png").stat().st_size)
        browser.close()


if __name__ == "__main__":
    main()
