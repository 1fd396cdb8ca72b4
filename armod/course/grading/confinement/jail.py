"""A process that is locked in: it sees Python, read-only, and nothing else of this machine.

No network, no other processes, no host files, an environment of our own, and folders in memory that are as small as
`Limits` says. Nothing is written on the host, so nothing is left behind, however it ends: its sockets lie in its own
memory, seen from here through a descriptor of its root folder.

bubblewrap locks in one process of ours for each process that marks, the zygote
(`armod.course.grading.confinement.zygote`). It imports torch and all that kernels need, once; then it forks a jail for
each submission, with namespaces of its own. So a jail starts in a fifth of a second, and shares with the one before it
only what the zygote had read from disk.

When root starts it, it runs as a user without any rights: the kernel does not count the processes of root, and code that
broke out would have no rights either. Two things can't be limited beforehand: the memory of all processes together, with
what their sockets hold, and what they make the grader itself keep in memory. A thread watches both, and kills the jail.
"""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from functools import cache
from pathlib import Path
from typing import Any

from armod.course.grading.confinement.limits import MIB, Limits
from armod.course.grading.confinement.measured import computed_and_waited, held, read_proc
from armod.course.grading.confinement.visible import (
    HOME,
    WRITABLE,
    bubblewrap,
    masked,
    visible_folders,
    without_root,
)

CONNECTION, SOCKETS = "/run/kernel.json", "/run/kernel"
PATIENCE = 120.0  # seconds for torch to be imported, or a jail to be forked, on a busy machine
GLANCE = 0.03  # seconds between two looks at the memory
STREAMS, IN_ALL = (
    (b"0001", b"0005"),
    2,
)  # kinds of sockets that hold what one sender sent: its buffer, and once too much
IN_A_QUEUE = 12  # of others, packets of such a size from senders that may be gone
# The most bytes that the kernel keeps of a mapping, and for each process beside, whose forks link the mappings of all;
# at most so often they are counted, and for at most a tenth of the grader's time.
A_MAPPING, A_LINK, COUNTING = 512, 64, 0.1

# What kernels and the course's lessons import first; what they import later is the student's own time.
PRELOADED = (
    "ipykernel.ipkernel",
    "ipykernel.debugger",
    "matplotlib.pyplot",
    "matplotlib_inline.backend_inline",
    "sympy",
    "armod.data",
    "armod.figures.style",
    "armod.course.grading.examined",
)


class JailError(RuntimeError):
    """The jail did not start; the message says why."""


def locked_in(limits: Limits, connection: Mapping[str, Any]) -> Jail:
    """A kernel in a jail; ``connection`` is its connection file but for the place of its sockets."""
    texts = {CONNECTION: json.dumps({**connection, "ip": SOCKETS})}
    return Zygote.of_this_process().jail(limits, texts=texts)


