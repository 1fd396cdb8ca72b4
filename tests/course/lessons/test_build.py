from __future__ import annotations

import json
import os
import tomllib
from pathlib import Path

import nbformat
import pytest
from jupyter_server.services.contents.largefilemanager import LargeFileManager
from jupytext.cli import jupytext as jupytext_command
from jupytext.sync_contentsmanager import build_sync_jupytext_contents_manager_class

from armod.course.lessons.build import check, sync
from armod.course.lessons.pair import PERCENT
from tests.checkout import CHECKOUT
from tests.course.lessons.tiny import make_course, source

CODE = """\
import os

from IPython.display import HTML, display
from tqdm import tqdm

for _ in tqdm(range(3)):
    print(os.environ["OMP_NUM_THREADS"], os.environ["ARMOD_PROGRESS"], os.path.basename(os.getcwd()))
display(HTML("<b>bold</b>"))
sorted({"a", "b"})"""


@pytest.fixture
def course(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = make_course(tmp_path / "course", coins=CODE)
    monkeypatch.setenv("ARMOD_COURSE", str(folder))
    return folder


def sentences(name: str = "coins") -> list[str]:
    return [drift.sentence for drift in check([name])]


def silent(_line: str) -> None:
    pass


def test_two_builds_are_byte_identical_and_in_step(course: Path) -> None:
    path = course / "notebooks" / "coins.ipynb"
    assert sync(["coins"], say=silent) == [] == check(["coins"])
    first = path.read_bytes()
    assert sync(["coins"], force=True, say=silent) == []
    assert path.read_bytes() == first
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    assert [cell.execution_count for cell in notebook.cells if cell.cell_type == "code"] == [1, 2]
    assert set(notebook.metadata) == {"armod", "jupytext", "kernelspec", "language_info"}
    # No progress bar, one thread, no learner's progress, in the notebook's own folder.
    assert notebook.cells[-1].outputs[0].text == "1 off notebooks\n" * 3
    assert set(json.loads((course / "notebooks" / "seconds.json").read_text())) == {"coins"}


def test_what_is_up_to_date_is_left_alone(course: Path) -> None:
    sync(say=silent)
    lines: list[str] = []
    assert sync(say=lines.append) == []
    assert lines == []


def test_edited_text_is_taken_over_without_a_run(course: Path) -> None:
    sync(["coins"], say=silent)
    path = course / "notebooks" / "coins.py"
    path.write_text(path.read_text().replace("How probable", "How likely"))
    assert any("differ" in sentence for sentence in sentences())
    lines: list[str] = []
    assert sync(["coins"], say=lines.append) == []
    assert "was not run" in lines[0]
    assert sentences() == []
    assert "How likely" in path.with_suffix(".ipynb").read_text()
    assert "bold" in path.with_suffix(".ipynb").read_text()


def test_edited_code_makes_outputs_stale_even_if_the_pair_agrees(course: Path) -> None:
    sync(["coins"], say=silent)
    path = course / "notebooks" / "coins.py"
    path.write_text(path.read_text().replace("range(3)", "range(4)"))
    notebook = path.with_suffix(".ipynb")
    notebook.write_text(notebook.read_text().replace("range(3)", "range(4)"))
    assert sentences() == ["the outputs are not those of this code; `armod sync` makes them anew."]
    assert sync(["coins"], say=silent) == []
    assert nbformat.read(notebook, as_version=4).cells[-1].outputs[0].text == "1 off notebooks\n" * 4


def test_outputs_of_another_run_are_found_and_mended(course: Path) -> None:
    sync(["coins"], say=silent)
    path = course / "notebooks" / "coins.ipynb"
    built = path.read_text()
    path.write_text(built.replace("bold", "hold"))
    assert any("run by hand" in sentence for sentence in sentences())
    sync(["coins"], say=silent)
    assert path.read_text() == built


def test_a_notebook_that_only_another_program_saved_is_mended_without_a_run(course: Path) -> None:
    sync(["coins"], say=silent)
    path = course / "notebooks" / "coins.ipynb"
    built = path.read_text()
    notebook = nbformat.read(path, as_version=4)
    notebook.metadata.language_info.version = "3.99.0"
    nbformat.write(notebook, path)
    assert any("another program" in sentence for sentence in sentences())
    lines: list[str] = []
    sync(["coins"], say=lines.append)
    assert "was not run" in lines[0]
    assert path.read_text() == built


def test_the_map_is_stale_when_a_lesson_changes_its_head(course: Path) -> None:
    sync(["index"], say=silent)
    assert sentences("index") == []
    path = course / "notebooks" / "coins.py"
    path.write_text(path.read_text().replace("**Minutes** 15", "**Minutes** 20"))
    assert any("not those of this code" in sentence for sentence in sentences("index"))


def test_missing_damaged_and_orphaned_notebooks_are_reported(course: Path) -> None:
    notebooks = course / "notebooks"
    (notebooks / "coins.ipynb").write_text("{")
    (notebooks / "solutions").mkdir()
    (notebooks / "solutions" / "old.ipynb").write_text("{}")
    reported = {drift.name: drift.sentence for drift in check()}
    assert "no .ipynb" in reported["index"]
    assert "damaged" in reported["coins"]
    assert "no .py beside it" in reported["solutions/old"]


@pytest.mark.parametrize(
    "code, problem",
    [
        ("1 / 0", "cell [2] failed: ZeroDivisionError: division by zero"),
        ("import sys\n\nsys.exit(0)", "cell [2] failed: The notebook was ended early"),
        ("print('x' * 1_000_000)", "limit is 1 MB"),
    ],
)
def test_a_bad_notebook_is_refused_and_the_old_one_kept(course: Path, code: str, problem: str) -> None:
    path = course / "notebooks" / "coins.py"
    path.write_text(source(code))
    path.with_suffix(".ipynb").write_text("the old one")
    (drift,) = sync(["coins"], say=silent)
    assert drift.name == "coins"
    assert problem in drift.sentence
    assert path.with_suffix(".ipynb").read_text() == "the old one"
    assert not list(path.parent.glob(".*"))


def test_an_error_left_in_a_notebook_is_drift(course: Path) -> None:
    sync(["coins"], say=silent)
    path = course / "notebooks" / "coins.ipynb"
    notebook = nbformat.read(path, as_version=4)
    notebook.cells[-1].outputs.append(nbformat.v4.new_output("error", ename="E", evalue="", traceback=[]))
    nbformat.write(notebook, path)
    assert any("holds an error" in sentence for sentence in sentences())


def test_sources_are_brought_into_the_form_that_jupytext_writes(course: Path) -> None:
    path = course / "notebooks" / "coins.py"
    wanted = path.read_text()
    path.write_text(wanted[wanted.index("# %%") :])  # without the header of the kernel
    assert sync(["coins"], say=silent) == []
    assert path.read_text() == wanted
    assert sentences() == []


def test_jupytexts_own_commands_change_nothing_in_a_pair(course: Path) -> None:
    """Blank lines included: a formatter of code wants two before a function, where jupytext would write one."""
    path, settings = course / "notebooks" / "coins.py", "jupytext.toml"
    (course / settings).write_text((CHECKOUT / settings).read_text())
    head, function = path.read_text(), "def double(x):\n    return 2 * x\n"
    path.write_text(f"{head}\n# %%\n{function}\n# %%\ndouble(2)\n")
    assert sync(["coins"], say=silent) == []
    notebook = path.with_suffix(".ipynb")
    before = path.read_bytes(), notebook.read_bytes()
    assert b"lines_to_next_cell" in before[1]
    for newer in (path, notebook):
        os.utime(newer, (later := path.stat().st_mtime + 10, later))
        assert jupytext_command(["--sync", str(notebook), "--quiet"]) == 0
        assert (path.read_bytes(), notebook.read_bytes()) == before
    copy = course / "notebooks" / "copy.py"
    assert jupytext_command(["--to", "py:percent", str(notebook), "-o", str(copy), "--quiet"]) == 0
    assert copy.read_bytes() == before[0]


def test_jupyterlab_pairs_with_the_same_filters() -> None:
    settings = tomllib.loads((CHECKOUT / "jupytext.toml").read_text())
    assert settings["formats"] == "notebooks///ipynb,notebooks///py:percent"
    for name in ("notebook_metadata_filter", "cell_metadata_filter"):
        assert settings[name] == PERCENT[name]


def test_saving_in_jupyterlab_keeps_the_pair(course: Path) -> None:
    (course / "jupytext.toml").write_text((CHECKOUT / "jupytext.toml").read_text())
    sync(["coins"], say=silent)
    script = course / "notebooks" / "coins.py"
    before = script.read_text()
    manager = build_sync_jupytext_contents_manager_class(LargeFileManager)(root_dir=str(course))
    model = manager.get("notebooks/coins.py", content=True, type="notebook")
    assert "bold" in json.dumps(model["content"]), "opening the source shows the outputs of its notebook"
    manager.save(model, "notebooks/coins.py")
    assert script.read_text() == before
    model["content"]["cells"][-1]["source"] = "'edited in JupyterLab'"
    manager.save(model, "notebooks/coins.py")
    assert "edited in JupyterLab" in script.read_text()
    assert "edited in JupyterLab" in script.with_suffix(".ipynb").read_text()


def test_an_edit_made_while_the_notebook_runs_is_kept(course: Path) -> None:
    path = course / "notebooks" / "coins.py"
    # a blank line too many, which would be taken away, and a cell that edits the file as a maintainer may meanwhile
    edits = source("with open('coins.py', 'a') as file:\n    file.write('\\n# %%\\n2 + 2\\n')") + "\n\n"
    path.write_text(edits)
    lines: list[str] = []
    assert sync(["coins"], say=lines.append) == []
    assert path.read_text() == edits + "\n# %%\n2 + 2\n"
    assert "edited meanwhile" in lines[0]
    assert check(["coins"]) != []
