"""The rule about skipping, tried on sessions of its own."""

from __future__ import annotations

import pytest

from tests.checkout import CHECKOUT

pytest_plugins = ["pytester"]

NEEDS_CHROMIUM = "def test_browser(require_program): assert require_program('chromium')"


@pytest.fixture
def session(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """A test session under our rule, on a machine without native programs."""
    pytester.makeconftest("pytest_plugins = ['tests.harness.policy']")
    monkeypatch.setenv("PYTHONPATH", str(CHECKOUT))
    monkeypatch.setenv("PATH", str(pytester.mkdir("programs")))
    monkeypatch.delenv("CI", raising=False)
    # Quicker, and no other plugin's opinion counts.
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    return pytester


def test_outside_ci_a_missing_program_skips_and_is_named(session: pytest.Pytester) -> None:
    session.makepyfile(NEEDS_CHROMIUM)
    result = session.runpytest_subprocess("-rs")
    result.assert_outcomes(skipped=1)
    assert result.ret == 0
    result.stdout.fnmatch_lines("*this test needs chromium, which is not installed*")


def test_in_ci_a_missing_program_fails(session: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    session.makepyfile(NEEDS_CHROMIUM)
    result = session.runpytest_subprocess()
    assert result.ret == 1
    result.assert_outcomes(failed=1)


def test_a_program_that_is_there_is_given(session: pytest.Pytester) -> None:
    program = session.path / "programs" / "chromium"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    session.makepyfile(NEEDS_CHROMIUM)
    session.runpytest_subprocess().assert_outcomes(passed=1)


@pytest.mark.parametrize(
    "skipping",
    [
        "import pytest\ndef test_a(): pytest.skip('no')",
        "import pytest\n@pytest.mark.skipif(True, reason='no')\ndef test_a(): pass",
        "import pytest\npytest.importorskip('nonsense')\ndef test_a(): pass",
        "import pytest\n@pytest.mark.parametrize('x', [])\ndef test_a(x): pass",
    ],
    ids=["skip", "mark", "module", "no-parameters"],
)
def test_in_ci_any_skip_fails_the_session(
    session: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, skipping: str
) -> None:
    session.makepyfile(skipping, test_other="def test_b(): pass")
    monkeypatch.setenv("CI", "true")
    for options in ((), ("-p", "xdist.plugin", "-n", "1")):
        result = session.runpytest_subprocess(*options)
        assert result.ret == 1
        result.stdout.fnmatch_lines("*nothing may be skipped with CI=true*")


def test_outside_ci_a_skip_fails_nothing(session: pytest.Pytester) -> None:
    session.makepyfile("import pytest\ndef test_a(): pytest.skip('no')", test_other="def test_b(): pass")
    assert session.runpytest_subprocess().ret == 0


def test_in_ci_an_expected_failure_is_no_skip(
    session: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CI", "true")
    session.makepyfile("import pytest\n@pytest.mark.xfail\ndef test_a(): assert False")
    assert session.runpytest_subprocess().ret == 0
