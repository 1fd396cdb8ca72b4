"""The mask lab in the real JupyterLab: made by a kernel, turned by real keys, alive again when the notebook is reopened."""

from __future__ import annotations

from collections.abc import Iterator

import jupytext
import pytest
from playwright.sync_api import Page, expect

from armod.course.labs.mask.lab import lab_state
from tests.browser.lab import Lab, serve
from tests.browser.widgets import knob_to_paint

# of every test run, the live lab is tried in JupyterLab: tests/course/labs/live
pytestmark = [pytest.mark.browser, pytest.mark.slow]

NOTEBOOK = """# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %%
from armod.course.labs import mask_lab
mask_lab()
"""


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """A course of one notebook, which shows the mask lab and has not run yet."""
    course = tmp_path_factory.mktemp("mask-lab-course")
    notebooks = course / "notebooks"
    notebooks.mkdir()
    (notebooks / "index.py").write_text(NOTEBOOK)
    jupytext.write(jupytext.reads(NOTEBOOK, fmt="py:percent"), notebooks / "index.ipynb")
    with serve(course, home=tmp_path_factory.mktemp("mask-lab-home")) as running:
        yield running


def test_the_lab_answers_keys_in_time_and_is_alive_again_when_reopened(course: Lab, page: Page):
    notebook = course.open(page, "index.ipynb")
    notebook.run_all()
    assert notebook.errors() == []
    finding = notebook.locator(".mask-lab .finding")
    expect(finding).to_have_text(lab_state(8, (12, 12)).finding)
    variables = notebook.locator(".mask-lab").get_by_label("Variables", exact=True)
    variables.press("ArrowLeft")
    expect(variables).to_have_value("7")
    expect(finding).to_have_text(lab_state(7, (12, 12), output=4).finding)
    measured = knob_to_paint(page, variables, presses=20)
    print("knob to painted picture in JupyterLab:", measured)
    assert measured["changed"] == 20
    assert measured["computed_median_ms"] < 50

    page.evaluate("() => window.jupyterapp.commands.execute('docmanager:save')")
    page.wait_for_function("() => !window.jupyterapp.shell.currentWidget.context.model.dirty")
    notebook = course.open(page, "index.ipynb")
    output = notebook.locator(".mask-lab").get_by_label("Chosen output", exact=True)
    output.press("ArrowRight")
    expect(notebook.locator(".mask-lab .finding")).to_have_text(lab_state(8, (12, 12), output=5).finding)
