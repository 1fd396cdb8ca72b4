"""What a code host reads: workflows whose commands exist, and files that agree with the project."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from shutil import which
from typing import Any

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from armod.course.commands.main import main
from tests.checkout import CHECKOUT

WORKFLOWS = sorted((CHECKOUT / ".github" / "workflows").glob("*.yml"))
PROJECT = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())["project"]
TARGETS = set(re.findall(r"^([\w-]+):", (CHECKOUT / "Makefile").read_text(), re.MULTILINE))


def workflow(path: Path) -> dict[Any, Any]:
    found = yaml.safe_load(path.read_text())
    assert isinstance(found, dict)
    return found


def steps() -> Iterator[tuple[str, dict[str, Any]]]:
    for path in WORKFLOWS:
        for name, job in workflow(path)["jobs"].items():
            for step in job["steps"]:
                yield f"{path.stem}: {name}", step


RUNS = sorted({step["run"] for _, step in steps() if "run" in step})


def misses(command: str) -> str:
    """What a command line of a workflow names that is not there; "" if all is."""
    words = shlex.split(re.sub(r"\$\{\{.*?\}\}", "x", command))
    match words:
        case ["bash", script, *_]:
            return "" if (CHECKOUT / script).is_file() else script
        case ["make", *targets]:
            return ", ".join(set(targets) - TARGETS)
        case ["armod", name, *_]:
            return "" if name in main.commands else f"armod {name}"
        case ["python", "-m", "pytest", *options]:
            marks = (
                re.findall(r"\b(?!not\b|and\b|or\b)\w+", options[options.index("-m") + 1])
                if "-m" in options
                else []
            )
            known = (CHECKOUT / "pyproject.toml").read_text()
            return ", ".join(mark for mark in marks if f'"{mark}: ' not in known)
        case ["python", "-m", module, *rest]:
            extras = [extra for word in rest for extra in re.findall(r"\.\[([\w,]+)\]", word)]
            files = [rest[place + 1] for place, word in enumerate(rest) if word == "-c"]
            lost = [
                name
                for extra in extras
                for name in extra.split(",")
                if name not in PROJECT["optional-dependencies"]
            ]
            lost += [name for name in files if not (CHECKOUT / name).is_file()]
            return ", ".join(lost if find_spec(module) else [module, *lost])
    return f"a command of no known kind: {command}"


@pytest.mark.parametrize("command", RUNS)
def test_what_a_step_runs_is_there(command: str) -> None:
    subprocess.run(["bash", "-n", "-c", command], check=True)
    assert misses(command) == ""


@pytest.mark.parametrize(
    "command",
    ["make tset", "bash .ci/walk", "armod dance", "python -m no_such_module", 'python -m pip install -e ".[cake]"',
     "python -m pip install -c no.txt x", 'python -m pytest -m "not fast"', "curl x"],
)  # fmt: skip
def test_what_is_not_there_is_found(command: str) -> None:
    assert misses(command)


STAND_IN = '#!/bin/sh\necho "$(basename $0) $*" >> {said}\n'


def rehearsed(command: str) -> str:
    """A step with what would take hours, or change this machine, left out; all else is as the host would run it."""
    command = re.sub(r"\$\{\{.*?\}\}", "x", command)
    options = {
        "python -m pytest": "python -m pytest -p no:nbval --collect-only -q tests/package/test_host.py",
        "python -m pip install": "python -m pip install --dry-run --no-deps --no-index --no-build-isolation -q",
        "make": "make -n -o .venv/.installed",
    }
    for begin, instead in options.items():
        if command.startswith(f"{begin} "):
            return instead + command.removeprefix(begin)
    return command


# Left out: another PyTorch would be fetched, and the wheel is what tests/package/test_wheel.py builds.
REHEARSED = [
    pytest.param(command, marks=() if command.startswith(("make", "bash")) else pytest.mark.slow)
    for command in RUNS
    if "torch==" not in command and "pip wheel" not in command
]


@pytest.mark.parametrize("command", REHEARSED)
def test_every_step_runs_here_as_far_as_it_can(command: str, tmp_path: Path) -> None:
    """Native packages and `make` inside of scripts are stand-ins, which note how they are called; packages of the index are left out."""
    said, bin_ = tmp_path / "said", tmp_path / "bin"
    bin_.mkdir()
    is_script = command.startswith("bash ")
    for name in ("apt-get", "sudo", "make") if is_script else ():
        (bin_ / name).write_text(STAND_IN.format(said=said))
        (bin_ / name).chmod(0o755)
    if is_script:  # neither a browser nor a sandbox is there, so both are asked for
        for name in ("bash", "sh", "id", "dirname", "basename"):
            (bin_ / name).symlink_to(str(which(name)))
    path = str(bin_) if is_script else f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", rehearsed(command)],
        cwd=CHECKOUT,
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    if is_script:
        calls = said.read_text()
        assert "apt-get install" in calls and "bubblewrap chromium" in calls
        assert ("make test" in calls) == (command == "bash .ci/run")


@pytest.mark.slow
def test_a_step_that_fails_is_found() -> None:
    """Each of these is a workflow that would stop on the host."""
    for wrong in (
        "make no-such-target",
        "python -m pytest --no-such-option",
        "python -m pip install -c no.txt -e .",
        "armod doctor --only x",
    ):
        done = subprocess.run(
            ["bash", "-c", rehearsed(wrong)],
            cwd=CHECKOUT,
            env={**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"},
            capture_output=True,
        )
        assert done.returncode != 0, wrong


def test_jobs_end_by_themselves_and_may_only_read() -> None:
    assert len(WORKFLOWS) == 3
    for path in WORKFLOWS:
        assert workflow(path)["permissions"] == {"contents": "read"}, path
        for name, job in workflow(path)["jobs"].items():
            assert job["timeout-minutes"] > 0, name
            assert {"uses": "actions/checkout@v4"} in job["steps"] or name == "pages", name
    for name, step in steps():
        assert re.fullmatch(r"[\w-]+/[\w-]+@v\d+", step.get("uses", "a/b@v1")), name
        assert ("uses" in step) != ("run" in step), name


def test_every_system_and_the_ends_of_what_is_allowed_are_tested() -> None:
    jobs = workflow(CHECKOUT / ".github" / "workflows" / "test.yml")["jobs"]
    matrix = jobs["systems"]["strategy"]["matrix"]
    assert {name.split("-")[0] for name in matrix["os"]} == {"ubuntu", "macos", "windows"}
    allowed = SpecifierSet(PROJECT["requires-python"])
    listed = {line.rpartition(":: ")[2] for line in PROJECT["classifiers"] if ":: Python :: 3." in line}
    assert set(matrix["python"]) == {min(listed, key=_version), max(listed, key=_version)}
    assert all(version in allowed for version in listed) and "3.10" not in allowed
    (torch,) = (bound for text in PROJECT["dependencies"] if (bound := Requirement(text)).name == "torch")
    (lowest,) = (each.version for each in torch.specifier if each.operator == ">=")
    assert any(f"torch=={lowest}.*" in step.get("run", "") for step in jobs["lowest"]["steps"])


def _version(text: str) -> tuple[int, ...]:
    return tuple(map(int, text.split(".")))


def test_the_other_files_agree_with_the_project() -> None:
    citation = yaml.safe_load((CHECKOUT / "CITATION.cff").read_text())
    assert citation["version"] == PROJECT["version"] and citation["license"] == PROJECT["license"]
    assert {"cff-version", "message", "title", "authors"} <= set(citation)
    for path in (CHECKOUT / ".github").rglob("*.yml"):
        assert yaml.safe_load(path.read_text()), path
    container = json.loads((CHECKOUT / ".devcontainer" / "devcontainer.json").read_text())
    assert "make setup" in container["postCreateCommand"]
    binder = (CHECKOUT / ".binder" / "requirements.txt").read_text().splitlines()
    assert "-e .[course]" in binder and "-c ../constraints.txt" in binder
    subprocess.run(["bash", "-n", CHECKOUT / ".binder" / "start"], check=True)
    text = "".join(path.read_text() for path in (CHECKOUT / ".github").rglob("*.md"))
    for target in re.findall(r"`make ([\w-]+)`", text):
        assert target in TARGETS
    for link in re.findall(r"\]\((\.\./[^)]+)\)", text):
        assert (CHECKOUT / ".github" / link).exists()


ADDRESS = re.compile(r"https?://[\w.-]+/[\w.-]+/armod\b(?:\.git)?")


def disagreements(address: str | None, texts: dict[str, str]) -> list[str]:
    """The places that name another address of the repository than pyproject.toml, or name none but should."""
    wanted = address or "https://HOST/OWNER/armod"
    found = {name: set(ADDRESS.findall(text)) for name, text in texts.items()}
    wrong = [f"{name}: {each}" for name in texts for each in sorted(found[name] - {wanted})]
    due = ["docs/running.md", *(["CITATION.cff"] if address else [])]
    return wrong + [f"{name}: {wanted} is missing" for name in due if wanted not in found[name]]


def test_the_public_address_stands_in_one_place() -> None:
    names = ["CITATION.cff", "README.md", "CONTRIBUTING.md", "docs/running.md", ".binder/requirements.txt"]
    names += [path.relative_to(CHECKOUT).as_posix() for path in (CHECKOUT / ".github").rglob("*.*")]
    texts = {name: (CHECKOUT / name).read_text(encoding="utf-8") for name in names}
    assert disagreements(PROJECT.get("urls", {}).get("Repository"), texts) == []


def test_an_address_that_disagrees_is_found() -> None:
    new, old = "https://host.example/ada/armod", "https://host.example/bob/armod"
    texts = {"docs/running.md": f"git+{old}", "CITATION.cff": ""}
    assert disagreements(None, texts)[0] == f"docs/running.md: {old}"
    assert len(disagreements(new, texts)) == 3
    assert disagreements(new, dict.fromkeys(texts, new)) == []


def test_the_page_on_running_names_commands_that_exist() -> None:
    """Each line of its shell blocks; the tools themselves are tried by the slow tests."""
    text = (CHECKOUT / "docs" / "running.md").read_text()
    lines = [
        line
        for block in re.findall(r"^```sh\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
        for line in block.splitlines()
    ]
    assert len(lines) > 10
    for line in lines:
        words = shlex.split(line)
        name = Path(words[0]).name
        assert name in ("python", "armod", "papermill", "jupyter", "pytest", "jupytext"), line
        if name == "armod":
            assert words[1] in main.commands
        for word in words[1:]:
            if word.startswith("notebooks/"):
                assert (CHECKOUT / word).is_file(), line
