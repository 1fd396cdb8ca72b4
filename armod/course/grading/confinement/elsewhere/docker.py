"""Kernels in containers of docker's, one each: ``armod grade --runner docker``.

A container has no network, no rights, and no files of this machine: an image (`Dockerfile`) that holds Python and the
library, read-only, and small folders in memory. Docker limits its memory, processes and processor time.

The kernel's sockets lie in a folder in memory that both sides see. Before anything of a student's runs that folder is
closed: it belongs to the grader, and the container's user, who has no rights, can change nothing in it.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Mapping, Sequence
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path
from typing import Any

from armod.course.grading.confinement.jail import PATIENCE, JailError
from armod.course.grading.confinement.limits import MIB, Limits
from armod.course.grading.confinement.measured import held
from armod.course.grading.confinement.visible import ENVIRONMENT, HOME

LABEL = "armod"  # docker ps --filter label=armod lists them
NOBODY = "65534"  # not higher: the numbers of a daemon that is not root's end with 65535
SHARED = "/run/armod"
SOCKETS = f"{SHARED}/kernel"
PATH = "/usr/local/bin:/usr/bin:/bin"  # in the image
GLANCE = 0.05  # seconds
ANSWER = 30.0  # seconds for docker to do what takes it a moment
OUT_OF_MEMORY = 128 + 9  # the exit code of a container that the system killed

# The first process of a container. It lives until its worker ends, or the process that holds its standard input: so a
# grader that is killed leaves no container, only the closed folder. The worker can't end it or look into it.
PROGRAM = """
import ctypes, os, sys, threading
libc, dumpable = ctypes.CDLL(None), 4
libc.prctl(dumpable, 0, 0, 0, 0)
worker = os.fork()
if worker == 0:
    libc.prctl(dumpable, 1, 0, 0, 0)
    os.setsid()
    nothing = os.open(os.devnull, os.O_RDWR)
    for number in range(3):
        os.dup2(nothing, number)
    sys.argv[:] = sys.argv[1:]
    exec(sys.argv[0], {"__name__": "__main__"})
    os._exit(0)
def leave_with_the_grader():
    while os.read(0, 4096):
        pass
    os._exit(0)
threading.Thread(target=leave_with_the_grader, daemon=True).start()
while True:
    process, status = os.wait()
    if process == worker:
        os._exit(128 + os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status))
"""

KERNEL = """
import os, resource, sys
import armod.course.grading.examined
from ipykernel.kernelapp import IPKernelApp
with open("/proc/self/statm") as file:
    own = int(file.read().split()[5]) * resource.getpagesize()
