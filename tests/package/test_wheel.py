"""The wheel: what it holds, what it weighs, and that the course begins from it in an empty folder."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from collections import Counter
from email.parser import Parser
from pathlib import Path

import pytest

from armod.course.lessons.catalogue import lessons
from tests.browser.lab import free_port
from tests.checkout import CHECKOUT

# Weights are 7.7 MB of it, data and voices 6.4; what half precision would cost a printed digit of its receipt stays in float32.
LIMIT = 18_000_000
NOTEBOOKS = "armod/course/lessons/shipped/notebooks"
NEEDED = ["armod", "notebooks", "pyproject.toml", "setup.py", "MANIFEST.in", "README.md", "LICENSE"]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    """Built from a copy, because building leaves files behind which the next build would take along."""
    folder = tmp_path_factory.mktemp("wheel")
    for name in NEEDED:
        if (CHECKOUT / name).is_dir():
            shutil.copytree(
                CHECKOUT / name, folder / "source" / name, ignore=shutil.ignore_patterns("__pycache__")
            )
        else:
            shutil.copy(CHECKOUT / name, folder / "source" / name)
    command = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation", "--no-index"]
    done = subprocess.run([*command, "-w", folder, folder / "source"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    (path,) = folder.glob("*.whl")
    return zipfile.ZipFile(path)


def test_it_and_each_part_weigh_no_more_than_the_page_on_running_says(wheel: zipfile.ZipFile) -> None:
    page = (CHECKOUT / "docs" / "running.md").read_text(encoding="utf-8")
    said = {
        name: float(size)
        for name, size in re.findall(r"^\|.*`(armod/\w+)` \| ([\d.]+) \|$", page, re.MULTILINE)
    }
    (rest,) = (
        float(size) for size in re.findall(r"^\| everything else.* \| ([\d.]+) \|$", page, re.MULTILINE)
    )
    parts: Counter[str] = Counter()
    for each in wheel.infolist():
        folder = "/".join(each.filename.split("/")[:2])
        parts[folder if folder in said else "rest"] += each.compress_size
    print(*(f"{size / 1e6:6.2f} MB  {name}" for name, size in parts.most_common()), sep="\n")
    assert len(said) == 4
    for name, size in parts.items():
        assert size / 1e6 < said.get(name, rest) + 0.05, name
    whole = Path(str(wheel.filename)).stat().st_size
    (stated,) = map(float, re.findall(r"The wheel weighs ([\d.]+) MB", page))
    assert whole / 1e6 < stated + 0.05 and whole < LIMIT
    assert abs(sum(said.values()) + rest - stated) < 0.3


def test_everything_of_the_package_is_in_it(wheel: zipfile.ZipFile) -> None:
    listed = subprocess.run(
        ["git", "ls-files", "armod"], cwd=CHECKOUT, check=True, capture_output=True, text=True
    ).stdout.split()
    assert sorted(set(listed) - set(wheel.namelist())) == []
    others = {name.split("/")[0] for name in wheel.namelist()}
    assert sorted(others) == ["armod", next(name for name in others if name.endswith(".dist-info"))]


def test_the_course_is_in_it_without_outputs_and_without_solutions(wheel: zipfile.ZipFile) -> None:
    names = [name.removeprefix(f"{NOTEBOOKS}/") for name in wheel.namelist() if name.startswith(NOTEBOOKS)]
    stems = [lesson.name for lesson in lessons()]
    stems += [f"exercises/{stem}" for stem in stems] + ["index"]
    assert sorted(names) == sorted(f"{stem}{end}" for stem in stems for end in (".py", ".ipynb"))
    for name in names:
        text = wheel.read(f"{NOTEBOOKS}/{name}").decode()
        if name.endswith(".py"):
            assert text == (CHECKOUT / "notebooks" / name).read_text(encoding="utf-8")
            continue
        shipped, built = (
            json.loads(text),
            json.loads((CHECKOUT / "notebooks" / name).read_text(encoding="utf-8")),
        )
        whole = name == "index.ipynb" or name.startswith("exercises/")
        assert (shipped == built) is whole
        assert whole or not any(cell.get("outputs") for cell in shipped["cells"])
        assert [(cell["id"], cell["source"]) for cell in shipped["cells"]] == [
            (cell["id"], cell["source"]) for cell in built["cells"]
        ]


def test_it_says_who_made_it_and_under_which_licences(wheel: zipfile.ZipFile) -> None:
    (name,) = (name for name in wheel.namelist() if name.endswith("METADATA"))
    about = Parser().parsestr(wheel.read(name).decode())
    assert about["License-Expression"] == "MIT"
    assert about.get_all("License-File") == [
        "LICENSE",
        "armod/data/LICENSES.md",
        "armod/figures/fonts/OFL.txt",
    ]
    for licence in about.get_all("License-File"):
        assert f"{name.removesuffix('METADATA')}licenses/{licence}" in wheel.namelist()
    assert {"course", "docs", "cluster"} <= set(about.get_all("Provides-Extra"))
    assert any(line.startswith("Framework :: Jupyter") for line in about.get_all("Classifier"))


@pytest.fixture(scope="module")
def installed(wheel: zipfile.ZipFile, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that Python finds the unpacked wheel in, before this checkout."""
    folder = tmp_path_factory.mktemp("installed")
    wheel.extractall(folder)
    return folder


