"""A kernel that is a process of this machine like any other, with a temporary folder that is its working folder, too."""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil

from armod.course.grading.confinement.measured import computed_and_waited

SHORT = "/tmp"  # the path of a socket has a hundred characters at most; TMPDIR may be longer
ROUNDS = 20  # of looking for processes that were started while others were killed


class BareKernel:
    """What such kernels share; a subclass says which processes are theirs, also those that left their parents and session.

    Args:
        connection: Its connection file but for the place of its sockets, ``file`` in its folder.
    """

    ended_by = ""
    is_killed = False  # the folder may go before: students' code may remove it
    process: subprocess.Popen[bytes]

    def __init__(self, connection: Mapping[str, Any]) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="armod-", dir=SHORT))
        self.file, self.work = self.folder / "kernel.json", self.folder / "work"
        self.work.mkdir()
        self.file.write_text(json.dumps({**connection, "ip": self.sockets}), encoding="utf-8")

    def start(self, command: Sequence[str], environment: Mapping[str, str]) -> None:
        """Start the kernel, in a session of its own and without the grader's files."""
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=self.work,
            env=environment,
            start_new_session=True,
        )

    @property
    def sockets(self) -> str:
        """How the paths of its sockets begin."""
        return str(self.folder / "kernel")

    @property
    def is_alive(self) -> bool:
        """Whether the kernel runs."""
        return self.process.poll() is None

    def waited(self) -> float:
        """The seconds for which the kernel was ready to compute and others had the cores, from some moment on."""
        own = sum(sum(process.cpu_times()[:4]) for process in self.processes())
        computed, waited = computed_and_waited(str(self.process.pid))
        return waited - (own - computed)

    def kill(self) -> None:
        """End the kernel and all that it started, and remove the folder; again is no harm."""
        if self.is_killed:
            return
        self.is_killed = True
        self.strike()
        self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def owns(self, process: psutil.Process) -> bool:
        """Whether a process is the kernel, or was started by it; a `psutil.Error` counts as no."""
        raise NotImplementedError

    def processes(self) -> list[psutil.Process]:
        """All that live of these."""
        found = []
        for process in psutil.process_iter():
            with suppress(psutil.Error, OSError):  # it is another user's, or ending
                if self.owns(process) and process.status() != psutil.STATUS_ZOMBIE:
                    found.append(process)
        return found

    def strike(self) -> None:
        """End them."""
        for _ in range(ROUNDS):
            found = self.processes()
            for act in (
                psutil.Process.suspend,
                psutil.Process.kill,
            ):  # stopped first, so that none starts another
                for process in found:
                    with suppress(psutil.Error):
                        act(process)
            if not found:
                return
            psutil.wait_procs(found, timeout=0.2)
