"""The speak lab in the real JupyterLab: the kernel says what was typed, and its wave is seen before it is whole."""

from __future__ import annotations

from collections.abc import Iterator

import jupytext
import pytest
from playwright.sync_api import Page, expect

from tests.browser.lab import Lab, serve

pytestmark = [pytest.mark.browser, pytest.mark.slow]

NOTEBOOK = """# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %%
from armod.course.labs import speak_lab
lab = speak_lab(["two"], speeds=(150,), pitches=(100,), speed=150, live=True)
lab
"""
# all that the finding said since
REMEMBER = """() => {
    const finding = document.querySelector(".armod-widget[data-connected] .speak-lab .finding");
    window.found = [];
    new MutationObserver(() => window.found.push(finding.textContent)).observe(finding, { childList: true, characterData: true, subtree: true });
}"""


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """A course of one notebook, which has not run yet."""
    course = tmp_path_factory.mktemp("speak-lab-course")
    (course / "notebooks").mkdir()
    (course / "notebooks/index.py").write_text(NOTEBOOK)
    jupytext.write(jupytext.reads(NOTEBOOK, fmt="py:percent"), course / "notebooks/index.ipynb")
    with serve(course, home=tmp_path_factory.mktemp("speak-lab-home")) as running:
        yield running


def test_a_typed_text_is_said_by_the_kernel_while_the_wave_grows(course: Lab, page: Page) -> None:
    notebook = course.open(page, "index.ipynb")
    notebook.run_all()
    assert notebook.errors() == []
    shown = notebook.locator(".armod-widget[data-connected] .speak-lab")
    expect(shown).to_have_count(1)
    page.evaluate(REMEMBER)
    shown.get_by_label("Text, yours or a prepared one", exact=True).fill("press seven")
    page.keyboard.press("Enter")
    expect(shown.locator(".finding")).to_contain_text("“press seven” is 0.", timeout=30_000)
    told = page.evaluate("found")
    assert told[0] == "“press seven” is being planned"
    assert len({each for each in told if "samples of “press seven” are made" in each}) > 5
