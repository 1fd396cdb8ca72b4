"""Changes of the whole process, such as its number of threads, that several threads may ask for at the same time."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import Generic, TypeVar

T = TypeVar("T")


class ProcessWide(Generic[T]):
    """A change that holds as long as anybody needs it: the first one in makes it, and the last one out undoes it.

    If every thread saved and restored by itself, a second thread would save what the first one has changed, and would
    leave the process that way. Blocks may be nested, may overlap in any order, and may end in an exception.

    Args:
        change: makes the change when its ``with`` block begins, and undoes it when the block ends.

    >>> levels = []
    >>> @ProcessWide
    ... @contextmanager
    ... def quiet():
    ...     levels.append("quiet")
    ...     yield
    ...     levels.append("as before")
    >>> with quiet(), quiet():
    ...     levels.append("inside")
    >>> levels
    ['quiet', 'inside', 'as before']
    """

    def __init__(self, change: Callable[[], AbstractContextManager[T]]) -> None:
        self._change = change
        self._num_inside = 0
        self._undo = ExitStack()
        # A thread may come here again while it holds the lock, if the garbage collector closes a forgotten block.
        self._lock = threading.RLock()

    @contextmanager
    def __call__(self) -> Iterator[T]:
        """Keep the change for the length of a ``with`` block.

        Yields:
            What the change yielded when it was made.
        """
        with self._lock:
            if self._num_inside == 0:
                self._value = self._undo.enter_context(self._change())
            self._num_inside += 1
        try:
            yield self._value
        finally:
            with self._lock:
                self._num_inside -= 1
                if self._num_inside == 0:
                    self._undo.close()
