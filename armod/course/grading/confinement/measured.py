"""What the kernel tells of a process, in this machine's ``/proc`` or in that of a jail: its memory, and its time with a core."""

from __future__ import annotations

import os


def held(process: str, folder: int | None = None, *, exact: bool = False) -> int:
    """The bytes of memory that a process holds, with the tables of its pages.

    Args:
        process: Its number, or "self".
        folder: A descriptor of the ``/proc`` in which it is; this machine's if None.
        exact: Whether pages that several processes share count once for all of them; that takes longer.

    Returns:
        The bytes; 0 once it is gone.
    """

    def sum_of(file: str, *names: bytes) -> int:
        lines = read_proc(f"{process}/{file}", folder).splitlines()
        return sum(int(line.split()[1]) for line in lines if line.startswith(names)) * 1024

    try:
        if exact:
            return sum_of("smaps_rollup", b"Pss:", b"SwapPss:") + sum_of("status", b"VmPTE:")
        return sum_of("status", b"VmRSS:", b"VmSwap:", b"VmPTE:")
    except (OSError, IndexError, ValueError):
        return held(process, folder) if exact else 0


def computed_and_waited(process: str, folder: int | None = None) -> tuple[float, float]:
    """The seconds for which a process has computed, and was ready to and others had the cores; zeros if nobody knows."""
    try:
        computed, waited = read_proc(f"{process}/schedstat", folder).split()[:2]
        return int(computed) / 1e9, int(waited) / 1e9
    except (OSError, ValueError):
        return 0.0, 0.0


def read_proc(file: str, folder: int | None = None) -> bytes:
    """A file of a ``/proc``, this machine's if there is no descriptor of another."""
    path = f"/proc/{file}" if folder is None else file
    with open(os.open(path, os.O_RDONLY, dir_fd=folder), "rb") as opened:
        return opened.read()
