"""One thread for loops of small operations."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

import torch
from threadpoolctl import ThreadpoolController


@contextmanager
def one_thread(device: torch.device) -> Iterator[None]:
    """Run a loop of small CPU operations on one thread: forking threads for each costs more than it saves."""
    if device.type != "cpu":
        yield
        return
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with _numpys_threads().limit(limits=1, user_api="blas"):
            yield
    finally:
        torch.set_num_threads(before)


@cache
def _numpys_threads() -> ThreadpoolController:
    """Which libraries are loaded takes milliseconds to find out, so it is asked once."""
    return ThreadpoolController()
