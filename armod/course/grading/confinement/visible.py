"""What a jail sees of this machine: Python, its packages and the library, read-only, and small folders in memory.

Of armod it sees neither the checks nor the grader, but for the few files that answer questions in there.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

import armod
from armod.course.grading.confinement.limits import MIB

PACKAGE = Path(armod.__file__).parent
HOME = "/home/student"
WRITABLE = ("/tmp", HOME, "/dev/shm", "/run")
FIRST_UID = 0x70000000  # far above what systems hand out; the grader's own number is added
# the system's own, which a jail sees too; whatever else lies in /usr, such as somebody's checkout in /usr/src, is nobody's
PREFIXES = (Path("/usr"), Path("/usr/local"))
SYSTEM = tuple(prefix / name for prefix in PREFIXES for name in ("bin", "lib", "lib32", "lib64", "share"))
# there on every Linux; one of them is covered while root's zygote starts
EMPTY_PLACES = ("/mnt", "/media", "/srv", "/opt")
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
    "ARMOD_COMPILED": "0",
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


def visible_folders() -> list[Path]:
    """The folders of the host that a jail sees beside the system's: this Python, its packages, armod."""
    found: list[Path] = []
    for path in (Path(sys.base_prefix), Path(sys.prefix), PACKAGE):
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


# The only files of these folders that a jail sees: they answer questions there, or make the jail.
SHOWN = {
    "course/exercises": ("engine/codec.py", "engine/responder.py"),
    "course/grading": ("examined.py", "confinement/zygote.py"),
}


def masked() -> dict[Path, dict[str, str]]:
    """The folders of the checks and of the grader, each with the files that a jail finds there instead of its own."""
    texts: dict[Path, dict[str, str]] = {}
    for name, shown in SHOWN.items():
        folder = PACKAGE / name
        packages = {Path(), *(Path(path).parent for path in shown)}
        texts[folder] = {str(package / "__init__.py"): "" for package in packages}
        texts[folder] |= {path: (folder / path).read_text(encoding="utf-8") for path in shown}
    texts[PACKAGE / "course/exercises"]["__init__.py"] = IN_PLACE_OF_EXERCISES
    return texts


def copy_library(folder: Path) -> None:
    """Copy the package into a folder, with what a jail finds in place of the checks and the grader; for the image."""
    stand_ins = masked()

    def left_out(path: str, names: list[str]) -> list[str]:
        return [name for name in names if name == "__pycache__" or Path(path) / name in stand_ins]

    shutil.copytree(PACKAGE, folder / PACKAGE.name, ignore=left_out)
    for original, texts in stand_ins.items():
        copy = folder / original.relative_to(PACKAGE.parent)
        for name, text in texts.items():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            (copy / name).write_text(text, encoding="utf-8")


def without_root(folders: Sequence[Path]) -> tuple[list[str], list[tuple[str, str]]]:
    """What root needs to start bubblewrap as a user without any rights, who reaches the folders all the same.

    Args:
        folders: The folders of the host that bubblewrap is to show.

    Returns:
        What comes before bubblewrap on the command line, and where bubblewrap finds each folder, with its path inside.
        Nothing comes before it for others than root.
    """
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


def bubblewrap(sources: Sequence[tuple[str, str]], also: Sequence[str]) -> list[str]:
    """The command line of bubblewrap, up to the program.

    Args:
        sources: The folders that are shown, each with its path inside.
        also: More of bubblewrap's own arguments.

    Returns:
        The command line, to which the program and its arguments are added.
    """
    command = ["bwrap", "--unshare-all", "--unshare-user", "--disable-userns", "--die-with-parent"]
    command += ["--new-session", "--uid", "65534", "--gid", "65534", "--clearenv", "--cap-drop", "ALL"]
    # what it takes to make namespaces for jails, and to give up for good; jails have neither
    command += ["--cap-add", "CAP_SYS_ADMIN", "--cap-add", "CAP_SETPCAP"]
    environment = dict(ENVIRONMENT)
    if str(PACKAGE.parent) in os.environ.get("PYTHONPATH", "").split(os.pathsep):  # nobody has installed it
        environment["PYTHONPATH"] = str(PACKAGE.parent)
    for name, value in environment.items():
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
