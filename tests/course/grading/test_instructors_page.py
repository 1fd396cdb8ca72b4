"""The instructor's page: its five commands, typed as they stand, bring Canvas' download to Canvas' upload."""

from __future__ import annotations

import csv
import os
import re
import shutil
import subprocess
import sys
import zipfile
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

import pytest
from click.testing import CliRunner

from armod.course.commands.main import main
from armod.course.grading.examiner import hidden_checks
from armod.course.grading.grade import list_tasks
from armod.course.grading.marking import Settings, mark
from armod.course.grading.marks import record
from tests.checkout import CHECKOUT
from tests.course.grading.handed_in import LESSON, RELEASES, RIGHT, UNTOUCHED
from tests.course.grading.stand_in import RUNNER

PAGE = CHECKOUT / "docs" / "grading.md"
COMMANDS = Path(sys.executable).parent

GRADE_BOOK = """\
Student,ID,SIS User ID,SIS Login ID,Section,Final Score
    Points Possible,,,,,(read only)
"Lovelace, Ada",4711,u1,ada,Monday,0
"Gauß, Carl",4712,u2,carl,Monday,0
"Noether, Emmy",4713,u3,emmy,Monday,0
"""


def part(name: str) -> str:
    match = re.search(rf"<!-- {name} -->\n```\w+\n(.*?)```\n<!-- /{name} -->", PAGE.read_text(), re.DOTALL)
    assert match is not None
    return match[1]


@pytest.fixture
def downloads(tmp_path: Path) -> Path:
    with zipfile.ZipFile(tmp_path / "submissions.zip", "w") as archive:
        archive.write(RIGHT, f"lovelaceada_4711_98765_{LESSON}.ipynb")
        archive.write(UNTOUCHED, f"gausscarl_LATE_4712_98766_{LESSON}-1.ipynb")
    (tmp_path / "grades.csv").write_text(GRADE_BOOK)
    return tmp_path


def test_five_commands_from_download_to_upload(require_program, downloads: Path) -> None:
    require_program("bubblewrap")
    commands = part("commands").splitlines()
    assert len(commands) == 5
    environment = {**os.environ, "PATH": f"{COMMANDS}{os.pathsep}{os.environ['PATH']}"}
    for command in commands:
        done = subprocess.run(
            command, shell=True, cwd=downloads, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, (command, done.stdout, done.stderr)
    with open(downloads / "upload.csv", encoding="utf-8") as file:
        heading, possible, *students = csv.reader(file)
    ada, carl, emmy = sorted(students, key=lambda line: line[1])
    assert heading == ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", f"armod {LESSON}"]
    assert ada == ["Lovelace, Ada", "4711", "u1", "ada", "Monday", possible[-1]]
    assert carl[:2] == ["Gauß, Carl", "4712"] and carl[-1] == "0"
    assert emmy[:2] == ["Noether, Emmy", "4713"] and emmy[-1] == ""
    report = (downloads / "marks" / "report.html").read_text()
    assert "1 absent" in report and "2 marked" in report
    assert len(list((downloads / "marks" / "feedback").glob("*.html"))) == 2


def test_the_hidden_check_works(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "large.py").write_text(part("hidden"))
    (check,) = hidden_checks(tmp_path / "mine")["chain-cost"]
    (tmp_path / "class").mkdir()
    shutil.copy(RIGHT, tmp_path / "class" / "ada.ipynb")
    settings = Settings(RELEASES, hidden=tmp_path / "mine", runner=RUNNER)
    (task,) = list_tasks(tmp_path / "class", tmp_path / "marks", settings)
    task.out.mkdir()
    for asks_hidden in (False, True):
        mark(replace(task, asks_hidden=asks_hidden))
    made = record.read(task.out, task.name)
    assert made is not None
    assert made.points == made.max_points
    assert {check.title for mark in made.marks for check in mark.hidden.checks} == {check.title}


def test_every_option_and_every_command_of_the_page_is_there() -> None:
    page = PAGE.read_text()
    options = set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", page)) - {"--security-opt"}
    told = ""
    for command in (
        ["grade"],
        ["exercise", "autograder"],
        ["marks", "export"],
        ["marks", "report"],
        ["doctor"],
    ):
        helped = CliRunner().invoke(main, [*command, "--help"])
        assert helped.exit_code == 0, (command, helped.output)
        told += helped.output
    assert {option for option in options if option not in told} == set()
    assert f"armod-grading:{version('armod')}" in page
