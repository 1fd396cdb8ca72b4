"""Look at the sandbox from inside: try what a hostile submission would try, and say what holds.

The attacks are those of ``attacks.toml``, tried in a jail as students' kernels have one, with sockets, a process and a file of ours
as bait. A promise that does not hold is a fault of the machine or of bubblewrap: do not grade there.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import tempfile
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from armod.course.grading.confinement.jail import Zygote
from armod.course.grading.confinement.limits import MIB, Limits
from armod.course.grading.confinement.sandbox import require
from armod.course.grading.confinement.visible import PACKAGE, masked

HERE = Path(__file__).parent
PROBE_LIMITS = Limits(memory=512 * MIB, disk=8 * MIB, processes=40, descriptors=256)
SECONDS = 60
SECRET = "ARMOD_PROBE_SECRET"
HOLDS = "holds"  # in a table of attacks what is said where none succeeds
ENDS = "ends"  # and what the jail is to be ended for

INSIDE = (HERE / "inside.py").read_text(encoding="utf-8")
# Answers with what was got hold of.
PROGRAM = f"""{INSIDE}
import json
print(json.dumps(succeeded(*map(json.loads, sys.argv[1:]))), flush=True)
time.sleep(1000)
"""


class Killed(Exception):
    """A process of the host was killed from inside."""


@dataclass(frozen=True)
class Promise:
    """One thing that the sandbox promises: whether it holds, and in words what holds or what was got hold of."""

    name: str
    holds: bool
    detail: str


@cache
def promises() -> dict[str, dict[str, str]]:
    """Of each promise what is said where it holds, and its attacks."""
    return tomllib.loads((HERE / "attacks.toml").read_text(encoding="utf-8"))


def attacks(*, end: bool = False) -> dict[str, dict[str, str]]:
    """The attacks on each promise, each by what it would get hold of: those that leave a jail alive, or those that end it."""
    return {
        name: {what: how for what, how in table.items() if what not in (HOLDS, ENDS)}
        for name, table in promises().items()
        if (ENDS in table) == end
    }


@contextmanager
def bait(limits: Limits = PROBE_LIMITS) -> Iterator[dict[str, Any]]:
    """What lies outside to be got hold of, and what is more than a jail with these limits may have.

    Args:
        limits: Those of the jail.

    Yields:
        All that the attacks need to know of it.

    Raises:
        Killed: If one killed the process outside.
    """
    name = f"armod-probe-{os.getpid()}"
    with (
        tempfile.NamedTemporaryFile(prefix="armod-") as file,
        socket.create_server(("127.0.0.1", 0)) as port,
        socket.socket(socket.AF_UNIX) as abstract,
        subprocess.Popen(["sleep", str(2 * SECONDS)], env={**os.environ, SECRET: "1"}) as victim,
    ):
        try:
            abstract.bind("\0" + name)
            abstract.listen()
            yield {
                "file": file.name,
                "net": os.readlink("/proc/self/ns/net"),
                "port": port.getsockname()[1],
                "socket": name,
                "pid": victim.pid,
                "secret": SECRET,
                "masked": _hidden(),
                "disk": 4 * limits.disk // MIB,
                "memory": 2 * limits.memory,
                "processes": 4 * limits.processes,
                "descriptors": 2 * limits.descriptors,
            }
            if victim.poll() is not None:
                raise Killed
        finally:
            victim.kill()


def probe() -> list[Promise]:
    """Try each promise of the sandbox from inside.

    Returns:
        All promises, each with whether it holds here.

    Raises:
        CourseError: If there is no sandbox, with why and what to do.
    """
    require()
    seen: dict[str, list[str]] = {}
    try:
        with bait() as outside:
            seen |= found(outside)
    except Killed:
        seen["processes"] = ["a process of the host, and killed it"]
    return [_promise(name, table[HOLDS], seen.get(name)) for name, table in promises().items()]


def found(outside: Mapping[str, Any]) -> dict[str, list[str]]:
    """For each promise the attacks on it that succeed in a jail; not if its program ended before it could say so, or should have."""
    zygote = Zygote(preloaded=())  # what kernels import opens no door
    try:
        seen = {name: _got(zygote, outside, table) for name, table in attacks().items()}
        for name, table in attacks(end=True).items():
            ends = promises()[name][ENDS]
            seen[name] = [
                what for what, how in table.items() if _got(zygote, outside, {what: how}, ends) != []
            ]
    finally:
        zygote.end()
    return {name: got for name, got in seen.items() if got is not None}


def _got(
    zygote: Zygote, outside: Mapping[str, Any], table: Mapping[str, str], ends: str = ""
) -> list[str] | None:
    """The attacks that succeed in a jail of their own; [] if it was ended for what it should be, None if for something else."""
    arguments = [json.dumps(outside), json.dumps(table)]
    jail = zygote.jail(PROBE_LIMITS, program=PROGRAM, arguments=arguments, output=True)
    try:
        if line := jail.first_line(SECONDS):
            return list(json.loads(line))
        return [] if ends and jail.ended_by == ends else None
    finally:
        jail.kill()


def _promise(name: str, says: str, got: list[str] | None) -> Promise:
    if got is None:
        return Promise(name, False, "the probe did not come so far")
    return Promise(name, not got, f"got hold of {', '.join(got)}"[:200] if got else says)


def _hidden() -> list[str]:
    """Paths of armod that the jail must not show."""
    return [
        str(path)
        for folder, shown in masked().items()
        for path in folder.rglob("*.py")
        if path.relative_to(folder).as_posix() not in shown
    ] + [str(PACKAGE.parent / "notebooks")]
