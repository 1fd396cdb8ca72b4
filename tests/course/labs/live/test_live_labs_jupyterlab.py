"""Live labs in the real JupyterLab: page and kernel set the same traits; a notebook that is reopened shows no empty place."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import jupytext
import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.lab import VIEWPORT, Lab, Notebook, serve, without_complaints
from tests.browser.touch import finger_on
from tests.browser.widgets import settle
from tests.harness.patience import FACTOR

pytestmark = pytest.mark.browser

NOTEBOOK = """# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %%
import ipywidgets
from armod.course.labs import field_lab, mask_lab
lab = mask_lab(4, (4,), degrees="sequential", live=True)
lab

# %%
ipywidgets.VBox([lab])

# %%
field = field_lab(live=True)
field
"""


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """A course of one notebook, which shows a live lab by itself and in a layout, and has not run yet."""
    course = tmp_path_factory.mktemp("live-lab-course")
    (course / "notebooks").mkdir()
    (course / "notebooks/index.py").write_text(NOTEBOOK)
    jupytext.write(jupytext.reads(NOTEBOOK, fmt="py:percent"), course / "notebooks/index.ipynb")
    with serve(course, home=tmp_path_factory.mktemp("live-lab-home")) as running:
        yield running


def run(course: Lab, page: Page) -> Notebook:
    """Open the notebook and run it, once JupyterLab listens for the models of widgets: it may come to that late."""
    notebook = course.open(page, "index.ipynb")
    page.wait_for_function(
        """() => {
            const kernel = window.jupyterapp.shell.currentWidget.sessionContext.session.kernel;
            return Object.keys(kernel._targetRegistry).includes("jupyter.widget");
        }"""
    )
    notebook.run_all()
    assert notebook.errors() == []
    return notebook


def in_kernel(notebook: Notebook, code: str, expression: str = "None") -> str:
    """Run code in the notebook's kernel, and give an expression as it prints."""
    reply: dict[str, Any] = notebook.page.evaluate(
        """([code, x]) => window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.requestExecute(
            { code, user_expressions: { x } }).done.then(reply => reply.content)""",
        [code, expression],
    )
    assert reply["status"] == "ok", reply
    return reply["user_expressions"]["x"]["data"]["text/plain"]


def expect_in_kernel(notebook: Notebook, expression: str, value: str) -> None:
    """Wait until an expression of the kernel prints this value.

    The page sends one change at a time, and holds the next one back until the kernel is done: code that is sent right
    after a gesture may still meet the value before the last.
    """
    end = time.monotonic() + 120 * FACTOR
    while (found := in_kernel(notebook, "", expression)) != value and time.monotonic() < end:
        time.sleep(0.05)
    assert found == value


def test_page_and_kernel_set_the_same_traits_and_nothing_is_missing_afterwards(course: Lab, page: Page):
    notebook = run(course, page)
    shown = notebook.locator(".armod-widget[data-connected] .mask-lab")
    in_layout = notebook.locator(".jupyter-widgets .mask-lab")
    expect(shown).to_have_count(1)
    expect(in_layout).to_have_count(1)
    # keys of the page set the kernel's trait, and the other view follows
    shown.get_by_label("Chosen output", exact=True).press("ArrowLeft")
    expect(in_layout.get_by_label("Chosen output", exact=True)).to_have_value("2")
    expect_in_kernel(notebook, "lab.output", "1")
    # a connection that must not be: masks for the next cell, and the kernel's own arithmetic beside them
    finding = shown.locator(".finding")
    in_kernel(notebook, "lab.output = 0")
    expect(finding).to_have_text("Output 1 sees nothing: it is the first in the ordering")
    shown.get_by_label("Output mask", exact=True).select_option("≥ (leaks)")
    expect(shown.locator(".verdict.wrong")).to_contain_text("add up to")
    expect(shown.locator(".verdict.wrong")).not_to_contain_text("1.0000")
    expect_in_kernel(notebook, "bool(lab.masks[1][0].any())", "True")
    # Python sets, the page follows
    in_kernel(notebook, "lab.ordering = [3, 2, 1, 0]")
    expect(shown.get_by_label("Ordering", exact=True)).to_have_value("4 3 2 1")
    expect(shown.locator(".verdict")).to_have_text(
        "No leak: with random weights, the probabilities of all 16 observations add up to 1.0000."
    )

    # the layers of the field lab, typed in the page, are there in the next cell, and the other way round
    image = notebook.locator(".armod-widget[data-connected] .field-lab")
    typed, finding = image.get_by_label("Layers one by one", exact=True), image.locator(".finding")
    typed.fill("A5, B3x2")
    expect(finding).to_contain_text("layers A5, B3×2")
    typed.press("Tab")
    expect_in_kernel(notebook, "field.layers, field.dilations, field.depth", "(['A5', 'B3×2'], [1, 2], 2)")
    in_kernel(notebook, "field.dilations = [1, 1, 3]")
    expect(typed).to_have_value("A5, B3, B3×3")
    image.get_by_label("Image", exact=True).select_option("R, G, B")
    image.get_by_label("Channel", exact=True).select_option("B")
    expect(finding).to_contain_text("values seen")
    expect_in_kernel(notebook, "field.channels, field.channel", "(3, 2)")

    page.evaluate("() => window.jupyterapp.commands.execute('docmanager:save')")
    page.wait_for_function("() => !window.jupyterapp.shell.currentWidget.context.model.dirty")
    page.evaluate("() => window.jupyterapp.shell.currentWidget.sessionContext.shutdown()")
    notebook = course.open(page, "index.ipynb")
    first = notebook.locator(".jp-OutputArea").first
    expect(first.locator(".mask-lab .finding")).to_have_text(
        "Output 3 sees both inputs before it, and nothing after"
    )
    expect(first).not_to_contain_text("not found")
    first.get_by_label("Chosen output", exact=True).press("ArrowRight")
    expect(first.locator(".mask-lab .finding")).to_contain_text("Output 4")


