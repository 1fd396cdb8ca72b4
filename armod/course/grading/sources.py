"""Hashes of what marks follow from, beside the submission: would it be given the same marks again?

Of the code, only what decides about a lesson counts: its checks, what they import of the exercises' package, and how
the engine turns checks into points. It counts for what it says, not for where it lies or how it is laid out: a module
is hashed as its syntax tree without docstrings, and an import within armod by the names that it brings. So neither a
moved file, nor another layout, nor an edited check of another lesson marks a class anew. An edited check does, for its
own lesson, and an edited judge for all lessons: it may give other points.
"""

from __future__ import annotations

import ast
import hashlib
import importlib
import importlib.util
import json
import pkgutil
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

from armod.course.exercises.engine.exercise import PREFIX, folders
from armod.plugins import plugins

EXERCISES = "armod.course.exercises"
JUDGE = f"{EXERCISES}.engine.judge"


def module_of(lesson: str) -> str:
    """The name of the module that declares the exercises of a lesson."""
    return folders().get(lesson) or f"{EXERCISES}.{PREFIX}{lesson}"


def of_checks(lessons: Sequence[str]) -> dict[str, str]:
    """For each lesson one hash of its checks and of what judges by them."""
    known: dict[str, tuple[str, set[str]]] = {}  # of each module: its hash, and what it imports
    found = {}
    for lesson in lessons:
        waiting, own = [*_with_submodules(module_of(lesson)), JUDGE], set()
        while waiting:
            if (name := waiting.pop()) not in own:
                own.add(name)
                if name not in known:
                    known[name] = _hash_and_imports(name)
                waiting += known[name][1]
        found[lesson] = of_data(sorted(known[name][0] for name in own))
    return found


def of_releases(folder: Path, lessons: Sequence[str]) -> dict[str, str]:
    """For each lesson one hash of its released notebook, and under "" of all: from these a lesson is recognised."""
    return {lesson: str(of_files(folder, f"{lesson or '*'}.ipynb")) for lesson in (*lessons, "")}


def of_files(folder: Path | None, pattern: str) -> str | None:
    """One hash of the files of a folder that match, and of their names; None where there is no folder."""
    if folder is None:
        return None
    return of_data(
        [
            (path.relative_to(folder).as_posix(), repr(path.read_bytes()))
            for path in sorted(folder.glob(pattern))
        ]
    )


def of_data(data: Any) -> str:
    """The hash of plain data."""
    return hashlib.sha256(json.dumps(data, sort_keys=True).encode()).hexdigest()


def _with_submodules(name: str) -> list[str]:
    places = getattr(importlib.import_module(name), "__path__", ())  # a lesson may be one module
    return [name, *(module.name for module in pkgutil.walk_packages(places, f"{name}."))]


def _hash_and_imports(name: str) -> tuple[str, set[str]]:
    """The hash of one module, and the modules of the exercises' package that it has names from.

    Each name leads to the module that defines it, through whatever packages it is imported.
    """
    module = importlib.import_module(name)
    file = module.__file__
    if file is None:  # a folder of checks, which says nothing itself
        return of_data(None), set()
    tree = ast.parse(Path(file).read_bytes())
    imported, modules = set(), set()  # `modules` are names that stand for one here
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            imported |= {alias.name for alias in node.names if _is_of_exercises(alias.name)}
        elif isinstance(node, ast.ImportFrom) and _is_of_exercises(whence := _whence(node, module)):
            source = importlib.import_module(whence)
            for alias in node.names:
                value = getattr(source, alias.name, None)
                if isinstance(value, ModuleType):
                    modules.add(alias.asname or alias.name)
                    imported.add(value.__name__)
                else:
                    definer = str(getattr(value, "__module__", None))
                    imported.add(definer if _is_of_exercises(definer) else source.__name__)
    return of_data(_said(tree, modules)), imported


def _whence(node: ast.ImportFrom, module: ModuleType) -> str:
    """The module that names are imported from, in full."""
    relative = "." * node.level + (node.module or "")
    return importlib.util.resolve_name(relative, module.__package__) if node.level else relative


def _is_of_exercises(module: str | None) -> bool:
    packages = (EXERCISES, *(package.__name__ for package in plugins("armod.exercises").values()))
    return any(f"{module}.".startswith(f"{package}.") for package in packages)


def _said(node: Any, modules: set[str]) -> Any:
    """A syntax tree as plain data: the same for every version of Python, whatever its layout, wherever modules lie."""
    if isinstance(node, list):
        return [_said(item, modules) for item in node]
    if not isinstance(node, ast.AST):
        return repr(node)
    fields = dict(ast.iter_fields(node))
    match node:
        case ast.Module() | ast.ClassDef() | ast.FunctionDef() | ast.AsyncFunctionDef():
            fields["body"] = node.body[ast.get_docstring(node, clean=False) is not None :]
        case ast.ImportFrom() if f"{node.module}.".startswith(f"{EXERCISES.partition('.')[0]}."):
            fields["module"] = "here"
            fields["names"] = [alias for alias in node.names if (alias.asname or alias.name) not in modules]
        case ast.Name() if node.id in modules:
            fields["id"] = "a module"
    said = {name: _said(value, modules) for name, value in fields.items() if value not in (None, [])}
    return [type(node).__name__, said]
