"""`armod lab` as a learner meets it: the real command, the real JupyterLab, a real browser."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import jupytext
import nbformat
import pytest
from playwright.sync_api import Page, expect

from armod.course.lessons.pair import code_cells, has_tag, read_notebook
from tests.browser.lab import CHECKOUT, MILLISECONDS, Lab, serve
from tests.harness.patience import FACTOR

pytestmark = pytest.mark.browser

LESSONS = sorted(path.name for path in (CHECKOUT / "notebooks").glob("*.ipynb"))
# What a lab of the course publishes, in small: text that says whether its script has run.
ALIVE = """<p class="probe">dead</p><script type="module">
for (const probe of document.querySelectorAll(".probe")) probe.textContent = "alive";
</script>"""
TINY = f"""# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # The map
#
# **Is this a course?**

# %%
import sys
from IPython.display import HTML
print("this is", sys.executable)

# %%
HTML('''{ALIVE}''')
"""


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """A course of one tiny notebook, and beside it one that a learner was given by a stranger."""
    course, home = tmp_path_factory.mktemp("tiny-course"), tmp_path_factory.mktemp("tiny-home")
    notebooks = course / "notebooks"
    notebooks.mkdir()
    (notebooks / "index.py").write_text(TINY)
    notebook = jupytext.reads(TINY, fmt="py:percent")
    notebook.cells[-1].outputs = [
        nbformat.v4.new_output("execute_result", {"text/html": ALIVE}, execution_count=2),
    ]
    nbformat.write(notebook, notebooks / "index.ipynb")
    notebook.cells[0].source = "# Open me"
    mine = course / "my_course"
    mine.mkdir()
    nbformat.write(notebook, mine / "stranger.ipynb")
    (mine / "source.py").write_text(TINY)
    # A kernel of the same name that the user installed elsewhere, and that must not be taken.
    foreign = home / ".local" / "share" / "jupyter" / "kernels" / "python3"
    foreign.mkdir(parents=True)
    (foreign / "kernel.json").write_text(
        '{"argv": ["false"], "display_name": "foreign", "language": "python"}'
    )
    with serve(course, home) as running:
        yield running


def test_the_address_printed_leads_to_the_map_without_asking_anything(tiny: Lab, page: Page) -> None:
    outside: list[str] = []
    page.on("request", lambda request: outside.append(request.url))
    page.goto(tiny.address)
    expect(page.get_by_role("heading", name="The map")).to_be_visible(timeout=60 * FACTOR * MILLISECONDS)
    expect(page.get_by_role("tab", name="index.ipynb")).to_be_visible()
    page.wait_for_timeout(2_000)  # the question about news would come up after the start
    expect(page.get_by_text("news")).to_have_count(0)
    expect(page.get_by_role("dialog")).to_have_count(0)
    ours = tiny.address.split("?")[0]
    assert [url for url in outside if not url.startswith((ours, "data:", "blob:"))] == []


def test_a_lab_of_the_course_is_alive_on_opening_and_a_strangers_is_not(tiny: Lab, page: Page) -> None:
    expect(tiny.open(page, "index.ipynb").locator(".probe")).to_have_text("alive")
    stranger = tiny.open(page, "stranger.ipynb")
    expect(stranger.locator(".jp-OutputArea")).not_to_have_count(0)
    expect(stranger.locator(".probe")).not_to_have_text("alive")


def test_cells_run_on_the_interpreter_that_started_the_lab(tiny: Lab, page: Page) -> None:
    notebook = tiny.open(page, "index.ipynb")
    notebook.run_all()
    assert notebook.errors() == []
    assert notebook.code_cells()[0]["outputs"][0]["text"] == f"this is {sys.executable}\n"


def test_a_source_opens_as_a_notebook(tiny: Lab, page: Page) -> None:
    notebook = tiny.open(page, "source.py")
    notebook.run_all()
    assert len(notebook.code_cells()) == 2


def test_an_error_in_a_cell_is_found(tiny: Lab, page: Page) -> None:
    faulty = nbformat.read(tiny.notebooks / "index.ipynb", as_version=4)
    faulty.cells = [nbformat.v4.new_code_cell("undefined_name")]
    nbformat.write(faulty, tiny.notebooks / "faulty.ipynb")
    notebook = tiny.open(page, "faulty.ipynb")
    notebook.run_all()
    assert notebook.errors() == ["NameError: name 'undefined_name' is not defined"]


# the others' cells are run by nbval with every test, and here in test-slow
WITH_EVERY_TEST = ("4_1_chain_rule.ipynb",)  # the quickest


@pytest.mark.parametrize(
    "name",
    [name if name in WITH_EVERY_TEST else pytest.param(name, marks=pytest.mark.slow) for name in LESSONS],
)
def test_a_lesson_runs_all_its_cells(lab: Lab, page: Page, name: str) -> None:
    """Each trained for as long as ``quick`` says: nbval runs the same cells with the whole training."""
    short = read_notebook(lab.notebooks / name)
    (parameters,) = [cell for cell in code_cells(short) if has_tag(cell, "parameters")]
    assert "\nquick = False" in parameters.source
    parameters.source = parameters.source.replace("\nquick = False", "\nquick = True")
    nbformat.write(short, lab.notebooks / f"short_{name}")
    notebook = lab.open(page, f"short_{name}")
    notebook.run_all()
    assert notebook.errors() == []
    assert all(cell["execution_count"] for cell in notebook.code_cells() if "".join(cell["source"]).strip())