class Zygote:
    """The process that forks jails.

    Args:
        folders: Those of the host that jails see, read-only; by default Python, its packages and armod.
        preloaded: The modules that it imports first.

    Raises:
        JailError: If it does not start; the message is that of bubblewrap.
    """

    _of_this_process: Zygote | None = None
    _lock = threading.Lock()

    def __init__(self, folders: Sequence[Path] | None = None, preloaded: Sequence[str] = PRELOADED) -> None:
        self.pid = os.getpid()
        self._turn = threading.Lock()
        self._orders, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        seen = visible_folders() if folders is None else folders
        self._kept = [str(folder) for folder in seen if any(map(folder.is_relative_to, WRITABLE))]
        prefix, sources = without_root(seen)
        with ExitStack() as stack:
            stack.callback(theirs.close)
            handed = [theirs.fileno()]

            def descriptor(text: str) -> str:
                handed.append(number := os.memfd_create("armod"))
                stack.callback(os.close, number)
                os.write(number, text.encode())
                os.lseek(number, 0, os.SEEK_SET)
                return str(number)

            contents: list[str] = []
            for folder, texts in masked().items():
                contents += ["--size", str(MIB), "--tmpfs", str(folder)]
                for name, text in texts.items():
                    contents += ["--ro-bind-data", descriptor(text), str(folder / name)]
                contents += ["--remount-ro", str(folder)]
            program = [
                sys.executable,
                str(Path(__file__).with_name("zygote.py")),
                str(theirs.fileno()),
                *preloaded,
            ]
            self._process = subprocess.Popen(
                [*prefix, *bubblewrap(sources, contents), *program],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                pass_fds=handed,
                cwd="/",
                env={"PATH": os.environ.get("PATH", os.defpath)},
            )
        self._orders.settimeout(PATIENCE)
        try:
            ready = self._orders.recv(64)
        except TimeoutError:
            ready = b""
        if ready != b"ready":
            raise JailError(self._last_words())

    @classmethod
    def of_this_process(cls) -> Zygote:
        """The one that this process shares; a new one if it has none that lives."""
        with cls._lock:
            known = cls._of_this_process
            if known is None or known.pid != os.getpid() or known._process.poll() is not None:
                known = cls._of_this_process = cls()
            return known

    def jail(
        self,
        limits: Limits,
        *,
        program: str = "",
        arguments: Sequence[str] = (),
        texts: Mapping[str, str] | None = None,
        output: bool = False,
    ) -> Jail:
        """Make a new jail.

        Args:
            limits: What it may use.
            program: The Python program that it runs; without one it runs a kernel.
            arguments: Those of the program.
            texts: Files to make in it, by their path there.
            output: Whether `Jail.first_line` can read what it prints.

        Returns:
            The jail, in which the program has started.

        Raises:
            JailError: If it does not start.
        """
        order: dict[str, Any] = {"program": program, "arguments": list(arguments), "texts": dict(texts or {})}
        order |= {"writable": WRITABLE, "home": HOME, "kept": self._kept}
        names = ("memory", "disk", "files", "descriptors", "processes")
        order |= {name: getattr(limits, name) for name in names}
        printed, theirs = os.pipe() if output else (None, None)
        try:
            with self._turn:
                socket.send_fds(
                    self._orders, [json.dumps(order).encode()], [] if theirs is None else [theirs]
                )
                reply, files, _, _ = socket.recv_fds(self._orders, 4096, 2)
        except OSError as problem:
            self.end()
            raise JailError(f"the sandbox did not answer ({problem})") from problem
        finally:
            if theirs is not None:
                os.close(theirs)
        if reply != b"in":
            if printed is not None:
                os.close(printed)
            if not reply:
                self.end()
            raise JailError(reply.decode(errors="replace") or "the sandbox ended")
        root, first = files
        return Jail(limits, root, first, printed)

    def end(self) -> None:
        """End it, and with it every jail that it forked."""
        self._orders.close()
        self._process.kill()
        self._process.wait()
        assert self._process.stderr is not None
        self._process.stderr.close()

    def _last_words(self) -> str:
        self._process.kill()
        assert self._process.stderr is not None
        lines = self._process.stderr.read().decode(errors="replace").strip().split("\n")
        self.end()
        # most programs say one line; of Python's traceback the last one tells
        programs = ("bwrap:", "mount:", "setpriv:", "unshare:")
        said = next((line for line in lines if line.startswith(programs)), lines[-1])
        return said or f"it ended, or was not ready within {PATIENCE:.0f} s, without a word"


