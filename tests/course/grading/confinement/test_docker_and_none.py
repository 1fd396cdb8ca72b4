"""Kernels that are not in the sandbox: in docker's containers, for which a script stands in here, and in nothing."""

from __future__ import annotations

import json
import os
import shutil
import stat
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path

import psutil
import pytest
from click.testing import CliRunner, Result

from armod.course.commands.grading import TRUST
from armod.course.commands.main import main
from armod.course.errors import CourseError
from armod.course.grading.confinement import bare, sandbox
from armod.course.grading.confinement.elsewhere import docker, none
from armod.course.grading.confinement.elsewhere.docker import LISTENER, Container
from armod.course.grading.confinement.jail import JailError
from armod.course.grading.confinement.limits import MIB, Limits
from armod.course.grading.confinement.visible import ENVIRONMENT, copy_library
from armod.course.grading.examination import run
from armod.course.grading.examiner import Examiner
from tests.checkout import CHECKOUT
from tests.course.grading.arena import HONEST, IN_A_JAIL, QUICK, exercise, notebook
from tests.course.grading.handed_in import RIGHT, write
from tests.harness.patience import wait_until

# Says what it was asked; runs a container's program right here, with the folder in place of where it is mounted.
DOCKER = r"""
import json, os, subprocess, sys
from pathlib import Path
import psutil

here, (verb, *rest) = Path(__file__).parent, sys.argv[1:]
with open(here / "calls", "a") as file:
    file.write(json.dumps([verb, *rest]) + "\n")
if (here / f"no {verb}").exists():
    sys.exit(f"WARNING\ndocker: no {verb} today" + "\n\nSee 'docker run --help'." * (verb == "run"))
if verb == "info":
    print("true true")
elif verb == "kill":
    first = psutil.Process(int((here / rest[0]).read_text()))
    for process in [*first.children(recursive=True), first]:
        process.kill()
elif verb == "run":
    mount = dict(part.split("=") for part in rest[rest.index("--mount") + 1].split(","))
    source, target = mount["source"], mount["target"]
    file = Path(source, "kernel.json")
    file.write_text(file.read_text().replace(target, source))
    python, *arguments = rest[rest.index("python") :]
    environment = dict(rest[i + 1].split("=", 1) for i, word in enumerate(rest) if word == "--env")
    inside = subprocess.Popen(
        [sys.executable, *(argument.replace(target, source) for argument in arguments)],
        env={**environment, "HOME": source},
    )
    (here / rest[rest.index("--name") + 1]).write_text(str(inside.pid))
    code = inside.wait()
    sys.exit(code if code >= 0 else 128 - code)
"""
DAEMON = """
import os, subprocess, sys
subprocess.Popen([sys.executable, "-c", "import time; time.sleep(1000)"], start_new_session=True)
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        while True: time.sleep(1)
    os._exit(0)
"""


@pytest.fixture
def place(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where all folders of kernels are made; a test must leave it empty. Its path is short, for the sockets' sake."""
    folder = Path(tempfile.mkdtemp(dir="/tmp"))
    monkeypatch.setattr(bare, "SHORT", str(folder))
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(folder))
    yield folder
    left = list(folder.iterdir())
    shutil.rmtree(folder)
    assert left == []


