"""A dask cluster marks as this machine does: the same records, whoever dies meanwhile, and one sentence for what fails."""

from __future__ import annotations

import importlib
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import dask
import pytest
from distributed import LocalCluster

from armod.course.errors import CourseError
from armod.course.grading import cluster
from armod.course.grading.grade import Graded, grade
from armod.course.grading.marking import RUNNER
from tests.course.grading.handed_in import RIGHT, UNTOUCHED, cell, document, write
from tests.course.grading.stand_in import DEADLY, HELD
from tests.course.grading.test_commands import armod
from tests.course.grading.test_grade import CHECKOUT, comparable, few, held, mark, records, settings, wait_for

QUIET: dict[str, Any] = {"dashboard_address": ":0", "silence_logs": 50}


def mark_there(folder: Path, out: Path, scheduler: str, **changes: Any) -> Graded:
    return grade(folder, out, settings(**changes), scheduler=scheduler)


@pytest.fixture(scope="module")
def school(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Nine who handed in, of whom three are marked at once, and the others once the gate is open."""
    folder = few(tmp_path_factory.mktemp("school") / "handed in", 8)
    write(folder / "student-1.ipynb", UNTOUCHED.read_bytes())
    write(folder / "ada 🦊.ipynb", "{")
    return held(folder, gate_of(folder))


def gate_of(school: Path) -> Path:
    return school.parent / "gate"


@pytest.fixture(scope="module")
def undisturbed(school: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("marks")
    gate_of(school).touch()
    mark(school, out, jobs=1, runner=HELD)
    return out


@pytest.fixture(scope="module")
def machines(undisturbed: Path) -> Iterator[LocalCluster]:
    """Two workers, forked from what the run before them has imported; at their second death steps are given up."""
    options = {
        "distributed.worker.multiprocessing-method": "forkserver",
        "distributed.scheduler.allowed-failures": 1,
    }
    with (
        dask.config.set(options),
        LocalCluster(n_workers=2, threads_per_worker=1, processes=True, **QUIET) as found,
    ):
        yield found


@pytest.fixture
def scheduler(machines: LocalCluster) -> str:
    return machines.scheduler_address


@contextmanager
def meanwhile(action: Callable[[], object]) -> Iterator[None]:
    thread = threading.Thread(target=action)
    thread.start()
    yield
    thread.join()


def test_a_cluster_whose_worker_is_killed_leaves_the_same_records_and_the_same_call_does_nothing(
    school: Path, undisturbed: Path, machines: LocalCluster, tmp_path: Path
) -> None:
    def kill() -> None:
        wait_for(tmp_path, 3)
        os.kill(next(iter(machines.workers.values())).pid, signal.SIGKILL)
        gate_of(school).touch()

    gate_of(school).unlink()
    scheduler = machines.scheduler_address
    with meanwhile(kill):
        assert mark_there(school, tmp_path, scheduler, runner=HELD).failures == {}
    assert comparable(tmp_path) == comparable(undisturbed)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.glob("*.json")}
    assert mark_there(school, tmp_path, scheduler, runner=HELD).now == 0
    assert {path: path.stat().st_mtime_ns for path in tmp_path.glob("*.json")} == before


@pytest.mark.slow  # half a minute of ending workers
def test_a_submission_that_ends_its_workers_costs_nobody_else(scheduler: str, tmp_path: Path) -> None:
    folder, out = few(tmp_path / "class", 4), tmp_path / "marks"
    for name, comment in (("deadly", "# each time"), ("unlucky", f"# once {tmp_path / 'died'}")):
        found = document(RIGHT)
        found["cells"].append(cell(comment))
        write(folder / f"{name}.ipynb", found)
    result = mark_there(folder, out, scheduler, runner=DEADLY)
    assert result.failures == {"deadly.ipynb": "the workers that marked it ended each time"}
    assert len(list(out.glob("*.json"))) == result.now == 5


def test_ctrl_c_leaves_whole_records_and_a_cluster_that_works(
    school: Path, scheduler: str, undisturbed: Path, tmp_path: Path
) -> None:
    script = (
        "from pathlib import Path; from tests.course.grading.test_cluster import *\n"
        f"mark_there(Path({str(school)!r}), Path({str(tmp_path)!r}), {scheduler!r}, runner={HELD!r})"
    )
    gate_of(school).unlink()
    run = subprocess.Popen(
        [sys.executable, "-c", script], cwd=CHECKOUT, stderr=subprocess.PIPE, start_new_session=True
    )
    wait_for(tmp_path, 3)
    run.send_signal(signal.SIGINT)
    _, said = run.communicate()
    assert run.returncode == 1 and b"Interrupted; 3 of 9 " in said
    gate_of(school).touch()
    assert mark_there(school, tmp_path, scheduler, runner=HELD).failures == {}
    assert comparable(tmp_path) == comparable(undisturbed)


def test_workers_that_have_loaded_other_checks_are_not_asked(scheduler: str, tmp_path: Path) -> None:
    folder = few(tmp_path / "class", 1)
    checks = "from armod.course.exercises import find\n@find('chain-cost').check('more', points={})\ndef more(answer, generator): pass\n"
    hidden = write(tmp_path / "hidden" / "more.py", checks.format(1)).parent
    mark_there(folder, tmp_path / "marks", scheduler, hidden=hidden)
    write(hidden / "more.py", checks.format(2))
    with pytest.raises(CourseError, match=r"The worker tcp.* something else \(hidden\); start it again"):
        mark_there(folder, tmp_path / "marks", scheduler, hidden=hidden)


def test_what_a_worker_does_not_see_is_named(
    scheduler: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = few(tmp_path / "class", 1)
    monkeypatch.setattr(cluster.record, "CLASS", "elsewhere")  # what the workers look for has another name
    with pytest.raises(CourseError, match=r"it does not see .*class.jsonl"):
        mark_there(folder, tmp_path / "marks", scheduler)


def test_a_step_that_raises_is_a_failure_and_an_errand_that_can_not_go_on_stops_all(
    scheduler: str, tmp_path: Path
) -> None:
    folder = few(tmp_path / "class", 2)
    result = mark_there(folder, tmp_path / "marks", scheduler, runner="tests.course.grading.stand_in:nothing")
    assert result.now == 0 and set(result.failures) == {"student-0.ipynb", "student-1.ipynb"}
    assert result.failures["student-0.ipynb"].startswith("AttributeError: ")
    with pytest.raises(CourseError, match="sentence") as stopped:
        cluster._words(CourseError("sentence"))
    assert stopped.value.exit_code == 1


def test_a_cluster_without_workers_and_one_that_ends_are_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = few(tmp_path / "class", 1)
    with LocalCluster(n_workers=0, processes=False, **QUIET) as empty:
        with monkeypatch.context() as impatient:
            impatient.setattr(cluster, "WITHOUT_WORKERS", 0.1)
            with pytest.raises(CourseError, match="no workers"):
                mark_there(folder, tmp_path / "marks", empty.scheduler_address)

        def close() -> None:
            while empty.scheduler.clients.keys() <= strangers:
                time.sleep(0.01)
            empty.close()

        strangers = set(empty.scheduler.clients)
        with meanwhile(close), pytest.raises(CourseError, match="ended or"):
            mark_there(folder, tmp_path / "marks", empty.scheduler_address)


def test_an_address_where_no_scheduler_answers_is_one_sentence(
    machines: LocalCluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cluster, "PATIENCE", 0.5)
    write(tmp_path / "class" / "ada.ipynb", "{")
    with socket.create_server(("127.0.0.1", 0)) as deaf, socket.create_server(("127.0.0.1", 0)) as closed:
        ports = [server.getsockname()[1] for server in (deaf, closed)]
        closed.close()
        addresses = [f"tcp://127.0.0.1:{port}" for port in ports]
        addresses += [worker.worker_address for worker in machines.workers.values()]
        for address in ("", "nowhere", "http://localhost:8787", "tls://localhost:8786", *addresses):
            result = armod("grade", tmp_path / "class", "--out", tmp_path / "marks", "--scheduler", address)
            assert result.exit_code == 2 and result.stdout == ""
            *bars, sentence = result.stderr.splitlines()
            assert all(bar.startswith("armod grade: ") for bar in bars if bar)
            assert f"No dask scheduler answers at {address!r} (" in sentence and "host:8786" in sentence


def test_without_dask_there_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    monkeypatch.delitem(sys.modules, "armod.course.grading.cluster")
    with pytest.raises(CourseError, match=r"armod\[cluster\]"):
        importlib.import_module("armod.course.grading.cluster")


def test_workers_lock_submissions_in(
    scheduler: str, tmp_path: Path, require_program: Callable[[str], str]
) -> None:
    require_program("bubblewrap")
    folder, out = tmp_path / "class", tmp_path / "marks"
    write(folder / "right.ipynb", RIGHT.read_bytes())
    write(folder / "untouched.ipynb", UNTOUCHED.read_bytes())
    assert mark_there(folder, out, scheduler, runner=RUNNER).failures == {}
    found = records(out)
    assert found["right", 1].points == found["right", 1].max_points > found["untouched", 1].points == 0
    assert found["right", 1].flags == ()
