"""A learner's work survives updates, and comes back to the released form only when asked."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import nbformat
import pytest
from click.testing import CliRunner, Result
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from armod.course.commands.main import main
from armod.course.exercises.engine.progress import load, progress_file, record
from armod.course.lessons.mine.exercises import make_missing, working_copy
from tests.checkout import CHECKOUT
from tests.course.lessons.tiny import make_course


def released(*names: str) -> nbformat.NotebookNode:
    cells = [new_code_cell("import armod", id="given")]
    for name in names:
        cells += [
            new_markdown_cell(f"## {name}", id=f"s-{name}", metadata={"tags": [f"statement:{name}"]}),
            new_code_cell(f"{name} = ...", id=f"a-{name}", metadata={"tags": [f"answer:{name}"]}),
            new_code_cell(f"armod.check('{name}')", id=f"c-{name}", metadata={"tags": [f"check:{name}"]}),
        ]
    return new_notebook(cells=cells)


@pytest.fixture
def release(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = make_course(tmp_path / "course")
    monkeypatch.setenv("ARMOD_COURSE", str(folder))
    path = folder / "notebooks" / "exercises" / "coins.ipynb"
    path.parent.mkdir()
    nbformat.write(released("heads", "tails"), path)
    return path


def answer(*, heads: str, tails: str) -> Path:
    """The learner answers both exercises, and adds a cell of their own."""
    make_missing()
    mine = working_copy("coins")
    notebook = nbformat.read(mine, as_version=4)
    notebook.cells[2].source = heads
    notebook.cells[5].source = tails
    notebook.cells.insert(3, new_code_cell("my own notes"))
    nbformat.write(notebook, mine)
    return mine


def armod(*arguments: str, stdin: str = "") -> Result:
    return CliRunner().invoke(main, arguments, input=stdin)


def sources(path: Path) -> list[str]:
    return [cell.source for cell in nbformat.read(path, as_version=4).cells]


def test_copies_are_made_once_and_never_overwritten(release: Path) -> None:
    assert make_missing() == [working_copy("coins")]
    assert working_copy("coins").read_bytes() == release.read_bytes()
    mine = answer(heads="heads = 1", tails="tails = 2")
    before = mine.read_bytes()
    nbformat.write(released("heads", "tails", "edges"), release)
    assert make_missing() == []
    assert mine.read_bytes() == before


def test_a_course_that_cannot_be_written_opens_without_copies(release: Path) -> None:
    (release.parents[2] / "my_course").write_text("a file in the folder's place")
    assert make_missing() == []


def test_git_ignores_the_copies() -> None:
    ignored = subprocess.run(
        [
            "git",
            "-c",
            "safe.directory=*",
            "-C",
            CHECKOUT,
            "check-ignore",
            "-q",
            "my_course/my_exercises/4_5_1_made.ipynb",
        ]
    )
    assert ignored.returncode == 0


def test_one_exercise_is_restored_and_the_others_stay(release: Path) -> None:
    mine = answer(heads="heads = 1", tails="tails = 2")
    before = mine.read_bytes()
    done = armod("exercise", "restore", "heads", stdin="y\n")
    assert (
        done.exit_code == 0
        and "Restore the exercise 'heads' in your my_exercises/coins.ipynb?" in done.output
    )
    assert sources(mine)[2:4] == ["heads = ...", "my own notes"]
    assert "tails = 2" in sources(mine)
    assert (mine.parent / "coins.old-1.ipynb").read_bytes() == before
    nbformat.validate(nbformat.read(mine, as_version=4))


def test_deleted_and_doubled_cells_come_back_once(release: Path) -> None:
    mine = answer(heads="heads = 1", tails="tails = 2")
    notebook = nbformat.read(mine, as_version=4)
    heads = notebook.cells[2]
    notebook.cells = [cell for cell in notebook.cells if "check:heads" not in cell.metadata.get("tags", [])]
    notebook.cells.append(new_code_cell("heads = 3", metadata=heads.metadata))
    nbformat.write(notebook, mine)
    assert armod("exercise", "restore", "heads", "--yes").exit_code == 0
    assert sources(mine).count("heads = ...") == 1 and "heads = 3" not in sources(mine)
    assert sources(mine)[-1] == "armod.check('heads')"


def test_a_lesson_is_restored_whole_and_nothing_is_lost(release: Path) -> None:
    for number in (1, 2):
        mine = answer(heads="heads = 1", tails=f"tails = {number}")
        assert armod("exercise", "restore", "coins", "--yes").exit_code == 0
        assert mine.read_bytes() == release.read_bytes()
        assert f"tails = {number}" in sources(mine.parent / f"coins.old-{number}.ipynb")


@pytest.mark.parametrize("stdin", ["n\n", ""])
def test_nothing_is_restored_without_a_yes(release: Path, stdin: str) -> None:
    mine = answer(heads="heads = 1", tails="tails = 2")
    before = mine.read_bytes()
    assert armod("exercise", "restore", "coins", stdin=stdin).exit_code == 1
    assert mine.read_bytes() == before
    assert [path.name for path in mine.parent.iterdir()] == ["coins.ipynb"]


def test_a_missing_copy_is_made_by_restoring(release: Path) -> None:
    assert armod("exercise", "restore", "heads", "--yes").exit_code == 0
    assert working_copy("coins").read_bytes() == release.read_bytes()


def test_a_damaged_copy_can_only_be_restored_whole(release: Path) -> None:
    make_missing()
    working_copy("coins").write_text("{")
    done = armod("exercise", "restore", "heads", "--yes")
    assert done.exit_code == 1 and "restore all of it: armod exercise restore coins" in done.output
    assert working_copy("coins").read_text() == "{"
    assert armod("exercise", "restore", "coins", "--yes").exit_code == 0
    assert working_copy("coins").read_bytes() == release.read_bytes()


def test_an_unknown_exercise_is_a_wrong_call(release: Path) -> None:
    done = armod("exercise", "restore", "haeds", "--yes")
    assert done.exit_code == 2 and re.search("nearest names are heads", done.output)


def test_progress_is_forgotten_only_after_a_yes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ARMOD_PROGRESS", str(tmp_path / "progress.json"))
    assert "Nothing is remembered" in armod("progress", "reset").output
    record("coins", "heads", 1, 2)
    done = armod("progress", "reset", stdin="n\n")
    assert done.exit_code == 1 and str(progress_file()) in done.output.replace("\n", "")
    assert load().begun("coins") == 1
    done = armod("progress", "reset", stdin="y\n")
    assert done.exit_code == 0 and load().scores == {}


def test_progress_that_cannot_be_removed_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ARMOD_PROGRESS", str(tmp_path))  # a folder, which unlink does not remove
    done = armod("progress", "reset", "--yes")
    assert done.exit_code == 1 and "can't be removed" in done.output
