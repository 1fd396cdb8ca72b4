"""A learner's copy of a lesson is renewed, and nothing that the learner wrote is lost."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from armod.course.commands.main import main
from armod.course.lessons import trust
from armod.course.lessons.mine import exercises, lessons, my_course
from armod.course.lessons.normal_form import normalised
from tests.course.lessons.tiny import make_course, source


def built(*texts: str) -> NotebookNode:
    """A notebook of these code cells, as `armod sync` writes it."""
    return normalised(new_notebook(cells=[new_code_cell(text) for text in texts]), "a hash")


def texts(notebook: NotebookNode) -> list[str]:
    return [cell.source for cell in notebook.cells]


def test_a_copy_that_was_only_run_becomes_the_release() -> None:
    mine = built("a", "b", "c")
    mine.cells[1].outputs = [nbformat.v4.new_output("stream", text="seen")]
    release = built("a", "new", "c", "b again")
    new, kept = lessons.merged(mine, release)
    assert new == release and kept == 0


def test_what_the_learner_wrote_stands_where_it_stood() -> None:
    mine = built("a", "b", "c", "c")
    mine.cells[1].source = "b, tried"  # the release leaves this cell as it was
    mine.cells[2].source = "c, tried"  # and has another one in place of that
    mine.cells.insert(0, new_markdown_cell("first of all"))
    mine.cells.insert(2, new_markdown_cell("a note behind a"))
    mine.cells.append(new_code_cell("at the end"))
    new, kept = lessons.merged(mine, built("a", "inserted", "b", "d"))
    assert texts(new) == [
        "first of all",
        "a",
        "a note behind a",
        "inserted",
        "b, tried",
        "c, tried",
        "d",
        "at the end",
    ]
    assert kept == 5
    assert lessons.merged(new, built("a", "inserted", "b", "d")) == (new, 5)


def test_a_cell_that_was_deleted_comes_back() -> None:
    mine = built("a", "b", "c")
    del mine.cells[1]
    assert texts(lessons.merged(mine, built("a", "b", "c"))[0]) == ["a", "b", "c"]


@given(
    st.lists(st.sampled_from("abcdef"), max_size=8),
    st.lists(st.sampled_from("abcdef"), max_size=8),
    st.lists(st.tuples(st.integers(0, 8), st.booleans()), max_size=6),
)
def test_no_word_of_the_learner_is_lost_whatever_both_did(
    old: list[str], new: list[str], edits: list[tuple[int, bool]]
) -> None:
    mine, release = built(*old), built(*new)
    written = []
    for number, (place, is_own) in enumerate(edits):
        if is_own or not mine.cells:
            mine.cells.insert(place, new_markdown_cell(f"mine {number}"))
            written.append(f"mine {number}")
        else:
            cell = mine.cells[place % len(mine.cells)]
            cell.source += f" edited {number}"
    written = [text for text in texts(mine) if "mine" in text or "edited" in text]
    result, kept = lessons.merged(mine, release)
    assert kept == len(written) and sorted(text for text in texts(result) if text not in new) == sorted(
        written
    )
    rest = [cell.id for cell in result.cells if cell.id in {each.id for each in release.cells}]
    assert rest == [cell.id for cell in release.cells]  # nothing of the release is missing, in its order
    assert lessons.merged(result, release)[0] == result


@pytest.fixture
def course(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = make_course(tmp_path / "course", coins="heads = 1")
    monkeypatch.setenv("ARMOD_COURSE", str(folder))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path / "jupyter"))
    for name in ("index", "coins"):
        release(folder, name, "heads = 1")
    return folder


def release(folder: Path, name: str, *cells: str) -> None:
    (folder / "notebooks" / f"{name}.py").write_text(source(*cells))
    nbformat.write(built("seed = 0\nquick = False", *cells), folder / "notebooks" / f"{name}.ipynb")


def outcomes() -> dict[str, tuple[str, int]]:
    return {each.path.stem: (each.outcome, each.kept) for each in lessons.renew()}


def test_copies_are_made_and_renewed_and_trusted(course: Path) -> None:
    assert outcomes() == {"coins": ("made", 0), "index": ("made", 0)}
    assert outcomes() == {"coins": ("up to date", 0), "index": ("up to date", 0)}
    mine = my_course() / "coins.ipynb"
    assert mine.read_bytes() == (course / "notebooks" / "coins.ipynb").read_bytes() and trust.is_signed(mine)
    notebook = nbformat.read(mine, 4)
    notebook.cells.append(new_markdown_cell("a note"))
    notebook.cells[1].outputs = [nbformat.v4.new_output("display_data", {"text/html": "<script>1</script>"})]
    nbformat.write(notebook, mine)
    assert outcomes()["coins"] == ("up to date", 1)
    assert nbformat.read(mine, 4) == notebook and not trust.is_signed(
        mine
    )  # nobody vouches for what was put there
    release(course, "coins", "heads = 2")
    assert outcomes()["coins"] == ("renewed", 1)
    assert texts(nbformat.read(mine, 4))[1:] == ["heads = 2", "a note"]
    assert not trust.is_signed(mine)


def test_a_damaged_copy_and_a_read_only_course_are_left_alone(course: Path) -> None:
    lessons.renew()
    (my_course() / "coins.ipynb").write_text("{")
    done = CliRunner().invoke(main, ["update"])
    assert done.exit_code == 1 and "coins.ipynb is damaged and was left alone" in done.output
    assert (my_course() / "coins.ipynb").read_text() == "{"


def test_update_says_what_it_did(course: Path) -> None:
    done = CliRunner().invoke(main, ["update"])
    assert done.exit_code == 0 and done.output == "index: made\ncoins: made\n"


def test_a_folder_that_cannot_be_made_is_one_sentence(course: Path) -> None:
    my_course().write_text("a file in the folder's place")
    done = CliRunner().invoke(main, ["update"])
    assert done.exit_code == 1 and "can't be written" in done.output and "Traceback" not in done.output


def test_exercises_of_before_move_along(course: Path) -> None:
    old = course / "notebooks" / "my_exercises" / "coins.ipynb"
    old.parent.mkdir()
    old.write_text("answers")
    exercises.make_missing()
    assert exercises.working_copy("coins").read_text() == "answers" and not old.exists()
