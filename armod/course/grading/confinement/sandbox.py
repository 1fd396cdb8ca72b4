"""Kernels in the sandbox, for everything that drives kernels: jupyter_client, nbclient, papermill.

`SandboxedKernel` is a kernel manager to hand to them. Its provisioner has ipykernel started where it is locked in -
in a `Jail`, as a rule - and speaks to it through sockets that lie there.
``papermill.execute_notebook(..., kernel_manager_class=SandboxedKernel)`` runs a notebook locked in.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
import time
import uuid
from collections.abc import Callable, Mapping
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any, Protocol

from jupyter_client.connect import KernelConnectionInfo
from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import AsyncKernelManager, KernelManager
from jupyter_client.provisioning import KernelProvisionerBase, KernelProvisionerFactory
from traitlets import Any as AnyTrait
from traitlets import Unicode, default

from armod.course.errors import CourseError
from armod.course.grading.confinement.elsewhere import place
from armod.course.grading.confinement.jail import JailError, Zygote, locked_in
from armod.course.grading.confinement.limits import Limits

APPARMOR_SWITCH = Path("/proc/sys/kernel/apparmor_restrict_unprivileged_userns")
PROGRAMS = {"bwrap": "bubblewrap", "setpriv": "util-linux", "unshare": "util-linux"}
CHANNELS = {"shell": 1, "iopub": 2, "stdin": 3, "control": 4, "hb": 5}
START_SECONDS = 120.0  # on a busy machine


class Confined(Protocol):
    """A kernel and all that it starts, wherever that is."""

    ended_by: str  # the limit for which it was killed, "" for none

    @property
    def sockets(self) -> str:
        """How the paths of its sockets begin, seen from here; a hyphen and the channel's number follow."""
        ...

    @property
    def is_alive(self) -> bool:
        """Whether any of its processes may still run."""
        ...

    def waited(self) -> float:
        """The seconds for which the kernel was ready to compute and had no core; 0 if nobody knows."""
        ...

    def kill(self) -> None:
        """End all of them, and leave nothing; again is no harm."""
        ...


def confine(confinement: str) -> Callable[[Limits, Mapping[str, Any]], Confined]:
    """The function that starts a kernel: "sandbox", or a place of `armod.course.grading.confinement.elsewhere`."""
    return locked_in if confinement == "sandbox" else place(confinement).start


def require(confinement: str = "sandbox") -> None:
    """Raise `CourseError` with why, and what to do, unless programs can be locked in like that here."""
    found = trouble() if confinement == "sandbox" else place(confinement).trouble()
    if found is not None:
        seen, mend = found
        raise CourseError(
            f"Students' code is not run without a sandbox, and here {seen}; mend it: {mend}.", exit_code=1
        )


def trouble() -> tuple[str, str] | None:
    """What keeps a sandbox from working here, and how to mend it; None if one was really made."""
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
        zygote = Zygote(preloaded=())
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
        zygote.jail(Limits(), program="import time; time.sleep(1000)").kill()
    except JailError as problem:
        return (
            f"bubblewrap works, but no jail can be made in it ({problem})",
            "grade on another Linux machine",
        )
    finally:
        zygote.end()
    return None


class SandboxProvisioner(KernelProvisionerBase):
    """Starts a kernel with the ``limits`` and in the ``confinement`` of its manager, and ends all that it started."""

    jail: Confined | None = None

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
        """End the jail at any signal: interrupts travel as messages, since a signal would reach bubblewrap itself."""
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
        """Ignore whatever the caller wanted for command, environment or folder."""
        return {"cmd": []}

    async def launch_kernel(self, cmd: list[str], **options: Any) -> KernelConnectionInfo:
        """Start the kernel; what is returned says where its sockets are seen from outside.

        Raises:
            JailError: If it does not start.
        """
        key = uuid.uuid4().hex
        connection: dict[str, Any] = {f"{channel}_port": number for channel, number in CHANNELS.items()}
        connection |= {"transport": "ipc", "key": key, "signature_scheme": "hmac-sha256"}
        start = confine(getattr(self.parent, "confinement", "sandbox"))
        self.jail = start(getattr(self.parent, "limits", Limits()), connection)
        # Clients connect once the sockets are there, so that nobody needs to try again: a student could lead
        # a second attempt elsewhere.
        deadline = time.monotonic() + START_SECONDS
        paths = [f"{self.jail.sockets}-{number}" for number in CHANNELS.values()]
        while not all(map(os.path.exists, paths)):
            if not self.jail.is_alive or time.monotonic() > deadline:
                await self.kill()
                raise JailError(
                    "the kernel did not start in the sandbox; armod doctor --sandbox looks closer"
                )
            await asyncio.sleep(0.005)
        seen: Any = {**connection, "ip": self.jail.sockets, "key": key.encode()}
        self.connection_info = seen
        return self.connection_info


class _InSandbox(KernelManager):
    """What both kinds of managers share: the kernelspec, and no connection file on the host."""

    limits = AnyTrait(Limits())
    confinement = Unicode("sandbox")

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
    def jail(self) -> Confined | None:
        """Where the kernel is locked in; None before and after."""
        return getattr(self.provisioner, "jail", None)

    def write_connection_file(self, **kwargs: Any) -> None:
        """Nothing: the kernel gets it through a file descriptor."""


class SandboxedKernel(_InSandbox, AsyncKernelManager):
    """A kernel manager for nbclient and papermill."""


class BlockingSandboxedKernel(_InSandbox):
    """The same without asyncio."""


PROVISIONER = "armod-sandbox"
KernelProvisionerFactory.provisioners[PROVISIONER] = EntryPoint(
    PROVISIONER, f"{__name__}:SandboxProvisioner", KernelProvisionerFactory.GROUP_NAME
)
