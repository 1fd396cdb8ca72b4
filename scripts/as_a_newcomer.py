#!/usr/bin/env python3
"""Take a newcomer's way through the README, in an empty folder with a home, caches and environments of its own.

The commands are read from README.md, so what is tried is what is written there:

    clone   clone this repository as it is committed; then every command of the README, from `make lab` on
    wheel   what the line "Without a checkout" says: build the wheel, install it, and the commands in an empty folder

A server has to answer with its page; a question is answered with "y"; what needs a checkout has to say so. Commands
that take very long are left out, and named; --long runs them too. A table of seconds comes at the end, and exit code 1
if a command didn't do what the README says.
"""

from __future__ import annotations

import argparse
import os
import re
import resource
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Timer

CHECKOUT = Path(__file__).resolve().parent.parent
LIMIT = 3 * 3600  # seconds, for what hangs; nothing of the README takes as long
# What a newcomer's shell has of this one: where programs are, the language, and by which way pip reaches an index.
KEPT = re.compile(
    r"PATH|LANG|LC_\w+|TERM|XDG_CONFIG_DIRS|PIP_\w+|SSL_CERT_\w+|\w+_proxy|SYSTEMROOT", re.IGNORECASE
)
SERVERS = ("make lab", "armod lab")
LONG = (
    "make test",
    "make test-again",
    "make test-quick",
    "make bench",
    "armod train made-digits28",
    "armod run --out results",
)
# Commands that say by exit code 1 that something is still to be done: nobody has answered the exercises.
TO_BE_DONE = ("armod check",)
NEEDS_A_CHECKOUT = "needs a checkout"
# What a command that ends well says all the same where it didn't do what it was asked for.
UNTRUE = {"armod grade": r"[1-9]\d* refused"}


def readme_blocks(language: str, text: str) -> list[str]:
    """The fenced blocks of the README in a language."""
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


def readme_commands(text: str) -> list[str]:
    """Each command of the README's shell blocks, in order, without what stands behind it."""
    lines = [line for block in readme_blocks("sh", text) for line in block.splitlines()]
    return [shlex.join(words) for line in lines if (words := shlex.split(line, comments=True))]


def wheel_commands(text: str) -> dict[str, str]:
    """The commands of the README's line about the wheel: what builds it, and what installs it."""
    (item,) = re.findall(r"^- \*\*Without a checkout:\*\*(.*?)(?=^- )", text, re.MULTILINE | re.DOTALL)
    commands = [" ".join(command.split()) for command in re.findall(r"`(pip [^`]+)`", item)]
    return {command.split()[1]: command for command in commands}


def is_one_of(command: str, those: tuple[str, ...]) -> bool:
    """Whether a command is one of those, whatever else is said to it."""
    return any(f"{command} ".startswith(f"{each} ") for each in those)


def own_environment(home: Path, *programs: Path) -> dict[str, str]:
    """The variables of somebody who has just sat down here."""
    kept = {name: value for name, value in os.environ.items() if KEPT.fullmatch(name)}
    kept.pop("PIP_CACHE_DIR", None)
    ours = os.environ.get("VIRTUAL_ENV", str(CHECKOUT / ".venv"))
    path = [each for each in kept["PATH"].split(os.pathsep) if not each.startswith((ours, str(CHECKOUT)))]
    for name in ("home", "tmp"):
        (home.parent / name).mkdir(exist_ok=True)
    # an index that isn't there is asked once more, as the Makefile does, not five times for each package
    return {"PIP_RETRIES": "1"} | kept | {
        "HOME": str(home),
        "TMPDIR": str(home.parent / "tmp"),
        "PATH": os.pathsep.join([*map(str, programs), *path]),
    }  # fmt: skip