@pytest.fixture
def tablet(browser: Browser) -> Iterator[Page]:
    """A page of a browser that has no mouse."""
    context = browser.new_context(viewport=VIEWPORT, has_touch=True)
    yield context.new_page()
    context.close()


def middle(place: Locator) -> tuple[float, float]:
    place.scroll_into_view_if_needed()
    settle(place.page)
    box = place.bounding_box()
    assert box is not None
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def test_a_finger_drags_and_taps_in_jupyterlab_and_the_kernel_knows(course: Lab, tablet: Page):
    notebook = run(course, tablet)
    # JupyterLab complains of the layout that the notebook was saved with, before it is run again
    with without_complaints(tablet):
        use_a_finger(notebook, tablet)


def use_a_finger(notebook: Notebook, tablet: Page) -> None:
    swipe = finger_on(tablet)
    # a hidden unit is carried up by two degrees, a step for each 14 pixels
    shown = notebook.locator(".armod-widget[data-connected] .mask-lab")
    expect(shown).to_have_count(1)
    expect_in_kernel(notebook, "lab.degrees, lab.output", "([[1, 1, 2, 3]], 2)")
    x, y = middle(shown.locator('.unit[data-level="1"][data-unit="0"]'))
    swipe((x, y), (x, y - 28))
    expect_in_kernel(notebook, "lab.degrees", "[[3, 1, 2, 3]]")
    # an output is tapped
    tablet.touchscreen.tap(*middle(shown.locator('.unit[data-level="2"][data-unit="3"]')))
    expect_in_kernel(notebook, "lab.output, lab.degrees", "(3, [[3, 1, 2, 3]])")
    # a finger drags over the image of the field lab, from pixel to pixel
    image = notebook.locator(".armod-widget[data-connected] .field-lab")
    pixel = int(in_kernel(notebook, "", "13 * field.pixel[0] + field.pixel[1]"))
    middle(image.locator(f'[data-pixel="{pixel}"]'))  # the page scrolls, so that both pixels can be seen
    end, start = (middle(image.locator(f'[data-pixel="{each}"]')) for each in (pixel - 4 * 13 + 2, pixel))
    swipe(start, end)
    expect_in_kernel(notebook, "13 * field.pixel[0] + field.pixel[1]", str(pixel - 4 * 13 + 2))
    # and scrolls where nothing is dragged
    scrolled = "() => document.querySelector('.jp-NotebookPanel:not(.lm-mod-hidden) .jp-WindowedPanel-outer').scrollTop"
    before = tablet.evaluate(scrolled)
    x, y = middle(image.locator(".detail"))
    swipe((x, y), (x, y + 200 if before > 200 else y - 200))
    tablet.wait_for_function(f"before => Math.abs(({scrolled})() - before) > 100", arg=before)
