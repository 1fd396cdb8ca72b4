"""How long a test may take, and that nothing which it started outlives it. (A plugin, loaded by ``tests/conftest.py``.)

The limit is generous, because a busy machine is no mistake, and it is that of a test's own body alone: what is late fails, and
nothing else does. ``ARMOD_TEST_TIME=3`` makes it three times as long, 0.5 half as long.

Whatever way a test process ends, also by ``kill -9``, a watcher ends what it left behind: kernels, browsers, servers, clusters. It
knows them by a variable of their environment, which they all inherit. Without ``/proc``, on macOS and Windows, they are left to
their own ways of noticing that nobody is there any more.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable
from pathlib import Path

SECONDS = 900
FACTOR = float(os.environ.get("ARMOD_TEST_TIME", "1"))
MARK = "ARMOD_TEST_PROCESSES"

# Only a signal can end one test and leave its process alive; where there is none, no limit is better than a dead session.
os.environ.setdefault("PYTEST_TIMEOUT", str(SECONDS * FACTOR if hasattr(signal, "SIGALRM") else 0))


def wait_until(is_so: Callable[[], object]) -> None:
    """Wait for what comes in a moment, and on a busy machine late; it is no measure of time."""
    deadline = time.monotonic() + 300 * FACTOR
    while not is_so():
        assert time.monotonic() < deadline, "what was waited for did not come"
        time.sleep(0.02)


WATCHER = """""
import os, signal, sys
own = sys.argv[1].encode()
sys.stdin.buffer.read()  # until the other end of the pipe is closed, by its end or by the death of who holds it
for _ in range(3):  # again, for what was just being started
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{name}/environ", "rb") as file:
                is_left = own in file.read()
            if is_left and int(name) != os.getpid():
                os.kill(int(name), signal.SIGKILL)
        except OSError:
            continue
"""


def watch() -> None:
    """Start the watcher of this process; its end of the pipe closes when this process ends."""
    own = uuid.uuid4().hex
    watcher = subprocess.Popen(
        [sys.executable, "-ISc", WATCHER, own], stdin=subprocess.PIPE, start_new_session=True, close_fds=True
    )
    # What this process starts has its mark, and those of the processes above it.
    os.environ[MARK] = f"{os.environ.get(MARK, '')},{own}".lstrip(",")
    _watchers.append(watcher)


_watchers: list[subprocess.Popen[bytes]] = []


def pytest_configure() -> None:
    if Path("/proc/self/environ").exists() and not _watchers:
        watch()


def pytest_unconfigure() -> None:
    for watcher in _watchers:
        assert watcher.stdin is not None
        watcher.stdin.close()
        watcher.wait()
    _watchers.clear()
