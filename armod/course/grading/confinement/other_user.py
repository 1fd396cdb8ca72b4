"""A kernel as another user, who has no rights: for containers in which no sandbox can be made, as Gradescope's are.

It shares the container's processes, memory and files. What nobody but root may read it can't read; so the checks, the
submission and the results must lie in folders of root's, see `armod.course.grading.autograder`. Of armod it sees a copy without
checks and grader. A filter of the kernel's refuses what it refuses in jails, and every socket that could leave the machine.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict
from functools import cache
from multiprocessing.util import Finalize
from pathlib import Path
from typing import Any

import psutil

from armod.course.grading.confinement.docker import copy_library
from armod.course.grading.confinement.jail import seconds_without_core
from armod.course.grading.confinement.limits import Limits
from armod.course.grading.confinement.visible import ENVIRONMENT, FIRST_UID

GLANCE = 0.1  # seconds between two looks at the memory
ROUNDS = 20  # of looking for processes that were started while others were killed
PATIENCE = 10.0

# Opens the sockets of the kernel, gives up all rights for good, and only then reads what it is to run.
PROGRAM = """
import json, sys
from importlib import import_module
import_module("armod.course.grading.examined")
from ipykernel.iostream import IOPubThread
from ipykernel.kernelapp import IPKernelApp
# what forked processes print would come through a socket of the network
begin = IOPubThread.__init__
IOPubThread.__init__ = lambda self, socket, pipe=False, **more: begin(self, socket, **more)
zygote = import_module("armod.course.grading.confinement.zygote")
app = IPKernelApp.instance()
app.initialize(["-f", sys.argv[1], "--HistoryManager.enabled=False", "--log-level=CRITICAL"])
zygote.give_up_alone(json.loads(sys.argv[2]))
app.start()
"""


def trouble() -> tuple[str, str] | None:
    """What keeps this from working here, and how to mend it."""
    if sys.platform != "linux" or os.geteuid() != 0 or shutil.which("setpriv") is None:
        return "nobody can become another user", "run it as root, on Linux, with util-linux (setpriv)"
    return None


def as_another(limits: Limits, connection: Mapping[str, Any]) -> OtherUser:
    """A kernel as a user without rights; ``connection`` is its connection file but for the place of its sockets."""
    return OtherUser(limits, connection)


class OtherUser:
    """The processes of a user that is nobody else's; ``ended_by`` is what they were killed for, "" for nothing."""

    def __init__(self, limits: Limits, connection: Mapping[str, Any]) -> None:
        self.ended_by = ""
        self._limits, self._user = limits, FIRST_UID + os.getpid()
        self._folder = Path(tempfile.mkdtemp(prefix="armod-", dir="/tmp"))
        file, work = self._folder / "kernel.json", self._folder / "work"
        work.mkdir()
        file.write_text(json.dumps({**connection, "ip": self.sockets}), encoding="utf-8")
        for path in (self._folder, file, work):
            os.chown(path, self._user, self._user)
        rights = ["--no-new-privs", "--inh-caps=-all", "--ambient-caps=-all", "--bounding-set=-all"]
        user = ["--reuid", str(self._user), "--regid", str(self._user), "--clear-groups"]
        home = {"HOME": str(work), "PYTHONPATH": str(_library()), "IPYTHONDIR": str(work / ".ipython")}
        self._process = subprocess.Popen(
            ["setpriv", *user, *rights, sys.executable, "-c", PROGRAM, str(file), json.dumps(asdict(limits))],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=work,
            env={**ENVIRONMENT, **home},
            start_new_session=True,
        )
        # what the grader may hold, measured before a message can have come
        self._most = max(limits.grader_memory, 2 * psutil.Process().memory_info().rss)
        self._watch = threading.Thread(target=self._watching, daemon=True, name="armod-user")
        self._watch.start()

    @property
    def sockets(self) -> str:
        """How the paths of its sockets begin."""
        return str(self._folder / "kernel")

    @property
    def is_alive(self) -> bool:
        """Whether the kernel runs."""
        return self._process.poll() is None

    def waited(self) -> float:
        """The seconds for which the kernel was ready to compute and had no core."""
        return seconds_without_core(str(self._process.pid))

    def kill(self) -> None:
        """End all processes of that user, and remove the folder; again is no harm."""
        self._strike()
        self._process.wait()
        self._watch.join()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _watching(self) -> None:
        grader = psutil.Process()
        while self.is_alive and not self.ended_by:
            time.sleep(GLANCE)
            found = self._processes()
            most_taken = sum(_memory(process, exact=False) for process in found)
            if most_taken > self._limits.memory < sum(_memory(process, exact=True) for process in found):
                self.ended_by = "memory"
            elif grader.memory_info().rss > self._most:
                self.ended_by = "messages"
        if self.ended_by:
            self._strike()

    def _processes(self) -> list[psutil.Process]:
        found = []
        for process in psutil.process_iter():
            with suppress(psutil.Error):
                if process.uids().real == self._user and process.status() != psutil.STATUS_ZOMBIE:
                    found.append(process)
        return found

    def _strike(self) -> None:
        for _ in range(ROUNDS):
            found = self._processes()
            for process in found:  # stopped first, so that none starts another meanwhile
                with suppress(psutil.Error):
                    process.suspend()
            for process in found:
                with suppress(psutil.Error):
                    process.send_signal(signal.SIGKILL)
            if not found:
                return
            psutil.wait_procs(found, timeout=0.2)


def _memory(process: psutil.Process, *, exact: bool) -> int:
    """The bytes that a process holds; pages that several share count once if it is to be exact."""
    try:
        return int(process.memory_full_info().pss if exact else process.memory_info().rss)
    except psutil.Error:
        return 0


@cache
def _library() -> Path:
    """A copy of armod without checks and grader, which everybody may read, as long as this process lives."""
    folder = Path(tempfile.mkdtemp(prefix="armod-library-"))
    Finalize(
        None, shutil.rmtree, (folder,), {"ignore_errors": True}, exitpriority=0
    )  # in a process that marks, too
    copy_library(folder)
    folder.chmod(0o755)
    return folder
