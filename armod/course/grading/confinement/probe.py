"""Look at the sandbox from inside: try what a hostile submission would try, and say what holds.

A small program is locked in as students' kernels are, with sockets, a process and a file of ours as bait, and says what
it could reach. A promise that does not hold is a fault of the machine or of bubblewrap: do not grade there.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import tempfile
from dataclasses import dataclass
from typing import Any

from armod.course.grading.confinement.jail import Zygote
from armod.course.grading.confinement.limits import MIB, Limits
from armod.course.grading.confinement.sandbox import require
from armod.course.grading.confinement.visible import PACKAGE, masked

PROBE_LIMITS = Limits(memory=512 * MIB, disk=8 * MIB, processes=40, descriptors=256)
SECONDS = 60
SECRET = "ARMOD_PROBE_SECRET"

# Runs inside; answers with one JSON object: promise -> what was got hold of, in words, "" for nothing.
PROGRAM = r"""
import ctypes, fcntl, json, mmap, os, socket, sys, time
bait = json.loads(sys.argv[1])
libc = ctypes.CDLL(None, use_errno=True)
keys, budget = {"aarch64": (219, 0)}.get(os.uname().machine, (250, 206))
seen = {}

def attempt(promise, action):
    try:
        got = action()
    except (OSError, MemoryError, ValueError) as problem:
        got = ""
    seen[promise] = seen.get(promise, "") or str(got or "")

def connect(family, address):
    with socket.socket(family) as s:
        s.settimeout(2)
        s.connect(address)
    return f"connected to {address}"

def send():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.sendto(b"x", ("192.0.2.1", 53))
    return "sent a datagram"

def write(path):
    with open(path, "w") as file:
        file.write("0")
    return f"wrote to {path}"

def fill(folder, size):
    for number in range(size):
        with open(f"{folder}/{number}", "wb") as file:
            file.write(bytes(2**20))
    return f"wrote {size} MiB to {folder}"

def fork():
    children = 0
    try:
        while children < bait["processes"]:
            pid = os.fork()
            if pid == 0:
                time.sleep(30)
                os._exit(0)
            children += 1
    finally:
        for pid in [int(name) for name in os.listdir("/proc") if name.isdigit()]:
            if pid not in (1, os.getpid(), os.getppid()):
                try: os.kill(pid, 9)
                except OSError: pass
    return f"started {children} processes"

def memory():
    hoard = bytearray(bait["memory"])
    return f"took {len(hoard) >> 20} MiB"

def buffered(option):
    with socket.socket(socket.AF_UNIX) as s:
        s.setsockopt(socket.SOL_SOCKET, option, 2**20)
    return "made the buffer of a socket larger"

def spliced():
    ends, page = os.pipe(), ctypes.create_string_buffer(1)
    vector = (ctypes.c_size_t * 2)(ctypes.addressof(page), 1)
    return libc.vmsplice(ends[1], vector, 1, 0) >= 0 and "put pages aside in a pipe"

def opened():
    found = []
    try:
        while len(found) < bait["descriptors"]: found.append(os.open("/dev/null", 0))
        return f"opened {len(found)} files"
    finally:
        for number in found: os.close(number)

def old_calls():
    if os.uname().machine != "x86_64":
        return ""
    child = os.fork()
    if child == 0:
        page = mmap.mmap(-1, 4096, prot=7)
        page.write(b"\xb8\x14\0\0\0\xcd\x80\xc3")  # getpid, by the numbers of 32-bit programs
        call = ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(page)))
        os._exit(7 if call() > 0 else 0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7 and "makes calls that no filter sees"

host = os.open(sys.executable, os.O_RDONLY)  # every jail sees it
shared = {
    "locks a file of the host": lambda: libc.flock(host, fcntl.LOCK_SH | fcntl.LOCK_NB) == 0,
    "locks a part of a file of the host": lambda: fcntl.lockf(host, fcntl.LOCK_SH | fcntl.LOCK_NB, 1) is None,
    "sees whether what it reads lies in memory": lambda: os.preadv(host, [bytearray(1)], 0, os.RWF_NOWAIT) >= 0,
    "moves a file of the host out of memory": lambda: libc.posix_fadvise(host, 0, 0, os.POSIX_FADV_DONTNEED) == 0,
    "watches who opens a file of the host": lambda: libc.inotify_init1(0) >= 0,
    "takes of the machine's budget": lambda: libc.syscall(budget, 1, ctypes.byref(ctypes.c_ulong())) == 0,
}
attempt("network", lambda: os.readlink("/proc/self/ns/net") == bait["net"] and "shares the host's network")
attempt("network", lambda: connect(socket.AF_INET, ("127.0.0.1", bait["port"])))
attempt("network", send)
attempt("network", lambda: [name for _, name in socket.if_nameindex() if name != "lo"])
attempt("sockets", lambda: connect(socket.AF_UNIX, "\0" + bait["socket"]))
for family in range(48):
    if family not in (socket.AF_UNIX, socket.AF_INET):
        for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_RAW, socket.SOCK_SEQPACKET):
            attempt("sockets", lambda: socket.socket(family, kind) and f"made a socket of family {family}")
for name, action in shared.items():
    attempt("shared", lambda: action() and name)
