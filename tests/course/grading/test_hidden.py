"""Hidden checks: asked last, of what counts, and told to nobody."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from armod.course.errors import CourseError
from armod.course.grading.grade import grade
from armod.course.grading.marks import record
from armod.course.grading.marks.gradebook import require_hidden, rows
from armod.course.grading.marks.lateness import Policy
from tests.course.grading.handed_in import RIGHT, UNTOUCHED, cell, document, index_of, write
from tests.course.grading.stand_in import DEADLY, NOTING
from tests.course.grading.test_grade import MAX, mark, records, settings

SNOOP = """
heard = []
honest = table_numbers
def table_numbers(num_pixels):
    heard.append(num_pixels)
    return honest(num_pixels)
"""


def test_nothing_that_students_read_tells_what_hidden_checks_asked(tmp_path: Path) -> None:
    hidden = write(
        tmp_path / "hidden" / "more.py",
        "from armod.course.exercises import Mistake, find\n"
        "@find('chain-cost').check('thirty-one', points=2)\n"
        "def more(answer, generator):\n"
        "    if answer.call('table_numbers', 31) != 2**31 - 1: raise Mistake('a secret')\n",
    ).parent
    found = document(RIGHT)
    place = index_of(found, "check:chain-cost")
    found["cells"].insert(place, cell(SNOOP))
    found["cells"].append(cell("raise ValueError(f'heard {heard}')"))
    folder = write(tmp_path / "class" / "ada.ipynb", found).parent
    mark(folder, tmp_path / "marks", hidden=hidden)
    (made,) = records(tmp_path / "marks").values()
    assert (made.points, made.max_points) == (MAX + 2, MAX + 2)
    flag = made.flags[-1]
    assert re.search(r"heard \[\d+", flag) and "31" not in re.findall(r"\d+", flag)


HIDDEN = """
from armod.course.exercises import Mistake, find
@find('chain-cost').check('thirty-one', points=2)
def more(answer, generator):
    if answer.call('table_numbers', 31) != 2**31 - 1: raise Mistake('a secret')
"""


@pytest.fixture
def noted(tmp_path: Path) -> Path:
    """A class of two with two attempts each, the first of which is better, that note when they are run."""
    for student in ("ada", "bob"):
        for attempt, path in enumerate((RIGHT, UNTOUCHED), 1):
            found = document(path)
            found["cells"].append(cell(f"# {student}{attempt} of {tmp_path / 'notes'}"))
            write(tmp_path / "class" / student / f"{attempt}.ipynb", found)
    write(tmp_path / "hidden" / "more.py", HIDDEN)
    return tmp_path


def test_hidden_checks_come_after_all_that_is_visible_and_for_what_counts(noted: Path) -> None:
    folder, out, hidden = noted / "class", noted / "marks", noted / "hidden"
    result = mark(folder, out, runner=NOTING, hidden=hidden)
    lines = (noted / "notes").read_text().splitlines()
    assert sorted(lines[:4]) == ["visible ada1", "visible ada2", "visible bob1", "visible bob2"]
    assert sorted(lines[4:]) == ["hidden ada2", "hidden bob2"]
    assert (result.now, result.hidden) == (4, 2)
    assert [made.max_points for made in records(out).values()] == [MAX, MAX + 2] * 2
    again = mark(folder, out, runner=NOTING, hidden=hidden)
    assert (again.now, again.hidden) == (0, 0)
    require_hidden(rows(out))

    best = Policy(attempts="best")
    with pytest.raises(CourseError, match="2 attempts that count have not been asked"):
        require_hidden(rows(out, best))
    settled = settings(runner=NOTING, hidden=hidden)
    assert grade(folder, out, settled, policy=best).hidden == 2
    assert (noted / "notes").read_text().splitlines()[6:] == ["hidden ada1", "hidden bob1"]
    require_hidden(rows(out, best))
    assert [row.points for row in rows(out, best) if row.counts] == [MAX + 2] * 2


def test_hidden_checks_wait_until_every_submission_has_its_record(noted: Path) -> None:
    found = document(RIGHT)
    found["cells"].append(cell("# each time"))
    deadly = write(noted / "class" / "eve.ipynb", found)
    options: dict[str, Any] = {"runner": DEADLY, "hidden": noted / "hidden"}
    result = mark(noted / "class", noted / "marks", **options)
    assert (result.now, result.hidden, list(result.failures)) == (4, 0, ["eve.ipynb"])
    assert sorted(made.max_points for made in records_there(noted / "marks")) == [0, MAX, MAX, MAX, MAX]
    deadly.unlink()
    assert mark(noted / "class", noted / "marks", **options).hidden == 2


def records_there(out: Path) -> list[record.Record]:
    found = [record.read(out, str(line["record"])) for line in record.read_class(out)]
    return [made for made in found if made is not None]


def test_what_one_attempt_hears_of_hidden_checks_another_can_not_tell(tmp_path: Path) -> None:
    """Where runs share something that can be written to, which jails do not: here all do, a file."""
    heard = f"""
import os
def table_numbers(n):
    open({str(tmp_path / "heard")!r}, 'a').write(f'{{n}} ')
    return 2**n - 1
"""
    tell = f"raise ValueError(open({str(tmp_path / 'heard')!r}).read())"
    for attempt in ("1", "2"):
        found = document(RIGHT)
        place = index_of(found, "check:chain-cost")
        found["cells"].insert(place, cell(heard))
        found["cells"].append(cell(tell))
        for student in ("ada", "bob"):
            write(tmp_path / "class" / student / f"{attempt}.ipynb", found)
    write(tmp_path / "hidden" / "more.py", HIDDEN)
    mark(tmp_path / "class", tmp_path / "marks", hidden=tmp_path / "hidden")
    assert " 31 " in f" {(tmp_path / 'heard').read_text()}"  # it was asked
    flags = [made.flags[-1] for made in records(tmp_path / "marks").values()]
    assert len(flags) == 4 and all(
        "ValueError" in flag and "31" not in re.findall(r"\d+", flag) for flag in flags
    )
