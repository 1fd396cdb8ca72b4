"""The jail and the kernels in it: what they promise, that the probe would see it broken, and refusals in words."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import nbformat
import papermill
import pytest
from click.testing import CliRunner

from armod.cli import main
from armod.grading import GradingError, jail, probe, sandbox
from armod.grading.jail import FIRST_UID, HOME, MIB, Jail, JailError, Limits
from tests.grading.arena import left_behind

# opens real jails: minutes, and a kernel that allows namespaces
pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def bubblewrap(require_program) -> None:
    require_program("bubblewrap")


def said(program: str, **options) -> str:
    program += "\nimport time; time.sleep(100)"
    locked = Jail([sys.executable, "-I", "-c", program], Limits(), output=True, **options)
    try:
        return locked.first_line(60)
    finally:
        locked.kill()


def test_every_promise_holds_and_the_command_says_so() -> None:
    outcome = CliRunner().invoke(main, ["doctor", "--sandbox"])
    assert outcome.exit_code == 0, outcome.output
    assert [line.split()[:2] for line in outcome.output.splitlines()[:-2]] == [
        ["ok", name] for name in probe.WORDS
    ]
    assert outcome.output.splitlines()[-1] == "All that the sandbox promises holds here."


BROKEN = {
    "network": lambda command: [*command[:2], "--share-net", *command[2:]],
    "files": lambda command: swapped(command, "--remount-ro", "--ro-bind", "/etc", "/etc", "--remount-ro"),
    "disk": lambda command: ["1000000000" if word == str(8 * MIB) else word for word in command],
    "descriptors": lambda command: [word for word in command if not word.startswith("--nofile")],
    "memory": lambda command: [word for word in command if not word.startswith("--data")],
    "forks": lambda command: [word for word in command if not word.startswith("--nproc")],
}


def swapped(command: list[str], word: str, *others: str) -> list[str]:
    place = command.index(word)
    return [*command[:place], *others, *command[place + 1 :]]


@pytest.mark.parametrize("name", BROKEN)
def test_the_probe_sees_a_broken_promise(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    whole = jail._bubblewrap

    def broken(*arguments):
        return BROKEN[name](whole(*arguments))

    monkeypatch.setattr(jail, "_bubblewrap", broken)
    assert not {promise.name: promise.holds for promise in probe.probe()}[name]


def test_files_come_through_descriptors_and_folders_are_masked(tmp_path: Path) -> None:
    folder = Path(jail.__file__).parent
    program = f"import os; print(open('/run/x').read(), sorted(os.listdir({str(folder)!r})), os.getcwd(), os.getuid(), flush=True)"
    text = said(program, files={"/run/x": "hello"}, masked={folder: {"only.py": ""}})
    assert text == f"hello ['only.py'] {HOME} 65534\n"


def test_what_fails_to_start_says_why() -> None:
    with pytest.raises(JailError, match=r"/nowhere|/mnt/0"):
        Jail(["true"], Limits(), folders=[Path("/nowhere")])


def test_nothing_stays_open_and_nothing_lives_on() -> None:
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(3):
        locked = Jail(["sleep", "1000"], Limits())
        assert locked.is_alive
        locked.kill()
        locked.kill()
        assert not locked.is_alive
    assert len(os.listdir("/proc/self/fd")) == before
    assert left_behind() == []


def test_whoever_kills_the_grader_kills_the_jail() -> None:
    program = "import time; from armod.grading.jail import *; j = Jail(['sleep', '1000'], Limits()); print(j._init, flush=True); time.sleep(1000)"
    grader = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    assert grader.stdout is not None
    inside = int(grader.stdout.readline())
    assert Path(f"/proc/{inside}").exists()
    grader.send_signal(signal.SIGKILL)
    grader.wait()
    grader.stdout.close()
    deadline = time.monotonic() + 20
    while Path(f"/proc/{inside}").exists():
        assert time.monotonic() < deadline, "the jail outlived its grader"
        time.sleep(0.05)


def test_root_is_left_behind() -> None:
    locked = Jail(["sleep", "1000"], Limits())
    try:
        uid = os.geteuid() or FIRST_UID + os.getpid()
        assert f"Uid:\t{uid}\t" in Path(f"/proc/{locked._init}/status").read_text()
    finally:
        locked.kill()


def test_papermill_runs_unmodified_inside() -> None:
    source = "import os; print(os.getuid(), os.getcwd())\nos.path.exists('/etc/passwd'), sum(range(4))"
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source)])
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    executed = papermill.execute_notebook(
        notebook, None, kernel_manager_class=sandbox.SandboxedKernel, progress_bar=False
    )
    first, second = executed.cells[0].outputs
    assert first["text"] == f"65534 {HOME}\n"
    assert second["data"]["text/plain"] == "(False, 6)"
    assert left_behind() == []


def test_no_bubblewrap_is_refused_with_words(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(
        GradingError, match="not run without a sandbox, and here bubblewrap is not installed"
    ) as caught:
        sandbox.require()
    assert "apt-get install bubblewrap" in str(caught.value)


@pytest.mark.parametrize("platform", ["darwin", "win32"])
def test_other_systems_are_told_where_to_go(monkeypatch: pytest.MonkeyPatch, platform: str) -> None:
    monkeypatch.setattr(sandbox.sys, "platform", platform)
    with pytest.raises(GradingError, match="Linux only; mend it: grade in a Linux machine, in WSL"):
        sandbox.require()


@pytest.mark.parametrize(("switch", "words"), [("1", "Ubuntu's AppArmor"), ("0", "No permissions")])
def test_forbidden_namespaces_have_their_sentence(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, switch: str, words: str
) -> None:
    def forbidden(*arguments, **options):
        raise JailError("bwrap: No permissions to create new namespace.")

    (tmp_path / "switch").write_text(f"{switch}\n")
    monkeypatch.setattr(sandbox, "APPARMOR_SWITCH", tmp_path / "switch")
    monkeypatch.setattr(sandbox, "Jail", forbidden)
    with pytest.raises(GradingError, match=words):
        sandbox.require()


def test_the_watch_ends_what_takes_too_much() -> None:
    program = textwrap.dedent(
        """
        import os
        for number in range(10**6):
            os.close(os.open(f"/tmp/{number}", os.O_CREAT))
        """
    )
    locked = Jail([sys.executable, "-I", "-c", program], Limits(files=500))
    locked.process.wait()
    assert locked.ended_by == "files"
    locked.kill()
