"""What tries the attacks of ``attacks.toml``, from where students' code runs: in a jail it is all that is there of armod's grader.

`succeeded` is called by a program in a jail, or by a notebook's cell: with what lies outside as bait, and the attacks.
"""

from __future__ import annotations

import ctypes
import fcntl  # noqa: F401 - for the attacks
import importlib
import mmap
import os
import resource  # noqa: F401 - for the attacks
import socket
import struct  # noqa: F401 - for the attacks
import sys
import time
from collections.abc import Callable, Mapping
from typing import Any

libc = ctypes.CDLL(None, use_errno=True)
x86 = os.uname().machine == "x86_64"
host = os.open(sys.executable, os.O_RDONLY)  # every jail sees this file
bait: dict[str, Any] = {}
# Calls without a function of their own, by their numbers on x86_64 and on aarch64.
CALLS = {
    "add_key": (248, 217), "request_key": (249, 218), "keyctl": (250, 219), "bpf": (321, 280),
    "cachestat": (451, 451), "fsopen": (430, 430), "io_setup": (206, 0), "io_uring_setup": (425, 425),
    "kcmp": (312, 272), "mbind": (237, 235), "memfd_secret": (447, 447), "mount_setattr": (442, 442), "open_tree": (428, 428),
    "perf_event_open": (298, 241), "pidfd_getfd": (438, 438), "process_madvise": (440, 440), "userfaultfd": (323, 282),
}  # fmt: skip


def succeeded(outside: Mapping[str, Any], attacks: Mapping[str, str]) -> list[str]:
    """The attacks that got hold of something."""
    bait.update(outside)
    return [name for name, expression in attacks.items() if tried(eval, expression, globals())]


def tried(action: Callable[..., Any], *arguments: Any) -> Any:
    """What came of it; None if it was refused."""
    try:
        return action(*arguments)
    except (OSError, MemoryError, ValueError, OverflowError, AttributeError):
        return None


def zeros() -> Any:
    """Room for whatever a call reads or writes."""
    return ctypes.byref((ctypes.c_uint64 * 64)())


def call(name: str, *arguments: Any) -> int:
    """What a call of `CALLS` gives."""
    return int(libc.syscall(CALLS[name][not x86], *arguments))


def read(path: str) -> bytes:
    """The beginning of a file."""
    with open(path, "rb") as file:
        return file.read(4096)


def write(path: str, text: str = "0") -> bool:
    """Whether a file could be written to."""
    with open(path, "w", encoding="ascii") as file:
        file.write(text)
    return True


def processes() -> list[int]:
    """The numbers of all processes that are seen."""
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]


def connect(family: int, address: Any) -> bool:
    """Whether somebody answered."""
    with socket.socket(family) as client:
        client.settimeout(2)
        client.connect(address)
    return True


def makes_socket(family: int, *kinds: int) -> bool:
    """Whether a socket of the family could be made, of any of these kinds."""

    def make(kind: int) -> bool:
        socket.socket(family, kind).close()
        return True

    return any(tried(make, kind) for kind in kinds or (1, 2, 3, 5))


def buffered(option: int) -> bool:
    """Whether a socket's buffer could be made larger."""
    with socket.socket(socket.AF_UNIX) as one:
        one.setsockopt(socket.SOL_SOCKET, option, 2**20)
    return True


def mapped() -> ctypes.c_void_p:
    """Where a page of a file that others see too lies in memory."""
    libc.mmap.restype = ctypes.c_void_p
    return ctypes.c_void_p(libc.mmap(None, ctypes.c_size_t(4096), mmap.PROT_READ, mmap.MAP_SHARED, host, 0))


def mapped_vector() -> Any:
    """The same, as calls take it that move several parts."""
    return (ctypes.c_size_t * 2)(mapped().value or 0, 4096)


def spliced() -> bool:
    """Whether a page could be put into a pipe, where nobody counts it."""
    ends = os.pipe()
    return bool(libc.vmsplice(ends[1], mapped_vector(), 1, 0) >= 0)


def maps(generations: int) -> bool:
    """Whether a family of processes can keep all the mappings that the kernel gives each, linked to those of all its ancestors."""
    libc.mmap.restype = ctypes.c_void_p
    first = libc.mmap(None, ctypes.c_size_t(4096 * 65_000), 3, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS, -1, 0)
    ctypes.memset(first, 1, 1)
    for page in range(1, 65_000, 2):
        libc.mprotect(ctypes.c_void_p(first + 4096 * page), ctypes.c_size_t(4096), mmap.PROT_READ)
    for _ in range(generations - 1):
        if os.fork():
            break
        ctypes.memset(first, 1, 1)
    time.sleep(15)
    return True


def fill(folder: str) -> bool:
    """Whether more can be written there than a jail may."""
    made = []
    try:
        for number in range(bait["disk"]):
            made.append(f"{folder}/{number}.filling")
            with open(made[-1], "wb") as file:
                file.write(bytes(2**20))
        return True
    finally:
        for path in made:
            tried(os.unlink, path)


def opens() -> bool:
    """Whether more files can be open than a jail may have."""
    found: list[int] = []
    try:
        while len(found) < bait["descriptors"]:
            found.append(os.open("/dev/null", 0))
        return True
    finally:
        for number in found:
            os.close(number)


def imports(name: str) -> bool:
    """Whether a module of the course is there."""
    try:
        importlib.import_module(f"armod.course.{name}")
    except ImportError:
        return False
    return True


def forked_into(flag: int) -> bool:
    """Whether a child could be made in a namespace of its own."""
    child = libc.syscall(56 if x86 else 220, flag | 17, None, None, None, None)
    if child == 0:
        os._exit(0)
    return child > 0


def makes_calls_of_32_bits() -> bool:
    """Whether the calls of older programs, which have other numbers, get past the filter."""
    if not x86:
        return False
    child = os.fork()
    if child == 0:
        page = mmap.mmap(-1, 4096, prot=7)
        page.write(b"\xb8\x14\0\0\0\xcd\x80\xc3")  # getpid, by its number there
        function = ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(page)))
        os._exit(7 if function() > 0 else 0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7


def forks() -> bool:
    """Whether more processes can be started than a jail may have."""
    before, children = processes(), 0
    try:
        while children < bait["processes"]:
            if os.fork() == 0:
                time.sleep(30)
                os._exit(0)
            children += 1
        return True
    finally:
        for number in set(processes()) - {*before, os.getpid()}:
            tried(os.kill, number, 9)