@pytest.fixture
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the script that stands in for docker."""
    folder = tmp_path / "bin"
    folder.mkdir()
    program = folder / "docker"
    program.write_text(f"#!{sys.executable}\n{DOCKER}")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    return folder


def calls(fake: Path, verb: str) -> list[list[str]]:
    """What docker was asked to do, of this kind."""
    lines = map(json.loads, (fake / "calls").read_text().splitlines())
    return [line for line in lines if line[0] == verb]


def armod(*arguments: str | Path, said: str = "") -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments], prog_name="armod", input=said)


@pytest.mark.parametrize("confinement", ["none", "docker"])
def test_right_answers_get_full_marks_and_wrong_ones_none(confinement: str, place: Path, fake: Path) -> None:
    wrong = HONEST.replace("2 *", "3 *").replace("False", "True")
    sources = {
        "honest": HONEST,
        "wrong": wrong,
        "checked": f"import armod\narmod.check('chain-cost')\n{HONEST}",
    }
    if confinement == "none":
        sources["daemon"] = DAEMON + HONEST  # what a container takes with it, docker itself has to prove
    examiner = Examiner({name: exercise(name) for name in sources}, {})
    outcome = run(notebook(sources), examiner, QUICK, confinement=confinement)
    points = {name: [check.points for check in mark.visible.checks] for name, mark in outcome.results.items()}
    assert points == {name: [0, 0, 0] if name == "wrong" else [1, 1, 1] for name in sources}
    assert outcome.restarts == 0
    assert [process for process in psutil.process_iter() if _bears_mark(process, place)] == []
    if confinement == "docker":
        (started,), (killed,) = calls(fake, "run"), calls(fake, "kill")
        assert killed == ["kill", started[started.index("--name") + 1]]
        assert not psutil.pid_exists(int((fake / killed[1]).read_text()))


def _bears_mark(process: psutil.Process, place: Path) -> bool:
    with suppress(psutil.Error, OSError):
        return process.environ().get(none.MARK, "").startswith(str(place))
    return False


def test_another_package_adds_a_place(install) -> None:
    source = "def start(limits, connection): return limits\ndef trouble(): return 'it rains in', 'wait'\n"
    install("hut", source, {"armod.confinements": {"hut": "hut"}})
    assert sandbox.confine("hut")(QUICK, {}) is QUICK
    with pytest.raises(CourseError, match="and here it rains in; mend it: wait"):
        sandbox.require("hut")


def test_a_container_is_asked_for_with_every_limit(place: Path, fake: Path) -> None:
    limits = Limits(memory=900 * MIB, disk=16 * MIB, files=77, descriptors=99, processes=55)
    container = Container(limits, LISTENER, [1])
    folder = Path(container.sockets).parent
    assert container.is_alive and container.name.startswith("armod-")
    container.kill()
    container.kill()
    assert not container.is_alive and container.ended_by == ""
    (call,) = calls(fake, "run")
    options = " ".join(call[: call.index("python")]) + " "
    for option in (
        *("--rm", "--interactive", "--attach stdin", "--pull never", "--log-driver none"),
        *("--network none", "--ipc private", "--read-only", "--user 65534:65534"),
        *("--cap-drop ALL", "--security-opt no-new-privileges", f"--name {container.name}", "--label armod"),
        *(f"--memory {900 * MIB}", f"--memory-swap {900 * MIB}", "--cpus 1", "--pids-limit 55"),
        *("--ulimit core=0", "--ulimit nofile=99", f"--ulimit fsize={16 * MIB}"),
        *(
            f"--tmpfs {path}:size={16 * MIB},nr_inodes=77,uid=65534,mode=700"
            for path in ("/tmp", "/home/student", "/dev/shm")
        ),
        f"--mount type=bind,source={folder},target=/run/armod",
        *(f"--env {name}={value}" for name, value in ENVIRONMENT.items() if name != "PATH"),
    ):
        assert f" {option} " in options, option
    assert options.endswith(f" armod-grading:{version('armod')} ")


def test_the_sockets_folder_is_closed_before_the_kernel_is_used(place: Path, fake: Path) -> None:
    container = Container(Limits(), LISTENER, [1], {"key": "secret"})
    try:
        folder = Path(container.sockets).parent
        modes = [
            stat.S_IMODE(path.stat().st_mode) for path in (folder.parent, folder, folder / "kernel.json")
        ]
        assert modes == [0o700, 0o755, 0o644]
        assert stat.S_IMODE(Path(f"{container.sockets}-1").stat().st_mode) == 0o777
    finally:
        container.kill()


def test_a_container_ends_with_its_grader(place: Path, fake: Path) -> None:
    container = Container(Limits(), LISTENER, [1])
    assert container._client.stdin is not None
    container._client.stdin.close()  # as happens when the grader is killed
    _wait_for_end(container)
    container.kill()
    assert container.ended_by == ""


def test_a_container_that_the_system_kills_used_too_much_memory(place: Path, fake: Path) -> None:
    used = "while not os.path.exists('/run/armod/used'): time.sleep(0.02)\nos.kill(os.getpid(), 9)"
    container = Container(Limits(), LISTENER.replace("time.sleep(1000)", used), [1])
    Path(container.sockets).with_name("used").touch()
    _wait_for_end(container)
    container.kill()
    assert container.ended_by == "memory"


def test_a_flood_of_messages_ends_the_container(
    place: Path, fake: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    container = Container(Limits(grader_memory=0), LISTENER, [1])
    hoard = []  # piece by piece: what this process held before may have been given back meanwhile
    while container.is_alive and len(hoard) < 20:
        hoard.append(b"\1" * (100 * MIB))
        time.sleep(0.2)
    _wait_for_end(container)
    container.kill()
    assert hoard and container.ended_by == "messages"


def _wait_for_end(container: Container) -> None:
    wait_until(lambda: not container.is_alive)


def test_a_container_that_does_not_start_says_why(place: Path, fake: Path) -> None:
    (fake / "no run").touch()
    with pytest.raises(JailError, match="no run today"):
        Container(Limits(), LISTENER, [1])


def test_where_containers_work_there_is_no_trouble(place: Path, fake: Path) -> None:
    assert docker.trouble() is None
    assert len(calls(fake, "run")) == len(calls(fake, "kill")) == 1


@pytest.mark.parametrize(
    ("missing", "seen", "mend"),
    [
        ("docker", "docker is not installed", "apt-get install docker.io"),
        (
            "no version",
            "docker's daemon does not answer (docker: no version today)",
            "systemctl start docker",
        ),
        ("no info", "docker can't limit memory and processes", "docker info"),
        ("no image", "docker has no image armod-grading:", "docker build --tag armod-grading:"),
        ("no run", "no container can be started (docker: no run today)", "another Linux machine"),
    ],
)
def test_without_docker_nothing_runs_and_one_sentence_says_why(
    missing: str,
    seen: str,
    mend: str,
    place: Path,
    fake: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if missing == "docker":
        (fake / "docker").unlink()
        monkeypatch.setenv("PATH", str(fake))
    else:
        (fake / missing).touch()
    write(tmp_path / "class" / "ada.ipynb", RIGHT.read_bytes())
    result = armod("grade", tmp_path / "class", "--out", tmp_path / "marks", "--runner", "docker")
    assert result.exit_code == 1 and result.stdout == "", result.output
    assert seen in result.stderr and mend in result.stderr and result.stderr.count("\n") == 1
    assert not (tmp_path / "marks").exists()


def test_the_image_holds_neither_checks_nor_the_grader(tmp_path: Path) -> None:
    copy_library(tmp_path)
    found = {path.relative_to(tmp_path / "armod").as_posix() for path in tmp_path.rglob("*.*")}
    assert {path for path in found if path.startswith(("course/exercises/", "course/grading/"))} == IN_A_JAIL
    assert "models/made/model.py" in found and not list(tmp_path.rglob("__pycache__"))
    assert f"docker build --tag {docker.image()} ." in CHECKOUT.joinpath("Dockerfile").read_text()


@pytest.mark.parametrize("said", ["", "\n", "yes\n", TRUST.lower() + "\n"])
def test_unsandboxed_with_other_words_runs_nothing(said: str, place: Path, tmp_path: Path) -> None:
    write(tmp_path / "class" / "ada.ipynb", RIGHT.read_bytes())
    result = armod("grade", tmp_path / "class", "--out", tmp_path / "marks", "--unsandboxed", said=said)
    assert result.exit_code == 2 and result.stdout == "", result.output
    assert not (tmp_path / "marks").exists()


def test_unsandboxed_marks_say_so_wherever_they_go(tmp_path: Path) -> None:
    folder, out = tmp_path / "class", tmp_path / "marks"
    write(folder / "ada.ipynb", RIGHT.read_bytes())
    result = armod("grade", folder, "--out", out, "--unsandboxed", said=f"{TRUST}\n")
    assert result.exit_code == 0 and "1 of 1 submissions have a record" in result.stdout, result.output
    exports = {
        form: armod("marks", "export", out, "--format", form).stdout
        for form in ("csv", "gradescope", "canvas", "junit")
    }
    assert '"21","21","yes"' in exports["csv"]
    assert armod("marks", "report", out).exit_code == 0
    pages = [
        path.read_text(encoding="utf-8") for path in (out / "report.html", *(out / "feedback").iterdir())
    ]
    assert len(pages) == 2
    for text in (*exports.values(), *pages):
        assert "UNSANDBOXED" in text
