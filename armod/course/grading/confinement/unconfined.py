"""A kernel with nothing locked in: ``armod grade --unsandboxed``, for those who trust every submission.

It runs as the grader does, with the same files, network and rights. The limits are those that a process can set for
itself. Run as a program, this module is that kernel.
"""

from __future__ import annotations

import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict
from importlib import import_module
from pathlib import Path
from typing import Any

import psutil

from armod.course.grading.confinement.jail import seconds_without_core
from armod.course.grading.confinement.limits import Limits
from armod.course.grading.confinement.visible import ENVIRONMENT

SHORT = "/tmp"  # the path of a socket has a hundred characters at most; TMPDIR may be longer
MARK = "ARMOD_KERNEL"  # in the environment of the kernel and all that it starts
SETTINGS = (
    "OMP_NUM_THREADS",
    "PYTHONHASHSEED",
    "PYDEVD_DISABLE_FILE_VALIDATION",
    "MPLBACKEND",
    "TQDM_DISABLE",
    "ARMOD_PROGRESS",
)
ROUNDS = 20  # of looking for processes that were started while others were killed


def loose(limits: Limits, connection: Mapping[str, Any]) -> Loose:
    """A kernel that nothing locks in; ``connection`` is its connection file but for the place of its sockets."""
    return Loose(limits, connection)


class Loose:
    """A kernel as a process like any other, and a temporary folder, which is its working folder too."""

    ended_by = ""

    def __init__(self, limits: Limits, connection: Mapping[str, Any]) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="armod-", dir=SHORT))
        file, work = self._folder / "kernel.json", self._folder / "work"
        work.mkdir()
        file.write_text(json.dumps({**connection, "ip": self.sockets}), encoding="utf-8")
        self._process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "armod.course.grading.confinement.unconfined",
                str(file),
                json.dumps(asdict(limits)),
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=work,
            env={
                **os.environ,
                **{name: ENVIRONMENT[name] for name in SETTINGS},
                "IPYTHONDIR": str(self._folder / "ipython"),  # not the user's own settings
                "JPY_PARENT_PID": str(os.getpid()),  # ipykernel ends when that process does
                MARK: str(self._folder),
            },
            start_new_session=True,
        )

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
        """End the kernel and whatever bears its mark, and remove the folder; again is no harm."""
        if self.is_alive:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        if self._folder.exists():
            _end_all_marked(str(self._folder))
            shutil.rmtree(self._folder, ignore_errors=True)


def _end_all_marked(mark: str) -> None:
    """End the processes that bear the mark, also those that left their parents, group and session."""
    for _ in range(ROUNDS):
        found = [process for process in psutil.process_iter() if _mark_of(process) == mark]
        if not found:
            return
        for process in found:
            with suppress(psutil.Error):
                process.kill()
        psutil.wait_procs(found, timeout=0.2)


def _mark_of(process: psutil.Process) -> str | None:
    try:
        return process.environ().get(MARK)
    except (psutil.Error, OSError):
        return None  # it is another user's, or ending


def _serve(file: str, limits: Limits) -> None:
    """Be the kernel."""
    import_module("armod.course.grading.examined")  # not in the time of the first question
    from ipykernel import kernelapp

    _restrain(limits)
    kernelapp.launch_new_instance(argv=["-f", file, "--HistoryManager.enabled=False", "--log-level=CRITICAL"])


def _restrain(limits: Limits) -> None:
    """Set the limits that a process has on its own; processes are counted for the whole user, so theirs is not."""
    before = getattr(psutil.Process().memory_info(), "data", 0)  # torch's own
    wanted = {
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_FSIZE: limits.disk,
        resource.RLIMIT_NOFILE: limits.descriptors,
        resource.RLIMIT_DATA: limits.memory + before,
    }
    for kind, value in wanted.items():
        hard = resource.getrlimit(kind)[1]
        resource.setrlimit(kind, (value if hard == resource.RLIM_INFINITY else min(value, hard), hard))


if __name__ == "__main__":
    _serve(sys.argv[1], Limits(**json.loads(sys.argv[2])))
