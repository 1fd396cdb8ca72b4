"""A process that is locked in by bubblewrap: it sees Python, read-only, and nothing else of this machine.

No network, no other processes, no host files, an environment of our own, and folders in memory that are as small as
`Limits` says. Nothing is written on the host, so nothing is left behind, however it ends: what the process needs
arrives through file descriptors, and its sockets lie in its own memory, seen from here below ``/proc/PID/root``.

Who starts it as root starts it as nobody in particular: the kernel does not count the processes of root, and what
breaks out must find itself without rights. What bubblewrap can't limit - the memory of all its processes together,
files by their number, what it makes the grader itself hoard - a thread watches, and kills the jail.
"""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path

MIB = 2**20
PAGE = os.sysconf("SC_PAGE_SIZE")
HOME = "/home/student"
WRITABLE = ("/tmp", HOME, "/dev/shm", "/run")
FIRST_UID = 0x70000000  # far above what systems hand out; the grader's own number is added
EMPTY_PLACES = (
    "/mnt",
    "/media",
    "/srv",
    "/opt",
)  # there on every Linux; one is covered while a jail of root's starts
PATIENCE = 60.0  # seconds for bubblewrap to start, on a busy machine
GLANCE = 0.03  # seconds between two looks at the memory

ENVIRONMENT = {
    "PATH": "/usr/bin:/bin",
    "HOME": HOME,
    "USER": "student",
    "LANG": "C.UTF-8",
    "OMP_NUM_THREADS": "1",
    "PYTHONHASHSEED": "0",
    "PYTHONDONTWRITEBYTECODE": "1",
    "TQDM_DISABLE": "1",
    "ARMOD_PROGRESS": "off",
}

# Make the folders named reachable for another user, in this process's view of the machine only.
STAGE = """set -e
place=$1; count=$2; shift 2; number=0
mount -t tmpfs -o size=64k,mode=755 none "$place"
while [ $number -lt $count ]; do
    mkdir "$place/$number"; mount --bind "$1" "$place/$number"; number=$((number + 1)); shift
done
exec "$@"
"""
# It tells that it is in, and waits for leave to begin. What it prints of its own accord then goes nowhere.
READY = "echo 'armod: ready' >&2; read -r leave; exec </dev/null 2>/dev/null"
QUIET = " >/dev/null"


@dataclass(frozen=True)
class Limits:
    """What a submission may use. Sizes are in bytes, times in seconds."""

    memory: int = 2048 * MIB  # of all its processes and files together
    disk: int = 64 * MIB  # of each folder that it can write to
    files: int = 20_000  # by number
    descriptors: int = 1024
    processes: int = 128  # threads count
    question_seconds: float = 10.0
    cell_seconds: float = 60.0
    notebook_seconds: float = 600.0
    grace_seconds: float = 2.0  # to heed an interrupt
    message: int = 24 * MIB
    restarts: int = 5
    grader_memory: int = 352 * MIB  # of the grader itself: a flood of messages ends there


class JailError(RuntimeError):
    """The jail did not start; the message says what bubblewrap said."""


