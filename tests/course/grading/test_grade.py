"""A class is marked whole: nobody lost, nobody doubled, whatever is handed in and whoever is killed meanwhile."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from armod.course.errors import CourseError
from armod.course.exercises import exercises_of
from armod.course.grading import sources
from armod.course.grading.confinement.limits import Limits
from armod.course.grading.grade import Graded, grade
from armod.course.grading.intake.submissions import submissions
from armod.course.grading.marking import Settings
from armod.course.grading.marks import record
from armod.course.grading.marks.gradebook import rows
from armod.course.grading.marks.roster import read_roster
from tests.checkout import CHECKOUT
from tests.course.grading.handed_in import LESSON, RELEASES, RIGHT, UNTOUCHED, cell, document, write
from tests.course.grading.intake.test_read import MALFORMED, NASTY
from tests.course.grading.stand_in import BUSY, DEADLY, HANGING, HELD, RUNNER
from tests.harness.patience import wait_until

MAX = sum(exercise.max_points for exercise in exercises_of(LESSON))


def settings(**changes: Any) -> Settings:
    return Settings(**({"releases": RELEASES, "runner": RUNNER} | changes))


def mark(folder: Path, out: Path, *, jobs: int = 2, roster: Path | None = None, **changes: Any) -> Graded:
    return grade(folder, out, settings(**changes), jobs=jobs, roster=read_roster(roster) if roster else None)


def records(out: Path) -> dict[tuple[str, int], record.Record]:
    found = {}
    for line in record.read_class(out):
        if line["record"] is not None:
            made = record.read(out, line["record"])
            assert made is not None, f"{line} has no record"
            found[line["student"], line["attempt"]] = made
    return found


def comparable(out: Path) -> dict[str, str]:
    """Every record's bytes but for the times."""
    found = {}
    for path in out.glob("*.json"):
        data = json.loads(path.read_text())
        data.pop("times")
        found[path.name] = json.dumps(data, indent=1)
    return found | {record.CLASS: (out / record.CLASS).read_text()}


