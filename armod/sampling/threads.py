"""Run loops of small operations on one thread."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache

import threadpoolctl
import torch

from armod.process_wide import ProcessWide

_depths: Counter[int] = Counter()  # how many loops each thread is in, by its number
_number_last_time = 1  # PyTorch's threads before the latest of the loops that overlapped with no other


@contextmanager
def one_thread(device: torch.device) -> Iterator[None]:
    """Run a loop of small CPU operations on one thread, because starting threads for each costs more than it saves.

    When the last of all loops that overlap has ended, the process has as many threads as before the first one. PyTorch
    keeps a number for each thread beside the one for new threads, so each thread sets and restores its own.

    Args:
        device: where the loop computes; only the CPU has threads to save.

    Yields:
        Nothing.
    """
    if device.type != "cpu":
        yield
        return
    with _numpys_limit() as number_before:
        thread = threading.get_ident()
        _depths[thread] += 1
        try:
            torch.get_num_threads()  # a thread that never asked would take up the number of the others later
            torch.set_num_threads(1)
            yield
        finally:
            _depths[thread] -= 1
            if not _depths[thread]:
                del _depths[thread]
                torch.set_num_threads(number_before)


@ProcessWide
@contextmanager
def _numpys_limit() -> Iterator[int]:
    """Limit NumPy's products to one thread too, and remember PyTorch's number of threads before the first loop."""
    number = _torchs_threads()
    limit = _numpys_threads().limit(limits=1)
    try:
        yield number
    finally:
        _let_this_thread_restore()
        limit.restore_original_limits()
        _let_this_thread_restore()


def _torchs_threads() -> int:
    """PyTorch's number of threads, asked where no loop runs.

    A thread that first computes while a loop of another thread runs is born with the loop's one thread, and keeps it. So
    a one that may come from there is not believed: a new thread knows what holds for all.
    """
    global _number_last_time
    number = torch.get_num_threads()
    if number == 1 < _number_last_time:
        with ThreadPoolExecutor(1) as pool:
            number = pool.submit(torch.get_num_threads).result()
    _number_last_time = number
    return number


def _let_this_thread_restore() -> None:
    """Take OpenBLAS from the thread that set the limit, because threadpoolctl ignores all others from 3.7 on."""
    release = getattr(threadpoolctl.OpenBLASController, "clear_controlling_thread", None)
    if release is not None:
        release(force=True)


@cache
def _numpys_threads() -> threadpoolctl.ThreadpoolController:
    """The libraries of matrix products alone: to restore OpenMP's number too would undo that of PyTorch in this thread.

    Finding them takes milliseconds, so it is done once.
    """
    return threadpoolctl.ThreadpoolController().select(user_api="blas")
