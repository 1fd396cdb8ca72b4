"""Kernels in the sandbox, for everything that drives kernels: jupyter_client, nbclient, papermill.

`SandboxedKernel` is a kernel manager to hand to them. Its provisioner starts ipykernel in a `Jail`, speaks to it
through sockets in the jail's own memory, and hides from it what is not the student's: checks, solutions, the grader.
``papermill.execute_notebook(..., kernel_manager_class=SandboxedKernel)`` runs a notebook locked in.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import sys
import time
import uuid
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

from jupyter_client.connect import KernelConnectionInfo
from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import AsyncKernelManager, KernelManager
from jupyter_client.provisioning import KernelProvisionerBase, KernelProvisionerFactory
from traitlets import Any as AnyTrait
from traitlets import default

from armod.grading import GradingError
from armod.grading.jail import Jail, JailError, Limits

APPARMOR_SWITCH = Path("/proc/sys/kernel/apparmor_restrict_unprivileged_userns")
PROGRAMS = {"bwrap": "bubblewrap", "prlimit": "util-linux", "setpriv": "util-linux", "unshare": "util-linux"}
CONNECTION = "/run/kernel.json"
SOCKETS = "/run/kernel"  # and a number
CHANNELS = {"shell": 1, "iopub": 2, "stdin": 3, "control": 4, "hb": 5}
START_SECONDS = 120.0  # on a busy machine torch alone may take long to import

# torch and armod are there before the student's first line, and count for nobody's time.
START = """
import sys
import armod
import armod.grading.examined
from ipykernel import kernelapp
kernelapp.launch_new_instance(argv=["-f", {connection!r}, "--HistoryManager.enabled=False", "--log-level=CRITICAL"])
"""
IN_PLACE_OF_EXERCISES = '''"""The checks are elsewhere: this is where answers are given."""


def check(name, *, names=None):
    """Nothing to see: the examiner asks by itself."""
    print(f"The answer to {name!r} is examined from outside.")
'''


def require() -> None:
    """Raise `GradingError`, saying why and what to do, unless programs can be locked in here."""
    found = trouble()
    if found is not None:
        seen, mend = found
        raise GradingError(
            f"Students' code is not run without a sandbox, and here {seen}; mend it: {mend}.", exit_code=1
        )


def trouble() -> tuple[str, str] | None:
    """What keeps a sandbox from working here, and how to mend it; None if all is well. It is really tried."""
    if sys.platform != "linux":
        return (
            "there is none: bubblewrap is for Linux only",
            "grade in a Linux machine, in WSL or in a container",
        )
    for program, package in PROGRAMS.items():
        if shutil.which(program) is None and (program != "setpriv" or os.geteuid() == 0):
            mend = (
                f"sudo apt-get install {package} (Debian, Ubuntu), or your distribution's package {package}"
            )
            return f"{package} is not installed ({program})", mend
    try:
        program = "import time; print('in', flush=True); time.sleep(1000)"
        jail = Jail([sys.executable, "-I", "-c", program], Limits(), output=True)
    except (JailError, OSError) as problem:
        if APPARMOR_SWITCH.is_file() and APPARMOR_SWITCH.read_text().strip() == "1":
            return (
                "Ubuntu's AppArmor keeps bubblewrap from making a sandbox",
                "sudo apt-get install apparmor-profiles && sudo ln -s /usr/share/apparmor/extra-profiles/"
                "bwrap-userns-restrict /etc/apparmor.d/ && sudo systemctl reload apparmor",
            )
        return (
            str(problem).rstrip("."),
            "allow unprivileged user namespaces: sudo sysctl -w kernel.unprivileged_userns_clone=1; "
            "in a container, start it with --security-opt seccomp=unconfined or grade outside it",
        )
    try:
        heard = jail.first_line(START_SECONDS)
    finally:
        jail.kill()
    if not heard:
        return (
            f"this Python does not run in the sandbox ({sys.executable})",
            "let every user read and enter its folders, or make the environment anew with the system's Python",
        )
    return None


class SandboxProvisioner(KernelProvisionerBase):
    """Starts a kernel in a `Jail` of the ``limits`` of its manager and ends it with all that it started."""

    jail: Jail | None = None

    @property
    def has_process(self) -> bool:
        """Whether there is a jail, living or dead."""
        return self.jail is not None

    async def poll(self) -> int | None:
        """None while it lives."""
        return 0 if self.jail is None or not self.jail.is_alive else None

    async def wait(self) -> int | None:
        """Wait for the end, and leave nothing open."""
        while await self.poll() is None:
            await asyncio.sleep(0.02)
        await self.kill()
        return 0

    async def send_signal(self, signum: int) -> None:
        """Any signal ends the jail: interrupts travel as messages, since a signal would meet bubblewrap itself."""
        await self.kill()

    async def kill(self, restart: bool = False) -> None:
        """End all processes of the jail."""
        if self.jail is not None:
            self.jail.kill()
            self.jail = None

    async def terminate(self, restart: bool = False) -> None:
        """The same as `kill`."""
        await self.kill(restart)

    async def shutdown_requested(self, restart: bool = False) -> None:
        """End it without waiting for its own way out."""
        await self.kill(restart)

    async def cleanup(self, restart: bool = False) -> None:
        """Nothing is left to clean: no file, no port."""
        await self.kill(restart)

    async def pre_launch(self, **options: Any) -> dict[str, Any]:
        """The command, whatever the caller wanted for environment, folder or arguments."""
        return {"cmd": [sys.executable, "-c", START.format(connection=CONNECTION)]}

    async def launch_kernel(self, cmd: list[str], **options: Any) -> KernelConnectionInfo:
        """Start the kernel; what is returned says where its sockets are seen from outside.

        Raises:
            JailError: if it does not start.
        """
        key = uuid.uuid4().hex
        connection: dict[str, Any] = {f"{channel}_port": number for channel, number in CHANNELS.items()}
        connection |= {"transport": "ipc", "ip": SOCKETS, "key": key, "signature_scheme": "hmac-sha256"}
        limits = getattr(self.parent, "limits", Limits())
        self.jail = Jail(cmd, limits, files={CONNECTION: json.dumps(connection)}, masked=masked())
        # Clients connect once the sockets are there, so that nobody needs to try again: a student could lead
        # a second attempt elsewhere.
        deadline = time.monotonic() + START_SECONDS
        paths = [f"{self.jail.root}{SOCKETS}-{number}" for number in CHANNELS.values()]
        while not all(map(os.path.exists, paths)):
            if not self.jail.is_alive or time.monotonic() > deadline:
                await self.kill()
                raise JailError(
                    "the kernel did not start in the sandbox; armod doctor --sandbox looks closer"
                )
            await asyncio.sleep(0.01)
        seen: Any = {**connection, "ip": f"{self.jail.root}{SOCKETS}", "key": key.encode()}
        self.connection_info = seen
        return self.connection_info


class _InSandbox(KernelManager):
    """What both kinds of managers share: the kernelspec, and no connection file on the host."""

    limits = AnyTrait(Limits())

    @default("transport")
    def _by_sockets(self) -> str:
        return "ipc"

    @property
    def kernel_spec(self) -> KernelSpec:
        """The one kernel that there is; whatever name a notebook wants."""
        return KernelSpec(
            argv=[sys.executable],
            display_name="Python 3 (sandbox)",
            language="python",
            interrupt_mode="message",
            metadata={"kernel_provisioner": {"provisioner_name": PROVISIONER}},
        )

    @property
    def jail(self) -> Jail | None:
        """Where the kernel is locked in; None before and after."""
        return getattr(self.provisioner, "jail", None)

    def write_connection_file(self, **kwargs: Any) -> None:
        """Nothing: the kernel gets it through a file descriptor."""


class SandboxedKernel(_InSandbox, AsyncKernelManager):
    """A kernel manager for nbclient and papermill."""


class BlockingSandboxedKernel(_InSandbox):
    """The same without asyncio."""


def masked() -> dict[Path, dict[str, str]]:
    """The folders of armod in whose place a jail finds something else: the checks, and the grader itself."""
    package = Path(__file__).parents[1]
    exercises = {"__init__.py": IN_PLACE_OF_EXERCISES}
    for name in ("codec.py", "responder.py"):
        exercises[name] = (package / "exercises" / name).read_text(encoding="utf-8")
    grading = {
        "__init__.py": "",
        "examined.py": (package / "grading" / "examined.py").read_text(encoding="utf-8"),
    }
    return {package / "exercises": exercises, package / "grading": grading}


PROVISIONER = "armod-sandbox"
KernelProvisionerFactory.provisioners[PROVISIONER] = EntryPoint(
    PROVISIONER, f"{__name__}:SandboxProvisioner", KernelProvisionerFactory.GROUP_NAME
)
