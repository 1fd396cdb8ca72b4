"""An exercise in the real JupyterLab: the learner's own copy opens, answers back, and keeps what it needs on saving."""

from __future__ import annotations

import nbformat
import pytest
from playwright.sync_api import Page, expect

from armod.course.lessons.derive import tagged
from tests.browser.lab import CHECKOUT, Lab

pytestmark = pytest.mark.browser

EXERCISE = "made-masks"
LEAKY = """def my_masks(ordering, degrees):
    from itertools import pairwise
    layers = [ordering.argsort() + 1, *degrees, ordering.argsort() + 1]
    return [above[:, None] >= below for below, above in pairwise(layers)]"""


def test_a_wrong_answer_is_told_why_and_survives_saving(lab: Lab, page: Page) -> None:
    mine = lab.notebooks / "my_exercises" / "4_5_1_made.ipynb"
    released = CHECKOUT / "notebooks" / "exercises" / "4_5_1_made.ipynb"
    assert mine.read_bytes() == released.read_bytes()

    notebook = lab.open(page, "my_exercises/4_5_1_made.ipynb")
    notebook.run_all()
    assert notebook.errors() == []

    cells = nbformat.read(mine, as_version=4).cells
    (index,) = [index for index, cell in enumerate(cells) if ("answer", EXERCISE) in tagged(cell)]
    page.evaluate(
        """index => {
            window.jupyterapp.shell.currentWidget.content.activeCellIndex = index;
            return window.jupyterapp.commands.execute("notebook:enter-edit-mode");
        }""",
        index,
    )
    page.keyboard.press("Control+A")
    page.keyboard.insert_text(LEAKY)
    page.keyboard.press("Shift+Enter")
    page.keyboard.press("Shift+Enter")
    result = notebook.locator('[aria-label="Check of Masks for any ordering"]')
    expect(result).to_contain_text("look again")
    expect(result).to_contain_text("itself")

    page.evaluate("() => window.jupyterapp.commands.execute('docmanager:save')")
    page.wait_for_function("() => !window.jupyterapp.shell.currentWidget.context.model.dirty")
    # Shift+Enter in the last cell adds one below it.
    saved = nbformat.read(mine, as_version=4).cells[: len(cells)]
    assert saved[index].source == LEAKY
    assert [cell.id for cell in saved] == [cell.id for cell in cells]
    assert [tagged(cell) for cell in saved] == [tagged(cell) for cell in cells]
    assert released.read_bytes() != mine.read_bytes()
