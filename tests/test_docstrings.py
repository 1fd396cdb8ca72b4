"""Every example in the docstrings runs and says what it shows, and docstrings can be parsed by tools."""

from __future__ import annotations

import doctest
import importlib
import inspect
import pkgutil
import re
from collections.abc import Iterator
from typing import Any

import pytest

import armod
from armod import orderings

MODULES = ["armod", *(module.name for module in pkgutil.walk_packages(armod.__path__, "armod."))]
LIBRARY = [name for name in MODULES if not name.startswith("armod.course")]


@pytest.mark.parametrize("name", MODULES)
def test_examples_run(name: str) -> None:
    module = importlib.import_module(name)
    result = doctest.testmod(module, optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE)
    assert result.failed == 0


@pytest.mark.parametrize("name", LIBRARY)
def test_every_public_class_has_an_example(name: str) -> None:
    classes = [part for part in _defined_in(importlib.import_module(name)) if inspect.isclass(part)]
    assert [each.__name__ for each in classes if not has_example(each)] == []


@pytest.mark.parametrize("name", MODULES)
def test_docstrings_have_the_sections_that_tools_parse(name: str) -> None:
    missing = [
        f"{part.__qualname__}: {problem}"
        for part in _documented(importlib.import_module(name))
        for problem in missing_sections(part)
    ]
    assert missing == []


def has_example(each: type) -> bool:
    """Whether a class or one of its own methods has an example that doctest runs."""
    finder = doctest.DocTestFinder(exclude_empty=True)
    return any(test.examples for test in finder.find(each, module=inspect.getmodule(each)))


def missing_sections(part: Any) -> list[str]:
    """What the docstring of a function or class does not describe; a docstring of one line describes itself.

    That every argument stands in the section of a function, ruff checks too (D417).
    """
    text = inspect.cleandoc(part.__doc__ or "").split(">>>")[0].strip()
    if "\n" not in text and part not in CONTRACT:
        return []
    takes_some = not inspect.isclass(part) or "__init__" in vars(part) or "__new__" in vars(part)
    signature = inspect.signature(part).parameters if takes_some else ()
    parameters = [name for name in signature if name not in ("self", "cls")]
    section = re.search(r"^Args:\n((?:    .*\n?|\n)+)", f"{text}\n", re.MULTILINE)
    described = re.findall(r"^    \*{0,2}(\w+)(?: \(.*?\))?: \S", section[1] if section else "", re.MULTILINE)
    problems = [f"no description of {name}" for name in parameters if name not in described]
    problems += [f"there is no argument {name}" for name in described if name not in parameters]
    if not inspect.isclass(part) and part.__annotations__.get("return") not in ("None", None):
        one_line = "\n" not in text and not parameters
        if not one_line and not re.search(r"^(Returns|Yields):$", text, re.MULTILINE):
            problems.append("no description of what it returns")
    return problems


def _defined_in(module: Any) -> list[Any]:
    """The public functions and classes of a module."""
    return [
        part
        for name, part in vars(module).items()
        if not name.startswith("_") and getattr(part, "__module__", None) == module.__name__
        if inspect.isfunction(part) or inspect.isclass(part)
    ]


def _documented(module: Any) -> Iterator[Any]:
    """Functions, classes and methods that a docstring must describe: not those that override a described one."""
    for part in _defined_in(module):
        yield part
        if inspect.isclass(part):
            inherited = {name for base in part.__mro__[1:] for name in vars(base)}
            methods = {name: getattr(method, "__func__", method) for name, method in vars(part).items()}
            for name, method in methods.items():
                if not name.startswith("_") and inspect.isfunction(method) and name not in inherited:
                    yield method


CONTRACT = [getattr(armod, name) for name in armod.__all__]
CONTRACT += [getattr(armod.likelihoods, name) for name in armod.likelihoods.__all__]
CONTRACT += [armod.data.load, armod.data.Dataset, *_defined_in(orderings)]


def test_a_class_without_an_example_is_found() -> None:
    class Bare:
        """It has a description, and nothing to run."""

    class Shown:
        """It has both.

        >>> 1 + 1
        2
        """

    assert not has_example(Bare)
    assert has_example(Shown)


def test_what_a_docstring_leaves_out_is_found() -> None:
    def scale(x: float, factor: float) -> float:
        """Multiply a number.

        Args:
            x: the number.
            exponent: not there.
        """
        return x * factor

    assert missing_sections(scale) == [
        "no description of factor",
        "there is no argument exponent",
        "no description of what it returns",
    ]
