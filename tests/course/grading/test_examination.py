"""Running and judging: honest notebooks get what self-checks say, and one bad cell costs no other its marks."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import nbformat
import pytest

from armod.course.errors import CourseError
from armod.course.exercises import Answer, Exercise, exercises_of, find
from armod.course.exercises.engine.answer import InProcess
from armod.course.exercises.engine.judge import judge
from armod.course.grading import examination
from armod.course.grading.budget import TooSlow, budget
from armod.course.grading.confinement import kernel_client
from armod.course.grading.confinement.jail import JailError, Zygote
from armod.course.grading.confinement.kernel_client import Kernel
from armod.course.grading.confinement.limits import Limits
from armod.course.grading.confinement.measured import computed_and_waited
from armod.course.grading.examination import run
from armod.course.grading.examiner import Examiner, Mark, hidden_checks
from armod.course.lessons.catalogue import course_folder
from tests.course.grading.arena import HONEST, QUICK, exercise, marks
from tests.harness.patience import wait_until

LESSON = "4_1_chain_rule"


@pytest.fixture(autouse=True)
def bubblewrap(require_program) -> None:
    require_program("bubblewrap")


def read(part: str):
    return nbformat.read(course_folder() / "notebooks" / part / f"{LESSON}.ipynb", as_version=4)


def test_a_kernel_that_cannot_be_started_again_is_the_machines_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    started = []

    class Once(Kernel):
        def __init__(self, *arguments: Any) -> None:
            if started:
                raise JailError("no room")
            started.append(True)
            super().__init__(*arguments)

    monkeypatch.setattr(examination, "Kernel", Once)
    outcome, said = marks({"first": HONEST, "second": "import os\nos._exit(0)\n", "last": HONEST})
    assert said["first"] == ["", "", ""] and "could not be started again" in said["last"][0]
    assert outcome.overloaded  # so it is tried again


def test_the_solution_gets_full_marks_the_hidden_ones_too(tmp_path: Path) -> None:
    name = exercises_of(LESSON)[0].name
    (tmp_path / "more.py").write_text(
        "from armod.course.exercises import Mistake, find\n"
        f"@find({name!r}).check('never', points=3)\n"
        "def never(answer, generator):\n    raise Mistake('a secret')\n"
    )
    before = len(find(name).checks)
    hidden = hidden_checks(tmp_path)
    assert len(find(name).checks) == before
    outcome = run(read("solutions"), Examiner.of(LESSON))
    apart = run(read("solutions"), Examiner.of(LESSON).hiding(hidden))
    assert list(outcome.results) == list(apart.results) == [one.name for one in exercises_of(LESSON)]
    assert outcome.troubles == apart.troubles == []
    for exercise_name, mark in outcome.results.items():
        assert mark.visible.is_passed, str(mark.visible)
        assert (mark.points, mark.hidden.max_points) == (find(exercise_name).max_points, 0)
        assert Mark.from_data(mark.as_data()) == mark
        secret = apart.results[exercise_name]
        assert (secret.points, secret.max_points) == (0, 3 if exercise_name == name else 0)


def test_the_released_notebook_is_not_answered() -> None:
    outcome = run(read("exercises"), Examiner.of(LESSON))
    assert sum(mark.points for mark in outcome.results.values()) == 0
    assert not any(mark.visible.is_answered for mark in outcome.results.values())


SOURCES = {
    "right": HONEST,
    "half": HONEST.replace("2 * x", "x"),
    "raises": "def double(n): return [][n]\ndouble_all = double\nescaped = False",
    "late": "import time\ndef double(n): time.sleep(100)\ndef double_all(x): return 2 * x\nescaped = False",
    "last": HONEST,
}


def test_graded_as_self_checked_and_time_outs_are_told() -> None:
    outcome, said = marks(SOURCES)
    for name in ("right", "half", "raises"):
        names: dict = {"__builtins__": __builtins__}
        exec(SOURCES[name], names)
        own = judge(exercise(name), Answer(InProcess(names)))
        ours = outcome.results[name].visible
        assert [(check.status, check.points) for check in ours.checks] == [
            (check.status, check.points) for check in own.checks
        ]
    assert said["late"][0].startswith("TimeoutError: no answer within 4 s, when asked for `double(")
    assert said["late"][1:] == ["", ""]
    assert said["last"] == ["", "", ""]
    assert outcome.restarts == 0


def test_unusable_hidden_checks_are_named(tmp_path: Path) -> None:
    with pytest.raises(CourseError, match="no folder"):
        hidden_checks(tmp_path / "none")
    (tmp_path / "a.py").write_text("1 / 0")
    with pytest.raises(CourseError, match=r"a\.py can't be run: ZeroDivisionError"):
        hidden_checks(tmp_path)
    (tmp_path / "a.py").write_text("nothing = 1")
    with pytest.raises(CourseError, match=r"a\.py adds no check"):
        hidden_checks(tmp_path)


def test_a_check_that_computes_for_ever_over_an_answer_gives_up() -> None:
    slow = Exercise("slow", "slow", "easy", 1, ("double",), ("1", "2", "3"), lesson="test")

    @slow.check("is patient")
    def patient(answer, generator):
        while answer.value("double") is not None:
            pass

    @slow.check("goes on")
    def goes_on(answer, generator):
        pass

    mark = Examiner({"slow": slow}, {}, check_seconds=0.2)("slow", InProcess({"double": 1}))
    assert [check.points for check in mark.visible.checks] == [0, 1]
    assert "more than 0.2 s" in mark.visible.checks[0].message


def test_waiting_for_an_answer_costs_no_budget() -> None:
    with budget(0.2):
        time.sleep(0.6)
    with pytest.raises(TooSlow), budget(0.1):
        while True:
            sum(range(1000))
    sum(range(10_000_000))  # nothing is left over that would end this


class Clock:
    """Stands in for the module ``time``: it goes as far as tests say, however busy the machine is."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        return self.now


