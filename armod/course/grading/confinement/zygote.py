"""Inside the sandbox: a process that has imported everything and forks a jail for each submission.

It is ours, and never runs a line of a student's code; only its children do. A child gets namespaces of its own - of
processes, mounts, network, messages - with a new ``/proc`` and new, empty folders in memory. Then it gives up every right
that this took, for good, and only then begins to work. The first process of a jail waits until the others end; when it
ends, they all do.

The arguments are the number of a socket and the modules to import. An order is one packet of JSON, perhaps with a file
for what the jail prints. The reply is ``in``, with the jail's root folder and a handle of its first process, or what went
wrong.
"""

from __future__ import annotations

import array
import ctypes
import importlib
import json
import os
import resource
import socket
import struct
import sys
from collections.abc import Mapping
from typing import Any

PACKET = 2**16
CONNECTION = "/run/kernel.json"
_NEW_NAMESPACES = {
    "mounts": 0x00020000,
    "name of the host": 0x04000000,
    "messages": 0x08000000,
    "processes": 0x20000000,
    "network": 0x40000000,
}
_NO_SETUID, _NO_DEVICES, _NO_PROGRAMS, _BIND, _RECURSIVE, _PRIVATE = 2, 4, 8, 1 << 12, 1 << 14, 1 << 18
_DROP_FROM_BOUNDS, _AMBIENT, _CLEAR_AMBIENT, _NO_NEW_RIGHTS, _DUMPABLE = 24, 47, 4, 38, 4
_CAPABILITY_VERSION = 0x20080522
_SECCOMP, _FILTER, _ALLOW, _REFUSE = 22, 2, 0x7FFF0000, 0x00050001  # refused: "Operation not permitted"
_NOT_SUPPORTED = (
    0x0005005F  # the one refusal that libraries take for a machine without such sockets, and go on
)
# Calls that are refused, by their numbers on each machine, with the machine's name for the filter.
_MACHINES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
_REFUSED = {
    # memory that no limit counts
    "memfd_create": (319, 279), "memfd_secret": (447, 447), "shmget": (29, 194), "msgget": (68, 186),
    "semget": (64, 190), "mq_open": (240, 180), "vmsplice": (278, 75), "mbind": (237, 235),
    # keys that outlive a jail, and the kernel's own words, which tell of crashes in every jail
    "add_key": (248, 217), "request_key": (249, 218), "keyctl": (250, 219), "syslog": (103, 116),
    # the way to another core, and doors that no lesson needs
    "sched_setaffinity": (203, 122), "bpf": (321, 280), "userfaultfd": (323, 282), "io_uring_setup": (425, 425),
    "perf_event_open": (298, 241),
    # what one jail could tell another by the files that both see, read-only: which parts of them lie in memory, who has
    # locked them, who opens them; and a budget that is the whole machine's
    "fadvise64": (221, 223), "mincore": (27, 232), "cachestat": (451, 451), "readahead": (187, 213),
    "process_madvise": (440, 440), "flock": (73, 32), "inotify_init": (253, None), "inotify_init1": (294, 26),
    "fanotify_init": (300, 262), "io_setup": (206, 0),
}  # fmt: skip
# Calls that are refused, or allowed alone, for some values of an argument: its place and the values.
_REFUSED_FOR = {
    # larger buffers: what sockets hold is counted by their number
    "setsockopt": ((54, 208), 2, (socket.SO_SNDBUF, socket.SO_RCVBUF, 32, 33)),
    "madvise": ((28, 233), 2, (20, 21)),  # to put pages of a file aside
    "prctl": ((157, 167), 0, (0x53564D41,)),  # to give a mapping a name, which takes memory
}
_ALLOWED_FOR = {
    # a kernel's own, and one that it binds at its start
    "socket": ((41, 198), 0, (socket.AF_UNIX, socket.AF_INET)),
    "socketpair": ((53, 199), 0, (socket.AF_UNIX,)),
    "preadv2": ((327, 286), 5, (0,)),  # any flag, such as "only what lies in memory"
    # what a descriptor is: no locks, leases, notes and hints, which stay with files; no larger pipes
    "fcntl": ((72, 25), 1, (0, 1, 2, 3, 4, 1030, 1032)),
}
_libc = ctypes.CDLL(None, use_errno=True)


