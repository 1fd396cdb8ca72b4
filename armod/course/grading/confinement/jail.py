"""A process that is locked in: it sees Python, read-only, and nothing else of this machine.

No network, no other processes, no host files, an environment of our own, and folders in memory that are as small as
`Limits` says. Nothing is written on the host, so nothing is left behind, however it ends: its sockets lie in its own
memory, seen from here through a descriptor of its root folder.

bubblewrap locks in one process of ours for each process that marks, the zygote (`armod.course.grading.confinement.zygote`). It imports
torch and all that kernels need, once; then it forks a jail for each submission, with namespaces of its own. A jail so
starts in a fifth of a second, and shares nothing with the one before but what ours had read from disk.

Who starts it as root starts it as nobody in particular: the kernel does not count the processes of root, and what
breaks out must find itself without rights. What can't be limited beforehand - the memory of all its processes
together, what it makes the grader itself hoard - a thread watches, and kills the jail.
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
from pathlib import Path
from typing import Any

from armod.course.grading.confinement.limits import MIB, Limits

PAGE = os.sysconf("SC_PAGE_SIZE")
HOME = "/home/student"
WRITABLE = ("/tmp", HOME, "/dev/shm", "/run")
CONNECTION, SOCKETS = "/run/kernel.json", "/run/kernel"
FIRST_UID = 0x70000000  # far above what systems hand out; the grader's own number is added
# the system's own, which a jail sees too; whatever else lies in /usr, such as somebody's checkout in /usr/src, is nobody's
PREFIXES = (Path("/usr"), Path("/usr/local"))
SYSTEM = tuple(prefix / name for prefix in PREFIXES for name in ("bin", "lib", "lib32", "lib64", "share"))
# there on every Linux; one of them is covered while root's zygote starts
EMPTY_PLACES = ("/mnt", "/media", "/srv", "/opt")
PATIENCE = 120.0  # seconds for torch to be imported, or a jail to be forked, on a busy machine
GLANCE = 0.03  # seconds between two looks at the memory

ENVIRONMENT = {
    "PATH": "/usr/bin:/bin",
    "HOME": HOME,
    "USER": "student",
    "LANG": "C.UTF-8",
    "OMP_NUM_THREADS": "1",
    "PYTHONHASHSEED": "0",
    "PYTHONDONTWRITEBYTECODE": "1",
    "PYDEVD_DISABLE_FILE_VALIDATION": "1",
    "MPLBACKEND": "module://matplotlib_inline.backend_inline",
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


# What kernels and the course's lessons import first; what they import later is the student's own time.
PRELOADED = (
    "ipykernel.ipkernel",
    "ipykernel.debugger",
    "matplotlib.pyplot",
    "matplotlib_inline.backend_inline",
    "sklearn.datasets",
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
    """The process that forks jails; ``folders`` of the host are seen in them, read-only.

    ``preloaded`` are the modules that it imports first.

    Raises:
        JailError: if it does not start; the message says what bubblewrap said.
    """

    _of_this_process: Zygote | None = None
    _lock = threading.Lock()

    def __init__(self, folders: Sequence[Path] | None = None, preloaded: Sequence[str] = PRELOADED) -> None:
        self.pid = os.getpid()
        self._turn = threading.Lock()
        self._orders, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        seen = visible_folders() if folders is None else folders
        self._kept = [str(folder) for folder in seen if any(map(folder.is_relative_to, WRITABLE))]
        outer, sources = _outer(seen)
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
                [*outer, *_bubblewrap(sources, contents), *program],
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
        """A new jail that runs a Python program, or without one a kernel; ``texts`` are files by their path in it.

        With ``output`` what it prints can be read by `Jail.first_line`. Raises JailError if it does not start.
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
        self._most = max(limits.grader_memory, _resident("self") + 64 * MIB)
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

    def first_line(self, seconds: float) -> str:
        """The first line that it prints; nothing if it ends before, or says none in time."""
        assert self._printed is not None
        text, deadline = b"", time.monotonic() + seconds
        while not text.endswith(b"\n"):
            if not select.select([self._printed], [], [], max(0.0, deadline - time.monotonic()))[0]:
                return ""
            if not (part := os.read(self._printed, 4096)):
                return ""
            text += part
        return text.decode(errors="replace")

    def memory(self) -> int:
        """The bytes that its processes and files take together; pages that several share count for each."""
        total = sum(_resident(name, self._proc) for name in os.listdir(self._proc) if name.isdigit())
        return total + self._files()

    def _ends_within(self, seconds: float) -> bool:
        """Whether the first process, which outlives the others, has ended, or does in time."""
        poll = select.poll()
        poll.register(self._first, select.POLLIN)
        return bool(poll.poll(1000 * seconds))

    def _watching(self) -> None:
        look_closer = 0.0
        while not self._closed and not self._ends_within(GLANCE):
            try:
                if self.memory() > self.limits.memory and (begun := time.monotonic()) >= look_closer:
                    if self._exact_memory() > self.limits.memory:
                        self.ended_by = "memory"
                    # many processes that share their pages must not keep the grader busy
                    look_closer = time.monotonic() + 9 * (time.monotonic() - begun)
                elif _resident("self") > self._most:
                    self.ended_by = "messages"
            except OSError:
                continue  # it is ending
            if self.ended_by:
                self._strike()
                return

    def _strike(self) -> None:
        with suppress(ProcessLookupError):
            signal.pidfd_send_signal(self._first, signal.SIGKILL)  # the first takes all others with it

    def _exact_memory(self) -> int:
        """As `memory`, but pages that several processes share count once."""
        total = self._files()
        for name in filter(str.isdigit, os.listdir(self._proc)):
            try:
                with open(os.open(f"{name}/smaps_rollup", os.O_RDONLY, dir_fd=self._proc)) as file:
                    total += next(int(line.split()[1]) for line in file if line.startswith("Pss:")) * 1024
            except (OSError, StopIteration):
                total += _resident(name, self._proc)
        return total

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


