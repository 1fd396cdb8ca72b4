"""`armod check` says from a shell what the checks say in a notebook."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest
from click.testing import CliRunner, Result
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from armod.course.commands.main import main
from armod.course.exercises.engine.progress import load
from armod.course.lessons.mine.exercises import working_copy
from tests.course.lessons.tiny import make_course

RIGHT = "from armod.models.made.masks import masks as my_masks"
WRONG = "def my_masks(ordering, degrees): return []"
CHECK = "armod.check('made-masks')"


@pytest.fixture(autouse=True)
def course(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = make_course(tmp_path / "course")
    monkeypatch.setenv("ARMOD_COURSE", str(folder))
    monkeypatch.setenv("ARMOD_PROGRESS", str(tmp_path / "progress.json"))
    return folder


def notebook(path: Path, *code: str, tag: str = "answer:made-masks") -> Path:
    cells = [new_markdown_cell("## Masks"), new_code_cell("import armod", metadata={"tags": ["parameters"]})]
    cells += [new_code_cell(source, metadata={"tags": [tag]} if tag else {}) for source in code]
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(new_notebook(cells=cells), path)
    return path


def checked(path: Path | str) -> Result:
    return CliRunner().invoke(main, ["check", str(path)])


def test_a_right_answer_exits_0_and_is_remembered_and_the_last_check_counts(tmp_path: Path) -> None:
    done = checked(notebook(tmp_path / "{mine} = 1.ipynb", WRONG, CHECK, RIGHT, CHECK))
    assert (done.exit_code, "1 of 1 exercise passed" in done.output) == (0, True), done.output
    assert done.output.count("Masks for any ordering") == 1
    assert load().passed("4_5_1_made") == 1


def test_a_wrong_answer_exits_1_and_says_why_and_a_check_that_was_deleted_is_missed(tmp_path: Path) -> None:
    path = notebook(tmp_path / "mine.ipynb", WRONG, CHECK)
    content = nbformat.read(path, as_version=4)
    content.cells.append(new_code_cell("degrees = 1", metadata={"tags": ["answer:made-degrees"]}))
    nbformat.write(content, path)
    done = checked(path)
    assert done.exit_code == 1
    assert "look again" in done.output and "0 of 2 exercises passed" in done.output
    assert "made-degrees: its check showed nothing" in done.output


def test_a_cell_that_fails_is_named_and_every_other_exercise_is_checked(tmp_path: Path) -> None:
    done = checked(notebook(tmp_path / "mine.ipynb", "1 / 0", RIGHT, CHECK, "an unclosed [", tag=""))
    assert done.exit_code == 1
    assert "points, all passed" in done.output
    assert "The cell that begins with `1 / 0` failed: ZeroDivisionError: division by zero" in done.output
    assert "The cell that begins with `an unclosed [` failed: SyntaxError" in done.output


def test_what_ends_the_run_early_is_said_and_the_rest_is_not_blamed(tmp_path: Path) -> None:
    done = checked(notebook(tmp_path / "mine.ipynb", "import os\nos._exit(1)", RIGHT, CHECK))
    assert done.exit_code == 1
    assert "The kernel died. Nothing below that cell was run." in done.output


def test_a_lessons_name_means_the_learners_own_copy_and_no_answer_is_not_remembered(course: Path) -> None:
    notebook(course / "notebooks" / "exercises" / "coins.ipynb", "my_masks = ...", CHECK)
    done = checked("coins")
    assert done.exit_code == 1 and "not answered yet" in done.output
    assert load().scores == {}
    notebook(working_copy("coins"), RIGHT, CHECK)
    assert checked("coins").exit_code == 0


def test_a_call_that_cannot_be_meant_exits_2(tmp_path: Path) -> None:
    assert "no notebook nothing.ipynb" in checked("nothing.ipynb").output
    (tmp_path / "text.txt").write_text("")
    for name in ("nothing.ipynb", "nothing", tmp_path, tmp_path / "text.txt"):
        assert checked(name).exit_code == 2
    done = checked(notebook(tmp_path / "lesson.ipynb", "1", tag=""))
    assert done.exit_code == 2 and "holds no exercise" in done.output


def test_a_file_that_is_no_notebook_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "bad.ipynb").write_text("{")
    done = checked(tmp_path / "bad.ipynb")
    assert done.exit_code == 1 and "Traceback" not in done.output and "can't be read" in done.output


def test_a_damaged_copy_is_restored_by_its_own_command(tmp_path: Path) -> None:
    mine = working_copy("4_5_1_made")
    mine.parent.mkdir(parents=True)
    mine.write_text("{ half a notebook")
    for name in ("4_5_1_made", str(mine)):
        done = checked(name)
        assert done.exit_code == 1 and "armod exercise restore 4_5_1_made" in done.output
    other = tmp_path / "theirs.ipynb"
    other.write_text("{ half a notebook")
    done = checked(other)
    assert (
        done.exit_code == 1
        and "can't be read as a notebook." in done.output
        and "armod" not in done.output.split(str(other))[1]
    )


def test_the_map_has_nothing_to_check() -> None:
    done = checked("index")
    assert done.exit_code == 2 and "The map has no exercises" in done.output
