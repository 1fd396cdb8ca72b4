"""A test that is late fails alone; what a killed test process started is ended."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.checkout import CHECKOUT
from tests.harness.patience import MARK, wait_until

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no signal that ends one test")


def run(tests: str, folder: Path, *options: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run tests in a process of their own, by this project's settings."""
    (folder / "test_inner.py").write_text(tests)
    kept = {
        name: value for name, value in os.environ.items() if name not in ("PYTEST_TIMEOUT", "ARMOD_TEST_TIME")
    }
    plugins = [
        "-p",
        "tests.harness.patience",
        "-p",
        "pytest_timeout",
        "-p",
        "no:cacheprovider",
        "-o",
        "filterwarnings=",
    ]
    settings = ["-c", CHECKOUT / "pyproject.toml", "--rootdir", folder]
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", *settings, *plugins, *options, folder / "test_inner.py"],
        cwd=CHECKOUT,
        env=kept | variables | {"PYTHONPATH": str(CHECKOUT), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True,
        text=True,
    )


def test_a_late_test_fails_alone_and_fixtures_may_take_their_time(tmp_path: Path) -> None:
    done = run(
        """
import time, pytest

@pytest.fixture
def slow_to_start():
    time.sleep(1.2)
    yield
    time.sleep(1.2)

def test_after_a_slow_fixture(slow_to_start): pass
def test_late(): time.sleep(60)
def test_next(): pass
""",
        tmp_path,
        ARMOD_TEST_TIME=str(0.5 / 900),
    )
    assert done.returncode == 1
    assert "2 passed" in done.stdout and "1 failed" in done.stdout and "INTERNALERROR" not in done.stdout
    assert "test_late" in done.stdout and "Timeout" in done.stdout


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="the watcher reads /proc")
@pytest.mark.parametrize(
    "end",
    ["os.kill(os.getpid(), signal.SIGKILL)", pytest.param("pass", marks=pytest.mark.slow)],
    ids=["killed", "passed"],
)
def test_what_a_test_process_started_ends_with_it(tmp_path: Path, end: str) -> None:
    done = run(
        f"""
import os, signal, subprocess, sys

def test_leaves_a_process():
    left = subprocess.Popen(["sleep", "1000"], start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    open({str(tmp_path / "pid")!r}, "w").write(str(left.pid))
    {end}
""",
        tmp_path,
    )
    assert (done.returncode == 0) is (end == "pass")
    pid = int((tmp_path / "pid").read_text())
    wait_until(lambda: not _is_alive(pid))


def test_a_test_that_kills_its_process_is_named_once_and_the_others_run(tmp_path: Path) -> None:
    done = run(
        """
import os, signal

def test_before(): pass
def test_kills(): os.kill(os.getpid(), signal.SIGKILL)
def test_next(): pass
def test_last(): pass
""",
        tmp_path,
        *("-p", "xdist.plugin", "-p", "tests.harness.scheduling", "-n", "1"),
    )
    assert done.returncode == 1
    assert "1 failed, 3 passed" in done.stdout and done.stdout.count("node down") == 1


def _is_alive(pid: int) -> bool:
    """Whether it runs; what ended and waits to be collected by its parent does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return re.sub(r".*\) ", "", state)[0] != "Z"


def test_what_tests_start_bears_the_mark_of_this_process() -> None:
    assert MARK in os.environ or not Path("/proc/self/environ").exists()
