"""Gradescope's autograder: its zip, unpacked into a folder laid out as theirs, marks what lies there."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import psutil
import pytest
from click.testing import CliRunner

from armod.course.commands.main import main
from armod.course.exercises import exercises_of
from armod.course.grading import autograder
from armod.course.grading.confinement import sandbox
from armod.course.grading.confinement.elsewhere import user
from armod.course.grading.confinement.kernel_client import Kernel
from armod.course.grading.confinement.limits import MIB, Limits
from armod.course.grading.examination import _text_of
from tests.course.grading.handed_in import LESSON, RIGHT, cell, document, tagged, write

MAX = sum(exercise.max_points for exercise in exercises_of(LESSON))
HIDDEN = """
from armod.course.exercises import Mistake, find
@find('chain-cost').check('SECRET TITLE', points=2)
def more(answer, generator):
    if answer.call('table_numbers', 31) != 2**31 - 1: raise Mistake('SECRET MESSAGE')
"""


@pytest.fixture(scope="module")
def zipped(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("zip")
    write(folder / "hidden" / "more.py", HIDDEN)
    call = ["exercise", "autograder", LESSON, "--out", folder / "a.zip", "--hidden", folder / "hidden"]
    done = CliRunner().invoke(main, [str(part) for part in call])
    assert done.exit_code == 0, done.output
    return folder / "a.zip"


def laid_out(zipped: Path, place: Path, **submission: Any) -> Path:
    """The folder as Gradescope makes it before it runs the script."""
    with zipfile.ZipFile(zipped) as archive:
        archive.extractall(place / "source")
    (place / "results").mkdir()
    shutil.copy(place / "source" / "run_autograder", place)
    (place / "run_autograder").chmod(0o755)
    (place / "python").symlink_to(sys.prefix)
    for path in (place, *place.parents):  # as /autograder is, so that only what the script closes is closed
        if path.name.startswith("pytest-") or path == place:
            path.chmod(0o755)
    for name, found in submission.items():
        write(place / "submission" / f"{name}.ipynb", found)
    users = {
        "users": [{"email": "ada@uni.edu", "id": 1, "name": "Ada"}],
        "created_at": "2026-10-12T12:00:00-07:00",
    }
    write(place / "submission_metadata.json", json.dumps(users))
    return place


def test_the_zip_has_at_its_root_what_gradescope_looks_for(zipped: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(zipped) as archive:
        names = {about.filename: about.external_attr >> 16 for about in archive.infolist()}
        requirements = archive.read("requirements.txt").decode().split()
        archive.extractall(tmp_path)
    assert names["setup.sh"] == names["run_autograder"] == 0o755
    assert {f"released/{LESSON}.ipynb", "hidden/more.py", "armod/__init__.py"} <= set(names)
    assert not any("solutions" in name or "__pycache__" in name for name in names)
    assert any(line.startswith("torch==") for line in requirements) and not any(
        "+" in line for line in requirements
    )
    assert zipped.stat().st_size < 100 * MIB
    for script in ("setup.sh", "run_autograder"):
        assert (tmp_path / script).read_text().startswith("#!")
        subprocess.run(["bash", "-n", tmp_path / script], check=True)


@pytest.mark.slow  # opens real jails, in a Python of its own
def test_its_script_marks_what_gradescope_lays_out(require_program, zipped: Path, tmp_path: Path) -> None:
    require_program("bubblewrap")
    found = document(RIGHT)
    place = str(tmp_path)
    found["cells"].append(cell(f"import os\nraise ValueError('sees', os.path.exists({place!r}))"))
    tagged(found, "answer:chain-joint")["source"] = "joint_of = ..."
    laid_out(zipped, tmp_path, homework=found)
    done = subprocess.run(
        [tmp_path / "run_autograder"],
        cwd="/",
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "Students' code was locked in" in done.stdout and "ada@uni.edu" in done.stdout
    text = (tmp_path / "results" / "results.json").read_text()
    results = json.loads(text)
    lost = next(one.max_points for one in exercises_of(LESSON) if one.name == "chain-joint")
    assert results["score"] == MAX + 2 - lost == sum(test["score"] for test in results["tests"])
    assert results["extra_data"]["confinement"] == "sandbox" and "SECRET" not in text
    assert {test["visibility"] for test in results["tests"]} == {"visible", "after_published"}


def test_where_nothing_locks_in_nothing_is_run(
    zipped: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    laid_out(zipped, tmp_path, homework=document(RIGHT))
    monkeypatch.setattr(sandbox, "trouble", lambda: ("no namespaces", "elsewhere"))
    monkeypatch.setattr(user, "trouble", lambda: ("nobody is root", "be root"))
    with pytest.raises(SystemExit, match="nobody is root"):
        autograder.main(tmp_path)
    assert list((tmp_path / "results").iterdir()) == []


LOOKS = """
import os, socket, stat
def attempt(action):
    try: return action()
    except OSError: return None
said = [
    [attempt(lambda: socket.socket(family).fileno() > 0) for family in (socket.AF_INET, socket.AF_INET6, 16, 17, 40)],
    [number for number in range(256) if attempt(lambda: stat.S_ISSOCK(os.fstat(number).st_mode)
        and socket.socket(fileno=os.dup(number)).family != socket.AF_UNIX)],
    [path for path in {paths!r} if attempt(lambda: os.listdir(path)) is not None],
    attempt(lambda: os.kill({pid}, 9)), attempt(lambda: os.setuid(0)),
    [name for name in ("examiner", "autograder") if os.path.exists(os.path.dirname(__import__("armod").__file__) + f"/course/grading/{{name}}.py")],
    os.getuid() in (0, 65534), attempt(lambda: open({paths!r}[0] + "/results.json", "w")),
]
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root becomes another user")
def test_another_user_reaches_neither_network_nor_what_is_closed(tmp_path: Path) -> None:
    closed = [str(tmp_path / name) for name in ("results", "source", "submission")]
    for path in closed:
        Path(path).mkdir(mode=0o700)
    for path in (tmp_path, *tmp_path.parents):
        if path.name.startswith("pytest-") or path == tmp_path:
            path.chmod(0o755)
    kernel = Kernel(Limits(memory=1024 * MIB), "user")
    try:
        assert kernel.execute(LOOKS.format(paths=closed, pid=os.getpid()), 60)["status"] == "ok"
        assert _text_of(kernel.execute("", 60, "said")) == str(
            [[None] * 5, [], [], None, None, [], False, None]
        )
        # without its folder, too, which is its own to remove
        kernel.execute(
            "import os, shutil\nshutil.rmtree(os.path.dirname(os.getcwd()))\nfor _ in range(5): os.fork()", 5
        )
        user = kernel._jail.user
    finally:
        kernel.end()
    left = [p for p in psutil.process_iter() if p.uids().real == user and p.status() != psutil.STATUS_ZOMBIE]
    assert left == []
