"""Where students' code runs if not in the sandbox, each place by its name: a corner that nothing else of the grader needs.

A module of this package is such a place: ``start(limits, connection)`` starts a kernel there, given its limits and its connection
file but for the place of its sockets; ``trouble()`` says what keeps that from working here, and how to mend it, or None. Other
packages add places by an entry point in the group ``armod.confinements``, which names such a module.
"""

from __future__ import annotations

import pkgutil
from importlib import import_module
from typing import Any

from armod.plugins import plugins

GROUP = "armod.confinements"


def place(name: str) -> Any:
    """The place of that name.

    Args:
        name: Of a module of this package, or what another package calls it.

    Returns:
        The module.

    Raises:
        KeyError: If there is none.
    """
    own = {module.name for module in pkgutil.iter_modules(__path__)}
    return import_module(f"{__name__}.{name}") if name in own else plugins(GROUP)[name]