class Jail:
    """One locked-in process and all that it starts.

    ``command`` is run inside; ``files`` are texts by the path that they get there; ``masked`` are folders of the host,
    below those that the jail sees, in whose place it finds only the texts given. The thread that makes the jail must
    outlive it. With ``output`` what the process prints can be read from ``process.stdout``: by `first_line`, best. A
    process that ends by itself leaves its end to be noted by the system, one that waits to be killed leaves nothing.

    Raises:
        JailError: if it does not start.
    """

    def __init__(
        self,
        command: Sequence[str],
        limits: Limits,
        *,
        files: Mapping[str, str] | None = None,
        masked: Mapping[Path, Mapping[str, str]] | None = None,
        folders: Sequence[Path] | None = None,
        output: bool = False,
    ) -> None:
        self.limits = limits
        self.ended_by = ""  # what the watch killed it for
        self._closed = False
        outer, sources = _outer(visible_folders() if folders is None else folders)
        with ExitStack() as stack:
            handed: list[int] = []

            def descriptor(text: str) -> str:
                handed.append(number := os.memfd_create("armod"))
                stack.callback(os.close, number)
                os.write(number, text.encode())
                os.lseek(number, 0, os.SEEK_SET)
                return str(number)

            contents: list[str] = []
            for path, text in (files or {}).items():
                contents += ["--ro-bind-data", descriptor(text), path]
            for folder, texts in (masked or {}).items():
                contents += ["--size", str(MIB), "--tmpfs", str(folder)]
                for name, text in texts.items():
                    contents += ["--ro-bind-data", descriptor(text), str(folder / name)]
                contents += ["--remount-ro", str(folder)]
            info = descriptor("")
            inside = ["sh", "-c", READY + ("" if output else QUIET) + '; exec "$@"', "sh", *command]
            self.process = subprocess.Popen(
                [*outer, *_bubblewrap(limits, sources, [*contents, "--info-fd", info]), *inside],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE if output else subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                pass_fds=handed,
                cwd="/",
                env={"PATH": os.environ.get("PATH", os.defpath)},
            )
            assert self.process.stdin is not None
            try:
                self._await_ready()
                self._init = int(json.loads(os.pread(int(info), 4096, 0))["child-pid"])
                self._handle = os.pidfd_open(self._init)
                self._root = os.open(self.root, os.O_PATH | os.O_DIRECTORY)
                self._proc = os.open("proc", os.O_RDONLY | os.O_DIRECTORY, dir_fd=self._root)
                with self.process.stdin:
                    self.process.stdin.write(b"go\n")
            except BaseException as problem:
                self.process.kill()
                self.process.wait()
                if isinstance(problem, OSError | ValueError | KeyError):
                    raise JailError(f"the sandbox broke while it started ({problem})") from problem
                raise
        self._most = max(limits.grader_memory, _resident("self") + 64 * MIB)
        self._watch = threading.Thread(target=self._watching, daemon=True, name="armod-jail")
        self._watch.start()

    @property
    def root(self) -> str:
        """The path under which its files are seen from here."""
        return f"/proc/{self._init}/root"

    @property
    def is_alive(self) -> bool:
        """Whether any of its processes may still run."""
        return self.process.poll() is None

    def kill(self) -> None:
        """End every process of the jail and wait until they are gone; again is no harm."""
        if self._closed:
            return
        self._closed = True
        self._strike()
        self.process.wait()
        self._watch.join()
        for number in (self._handle, self._root, self._proc):
            os.close(number)
        for stream in (self.process.stdout, self.process.stderr):
            if stream is not None:
                stream.close()

    def first_line(self, seconds: float) -> str:
        """The first line that the process prints; nothing if it ends before, or says none in time."""
        assert self.process.stdout is not None
        text, deadline = b"", time.monotonic() + seconds
        while not text.endswith(b"\n"):
            if not select.select([self.process.stdout], [], [], max(0.0, deadline - time.monotonic()))[0]:
                return ""
            if not (part := os.read(self.process.stdout.fileno(), 4096)):
                return ""
            text += part
        return text.decode(errors="replace")

    def memory(self) -> int:
        """The bytes that its processes and files take together; pages that several share count for each."""
        total = sum(_resident(name, self._proc) for name in os.listdir(self._proc) if name.isdigit())
        for path in WRITABLE:
            total += self._file_system(path)[0]
        return total

    def _watching(self) -> None:
        while self.process.poll() is None and not self.ended_by:
            try:
                if self.memory() > self.limits.memory and self._exact_memory() > self.limits.memory:
                    self.ended_by = "memory"
                elif sum(self._file_system(path)[1] for path in WRITABLE) > self.limits.files:
                    self.ended_by = "files"
                elif _resident("self") > self._most:
                    self.ended_by = "messages"
            except OSError:
                pass  # it is ending
            if self.ended_by:
                self._strike()
            time.sleep(GLANCE)

    def _strike(self) -> None:
        with suppress(ProcessLookupError):
            signal.pidfd_send_signal(self._handle, signal.SIGKILL)  # the first takes all others with it

    def _exact_memory(self) -> int:
        """As `memory`, but pages that several processes share count once."""
        total = sum(self._file_system(path)[0] for path in WRITABLE)
        for name in filter(str.isdigit, os.listdir(self._proc)):
            try:
                with open(os.open(f"{name}/smaps_rollup", os.O_RDONLY, dir_fd=self._proc)) as file:
                    total += next(int(line.split()[1]) for line in file if line.startswith("Pss:")) * 1024
            except (OSError, StopIteration):
                total += _resident(name, self._proc)
        return total

    def _file_system(self, path: str) -> tuple[int, int]:
        """Bytes and files of one of its folders."""
        number = os.open(path[1:], os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=self._root)
        try:
            found = os.fstatvfs(number)
        finally:
            os.close(number)
        return (found.f_blocks - found.f_bfree) * found.f_frsize, found.f_files - found.f_ffree

    def _await_ready(self) -> None:
        """Wait until the process stands in its new root: earlier, its files would be those of the host."""
        assert self.process.stderr is not None
        text, deadline = b"", time.monotonic() + PATIENCE
        while not text.endswith(b"armod: ready\n"):
            if not select.select([self.process.stderr], [], [], max(0.0, deadline - time.monotonic()))[0]:
                raise JailError(f"the sandbox did not start within {PATIENCE:.0f} s")
            part = os.read(self.process.stderr.fileno(), 4096)
            if not part:
                lines = text.decode(errors="replace").split("\n")
                raise JailError(next(filter(None, lines), "bubblewrap failed without a word"))
            text += part


