"""A limit to what the examiner computes over an answer: waiting for one costs nothing."""

from __future__ import annotations

import ctypes
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager


class TooSlow(BaseException):
    """A check computed longer than it may. No `except Exception` catches this."""


@contextmanager
def budget(seconds: float) -> Iterator[None]:
    """Raise `TooSlow` in this thread, at its next line of Python, once it has computed for so many seconds.

    >>> with budget(0.1):
    ...     while True:
    ...         pass
    Traceback (most recent call last):
        ...
    armod.course.grading.budget.TooSlow
    """
    thread, finished = threading.get_ident(), threading.Event()
    clock = time.pthread_getcpuclockid(thread)
    end = time.clock_gettime(clock) + seconds

    def watch() -> None:
        left = seconds
        while left > 0:
            if finished.wait(left):  # computing takes no less time than the clock on the wall shows
                return
            left = end - time.clock_gettime(clock)
        _raise(thread, TooSlow)

    watcher = threading.Thread(target=watch, daemon=True, name="armod-budget")
    watcher.start()
    try:
        yield
    finally:
        finished.set()
        watcher.join()
        _raise(thread, None)  # if it came too late for this block, it must not be raised in the next one


def _raise(thread: int, exception: type[BaseException] | None) -> None:
    value = ctypes.py_object() if exception is None else ctypes.py_object(exception)
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread), value)
