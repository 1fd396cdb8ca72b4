"""`armod.check` as a learner meets it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import armod
from armod.course.exercises.engine.progress import Score, load

RIGHT = "from armod.models.made.masks import masks as my_masks"


@pytest.fixture(autouse=True)
def _progress(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ARMOD_PROGRESS", str(tmp_path / "progress.json"))


def names_of(source: str) -> dict[str, Any]:
    names: dict[str, Any] = {}
    exec(source, names)
    return names


def test_it_finds_the_names_where_it_is_called() -> None:
    names = names_of(f"import armod\n{RIGHT}\nresult = armod.check('made-masks')")
    assert names["result"].is_passed
    assert not armod.check("made-masks").is_answered  # here, nobody has answered


def test_it_shows_in_a_notebook_where_the_names_live() -> None:
    code = (
        "from IPython.testing.globalipapp import start_ipython\n"
        "shell = start_ipython()\n"
        f"shell.run_cell({RIGHT!r})\n"
        "result = shell.run_cell('import armod\\narmod.check(\"made-masks\")').result\n"
        "assert result.is_passed, result"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)


def test_the_best_result_is_remembered() -> None:
    armod.check("made-masks", names=names_of(RIGHT))
    armod.check("made-masks", names=names_of("def my_masks(ordering, degrees): return []"))
    score = load().scores["4_5_1_made"]["made-masks"]
    assert score.is_passed and score == Score(score.max_points, score.max_points)


def test_an_exercise_that_was_not_begun_is_not_remembered() -> None:
    armod.check("made-masks", names={})
    assert load().scores == {}


def test_a_progress_file_that_cannot_be_written_disturbs_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("ARMOD_PROGRESS", str(tmp_path / "file" / "progress.json"))
    assert armod.check("made-masks", names=names_of(RIGHT)).is_passed


def test_an_unknown_exercise_names_its_neighbours() -> None:
    with pytest.raises(ValueError, match="nearest names are made-masks"):
        armod.check("mademasks")


@pytest.mark.parametrize("student", ["ada", 1.5, True, None])
def test_student_is_a_whole_number(student: object) -> None:
    with pytest.raises(ValueError, match="whole number"):
        armod.check("made-masks", names={"student": student})


def test_importing_armod_reads_no_checks() -> None:
    code = "import armod, sys; assert not [name for name in sys.modules if 'exercises.lesson_' in name]"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_after_a_cell_that_failed_it_says_whose_answer_is_checked(capsys: pytest.CaptureFixture[str]) -> None:
    from IPython.core.interactiveshell import InteractiveShell

    shell = InteractiveShell.instance()
    try:
        shell.run_cell(f"import armod\n{RIGHT}")
        shell.run_cell("result = armod.check('made-masks')")
        assert "failed" not in capsys.readouterr().out
        shell.run_cell("def my_masks(:")
        capsys.readouterr()
        shell.run_cell("result = armod.check('made-masks')")
        assert "failed, so this result is for your earlier answer" in capsys.readouterr().out
    finally:
        InteractiveShell.clear_instance()