for path in (bait["file"], "/proc/1/root" + bait["file"], "../../../.." + bait["file"], "/etc/passwd", "/var", "/sys"):
    attempt("files", lambda: os.path.exists(path) and f"sees {path}")
for path in (sys.prefix, sys.base_prefix, "/", "/usr", "/dev", "/etc"):
    attempt("read-only", lambda: os.access(path, os.W_OK) and f"may write to {path}")
attempt("environment", lambda: bait["secret"] in os.environ and "sees the grader's environment")
for name in os.listdir("/proc"):
    if name.isdigit():
        attempt("environment", lambda: bait["secret"].encode() in open(f"/proc/{name}/environ", "rb").read() and "sees the grader's environment")
attempt("processes", lambda: sum(name.isdigit() for name in os.listdir("/proc")) > 20 and "sees processes of the host")
attempt("processes", lambda: os.kill(bait["pid"], 9) or f"killed process {bait['pid']}")
attempt("proc", lambda: write("/proc/sys/kernel/core_pattern"))
attempt("proc", lambda: write("/proc/sysrq-trigger"))
for flag in (0x10000000, 0x00020000, 0x40000000):
    attempt("rights", lambda: libc.unshare(flag) == 0 and f"made a namespace ({flag:#x})")
attempt("rights", lambda: libc.mount(b"none", b"/tmp", b"tmpfs", 0, None) == 0 and "mounted a file system")
attempt("rights", lambda: libc.setuid(0) == 0 and "became root")
attempt("rights", lambda: "NoNewPrivs:\t1" not in open("/proc/self/status").read() and "may gain rights")
attempt("rights", old_calls)
attempt("rights", lambda: libc.syscall(keys, 0, -4, 0) >= 0 and "keeps keys for the next jail")
for folder in ("/tmp", "/home/student", "/dev/shm", "/run"):
    attempt("disk", lambda: fill(folder, bait["disk"]))
attempt("descriptors", opened)
for path in bait["masked"]:
    attempt("checks", lambda: os.path.exists(path) and f"sees {path}")
attempt("memory", lambda: os.memfd_create("x") and "made a file in memory that no limit counts")
attempt("memory", lambda: libc.shmget(0, 4096, 0o1600) >= 0 and "made shared memory that no limit counts")
for option in (socket.SO_SNDBUF, socket.SO_RCVBUF):
    attempt("memory", lambda: buffered(option))
attempt("memory", lambda: fcntl.fcntl(os.pipe()[0], 1031, 2**20) and "made a pipe larger")
attempt("memory", spliced)
attempt("memory", memory)
attempt("forks", fork)
print(json.dumps(seen), flush=True)
time.sleep(1000)
"""
WORDS = {
    "network": "no network, not even this machine's own",
    "sockets": "no abstract sockets of the host, and none of other families",
    "shared": "no locks on files that other jails see, nor looks at who reads them",
    "files": "no file of the host but Python and armod",
    "read-only": "Python and the system's folders are read-only",
    "environment": "nothing of the grader's environment",
    "processes": "no process of the host is seen or killed",
    "proc": "no setting of the kernel can be written",
    "rights": "no root, no mounts, no namespaces, no new privileges",
    "disk": "the folders that can be written to are small",
    "descriptors": "open files are limited",
    "checks": "neither checks nor the grader are there",
    "memory": "memory is limited, and what pipes and sockets hold",
    "forks": "processes are limited",
}


@dataclass(frozen=True)
class Promise:
    """One thing that the sandbox promises: whether it holds, and in words what holds or what was got hold of."""

    name: str
    holds: bool
    detail: str


def probe() -> list[Promise]:
    """Try each promise of the sandbox from inside.

    Returns:
        All promises, each with whether it holds here.

    Raises:
        CourseError: If there is no sandbox, with why and what to do.
    """
    require()
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
            seen = _seen(
                {
                    "file": file.name,
                    "net": os.readlink("/proc/self/ns/net"),
                    "port": port.getsockname()[1],
                    "socket": name,
                    "pid": victim.pid,
                    "secret": SECRET,
                    "masked": _hidden(),
                    "disk": 4 * PROBE_LIMITS.disk // MIB,
                    "memory": 2 * PROBE_LIMITS.memory,
                    "processes": 4 * PROBE_LIMITS.processes,
                    "descriptors": 2 * PROBE_LIMITS.descriptors,
                }
            )
            if victim.poll() is not None:
                seen["processes"] = "killed a process of the host"
        finally:
            victim.kill()
    return [_promise(name, seen.get(name)) for name in WORDS]


def _promise(name: str, got: Any) -> Promise:
    if got is None:
        return Promise(name, False, "the probe did not come so far")
    return Promise(name, not got, str(got)[:200] or WORDS[name])


def _seen(bait: dict[str, Any]) -> dict[str, Any]:
    jail = Zygote.of_this_process().jail(
        PROBE_LIMITS, program=PROGRAM, arguments=[json.dumps(bait)], output=True
    )
    try:
        return dict(json.loads(jail.first_line(SECONDS)))
    except ValueError:
        return {}
    finally:
        jail.kill()


def _hidden() -> list[str]:
    """Paths of armod that the jail must not show."""
    return [
        str(path)
        for folder, shown in masked().items()
        for path in folder.rglob("*.py")
        if path.relative_to(folder).as_posix() not in shown
    ] + [str(PACKAGE.parent / "notebooks")]
