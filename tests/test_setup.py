"""The promises of the set-up: files that must agree do agree, and the README's commands exist."""

from __future__ import annotations

import os
import re
import stat
import subprocess
import sys
import tomllib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.version import Version

from armod import pretrained
from armod.course.commands.main import main as command_line
from armod.course.lessons.catalogue import lessons
from tests.checkout import CHECKOUT

PROJECT = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())["project"]
README = (CHECKOUT / "README.md").read_text()
MAKEFILE = (CHECKOUT / "Makefile").read_text()
CONDA_NAMES = {"torch": "pytorch-cpu", "matplotlib": "matplotlib-base", "playwright": "playwright-python"}


def requirements() -> dict[str, SpecifierSet]:
    """Every package that pyproject.toml asks for, extras included, with its bounds."""
    lists = [PROJECT["dependencies"], *PROJECT["optional-dependencies"].values()]
    found = [Requirement(text) for texts in lists for text in texts]
    return {requirement.name: requirement.specifier for requirement in found if requirement.name != "armod"}


def test_conda_asks_for_the_same_packages_in_the_same_bounds() -> None:
    environment = yaml.safe_load((CHECKOUT / "environment.yml").read_text())
    assert environment["channels"][0] == "conda-forge"
    *of_conda, others = environment["dependencies"]
    assert others["pip"][0] == "-e ."  # the others are not in conda-forge
    packages = dict(text.partition(" ")[::2] for text in [*of_conda, *others["pip"][1:]])
    packages.pop("pip")
    assert SpecifierSet(packages.pop("python")) == SpecifierSet(PROJECT["requires-python"])
    expected = {CONDA_NAMES.get(name, name): bounds for name, bounds in requirements().items()}
    assert {name: SpecifierSet(bounds) for name, bounds in packages.items()} == expected


def test_constraints_pin_every_dependency_within_its_bounds() -> None:
    lines = (CHECKOUT / "constraints.txt").read_text().splitlines()
    pins = [Requirement(line) for line in lines if line and not line.startswith("#")]
    versions = {}
    for pin in pins:
        (bound,) = pin.specifier
        assert bound.operator == "==", f"constraints.txt does not pin {pin.name} exactly"
        versions[pin.name.lower().replace("_", "-")] = Version(bound.version)
    assert len(versions) == len(pins)
    for name, bounds in requirements().items():
        assert versions[name.lower()] in bounds, (
            f"constraints.txt pins {name} outside of pyproject.toml's {bounds}"
        )


def test_torch_is_never_pinned_in_the_project() -> None:
    assert requirements()["torch"] == SpecifierSet(">=2.4,<3")


def make_targets() -> set[str]:
    return set(re.findall(r"^([\w-]+):", MAKEFILE, re.MULTILINE))


def shell_commands() -> list[str]:
    """Every command line in the README's shell blocks, comments and continuation prompts taken off."""
    blocks = re.findall(r"^```(?:sh|bash|console)\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
    lines = [re.sub(r"\s+#.*$", "", line).strip() for block in blocks for line in block.splitlines()]
    return [line for line in lines if line]


def test_the_readme_begins_with_the_two_commands() -> None:
    assert shell_commands()[:2] == ["make lab", "make test"]
    assert README.index("make lab") < 400


@pytest.mark.parametrize("line", shell_commands())
def test_a_command_of_the_readme_exists(line: str) -> None:
    words = line.split()
    if words[0] == "make":
        assert words[1] in make_targets()
    elif words[0] == "armod":
        command = command_line.commands[words[1]]
        if isinstance(command, click.Group):
            command = command.commands[words[2]]
        options = {
            option for parameter in command.params for option in [*parameter.opts, *parameter.secondary_opts]
        }
        assert {word for word in words[2:] if word.startswith("-")} <= options
    else:
        assert words[0] in ("cd", "git")


def test_ci_runs_the_readmes_test_command() -> None:
    script = CHECKOUT / ".ci" / "run"
    commands = [line.split("<")[0].strip() for line in script.read_text().splitlines()]
    assert commands[-1] == "make test"
    assert "export CI=true" in commands
    for path in (script, CHECKOUT / "scripts" / "install-native.sh"):
        assert path.stat().st_mode & stat.S_IXUSR, f"{path.name} can't be executed"
        subprocess.run(["bash", "-n", path], check=True)


def test_native_programs_that_are_present_are_not_installed_again(tmp_path: Path) -> None:
    for name in ("bwrap", "chromium"):
        _program(tmp_path / name, "exit 0")
    _program(tmp_path / "apt-get", "echo called; exit 1")
    run = _install_native(tmp_path)
    assert (run.returncode, run.stdout) == (0, "")


def test_missing_native_programs_are_installed_by_apt(tmp_path: Path) -> None:
    _program(tmp_path / "bwrap", "exit 0")
    _program(tmp_path / "id", "echo 1000")
    _program(tmp_path / "sudo", 'echo sudo "$@"')
    _program(tmp_path / "apt-get", "exit 1")
    run = _install_native(tmp_path)
    assert run.returncode == 0
    assert "chromium" in run.stdout and "bubblewrap" not in run.stdout


def test_a_system_without_apt_is_told_what_to_install(tmp_path: Path) -> None:
    run = _install_native(tmp_path)
    assert run.returncode == 1
    assert "bubblewrap chromium" in run.stderr


def _program(path: Path, body: str) -> None:
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)


def _install_native(path: Path) -> subprocess.CompletedProcess[str]:
    script = CHECKOUT / "scripts" / "install-native.sh"
    return subprocess.run(
        ["/bin/sh", script], env={"PATH": str(path)}, capture_output=True, text=True, stdin=subprocess.DEVNULL
    )


