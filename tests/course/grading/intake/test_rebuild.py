"""The rebuilt notebook is the released one with the student's answers, however these are handed in."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from armod.course.errors import CourseError
from armod.course.grading.intake.read import MAX_BYTES, HandedIn, read
from armod.course.grading.intake.rebuild import Rebuilt, lesson_of, read_release, rebuild, released_lessons
from tests.course.grading.handed_in import (
    LESSON,
    RELEASES,
    RIGHT,
    cell,
    document,
    index_of,
    submitted,
    tagged,
    write,
)

RELEASE = read_release(RELEASES, LESSON)
NAMES = [exercise.name for exercise in RELEASE.exercises]
FIRST = RELEASE.exercises[0]
MINE = f"def {FIRST.names[0]}(*args):\n    return 'mine'"


def handed_in(tmp_path: Path, found: dict[str, Any]) -> HandedIn:
    made = read(submitted(write(tmp_path / "ada.ipynb", found)))
    assert isinstance(made, HandedIn), made
    return made


def rebuilt(tmp_path: Path, found: dict[str, Any]) -> Rebuilt:
    return rebuild(handed_in(tmp_path, found), RELEASE)


def sources(made: Rebuilt, *roles: str) -> list[str]:
    return [cell.source for cell in made.notebook.cells if cell.metadata.armod.role in roles]


def released(*roles: str) -> list[str]:
    untouched = [cell for cell in RELEASE.notebook.cells if cell.cell_type == "code"]
    wanted = {"check": "check:", "answer": "answer:"}
    return [
        cell.source
        for cell in untouched
        for role in roles
        if any(tag.startswith(wanted[role]) for tag in cell.metadata.get("tags", []))
    ]


def answer_of(made: Rebuilt, name: str = FIRST.name) -> str:
    source: str = made.notebook.cells[made.answers[name]].source
    return source


@pytest.mark.parametrize("lesson", released_lessons(RELEASES))
def test_the_untouched_and_the_solved_notebook_come_through_unflagged(lesson: str, tmp_path: Path) -> None:
    release = read_release(RELEASES, lesson)
    for folder in ("exercises", "solutions"):
        path = RELEASES.parent / folder / f"{lesson}.ipynb"
        submission = handed_in(tmp_path, document(path))
        assert lesson_of(submission, [release]) == lesson
        made = rebuild(submission, release)
        assert made.flags == ()
        for name in made.answers:
            assert answer_of(made, name) == "".join(tagged(document(path), f"answer:{name}")["source"])
        assert sources(made, "extra") == []
        assert len(made.notebook.cells) == len(release.notebook.cells)


def test_an_answer_is_found_by_id_where_tags_are_gone(tmp_path: Path) -> None:
    found = document(RIGHT)
    for item in found["cells"]:
        item["metadata"] = {}
    released_ids = {tuple(c.metadata.get("tags", [])): c.id for c in RELEASE.notebook.cells}
    for item, given in zip(found["cells"], document(RIGHT)["cells"], strict=True):
        item["id"] = released_ids.get(tuple(given["metadata"].get("tags", [])) or ("?",), item["id"])
    made = rebuilt(tmp_path, found)
    assert answer_of(made) == "".join(tagged(document(RIGHT), f"answer:{FIRST.name}")["source"])


def test_an_answer_is_found_by_its_place_and_by_its_names(tmp_path: Path) -> None:
    found = document(RIGHT)
    for number, item in enumerate(found["cells"]):
        item["metadata"], item["id"] = {}, f"other-{number}"
    made = rebuilt(tmp_path, found)
    assert [answer_of(made, name) for name in NAMES] == [
        "".join(tagged(document(RIGHT), f"answer:{name}")["source"]) for name in NAMES
    ]
    assert any("by its place" in flag for flag in made.flags)
    # without the checks there is no place
    found["cells"] = [item for item in found["cells"] if "armod.check(" not in "".join(item["source"])]
    made = rebuilt(tmp_path, found)
    assert answer_of(made) == "".join(tagged(document(RIGHT), f"answer:{FIRST.name}")["source"])
    assert any("by the names" in flag for flag in made.flags)
    assert sources(made, "check") == released("check")


def test_a_missing_answer_is_the_released_stub(tmp_path: Path) -> None:
    found = document()
    del found["cells"][index_of(found, f"answer:{FIRST.name}")]
    made = rebuilt(tmp_path, found)
    assert answer_of(made) == released("answer")[0]
    assert any(FIRST.name in flag and "no answer cell" in flag for flag in made.flags)


def test_an_answer_turned_into_text_is_missing_and_stops_nothing(tmp_path: Path) -> None:
    found = document()
    place = index_of(found, f"answer:{FIRST.name}")
    found["cells"][place] = cell(MINE, f"answer:{FIRST.name}", kind="markdown")
    made = rebuilt(tmp_path, found)
    assert answer_of(made) == released("answer")[0]
    assert any("no answer cell" in flag for flag in made.flags)


def test_of_doubled_answers_the_last_before_the_check_counts(tmp_path: Path) -> None:
    found = document()
    place = index_of(found, f"answer:{FIRST.name}")
    tag = f"answer:{FIRST.name}"
    found["cells"][place : place + 1] = [
        cell("first = 1", tag, identity="a"),
        cell(MINE, tag, identity="a"),
    ]
    check = index_of(found, f"check:{FIRST.name}")
    found["cells"].insert(check + 1, cell("after = 1", tag, identity="c"))
    made = rebuilt(tmp_path, found)
    assert answer_of(made) == MINE
    order = [c.source for c in made.notebook.cells]
    assert order.index("first = 1") < made.answers[FIRST.name] < made.checks[FIRST.name]
    assert made.checks[FIRST.name] < order.index("after = 1")
    assert any("3 answer cells" in flag for flag in made.flags)


def test_moved_answers_run_in_the_released_order(tmp_path: Path) -> None:
    found = document(RIGHT)
    first, second = (index_of(found, f"answer:{name}") for name in NAMES[:2])
    found["cells"][first], found["cells"][second] = found["cells"][second], found["cells"][first]
    made = rebuilt(tmp_path, found)
    assert list(made.answers) == NAMES
    assert answer_of(made) == "".join(tagged(document(RIGHT), f"answer:{FIRST.name}")["source"])
    assert any("moved" in flag for flag in made.flags)


def test_own_cells_keep_their_place_and_order(tmp_path: Path) -> None:
    found = document()
    place = index_of(found, f"answer:{FIRST.name}")
    found["cells"][place:place] = [cell("a = 1"), cell("b = 2", identity="b")]
    found["cells"].append(cell("c = 3", identity="c"))
    found["cells"].insert(0, cell("d = 4", identity="d"))
    made = rebuilt(tmp_path, found)
    order = [c.source for c in made.notebook.cells]
    assert sources(made, "extra") == ["d = 4", "a = 1", "b = 2", "c = 3"]
    assert order[0] == "d = 4" and order[-1] == "c = 3"
    assert order.index("b = 2") < made.answers[FIRST.name]


def test_given_cells_and_checks_are_the_released_ones(tmp_path: Path) -> None:
    found = document()
    for item in found["cells"]:
        if item["cell_type"] == "code" and not any(
            "answer:" in tag for tag in item["metadata"].get("tags", [])
        ):
            item["source"] = "stolen = open('/etc/passwd').read()"
    made = rebuilt(tmp_path, found)
    assert sources(made, "check") == released("check")
    given = [c.source for c in RELEASE.notebook.cells if c.cell_type == "code" and not c.metadata.get("tags")]
    assert sources(made, "given") == given
    tags = [tag for c in made.notebook.cells for tag in c.metadata.tags]
    assert tags == [f"check:{name}" for name in NAMES]
    assert any("given cell was changed" in flag for flag in made.flags)
    assert any("check cell" in flag and "changed" in flag for flag in made.flags)


def test_an_import_added_to_a_given_cell_still_runs_before_it(tmp_path: Path) -> None:
    found = document()
    (given,) = [
        item
        for item in found["cells"]
        if item["cell_type"] == "code" and "import armod" in "".join(item["source"])
    ][:1]
    given["source"] = "import decimal\n" + "".join(given["source"])
    made = rebuilt(tmp_path, found)
    roles = [c.metadata.armod.role for c in made.notebook.cells]
    place = [c.source for c in made.notebook.cells].index(given["source"])
    assert roles[place : place + 2] == ["extra", "given"]


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("student = 7", 7),
        ("student = 1\nstudent = 2", 2),
        ("student: int = 3", 3),
        ("student = -1", 0),
        ("student = True", 0),
        ("student = 10**400", 0),
        ("student = __import__('os').getpid()", 0),
        ("student = '7'", 7),
        ("student =", 0),
        ("", 0),
    ],
)
def test_the_learners_number_is_read_and_never_run(written: str, number: int, tmp_path: Path) -> None:
    found = document()
    tagged(found, "parameters")["source"] = written
    made = rebuilt(tmp_path, found)
    assert made.student == number
    (parameters,) = sources(made, "parameters")
    assert parameters.endswith(f"\nstudent = {number}") and "getpid" not in parameters


def test_a_notebook_of_something_else_is_of_no_lesson(tmp_path: Path) -> None:
    found = document() | {"cells": [cell("print('hello')")]}
    assert lesson_of(handed_in(tmp_path, found), [RELEASE]) is None


def test_code_that_is_no_python_stops_nothing(tmp_path: Path) -> None:
    found = document()
    for source in ("def (", "(" * 5000, "x" + "=x" * 5000, "\0", "!ls", "%%bash\nls"):
        found["cells"].append(cell(source))
    tagged(found, f"answer:{FIRST.name}")["source"] = "def f(:\n  return"
    assert answer_of(rebuilt(tmp_path, found)) == "def f(:\n  return"


def test_a_missing_release_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(CourseError, match="can't be read"):
        read_release(tmp_path, LESSON)


def test_the_worst_that_is_read_takes_little_memory(tmp_path: Path) -> None:
    """A semicolon is worth a kilobyte to Python's parser, and an emoji makes every character of a file four bytes wide."""
    found = document()
    found["cells"] = [cell("a;" * 49_000, identity=str(number)) for number in range(10)]
    found["metadata"]["values"] = [{}] * 70_000
    wide = document()
    wide["metadata"]["values"] = ["🦊" + "x" * (MAX_BYTES - 2**20), *[{"a": 1}] * 70_000]
    paths = [
        write(tmp_path / "ada.ipynb", found),
        write(tmp_path / "wide.ipynb", json.dumps(wide, ensure_ascii=False)),
    ]
    program = (
        "from pathlib import Path\n"
        "from armod.course.grading.intake.read import HandedIn, read\n"
        "from armod.course.grading.intake.submissions import Submission\n"
        "from armod.course.grading.intake.rebuild import read_release, rebuild\n"
        f"release = read_release(Path({str(RELEASES)!r}), {LESSON!r})\n"
        f"for path in {list(map(str, paths))}:\n"
        "    submission = read(Submission('ada', 1, path, Path(path)))\n"
        "    assert isinstance(submission, HandedIn), submission\n"
        "    rebuild(submission, release)\n"
        "print(Path('/proc/self/status').read_text().split('VmHWM:')[1].split()[0])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert int(done.stdout) <= 400 * 1024
