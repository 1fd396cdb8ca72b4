"""Every example in the library's docstrings runs and says what it shows."""

from __future__ import annotations

import doctest
import importlib
import pkgutil

import pytest

import armod

MODULES = ["armod", *(module.name for module in pkgutil.walk_packages(armod.__path__, "armod."))]


@pytest.mark.parametrize("name", MODULES)
def test_examples_run(name: str) -> None:
    module = importlib.import_module(name)
    result = doctest.testmod(module, optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE)
    assert result.failed == 0


def test_there_are_examples() -> None:
    finder = doctest.DocTestFinder(exclude_empty=True)
    found = sum(len(test.examples) for name in MODULES for test in finder.find(importlib.import_module(name)))
    assert found > 30
