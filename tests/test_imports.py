"""What may import what, what importing armod loads, and what it needs: little, and nothing of the course."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterable
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.checkout import CHECKOUT
from tests.harness.patience import FACTOR

PYPROJECT = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())
PROJECT, CONTRACTS = PYPROJECT["project"], PYPROJECT["tool"]["importlinter"]["contracts"]

LIBRARY, COURSE, CIRCLES = (contract["name"] for contract in CONTRACTS)


def broken_contracts(folder: Path) -> set[str]:
    """The names of our contracts that the package in this folder breaks, as import-linter says."""
    program = "from importlinter.cli import lint_imports_command; lint_imports_command()"
    done = subprocess.run(
        [sys.executable, "-c", program, "--config", str(CHECKOUT / "pyproject.toml"), "--no-cache"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        timeout=600 * FACTOR,
    )
    verdicts = dict(re.findall(r"^(.+?) (KEPT|BROKEN)\b", done.stdout, re.MULTILINE))
    assert set(verdicts) == {LIBRARY, COURSE, CIRCLES}, done.stdout + done.stderr
    broken = {name for name, verdict in verdicts.items() if verdict == "BROKEN"}
    assert done.returncode == bool(broken)
    return broken


def test_imports_point_downwards_and_never_in_a_circle() -> None:
    assert broken_contracts(CHECKOUT) == set()


@pytest.mark.parametrize(
    ("path", "line", "broken"),
    [
        ("armod/orderings.py", "def f():\n    from armod.course.labs import page", LIBRARY),
        ("armod/data/dataset.py", "import armod.training.fit", LIBRARY),
        ("armod/course/labs/page.py", "from armod.course.exercises import check", COURSE),
        (
            "armod/models/made/masks.py",
            "if TYPE_CHECKING:\n    from armod.models.made.model import MADE",
            CIRCLES,
        ),
    ],
    ids=["library to course", "data to training", "labs to exercises", "a circle of types"],
)
def test_an_import_that_points_upwards_is_found(tmp_path: Path, path: str, line: str, broken: str) -> None:
    modules = shutil.ignore_patterns("*.npz", "*.safetensors", "*.txt", "*.otf", "__pycache__")
    shutil.copytree(CHECKOUT / "armod", tmp_path / "armod", ignore=modules)
    with (tmp_path / path).open("a") as file:
        file.write(f"\n{line}\n")
    assert broken in broken_contracts(tmp_path)


def test_every_folder_has_its_floor() -> None:
    """What stands on no floor may import, and be imported by, anybody unseen."""
    found = {
        ".".join(path.relative_to(CHECKOUT).with_suffix("").parts)
        for folder in ("armod", "armod/course")
        for path in (CHECKOUT / folder).iterdir()
        if (path.suffix == ".py" and path.stem not in ("__init__", "__main__"))
        or (path / "__init__.py").is_file()
    }
    floors = [*CONTRACTS[0]["layers"], *CONTRACTS[1]["layers"]]
    assert found == {name for floor in floors for name in floor.split(" | ")}


def test_only_the_tests_of_the_benchmarks_import_them() -> None:
    importing = {
        path.relative_to(CHECKOUT).as_posix()
        for path in (CHECKOUT / "tests").rglob("*.py")
        if re.search(r"^\s*(from|import) benchmarks\b", path.read_text(), re.MULTILINE)
    }
    assert importing == {"tests/test_benchmarks.py"}


HELP = """
from click.testing import CliRunner
from armod.course.commands.main import main
answer = CliRunner().invoke(main, ["--help"])
assert answer.exit_code == 0 and "armod lab" in answer.output, answer.output
"""


def python(program: str, *arguments: str) -> str:
    """What a new Python process prints that runs this program, which must end well."""
    command = [sys.executable, "-c", program, *arguments]
    done = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, timeout=600 * FACTOR)
    assert done.returncode == 0, done.stderr
    return done.stdout


def loaded_after(program: str) -> set[str]:
    return set(python(f"{program}\nimport sys\nprint(*sys.modules)").split())


def test_importing_armod_loads_neither_torch_nor_the_course() -> None:
    loaded = loaded_after("import armod")
    assert "armod" in loaded
    assert not loaded & {"torch", "numpy", "matplotlib", "armod.course"}


def test_the_commands_help_loads_neither_torch_nor_a_tool_of_the_course() -> None:
    loaded = loaded_after(HELP)
    assert "armod.course.commands.main" in loaded
    assert not loaded & {"torch", "numpy", "matplotlib", *import_names(extras("course", "cluster"))}
    assert not [name for name in loaded if name.startswith(("armod.course.lessons", "armod.course.labs"))]


def test_a_model_is_there_without_the_course_and_the_check_on_first_use() -> None:
    python(
        "import sys, armod\n"
        "from armod import MADE\n"
        "assert MADE is armod.MADE and 'armod.course' not in sys.modules\n"
        "assert callable(armod.check) and 'armod.course' in sys.modules"
    )


def extras(*names: str) -> set[str]:
    """The packages that only these extras bring: torch and matplotlib bring sympy and pillow in any case."""
    asked = {Requirement(text).name for name in names for text in PROJECT["optional-dependencies"][name]}
    return set(map(canonicalize_name, asked)) - brought_by(PROJECT["dependencies"])


def brought_by(requirements: Iterable[str]) -> set[str]:
    """The packages that these requirements install, those that they need in turn included."""
    found: set[str] = set()
    waiting = list(map(Requirement, requirements))
    while waiting:
        requirement = waiting.pop()
        name = canonicalize_name(requirement.name)
        if name not in found and (requirement.marker is None or requirement.marker.evaluate({"extra": ""})):
            found.add(name)
            waiting += map(Requirement, metadata.requires(name) or [])
    return found


def import_names(packages: set[str]) -> list[str]:
    """What is imported from these packages: skimage from scikit-image."""
    return [
        name
        for name, owners in metadata.packages_distributions().items()
        if set(map(canonicalize_name, owners)) <= packages
    ]


@pytest.fixture(scope="module")
def core_only(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A program that begins with ``exec`` of this file sees the packages that armod itself requires, and no others."""
    core = brought_by(PROJECT["dependencies"])
    installed = {canonicalize_name(found.name) for found in metadata.distributions()}
    blocked = import_names(installed - core - {"armod"})
    assert {"nbformat", "rich", "skimage", "distributed", "IPython"} <= set(blocked)
    path = tmp_path_factory.mktemp("core") / "core_only.py"
    path.write_text(
        "import sys\n"
        f"BLOCKED = set({json.dumps(blocked)})\n"
        "class Blocker:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name.partition('.')[0] in BLOCKED:\n"
        "            raise ModuleNotFoundError(f'No module named {name!r}', name=name)\n"
        "sys.meta_path.insert(0, Blocker())\n"
        "assert not BLOCKED & set(sys.modules), BLOCKED & set(sys.modules)\n"
    )
    return path


