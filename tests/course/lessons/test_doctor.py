from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from armod.course.errors import CourseError
from armod.course.grading.confinement import sandbox
from armod.course.lessons import doctor
from armod.course.lessons.doctor import Finding, examine, render
from tests.harness.policy import PROGRAMS


@pytest.fixture
def course(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    notebooks = tmp_path / "course" / "notebooks"
    notebooks.mkdir(parents=True)
    (notebooks / "index.py").write_text("# %% [markdown]\n# # The map\n")
    (notebooks / "index.ipynb").write_text("{}")
    monkeypatch.setenv("ARMOD_COURSE", str(notebooks.parent))
    return notebooks


def test_everything_that_the_course_needs_works_where_tests_run(course: Path) -> None:
    before = os.times()
    findings = examine()
    # what this process and those that it started computed, however busy the machine is
    spent = sum(after - before for after, before in zip(os.times()[:4], before[:4], strict=True))
    assert spent < 5
    assert [finding.name for finding in findings] == list(doctor.CHECKS)
    assert [finding for finding in findings if doctor.is_failure(finding)] == []
    assert render(findings).endswith("All that the course needs works here.")


def test_one_thing_alone(course: Path) -> None:
    (finding,) = examine("course")
    assert (finding.name, finding.status) == ("course", "ok")


def test_an_unknown_thing_is_one_sentence() -> None:
    with pytest.raises(CourseError, match="knows nothing of 'brwser'; it examines packages, torch, kernel"):
        examine("brwser")


def test_a_missing_half_of_a_pair_is_named(course: Path) -> None:
    (course / "index.ipynb").unlink()
    (finding,) = examine("course")
    assert (finding.status, finding.required) == ("broken", True)
    assert "index.ipynb" in finding.detail and finding.mend == "armod sync builds them"


def test_no_course_at_all_is_a_finding(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ARMOD_COURSE", str(tmp_path))
    (finding,) = examine("course")
    assert (finding.status, finding.required) == ("broken", True)


def test_a_check_that_dies_is_a_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    def die() -> Finding:
        raise OSError("first line\nlibgomp.so.1: cannot open shared object file")

    monkeypatch.setitem(doctor.CHECKS, "torch", die)
    (finding,) = examine("torch")
    assert (finding.status, finding.required) == ("broken", True)
    assert finding.detail == "libgomp.so.1: cannot open shared object file"


def test_a_package_outside_its_range_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor.metadata, "version", lambda name: "0.0.1")
    (finding,) = examine("packages")
    assert finding.status == "broken"
    assert "torch is 0.0.1, not <3,>=2.4" in finding.detail


def test_data_of_a_folder_that_is_not_there(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("ARMOD_DATA", str(tmp_path / "nowhere"))
    (finding,) = examine("data")
    assert (finding.status, finding.required) == ("broken", False)
    assert "which is no folder" in finding.detail


def test_missing_programs_are_no_failure(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    for name in ("sandbox", "browser"):
        (finding,) = examine(name)
        assert (finding.status, doctor.is_failure(finding)) == ("missing", False)
        assert finding.mend


@pytest.mark.parametrize(
    ("platform", "words"), [("linux", "apt-get"), ("darwin", "brew"), ("win32", "winget")]
)
def test_how_to_get_a_browser_depends_on_the_system(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, platform: str, words: str
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(doctor.sys, "platform", platform)
    (finding,) = examine("browser")
    assert words in finding.mend


@pytest.mark.parametrize(
    ("switch", "words"), [("1", "AppArmor"), ("0", "No permissions to create new namespace")]
)
def test_a_sandbox_that_is_forbidden(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, switch: str, words: str
) -> None:
    (tmp_path / "switch").write_text(f"{switch}\n")
    monkeypatch.setattr(sandbox, "APPARMOR_SWITCH", tmp_path / "switch")
    # not in tmp_path: root starts bubblewrap as another user, who may not enter there
    with tempfile.TemporaryDirectory() as folder:
        bwrap = Path(folder, "bwrap")
        bwrap.write_text("#!/bin/sh\necho 'bwrap: No permissions to create new namespace' >&2\nexit 1\n")
        for path in (bwrap, bwrap.parent):
            path.chmod(0o755)
        monkeypatch.setenv("PATH", folder, prepend=":")
        (finding,) = examine("sandbox")
    assert (finding.status, finding.required) == ("broken", False)
    assert words in finding.detail


def test_tests_and_doctor_look_for_the_same_browser() -> None:
    assert PROGRAMS["chromium"] == doctor.CHROMIUM_NAMES


def test_what_is_broken_and_how_to_mend_it_stand_together() -> None:
    text = render(
        [
            Finding("torch", "ok", True, "PyTorch 2"),
            Finding("kernel", "broken", True, "it dies", "make clean setup"),
            Finding("sandbox", "missing", False, "no bubblewrap", "install it"),
        ]
    )
    assert text.splitlines() == [
        "ok       torch    PyTorch 2",
        "broken   kernel   it dies",
        "                  mend it: make clean setup",
        "missing  sandbox  no bubblewrap",
        "                  mend it: install it",
        "",
        "To be mended first: kernel.",
    ]


def test_the_command_fails_only_for_what_is_required(course: Path, tmp_path: Path) -> None:
    command = [Path(sys.executable).with_name("armod"), "doctor", "--only"]
    assert (
        subprocess.run([*command, "browser"], env={"PATH": str(tmp_path)}, capture_output=True).returncode
        == 0
    )
    (course / "index.ipynb").unlink()
    assert subprocess.run([*command, "course"], capture_output=True).returncode == 1
    assert subprocess.run([*command, "nothing"], capture_output=True).returncode == 2
