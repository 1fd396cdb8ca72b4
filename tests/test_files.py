"""A file is written whole or not at all, whoever fails in between."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from armod.files import whole_file, write_whole


@pytest.fixture(autouse=True)
def umask() -> Iterator[None]:
    before = os.umask(0o022)
    yield
    os.umask(before)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.parametrize("content", ["über\r\nfjord\n", b"\0\xff\r\n", "", b""])
def test_text_and_bytes_arrive_as_they_are(content: str | bytes, tmp_path: Path) -> None:
    path = tmp_path / "some" / "new folder" / "file"
    for _ in range(2):
        write_whole(path, content)
        assert path.read_bytes() == (content.encode() if isinstance(content, str) else content)
        assert [found.name for found in path.parent.iterdir()] == ["file"]


def test_nobody_sees_a_part(tmp_path: Path) -> None:
    path = tmp_path / "file"
    with whole_file(path) as file:
        file.write(b"new")
        assert not path.exists()
        (part,) = tmp_path.iterdir()
        assert part.name.startswith(".file.") and part.suffix == ".part" and Path(file.name) == part
    assert path.read_bytes() == b"new"


def test_many_may_write_at_once(tmp_path: Path) -> None:
    path = tmp_path / "file"
    with whole_file(path) as first, whole_file(path) as second:
        first.write(b"first")
        second.write(b"second")
    assert path.read_bytes() == b"first"


def test_content_is_on_the_disk_before_it_has_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = []

    def synced(descriptor: int) -> None:
        is_folder = stat.S_ISDIR(os.fstat(descriptor).st_mode)
        done.append("folder" if is_folder else f"{os.fstat(descriptor).st_size} bytes")

    def replaced(*names: str, replace=os.replace) -> None:
        done.append("name")
        replace(*names)

    monkeypatch.setattr("armod.files.os.fsync", synced)
    monkeypatch.setattr("armod.files.os.replace", replaced)
    write_whole(tmp_path / "file", "three")
    assert done == ["5 bytes", "name", "folder"]


@pytest.mark.parametrize("failing", ["fsync", "replace"])
@pytest.mark.parametrize("problem", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_what_fails_leaves_the_old_file_and_no_part(
    failing: str, problem: BaseException, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise problem

    write_whole(tmp_path / "file", "old")
    monkeypatch.setattr(f"armod.files.os.{failing}", fail)
    for name in ("file", "another"):
        with pytest.raises(type(problem)):
            write_whole(tmp_path / name, "new")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
    assert (tmp_path / "file").read_text() == "old"


def test_a_block_that_raises_leaves_the_old_file_and_no_part(tmp_path: Path) -> None:
    write_whole(tmp_path / "file", "old")
    with pytest.raises(ZeroDivisionError), whole_file(tmp_path / "file") as file:
        file.write(b"new")
        raise ZeroDivisionError
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
    assert (tmp_path / "file").read_text() == "old"


def test_a_process_that_is_killed_leaves_the_old_file_whole(tmp_path: Path) -> None:
    write_whole(tmp_path / "file", "old")
    program = (
        "import os, signal, sys; from pathlib import Path; from armod.files import whole_file\n"
        "with whole_file(Path(sys.argv[1])) as file:\n"
        "    file.write(b'n'); file.flush(); os.kill(os.getpid(), signal.SIGKILL)"
    )
    killed = subprocess.run([sys.executable, "-c", program, tmp_path / "file"], check=False)
    assert killed.returncode == -signal.SIGKILL
    assert (tmp_path / "file").read_text() == "old"


def test_rights_are_those_of_the_old_file_else_the_users(tmp_path: Path) -> None:
    path = tmp_path / "file"
    write_whole(path, "others may read")
    assert mode(path) == 0o644
    path.chmod(0o640)
    write_whole(path, "as before")
    assert mode(path) == 0o640
    write_whole(tmp_path / "private", "nobody else", mode=0o600)
    assert mode(tmp_path / "private") == 0o600


def test_where_nothing_can_be_written_the_error_names_the_file(tmp_path: Path) -> None:
    write_whole(tmp_path / "file", "in the way")
    with pytest.raises(OSError, match="file"):
        write_whole(tmp_path / "file" / "inside", "x")
    (tmp_path / "folder").mkdir()
    with pytest.raises(IsADirectoryError, match="folder"):
        write_whole(tmp_path / "folder", "x")
    name = "x" * 250  # with what is added to it while it is written, no name of a file
    with pytest.raises(OSError, match=f"{name}'$"):
        write_whole(tmp_path / name, "x")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "folder"]