class Waiting:
    """Stands in for a kernel's socket and its jail: a core is free for one second in ``of``."""

    ended_by, is_alive = "", True

    def __init__(self, of: float, clock: Clock) -> None:
        self.of, self.clock = of, clock

    def waited(self) -> float:
        return (1 - 1 / self.of) * self.clock.now

    def poll(self, milliseconds: int) -> bool:
        self.clock.now += milliseconds / 1000
        return False


@pytest.mark.parametrize(("of", "lasts", "overloaded"), [(1, 0.1, False), (2, 0.2, True), (1e9, 1.0, True)])
def test_time_without_a_core_does_not_count_within_limits(
    monkeypatch: pytest.MonkeyPatch, of: float, lasts: float, overloaded: bool
) -> None:
    clock = Clock()
    monkeypatch.setattr(kernel_client, "time", clock)
    kernel = Kernel.__new__(Kernel)
    kernel._jail = kernel._shell = Waiting(of, clock)
    assert kernel._reply_to("", 0.1) is None
    assert lasts - 1e-9 <= clock.now < lasts + 0.02
    assert kernel.overloaded == overloaded and kernel.waited >= 0.9 * lasts * (1 - 1 / of)


def test_what_a_notebook_itself_computes_beside_gives_it_no_more_time() -> None:
    zygote = Zygote(preloaded=())
    program = (
        "import os\nos.fork()\nos.fork()\n"  # four processes, whose children end and are forgotten, too
        "while True:\n    if os.fork() == 0:\n        sum(range(10**6))\n        os._exit(0)\n    os.wait()\n"
    )
    jail = zygote.jail(Limits(), program=program)
    try:
        before, begun = jail.waited(), computed_and_waited("2", jail._proc)
        wait_until(lambda: jail._computed() - computed_and_waited("2", jail._proc)[0] >= 1)
        beside = jail._computed() - computed_and_waited("2", jail._proc)[0]
        seen = computed_and_waited("2", jail._proc)[1] - begun[1]
        assert jail.waited() - before < seen - 0.9 * (beside - 0.1)
    finally:
        jail.kill()
        zygote.end()


class Slow:
    """Stands in for a kernel whose cells take a while, of which others have the cores for a share."""

    share, waited, overloaded, clock = 0.0, 0.0, False, Clock()

    def __init__(self, *_: object) -> None:
        pass

    def execute(self, *_: object) -> dict[str, str]:
        self.clock.now += 0.25
        self.waited += self.share * 0.25
        return {"status": "ok"}

    def end(self) -> None:
        pass


@pytest.mark.parametrize(("share", "overloaded"), [(0.0, False), (0.95, False), (0.5, True)])
def test_a_notebooks_time_too_is_time_with_a_core(
    monkeypatch: pytest.MonkeyPatch, share: float, overloaded: bool
) -> None:
    monkeypatch.setattr(Slow, "share", share)
    monkeypatch.setattr("armod.course.grading.examination.time", Slow.clock)
    monkeypatch.setattr("armod.course.grading.examination.Kernel", Slow)
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("1") for _ in range(4)])
    outcome = run(notebook, lambda *_: None, Limits(notebook_seconds=0.3))
    assert bool(outcome.troubles) == (share < 0.9)
    assert all("the notebook took longer than" in trouble.message for trouble in outcome.troubles)
    assert outcome.overloaded == overloaded


@pytest.mark.slow
def test_on_a_core_that_others_have_an_honest_notebook_has_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(cores)})  # as each process that marks does
    own = Zygote()
    monkeypatch.setattr(Zygote, "of_this_process", lambda: own)
    spin = [sys.executable, "-c", "while True: pass"]
    others = [subprocess.Popen(spin) for _ in range(3)]
    try:
        computes = (
            f"import time\nbegun = time.process_time()\nwhile time.process_time() < begun + 2: pass\n{HONEST}"
        )
        outcome, said = marks({"one": computes}, replace(QUICK, cell_seconds=4))
        assert said["one"] == ["", "", ""] and outcome.troubles == [] and not outcome.overloaded
        assert outcome.waited > 2
        endless, _ = marks({"one": "while True: pass"}, replace(QUICK, cell_seconds=1))
        assert endless.overloaded and [trouble.kind for trouble in endless.troubles] == ["late"]
    finally:
        for other in others:
            other.kill()
            other.wait()
        own.end()
        os.sched_setaffinity(0, cores)