def test_every_module_of_the_library_needs_the_core_dependencies_only(core_only: Path) -> None:
    modules = [
        ".".join(path.relative_to(CHECKOUT).with_suffix("").parts).removesuffix(".__init__")
        for path in (CHECKOUT / "armod").rglob("*.py")
        if "course" not in path.parts and path.stem != "__main__"
    ]
    assert {"armod.models.raster.pixelcnn", "armod.data.sets.chorales", "armod.training"} <= set(modules)
    python(
        "import sys\n"
        "exec(open(sys.argv[1]).read())\n"
        "import importlib\n"
        "for module in sys.argv[2:]: importlib.import_module(module)\n"
        "assert not [name for name in sys.modules if name.startswith('armod.course')]",
        str(core_only),
        *modules,
    )


@pytest.mark.parametrize(
    "arguments",
    [
        ("lab",),
        ("run", "--out", "nowhere"),
        ("sync", "--check"),
        ("check", "4_5_1_made"),
        ("exercise", "restore", "made-masks"),
        ("grade", "nothing", "--out", "nowhere"),
    ],
    ids=lambda arguments: arguments[0],
)
def test_without_the_courses_packages_a_command_says_what_to_install(
    core_only: Path, tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    program = f"""
import sys
exec(open(sys.argv[1]).read())
{HELP}
answer = CliRunner().invoke(main, sys.argv[2:])
assert answer.exit_code == 1, answer
print(answer.stderr)
"""
    said = python(program, str(core_only), *arguments).strip()
    assert re.fullmatch(
        r"armod: This command needs '[\w.]+', which is not installed: pip install 'armod\[course\]'", said
    ), said