class Jail:
    """The processes of one submission, from the outside; ``ended_by`` is what they were killed for, "" for nothing."""

    def __init__(self, limits: Limits, root: int, first: int, printed: int | None) -> None:
        self.limits = limits
        self.ended_by = ""
        self._root, self._first, self._printed = root, first, printed
        self._proc = os.open("proc", os.O_RDONLY | os.O_DIRECTORY, dir_fd=root)
        self._closed = False
        self._mappings, self._count_again = 0, 0.0
        self._most = max(limits.grader_memory, held("self") + 64 * MIB)
        self._watch = threading.Thread(target=self._watching, daemon=True, name="armod-jail")
        self._watch.start()

    @property
    def root(self) -> str:
        """The path under which its files are seen from here."""
        return f"/proc/self/fd/{self._root}"

    @property
    def sockets(self) -> str:
        """How the paths of a kernel's sockets begin, seen from here."""
        return f"{self.root}{SOCKETS}"

    @property
    def is_alive(self) -> bool:
        """Whether any of its processes may still run."""
        return not self._closed and not self._ends_within(0)

    def kill(self) -> None:
        """End every process of the jail and wait until they are gone; again is no harm."""
        if self._closed:
            return
        self._strike()
        self._ends_within(PATIENCE)
        self._closed = True
        self._watch.join()
        for number in (self._first, self._root, self._proc, self._printed):
            if number is not None:
                os.close(number)

    def waited(self) -> float:
        """The seconds for which its kernel was ready and others had the cores, less what the jail's other processes computed."""
        computed, waited = computed_and_waited("2", self._proc)
        return waited - (self._computed() - computed)

    def first_line(self, seconds: float) -> str:
        """The first line that it prints; nothing if it ends before, or says none in time."""
        assert self._printed is not None
        text, deadline = b"", time.monotonic() + seconds
        while b"\n" not in text:
            if not select.select([self._printed], [], [], max(0.0, deadline - time.monotonic()))[0]:
                return ""
            if not (part := os.read(self._printed, 4096)):
                return ""
            text += part
        # of several processes that print, more than a line may be there at once
        return text[: text.index(b"\n") + 1].decode(errors="replace")

    def memory(self, *, exact: bool = False) -> int:
        """The bytes that its processes, files, sockets and mappings take together.

        Args:
            exact: Whether pages that several processes share count once, not for each; that takes longer.

        Returns:
            The bytes.
        """
        return self._held(exact=exact) + self._files() + self._sockets() + self._mapped()

    def _ends_within(self, seconds: float) -> bool:
        """Whether the first process, which outlives the others, has ended, or does in time."""
        poll = select.poll()
        poll.register(self._first, select.POLLIN)
        return bool(poll.poll(1000 * seconds))

    def _watching(self) -> None:
        look_closer = 0.0
        while not self._closed and not self._ends_within(GLANCE):
            try:
                if self.memory() > self.limits.memory and time.monotonic() >= look_closer:
                    begun = time.thread_time()  # on a busy machine the clock on the wall would say more
                    if self.memory(exact=True) > self.limits.memory:
                        self.ended_by = "memory"
                    # many processes that share their pages must not keep the grader busy
                    look_closer = time.monotonic() + 9 * (time.thread_time() - begun)
                elif held("self") > self._most:
                    self.ended_by = "messages"
            except OSError:
                continue  # it is ending
            if self.ended_by:
                self._strike()
                return

    def _strike(self) -> None:
        with suppress(ProcessLookupError):
            signal.pidfd_send_signal(self._first, signal.SIGKILL)  # the first takes all others with it

    def _held(self, *, exact: bool) -> int:
        return sum(held(name, self._proc, exact=exact) for name in self._processes())

    def _processes(self) -> list[str]:
        """The numbers of its processes, as it sees them."""
        try:
            return [name for name in os.listdir(self._proc) if name.isdigit()]
        except OSError:  # it has ended
            return []

    def _computed(self) -> float:
        """The seconds of all cores that its processes have used, with those that ended."""
        ticks = 0
        for name in self._processes():
            with suppress(OSError):  # it is ending
                ticks += sum(
                    map(int, read_proc(f"{name}/stat", self._proc).rpartition(b")")[2].split()[11:15])
                )
        return ticks / os.sysconf("SC_CLK_TCK")

    def _sockets(self) -> int:
        """The most bytes that its sockets can hold: no process's memory shows them, nor do all that hold some have a file."""
        kinds = [line.split()[4:5] for line in read_proc("1/net/unix", self._proc).splitlines()[1:]]
        return sum(IN_ALL if kind and kind[0] in STREAMS else IN_A_QUEUE for kind in kinds) * _buffer()

    def _mapped(self) -> int:
        """The most bytes that the kernel keeps of its mappings, when they were counted last: no process's memory shows them."""
        if time.monotonic() < self._count_again:
            return self._mappings
        begun, names, self._mappings = time.thread_time(), self._processes(), 0
        for name in names:
            with suppress(OSError):  # it is ending
                number = read_proc(f"{name}/maps", self._proc).count(b"\n")
                self._mappings += number * (A_MAPPING + A_LINK * len(names))
            if self._mappings > self.limits.memory:
                break
        self._count_again = time.monotonic() + max(COUNTING, 9 * (time.thread_time() - begun))
        return self._mappings

    def _files(self) -> int:
        """Bytes of its folders in memory."""
        total = 0
        for path in WRITABLE:
            number = os.open(path[1:], os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=self._root)
            try:
                found = os.fstatvfs(number)
            finally:
                os.close(number)
            total += (found.f_blocks - found.f_bfree) * found.f_frsize
        return total


@cache
def _buffer() -> int:
    """The bytes that a socket may send before they are read; a jail can't make its own larger."""
    return int(Path("/proc/sys/net/core/wmem_default").read_text())