def visible_folders() -> list[Path]:
    """The folders of the host that a jail sees beside the system's: this Python, its packages, armod."""
    package = Path(__file__).parents[3]
    found: list[Path] = []
    for path in (Path(sys.base_prefix), Path(sys.prefix), package):
        for folder in (path, path.resolve()):
            if folder not in PREFIXES and not any(map(folder.is_relative_to, (*SYSTEM, *found))):
                found.append(folder)
    return found


def is_visible(path: Path) -> bool:
    """Whether what lies there can be read in a jail."""
    return any(map(path.resolve().is_relative_to, (*SYSTEM, *visible_folders())))


IN_PLACE_OF_EXERCISES = '''"""The checks are elsewhere: this is where answers are given."""


def check(name, *, names=None):
    """Nothing to see: the examiner asks by itself."""
    print(f"The answer to {name!r} is examined from outside.")
'''


def masked() -> dict[Path, dict[str, str]]:
    """The folders of armod in whose place a jail finds something else: the checks, and the grader itself."""
    package = Path(__file__).parents[3]
    exercises, grading = package / "course" / "exercises", package / "course" / "grading"
    shown = {
        exercises: ("engine/__init__.py", "engine/codec.py", "engine/responder.py"),
        grading: ("examined.py", "confinement/__init__.py", "confinement/zygote.py"),
    }
    texts = {
        folder: {name: (folder / name).read_text(encoding="utf-8") for name in names}
        for folder, names in shown.items()
    }
    texts[exercises]["__init__.py"] = IN_PLACE_OF_EXERCISES
    texts[grading]["__init__.py"] = ""
    return texts


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


def _bubblewrap(sources: Sequence[tuple[str, str]], also: Sequence[str]) -> list[str]:
    command = ["bwrap", "--unshare-all", "--unshare-user", "--disable-userns", "--die-with-parent"]
    command += ["--new-session", "--uid", "65534", "--gid", "65534", "--clearenv", "--cap-drop", "ALL"]
    # what it takes to make namespaces for jails, and to give up for good; jails have neither
    command += ["--cap-add", "CAP_SYS_ADMIN", "--cap-add", "CAP_SETPCAP"]
    for name, value in ENVIRONMENT.items():
        command += ["--setenv", name, value]
    for folder in SYSTEM:
        command += ["--ro-bind-try", str(folder), str(folder)]
    for name in ("bin", "lib", "lib64"):
        command += ["--symlink", f"usr/{name}", f"/{name}"]
    command += ["--ro-bind-try", "/etc/ld.so.cache", "/etc/ld.so.cache", "--proc", "/proc", "--dev", "/dev"]
    for path in WRITABLE:
        command += ["--size", str(64 * MIB), "--tmpfs", path]  # the zygote's own; each jail gets new ones
    for source, path in sources:
        command += ["--ro-bind", source, path]
    return [*command, *also, "--remount-ro", "/dev", "--remount-ro", "/", "--chdir", HOME, "--"]


def _resident(process: str, folder: int | None = None) -> int:
    """The bytes of memory that a process holds; 0 once it is gone."""
    path = f"/proc/{process}/statm" if folder is None else f"{process}/statm"
    try:
        with open(os.open(path, os.O_RDONLY, dir_fd=folder)) as file:
            return int(file.read().split()[1]) * PAGE
    except (OSError, IndexError):
        return 0
