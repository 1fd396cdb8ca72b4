import json
import subprocess
import sys
from pathlib import Path

import platformdirs
import pytest

from armod.course.exercises.engine import progress
from armod.course.exercises.engine.progress import Progress, Score, load, progress_file, record, reset
from tests.harness.patience import FACTOR


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "folder" / "progress.json"
    monkeypatch.setenv("ARMOD_PROGRESS", str(path))
    return path


def test_nothing_is_remembered_at_first(file):
    assert load() == Progress({})
    assert not file.parent.exists()


def test_results_come_back(file):
    assert record("4_5_1_made", "masks", 2, 3)
    assert record("4_5_1_made", "output mask", 1, 1)
    assert record("4_4_recurrent_networks", "cells", 0, 2)
    assert load().scores == {
        "4_5_1_made": {"masks": Score(2, 3), "output mask": Score(1, 1)},
        "4_4_recurrent_networks": {"cells": Score(0, 2)},
    }
    assert (load().passed("4_5_1_made"), load().begun("4_5_1_made")) == (1, 1)
    assert (load().passed("unknown"), load().begun("unknown")) == (0, 0)


def test_the_best_result_stays(file):
    for points in (1, 3, 2):
        record("lesson", "masks", points, 3)
    assert load().scores["lesson"]["masks"] == Score(3, 3)


def test_a_result_in_other_points_counts_by_its_share(file):
    record("lesson", "masks", 2, 3)
    record("lesson", "masks", 3, 6)
    assert load().scores["lesson"]["masks"] == Score(2, 3)
    record("lesson", "masks", 4, 6)
    assert load().scores["lesson"]["masks"] == Score(4, 6)


@pytest.mark.parametrize(
    ("points", "max_points"), [(-1, 3), (4, 3), (0, 0), (float("nan"), 3), (1, float("inf"))]
)
def test_points_that_no_exercise_gives_are_refused(file, points, max_points):
    with pytest.raises(ValueError, match="between 0 and its max_points"):
        record("lesson", "masks", points, max_points)
    assert not file.exists()


@pytest.mark.parametrize(
    ("scores", "note"),
    [
        ({"a": Score(1, 1)}, "1 exercise passed"),
        ({"a": Score(1, 1), "b": Score(2, 2), "c": Score(1, 2)}, "2 exercises passed, 1 begun"),
        ({"a": Score(0, 1), "b": Score(1, 2)}, "2 exercises begun"),
    ],
)
def test_notes_say_how_far_one_is(scores, note):
    assert Progress({"lesson": scores}).notes() == {"lesson": note}


def test_reset_forgets(file):
    record("lesson", "masks", 1, 1)
    assert reset()
    assert load() == Progress({})
    assert not file.exists()
    assert reset()


@pytest.mark.parametrize("word", ["off", "OFF"])
def test_off_reads_and_writes_nothing(word, monkeypatch):
    monkeypatch.setenv("ARMOD_PROGRESS", word)
    assert progress_file() is None
    assert not record("lesson", "masks", 1, 1)
    assert load() == Progress({})
    assert reset()


@pytest.mark.parametrize("value", [None, ""])
def test_the_file_lies_in_the_users_data_folder_by_default(value, tmp_path, monkeypatch):
    monkeypatch.delenv("ARMOD_PROGRESS", raising=False)
    if value is not None:
        monkeypatch.setenv("ARMOD_PROGRESS", value)
    monkeypatch.setattr(platformdirs, "user_data_path", lambda name, appauthor: tmp_path / name)
    assert progress_file() == tmp_path / "armod" / "progress.json"


DAMAGED = {
    "empty": b"",
    "cut short": b'{"format": 1, "lessons": {"4_5_1',
    "not text": b"\xff\xfe\x00",
    "another shape": b"[1, 2]",
    "null": b"null",
    "another format": b'{"format": 2, "lessons": {}}',
    "no lessons": b'{"format": 1}',
    "lessons of another shape": b'{"format": 1, "lessons": [1]}',
    "scores of another shape": b'{"format": 1, "lessons": {"a": {"b": 3}}}',
    "points without sense": b'{"format": 1, "lessons": {"a": {"b": {"points": 5, "max_points": 1}}}}',
    "deep": b"[" * 100_000,
}


@pytest.mark.parametrize("content", DAMAGED.values(), ids=DAMAGED)
def test_a_damaged_file_reads_as_nothing_and_is_set_aside_on_writing(file, content):
    file.parent.mkdir()
    file.write_bytes(content)
    assert load() == Progress({})
    assert file.read_bytes() == content
    assert record("lesson", "masks", 1, 1)
    assert load().scores == {"lesson": {"masks": Score(1, 1)}}
    assert file.with_name("progress.json.damaged-1").read_bytes() == content


def test_a_second_damaged_file_does_not_replace_the_first(file):
    file.parent.mkdir()
    for content in (b"first", b"second"):
        file.write_bytes(content)
        record("lesson", "masks", 1, 1)
    assert file.with_name("progress.json.damaged-1").read_bytes() == b"first"
    assert file.with_name("progress.json.damaged-2").read_bytes() == b"second"


def test_a_place_that_can_not_be_written_costs_only_the_memory(tmp_path, monkeypatch):
    # Below a regular file nobody can write, not even the superuser.
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("ARMOD_PROGRESS", str(tmp_path / "file" / "progress.json"))
    assert not record("lesson", "masks", 1, 1)
    assert load() == Progress({})
    assert reset()


def test_a_folder_in_the_place_of_the_file_costs_only_the_memory(file):
    file.mkdir(parents=True)
    assert not record("lesson", "masks", 1, 1)
    assert load() == Progress({})
    assert not reset()


def test_a_writer_that_never_ends_costs_only_the_memory(file, monkeypatch):
    monkeypatch.setattr(progress, "PATIENCE", 0.1)
    with progress._locked(file):
        assert not record("lesson", "masks", 1, 1)
    assert record("lesson", "masks", 1, 1)


def test_an_interrupted_write_leaves_the_old_file_whole(file, monkeypatch):
    record("lesson", "masks", 1, 2)
    before = file.read_bytes()

    def full_disk(*_):
        raise OSError("No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("armod.files.os.replace", full_disk)
        assert not record("lesson", "masks", 2, 2)
    assert file.read_bytes() == before
    assert not list(file.parent.glob("*.part"))


def test_processes_at_the_same_time_lose_nothing(file):
    write = (
        "import sys; from armod.course.exercises.engine.progress import record\n"
        "for number in range(20): assert record(sys.argv[1], f'exercise {number}', 1, 1)"
    )
    writers = [subprocess.Popen([sys.executable, "-c", write, f"lesson {n}"]) for n in range(3)]
    assert [writer.wait(timeout=600 * FACTOR) for writer in writers] == [0, 0, 0]
    assert {lesson: load().passed(lesson) for lesson in load().scores} == {
        f"lesson {n}": 20 for n in range(3)
    }


def test_the_file_holds_results_and_nothing_about_the_learner(file):
    record("lesson", "masks", 1, 2)
    assert json.loads(file.read_text()) == {
        "format": 1,
        "lessons": {"lesson": {"masks": {"points": 1.0, "max_points": 2.0}}},
    }