def main() -> None:
    """Import, say so, and fork a jail for each order until the other side closes the socket."""
    number, *modules = sys.argv[1:]
    orders = socket.socket(fileno=int(number))
    sys.path[0] = ""  # as for a kernel: its own folder, not this file's
    for name in modules:
        importlib.import_module(name)
    orders.send(b"ready")
    while packet := _next(orders):
        order, output = packet
        outer = os.fork()
        if outer == 0:
            _into_new_namespaces(orders, order, output)
        os.waitpid(outer, 0)
        if output is not None:
            os.close(output)


def _next(orders: socket.socket) -> tuple[dict[str, Any], int | None] | None:
    text, files, _, _ = socket.recv_fds(orders, PACKET, 1)
    return (json.loads(text), files[0] if files else None) if text else None


def _into_new_namespaces(orders: socket.socket, order: dict[str, Any], output: int | None) -> None:
    """Fork the jail's first process, and end; whatever goes wrong is the reply."""
    try:
        _call("unshare", sum(_NEW_NAMESPACES.values()))
        _call("mount", b"none", b"/", None, _RECURSIVE | _PRIVATE, None)
        if os.fork() == 0:
            _first(orders, order, output)
    except BaseException as problem:
        orders.send(f"{type(problem).__name__}: {problem}".encode())
    finally:
        os._exit(0)


def _first(orders: socket.socket, order: dict[str, Any], output: int | None) -> None:
    """The first process of the jail: make it, lock it, start the work in another one, wait for all ends."""
    try:
        _furnish(order)
        _give_up_rights()
        root, itself = os.open("/", os.O_PATH | os.O_DIRECTORY), os.pidfd_open(os.getpid())
        worker = os.fork()
        if worker == 0:
            orders.close()
            os.close(root)
            os.close(itself)
            _work(order, output)
        # sent as the last thing: whoever reads it may take the jail for locked
        orders.sendmsg([b"in"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [root, itself]))])
        os.closerange(0, resource.getrlimit(resource.RLIMIT_NOFILE)[0])
        while os.wait()[0] != worker:
            pass
    except BaseException as problem:
        orders.send(f"{type(problem).__name__}: {problem}".encode())
    finally:
        os._exit(0)


def _furnish(order: Mapping[str, Any]) -> None:
    """A ``/proc`` that shows this jail's processes only, new folders of limited size, and the files ordered."""
    _call("mount", b"proc", b"/proc", b"proc", _NO_SETUID | _NO_DEVICES | _NO_PROGRAMS, None)
    # what lies below a new folder, such as a checkout in /tmp, would vanish under it
    kept = {path: os.open(path, os.O_PATH | os.O_DIRECTORY) for path in order["kept"]}
    size = f"size={order['disk']},nr_inodes={order['files']},mode=1777".encode()
    for path in order["writable"]:
        _call("mount", b"tmpfs", path.encode(), b"tmpfs", _NO_SETUID | _NO_DEVICES, size)
    for path, descriptor in kept.items():
        os.makedirs(path, exist_ok=True)
        _call("mount", f"/proc/self/fd/{descriptor}".encode(), path.encode(), None, _BIND | _RECURSIVE, None)
        os.close(descriptor)
    for path, text in order.get("texts", {}).items():
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
    os.chdir(order["home"])


def _give_up_rights() -> None:
    """No capability, now or ever again; nobody else may look into this process."""
    for capability in range(64):
        if _libc.prctl(_DROP_FROM_BOUNDS, capability, 0, 0, 0) != 0:
            break
    _call("prctl", _AMBIENT, _CLEAR_AMBIENT, 0, 0, 0)
    _call("prctl", _NO_NEW_RIGHTS, 1, 0, 0, 0)
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION, 0)
    _call("capset", header, (ctypes.c_uint32 * 6)())
    _refuse_calls()
    _call("prctl", _DUMPABLE, 0, 0, 0, 0)