@dataclass
class Walk:
    """Commands given one after the other in a folder, with what each took and what went wrong."""

    folder: Path
    env: dict[str, str]
    from_wheel: bool = False
    rows: list[tuple[str, float, float, str]] = field(default_factory=list)

    def give(self, command: str, folder: Path | None = None) -> str:
        """Run a command as a reader does; its output, for who needs it."""
        print(f"$ {command}", flush=True)
        before, cpu = time.perf_counter(), cpu_seconds()
        is_server = is_one_of(command, SERVERS)
        fault, said = (self._serve if is_server else self._run)(command, folder or self.folder)
        self.rows.append((command, time.perf_counter() - before, cpu_seconds() - cpu, fault))
        if fault:
            print(f"{said[-3000:]}\n  {fault}", flush=True)
        return said

    def _run(self, command: str, folder: Path) -> tuple[str, str]:
        done = subprocess.run(
            ["bash", "-c", command], cwd=folder, env=self.env, input="y\n", stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, timeout=LIMIT,
        )  # fmt: skip
        if self.from_wheel and done.returncode == 2 and NEEDS_A_CHECKOUT in done.stdout:
            return "", done.stdout
        for begin, untrue in UNTRUE.items():
            if command.startswith(begin) and (found := re.search(untrue, done.stdout)):
                return found[0], done.stdout
        wanted = 1 if is_one_of(command, TO_BE_DONE) else 0
        return "" if done.returncode == wanted else f"exit code {done.returncode}", done.stdout

    def _serve(self, command: str, folder: Path) -> tuple[str, str]:
        """Start a server, open the address that it prints, and close it by Ctrl-C."""
        server = subprocess.Popen(
            ["bash", "-c", command], cwd=folder, env=self.env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, start_new_session=True,
        )  # fmt: skip
        assert server.stdout is not None
        said, fault = "", "it ended without an address"
        alarm = Timer(LIMIT, os.killpg, (server.pid, signal.SIGKILL))
        alarm.start()
        try:
            for line in server.stdout:
                said += line
                if address := re.search(r"http://\S+", line):
                    fault = page_fault(address[0])
                    break
            with suppress(ProcessLookupError):
                os.killpg(server.pid, signal.SIGINT)
            said += server.communicate(timeout=60)[0]
        except subprocess.TimeoutExpired:
            fault = fault or "Ctrl-C does not close it"
        finally:
            alarm.cancel()
            with suppress(ProcessLookupError):
                os.killpg(server.pid, signal.SIGKILL)
            server.wait()
        return fault, said


def page_fault(address: str) -> str:
    """What is wrong with the page of an address; "" if it is JupyterLab's."""
    try:
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(address, timeout=60) as answer:
            page = answer.read().decode()
    except OSError as error:
        return f"{address} does not answer: {error}"
    return "" if "jupyter-config-data" in page else f"{address} is no page of JupyterLab"


def cpu_seconds() -> float:
    """Of all processes that this one started and that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def steps(commands: list[str], long: bool) -> Iterator[str]:
    """The commands that are given; those that are left out are named."""
    left_out = [command for command in commands if command in LONG and not long]
    if left_out:
        print(f"Left out without --long: {', '.join(left_out)}", flush=True)
    return (command for command in commands if command not in left_out)


def hand_in(walk: Walk, command: str) -> None:
    """Before `armod grade FOLDER [--course COURSE]`: a class of two hands in what it was given."""
    _, _, folder, *options = shlex.split(command)
    course = options[options.index("--course") + 1] if "--course" in options else None
    (given,) = walk.folder.glob(f"{course}/released/*.ipynb" if course else "*/my_exercises/4_5_1_made.ipynb")
    for student in ("ada", "grace"):
        (walk.folder / folder / student).mkdir(parents=True)
        shutil.copy(given, walk.folder / folder / student)


def take(walk: Walk, commands: list[str], long: bool) -> None:
    """The README's commands; what somebody would have at hand by then is there."""
    for command in steps(commands, long):
        if command.startswith("armod grade "):
            hand_in(walk, command)
        walk.give(command)