most = own + int(sys.argv[2])  # what asks for more at once gets a MemoryError, and the kernel lives on
resource.setrlimit(resource.RLIMIT_DATA, (most, most))
app = IPKernelApp.instance()
os.umask(0)  # the grader is another user, who must be able to write to the sockets
app.initialize(["-f", sys.argv[1], "--HistoryManager.enabled=False", "--log-level=CRITICAL"])
os.umask(0o22)
app.start()
"""

LISTENER = """
import os, socket, time
os.umask(0)
listener = socket.socket(socket.AF_UNIX)
listener.bind("/run/armod/new")
listener.listen()
os.rename("/run/armod/new", "/run/armod/kernel-1")  # who sees it finds somebody there
time.sleep(1000)
"""


def start(limits: Limits, connection: Mapping[str, Any]) -> Container:
    """A kernel in a container; ``connection`` is its connection file but for the place of its sockets."""
    numbers = [number for name, number in connection.items() if name.endswith("_port")]
    return Container(limits, KERNEL, numbers, {**connection, "ip": SOCKETS})


def trouble() -> tuple[str, str] | None:
    """What keeps containers from working here, and how to mend it; None if one was really made."""
    if sys.platform != "linux":
        return "docker's containers are out of reach, in a virtual machine", "grade on a Linux machine"
    if shutil.which("docker") is None:
        return (
            "docker is not installed",
            "sudo apt-get install docker.io (Debian, Ubuntu), or your distribution's package of Docker",
        )
    answers, said = _docker("version", "--format", "{{.Server.Version}}")
    if not answers:
        return (
            f"docker's daemon does not answer ({said})",
            "sudo systemctl start docker; where it runs, sudo usermod --append --groups docker $USER, and log in again",
        )
    _, said = _docker("info", "--format", "{{.MemoryLimit}} {{.PidsLimit}}")
    if said != "true true":
        return "docker can't limit memory and processes", "see the warnings at the end of docker info"
    found, _ = _docker("image", "inspect", image())
    if not found:
        return f"docker has no image {image()}", f"docker build --tag {image()} . in the folder of armod"
    try:
        container = Container(Limits(), LISTENER, [1])
    except JailError as problem:
        return f"no container can be started ({problem})", "grade on another Linux machine"
    try:
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(f"{container.sockets}-1")
    except OSError as problem:
        return f"docker's containers are out of reach ({problem.strerror})", "use a daemon of this machine"
    finally:
        container.kill()
    return None


class Container:
    """A container from the outside; ``ended_by`` is what it was killed for, "" for nothing.

    Args:
        limits: What it may use.
        program: A Python program; its arguments are the connection file and the limit of its memory.
        numbers: Those of the sockets that it makes.
        connection: What stands in the connection file.

    Raises:
        JailError: If the sockets are not there in time.
    """

    def __init__(
        self,
        limits: Limits,
        program: str,
        numbers: Sequence[int],
        connection: Mapping[str, Any] | None = None,
    ) -> None:
        self.ended_by = ""
        self.name = f"armod-{uuid.uuid4().hex}"
        self._limits = limits
        self._struck = False
        self._private = Path(tempfile.mkdtemp(prefix="armod-", dir=_place()))  # for the grader's eyes only
        self._folder = self._private / "sockets"
        self._folder.mkdir()
        file = self._folder / "kernel.json"
        file.write_text(json.dumps(connection), encoding="utf-8")
        file.chmod(0o644)
        self._folder.chmod(0o777)
        self._client = subprocess.Popen(
            [
                *_command(limits, self.name, self._folder),
                "python",
                "-c",
                PROGRAM,
                program,
                f"{SHARED}/{file.name}",
                str(limits.memory),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            start_new_session=True,  # Ctrl-C is for the grader
        )
        # what the grader may hold, measured before a message can have come
        self._most = max(limits.grader_memory, held("self") + 64 * MIB)
        self._watch = threading.Thread(target=self._watching, daemon=True, name="armod-container")
        self._watch.start()
        try:
            self._close_folder_with([f"{self.sockets}-{number}" for number in numbers])
        except BaseException:
            self.kill()
            raise

    @property
    def sockets(self) -> str:
        """How the paths of its sockets begin, seen from here."""
        return str(self._folder / Path(SOCKETS).name)

    @property
    def is_alive(self) -> bool:
        """Whether any of its processes may still run."""
        return self._client.poll() is None

    def waited(self) -> float:
        """0: of a container nobody knows for how long it had no core."""
        return 0.0

    def kill(self) -> None:
        """End the container, wait until docker has removed it, and remove the folder; again is no harm."""
        self._strike()
        self._watch.join()
        for stream in (self._client.stdin, self._client.stderr):
            assert stream is not None
            with suppress(OSError):
                stream.close()
        shutil.rmtree(self._private, ignore_errors=True)

    def _close_folder_with(self, paths: Sequence[str]) -> None:
        """Wait for the sockets, then let the container change nothing in their folder any more."""
        deadline = time.monotonic() + PATIENCE
        while not all(map(os.path.exists, paths)):
            if not self.is_alive:
                assert self._client.stderr is not None
                lines = self._client.stderr.read().decode(errors="replace").strip().split("\n")
                said = next((line for line in lines if line.startswith("docker:")), lines[-1])
                raise JailError(said or "the container ended without a word")
            if time.monotonic() > deadline:
                raise JailError(f"the container was not ready within {PATIENCE:.0f} s")
            time.sleep(0.005)
        self._folder.chmod(0o755)

    def _watching(self) -> None:
        """Keep the grader itself from being flooded with messages, until the container ends."""
        while self.is_alive:
            if held("self") > self._most and not self._struck:
                self.ended_by = "messages"
                self._strike()
            time.sleep(GLANCE)
        if self._client.returncode == OUT_OF_MEMORY and not self._struck:
            self.ended_by = "memory"

    def _strike(self) -> None:
        deadline = time.monotonic() + PATIENCE
        while self.is_alive:
            self._struck = True
            _docker("kill", self.name)  # fails as long as docker has not made the container
            with suppress(subprocess.TimeoutExpired):
                self._client.wait(0.5)
            if time.monotonic() > deadline:
                self._client.kill()
                _docker("rm", "--force", self.name)


def image() -> str:
    """The name of the image that fits this version of armod."""
    return f"armod-grading:{version('armod')}"


def _command(limits: Limits, name: str, folder: Path) -> list[str]:
    """What starts a container, up to the program in it."""
    command = ["docker", "run", "--rm", "--interactive", "--attach", "stdin", "--pull", "never"]
    command += ["--name", name, "--label", LABEL, "--log-driver", "none"]
    command += ["--network", "none", "--ipc", "private", "--read-only", "--user", f"{NOBODY}:{NOBODY}"]
    command += ["--cap-drop", "ALL", "--security-opt", "no-new-privileges"]
    memory = str(limits.memory)
    command += ["--memory", memory, "--memory-swap", memory, "--cpus", "1"]
    command += ["--pids-limit", str(limits.processes), "--ulimit", "core=0"]
    command += ["--ulimit", f"nofile={limits.descriptors}", "--ulimit", f"fsize={limits.disk}"]
    for path in ("/tmp", HOME, "/dev/shm"):
        command += ["--tmpfs", f"{path}:size={limits.disk},nr_inodes={limits.files},uid={NOBODY},mode=700"]
    command += ["--mount", f"type=bind,source={folder},target={SHARED}", "--workdir", HOME]
    for variable, value in {**ENVIRONMENT, "PATH": PATH}.items():
        command += ["--env", f"{variable}={value}"]
    return [*command, image()]


def _place() -> str:
    """Where the sockets' folder is made: in memory if that can be."""
    places = (os.environ.get("XDG_RUNTIME_DIR", ""), "/dev/shm")
    return next((path for path in places if os.access(path, os.W_OK | os.X_OK)), tempfile.gettempdir())


def _docker(*arguments: str) -> tuple[bool, str]:
    """Whether docker did it, and its last line."""
    try:
        done = subprocess.run(["docker", *arguments], capture_output=True, text=True, timeout=ANSWER)
    except (OSError, subprocess.TimeoutExpired):
        return False, f"no answer within {ANSWER:.0f} s"
    lines = (done.stdout if done.returncode == 0 else done.stderr).strip().splitlines()
    return done.returncode == 0, lines[-1] if lines else ""
