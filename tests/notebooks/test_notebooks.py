"""Every notebook of the course, as it is committed: its form, its outputs, and that it runs."""

from __future__ import annotations

import re
import statistics
from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell

from armod.course.lessons.build import SIZE_LIMIT, check
from armod.course.lessons.catalogue import INDEX, lesson, read_title
from armod.course.lessons.execute import execute
from armod.course.lessons.html import to_html
from armod.course.lessons.pair import code_cells, declared_parameters, has_tag, read_notebook, read_source
from tests.checkout import CHECKOUT
from tests.harness.patience import FACTOR

NOTEBOOKS = CHECKOUT / "notebooks"
SOURCES = sorted(NOTEBOOKS.glob("*.py"))
LESSONS = [path for path in SOURCES if path.stem != INDEX]
BANNED = re.compile(
    r"\binteract(_manual|ive)?\b|widgets\.Output|import.*\bOutput\b|%matplotlib\s+(widget|notebook)|tqdm\.notebook"
)
every_notebook = pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.stem)
every_lesson = pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)


@pytest.fixture(autouse=True)
def _this_course(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ARMOD_COURSE", str(NOTEBOOKS.parent))


@every_lesson
def test_the_head_says_what_the_lesson_is(path: Path) -> None:
    head = lesson(path.stem)
    assert head.objectives and head.teaches
    assert head.minutes > 0


@every_notebook
def test_seed_and_quick_are_parameters(path: Path) -> None:
    assert {"seed", "quick"} <= set(declared_parameters(read_source(path)))


def test_no_notebook_has_drifted() -> None:
    """In step with its source, outputs of this code, no errors, below 1 MB, none without a source."""
    assert [str(drift) for drift in check()] == []


@every_notebook
def test_a_notebook_is_small(path: Path) -> None:
    assert path.with_suffix(".ipynb").stat().st_size < SIZE_LIMIT


@every_notebook
def test_every_picture_has_a_description(path: Path) -> None:
    for number, cell in enumerate(code_cells(read_notebook(path.with_suffix(".ipynb"))), 1):
        for output in cell.outputs:
            data = output.get("data", {})
            images = BeautifulSoup(data.get("text/html", ""), "html.parser").find_all("img")
            assert all(len(image.get("alt", "").strip()) > 10 for image in images), f"cell [{number}]"
            bare = {"image/png", "image/jpeg", "image/svg+xml"} & set(data)
            assert not bare or images, f"cell [{number}] shows {bare} without a description"


@every_notebook
def test_nothing_that_hangs_or_breaks_headless_runs(path: Path) -> None:
    assert BANNED.findall(path.read_text(encoding="utf-8")) == []


@every_lesson
def test_code_comes_in_small_cells(path: Path) -> None:
    lines = _lines_of_code(path)
    assert 8 <= len(lines) <= 24
    assert 3 <= statistics.median(lines) <= 8
    assert max(lines) <= 40


@every_lesson
def test_prose_outweighs_code(path: Path) -> None:
    source = read_source(path)
    words = sum(len(cell.source.split()) for cell in source.cells if cell.cell_type == "markdown")
    assert 8 <= words / sum(_lines_of_code(path)) <= 15


@every_notebook
def test_the_page_stands_alone_and_draws_every_formula(path: Path) -> None:
    page = to_html(read_notebook(path.with_suffix(".ipynb")), read_title(path)[0], path.parent)
    assert "<math" in page or "$" not in path.read_text(encoding="utf-8")


@pytest.mark.notebook
@pytest.mark.parametrize(
    "seed", [1, *(pytest.param(seed, marks=pytest.mark.slow) for seed in (0, 2, 3, 4, 5))]
)
@every_notebook
def test_papermill_runs_it_with_any_seed(path: Path, seed: int) -> None:
    """And what the text says of its numbers holds: ``guards`` are run as its last cell."""
    source = read_source(path)
    guards = Path(__file__).parent / "guards" / path.name
    if guards.exists():
        source.cells.append(new_code_cell(guards.read_text(encoding="utf-8")))
    outcome = execute(
        source, path.parent, parameters={"seed": seed, "quick": True}, timeout=round(600 * FACTOR)
    )
    assert outcome.ok, f"cell [{outcome.failed_cell}]: {outcome.error}"
    assert _injected(outcome.notebook) == [f"# Parameters\nseed = {seed}\nquick = True\n"]


def _injected(notebook: NotebookNode) -> list[str]:
    return [cell.source for cell in notebook.cells if "injected-parameters" in cell.metadata.get("tags", [])]


def _lines_of_code(path: Path) -> list[int]:
    """Lines of each code cell but the parameters; blank lines, comments and the text of a card left out."""
    cells = [cell for cell in code_cells(read_source(path)) if not has_tag(cell, "parameters")]
    codes = [re.sub(r"(?ms)^predict\(\n.*?^\)$", "predict()", cell.source) for cell in cells]
    return [len(re.findall(r"^\s*[^#\s]", code, re.MULTILINE)) for code in codes]