def clone_way(folder: Path, text: str, long: bool) -> Walk:
    """A checkout, in which `make` installs everything."""
    checkout = folder / "armod"
    walk = Walk(folder, own_environment(folder / "home", checkout / ".venv" / "bin"))
    walk.give(shlex.join(["git", "clone", "--quiet", str(CHECKOUT), str(checkout)]))
    walk.folder = checkout
    first, *rest = readme_commands(text)
    take(walk, [first], long)
    python_blocks(walk, text)
    take(walk, rest, long)
    walk.give("git diff --exit-code")  # none of it changed a file of the repository
    return walk


def wheel_way(folder: Path, text: str, long: bool) -> Walk:
    """The wheel, built from a clone, and an empty folder that knows nothing of the clone."""
    bin_, source, empty = folder / "venv" / "bin", folder / "source", folder / "empty"
    walk = Walk(folder, own_environment(folder / "home", bin_), from_wheel=True)
    commands = wheel_commands(text)
    walk.give(shlex.join(["git", "clone", "--quiet", str(CHECKOUT), str(source)]))
    walk.give("python3 -m venv venv")
    walk.give(commands["wheel"], source)
    (wheel,) = source.glob("armod-*.whl")
    wheel = wheel.rename(folder / wheel.name)
    shutil.rmtree(source)
    # a dry run of `make` prints how the Makefile installs PyTorch: the same here, for it is gigabytes smaller
    printed = subprocess.run(
        ["make", "-n", "-W", "pyproject.toml", "setup"],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        check=True,
    )
    (torch,) = re.findall(r"^\S+ -m (pip .* torch)$", printed.stdout, re.MULTILINE)
    walk.give(torch.replace("constraints.txt", str(CHECKOUT / "constraints.txt")))
    walk.give(commands["install"].replace("armod[course]", f"armod[course] @ {wheel.as_uri()}"))
    empty.mkdir()
    walk.folder = empty
    python_blocks(walk, text)
    take(walk, [command for command in readme_commands(text) if command.startswith("armod ")], long)
    return walk


def python_blocks(walk: Walk, text: str) -> None:
    """What the README shows of the library."""
    for number, block in enumerate(readme_blocks("python", text)):
        (walk.folder.parent / f"block_{number}.py").write_text(block, encoding="utf-8")
        walk.give(f"python < ../block_{number}.py")


def table(walk: Walk) -> str:
    """Seconds by the clock and of the processors, a row for each command."""
    lines = ["| command | seconds | of them computing | |", "|---|---:|---:|---|"]
    lines += [
        f"| `{command}` | {wall:,.1f} | {cpu:,.1f} | {fault or 'ok'} |"
        for command, wall, cpu, fault in walk.rows
    ]
    wall, cpu = (sum(row[place] for row in walk.rows) for place in (1, 2))
    return "\n".join([*lines, f"| all | {wall:,.0f} | {cpu:,.0f} | |"])


WAYS = {"clone": clone_way, "wheel": wheel_way}


def main() -> int:
    """Take the ways that were asked for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("way", nargs="*", help="clone, wheel, or both when none is named")
    parser.add_argument(
        "--long", action="store_true", help="also what takes many minutes: " + ", ".join(LONG)
    )
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="use this new folder, and keep it")
    options = parser.parse_args()
    if unknown := set(options.way) - set(WAYS):
        parser.error(f"there is no way called {', '.join(sorted(unknown))}")
    text, is_well = (CHECKOUT / "README.md").read_text(encoding="utf-8"), True
    for way in options.way or WAYS:
        base = options.keep or Path(tempfile.mkdtemp(prefix="armod-newcomer-"))
        (base / way).mkdir(parents=True)
        try:
            walk = WAYS[way](base / way, text, options.long)
        finally:
            if not options.keep:
                shutil.rmtree(base)
        print(f"\n{way}\n\n{table(walk)}\n", flush=True)
        is_well &= not any(fault for *_, fault in walk.rows)
    return 0 if is_well else 1


if __name__ == "__main__":
    sys.exit(main())
