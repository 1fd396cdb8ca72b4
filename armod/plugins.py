"""What other installed packages add to armod: data sets, samplers, exercises, labs, export formats and places to run code.

A package adds something by an entry point in one of armod's groups, which its pyproject.toml names. No file of armod
changes, and nothing of the package is imported before its name is asked for:

    [project.entry-points."armod.datasets"]
    moons = "my_package.moons:load"
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any


class PluginError(ImportError):
    """A package offers something that can't be loaded; the text is one sentence that names the package.

    >>> raise PluginError("The package guest 1.0 adds 'moons' to armod.datasets, but guest:load can't be loaded.")
    Traceback (most recent call last):
    armod.plugins.PluginError: The package guest 1.0 adds 'moons' to armod.datasets, but guest:load can't be loaded.
    """


@cache
def plugins(group: str) -> Mapping[str, Any]:
    """What the installed packages offer in a group: by its name, imported on first use and kept.

    The packages are looked through once in a process. Names come in alphabetical order, and asking for them imports
    nothing.

    Args:
        group: ``"armod.datasets"``, ``"armod.samplers"``, ``"armod.exercises"``, ``"armod.labs"``,
            ``"armod.export_formats"`` or ``"armod.confinements"``.

    Returns:
        The names, each with what its entry point leads to.

    Raises:
        PluginError: when a value is asked for that can't be imported, or that two packages offer.

    >>> sorted(plugins("armod.nothing"))
    []
    """
    return _Plugins(group)


def offer(group: str, name: str, value: object) -> None:
    """Offer something in this process alone, as an installed package would: a folder of checks does, which is none.

    Args:
        group: One of the groups of `plugins`.
        name: Its name there; again is no harm.
        value: What the entry point would lead to.

    >>> offer("armod.nothing", "of mine", 3)
    >>> plugins("armod.nothing")["of mine"]
    3
    >>> plugins.cache_clear()
    """
    found = plugins(group)
    assert isinstance(found, _Plugins)
    found.add(name, value)


class _Plugins(Mapping[str, Any]):
    def __init__(self, group: str) -> None:
        self._group = group
        self._loaded: dict[str, Any] = {}
        self._offers: dict[str, list[EntryPoint]] = {}
        for point in sorted(entry_points(group=group), key=lambda point: point.name):
            self._offers.setdefault(point.name, []).append(point)

    def add(self, name: str, value: object) -> None:
        """Offer a value that is there already."""
        self._offers.setdefault(name, [])
        self._loaded[name] = value

    def __getitem__(self, name: str) -> Any:
        if name not in self._loaded:
            self._loaded[name] = self._load(self._offers[name])
        return self._loaded[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._offers)

    def __len__(self) -> int:
        return len(self._offers)

    def _load(self, offers: list[EntryPoint]) -> Any:
        point, packages = offers[0], " and ".join(sorted(map(_package, offers)))
        if len(offers) > 1:
            raise PluginError(
                f"The packages {packages} add {point.name!r} to {self._group}: uninstall all but one."
            )
        try:
            return point.load()
        except Exception as error:
            raise PluginError(
                f"The package {packages} adds {point.name!r} to {self._group}, but {point.value} can't be loaded "
                f"({type(error).__name__}: {error}): mend or uninstall that package."
            ) from error


def _package(point: EntryPoint) -> str:
    return f"{point.dist.name} {point.dist.version}" if point.dist else "of an unknown name"