def test_pre_commit_runs_our_own_tools_only() -> None:
    config = yaml.safe_load((CHECKOUT / ".pre-commit-config.yaml").read_text())
    assert [repository["repo"] for repository in config["repos"]] == ["local"]
    hooks = config["repos"][0]["hooks"]
    assert {hook["language"] for hook in hooks} == {"system"}
    assert {hook["name"] for hook in hooks} == {"ruff format", "ruff check", "mypy", "armod sync --check"}


def test_lint_and_format_leave_alone_what_a_reader_makes_in_a_checkout(tmp_path: Path) -> None:
    for name in ("armod/ours.py", "scripts/ours.py", "statistics/hidden/theirs.py", "results/theirs.ipynb"):
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).write_text("")
    (tmp_path / "pyproject.toml").write_text((CHECKOUT / "pyproject.toml").read_text())
    command = [sys.executable, "-m", "ruff", "check", "--no-cache", "--show-files", "."]
    seen = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True).stdout
    assert sorted(Path(line).name for line in seen.splitlines()) == ["ours.py", "ours.py", "pyproject.toml"]


def test_the_readmes_example_runs() -> None:
    (example,) = re.findall(r"^```python\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
    assert len(example.splitlines()) <= 12
    subprocess.run([sys.executable, "-W", "error", "-c", example], check=True)


def committed_texts() -> Iterator[tuple[Path, str]]:
    listed = subprocess.run(
        ["git", "-c", "safe.directory=*", "-C", CHECKOUT, "ls-files", "-z"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    for name in filter(None, listed.split("\0")):
        path = CHECKOUT / name
        if path.is_file() and path.name != ".gitignore":
            try:
                yield path, path.read_text(encoding="utf-8")
            except UnicodeDecodeError:
                continue


def test_nothing_committed_names_a_path_of_somebodys_machine() -> None:
    # Built from parts, or this very file would match.
    folders = ["work/", "root/", "opt/", r"home/(?!student)\w+", r"Users/\w+", r"tmp/[\w.]+/"]
    pattern = re.compile(r"(?<![\w.<~:}/-])/(?:" + "|".join(folders) + ")")
    found = [
        f"{path.relative_to(CHECKOUT)}: {text[match.start() : match.end() + 30]!r}"
        for path, text in committed_texts()
        for match in pattern.finditer(text)
    ]
    assert found == []


def test_the_checkouts_files_are_meant_for_every_system() -> None:
    names = [path.relative_to(CHECKOUT).as_posix() for path, _ in committed_texts()]
    assert len({name.lower() for name in names}) == len(names), "two names differ only in their case"
    assert not [name for name in names if re.search(r'[<>:"|?*\\]', name)]
    assert os.pathsep.join(names).isascii()


MOST_FILES, MOST_LINES = 16, 400


def test_no_folder_and_no_file_is_too_large_to_survey() -> None:
    """In `notebooks/` each lesson is a pair of files, and a lesson is as long as it is."""
    texts = {
        path.relative_to(CHECKOUT): text
        for path, text in committed_texts()
        if path.relative_to(CHECKOUT).parts[0] in ("armod", "tests", "benchmarks")
    }
    sizes = Counter(path.parent.as_posix() for path in texts)
    assert {folder: size for folder, size in sizes.items() if size > MOST_FILES} == {}
    lengths = {
        path.as_posix(): len(text.splitlines())
        for path, text in texts.items()
        if path.suffix in (".py", ".js", ".css")
    }
    assert {path: length for path, length in lengths.items() if length > MOST_LINES} == {}


def test_the_readme_lists_every_lesson_and_no_other() -> None:
    listed = re.findall(r"\]\(notebooks/(\w+)\.ipynb\)", README)
    assert sorted(listed) == sorted(path.stem for path in (CHECKOUT / "notebooks").glob("*.py"))


CONTRIBUTING = (CHECKOUT / "CONTRIBUTING.md").read_text()


def quoted(text: str) -> list[str]:
    """What stands between backquotes, outside of blocks of code."""
    return re.findall(r"`([^`\n]+)`", re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL))


def test_contributing_has_five_recipes_and_says_what_each_costs() -> None:
    headings = re.findall(r"^## (.+): (?:at most )?(\d+) files?$", CONTRIBUTING, re.MULTILINE)
    assert dict(headings) == {
        "A model family with cached sampling": "6",
        "A lesson with a lab and three exercises": "15",
        "A sampler": "1",
        "A data set": "4",
        "An export format": "2",
    }


@pytest.mark.parametrize(
    "path", sorted({text for text in quoted(CONTRIBUTING) if "/" in text and " " not in text})
)
def test_a_path_of_contributing_exists(path: str) -> None:
    """Of a path with a name that you choose, in capitals, all that is before it."""
    chosen = re.search(r"\b(NAME|FAMILY|LAB)\b|(?<=_)NAME", path)
    known = path[: chosen.start()].rpartition("/")[0] if chosen else path
    assert (CHECKOUT / known).exists()


@pytest.mark.parametrize(
    "line", sorted({text for text in quoted(CONTRIBUTING) if text.startswith(("armod ", "make "))})
)
def test_a_command_of_contributing_exists(line: str) -> None:
    test_a_command_of_the_readme_exists(line)


def test_the_readme_says_what_the_lessons_and_receipts_say() -> None:
    for lesson in lessons():
        assert f"| {lesson.question} | {lesson.minutes} |" in README
    nats = pretrained.receipt("made-digits28").nats
    assert f"a MADE with {nats:.1f} nats per test digit" in README
    (stated,) = re.findall(r"<!-- pretrained -->\n(.*?)<!-- /pretrained -->", README, re.DOTALL)
    assert [line for line in stated.splitlines() if line.startswith("| ") and "-" in line.split("|")[1]] == [
        str(row) for row in pretrained.table()
    ]
