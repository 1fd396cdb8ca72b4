"""Checks of a course of one's own: a folder of packages ``lesson_LESSON``, which nobody has to install.

They count as those of a package with an entry point in the group ``armod.exercises`` do, in each process that opens them.
"""

from __future__ import annotations

import hashlib
import importlib
import sys
from pathlib import Path
from types import ModuleType

from armod.course.exercises.engine import exercise
from armod.plugins import offer

CHECKS = "checks"  # beside the released notebooks
RELEASED = "released"  # the folder of both, which learners get


def open_checks(released: Path, *, anew: bool = False) -> bool:
    """Make the exercises known that are declared beside released notebooks; again is no harm.

    Args:
        released: The folder that holds ``checks``.
        anew: Whether files are read again that this process has read.

    Returns:
        Whether there are any.
    """
    place = (released / CHECKS).resolve()
    if not any(place.glob(f"{exercise.PREFIX}*/__init__.py")):
        return False
    name = f"armod_checks_{hashlib.sha256(str(place).encode()).hexdigest()[:12]}"
    if anew:
        importlib.invalidate_caches()
        for known in [known for known in sys.modules if f"{known}.".startswith(f"{name}.")]:
            del sys.modules[known]
        exercise._exercises_in.cache_clear()
    if name not in sys.modules:
        sys.modules[name] = ModuleType(name)
        sys.modules[name].__path__ = [str(place)]
    offer("armod.exercises", str(place), sys.modules[name])
    return True


def open_nearest() -> bool:
    """Make the exercises known whose checks lie nearest, from the working folder upwards; whether there are any."""
    here = Path.cwd()
    return any(open_checks(folder / part) for folder in (here, *here.parents) for part in ("", RELEASED))
