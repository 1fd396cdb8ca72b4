"""What may be skipped: a test that needs a native program which this machine lacks, and only outside CI.

With ``CI=true`` a missing program fails the test that needs it, and any skip at all, for whatever reason, fails the
session. (A plugin, loaded by ``tests/conftest.py``.)
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable

import pytest

PROGRAMS = {
    "chromium": ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"),
    "bubblewrap": ("bwrap",),
}
_skipped: list[str] = []


@pytest.fixture(scope="session")
def require_program() -> Callable[[str], str]:
    """``require_program("chromium")`` returns the program's path; without it the test is skipped, or fails in CI."""

    def require(name: str) -> str:
        for command in PROGRAMS[name]:
            if path := shutil.which(command):
                return path
        sentence = (
            f"this test needs {name}, which is not installed; scripts/install-native.sh installs it on Debian"
        )
        if _in_ci():
            pytest.fail(sentence, pytrace=False)
        pytest.skip(sentence)

    return require


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    if report.skipped and not hasattr(report, "wasxfail"):
        _skipped.append(report.nodeid)


def pytest_collectreport(report: pytest.CollectReport) -> None:
    if report.skipped:
        _skipped.append(report.nodeid)


def pytest_sessionfinish(session: pytest.Session) -> None:
    if _in_ci() and _skipped and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if _in_ci() and _skipped:
        terminalreporter.section("nothing may be skipped with CI=true", red=True, bold=True)
        for nodeid in _skipped:
            terminalreporter.write_line(f"skipped: {nodeid}")


def _in_ci() -> bool:
    return os.environ.get("CI", "").lower() in ("true", "1")