def visible_folders() -> list[Path]:
    """The folders of the host that a jail sees: this Python, its packages, armod."""
    package = Path(__file__).parents[1]
    found: list[Path] = []
    for path in (Path(sys.base_prefix), Path(sys.prefix), package):
        for folder in (path, path.resolve()):
            if not any(folder.is_relative_to(other) for other in (Path("/usr"), *found)):
                found.append(folder)
    return found


def _outer(folders: Sequence[Path]) -> tuple[list[str], list[tuple[str, str]]]:
    """What comes before bubblewrap, and where each folder is found then: nothing, unless root is to be left behind."""
    if os.geteuid() != 0:
        return [], [(str(folder), str(folder)) for folder in folders]
    place = next(
        place
        for place in EMPTY_PLACES
        if Path(place).is_dir() and not any(folder.is_relative_to(place) for folder in folders)
    )
    uid = str(FIRST_UID + os.getpid())
    stage = ["unshare", "--mount", "--propagation", "private", "sh", "-c", STAGE, "sh", place]
    user = ["setpriv", "--reuid", uid, "--regid", uid, "--clear-groups", "--no-new-privs"]
    return (
        [*stage, str(len(folders)), *map(str, folders), *user],
        [(f"{place}/{number}", str(folder)) for number, folder in enumerate(folders)],
    )


def _bubblewrap(limits: Limits, sources: Sequence[tuple[str, str]], also: Sequence[str]) -> list[str]:
    command = ["bwrap", "--unshare-all", "--unshare-user", "--disable-userns", "--die-with-parent"]
    command += ["--new-session", "--cap-drop", "ALL", "--uid", "65534", "--gid", "65534", "--clearenv"]
    for name, value in ENVIRONMENT.items():
        command += ["--setenv", name, value]
    command += ["--ro-bind", "/usr", "/usr"]
    for name in ("bin", "lib", "lib64"):
        command += ["--symlink", f"usr/{name}", f"/{name}"]
    command += ["--ro-bind-try", "/etc/ld.so.cache", "/etc/ld.so.cache", "--proc", "/proc", "--dev", "/dev"]
    for path in WRITABLE:
        command += ["--size", str(limits.disk), "--tmpfs", path]
    for source, path in sources:
        command += ["--ro-bind", source, path]
    command += [*also, "--remount-ro", "/dev", "--remount-ro", "/", "--chdir", HOME, "--"]
    command += ["prlimit", f"--nproc={limits.processes}", "--core=0", f"--fsize={limits.disk}"]
    command += [f"--nofile={limits.descriptors}", f"--data={limits.memory}", "--"]
    return command


def _resident(process: str, folder: int | None = None) -> int:
    """The bytes of memory that a process holds; 0 once it is gone."""
    path = f"/proc/{process}/statm" if folder is None else f"{process}/statm"
    try:
        with open(os.open(path, os.O_RDONLY, dir_fd=folder)) as file:
            return int(file.read().split()[1]) * PAGE
    except (OSError, IndexError):
        return 0
