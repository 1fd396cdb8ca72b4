"""Where a kernel runs: locked in, or in a place of `armod.course.grading.confinement.elsewhere`; and whether that works here."""

from __future__ import annotations

import os
import shutil
import sys
import time
import uuid
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol

from jupyter_client.session import Session

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
        """The seconds for which the kernel was ready and others had the cores, since whenever; 0 if nobody knows."""
        ...

    def kill(self) -> None:
        """End all of them, and leave nothing; again is no harm."""
        ...


def confine(confinement: str) -> Callable[[Limits, Mapping[str, Any]], Confined]:
    """The function that starts a kernel: "sandbox", or a place of `armod.course.grading.confinement.elsewhere`."""
    return locked_in if confinement == "sandbox" else place(confinement).start


def launch(limits: Limits, confinement: str = "sandbox") -> tuple[Confined, Session]:
    """Start a kernel.

    Args:
        limits: What it may use.
        confinement: Where it runs, as for `confine`.

    Returns:
        The kernel, whose sockets are there, and the session that signs messages to it.

    Raises:
        JailError: If it does not start.
    """
    key = uuid.uuid4().hex
    connection: dict[str, Any] = {f"{channel}_port": number for channel, number in CHANNELS.items()}
    connection |= {"transport": "ipc", "key": key, "signature_scheme": "hmac-sha256"}
    kernel = confine(confinement)(limits, connection)
    # Who connects once the sockets are there needs no second try, which a student could lead elsewhere.
    deadline = time.monotonic() + START_SECONDS
    paths = [f"{kernel.sockets}-{number}" for number in CHANNELS.values()]
    try:
        while not all(map(os.path.exists, paths)):
            if not kernel.is_alive or time.monotonic() > deadline:
                raise JailError(
                    "the kernel did not start in the sandbox; armod doctor --sandbox looks closer"
                )
            time.sleep(0.005)
    except BaseException:
        kernel.kill()
        raise
    return kernel, Session(key=key.encode(), signature_scheme="hmac-sha256")


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