@pytest.fixture(scope="module")
def school(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A class of malformed files, nasty names and honest notebooks."""
    folder = tmp_path_factory.mktemp("school") / "handed in"
    for name, (make, _) in MALFORMED.items():
        if name != "too large":
            write(folder / f"malformed {name}.ipynb", make())
    for name in NASTY:
        write(folder / f"{name}.ipynb", UNTOUCHED.read_bytes())
    os.mkfifo(folder / "pipe.ipynb")
    (folder / "link.ipynb").symlink_to(RIGHT)
    write(folder / "solved.ipynb", RIGHT.read_bytes())
    write(folder / "elsewhere.ipynb", document() | {"cells": [cell("print('hello')")]})
    for attempt, path in enumerate((UNTOUCHED, RIGHT, UNTOUCHED), 1):
        write(folder / "several" / f"try {attempt}.ipynb", path.read_bytes())
    return folder


@pytest.fixture(scope="module")
def undisturbed(school: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("marks")
    mark(school, out)
    return out


def test_every_submission_has_its_record(school: Path, undisturbed: Path) -> None:
    found = records(undisturbed)
    assert {(one.student, one.attempt) for one in submissions(school)} == set(found)
    assert len(found) == len(list(undisturbed.glob("*.json")))
    for (student, attempt), made in found.items():
        if student == "solved" or (student, attempt) == ("several", 2):
            assert (made.status, made.points, made.max_points) == (record.MARKED, MAX, MAX)
        elif student in NASTY or student == "several":
            assert (made.status, made.points, made.max_points) == (record.MARKED, 0, MAX)
            assert not any(mark.visible.is_answered for mark in made.marks)
        else:
            assert made.status == record.REFUSED and made.reason, student
    assert "no cell of any exercise" in (found["elsewhere", 1].reason or "")
    assert found["solved", 1].flags == () and found["solved", 1].lesson == LESSON
    assert found["solved", 1].settings["limits"]["question_seconds"] == 10


def test_two_runs_agree_byte_for_byte_apart_from_times(
    school: Path, undisturbed: Path, tmp_path: Path
) -> None:
    mark(school, tmp_path / "again", jobs=1)
    assert comparable(tmp_path / "again") == comparable(undisturbed)


def test_the_same_call_again_marks_nothing(school: Path, undisturbed: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in undisturbed.glob("*.json")}
    assert mark(school, undisturbed).now == 0
    assert {path: path.stat().st_mtime_ns for path in undisturbed.glob("*.json")} == before


def few(folder: Path, number: int = 2) -> Path:
    for student in range(number):
        write(folder / f"student-{student}.ipynb", RIGHT.read_bytes())
    return folder


def test_two_students_with_the_same_bytes_are_two_records(tmp_path: Path) -> None:
    folder = few(tmp_path / "class")
    mark(folder, tmp_path / "marks")
    assert {made.student for made in records(tmp_path / "marks").values()} == {"student-0", "student-1"}


def test_marking_by_other_checks_keeps_the_old_marks(tmp_path: Path) -> None:
    folder, out = few(tmp_path / "class", 1), tmp_path / "marks"
    mark(folder, out)
    old = {path.name: path.read_bytes() for path in out.glob("*.json")}
    hidden = write(
        tmp_path / "hidden" / "more.py",
        "from armod.course.exercises import find, Mistake\n"
        "cost = find('chain-cost')\n"
        "@cost.check('secret title', points=3)\n"
        "def secret(answer, generator):\n"
        "    raise Mistake('secret message')\n",
    ).parent
    assert mark(folder, out, hidden=hidden).now == 1
    new = {path.name: path.read_bytes() for path in out.glob("*.json")}
    assert len(new) == 2 and old.items() <= new.items()
    (made,) = records(out).values()
    assert (made.points, made.max_points) == (MAX, MAX + 3)
    assert mark(folder, out, limits=Limits(question_seconds=5)).now == 1


def test_only_an_edited_check_of_its_own_lesson_marks_a_class_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def edited(lesson: str) -> None:
        monkeypatch.setattr(sources, "of_checks", lambda lessons: {**of_checks(lessons), lesson: "edited"})

    folder, out, of_checks = few(tmp_path / "class", 2), tmp_path / "marks", sources.of_checks
    write(folder / "cut.ipynb", "{")
    mark(folder, out)
    first = {path.name: path.read_bytes() for path in out.glob("*.json")}
    edited("4_2_histograms")
    assert mark(folder, out).now == 0
    edited(LESSON)
    assert mark(folder, out).now == 2  # what can't be read is no lesson's
    assert {made.settings["checks"] for made in records(out).values()} == {"edited", None}
    kept = {path.read_bytes() for path in out.glob("*.json")}
    assert len(kept) == 5 and set(first.values()) < kept
    monkeypatch.setattr(sources, "of_checks", of_checks)
    assert mark(folder, out).now == 0
    assert {name: (out / name).read_bytes() for name in first} == first


def test_those_who_handed_in_nothing_are_listed(tmp_path: Path) -> None:
    folder = few(tmp_path / "class", 2)
    roster = write(tmp_path / "roster.csv", 'name,student\nX,student-0\nY,"absent, really"\n')
    result = mark(folder, tmp_path / "marks", roster=roster)
    assert (result.absent, result.strangers) == (1, 1)
    assert record.read_class(tmp_path / "marks")[2]["student"] == "absent, really"


def test_a_file_that_ends_the_grader_costs_nobody_else(tmp_path: Path) -> None:
    folder, out = few(tmp_path / "class", 2), tmp_path / "marks"
    for name, comment in (("deadly", "# each time"), ("unlucky", f"# once {tmp_path / 'died'}")):
        found = document(RIGHT)
        found["cells"].append(cell(comment))
        write(folder / f"{name}.ipynb", found)
    result = mark(folder, out, runner=DEADLY)
    assert result.failures == {"deadly.ipynb": "the process that marked it ended 3 times"}
    assert len(list(out.glob("*.json"))) == 4 and result.now == 3
    made = records(out)["deadly", 1]
    assert (made.status, made.points) == (record.GIVEN_UP, 0)
    assert made.reason == (
        "It was given up: the process that marked it ended 3 times. The same command tries it again."
    )
    (row,) = (row for row in rows(out) if row.record.student == "deadly")
    assert not row.counts  # neither 0 points for the student nor a word lost
    # it is tried again; and the others are left alone
    again = mark(folder, out, runner=DEADLY)
    assert (list(again.failures), again.now) == (["deadly.ipynb"], 0)
    write(folder / "deadly.ipynb", RIGHT.read_bytes())
    assert mark(folder, out, runner=DEADLY).now == 1 and records(out)["deadly", 1].points == MAX


def test_time_outs_under_overload_are_tried_again_one_at_a_time(tmp_path: Path) -> None:
    """Once alone in the same run, once more by the next command; then the record stays as it is."""
    folder, out = few(tmp_path / "class", 1), tmp_path / "marks"
    for name, times in (("once", 1), ("always", 9)):
        found = document(RIGHT)
        found["cells"].append(cell(f"# busy {times} times by {tmp_path / name}"))
        write(folder / f"{name}.ipynb", found)
    result = mark(folder, out, runner=BUSY)
    assert (result.now, result.again, result.overloaded, result.failures) == (3, 2, 1, {})
    assert result.without_core > 0
    made = records(out)
    assert made["once", 1].flags == () and (tmp_path / "once").read_text() == "xx"
    assert made["always", 1].flags[-1].endswith("took too long: it ran longer than 60 s")
    again = mark(folder, out, runner=BUSY)
    assert (again.now, again.again, again.overloaded) == (1, 0, 1)
    assert mark(folder, out, runner=BUSY).now == 0
    assert (tmp_path / "always").read_text() == "xxx"


def start(folder: Path, out: Path, runner: str = HELD, limits: str = "Limits()") -> subprocess.Popen[bytes]:
    script = (
        "from pathlib import Path; from tests.course.grading.test_grade import *\n"
        f"mark(Path({str(folder)!r}), Path({str(out)!r}), runner={runner!r}, limits={limits})"
    )
    return subprocess.Popen(
        [sys.executable, "-c", script], cwd=CHECKOUT, stderr=subprocess.DEVNULL, start_new_session=True
    )


def wait_for(out: Path, number: int) -> None:
    """Wait until there are so many records."""
    wait_until(lambda: len(list(out.glob("*.json"))) >= number)


def held(folder: Path, gate: Path) -> Path:
    """The same class, of whom a run with the runner HELD marks the first two, and the others once the gate is there."""
    for path in sorted(folder.glob("student-*.ipynb"))[2:]:
        found = document(path)
        found["cells"].append(cell(f"# held until {gate}"))
        write(path, found)
    return folder


def members(group: int) -> dict[int, str]:
    """The processes of a session that still live, and their states."""
    found = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[3]) == group and fields[0] != "Z":
            found[int(stat.parent.name)] = fields[1]
    return found


def test_after_kill_9_of_workers_and_coordinator_the_same_call_goes_on(tmp_path: Path) -> None:
    folder, gate = few(tmp_path / "class", 6), tmp_path / "gate"
    for number in range(0, 6, 3):
        write(folder / f"student-{number}.ipynb", UNTOUCHED.read_bytes())
    calm, out = tmp_path / "calm", tmp_path / "marks"
    gate.touch()
    mark(held(folder, gate), calm, runner=HELD)
    gate.unlink()

    first = start(folder, out)
    wait_for(out, 2)
    for process in set(members(first.pid)) - {first.pid}:
        os.kill(process, signal.SIGKILL)  # every worker, and what forks them
    first.send_signal(signal.SIGKILL)
    first.wait()
    assert len(list(out.glob("*.json"))) == 2

    gate.touch()
    assert mark(folder, out, runner=HELD).failures == {}
    assert comparable(out) == comparable(calm)
    assert not list(out.glob(".*.part"))


@pytest.mark.slow  # the test above kills harder
def test_a_run_goes_on_when_all_its_helpers_are_killed_at_once(tmp_path: Path) -> None:
    folder, out, gates = (
        few(tmp_path / "class", 12),
        tmp_path / "marks",
        [tmp_path / "first", tmp_path / "second"],
    )
    for number in range(2, 12):
        found = document(folder / f"student-{number}.ipynb")
        found["cells"].append(cell(f"# held until {gates[number > 6]}"))
        write(folder / f"student-{number}.ipynb", found)
    run = start(folder, out)
    for number, gate in zip((2, 7), gates, strict=True):
        wait_for(out, number)
        for process in set(members(run.pid)) - {run.pid}:
            os.kill(process, signal.SIGKILL)
        gate.touch()
    assert run.wait() == 0
    assert len(list(out.glob("*.json"))) == len(records(out)) == 12


def test_nobody_marks_beside_a_run_and_ctrl_c_leaves_whole_records_and_no_process(tmp_path: Path) -> None:
    gate, out = tmp_path / "gate", tmp_path / "marks"
    folder = held(few(tmp_path / "class", 6), gate)
    run = start(folder, out)
    wait_for(out, 2)
    with pytest.raises(CourseError, match="Another run"):
        mark(folder, out)
    os.killpg(run.pid, signal.SIGINT)
    assert run.wait() == 1
    wait_until(lambda: not members(run.pid))
    assert len(list(out.glob("*.json"))) == 2
    gate.touch()
    assert mark(folder, out, runner=HELD).now == 4
    assert len(records(out)) == 6


def test_a_wrong_call_is_one_sentence(tmp_path: Path) -> None:
    folder = few(tmp_path / "class", 1)
    for words, changes in (
        ("no lesson", {"lesson": "4_9_nothing"}),
        ("no released", {"releases": tmp_path}),
        ("no folder", {"hidden": tmp_path / "nowhere"}),
    ):
        with pytest.raises(CourseError, match=words):
            mark(folder, tmp_path / "marks", **changes)
    with pytest.raises(CourseError, match="outside"):
        mark(folder, folder / "marks")
    with pytest.raises(CourseError, match="Can't write"):
        mark(folder, write(tmp_path / "file", "") / "marks")


def test_a_broken_record_is_named(tmp_path: Path) -> None:
    folder, out = few(tmp_path / "class", 1), tmp_path / "marks"
    mark(folder, out)
    (path,) = out.glob("*.json")
    path.write_text("{")
    with pytest.raises(CourseError, match="no record"):
        mark(folder, out)


def test_what_hangs_is_given_up_and_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder, out = few(tmp_path / "class", 2), tmp_path / "marks"
    found = document(RIGHT)
    found["cells"].append(cell("# hang"))
    write(folder / "hangs.ipynb", found)
    monkeypatch.setattr("armod.course.grading.grade.MARGIN", 0.0)
    result = mark(folder, out, runner=HANGING, limits=Limits(notebook_seconds=1, cell_seconds=0.5))
    assert result.failures == {"hangs.ipynb": "it took longer than 15 s"}
    assert result.now == 2