def give_up_alone(limits: Mapping[str, Any]) -> None:
    """Give up every right and every way out of this machine where nothing locks in; the kernel's sockets are open already."""
    _ALLOWED_FOR["socket"] = (_ALLOWED_FOR["socket"][0], 0, (socket.AF_UNIX,))
    _give_up_rights()
    _call("prctl", _DUMPABLE, 1, 0, 0, 0)
    limit(limits)


def _refuse_calls() -> None:
    """A filter of the kernel's own that this process and its children can't take off again.

    It is put together here, since the packages for it need the system's libseccomp, which lacks the names of newer calls.
    """
    name = os.uname().machine
    place = list(_MACHINES).index(name)
    load, equal, at_least, leave = 0x20, 0x15, 0x35, 0x06
    refuse, allow = (leave, 0, 0, _REFUSE), (leave, 0, 0, _ALLOW)
    number_of_call, machine, arguments = 0, 4, 16  # where the kernel puts them
    # a comparison goes on, or skips so many steps; programs of 32 bits have numbers of their own
    program = [(load, 0, 0, machine), (equal, 1, 0, _MACHINES[name]), refuse]
    program += [(load, 0, 0, number_of_call), (at_least, 0, 1, 0x40000000), refuse]
    for numbers in _REFUSED.values():
        if (number := numbers[place]) is not None:
            program += [(equal, 0, 1, number), refuse]
    unsupported = (leave, 0, 0, _NOT_SUPPORTED)
    for rules, found, others in ((_REFUSED_FOR, refuse, allow), (_ALLOWED_FOR, allow, unsupported)):
        for numbers, argument, values in rules.values():
            program.append((equal, 0, 2 + 2 * len(values), numbers[place]))
            program.append((load, 0, 0, arguments + 8 * argument))
            for value in values:
                program += [(equal, 0, 1, value), found]
            program.append(others)
    program.append(allow)
    code = ctypes.create_string_buffer(b"".join(struct.pack("=HBBI", *step) for step in program))
    header = ctypes.create_string_buffer(struct.pack("@HP", len(program), ctypes.addressof(code)))
    _call("prctl", _SECCOMP, _FILTER, ctypes.byref(header), 0, 0)


def _work(order: Mapping[str, Any], output: int | None) -> None:
    """What the student's code runs in: a kernel, or for a look around another program of ours."""
    _call("prctl", _DUMPABLE, 1, 0, 0, 0)
    os.setsid()
    nothing = os.open(os.devnull, os.O_RDWR)
    for number, source in ((0, nothing), (1, nothing if output is None else output), (2, nothing)):
        os.dup2(source, number)
    os.closerange(3, resource.getrlimit(resource.RLIMIT_NOFILE)[0])
    limit(order)
    sys.argv = ["armod", *order["arguments"]]
    if order["program"]:
        exec(order["program"], {"__name__": "__main__"})
        os._exit(0)
    from ipykernel import kernelapp

    kernelapp.launch_new_instance(
        argv=["-f", CONNECTION, "--HistoryManager.enabled=False", "--log-level=CRITICAL"]
    )
    os._exit(0)


def limit(order: Mapping[str, Any]) -> None:
    """The limits that a process sets for itself and its children; none is above what it may set."""
    limits = {"NPROC": order["processes"], "CORE": 0, "FSIZE": order["disk"]}
    limits |= {"NOFILE": order["descriptors"], "DATA": order["memory"] + _data()}
    for name, value in limits.items():
        kind = getattr(resource, f"RLIMIT_{name}")
        hard = resource.getrlimit(kind)[1]
        most = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(kind, (most, most))


def _data() -> int:
    """The bytes of data that were there before the work began: they count for nobody."""
    try:
        with open("/proc/self/statm", encoding="ascii") as file:
            return int(file.read().split()[5]) * resource.getpagesize()
    except FileNotFoundError:  # only Linux says so
        return 0


def _call(name: str, *arguments: object) -> None:
    """A call of the system's; OSError if it fails."""
    if getattr(_libc, name)(*arguments) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")


if __name__ == "__main__":
    main()
