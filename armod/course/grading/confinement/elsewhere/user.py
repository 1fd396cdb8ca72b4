"""A kernel as another user, who has no rights: for containers in which no sandbox can be made, as Gradescope's are.

It shares the container's processes, memory and files. What nobody but root may read it can't read; so the checks, the
submission and the results must lie in folders of root's, see `armod.course.grading.autograder`. Of armod it sees a copy without
checks and grader. A filter of the kernel's refuses what it refuses in jails, and every socket that could leave the machine.

Its memory is that of its processes' pages. What it leaves in files, also in those that lie in memory, in sockets and in the kernel's
own notes of mappings is counted in a jail and not here: with it a submission can end its own container, which marks it alone.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Mapping
from dataclasses import asdict
from functools import cache
from multiprocessing.util import Finalize
from pathlib import Path
from typing import Any

import psutil

from armod.course.grading.confinement.bare import BareKernel
from armod.course.grading.confinement.limits import Limits
from armod.course.grading.confinement.measured import held
from armod.course.grading.confinement.visible import ENVIRONMENT, FIRST_UID, copy_library

GLANCE = 0.1  # seconds between two looks at the memory

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


class OtherUser(BareKernel):
    """The processes of a user that is nobody else's; ``ended_by`` is what they were killed for, "" for nothing."""

    def __init__(self, limits: Limits, connection: Mapping[str, Any]) -> None:
        super().__init__(connection)
        self._limits, self.user = limits, FIRST_UID + os.getpid()
        for path in (self.folder, self.file, self.work):
            os.chown(path, self.user, self.user)
        rights = ["--no-new-privs", "--inh-caps=-all", "--ambient-caps=-all", "--bounding-set=-all"]
        user = ["--reuid", str(self.user), "--regid", str(self.user), "--clear-groups"]
        home = {"HOME": str(self.work), "PYTHONPATH": str(_library())}
        program = [sys.executable, "-c", PROGRAM, str(self.file), json.dumps(asdict(limits))]
        self.start(
            ["setpriv", *user, *rights, *program],
            {**ENVIRONMENT, **home, "IPYTHONDIR": str(self.work / ".ipython")},
        )
        # what the grader may hold, measured before a message can have come
        self._most = max(limits.grader_memory, 2 * held("self"))
        self._watch = threading.Thread(target=self._watching, daemon=True, name="armod-user")
        self._watch.start()

    def owns(self, process: psutil.Process) -> bool:
        """Whether it is that user's."""
        return process.uids().real == self.user

    def kill(self) -> None:
        """End all processes of that user, and remove the folder; again is no harm."""
        super().kill()
        self._watch.join()

    def _watching(self) -> None:
        while self.is_alive and not self.ended_by:
            time.sleep(GLANCE)
            found = [str(process.pid) for process in self.processes()]
            if all(
                sum(held(process, exact=exact) for process in found) > self._limits.memory
                for exact in (False, True)
            ):
                self.ended_by = "memory"
            elif held("self") > self._most:
                self.ended_by = "messages"
        if self.ended_by:
            self.strike()


start = OtherUser


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
