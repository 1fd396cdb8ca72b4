"""Compile a loop when it is first worth it, and keep the result on the disk.

To load numba takes half a second, and to compile a loop several. So nothing is loaded before this process has drawn
`ENOUGH` variables through loops that could be compiled; a process that has drawn so many will usually draw more.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import platformdirs

Function = TypeVar("Function", bound=Callable[..., Any])

SWITCH = "ARMOD_COMPILED"  # 0 never, 1 always, otherwise where it is worth it
ENOUGH = 1_000  # variables

# sums may be added in another order, and a * b + c is one operation; but what is no number stays none
_OPTIONS: dict[str, Any] = {
    "fastmath": {"reassoc", "contract", "arcp", "nsz"},
    "error_model": "numpy",
}
_SECONDS_UNSAID = 2.0
_parts: list[Callable[..., Any]] = []
_lock = threading.RLock()
_num_drawn = 0


def part(function: Function) -> Function:
    """Mark a function that compiled loops call; it stays a plain function.

    Args:
        function: the function, of arrays and numbers.

    Returns:
        The same function.
    """
    _parts.append(function)
    return function


class Kernel:
    """A loop that can be compiled; called by itself it is plain Python, which shows what it means, slowly.

    Args:
        function: the loop, of arrays and numbers.
        name: what it does, for the message about a long compilation.
        enough: how many variables a process has drawn when compiling is worth it.

    >>> import numpy
    >>> def double(x):
    ...     x *= 2
    >>> twice = Kernel(double, "doubling")
    >>> x = numpy.ones(1)
    >>> twice(x)
    >>> x
    array([2.])
    """

    def __init__(self, function: Callable[..., Any], name: str, enough: int = ENOUGH) -> None:
        self.function, self.name, self.enough = function, name, enough
        self._compiled: Callable[..., Any] | None = None
        self._signatures: set[tuple[str, ...]] = set()
        self._is_broken = False

    def __call__(self, *arguments: Any) -> Any:
        """Run the loop as plain Python."""
        return self.function(*arguments)

    def compiled(self, num_variables: int, *trial: Any) -> Callable[..., Any] | None:
        """Return the compiled loop if it is there and worth it.

        Args:
            num_variables: how many variables the caller is about to draw.
            *trial: arguments of the types that the caller has, with which the loop does nothing.

        Returns:
            A function of the same arguments, or None if the caller takes its own loop.
        """
        global _num_drawn
        if self._is_broken or not is_wanted():
            return None
        with _lock:
            if self._compiled is None:
                _num_drawn += num_variables
                if _num_drawn < self.enough and os.environ.get(SWITCH) != "1":
                    return None
            signature = tuple(str(getattr(argument, "dtype", type(argument))) for argument in trial)
            if signature in self._signatures:
                return self._compiled
            try:
                if self._compiled is None:
                    self._compiled = _jit(self.function)
                with _said_if_long(f"armod compiles {self.name} once; later runs find it on the disk ..."):
                    self._compiled(*trial)
                self._signatures.add(signature)
            except (
                Exception
            ):  # no folder to write into, a numba that does not fit: the caller's loop always works
                self._is_broken, self._compiled = True, None
            return self._compiled


def kernel(name: str, enough: int = ENOUGH) -> Callable[[Callable[..., Any]], Kernel]:
    """Make a function a `Kernel`, as a decorator.

    Args:
        name: what the loop does, for the message about a long compilation.
        enough: how many variables a process has drawn when compiling is worth it.

    Returns:
        The decorator.
    """
    return lambda function: Kernel(function, name, enough)


def is_wanted() -> bool:
    """Tell whether loops may be compiled: numba is installed, and nobody has switched it off."""
    return os.environ.get(SWITCH) != "0" and importlib.util.find_spec("numba") is not None


def _jit(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile a loop on its first call, and keep the result in the user's folder, or where the user told numba to.

    Numba looks at the loop's own file alone to see whether it has changed, so a hash of all parts names the folder.
    """
    folder = _folder()
    folder.mkdir(parents=True, exist_ok=True)
    if not os.access(folder, os.W_OK):  # each process would compile anew
        raise PermissionError(folder)
    import numba
    from numba.extending import register_jitable

    while _parts:
        register_jitable(**_OPTIONS)(_parts.pop())
    config: Any = numba.config
    before, config.CACHE_DIR = config.CACHE_DIR, config.CACHE_DIR or str(folder)
    try:
        return numba.njit(cache=True, nogil=True, **_OPTIONS)(function)
    finally:
        config.CACHE_DIR = before


def _folder() -> Path:
    """Where to keep what was compiled from this version of the parts."""
    if named := os.environ.get("NUMBA_CACHE_DIR"):
        return Path(named)
    sources = hashlib.sha256()
    for source in sorted(Path(__file__).parent.glob("*.py")):
        sources.update(source.read_bytes())
    return platformdirs.user_cache_path("armod", appauthor=False) / "compiled" / sources.hexdigest()[:12]


@contextmanager
def _said_if_long(text: str) -> Iterator[None]:
    """Say what takes so long, once it does."""
    timer = threading.Timer(_SECONDS_UNSAID, print, [text], {"file": sys.stderr, "flush": True})
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
