"""The commands of grading: what they print, where, and with which exit code."""

from __future__ import annotations

import csv
import io
import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from armod.course.commands.main import main
from armod.course.exercises import exercises_of
from armod.course.grading.confinement import sandbox
from tests.course.grading.handed_in import LESSON, RIGHT, UNTOUCHED, write
from tests.course.grading.marks.records import made, marks


def armod(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments], prog_name="armod")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--scheduler", "nowhere"), "No dask scheduler answers"),
        (("--lesson", "4_9_nothing"), "no lesson"),
        (("--roster", "nowhere.csv"), "roster"),
        (("--hidden", "nowhere"), "hidden"),
        (("--runner", "docker", "--unsandboxed"), "Either --runner docker or"),
    ],
)
def test_a_wrong_call_is_one_sentence_and_exit_code_2(
    options: tuple[str, ...], words: str, tmp_path: Path
) -> None:
    write(tmp_path / "class" / "ada.ipynb", "{}")
    result = armod("grade", tmp_path / "class", "--out", tmp_path / "marks", *options)
    assert result.exit_code == 2 and words in result.stderr, result.output
    assert result.stdout == "" and result.stderr.count("\n") == 1


def test_where_there_is_nothing_the_commands_say_so(tmp_path: Path) -> None:
    for call in (
        ("marks", "export", tmp_path, "--format", "csv"),
        ("marks", "report", tmp_path),
        ("marks", "export", tmp_path, "--format", "xls"),
    ):
        result = armod(*call)
        assert result.exit_code == 2 and result.stdout == ""


@pytest.mark.parametrize("form", ["csv", "canvas", "gradescope", "junit"])
def test_exports_go_to_standard_output_or_to_a_file(form: str, tmp_path: Path) -> None:
    folder = marks(tmp_path / "marks", made("ada 🦊", 1), made("bob", None))
    printed = armod("marks", "export", folder, "--format", form)
    assert printed.exit_code == 0 and printed.stderr == ""
    written = armod("marks", "export", folder, "--format", form, "--out", tmp_path / "out")
    assert (written.exit_code, written.stdout) == (0, "")
    assert (tmp_path / "out").read_bytes() == printed.stdout_bytes
    nowhere = armod("marks", "export", folder, "--format", form, "--out", tmp_path / "no" / "out")
    assert nowhere.exit_code == 2 and "Can't write" in nowhere.stderr


def test_the_policy_is_a_setting_of_exports(tmp_path: Path) -> None:
    folder = marks(tmp_path, made("ada", 1), made("ada", 0, attempt=2, day=5))
    found = {}
    for options in ((), ("--attempts", "best"), ("--due", "2026-01-03", "--late", "exclude")):
        text = armod("marks", "export", folder, "--format", "csv", *options).stdout
        found[options[:1]] = [row["counts"] for row in csv.DictReader(io.StringIO(text))]
    assert found == {(): ["no", "yes"], ("--attempts",): ["yes", "no"], ("--due",): ["yes", "no"]}


def test_report_writes_its_pages(tmp_path: Path) -> None:
    folder = marks(tmp_path, made("ada", 1))
    result = armod("marks", "report", folder)
    assert result.exit_code == 0 and "1 pages" in result.stdout
    assert (folder / "report.html").is_file()


def test_without_a_sandbox_nothing_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "class" / "ada.ipynb", RIGHT.read_bytes())
    monkeypatch.setattr(sandbox, "trouble", lambda: ("bubblewrap is missing", "apt-get install bubblewrap"))
    result = armod("grade", tmp_path / "class", "--out", tmp_path / "marks")
    assert result.exit_code == 1 and "apt-get install bubblewrap" in result.stderr
    assert not list((tmp_path / "marks").glob("*.json"))


@pytest.mark.slow  # opens real jails
def test_a_class_is_graded_in_the_sandbox(tmp_path: Path) -> None:
    folder, out = tmp_path / "class", tmp_path / "marks"
    write(folder / "solved.ipynb", RIGHT.read_bytes())
    write(folder / "untouched.ipynb", UNTOUCHED.read_bytes())
    write(folder / "cut.ipynb", "{")
    roster = write(tmp_path / "roster.csv", "student\nsolved\nabsent\n")
    call = ("grade", folder, "--out", out, "--jobs", "2", "--roster", roster)
    result = armod(*call)
    assert result.exit_code == 0, result.output
    assert "3 of 3 submissions have a record" in result.stdout and "3 new, 1 refused" in result.stdout
    assert "100%" in result.stderr
    text = armod("marks", "export", out, "--format", "csv").stdout
    rows = {row["student"]: row for row in csv.DictReader(io.StringIO(text))}
    most = str(sum(exercise.max_points for exercise in exercises_of(LESSON)))
    assert {name: (row["status"], row["points"], row["max_points"]) for name, row in rows.items()} == {
        "solved": ("marked", most, most),
        "untouched": ("marked", "0", most),
        "cut": ("refused", "0", "0"),
        "absent": ("absent", "0", "0"),
    }
    assert rows["untouched"]["reason"] == "not answered"
    assert rows["solved"]["flags"] == rows["untouched"]["flags"] == ""
    assert len(json.loads(armod("marks", "export", out, "--format", "gradescope").stdout)) == 4
    assert "0 new" in armod(*call).stdout
    shutil.rmtree(folder)
    assert armod(*call).exit_code == 2