def environment(installed: Path, home: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name not in ("ARMOD_COURSE", "PYTHONPATH")}
    return kept | {
        "PYTHONPATH": str(installed),
        "HOME": str(home),
        "ARMOD_PROGRESS": str(home / "progress.json"),
    }


# one process for all, because each spends seconds on imports
FIRST_HOUR = """
import json, os, sys
from pathlib import Path
from click.testing import CliRunner
import armod
from armod.course.commands.main import main

def call(*arguments):
    result = CliRunner().invoke(main, arguments)
    return [result.exit_code, result.output]

found = {"package": armod.__file__, "update": call("update"), "here": sorted(os.listdir())}
lesson = Path("armod-course", "4_5_1_made.ipynb")
content = json.loads(lesson.read_text(encoding="utf-8"))
content["cells"][1]["source"] = "My note."
lesson.write_text(json.dumps(content), encoding="utf-8")
Path("armod-course", "inside").mkdir()
sys.modules |= dict.fromkeys(["docutils", "furo", "myst_parser", "sphinx"])  # `armod[course]` doesn't bring them
os.chdir(Path("armod-course", "inside"))  # from anywhere inside, the same copies are meant
found |= {"again": call("update"), "sync": call("sync"), "check": call("sync", "--check"), "site": call("site", "--out", "public")}
found["inside"] = sorted(os.listdir())
json.dump(found, sys.stdout)
"""


@pytest.fixture
def empty(tmp_path: Path) -> Path:
    (tmp_path / "home").mkdir()
    (tmp_path / "empty").mkdir()
    return tmp_path / "empty"


def test_the_first_hour_in_an_empty_folder(installed: Path, empty: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", FIRST_HOUR],
        cwd=empty,
        env=environment(installed, empty.parent / "home"),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert Path(found["package"]).is_relative_to(installed)
    assert found["update"][0] == 0, found["update"][1]
    assert found["here"] == ["armod-course"]
    mine = empty / "armod-course"
    assert len(list(mine.glob("*.ipynb"))) == 13 and len(list(mine.glob("my_exercises/*.ipynb"))) == 12
    assert found["again"][0] == 0 and "4_5_1_made: up to date; 1 of your own cells kept" in found["again"][1]
    assert "My note." in (mine / "4_5_1_made.ipynb").read_text(encoding="utf-8")
    for name in ("sync", "check", "site"):
        code, said = found[name]
        assert code == 2 and said.startswith("armod: `armod ") and "needs a checkout of the course" in said
    assert found["inside"] == []


@pytest.mark.slow
def test_a_lesson_runs_and_jupyterlab_opens_from_it(installed: Path, empty: Path) -> None:
    command = [sys.executable, "-c", "from armod.course.commands.main import main; main()"]
    run = [*command, "run", "4_1_chain_rule", "--out", "results", "-p", "quick", "true"]
    subprocess.run(run, cwd=empty, env=environment(installed, empty.parent / "home"), check=True)
    lab = subprocess.Popen(
        [*command, "lab", "--no-browser", "--port", str(free_port())],
        cwd=empty,
        env=environment(installed, empty.parent / "home"),
        stdout=subprocess.PIPE,
        text=True,
    )
    assert lab.stdout is not None
    try:
        assert any("http://" in line for line in lab.stdout)
        assert (empty / "armod-course" / "index.ipynb").is_file()
    finally:
        lab.terminate()
        lab.wait()
