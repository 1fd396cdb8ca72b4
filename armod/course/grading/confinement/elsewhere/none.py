"""A kernel with nothing locked in: ``armod grade --unsandboxed``, for those who trust every submission.

It runs as the grader does, with the same files, network and rights. The limits are those that a process can set for
itself. Run as a program, this module is that kernel.
"""

from __future__ import annotations

import json
import os
import resource
import sys
from collections.abc import Mapping
from dataclasses import asdict
from importlib import import_module
from typing import Any

import psutil

from armod.course.grading.confinement.bare import BareKernel
from armod.course.grading.confinement.limits import Limits
from armod.course.grading.confinement.visible import ENVIRONMENT
from armod.course.grading.confinement.zygote import limit

MARK = "ARMOD_KERNEL"  # in the environment of the kernel and all that it starts
SETTINGS = (
    "OMP_NUM_THREADS",
    "PYTHONHASHSEED",
    "PYDEVD_DISABLE_FILE_VALIDATION",
    "MPLBACKEND",
    "TQDM_DISABLE",
    "ARMOD_PROGRESS",
    "ARMOD_COMPILED",
)


def trouble() -> None:
    """Nothing keeps it from working."""


class Loose(BareKernel):
    """A kernel that nothing locks in; whatever bears its mark ends with it."""

    def __init__(self, limits: Limits, connection: Mapping[str, Any]) -> None:
        super().__init__(connection)
        own = {
            "IPYTHONDIR": str(self.folder / "ipython"),  # not the user's own settings
            "JPY_PARENT_PID": str(os.getpid()),  # ipykernel ends when that process does
            MARK: str(self.folder),
        }
        self.start(
            [sys.executable, "-m", __name__, str(self.file), json.dumps(asdict(limits))],
            {**os.environ, **{name: ENVIRONMENT[name] for name in SETTINGS}, **own},
        )

    def owns(self, process: psutil.Process) -> bool:
        """Whether it bears the mark."""
        return process.environ().get(MARK) == str(self.folder)


start = Loose


def _serve(file: str, limits: Limits) -> None:
    """Be the kernel."""
    import_module("armod.course.grading.examined")  # not in the time of the first question
    from ipykernel import kernelapp

    # processes are counted for the whole user, so their limit stays
    limit({**asdict(limits), "processes": resource.getrlimit(resource.RLIMIT_NPROC)[0]})
    kernelapp.launch_new_instance(argv=["-f", file, "--HistoryManager.enabled=False", "--log-level=CRITICAL"])


if __name__ == "__main__":
    _serve(sys.argv[1], Limits(**json.loads(sys.argv[2])))
