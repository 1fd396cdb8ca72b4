"""Every shipped file and every data set has its entry in LICENSES.md, and code and page agree."""

import hashlib
import importlib
import re
import tomllib
from importlib import resources
from pathlib import Path

import pytest

from armod import data
from armod.data import NAMES
from armod.data.remote import RemoteFiles
from tests.checkout import CHECKOUT

FOLDER = Path(str(resources.files("armod.data")))
PAGE = (FOLDER / "LICENSES.md").read_text(encoding="utf-8")
SECTIONS = {
    name: text for name, text in re.findall(r"^## (\S+)\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL)
}
SHIPPED = [
    path
    for path in sorted(FOLDER.rglob("*"))
    if path.is_file() and path.suffix not in (".py", ".pyc") and path.name != "LICENSES.md"
]
MODULES = {name: importlib.import_module(f"armod.data.sets.{name}") for name in NAMES}
REMOTE = [name for name, module in MODULES.items() if isinstance(getattr(module, "FILES", None), RemoteFiles)]
LOCAL = [name for name in NAMES if name not in REMOTE]


def test_the_page_has_a_section_for_every_name() -> None:
    assert tuple(sorted(SECTIONS)) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_every_section_states_all_that_is_needed(name: str) -> None:
    stated = re.findall(r"^- \*\*(.+?)\*\*", SECTIONS[name], re.MULTILINE)
    assert {"Source:", "Licence:", "sha256:", "Split:"} <= set(stated)
    assert {"Recipe:", "Files"} & set(stated)


def test_texts_and_arrays_are_shipped_and_classical_files_are_not() -> None:
    assert {"digits28.npz", "names.txt", "sonnets.txt", "plays.bz2", "speech.npz", "prompts.npz"} <= {
        path.name for path in SHIPPED
    }
    assert {path.parent for path in SHIPPED} == {FOLDER / "sets" / "shipped"}
    assert {"mnist", "binarized_mnist", "cifar10"} <= set(REMOTE)


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.name)
def test_shipped_files_are_packaged_and_made_by_a_recipe(path: Path) -> None:
    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())
    assert f"**/*{path.suffix}" in project["tool"]["setuptools"]["package-data"]["armod"]
    assert path == MODULES[path.stem].FILE
    # the alignment of the prompts is a package of its own
    recipes = {"prompts": "armod.speech.corpus.__main__"}
    assert callable(importlib.import_module(recipes.get(path.stem, MODULES[path.stem].__name__)).make)


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.name)
def test_every_shipped_file_is_listed_with_its_sha256_and_size(path: Path) -> None:
    sections = [text for text in SECTIONS.values() if f"`{path.name}`" in text]
    assert len(sections) == 1
    assert hashlib.sha256(path.read_bytes()).hexdigest() in sections[0]
    assert f"{path.stat().st_size:,} bytes" in sections[0]


@pytest.mark.parametrize("name", NAMES)
def test_code_and_page_state_the_same(name: str) -> None:
    module, section = MODULES[name], SECTIONS[name]
    sha256 = module.SHA256 if hasattr(module, "SHA256") else module.FILES.sha256
    assert f"- **Source:** {module.SOURCE}\n" in section
    assert f"- **Licence:** {module.LICENCE}" in section
    assert f"- **sha256:** `{sha256}`" in section


@pytest.mark.parametrize("name", REMOTE)
def test_every_remote_file_is_listed_with_its_size_and_sha256(name: str) -> None:
    for file in MODULES[name].FILES.files:
        assert f"| `{file.name}` | {file.size:,} | `{file.sha256}` |" in SECTIONS[name]


@pytest.mark.parametrize("name", LOCAL)
def test_what_is_loaded_states_what_the_module_says(name: str) -> None:
    module, loaded = MODULES[name], data.load(name)
    assert loaded.name == name
    assert (loaded.source, loaded.licence, loaded.sha256) == (module.SOURCE, module.LICENCE, module.SHA256)
    sizes = " / ".join(f"{len(levels):,}" for levels in (loaded.train, loaded.valid, loaded.test))
    assert sizes in " ".join(SECTIONS[name].split())


@pytest.mark.parametrize(
    "path", [path for path in SHIPPED if path.suffix == ".txt"], ids=lambda path: path.name
)
def test_line_ends_of_shipped_texts_are_the_same_on_every_system(path: Path) -> None:
    """Git for Windows would write CRLF into a text that is not exempt, and its sha256 would be another."""
    assert b"\r" not in path.read_bytes()
    attributes = (CHECKOUT / ".gitattributes").read_text().splitlines()
    assert "armod/data/sets/shipped/*.txt -text" in attributes
